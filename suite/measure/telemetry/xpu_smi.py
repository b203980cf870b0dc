"""Intel's ``xpu-smi dump``: csv whose header names every field and its unit. Kunlunxin's tool has the same name.

Its column of energy is not read: whether it counts from the driver's start or from the dump's is not documented.
"""

from __future__ import annotations

from typing import Final

from suite.base.bilingual import Bilingual
from suite.measure.telemetry.layouts import Delimited, Label
from suite.measure.telemetry.layouts.labels import DEVICE, PART, Labels
from suite.measure.telemetry.tool import program

_DUMP: Final[Labels] = {
    "deviceid": DEVICE,
    "tileid": PART,
    "gpu utilization": Label("utilisation", "%"),
    "gpu power": Label("power_w", "W"),
    "gpu core temperature": Label("temperature_c", "C"),
    "gpu frequency": Label("clock_mhz", "MHz"),
    "gpu memory used": Label("memory_used_bytes", "MiB"),
}

program(
    "xpu-smi",
    Bilingual(
        "Intel's `xpu-smi dump`, csv with a header line", "英特尔 `xpu-smi dump` 的带表头行 csv"
    ),
    Delimited(_DUMP),
    command=("xpu-smi", "dump", "-d", "{visible}", "-m", "0,1,2,3,18", "-n", "1"),
)
