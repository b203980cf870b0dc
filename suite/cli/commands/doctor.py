"""``suite doctor``: is this machine ready?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.base.errors import SetupError
from suite.cli.command import command
from suite.cli.options import choices, json_option

if TYPE_CHECKING:
    from suite.cli.options import Choices


@command("suite doctor --vendor nvidia")
@choices
@json_option("the answers")
def doctor(choices: Choices, *, as_json: bool) -> int:
    """Ask whether this machine is ready (preflight).

    Asks every preflight check of the plan and says what is missing; starts nothing.
    """
    from suite.cli import inputs
    from suite.cli.output import write_json, write_text
    from suite.measure.preflight import run_preflight

    plan = inputs.draft(choices).inputs.plan
    answers = run_preflight(plan)
    ready = all(answer.ok for answer in answers)
    if as_json:
        rows = [{"id": a.check.id, "ok": a.ok, "found": a.found} for a in answers]
        write_json({"vendor": plan.vendor.id, "checks": rows})
        return 0 if ready else SetupError.exit_status
    write_text(f"{plan.vendor.name}, {plan.engine.title}, runtime {plan.runtime}")
    for answer in answers:
        mark, style = ("ok     ", "green") if answer.ok else ("MISSING", "bold red")
        write_text(f"  {mark} {answer.check.what}: {answer.found}", style)
        if not answer.ok and answer.check.hint:
            write_text(f"          {answer.check.hint}")
    if not answers:
        write_text("  nothing to ask: this vendor needs no device")
    return 0 if ready else SetupError.exit_status
