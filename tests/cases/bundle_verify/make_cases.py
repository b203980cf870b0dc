"""Write the case folders: ``python -m tests.cases.bundle_verify.make_cases``.

When the scorecard's schema has changed, first ``python -m tests.cases.bundle_verify.make_predicate``, then
``python -m tests.cases.bundle_verify.stamps.make_stamps``: the stored time stamps are over the old signature.

Each folder holds ``README.md`` (why), ``bundle.sigstore.json``, ``expected.json`` and, where the case needs
them, ``given.json`` (what the verifier is told) and ``trust.json`` (instead of the common one). A second run
changes no byte; a test holds the folders to that.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from suite.base import jsonio
from tests.cases.bundle_verify import cases
from tests.cases.bundle_verify.catalogue import CASES

PUBLIC_KEYS = {
    "vendor-a": cases.VENDOR_A,
    "vendor-a-ed": cases.VENDOR_A_ED,
    "vendor-a-lost": cases.VENDOR_A_LOST,
    "vendor-a-new": cases.VENDOR_A_NEW,
    "vendor-a-old": cases.VENDOR_A_OLD,
    "vendor-b": cases.VENDOR_B,
    "reviewer": cases.REVIEWER,
    "stranger": cases.STRANGER,
}


def _title(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _folder(name: str, case: cases.Case) -> dict[str, bytes]:
    verdict = "fail" if case.code else "ok"
    folder = f"{name}_{verdict}"
    signer = next(label for label, key in PUBLIC_KEYS.items() if key.public == case.signer.public)
    outcome = (
        f"Refused with `{case.code}`." if case.code else f"Accepted; identity: {case.identity}."
    )
    expected: dict[str, object] = {
        "code": case.code,
        "identity": None if case.code else case.identity,
        "openssl": case.openssl,
        "sigstore": case.sigstore,
        "signer": signer,
    }
    made = {
        f"{folder}/README.md": f"# {_title(name)}\n\n{case.why}\n\n{outcome}\n".encode(),
        f"{folder}/bundle.sigstore.json": case.bundle,
        f"{folder}/expected.json": jsonio.pretty(expected),
    }
    if case.given:
        made[f"{folder}/given.json"] = jsonio.pretty(case.given)
    if case.trust is not None:
        made[f"{folder}/trust.json"] = jsonio.pretty(case.trust)
    return made


def build() -> dict[str, bytes]:
    """Every generated file by its path below this folder."""
    made = {"trust.json": jsonio.pretty(cases.TRUST)}
    for label, key in PUBLIC_KEYS.items():
        made[f"keys/{label}.pub.pem"] = key.public.pem
    for name, case in CASES.items():
        made |= _folder(name, case)
    return made


def write(root: Path) -> int:
    """Replace the case folders below `root`; returns how many there are."""
    for path in root.iterdir():
        if path.is_dir() and path.name.endswith(("_ok", "_fail")):
            shutil.rmtree(path)
    for name, data in build().items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return len(CASES)


if __name__ == "__main__":
    sys.stdout.write(f"{write(cases.HERE)} cases\n")
