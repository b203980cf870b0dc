"""``nvidia-smi``: the csv query, whose header names every field and its unit; the table; the indented text of ``-q``."""

from __future__ import annotations

from suite.base.bilingual import Bilingual
from suite.measure.telemetry.layouts import Boxes, Delimited, Members
from suite.measure.telemetry.layouts.cuda import MEMBERS, QUERY, TABLE
from suite.measure.telemetry.tool import program

program(
    "nvidia-smi",
    Bilingual(
        "`nvidia-smi`: csv with a header line, table, or the text of `-q`",
        "`nvidia-smi`：带表头行的 csv、表格或 `-q` 文本",
    ),
    Delimited(QUERY),
    Boxes(TABLE),
    Members(MEMBERS),
    command=(
        "nvidia-smi",
        "--query-gpu=index,power.draw,temperature.gpu,utilization.gpu,memory.used,memory.total,clocks.current.sm",
        "--format=csv",
        "--id={visible}",
    ),
)
