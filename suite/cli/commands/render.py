"""``suite render``: the page of a signed scorecard."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from suite.base.errors import UsageError
from suite.cli.command import command
from suite.cli.options import FILE, format_option, trusted

if TYPE_CHECKING:
    from pathlib import Path

    from suite.cli.options import Trusted


@command("suite render runs/20260131-120000-cpu-vllm-smoke --out card.html")
@click.argument("subject", type=FILE)
@format_option("html")
@click.option("--out", type=FILE, metavar="FILE", help="file to write; default: beside the bundle")
@trusted
def render(subject: Path, name: str, out: Path | None, trusted: Trusted) -> int:
    """Render a signed scorecard: the page, or another report format.

    SUBJECT is a run directory or a .sigstore.json file. Verifies the bundle against the key beside it (or --key,
    --trust) and writes the report.
    """
    from suite import evidence
    from suite.cli.judging import verified_card
    from suite.cli.signing import PAGE_FILE
    from suite.judge.report.formats import registry
    from suite.judge.report.formats.format import Subject

    chosen = registry.load(name)
    bundle, card = verified_card(subject, trusted)
    read = evidence.read(subject) if chosen.needs == "evidence" and subject.is_dir() else None
    report = registry.render(name, Subject(card, bundle, read))
    beside = subject if subject.is_dir() else subject.parent
    target = out or beside / (PAGE_FILE if name == "html" else f"report-{name}{chosen.suffix}")
    try:
        target.write_bytes(report)
    except OSError as cause:
        raise UsageError("page-unwritable", f"cannot write {target}: {cause.strerror}") from cause
    print(target)
    return 0
