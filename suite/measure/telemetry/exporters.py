"""Pages of device exporters in the text format of Prometheus, where a laboratory has them: the address is the command.

The names are those of NVIDIA's DCGM exporter, AMD's device metrics exporter, Huawei's NPU exporter and Habana's; the numbers
of devices are those of the machine that the exporter runs on.
"""

from __future__ import annotations

from typing import Final

from suite.base.bilingual import Bilingual
from suite.measure.telemetry.layouts import Label
from suite.measure.telemetry.layouts.exposition import Exposition
from suite.measure.telemetry.layouts.labels import BINARY, Labels
from suite.measure.telemetry.tool import program

_POWER: Final = Label("power_w", "W")
_LOAD: Final = Label("utilisation", "%")
_TEMPERATURE: Final = Label("temperature_c", "C")
_USED: Final = Label("memory_used_bytes", "MiB")
_TOTAL: Final = Label("memory_total_bytes", "MiB")
_BLANKS: Final = (float(0x7FFFFFF0), 140737488355328.0, float(0x7FFFFFFFFFFFFFF0))
"""DCGM's blank values of integers of 32 bits, of floating point, and of integers of 64 bits (dcgm_structs.h)."""
_NAMES: Final[Labels] = {
    "dcgm_fi_dev_power_usage": _POWER,
    "dcgm_fi_dev_total_energy_consumption": Label("energy_j", "mJ"),
    "dcgm_fi_dev_gpu_util": _LOAD,
    "dcgm_fi_dev_gpu_temp": _TEMPERATURE,
    "dcgm_fi_dev_fb_used": _USED,
    "dcgm_fi_dev_fb_total": _TOTAL,
    "dcgm_fi_dev_fb_free": Label("memory_free_bytes", "MiB"),
    "dcgm_fi_dev_sm_clock": Label("clock_mhz", "MHz"),
    "dcgm_fi_dev_clocks_event_reasons": Label("throttle_mask"),
    "dcgm_fi_dev_clock_throttle_reasons": Label("throttle_mask"),
    "dcgm_fi_dev_power_mgmt_limit": Label("power_limit_w", "W"),
    "dcgm_fi_dev_pcie_link_width": Label("pcie_lanes"),
    "dcgm_fi_dev_pcie_link_gen": Label("pcie_generation"),
    "dcgm_fi_dev_pcie_replay_counter": Label("pcie_replays"),
    "dcgm_fi_dev_ecc_sbe_vol_total": Label("ecc_corrected"),
    "dcgm_fi_dev_ecc_dbe_vol_total": Label("ecc_uncorrected"),
    "gpu_package_power": _POWER,
    "gpu_average_package_power": _POWER,
    "gpu_energy_consumed": Label("energy_j", "uJ"),
    "gpu_gfx_activity": _LOAD,
    "gpu_junction_temperature": _TEMPERATURE,
    "gpu_edge_temperature": _TEMPERATURE,
    "gpu_used_vram": Label("memory_used_bytes", "MB", None, BINARY),
    "gpu_total_vram": Label("memory_total_bytes", "MB", None, BINARY),
    "npu_chip_info_power": _POWER,
    "npu_chip_info_utilization": _LOAD,
    "npu_chip_info_temperature": _TEMPERATURE,
    "npu_chip_info_hbm_used_memory": Label("memory_used_bytes", "MB", None, BINARY),
    "npu_chip_info_hbm_total_memory": Label("memory_total_bytes", "MB", None, BINARY),
    "habanalabs_power_mw": Label("power_w", "mW"),
    "habanalabs_utilization": _LOAD,
    "habanalabs_temperature_onchip": _TEMPERATURE,
    "habanalabs_memory_used_bytes": Label("memory_used_bytes", "B"),
    "habanalabs_memory_total_bytes": Label("memory_total_bytes", "B"),
}

program(
    "prometheus",
    Bilingual(
        "a page of DCGM's, AMD's, Huawei's or Habana's exporter",
        "DCGM、AMD、华为或 Habana 导出器的页面",
    ),
    Exposition(
        _NAMES,
        devices=("gpu", "gpu_id", "id", "device_id", "device"),
        others=("GPU_I_ID", "gpu_partition_id"),
        blanks=_BLANKS,
    ),
    command=("http://127.0.0.1:9400/metrics",),
    page=True,
)
