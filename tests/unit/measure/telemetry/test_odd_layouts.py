"""Each tool's own samples, printed otherwise: a value stays, scales with its unit or goes, and never becomes another."""

import json
import re
import textwrap
from collections import defaultdict

import pytest

from suite.measure.telemetry import TOOLS, parse
from suite.measure.telemetry.layouts.labels import PLACES
from tests.unit.measure.telemetry.test_parsers import SAMPLES, by_device, read, text_of

UNKNOWN = ("N/A", "[Not Supported]", "ERR!", "-", "Unknown", "不支持", "")
NUMBER = re.compile(r"(?<![\w.:\-])(?<!\w, )(?<!\w,   )(?!0x)\d+(?:\.\d+)?(?![\w]*[.:]\w)")
"""A number that is no part of an address, a time, a version or a list of names."""
EVERY = pytest.mark.parametrize("sample", SAMPLES)


def tool_of(sample):
    return sample.partition("/")[0]


def values_of(readings):
    """What was read of each quantity of each device."""
    found = defaultdict(set)
    for reading in readings:
        for name, value in (reading.values | reading.counters).items():
            found[reading.device, name].add(value)
    return found


def hold(sample, text, *, other=()):
    """Nothing is read of a changed output that the sample does not say of the same device, but of other quantities."""
    before, after = values_of(read(sample)), values_of(parse(tool_of(sample), text))
    for (device, name), values in after.items():
        if name in other:
            continue
        assert (device, name) in before, (device, name, values)
        for value in values:
            assert any(value == pytest.approx(old) for old in before[device, name]), (device, name)


def numbers(text):
    return list(NUMBER.finditer(text))


@EVERY
@pytest.mark.parametrize("word", UNKNOWN)
def test_a_value_that_a_device_does_not_know_is_absent(sample, word):
    text = text_of(sample)
    for match in numbers(text):
        if word or tool_of(sample) != "prometheus":  # there a value is never empty
            hold(sample, replaced(text, match, word))


def replaced(text, match, word):
    """The text with a word in a number's place; a longer one takes the spaces behind it, as padded columns do."""
    start, end = match.span()
    spaces = len(text[end:]) - len(text[end:].lstrip(" "))
    taken = min(max(0, len(word) - (end - start)), max(0, spaces - 1))
    return text[:start] + word.ljust(end - start) + text[end + taken :]


def asleep(text, cut):
    """An output in which a card fell asleep: every number behind a place is unknown."""
    return text[:cut] + NUMBER.sub(
        lambda match: "N/A"[: len(match[0])].center(len(match[0])), text[cut:]
    )


@EVERY
def test_cards_that_sleep_take_no_other_card_with_them(sample):
    text = text_of(sample)
    for at in range(0, len(text), max(1, len(text) // 40)):
        hold(sample, asleep(text, at))


UNITS = {
    "power_w": ("W", "Q", "J"),
    "memory_used_bytes": ("MiB", "Qux", "MHz"),
    "temperature_c": ("C", "F", "W"),
    "clock_mhz": ("MHz", "Qux", "MiB"),
}


def in_unit(text, unit, other):
    """The output with another unit: behind numbers, in brackets of a header, and as a member of its own."""
    text = re.sub(rf"(?<=\d)( ?){unit}\b", rf"\g<1>{other}", text)
    text = re.sub(rf"([\[(]){unit}([\])])", rf"\g<1>{other}\g<2>", text)
    return text.replace(f'"{unit}"', f'"{other}"')


@EVERY
@pytest.mark.parametrize("quantity", UNITS)
def test_a_unit_that_is_not_known_or_another_kind_is_not_read_as_the_usual_one(sample, quantity):
    unit, *others = UNITS[quantity]
    text = text_of(sample)
    for other in others:
        changed = in_unit(text, unit, other)
        if changed == text:
            continue
        hold(sample, changed)


@pytest.mark.parametrize(
    ("parser", "text"),
    [
        ("nvidia-smi", "index, power.draw [W], memory.used [MiB]\n0, {} , 5 MiB\n"),
        ("xpu-smi", "Timestamp, DeviceId, GPU Power ({unit})\n1, 0, {number}\n"),
        ("rocm-smi", '{{"card0": {{"Average Graphics Package Power ({unit})": "{number}"}}}}'),
        (
            "amd-smi",
            '[{{"gpu": 0, "power": {{"socket_power": {{"value": {number}, "unit": "{unit}"}}}}}}]',
        ),
        ("mthreads-gmi", '{{"GPU": [{{"Index": "0", "Power Readings": {{"Power Draw": "{}"}}}}]}}'),
    ],
)
@pytest.mark.parametrize(
    ("number", "unit", "watts"),
    [
        ("412000", "mW", 412),
        ("0.412", "kW", 412),
        ("412", "W", 412),
        *(("412", unit, None) for unit in ("dBm", "MiB", "J", "MHz", "C")),
    ],
)
def test_a_unit_that_a_newer_version_changed_counts(parser, text, number, unit, watts):
    there = text.format(f"{number} {unit}", number=number, unit=unit)
    for reading in parse(parser, there) or [None]:
        power = None if reading is None else reading.values.get("power_w")
        assert power == (None if watts is None else pytest.approx(watts))
        assert reading is not None or watts is None


@EVERY
def test_a_column_of_another_name_takes_no_other_with_it(sample):
    text = text_of(sample)
    for layout in TOOLS[tool_of(sample)].layouts:
        for path, label in layout.labels.items():
            name = path.rpartition("/")[2]
            renamed = re.sub(re.escape(name), "x" * len(name), text, flags=re.IGNORECASE)
            if label.role not in PLACES:
                hold(sample, renamed, other={label.role, label.second})  # of the next name for it


def is_header(sample, line):
    """Whether a framed table's line names columns that are read."""
    names = [n for layout in TOOLS[tool_of(sample)].layouts for n in layout.labels]
    return line.startswith("|") and sum(n in line.lower() for n in names) > 1


@EVERY
def test_a_line_that_is_missing_moves_no_value_to_another_device(sample):
    text = text_of(sample).splitlines(keepends=True)
    for place in range(len(text)):
        hold(sample, "".join(text[:place] + text[place + 1 :]))


@EVERY
@pytest.mark.parametrize("width", [60, 80, 100])
def test_wrapped_lines_give_no_wrong_number(sample, width):
    folded = "\n".join(
        "\n".join(textwrap.wrap(line, width, drop_whitespace=False)) or ""
        for line in text_of(sample).splitlines()
    )
    hold(sample, folded)


TABLES = [s for s in SAMPLES if re.search("table|concise|monitor|two-chips|gap", s)]


@pytest.mark.parametrize("sample", TABLES)
def test_a_word_too_long_for_its_column_gives_no_value_to_another(sample):
    lines = text_of(sample).splitlines()
    for place, line in enumerate(lines):
        if not re.search(r"\d", line) or "=" in line or is_header(sample, line):
            continue
        for match in re.finditer(r"[^\s|]+(?=\s)", line):
            for long in ("x" * more for more in (1, 2, 4, 7, 10, 12)):
                pushed = line[: match.end()] + long + line[match.end() :]
                hold(sample, "\n".join([*lines[:place], pushed, *lines[place + 1 :]]))


PREAMBLES = (
    "警告：设备 0 的功耗 0 W\n",
    "Mon Jan 5 10:00:00 2026\nWarning: 3 devices found, 0 in use\n\n",
    "[INFO] {not json} GPU 0: 0 W\n",
    "index 0\n| GPU 0 | 0W |\n",
    "\x1b[33mwarning\x1b[0m: \tuse --json\n",
)


@EVERY
@pytest.mark.parametrize("preamble", PREAMBLES)
def test_what_stands_before_and_behind_is_no_reading(sample, preamble):
    text = text_of(sample)
    before = parse(tool_of(sample), preamble + text)
    # Of an excerpt without its header a framed line before it may be one of another table.
    assert before == read(sample) or (not before and "row" in sample)
    assert by_device(read(sample)) == by_device(parse(tool_of(sample), text + preamble))


def reversed_cells(text):
    """The columns of framed tables and of csv the other way round."""
    lines = text.splitlines()
    if any(line.startswith("|") for line in lines):
        return "\n".join(
            "|" + "|".join(reversed(line.strip("|").split("|"))) + "|"
            if line.startswith("|")
            else line
            for line in lines
        )
    return "\n".join(
        ",".join(reversed(line.split(","))) if line.count(",") > 1 else line for line in lines
    )


ORDERED = [s for s in SAMPLES if "csv" in s or "dump" in s or ("table" in s and "|" in text_of(s))]


@pytest.mark.parametrize(
    "sample", [s for s in ORDERED if reversed_cells(text_of(s)) != text_of(s).rstrip("\n")]
)
def test_columns_in_another_order_say_the_same(sample):
    text = reversed_cells(text_of(sample))
    assert by_device(parse(tool_of(sample), text)) == by_device(read(sample))


def turned(value):
    if isinstance(value, dict):
        return {key: turned(inner) for key, inner in reversed(value.items())}
    return [turned(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("sample", [s for s in SAMPLES if "json" in s])
def test_members_in_another_order_say_the_same(sample):
    text = text_of(sample)
    start = min(text.find(mark) for mark in "[{" if mark in text)
    try:
        document = json.loads(text[start:])
    except ValueError:
        pytest.skip("several documents")
    assert by_device(parse(tool_of(sample), json.dumps(turned(document)))) == by_device(
        read(sample)
    )
