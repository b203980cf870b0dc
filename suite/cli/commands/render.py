"""``suite render``: the page of a signed scorecard."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from suite.base.visible import say
from suite.cli.command import command
from suite.cli.options import FILE, format_option
from suite.cli.trustoptions import trusted

if TYPE_CHECKING:
    from pathlib import Path

    from suite.cli.trustoptions import Trusted


@command("suite render runs/20260131-120000-cpu-vllm-smoke --out card.html")
@click.argument("subject", type=FILE)
@format_option("html")
@click.option(
    "--out",
    type=FILE,
    metavar="FILE",
    help="file to write; default: the page beside the bundle, another format beside the run directory",
)
@click.option(
    "--statement",
    "--audit",
    "statements",
    type=FILE,
    multiple=True,
    metavar="FILE",
    help="reviewer's audit, witness report or reproduction that the page shows; needs --trust; default: those beside the card",
)
@trusted
def render(
    subject: Path, name: str, out: Path | None, statements: tuple[Path, ...], trusted: Trusted
) -> int:
    """Render a signed scorecard: the page, or another report format.

    SUBJECT is a run directory or a .sigstore.json file. Verifies the bundle against --key or --trust (a run
    directory without them against the key in it) and writes the report. A page shows the language of --lang
    first; its reader can switch. With --trust it shows the audits, witness reports and reproductions of others on the list, and
    the level that the card reaches by them: those that are named, else RUN.audit.sigstore.json and the like beside the run; each
    is verified first.
    """
    from suite.base.language import language
    from suite.cli.judging import verified
    from suite.cli.output import write_report
    from suite.cli.statements import shown
    from suite.judge.attest.files import PAGE_FILE
    from suite.judge.attest.page import NOTHING
    from suite.judge.report.formats import registry
    from suite.judge.report.formats.format import Subject

    chosen = registry.load(name)
    verification = verified(subject, trusted)
    page = chosen.needs == "bundle"
    kept = shown(subject, statements, verification, trusted) if page else NOTHING
    read = verification.evidence if chosen.needs == "evidence" else None
    report = registry.render(
        name, Subject(verification.card, verification.bundle, read, language(), kept)
    )
    target = out or _place(subject, PAGE_FILE if page else "", f"-{name}{chosen.suffix}")
    write_report(target, report)
    say(target)
    return 0


def _place(subject: Path, page: str, ending: str) -> Path:
    """Where a report goes by itself: `page` beside the bundle; without one a file of the run's or bundle's name.

    A run directory takes no file that its manifest and the suite do not know: verification would refuse it.
    """
    from suite.base.safe import resolved
    from suite.evidence import MANIFEST

    directory = resolved(subject if subject.is_dir() else subject.parent)
    if page:
        return directory / page
    if (directory / MANIFEST).exists():
        return directory.with_name(directory.name + ending)
    return directory / (subject.name.removesuffix(".sigstore.json") + ending)
