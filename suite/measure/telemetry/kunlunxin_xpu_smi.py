"""Kunlunxin's ``xpu-smi``: a table of three lines for each device. Intel's tool has the same name."""

from __future__ import annotations

from suite.base.bilingual import Bilingual
from suite.measure.telemetry.layouts import Boxes, Label
from suite.measure.telemetry.layouts.cuda import TABLE
from suite.measure.telemetry.layouts.labels import DEVICE
from suite.measure.telemetry.tool import program

program(
    "kunlunxin-xpu-smi",
    Bilingual("Kunlunxin's `xpu-smi`, table", "昆仑芯 `xpu-smi` 的表格"),
    Boxes({**TABLE, "xpu": DEVICE, "xpu-util": Label("utilisation", "%")}),
    command=("xpu-smi",),
)
