"""Text in, readings out: what a tool does not know is absent and never 0."""

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suite.declare.vendor.load import list_vendors, load_vendor
from suite.measure.telemetry import TOOLS, parse
from suite.measure.telemetry.reading import is_unknown, number

CASES = Path(__file__).resolve().parents[3] / "cases" / "telemetry"
MIB = 2**20
SHARED = os.environ.get("SUITE_SHARED_DATA")


def read(name, parser):
    return parse(parser, (CASES / name).read_text())


def by_device(readings):
    return {reading.device: reading.values for reading in readings}


def test_nvidia_smi():
    found = by_device(read("nvidia-smi.csv.txt", "nvidia-smi"))
    assert found["0"] == {
        "power_w": 512.33,
        "temperature_c": 61,
        "utilisation": 0.98,
        "memory_used_bytes": 70112 * MIB,
        "memory_total_bytes": 81559 * MIB,
        "clock_mhz": 1830,
    }
    assert "power_w" not in found["1"]
    assert found["1"]["utilisation"] == 0
    assert found["2"] == {}
    assert "3" not in found, "a cut line is left out"


def test_nvidia_smi_repeats_its_samples():
    text = "index, power.draw [W]\n0, 10.00 W\n0, 12.00 W\nindex, power.draw [W]\n0, 14.00 W\n"
    assert [r.values["power_w"] for r in parse("nvidia-smi", text)] == [10, 12, 14]


def test_mthreads_json():
    found = by_device(read("mthreads-gmi.json.txt", "mthreads-gmi"))
    assert found["0"] == {
        "power_w": 612.5,
        "temperature_c": 61,
        "utilisation": 0.97,
        "memory_used_bytes": 70000 * MIB,
        "memory_total_bytes": 81920 * MIB,
    }
    assert found["1"] == {"memory_total_bytes": 81920 * MIB}
    assert found["2"] == {"power_w": 0}


def test_mthreads_text():
    found = by_device(read("mthreads-gmi.text.txt", "mthreads-gmi"))
    assert found["0"] == {
        "power_w": 109.51,
        "temperature_c": 45,
        "utilisation": 0.12,
        "memory_used_bytes": 1024 * MIB,
        "memory_total_bytes": 49152 * MIB,
    }
    assert found["1"] == {"memory_total_bytes": 49152 * MIB}


def test_mthreads_table_has_no_power():
    found = by_device(read("mthreads-gmi.table.txt", "mthreads-gmi"))
    assert set(found) == {"0", "1"}, "a process is not a card"
    assert found["0"] == {
        "temperature_c": 61,
        "utilisation": 0.97,
        "memory_used_bytes": 70000 * MIB,
        "memory_total_bytes": 81920 * MIB,
    }


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
        ("12 parsecs", "W", None),
        ("about 12", "W", None),
        ("nan", "W", None),
    ],
)
def test_numbers_keep_their_units(text, unit, value):
    assert number(text, unit) == (None if value is None else pytest.approx(value))


def test_impossible_values_are_left_out():
    text = "index, utilization.gpu [%], power.draw [W], temperature.gpu\n0, 4294967295 %, -1.00 W, -5\n"
    assert by_device(parse("nvidia-smi", text)) == {"0": {"temperature_c": -5}}


@settings(max_examples=150)
@given(text=st.text(max_size=300), parser=st.sampled_from(sorted(TOOLS)))
def test_no_text_breaks_a_parser(text, parser):
    for reading in parse(parser, text):
        assert all(isinstance(value, int | float) for value in reading.values.values())


@settings(max_examples=40)
@given(cut=st.integers(0, 900), name=st.sampled_from(sorted(p.name for p in CASES.iterdir())))
def test_a_cut_output_gives_no_wrong_device(cut, name):
    (parser,) = (tool.name for tool in TOOLS.values() if tool.sample == name)
    whole = {reading.device for reading in read(name, parser)}
    some = {reading.device for reading in parse(parser, (CASES / name).read_text()[:cut])}
    assert some <= whole


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


def test_every_tool_reads_its_own_sample():
    for tool in TOOLS.values():
        if tool.parse is not None:
            readings = tool.parse((CASES / tool.sample).read_text())
            seen = {quantity for reading in readings for quantity in reading.values}
            assert seen
            assert seen <= set(tool.units)


@pytest.mark.skipif(not SHARED, reason="SUITE_SHARED_DATA is not set: no captures of real tools")
@pytest.mark.parametrize(
    ("name", "parser", "devices", "quantity"),
    [
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
        text = (CASES / "mthreads-gmi.table.txt").read_text().replace("|0%   ", f"|{load}")
        found = by_device(parse("mthreads-gmi", text))
        assert found["0"]["temperature_c"] == 61
        assert found["1"] == {
            "temperature_c": 48,
            "memory_used_bytes": 0,
            "memory_total_bytes": 81920 * MIB,
        }


def test_a_process_that_is_named_like_a_card_is_none():
    table = (CASES / "mthreads-gmi.table.txt").read_text()
    process = "7    4712          x |00000000:18:00.0 |97%   70000MiB(81920MiB)\n"
    assert set(by_device(parse("mthreads-gmi", table + process))) == {"0", "1"}
    text = (CASES / "mthreads-gmi.text.txt").read_text()
    listed = "    Processes\n        GPU7\n        Index : 9\n        Used : 5MiB\nGPU1 0000"
    readings = parse("mthreads-gmi", text.replace("GPU1 0000", listed))
    assert by_device(readings) == by_device(parse("mthreads-gmi", text))
