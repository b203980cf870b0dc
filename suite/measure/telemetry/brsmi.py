"""``brsmi gpu``: a csv query like ``nvidia-smi``'s, of which only the memory is documented publicly."""

from __future__ import annotations

from suite.base.bilingual import Bilingual
from suite.measure.telemetry.layouts import Delimited
from suite.measure.telemetry.layouts.cuda import QUERY
from suite.measure.telemetry.tool import program

program(
    "brsmi",
    Bilingual("`brsmi gpu`, csv with a header line", "`brsmi gpu` 的带表头行 csv"),
    Delimited(QUERY),
    command=("brsmi", "gpu", "--query-gpu=index,memory.used,memory.free", "--format=csv"),
)
