"""``mthreads-gmi``: the JSON query, the same query as indented text, and the table, which has no power.

Values are texts with units. The JSON key of the power ends with a space in some versions, and members are missing for
some cards.
"""

from __future__ import annotations

from typing import Final

from suite.base.bilingual import Bilingual
from suite.measure.telemetry.layouts import Boxes, Delimited, Label, Members, Tree
from suite.measure.telemetry.layouts.cuda import MEMBERS, QUERY
from suite.measure.telemetry.layouts.labels import DEVICE, Labels
from suite.measure.telemetry.tool import program

_TABLE: Final[Labels] = {
    "id": DEVICE,
    "%gpu": Label("utilisation", "%"),
    "mem": Label("memory_used_bytes", "MiB", "memory_total_bytes"),
    "temp": Label("temperature_c", "C"),
    "pcie lane width": Label("pcie_lanes"),
}
_USUAL: Final = ("ID   Name                 |PCIe                |%GPU  Mem",)
"""Of an excerpt without its header: the first line of each card."""

program(
    "mthreads-gmi",
    Bilingual(
        "`mthreads-gmi` as JSON, as the text of `-q`, as csv, or its table, which has no power",
        "`mthreads-gmi` 的 JSON、`-q` 文本、csv，或不含功耗的表格",
    ),
    Tree({"index": DEVICE, **MEMBERS}),
    Delimited(QUERY),
    Members(MEMBERS),
    Boxes(_TABLE, _USUAL),
    command=("mthreads-gmi", "--query", "--json"),
)
