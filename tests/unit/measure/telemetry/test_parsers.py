"""Text in, readings out: what a tool does not know is absent and never 0."""

import json
import math
import os
import re
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from suite.declare.vendor.load import list_vendors, load_vendor
from suite.measure.telemetry import TOOLS, parse
from suite.measure.telemetry.reading import Reading, counter, is_unknown, number

CASES = Path(__file__).resolve().parents[3] / "cases" / "telemetry"
MIB = 2**20
SHARED = os.environ.get("SUITE_SHARED_DATA")


SAMPLES = sorted(path.relative_to(CASES).as_posix() for path in CASES.glob("*/*.txt"))


def text_of(sample):
    return (CASES / sample).read_text()


def read(sample):
    return parse(sample.partition("/")[0], text_of(sample))


def by_device(readings):
    return {reading.device: reading.values for reading in readings}


@pytest.mark.parametrize("sample", SAMPLES)
def test_documented_layouts(sample):
    expected = json.loads((CASES / sample).with_suffix(".json").read_text())
    plain = [
        {"device": reading.device, **({"card": reading.card} if reading.card else {})}
        | {quantity: pytest.approx(value, abs=1e-6) for quantity, value in reading.values.items()}
        for reading in read(sample)
    ]
    assert plain == expected
    assert plain
    assert {quantity for reading in read(sample) for quantity in reading.values} <= set(
        TOOLS[sample.partition("/")[0]].units
    )


COUNTED = {
    "nvidia-smi": (
        (
            "index, power.draw [W], clocks_event_reasons.active, enforced.power.limit [W], pcie.link.gen.current, "
            "pcie.link.width.current, ecc.errors.corrected.volatile.total, ecc.errors.uncorrected.volatile.total\n"
            "0, 650.00 W, 0x0000000000000044, 700.00 W, 5, 16, 12, 0\n"
            "1, 640.00 W, 0x0000000000000000, 500.00 W, 4, 8, [N/A], [N/A]\n"
            "2, 640.00 W, [Not Supported], [N/A], [N/A], [N/A], [N/A], [N/A]\n"
        ),
        [
            {"throttle_mask": 0x44, "power_limit_w": 700, "pcie_generation": 5, "pcie_lanes": 16}
            | {"ecc_corrected": 12, "ecc_uncorrected": 0},
            {"throttle_mask": 0, "power_limit_w": 500, "pcie_generation": 4, "pcie_lanes": 8},
            {},
        ],
    ),
    "nvidia-smi of a driver that speaks of throttling": (
        (
            "index, power.draw [W], clocks_throttle_reasons.sw_power_cap, clocks_throttle_reasons.hw_thermal_slowdown, "
            "clocks_throttle_reasons.sw_thermal_slowdown, clocks_throttle_reasons.hw_slowdown\n"
            "0, 650.00 W, Active, Not Active, Active, Not Active\n"
        ),
        [{"throttle_power": 1, "throttle_heat": 1, "throttle_other": 0}],
    ),
    "amd-smi": (
        (
            '[{"gpu": 0, "power": {"socket_power": {"value": 640, "unit": "W"}, "throttle_status": "N/A"}, '
            '"pcie": {"width": 16, "speed": {"value": 32, "unit": "GT/s"}, "replay_count": 3}, '
            '"ecc": {"total_correctable_count": 2, "total_uncorrectable_count": 0}, '
            '"throttle": {"ppt_violation_status": "ACTIVE", "socket_thermal_violation_status": "NOT ACTIVE", '
            '"hbm_thermal_violation_status": "N/A", "vr_thermal_violation_status": "ACTIVE", "prochot_violation_status": "N/A"}}]'
        ),
        [
            {"pcie_lanes": 16, "pcie_replays": 3, "ecc_corrected": 2, "ecc_uncorrected": 0}
            | {"throttle_power": 1, "throttle_heat": 1}
        ],
    ),
    "prometheus": (
        (
            'DCGM_FI_DEV_POWER_USAGE{gpu="0"} 650\nDCGM_FI_DEV_CLOCKS_EVENT_REASONS{gpu="0"} 4\n'
            'DCGM_FI_DEV_PCIE_REPLAY_COUNTER{gpu="0"} 17\nDCGM_FI_DEV_ECC_DBE_VOL_TOTAL{gpu="0"} 9223372036854775794\n'
        ),
        [{"throttle_mask": 4, "pcie_replays": 17}],
    ),
    "mthreads-gmi": (
        '{"GPU": [{"Index": "0", "Power Readings": {"Power Draw ": "612.50W", "Current Power Limit": "950.00W"}}]}',
        [{"power_limit_w": 950}],
    ),
}


@pytest.mark.parametrize("name", COUNTED)
def test_counters_are_kept_as_they_are_and_unknown_is_absent(name):
    text, expected = COUNTED[name]
    readings = parse(name.partition(" ")[0], text)
    assert [reading.counters for reading in readings] == expected
    assert {key for reading in readings for key in reading.counters} <= set(
        TOOLS[name.partition(" ")[0]].watched
    )


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("", "throttle_heat"),
        ("N/A", "throttle_heat"),
        ("2", "throttle_heat"),
        ("yes", "throttle_power"),
        ("-1", "pcie_lanes"),
        ("16 lanes", "pcie_lanes"),
        ("1e9", "ecc_corrected"),
        ("9" * 40, "ecc_corrected"),
        ("0x" + "f" * 40, "throttle_mask"),
        ("0x", "throttle_mask"),
        ("nan", "power_limit_w"),
        ("0 W", "power_limit_w"),
        ("-5 W", "power_limit_w"),
    ],
)
def test_a_counter_that_makes_no_sense_is_none(text, name):
    assert counter(text, name) is None


def test_the_lanes_of_a_table_are_those_in_use():
    assert counter("8x(16x)", "pcie_lanes") == 8


def test_every_tool_has_samples_and_no_sample_is_of_another():
    assert {sample.partition("/")[0] for sample in SAMPLES} == {
        tool.name for tool in TOOLS.values() if tool.layouts
    }


def test_nvidia_smi_repeats_its_samples():
    text = "index, power.draw [W]\n0, 10.00 W\n0, 12.00 W\nindex, power.draw [W]\n0, 14.00 W\n"
    assert [r.values["power_w"] for r in parse("nvidia-smi", text)] == [10, 12, 14]


@pytest.mark.parametrize(
    "text", ["N/A", "NA", "-", "[N/A]", "", " n/a ", "[Not Supported]", "ERR!"]
)
def test_unknown_is_unknown(text):
    assert is_unknown(text)
    assert number(text, "W") is None


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("512.33 W", "W", 512.33),
        ("512.33", "W", 512.33),
        ("950000mW", "W", 950),
        ("81920MiB", "MiB", 81920 * MIB),
        ("48 GB", "MiB", 48e9),
        ("0%", "%", 0),
        ("61C", "C", 61),
        ("1.83GHz", "MHz", 1830),
        ("512,33 W", "W", 512.33),
        ("1,234 W", "W", None),
        ("1.234 W", "W", None),
        ("81.559MiB", "MiB", None),
        ("0.412 kW", "W", 412),
        ("1234.567 J", "J", 1234.567),
        ("12 parsecs", "W", None),
        ("about 12", "W", None),
        ("nan", "W", None),
    ],
)
def test_numbers_keep_their_units(text, unit, value):
    assert number(text, unit) == (None if value is None else pytest.approx(value))


@pytest.mark.parametrize(
    ("parser", "text"),
    [
        ("rocm-smi", '{"card0": {"Average Graphics Package Power (W)": %s}}'),
        ("amd-smi", '[{"gpu": 0, "power": {"socket_power": {"value": %s, "unit": "W"}}}]'),
    ],
)
def test_a_number_of_a_document_has_no_groups_of_digits(parser, text):
    assert by_device(parse(parser, text % "612.123")) == {"0": {"power_w": 612.123}}
    assert parse(parser, text % '"612.123"') in ([], [Reading("0")])


def test_digits_behind_a_space_are_no_number_of_their_own():
    text = "GPU  POWER  GPU_T\n  0  1 202 W  44 C\n  1    202 W  45 C\n"
    assert by_device(parse("amd-smi", text)) == {
        "0": {"temperature_c": 44},
        "1": {"power_w": 202, "temperature_c": 45},
    }


def test_a_document_behind_many_brackets_is_found():
    noise = "".join(f"[INFO] rank {rank} {{ready}}\n" for rank in range(200))
    text = '[{"gpu": 0, "power": {"socket_power": {"value": 5, "unit": "W"}}}]'
    assert by_device(parse("amd-smi", noise + text)) == {"0": {"power_w": 5}}


@pytest.mark.parametrize(
    ("parser", "text"),
    [
        ("amd-smi", "GPU  XCP  POWER\n  0    0  605 W\n  0    1  612 W\n  1    0  155 W\n"),
        (
            "xpu-smi",
            "DeviceId, TileId, GPU Power (W)\n0, 0, 142\n0, 1, 12\n1, 0, 155\n0, 0, 143\n",
        ),
    ],
)
def test_what_a_part_states_is_not_the_devices(parser, text):
    assert by_device(parse(parser, text)) == {"1": {"power_w": 155}}


def test_what_several_runtimes_use_of_a_core_is_added():
    def runtime(shares, sizes):
        busy = {core: {"neuroncore_utilization": share} for core, share in shares.items()}
        memory = {core: {"tensors": size, "constants": 1} for core, size in sizes.items()}
        usage = {"usage_breakdown": {"neuroncore_memory_usage": memory}}
        return {
            "report": {
                "neuroncore_counters": {"neuroncores_in_use": busy},
                "memory_used": {"neuron_runtime_used_bytes": usage},
            }
        }

    runtimes = [
        runtime({"0": 2.5, "1": 0}, {"0": 60, "1": 0}),
        runtime({"0": 0, "1": 40}, {"0": 0}),
    ]
    found = by_device(
        parse("neuron-monitor", "log line\n" + json.dumps({"neuron_runtime_data": runtimes}))
    )
    # Of core 1 the second runtime does not say what it holds.
    assert found == {
        "0": {"utilisation": 0.025, "memory_used_bytes": 62},
        "1": {"utilisation": 0.4},
    }


def test_impossible_values_are_left_out():
    text = "index, utilization.gpu [%], power.draw [W], temperature.gpu\n0, 4294967295 %, -1.00 W, -5\n"
    assert by_device(parse("nvidia-smi", text)) == {"0": {"temperature_c": -5}}


def numbers_of(text):
    """Every number that stands in a text."""
    found = re.findall(r"\d+(?:\.\d+)?", text) + re.findall(r"\d+,\d{1,2}", text)
    return {float(number.replace(",", ".")) for number in found}


@settings(max_examples=120)
@given(text=st.text(max_size=300), parser=st.sampled_from(sorted(TOOLS)))
def test_no_text_breaks_a_parser(text, parser):
    for reading in parse(parser, text):
        assert all(isinstance(value, int | float) for value in reading.values.values())


@st.composite
def damaged(draw):
    """A sample with a few pieces cut out, repeated, replaced by others or by unknown words, behind some preamble."""
    sample = draw(st.sampled_from(SAMPLES))
    text = text_of(sample)
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, max(len(text) - 1, 0)))
        end = min(len(text), start + draw(st.integers(0, 60)))
        piece = draw(
            st.sampled_from(
                ["", text[start:end] * 2, "N/A", "-", " ", "\n", "|", "{", "\x1b[31m", "°", "功耗"]
            )
        )
        text = text[:start] + piece + text[end:]
    return sample, draw(
        st.sampled_from(["", "WARNING: [x] {\n", "\ufeff", "警告：设备\r\n"])
    ) + text


@settings(max_examples=150, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(damaged())
def test_a_damaged_output_gives_no_number_that_is_not_in_it(case):
    sample, text = case
    there = numbers_of(text)
    factors = (1, 1e-2, 1e-3, 1e-6, 1e3, 2**10, 2**20, 2**30, 1e9)
    for reading in parse(sample.partition("/")[0], text):
        for quantity, value in reading.values.items():
            if "memory" in quantity:
                continue  # sums and differences of what is there
            assert any(
                math.isclose(abs(value), number * factor, rel_tol=1e-6, abs_tol=1e-9)
                for number in there
                for factor in factors
            ), (quantity, value)


@settings(max_examples=60)
@given(cut=st.integers(0, 3000), sample=st.sampled_from(SAMPLES))
def test_a_cut_output_gives_no_wrong_device(cut, sample):
    parser = sample.partition("/")[0]
    whole = {reading.device for reading in read(sample)}
    assert {reading.device for reading in parse(parser, text_of(sample)[:cut])} <= whole


@pytest.mark.parametrize("sample", SAMPLES)
def test_colours_line_ends_and_preambles_change_nothing(sample):
    parser = sample.partition("/")[0]
    text = text_of(sample)
    coloured = text.replace("W ", "W\x1b[0m ") if "|" in text else text
    dressed = "Failed to open /dev/x: retrying [1]\r\n" + coloured.replace("\n", "\r\n")
    if not text.startswith("QID"):
        assert parse(parser, dressed) == read(sample)
    if TOOLS[parser].name != "prometheus":
        assert by_device(parse(parser, text + "\n" + text)) == by_device(read(sample))


def test_every_declared_parser_exists():
    for name in list_vendors():
        for tool in load_vendor(name).doc.telemetry:
            record = TOOLS[tool.parser]
            assert bool(tool.command) == bool(record.command)
            promised = {
                quantity
                for quantity, metric in tool.metrics.items()
                if metric.available in {"always", "sometimes"}
            }
            assert promised <= set(record.units)


@pytest.mark.skipif(not SHARED, reason="SUITE_SHARED_DATA is not set: no captures of real tools")
@pytest.mark.parametrize(
    ("name", "parser", "devices", "quantity"),
    [
        ("amd-smi.monitor.txt", "amd-smi", 8, "power_w"),
        ("cnmon.txt", "cnmon", 2, "power_w"),
        ("efsmi.txt", "efsmi", 2, "memory_total_bytes"),
        ("hl-smi.txt", "hl-smi", 1, "power_w"),
        ("hy-smi.txt", "hy-smi", 8, "power_w"),
        ("ixsmi.txt", "ixsmi", 2, "temperature_c"),
        ("mx-smi.txt", "mx-smi", 2, "power_w"),
        ("neuron-monitor.txt", "neuron-monitor", 2, "utilisation"),
        ("npu-smi.txt", "npu-smi", 3, "power_w"),
        ("npu-smi.910A.txt", "npu-smi", 1, "temperature_c"),
        ("rocm-smi.json.txt", "rocm-smi", 2, "power_w"),
        ("tpu-info.txt", "tpu-info", 4, "utilisation"),
        ("tsm_smi.txt", "tsm_smi", 1, "power_w"),
        ("xpu-smi.intel.txt", "xpu-smi", 2, "power_w"),
        ("xpu-smi.kunlun.txt", "kunlunxin-xpu-smi", 4, "power_w"),
        ("nvidia-smi.inferencex.txt", "nvidia-smi", 1, "power_w"),
        ("mthreads-gmi.query-json.txt", "mthreads-gmi", 2, "power_w"),
        ("mthreads-gmi.txt", "mthreads-gmi", 8, "temperature_c"),
        ("mthreads-gmi.table-abbrev.txt", "mthreads-gmi", 1, "memory_used_bytes"),
    ],
)
def test_captures_of_real_tools(name, parser, devices, quantity):
    path = Path(SHARED) / "reference" / "vendors" / "telemetry" / name
    if not path.is_file():
        pytest.skip(f"{path} is not there")
    readings = parse(parser, path.read_text())
    assert len(readings) == devices
    assert all(quantity in reading.values for reading in readings)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_of_several_power_columns_the_one_that_was_asked_for_is_read(place):
    names = ["power.draw", "power.draw.average", "power.draw.instant"]
    names = names[place:] + names[:place]
    watts = {"power.draw": 500, "power.draw.average": 400, "power.draw.instant": 300}
    header = ", ".join(f"{name} [W]" for name in names)
    row = ", ".join(f"{watts[name]}.00 W" for name in names)
    found = by_device(parse("nvidia-smi", f"index, {header}\n0, {row}\n"))
    assert found["0"] == {"power_w": 500}


def test_of_two_other_power_columns_the_first_is_read_to_the_end():
    head = "index, power.draw.average [W], power.draw.instant [W]\n"
    readings = parse("nvidia-smi", head + "0, 400.00 W, 300.00 W\n0, [N/A], 301.00 W\n")
    assert [reading.values for reading in readings] == [{"power_w": 400}, {}]


CARD = '{"Index": "3", "Utilization": {"Gpu": "5%"}, "Power Readings": {"Power Draw ": "90W"}}'


@pytest.mark.parametrize(
    ("gpu", "devices"),
    [
        (CARD, ["3"]),
        (f'{{"GPU 3": {CARD}}}', ["3"]),
        ('{"0": {"Power Readings": {"Power Draw": "90W"}, "Utilization": {"Gpu": "5%"}}}', ["0"]),
        (f'{{"0": {CARD.replace("3", "0", 1)}, "1": {CARD}}}', ["0", "3"]),
    ],
)
def test_mthreads_cards_may_be_an_object(gpu, devices):
    readings = parse("mthreads-gmi", f'{{"Driver Version": "3.3.5", "GPU": {gpu}}}')
    assert [reading.device for reading in readings] == devices
    assert all(reading.values == {"power_w": 90, "utilisation": 0.05} for reading in readings)


def test_an_mthreads_row_without_load_is_a_card_of_its_own():
    for load in ("N/A  ", "-    ", "     "):
        text = text_of("mthreads-gmi/table.txt").replace("|0%   ", f"|{load}")
        found = by_device(parse("mthreads-gmi", text))
        assert found["0"]["temperature_c"] == 61
        assert found["1"] == {
            "temperature_c": 48,
            "memory_used_bytes": 0,
            "memory_total_bytes": 81920 * MIB,
        }


def test_a_process_that_is_named_like_a_card_is_none():
    table = text_of("mthreads-gmi/table.txt")
    process = "7    4712          x |00000000:18:00.0 |97%   70000MiB(81920MiB)\n"
    assert set(by_device(parse("mthreads-gmi", table + process))) == {"0", "1"}
    text = text_of("mthreads-gmi/text.txt")
    listed = "    Processes\n        GPU7\n        Index : 9\n        Used : 5MiB\nGPU1 0000"
    readings = parse("mthreads-gmi", text.replace("GPU1 0000", listed))
    assert by_device(readings) == by_device(parse("mthreads-gmi", text))


@pytest.mark.parametrize(
    ("parser", "text"),
    [
        ("hl-smi", "0, HL-225, 285, 42, 78, 805306368, 103079215104\n"),
        ("nvidia-smi", "0, NVIDIA A100, 40960, 1234, 39726, 0, 35, 70.5\n"),
        ("hy-smi", '{"card0": {"HCU use (%)": 23%, "Average Graphics Package Power (W)": "41.0" }'),
        ("qaic-util", "QID 0: Status Ready, Board Serial ABC123\n"),
        ("npu-smi", "| 编号  名称 | 健康 | 功耗 |\n+====+====+====+\n| 0 910B | OK | 93.9 |\n"),
    ],
)
def test_what_has_no_header_that_is_known_gives_nothing(parser, text):
    assert parse(parser, text) == []
