"""``suite doctor``: is this machine ready?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from suite.base.bilingual import Sentence, chinese, placed
from suite.base.errors import SetupError
from suite.cli.command import command
from suite.cli.options import FILE, choices, json_option

if TYPE_CHECKING:
    from pathlib import Path

    from suite.cli.options import Choices

_OUTCOMES = {"pass": "通过  ", "warn": "警告  ", "fail": "未通过"}
_STYLES = {"pass": "green", "warn": "yellow", "fail": "bold red"}


@command("suite doctor --vendor nvidia")
@choices
@click.option("--out", type=FILE, metavar="DIR", help="where runs would be written (default: runs)")
@json_option("the answers")
def doctor(choices: Choices, *, out: Path | None, as_json: bool) -> int:
    """Ask whether this machine is ready, and for which division.

    Checks devices, Docker, image or environment, disk, memory, ports, clock, model, data, key and division. Each line
    passes, warns or fails, and says what to do; the status is 3 when one fails. Starts and fetches nothing.
    """
    from suite.cli.checkup import check_up
    from suite.cli.output import write_json, write_text
    from suite.cli.terminal import Terminal

    with Terminal() as terminal:
        result = check_up(choices, terminal, out)
    plan = result.plan
    status = 0 if result.ready else SetupError.exit_status
    if as_json:
        rows = [
            {
                "topic": check.topic,
                "what": check.what,
                "outcome": check.outcome,
                "answer": check.answer,
                "advice": check.advice,
            }
            for check in result.checks
        ]
        write_json(
            {
                "vendor": plan.vendor.id,
                "engine": plan.engine.id,
                "runtime": plan.runtime,
                "ready": result.ready,
                "checks": rows,
            }
        )
        return status
    why = plan.runtime_note
    note = Sentence(f" ({why})", f"（{chinese(why)}）") if why else ""
    heading = Sentence(
        f"{plan.vendor.name}, {plan.engine.title}, runtime {plan.runtime}",
        f"{plan.vendor.name}，{plan.engine.title}，运行方式 {plan.runtime}",
    )
    write_text(heading + note)
    for check in result.checks:
        answer = placed(check.what, check.answer) if check.what else check.answer
        outcome, topic = f"{check.outcome:<5}", f"{check.topic:<12}"
        head = Sentence(f"  {outcome} {topic} ", f"  {_OUTCOMES[check.outcome]} {topic} ")
        write_text(head + answer, _STYLES[check.outcome])
        if check.advice:
            write_text(Sentence(f"  {'':<18} ", f"  {'':<19} ") + check.advice)
    return status
