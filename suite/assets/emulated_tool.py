"""Stands in for a vendor's telemetry tool: prints moving figures of some devices in the layout of the real one.

``emulated_tool.py TOOL COUNT NAME``: the tool's name, how many devices, and the accelerator's name. Power, load and
temperature rise and fall with the clock, for each device a little later.
"""

from __future__ import annotations

import json
import math
import sys
import time

TOTAL_MIB = 65536


def figures(index: int) -> dict[str, float]:
    """Of one device, now."""
    wave = (1 + math.sin(time.time() / 7 + index)) / 2
    return {
        "watts": 90 + 210 * wave,
        "load": 100 * wave,
        "celsius": 40 + 30 * wave,
        "used": 2048 + 8192 * wave,
        "clock": 600 + 1200 * wave,
    }


def nvidia_smi(name: str, devices: dict[int, dict[str, float]]) -> str:
    """`--query-gpu=… --format=csv`, in the order in which the declaration asks."""
    del name
    head = (
        "index, power.draw [W], temperature.gpu, utilization.gpu [%], memory.used [MiB], "
        "memory.total [MiB], clocks.current.sm [MHz]"
    )
    rows = [
        f"{index}, {now['watts']:.2f} W, {now['celsius']:.0f}, {now['load']:.0f} %, "
        f"{now['used']:.0f} MiB, {TOTAL_MIB} MiB, {now['clock']:.0f} MHz"
        for index, now in devices.items()
    ]
    return "\n".join([head, *rows])


def amd_smi(name: str, devices: dict[int, dict[str, float]]) -> str:
    """`metric … --csv`."""
    del name
    head = (
        "timestamp,gpu,gfx_activity,umc_activity,mm_activity,socket_power,gfx_voltage,soc_voltage,"
        "throttle_status,edge,hotspot,mem,gfx_0_clk,used_vram,total_vram"
    )
    rows = [
        f"{time.time():.0f},{index},{now['load']:.0f},9,N/A,{now['watts']:.0f},N/A,N/A,UNTHROTTLED,N/A,"
        f"{now['celsius']:.0f},{now['celsius']:.0f},{now['clock']:.0f},{now['used']:.0f},{TOTAL_MIB}"
        for index, now in devices.items()
    ]
    return "\n".join([head, *rows])


def npu_smi(name: str, devices: dict[int, dict[str, float]]) -> str:
    """`info`: a framed table of two lines for each device."""
    wide, double = f"+{'-' * 27}+{'-' * 15}+{'-' * 52}+", f"+{'=' * 27}+{'=' * 15}+{'=' * 52}+"
    rows = [
        f"+{'-' * 96}+",
        f"| {'npu-smi 25.5.2':<33}{'Version: 25.5.2':<62}|",
        wide,
        f"| {'NPU   Name':<26}| {'Health':<14}| {'Power(W)    Temp(C)           Hugepages-Usage(page)':<51}|",
        f"| {'Chip':<26}| {'Bus-Id':<14}| {'AICore(%)   Memory-Usage(MB)  HBM-Usage(MB)':<51}|",
        double,
    ]
    for index, now in devices.items():
        figures_of = f"{now['watts']:<12.1f}{now['celsius']:<18.0f}0    / 0"
        memory = f"{now['load']:<12.0f}{'0    / 0':<18}{now['used']:.0f} / {TOTAL_MIB}"
        rows += [
            f"| {index:<6}{name[:19]:<20}| {'OK':<14}| {figures_of:<51}|",
            f"| {0:<26}| {f'0000:{index:02X}:00.0':<14}| {memory:<51}|",
            double,
        ]
    return "\n".join(rows)


def mthreads_gmi(name: str, devices: dict[int, dict[str, float]]) -> str:
    """`--query --json`; the key of the power ends with a space, as the real one's does."""
    cards = [
        {
            "Index": str(index),
            "Product Name": name,
            "FB Memory Usage": {
                "Total": f"{TOTAL_MIB}MiB",
                "Used": f"{now['used']:.0f}MiB",
                "Free": f"{TOTAL_MIB - now['used']:.0f}MiB",
            },
            "Utilization": {"Gpu": f"{now['load']:.0f}%", "Memory": "3%"},
            "Temperature": {"GPU Current Temp": f"{now['celsius']:.0f}C"},
            "Power Readings": {"Power Draw ": f"{now['watts']:.2f}W"},
        }
        for index, now in devices.items()
    ]
    return json.dumps({"Attached GPUs": str(len(cards)), "GPU": cards}, indent=4)


TOOLS = {
    "nvidia-smi": nvidia_smi,
    "amd-smi": amd_smi,
    "npu-smi": npu_smi,
    "mthreads-gmi": mthreads_gmi,
}


def main() -> None:
    """Print one reading."""
    tool, count, name = sys.argv[1:4]
    print(TOOLS[tool](name, {index: figures(index) for index in range(int(count))}))


if __name__ == "__main__":
    main()
