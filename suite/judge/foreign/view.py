"""Foreign results as tables: a row a load, the tool's own names in the heading."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UNSET

from suite.base.bilingual import Sentence, chinese, joined
from suite.judge.report.numbers import plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from suite.documents.foreign import ForeignLoad, ForeignNumber, ForeignResult

SHOWN = (
    *("request_throughput", "output_throughput", "total_throughput"),
    *("output_throughput_per_device", "total_throughput_per_device"),
    *("ttft_mean", "ttft_p50", "ttft_p99", "tpot_mean", "tpot_p50", "tpot_p99"),
    *("e2e_mean", "e2e_p50", "e2e_p99"),
)
"""Quantities that a table shows where a file has them; the document has all."""


APART = (
    ("Results of other tools", "Unsigned, not recomputed, not ranked with the cards."),
    ("其他工具的结果", "未签名、未经重新计算，不与评分卡一同排名。"),
)
"""What heads them beside cards, by language: a title, and what they are not."""


def heading(result: ForeignResult) -> str:
    """What it is worth, in a line."""
    sentence = Sentence(
        f"{result.title}, foreign: unsigned, not recomputed; {result.note}",
        f"{result.title}，外来结果：未签名、未经重新计算；{chinese(result.note)}",
    )
    if result.left_out:
        sentence += Sentence(
            f"; {result.left_out} numbers could not be read", f"；{result.left_out} 个数字无法读取"
        )
    return sentence


def load_name(load: ForeignLoad) -> str:
    """Name, concurrency and rate of a load."""
    words = [load.name] if load.name else []
    if load.concurrency is not UNSET:
        words.append(Sentence(f"concurrency {load.concurrency:g}", f"并发 {load.concurrency:g}"))
    if load.rate is not UNSET:
        words.append(Sentence(f"{load.rate:g} requests/s", f"{load.rate:g} 请求/秒"))
    return joined(words, ", ", "，") or Sentence("the whole file", "整个文件")


def _name(number: ForeignNumber) -> str:
    """The tool's own name, which may name the tool's own unit, and the unit that is shown."""
    unit = f"({number.unit})"
    return number.name if number.name.endswith(unit) else f"{number.name} [{number.unit}]"


def tables(
    results: Sequence[ForeignResult],
) -> Iterator[tuple[tuple[str, ...], list[tuple[str, ...]]]]:
    """For each result a heading and its rows."""
    for result in results:
        names = {number.quantity: _name(number) for load in result.loads for number in load.numbers}
        quantities = [quantity for quantity in SHOWN if quantity in names]
        rows = []
        for load in result.loads:
            values = {
                number.quantity: plain(number.value)
                if number.value < 1e15
                else f"{number.value:.4g}"
                for number in load.numbers
            }
            cells = (values.get(quantity, "-") for quantity in quantities)
            rows.append((load_name(load), load.model or "-", *cells))
        yield (
            (
                Sentence("load", "负载"),
                Sentence("model", "模型"),
                *(names[quantity] for quantity in quantities),
            ),
            rows,
        )
