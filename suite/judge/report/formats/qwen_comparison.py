"""Qwen's comparison tables: models by context length, quantisation and number of devices, an engine a table.

What its speed documents publish of many runs: single requests of a context length, their speed by the scripts' rule and
the memory of the devices. Runs of the same row are averaged, as the documents say of their own.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from suite.base import markdown
from suite.base.bilingual import Bilingual, Sentence
from suite.base.errors import EvidenceError
from suite.base.statistics import mean
from suite.judge.report.formats.format import Format
from suite.judge.report.othertools.tabular import chosen, number

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeAlias

    from suite.judge.report.formats.format import Subject

    Row: TypeAlias = tuple[str, int, str, str]

COLUMNS = (
    *("Model", "Input Length", "Quantization", "GPU Num"),
    *("Speed (tokens/s)", "GPU Memory (GiB)", "Runs"),
)


def render_all(subjects: Sequence[Subject]) -> bytes:
    """A table for each engine.

    Raises:
        EvidenceError: ``nothing-to-export``: no run sent single requests.
    """
    tables: dict[str, dict[Row, list[tuple[float, float | None]]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for subject in subjects:
        assert subject.evidence is not None
        plan = subject.evidence.plan
        card = subject.card
        engine = f"{card.engine.title} {card.engine.version}".strip()
        for view in chosen(subject, "qwen-speed").values():
            speed, length = number(view, "Speed (tokens/s)"), number(view, "Input Length")
            if speed is None or length is None:
                continue
            row = (
                plan.model.id,
                round(length),
                plan.engine.quantisation or plan.engine.dtype.executed,
                str(plan.devices.count or "?"),
            )
            tables[engine][row].append((speed, number(view, "GPU Memory (GiB)")))
    if not tables:
        message = Sentence("no run sent single requests", "没有运行发送单个请求")
        raise EvidenceError("nothing-to-export", message)
    parts = [
        f"## {markdown.escaped(engine)}\n\n{_table(rows)}"
        for engine, rows in sorted(tables.items())
    ]
    return "\n".join(parts).encode()


def _table(rows: dict[Row, list[tuple[float, float | None]]]) -> str:
    cells = []
    for row in sorted(rows):
        speeds = [speed for speed, _ in rows[row]]
        memories = [memory for _, memory in rows[row] if memory is not None]
        cells.append(
            (
                *(markdown.escaped(str(item)) for item in row),
                f"{mean(speeds):.2f}",
                f"{mean(memories):.2f}" if memories else "",
                str(len(speeds)),
            )
        )
    return markdown.table(COLUMNS, cells)


FORMAT = Format(
    Bilingual("Qwen's comparison tables in Markdown", "Qwen 对比表（Markdown）"),
    ".md",
    "evidence",
    lambda subject: render_all((subject,)),
    render_all=render_all,
)
