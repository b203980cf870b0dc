"""What `suite submit` and `suite check` share: what a reviewer knows, read from options."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from suite.base import jsonio
from suite.base.errors import EvidenceError, Place, TrustError, UsageError
from suite.base.visible import visible
from suite.cli import judging
from suite.cli.options import Trusted
from suite.cli.output import write_bytes, write_note
from suite.cli.signing import require_run
from suite.judge.attest.sign import PUBLIC_KEY_FILE
from suite.judge.submissions import folders, tree, waivers
from suite.judge.submissions.check import Setting, refuse_emulated
from suite.judge.submissions.formats import markdown
from suite.judge.submissions.pack import MAX_PACKED_BYTES
from suite.judge.submissions.submit import lay_out

if TYPE_CHECKING:
    from pathlib import Path

    from suite.documents.submission import Waiver
    from suite.judge.submissions.submit import Handed


def today() -> str:
    """The day, UTC, by which waivers expire."""
    return f"{dt.datetime.now(dt.UTC):%Y-%m-%d}"


def known_waivers(given: Path | None, place: Path) -> tuple[Waiver, ...]:
    """The waivers of a file that was named, else of the tree.

    Raises:
        TrustError: what the file is refused for.
    """
    path = given or place / folders.WAIVERS_FILE
    return waivers.load(path) if given or path.exists() else ()


def submitted(run: Path, place: Path, store: Path | None, locations: tuple[str, ...]) -> int:
    """Lay a run out, check it, and print the text of the pull request; returns the exit status.

    Raises:
        SuiteError: as the verification of the run, and `suite.judge.submissions.submit.lay_out`.
    """
    require_run(run)
    key = run / PUBLIC_KEY_FILE
    if not key.is_file():
        message = "the run directory holds no public key: it was not signed by this suite"
        raise EvidenceError("bundle-missing", message, Place(str(run)), "sign it: suite sign RUN")
    bad = [item for item in locations if not item.startswith(("https://", "oci://"))]
    if bad:
        message = f"--at takes an https:// or oci:// address, not {bad[0]!r}"
        raise UsageError("url-malformed", message)
    held = judging.verified(run, Trusted(key=key)).verified
    refuse_emulated(held.card)
    place = place.absolute()
    handed = lay_out(run, held.card, place, store=store, locations=locations)
    pem = jsonio.read_bytes(key, error=TrustError)
    setting = Setting(
        key=pem, today=today(), store=store or _store(handed), waivers=known_waivers(None, place)
    )
    report = tree.check_tree([handed.submission.folder], setting)
    write_note(_summary(handed))
    write_bytes(visible(markdown.render(report).decode()).encode())
    return tree.exit_status(report)


def _store(handed: Handed) -> Path | None:
    return handed.kept.parents[2] if handed.kept else None


def _summary(handed: Handed) -> str:
    packed = handed.packed
    limit = f"at most {MAX_PACKED_BYTES / 2**20:.0f} MiB of evidence"
    where = f"; the evidence lies in {handed.kept}" if handed.kept else ""
    return (
        f"submission  {handed.submission.folder}\n"
        f"size        {handed.size:,} bytes ({limit}); evidence {packed.content:,} bytes, "
        f"packed {packed.size:,}{where}\n"
        "text of the pull request, checked without the reviewers' trust list:"
    )
