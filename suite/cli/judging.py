"""What the commands of a reviewer share: verify whatever is given, and the exit status of a verdict."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from suite.base import jsonio
from suite.base.bilingual import Sentence
from suite.base.errors import EvidenceError, TrustError
from suite.base.safe import is_plain
from suite.evidence import MANIFEST
from suite.judge import score
from suite.judge.attest import keyfiles, trust, verify_run
from suite.judge.attest.envelope import MAX_BUNDLE_BYTES
from suite.judge.attest.existence import Witness
from suite.judge.attest.page import MAX_PAGE_BYTES, extract_bundle
from suite.judge.attest.sign import BUNDLE_FILE
from suite.judge.attest.stated import Expected
from suite.judge.attest.steps import Steps
from suite.judge.attest.verification import Verification
from suite.judge.report import html
from suite.judge.submissions import source

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from suite.cli.trustoptions import Trusted
    from suite.documents.card import Scorecard
    from suite.evidence import Evidence
    from suite.judge.attest.keys import PublicKey
    from suite.judge.attest.trust import TrustList
    from suite.judge.attest.verify import Verified
    from suite.judge.submissions.source import Elsewhere

JUDGED_NOTHING = 4
_PAGES = (".html", ".htm")


@dataclass(frozen=True, slots=True)
class Known:
    """What the caller knows, read: a trust list or a key, and what the scorecards must agree with."""

    trust: TrustList | None
    key: PublicKey | None
    expected: Expected


@dataclass(frozen=True, slots=True)
class VerifiedCard:
    """What a verification held: the very bytes that it read, so that a file swapped afterwards changes nothing.

    Attributes:
        bundle: the signed scorecard.
        verified: what its signature holds.
        evidence: of a run directory; None for a bundle or page.
        maker: of the trust list, that attests the run's devices; "" where none does.
    """

    bundle: bytes
    verified: Verified
    evidence: Evidence | None
    maker: str = ""

    @property
    def card(self) -> Scorecard:
        """The scorecard."""
        return self.verified.card


def exit_status(card: Scorecard) -> int:
    """0 when conformant, 1 when judged and not, 4 when nothing could be judged."""
    if card.verdict.conformant:
        return 0
    return JUDGED_NOTHING if card.verdict.outcome == "error" else 1


def known(trusted: Trusted, nonce: str | None = None, *, shared: bool = False) -> Known:
    """Read what the options name, once for all that is verified.

    Args:
        trusted: the options.
        nonce: round identifier; None when there is none.
        shared: the time stamps and receipts are for several bundles.

    Raises:
        TrustError: what the trust list is refused for; ``file-unreadable``.
        UsageError: what the public key is refused for.
    """
    expected = Expected(
        nonce=nonce,
        timestamps=tuple(map(_witness, trusted.timestamp)),
        receipts=tuple(map(_witness, trusted.receipt)),
        shared=shared,
    )
    return Known(
        trust.load(trusted.trust) if trusted.trust else None,
        keyfiles.load_public(trusted.key) if trusted.key else None,
        expected,
    )


def _witness(path: Path) -> Witness:
    return Witness(str(path), jsonio.read_bytes(path, error=TrustError, limit=MAX_BUNDLE_BYTES))


def verify(subject: Path, known: Known, elsewhere: Elsewhere = source.NOWHERE) -> Verification:
    """Verify a run directory, a submission, a bundle or a page.

    Args:
        subject: the path.
        known: what the caller knows.
        elsewhere: where the evidence of a submission may be taken from.

    Raises:
        EvidenceError: ``run-missing`` when there is nothing at that path; as `suite.judge.submissions.source.as_run`.
    """
    if subject.is_dir() and source.is_submission(subject):
        with source.as_run(subject, elsewhere) as place:
            return replace(verify(place, known), subject=str(subject))
    if subject.is_dir():
        return verify_run.verify_run(
            subject,
            known.trust,
            key=known.key,
            recompute=score.score,
            render=html.render,
            expected=known.expected,
        )
    data = _content(subject, None)
    name, key, expected = str(subject), known.key, known.expected
    if subject.suffix in _PAGES:
        return verify_run.verify_page(
            data, known.trust, key=key, render=html.render, expected=expected, name=name
        )
    return verify_run.verify_file(data, known.trust, key=key, expected=expected, name=name)


def verify_each(
    subjects: Sequence[Path], known: Known, elsewhere: Elsewhere = source.NOWHERE
) -> list[Verification]:
    """Verify several; one that is not there, or cannot be read, is refused like any other and stops none."""
    results = []
    for subject in subjects:
        steps = Steps()
        with steps.attempt(Sentence("There is something to verify", "存在可核验的内容")):
            results.append(verify(subject, known, elsewhere))
        if steps.errors:
            results.append(Verification(str(subject), tuple(steps.done), None, tuple(steps.errors)))
    return results


def verified_status(result: Verification) -> int:
    """The exit status of a verification: intact and not conformant is still not conformant."""
    if result.exit_status == 0 and result.verified is not None:
        return exit_status(result.verified.card)
    return result.exit_status


def bundle_of(subject: Path) -> tuple[Path, bytes]:
    """The signed scorecard of a run directory, a page, or the bundle itself, with the file that it is from.

    Raises:
        EvidenceError: ``bundle-missing``, ``run-missing``.
        TrustError: what a page is refused for.
    """
    path = subject / BUNDLE_FILE if subject.is_dir() else subject
    if subject.is_dir() and not is_plain(path):
        raise _unsigned(path)
    data = _content(path, subject if subject.is_dir() else None)
    return path, extract_bundle(data, name=str(path)) if path.suffix in _PAGES else data


def _content(path: Path, below: Path | None) -> bytes:
    if not path.exists():
        raise EvidenceError(
            "run-missing",
            Sentence(
                f"there is no run, bundle or page at {path}", f"{path} 处没有运行、签名包或页面"
            ),
        )
    return jsonio.read_bytes(path, error=EvidenceError, limit=MAX_PAGE_BYTES, below=below)


def _unsigned(path: Path) -> EvidenceError:
    hint = Sentence("sign the run first: suite sign RUN", "请先签名：suite sign RUN")
    return EvidenceError(
        "bundle-missing",
        Sentence(f"there is no signed scorecard at {path}", f"{path} 处没有已签名的评分卡"),
        hint=hint,
    )


def verified(subject: Path, trusted: Trusted) -> VerifiedCard:
    """The bundle and what its signature holds; nothing else is rendered or compared.

    Of a directory that is no run, such as a submission's bundle and page unpacked, the bundle alone is taken.

    Raises:
        EvidenceError: ``bundle-missing``.
        TrustError: whatever the verification refused.
    """
    path = subject / BUNDLE_FILE if subject.is_dir() else subject
    if not path.exists():
        raise _unsigned(path)
    is_run = subject.is_dir() and (subject / MANIFEST).exists()
    result = verify(subject if is_run else path, known(trusted, shared=True))
    if result.verified is None or result.bundle is None or not result.intact:
        raise result.error or TrustError(
            "signature-missing", Sentence(f"{path} could not be verified", f"{path} 无法核验")
        )
    return VerifiedCard(result.bundle, result.verified, result.evidence, result.maker)
