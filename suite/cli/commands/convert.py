"""``suite convert``: convert weights alone, or run the conversion twice and compare."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from msgspec import UNSET

from suite.base.bilingual import Sentence, joined, placed
from suite.base.errors import SetupError, UsageError, unwritable
from suite.cli.command import command
from suite.cli.options import choices, json_option, quiet_option
from suite.documents.document import given

if TYPE_CHECKING:
    from collections.abc import Iterator

    from suite.cli.options import Choices
    from suite.documents.provenance import Provenance, Rounding


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
    from suite.cli.output import labelled, write_json, write_text
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
            message = Sentence(
                f"{plan.engine.title} loads {plan.model.id} as it is",
                f"{plan.engine.title} 可直接加载 {plan.model.id}",
            )
            raise UsageError("conversion-unneeded", message)
        log = machine.cache / "convert" / Path(step.host_target).name
        try:
            log.mkdir(parents=True, exist_ok=True)
        except OSError as cause:
            message = unwritable(log, cause)
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
        done = Sentence("made", "已转换") if made else Sentence("there already", "原已存在")
        write_text(placed(done, step.host_target))
        write_text(labelled(_rows(provenance)))
    repetition = provenance.repeated
    return int(verify_conversion and repetition is not UNSET and bool(repetition.differing))


def _rows(provenance: Provenance) -> Iterator[tuple[str, str]]:
    sides = (
        (Sentence("in", "转换前"), provenance.census_before),
        (Sentence("out", "转换后"), provenance.census_after),
    )
    for name, census in sides:
        parts = [
            Sentence(
                f"{row.parameters:,} parameters {row.dtype} in {row.tensors} tensors",
                f"{row.tensors} 个张量中 {row.parameters:,} 个 {row.dtype} 参数",
            )
            for row in census
        ]
        unread = Sentence("of a format that is not read", "格式未被读取")
        yield name, joined(parts, ", ", "，") if parts else unread
    count, size = len(provenance.outputs), sum(entry.bytes for entry in provenance.outputs)
    yield (
        Sentence("files", "文件"),
        Sentence(f"{count}, {size:,} bytes", f"{count} 个，{size:,} 字节"),
    )
    yield from _losses(provenance.rounding)
    repetition = provenance.repeated
    if repetition is not UNSET:
        names, differing = ", ".join(repetition.differing[:5]), len(repetition.differing)
        differ = Sentence(f"{differing} files differ: {names}", f"{differing} 个文件不同：{names}")
        same = Sentence("the same bytes", "逐字节相同")
        yield Sentence("twice", "重复转换"), differ if repetition.differing else same


def _losses(lost: Rounding | str) -> Iterator[tuple[str, str]]:
    """What rounding loses, and the tensors that lose most."""
    name = Sentence("rounding", "舍入")
    if isinstance(lost, str):
        yield name, lost
        return
    overflowed, vanished = (
        sum(getattr(row, name) for row in lost.tensors) for name in ("overflowed", "vanished")
    )
    yield (
        name,
        Sentence(
            f"to {lost.dtype}: {overflowed} values overflow, {vanished} become 0",
            f"到 {lost.dtype}：{overflowed} 个值溢出，{vanished} 个变为 0",
        ),
    )
    broken = sum(given(row.not_finite, 0) for row in lost.tensors)
    if broken:
        yield (
            "",
            Sentence(
                f"{broken} values of the source are infinite or no number",
                f"来源中有 {broken} 个值为无穷大或非数",
            ),
        )
    worst = sorted(
        lost.tensors, key=lambda row: (-row.overflowed, -row.vanished, -row.largest_relative_error)
    )
    for row in worst[:5]:
        error = f"{row.largest_relative_error:.2g}"
        yield (
            "",
            Sentence(
                f"{row.tensor}: {row.overflowed} overflow, {row.vanished} become 0, largest relative error {error}",
                f"{row.tensor}：{row.overflowed} 个溢出，{row.vanished} 个变为 0，最大相对误差 {error}",
            ),
        )
