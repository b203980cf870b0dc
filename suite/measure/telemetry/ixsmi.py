"""``ixsmi``: the table of ``nvidia-smi`` with the clocks in it, the csv query and the text of ``-q``.

A card with two chips states its power once; the other chip's is unknown.
"""

from __future__ import annotations

from suite.base.bilingual import Bilingual
from suite.measure.telemetry.layouts import Boxes, Delimited, Label, Members
from suite.measure.telemetry.layouts.cuda import MEMBERS, QUERY, TABLE
from suite.measure.telemetry.tool import program

program(
    "ixsmi",
    Bilingual(
        "`ixsmi`: csv with a header line, table, or the text of `-q`",
        "`ixsmi`：带表头行的 csv、表格或 `-q` 文本",
    ),
    Delimited(QUERY),
    Boxes({**TABLE, "clock-sm": Label("clock_mhz", "MHz")}),
    Members(MEMBERS),
    command=("ixsmi",),
)
