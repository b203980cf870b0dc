"""``suite plan``: what would run, and how long it takes, without running it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.base.language import language
from suite.base.visible import say
from suite.cli.command import command
from suite.cli.options import choices, json_option

if TYPE_CHECKING:
    from suite.cli.options import Choices


@command("suite plan --vendor mthreads --engine vllm_mtt --model /models/llama-2-13b --devices 2")
@choices
@json_option("the plan")
def plan(choices: Choices, *, as_json: bool) -> int:
    """Print what would run and how long it takes, without running it.

    Resolves a plan and prints it as text to paste into a shell, or as JSON: container command, environment, mounts,
    conversion, checks, requests. As text also the division within reach and an estimate of the duration.
    """
    from suite.cli import divisions, inputs
    from suite.cli.estimate import duration_lines
    from suite.cli.machine import settings
    from suite.cli.output import write_json
    from suite.cli.terminal import Terminal
    from suite.declare.plan.text import render_plan
    from suite.measure.digests import DigestStore

    with Terminal() as terminal:
        store = DigestStore(settings().cache)
        document = inputs.gather(choices, store=store, terminal=terminal).plan
    if as_json:
        write_json(document)
    else:
        say(render_plan(document))
        lines = [*divisions.reach_lines(document), "", *duration_lines(document)]
        say("\n".join(f"# {language().of(line)}".rstrip() for line in lines))
    divisions.require(document, choices.require_division)
    return 0
