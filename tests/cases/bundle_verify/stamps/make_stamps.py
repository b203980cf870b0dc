"""Ask a throwaway authority for the stored stamps: ``python -m tests.cases.bundle_verify.stamps.make_stamps``.

They are kept, because an authority stamps with its own clock and a key that nobody has any more. Run it only when the
signed payload has changed (``make_predicate``), and then ``make_cases``.
"""

from __future__ import annotations

import base64
import json
import tempfile
from pathlib import Path

from tests.cases.bundle_verify import cases
from tests.factories.authority import Authority

HERE = Path(__file__).parent


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        listed, other = Authority(Path(folder) / "listed"), Authority(Path(folder) / "other")
        (HERE / "root.pem").write_text(listed.root)
        (HERE / "authority.pem").write_text((listed.folder / "tsa.pem").read_text())
        for name, authority, bundle in (
            ("stamp.tsr", listed, cases.GOOD),
            ("stamp_of_other_bundle.tsr", listed, cases.signed(cases.PAYLOAD, cases.VENDOR_B)),
            ("stamp_by_other_authority.tsr", other, cases.GOOD),
        ):
            signature = base64.b64decode(cases.signature(json.loads(bundle))["sig"])
            (HERE / name).write_bytes(authority.stamp(signature))


if __name__ == "__main__":
    main()
