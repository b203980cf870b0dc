"""``suite plan``: what would run, and how long it takes, without running it."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
    conversion, checks, requests. As text also an estimate of the duration.
    """
    from suite.cli import inputs
    from suite.cli.estimate import duration_lines
    from suite.cli.output import write_json
    from suite.declare.plan.text import render_plan

    document = inputs.gather(choices).plan
    if as_json:
        write_json(document)
    else:
        print(render_plan(document))
        print("\n".join(f"# {line}" for line in duration_lines(document)))
    return 0
