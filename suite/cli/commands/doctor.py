"""``suite doctor``: is this machine ready?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.base.errors import SetupError
from suite.cli.command import command
from suite.cli.options import choices, json_option

if TYPE_CHECKING:
    from suite.cli.options import Choices

_STYLES = {"pass": "green", "warn": "yellow", "fail": "bold red"}


@command("suite doctor --vendor nvidia")
@choices
@json_option("the answers")
def doctor(choices: Choices, *, as_json: bool) -> int:
    """Ask whether this machine is ready, and for which division.

    Checks devices, Docker, image or environment, disk, memory, ports, clock, model, data, key and division. Each line
    passes, warns or fails, and says what to do; the status is 3 when one fails. Starts and fetches nothing.
    """
    from suite.cli.checkup import check_up
    from suite.cli.output import write_json, write_text
    from suite.cli.terminal import Terminal

    with Terminal() as terminal:
        result = check_up(choices, terminal)
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
    note = f" ({plan.runtime_note})" if plan.runtime_note else ""
    write_text(f"{plan.vendor.name}, {plan.engine.title}, runtime {plan.runtime}{note}")
    for check in result.checks:
        what = f"{check.what}: " if check.what else ""
        line = f"  {check.outcome:<5} {check.topic:<12} {what}{check.answer}"
        write_text(line, _STYLES[check.outcome])
        if check.advice:
            write_text(f"  {'':<18} {check.advice}")
    return status
