"""``suite render``: the page of a signed scorecard."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from suite.base.errors import UsageError
from suite.cli.command import command
from suite.cli.options import FILE, trusted

if TYPE_CHECKING:
    from pathlib import Path

    from suite.cli.options import Trusted


@command("suite render runs/20260131-120000-cpu-vllm-smoke --out card.html")
@click.argument("subject", type=FILE)
@click.option("--out", type=FILE, metavar="FILE", help="page to write; default: beside the bundle")
@trusted
def render(subject: Path, out: Path | None, trusted: Trusted) -> int:
    """Render the page of a signed scorecard.

    SUBJECT is a run directory or a .sigstore.json file. Verifies the bundle against the key beside it (or --key,
    --trust) and writes its page.
    """
    from suite.cli.judging import verified_card
    from suite.cli.signing import PAGE_FILE
    from suite.judge.report import html

    bundle, card = verified_card(subject, trusted)
    page = out or (subject if subject.is_dir() else subject.parent) / PAGE_FILE
    try:
        page.write_bytes(html.render(bundle, card))
    except OSError as cause:
        raise UsageError("page-unwritable", f"cannot write {page}: {cause.strerror}") from cause
    print(page)
    return 0
