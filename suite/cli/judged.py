"""``suite score``, ``verify``, ``render`` and ``diff``: everything that a reviewer does, without Docker or torch."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, cast

from suite import evidence
from suite.base import jsonio
from suite.base.errors import EvidenceError, TrustError, UsageError
from suite.cli.keys import PAGE_FILE
from suite.judge import score
from suite.judge.attest import keys, trust, verify_run
from suite.judge.attest.sign import BUNDLE_FILE
from suite.judge.attest.verify import Expected
from suite.judge.compare import difference
from suite.judge.compare import text as difference_text
from suite.judge.report import html
from suite.judge.report.formats import registry
from suite.judge.report.formats.format import Subject

if TYPE_CHECKING:
    import argparse

    from suite.base.jsonio import JSONObject
    from suite.documents.card import Scorecard
    from suite.judge.attest.verification import Verification


JUDGED_NOTHING = 4


def add_parsers(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands of this module."""
    scoring = commands.add_parser(
        "score",
        help="recompute the scorecard from a run directory",
        description="Compute every metric and rule from the raw events and print the result; writes nothing.",
        epilog="example: suite score runs/20260131-120000-cpu-vllm-smoke --json",
    )
    scoring.add_argument("run", type=Path, help="run directory")
    scoring.add_argument("--json", action="store_true", help="print the scorecard as JSON")
    scoring.add_argument(
        "--views",
        action="store_true",
        help="print, as JSON, what vLLM bench, MTTransformer, LoadGen, GuideLLM and others would print",
    )
    scoring.add_argument(
        "--format",
        metavar="NAME",
        default="text",
        help=f"one of: {', '.join(registry.formats())} (default: text)",
    )
    scoring.set_defaults(handler=_score)
    verifying = commands.add_parser(
        "verify",
        help="check a run directory, a bundle or a page, in numbered steps",
        description=(
            "Re-hash the evidence, check the signature, recompute every number from the raw events and render "
            "the page again. Without --trust or --key the signer is not established and the last line says so."
        ),
        epilog="example: suite verify runs/20260131-120000-cpu-vllm-smoke --trust trust/keys.json",
    )
    verifying.add_argument("subject", type=Path, help="run directory, .sigstore.json or .html file")
    _trust_options(verifying)
    verifying.add_argument("--nonce", help="the round that the scorecard must be for")
    verifying.add_argument("--json", action="store_true", help="print the steps as JSON")
    verifying.set_defaults(handler=_verify)
    rendering = commands.add_parser(
        "render",
        help="render the page of a signed scorecard",
        description="Verify the bundle against the key beside it (or --key, --trust) and write its page.",
        epilog="example: suite render runs/20260131-120000-cpu-vllm-smoke --out card.html",
    )
    rendering.add_argument("subject", type=Path, help="run directory or .sigstore.json file")
    rendering.add_argument("--out", type=Path, help="page to write; default: beside the bundle")
    _trust_options(rendering)
    rendering.set_defaults(handler=_render)
    diffing = commands.add_parser(
        "diff",
        help="compare two scorecards; says first whether they may be compared",
        description=(
            "Compare two run directories or bundles metric by metric: better, worse, not distinguishable, or "
            "not comparable with the reason."
        ),
        epilog="example: suite diff runs/a runs/b",
    )
    diffing.add_argument("a", type=Path)
    diffing.add_argument("b", type=Path)
    diffing.add_argument("--json", action="store_true", help="print the comparison as JSON")
    _trust_options(diffing)
    diffing.set_defaults(handler=_diff)


def _trust_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--trust", type=Path, metavar="FILE", help="trust list (keys.json)")
    group.add_argument("--key", type=Path, metavar="FILE", help="public key that you vouch for")


def _trust(arguments: argparse.Namespace) -> tuple[trust.TrustList | None, keys.PublicKey | None]:
    listed = trust.load(arguments.trust) if arguments.trust else None
    key = keys.load_public(arguments.key) if arguments.key else None
    return listed, key


def _score(arguments: argparse.Namespace) -> int:
    read = evidence.read(arguments.run)
    card = score.score(read)
    name = "other-tools" if arguments.views else "json" if arguments.json else arguments.format
    sys.stdout.buffer.write(registry.render(name, Subject(card, evidence=read)))
    return exit_status(card)


def exit_status(card: Scorecard) -> int:
    """0 when conformant, 1 when judged and not, 4 when nothing could be judged."""
    if card.verdict.conformant:
        return 0
    return JUDGED_NOTHING if card.verdict.outcome == "error" else 1


def verify(subject: Path, arguments: argparse.Namespace, nonce: str | None = None) -> Verification:
    """Verify whatever `subject` is.

    Raises:
        EvidenceError: ``run-missing`` when there is nothing at that path.
    """
    listed, key = _trust(arguments)
    expected = Expected(nonce=nonce)
    if subject.is_dir():
        return verify_run.verify_run(
            subject,
            listed,
            key=key,
            recompute=score.score,
            render=_render_verified,
            expected=expected,
        )
    if not subject.is_file():
        raise EvidenceError("run-missing", f"there is no run, bundle or page at {subject}")
    data = jsonio.read_bytes(subject, error=EvidenceError)
    if subject.suffix in (".html", ".htm"):
        return verify_run.verify_page(
            data, listed, key=key, render=_render_verified, expected=expected, name=str(subject)
        )
    return verify_run.verify_file(data, listed, key=key, expected=expected, name=str(subject))


def _render_verified(bundle: bytes, predicate: JSONObject) -> bytes:
    return html.render(bundle, cast("Scorecard", predicate))


def _verify(arguments: argparse.Namespace) -> int:
    result = verify(arguments.subject, arguments, arguments.nonce)
    if arguments.json:
        sys.stdout.buffer.write(jsonio.pretty(result.to_json()))
    else:
        print(result.text(), end="")
    if result.exit_status == 0 and result.verified is not None:
        # Intact and not conformant is still not conformant.
        return exit_status(cast("Scorecard", result.verified.predicate))
    return result.exit_status


def _verified_card(subject: Path, arguments: argparse.Namespace) -> tuple[bytes, Scorecard]:
    """The bundle and the card in it; only what a signature holds is rendered or compared."""
    path = subject / BUNDLE_FILE if subject.is_dir() else subject
    if not path.is_file():
        hint = "sign the run first: suite sign RUN"
        raise EvidenceError("bundle-missing", f"there is no signed scorecard at {path}", hint=hint)
    result = verify(subject if subject.is_dir() else path, arguments)
    if result.verified is None or not result.intact:
        raise result.error or TrustError("signature-missing", f"{path} could not be verified")
    return path.read_bytes(), cast("Scorecard", result.verified.predicate)


def _render(arguments: argparse.Namespace) -> int:
    subject: Path = arguments.subject
    bundle, card = _verified_card(subject, arguments)
    out: Path = arguments.out or (subject if subject.is_dir() else subject.parent) / PAGE_FILE
    try:
        out.write_bytes(html.render(bundle, card))
    except OSError as cause:
        raise UsageError("page-unwritable", f"cannot write {out}: {cause.strerror}") from cause
    print(out)
    return 0


def _diff(arguments: argparse.Namespace) -> int:
    _, a = _verified_card(arguments.a, arguments)
    _, b = _verified_card(arguments.b, arguments)
    changes = difference.compare(a, b)
    if arguments.json:
        sys.stdout.buffer.write(jsonio.pretty(changes))
    else:
        print(difference_text.render(changes))
    return 1 if changes.comparable == "no" else 0
