"""What the commands of a reviewer share: verify whatever is given, and the exit status of a verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.base import jsonio
from suite.base.errors import EvidenceError, TrustError
from suite.judge import score
from suite.judge.attest import keys, trust, verify_run
from suite.judge.attest.sign import BUNDLE_FILE
from suite.judge.attest.verify import Expected
from suite.judge.report import html

if TYPE_CHECKING:
    from pathlib import Path

    from suite.cli.options import Trusted
    from suite.documents.card import Scorecard
    from suite.judge.attest.verification import Verification
    from suite.judge.attest.verify import Verified

JUDGED_NOTHING = 4


def exit_status(card: Scorecard) -> int:
    """0 when conformant, 1 when judged and not, 4 when nothing could be judged."""
    if card.verdict.conformant:
        return 0
    return JUDGED_NOTHING if card.verdict.outcome == "error" else 1


def verify(subject: Path, trusted: Trusted, nonce: str | None = None) -> Verification:
    """Verify a run directory, a bundle or a page.

    Raises:
        EvidenceError: ``run-missing`` when there is nothing at that path.
    """
    listed = trust.load(trusted.trust) if trusted.trust else None
    key = keys.load_public(trusted.key) if trusted.key else None
    expected = Expected(nonce=nonce)
    if subject.is_dir():
        return verify_run.verify_run(
            subject,
            listed,
            key=key,
            recompute=score.score,
            render=html.render,
            expected=expected,
        )
    if not subject.is_file():
        raise EvidenceError("run-missing", f"there is no run, bundle or page at {subject}")
    data = jsonio.read_bytes(subject, error=EvidenceError)
    if subject.suffix in (".html", ".htm"):
        return verify_run.verify_page(
            data, listed, key=key, render=html.render, expected=expected, name=str(subject)
        )
    return verify_run.verify_file(data, listed, key=key, expected=expected, name=str(subject))


def verified(subject: Path, trusted: Trusted) -> tuple[bytes, Verified]:
    """The bundle and what its signature holds; nothing else is rendered or compared.

    Raises:
        EvidenceError: ``bundle-missing``.
        TrustError: whatever the verification refused.
    """
    path = subject / BUNDLE_FILE if subject.is_dir() else subject
    if not path.is_file():
        hint = "sign the run first: suite sign RUN"
        raise EvidenceError("bundle-missing", f"there is no signed scorecard at {path}", hint=hint)
    result = verify(subject if subject.is_dir() else path, trusted)
    if result.verified is None or not result.intact:
        raise result.error or TrustError("signature-missing", f"{path} could not be verified")
    return path.read_bytes(), result.verified


def verified_card(subject: Path, trusted: Trusted) -> tuple[bytes, Scorecard]:
    """The bundle and the card in it, as `verified`."""
    bundle, held = verified(subject, trusted)
    return bundle, held.card
