"""``suite convert``: convert weights alone, or run the conversion twice and compare."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from msgspec import UNSET

from suite.base.errors import SetupError, UsageError
from suite.cli.command import command
from suite.cli.options import choices, json_option, quiet_option

if TYPE_CHECKING:
    from collections.abc import Iterator

    from suite.cli.options import Choices
    from suite.documents.provenance import Provenance


@command(
    "suite convert --vendor mthreads --engine vllm_mtt --model /models/llama-2-13b --devices 2"
)
@choices
@click.option(
    "--verify-conversion",
    is_flag=True,
    help="run it twice and compare the files; status 1 when they differ",
)
@quiet_option
@json_option("the provenance")
def convert(choices: Choices, *, verify_conversion: bool, quiet: bool, as_json: bool) -> int:
    """Convert weights as a run would, without a run.

    Runs the declared step in the engine's own image or environment, and says what went in, what came out and what
    rounding loses. What was made before from the same weights by the same step is checked by its digests and used
    again; a run takes it from there. Starts no engine.
    """
    from dataclasses import replace
    from pathlib import Path

    from suite.cli import inputs
    from suite.cli.machine import settings
    from suite.cli.output import write_json, write_text
    from suite.cli.terminal import Terminal
    from suite.measure import convert as conversion
    from suite.measure.digests import DigestStore
    from suite.measure.signals import Stop

    machine = settings()
    with Terminal(quiet=quiet) as terminal, Stop(terminal.interrupted).installed():
        gathered = inputs.gather(choices, store=DigestStore(machine.cache), terminal=terminal)
        plan, machine = gathered.plan, replace(machine, bundle=gathered.bundle)
        step = plan.conversion
        if step is None:
            message = f"{plan.engine.title} loads {plan.model.id} as it is"
            raise UsageError("conversion-unneeded", message)
        log = machine.cache / "convert" / Path(step.host_target).name
        try:
            log.mkdir(parents=True, exist_ok=True)
        except OSError as cause:
            message = f"{log} cannot be written: {cause.strerror}"
            raise SetupError("disk-unwritable", message) from cause
        made: list[None] = []
        provenance = conversion.convert(
            plan,
            log,
            on_progress=terminal.step,
            settings=machine,
            twice=verify_conversion,
            on_make=lambda: made.append(None),
        )
    assert provenance is not None  # the plan has a step
    if as_json:
        write_json(provenance)
    else:
        write_text(f"{'made' if made else 'there already'}: {step.host_target}")
        write_text("\n".join(_lines(provenance)))
    again = provenance.repeated
    return int(verify_conversion and again is not UNSET and bool(again.differing))


def _lines(provenance: Provenance) -> Iterator[str]:
    for name, rows in (("in", provenance.census_before), ("out", provenance.census_after)):
        text = ", ".join(
            f"{row.parameters:,} parameters {row.dtype} in {row.tensors} tensors" for row in rows
        )
        yield f"{name:<10}{text or 'of a format that is not read'}"
    yield f"{'files':<10}{len(provenance.outputs)}, {sum(entry.bytes for entry in provenance.outputs):,} bytes"
    lost = provenance.rounding
    if isinstance(lost, str):
        yield f"{'rounding':<10}{lost}"
    else:
        worst = sorted(
            lost.tensors,
            key=lambda row: (-row.overflowed, -row.vanished, -row.largest_relative_error),
        )
        overflowed, vanished = (
            sum(getattr(row, name) for row in lost.tensors) for name in ("overflowed", "vanished")
        )
        yield f"{'rounding':<10}to {lost.dtype}: {overflowed} values overflow, {vanished} become 0"
        for row in worst[:5]:
            yield (
                f"{'':<10}{row.tensor}: {row.overflowed} overflow, {row.vanished} become 0, "
                f"largest relative error {row.largest_relative_error:.2g}"
            )
    again = provenance.repeated
    if again is not UNSET:
        differ = f"{len(again.differing)} files differ: {', '.join(again.differing[:5])}"
        yield f"{'twice':<10}{differ if again.differing else 'the same bytes'}"
