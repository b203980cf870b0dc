"""``suite score``: recompute a scorecard from the raw events."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from suite.cli.command import command
from suite.cli.options import FILE, json_option

if TYPE_CHECKING:
    from pathlib import Path

    from suite.base.jsonio import JSONObject
    from suite.evidence import Evidence


@command("suite score runs/20260131-120000-cpu-vllm-smoke --json")
@click.argument("run", type=FILE)
@json_option("the scorecard")
@click.option(
    "--views",
    is_flag=True,
    help="print, as JSON, what vLLM bench, MTTransformer, LoadGen, GuideLLM and others would print",
)
def score(run: Path, *, as_json: bool, views: bool) -> int:
    """Recompute the scorecard from a run directory.

    Computes every metric and rule from the raw events and prints the result; writes nothing.
    """
    from suite import evidence
    from suite.cli.cardtext import write_card
    from suite.cli.judging import exit_status
    from suite.cli.output import write_json
    from suite.judge import score as scoring

    read = evidence.read(run)
    card = scoring.score(read)
    if views:
        write_json(_views(read))
    elif as_json:
        write_json(card)
    else:
        write_card(card)
    return exit_status(card)


def _views(read: Evidence) -> JSONObject:
    """The phases in other tools' words, by phase and view."""
    from suite.base.values import NotMeasured
    from suite.judge.metrics import compat
    from suite.judge.metrics.compute import compute

    shown: JSONObject = {}
    for phase, views in compat.views(read, compute(read)).items():
        if isinstance(views, NotMeasured):
            shown[phase] = views.to_json()
            continue
        shown[phase] = {
            view.name: {
                "tool": view.tool,
                "note": view.note,
                "fields": {field.name: field.value.to_json() for field in view.fields},
            }
            for view in views
        }
    return shown
