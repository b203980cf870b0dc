"""A witnessed run: measured from here, held against the server's side, and reported under a reviewer's signature."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final

from suite import evidence
from suite.base import jsonio
from suite.base.bilingual import Sentence
from suite.base.errors import EvidenceError, UsageError
from suite.base.visible import say
from suite.cli import signingkey, stamping
from suite.cli.measuring import measure, run_directory
from suite.cli.output import write_new
from suite.judge.attest.envelope import MAX_BUNDLE_BYTES
from suite.judge.attest.files import read_limited
from suite.judge.attest.review import make_witness, payload_digest
from suite.judge.attest.sign import BUNDLE_FILE, sign
from suite.judge.attest.witnessed import read_log, report

if TYPE_CHECKING:
    from pathlib import Path

    from suite.cli.options import Choices, Sending
    from suite.documents.witness import WitnessReport

ENDING: Final = ".witness.sigstore.json"
STATUS: Final = {"agrees": 0, "differs": 1, "one-sided": 4}
MAX_LOG_BYTES: Final = 1 << 30


def witness(
    choices: Choices,
    sending: Sending,
    *,
    run_out: Path | None,
    card_key: str | None,
    server_log: Path | None,
    key: str | None,
    tsa: str | None,
    out: Path | None,
    quiet: bool,
) -> int:
    """Measure, report and sign; returns the exit status.

    Args:
        choices: what is run; ``url`` among them.
        sending: how requests are sent.
        run_out: run directory to create.
        card_key: signs the card.
        server_log: the server's own log of the run.
        key: the reviewer's; signs the report.
        tsa: address of an authority that stamps the report's signature.
        out: file of the report.
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
    signer = signingkey.named_key(key) or signingkey.local_key()
    stamp = stamping.authority(tsa) if tsa else None
    directory = run_out or run_directory("witness")
    status = measure(choices, sending, out=directory, key=card_key, quiet=quiet)
    if not (directory / BUNDLE_FILE).is_file():
        return status
    files = evidence.RunFiles(directory)
    log = None if server_log is None else read_log(_log(server_log), str(server_log))
    made = report(evidence.read(directory, files), signer.key.public, dt.datetime.now(dt.UTC), log)
    card = read_limited(directory / BUNDLE_FILE, MAX_BUNDLE_BYTES)
    whole = directory.resolve()
    target = out or whole.with_name(whole.name + ENDING)
    write_new(
        target, sign(make_witness(payload_digest(card, str(directory)), made), signer.key, stamp)
    )
    say(text(made))
    say(
        Sentence(
            f"signed by   {signer.key.public.id}{' (a new key)' if signer.new else ''}",
            f"签名者      {signer.key.public.id}{'（新密钥）' if signer.new else ''}",
        )
    )
    say(f"statement   {target}")
    return STATUS[made.verdict]


def _log(path: Path) -> bytes:
    return jsonio.read_bytes(path, error=EvidenceError, limit=MAX_LOG_BYTES)


def text(made: WitnessReport) -> str:
    """The report for a person."""
    way = made.network
    longest = f"longest {way.largest_us / 1e3:.3f} ms"
    trip = f"{way.median_us / 1e3:.3f} ms a round trip ({way.probes}, {longest})"
    return "\n".join(
        (
            f"witnessed   {made.address}: {made.verdict}",
            f"both sides  {made.why}",
            f"network     {trip}, {way.share_of_ttft:.1%} of the time to first token",
        )
    )
