"""``mx-smi``: a table whose columns changed between versions, and in newer ones a csv query like ``nvidia-smi``'s."""

from __future__ import annotations

from suite.base.bilingual import Bilingual
from suite.measure.telemetry.layouts import Boxes, Delimited
from suite.measure.telemetry.layouts.cuda import QUERY, TABLE
from suite.measure.telemetry.tool import program

program(
    "mx-smi",
    Bilingual("`mx-smi`: table, or csv with a header line", "`mx-smi`：表格，或带表头行的 csv"),
    Delimited(QUERY),
    Boxes(TABLE),
    command=("mx-smi",),
)
