"""A witnessed run: measured from here, held against the server's side, and reported under a reviewer's signature."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final

from suite import evidence
from suite.base import jsonio
from suite.base.bilingual import Sentence, placed
from suite.base.errors import EvidenceError, UsageError
from suite.base.visible import say
from suite.cli import signingkey
from suite.cli.measuring import measure, run_directory
from suite.cli.output import labelled, write_new
from suite.cli.statements import WITNESS_ENDING
from suite.judge.attest.envelope import MAX_BUNDLE_BYTES
from suite.judge.attest.files import read_limited
from suite.judge.attest.review import make_witness, payload_digest
from suite.judge.attest.sign import BUNDLE_FILE, sign
from suite.judge.attest.witnessed import read_log, report

if TYPE_CHECKING:
    from pathlib import Path

    from suite.cli.options import Choices, Sending
    from suite.cli.signingoptions import Signing
    from suite.documents.witness import WitnessReport

STATUS: Final = {"agrees": 0, "differs": 1, "one-sided": 4}
_VERDICTS: Final = {"agrees": "一致", "differs": "不一致", "one-sided": "只知一方"}
MAX_LOG_BYTES: Final = 1 << 30


def witness(
    choices: Choices,
    sending: Sending,
    *,
    run_out: Path | None,
    card_key: str | None,
    server_log: Path | None,
    signing: Signing,
    quiet: bool,
) -> int:
    """Measure, report and sign; returns the exit status.

    Args:
        choices: what is run; ``url`` among them.
        sending: how requests are sent.
        run_out: run directory to create.
        card_key: signs the card.
        server_log: the server's own log of the run.
        signing: the reviewer's key, which signs the report, and the report's file.
        quiet: show no progress.

    Raises:
        UsageError: ``url-missing``, ``review-exists``, ``page-unwritable``.
        SuiteError: as `suite.cli.measuring.measure`, and `suite.judge.attest.witnessed.report`.
    """
    if choices.url is None:
        raise UsageError(
            "url-missing",
            Sentence(
                "a witness measures a server elsewhere: give --url",
                "见证测量的是他处的服务器：请给出 --url",
            ),
        )
    signer, stamp = signingkey.opened(signing)
    directory = run_out or run_directory("witness")
    status = measure(choices, sending, out=directory, key=card_key, quiet=quiet)
    if not (directory / BUNDLE_FILE).is_file():
        return status
    files = evidence.RunFiles(directory)
    log = None if server_log is None else read_log(_log(server_log), str(server_log))
    made = report(evidence.read(directory, files), signer.key.public, dt.datetime.now(dt.UTC), log)
    card = read_limited(directory / BUNDLE_FILE, MAX_BUNDLE_BYTES)
    target = signing.beside(directory, WITNESS_ENDING)
    write_new(
        target, sign(make_witness(payload_digest(card, str(directory)), made), signer.key, stamp)
    )
    say(text(made, signer, target))
    return STATUS[made.verdict]


def _log(path: Path) -> bytes:
    return jsonio.read_bytes(path, error=EvidenceError, limit=MAX_LOG_BYTES)


def text(made: WitnessReport, signer: signingkey.OpenKey, target: Path) -> Sentence:
    """The report for a person: what both sides counted, the way between them, who signed it and where it lies."""
    way = made.network
    trip, longest = f"{way.median_us / 1e3:.3f} ms", f"{way.largest_us / 1e3:.3f} ms"
    verdict = Sentence(made.verdict, _VERDICTS[made.verdict])
    network = Sentence(
        f"{trip} a round trip ({way.probes}, longest {longest}), {way.share_of_ttft:.1%} of the time to first token",
        f"往返 {trip}（{way.probes} 次，最长 {longest}），占首 token 时间的 {way.share_of_ttft:.1%}",
    )
    return labelled(
        (
            (Sentence("witnessed", "见证"), placed(made.address, verdict)),
            (Sentence("both sides", "双方"), made.why),
            (Sentence("network", "网络"), network),
            (signingkey.SIGNED_BY, signer.named()),
            (Sentence("statement", "声明文本"), str(target)),
        )
    )
