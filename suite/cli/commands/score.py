"""``suite score``: recompute a scorecard from the raw events."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from suite.cli.command import command
from suite.cli.options import FILE, format_option, json_option

if TYPE_CHECKING:
    from pathlib import Path


@command("suite score runs/20260131-120000-cpu-vllm-smoke --json")
@click.argument("run", type=FILE)
@format_option("text")
@json_option("the scorecard")
@click.option(
    "--views",
    is_flag=True,
    help="print, as JSON, what vLLM bench, MTTransformer, LoadGen, GuideLLM and others would print",
)
def score(run: Path, name: str, *, as_json: bool, views: bool) -> int:
    """Recompute the scorecard from a run directory.

    Computes every metric and rule from the raw events and prints the result; writes nothing.
    """
    from suite import evidence
    from suite.base.language import language
    from suite.cli.cardtext import write_card
    from suite.cli.judging import exit_status
    from suite.cli.output import write_bytes
    from suite.judge import score as scoring
    from suite.judge.report.formats import registry
    from suite.judge.report.formats.format import Subject

    chosen = "other-tools" if views else "json" if as_json else name
    registry.load(chosen)  # an unknown one is refused before the evidence is read
    read = evidence.read(run)
    card = scoring.score(read)
    if chosen == "text":
        write_card(card)
    else:
        write_bytes(registry.render(chosen, Subject(card, evidence=read, language=language())))
    return exit_status(card)
