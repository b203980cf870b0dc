"""Traces: the four forms are read to the nanosecond, and whatever is wrong is named with its line."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from suite.base.errors import DataError, SuiteError
from suite.declare.profiles.load import PROFILE_DIRECTORY
from suite.declare.profiles.trace import read_trace
from tests.factories.synthetic_trace import COUNT, MADE_TRACE, made_trace

CASES = Path(__file__).resolve().parents[3] / "cases" / "trace"
MS = 1_000_000


def test_mooncake_lines():
    trace = read_trace(CASES / "mooncake_ok.jsonl")
    assert trace.arrivals_ns == (0, 0, 3000 * MS, 3500 * MS + 500_000)
    assert trace.lengths == ((6758, 500), (7322, 490), (7237, 794), (2290, 316))
    assert trace.name == "mooncake_ok.jsonl"
    assert len(trace.sha256) == 64


def test_azure_rows_keep_seven_decimals():
    trace = read_trace(CASES / "azure_ok.csv")
    assert trace.arrivals_ns == (0, 4_048_120_100, 86_400_000_000_000)
    assert trace.lengths == ((374, 44), (396, 109), (879, 55))


def test_azure_rows_of_the_later_trace_have_a_zone():
    trace = read_trace(CASES / "azure_zone_ok.csv")
    assert trace.arrivals_ns == (0, 71_000_000)


def test_plain_rows_with_and_without_lengths():
    assert read_trace(CASES / "plain_ok.csv").arrivals_ns == (0, 500 * MS, 1_250_000_001)
    assert read_trace(CASES / "plain_ok.csv").lengths == ((10, 20), (30, 40), (50, 0))
    assert read_trace(CASES / "times_ok.csv").lengths is None


FAULTS = {
    "azure_columns_fail.csv": (None, "the header is neither"),
    "azure_time_fail.csv": (3, "is no time of this form"),
    "backwards_fail.jsonl": (2, "earlier than the line before"),
    "bool_fail.jsonl": (1, "timestamp must be milliseconds"),
    "broken_quote_fail.csv": (2, "not a CSV record"),
    "empty_fail.jsonl": (None, "two moments"),
    "fields_fail.csv": (2, "2 fields, the header has 3"),
    "fraction_fail.jsonl": (2, "must be numbers of tokens"),
    "leading_zero_fail.csv": (2, "must be numbers of tokens"),
    "list_fail.jsonl": (1, "no JSON object"),
    "missing_fail.jsonl": (2, "must be numbers of tokens"),
    "name_fail.txt": (None, "neither with .jsonl nor .csv nor .trace.json"),
    "nan_fail.jsonl": (1, ""),
    "negative_fail.csv": (2, "is no time of this form"),
    "one_moment_fail.csv": (None, "two moments"),
    "utf16_fail.csv": (None, "not UTF-8"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_wrong_trace_is_refused_with_file_and_line(name):
    line, message = FAULTS[name]
    with pytest.raises(DataError) as caught:
        read_trace(CASES / name)
    assert caught.value.code == "trace-wrong"
    assert caught.value.place is not None
    assert caught.value.place.file.endswith(name)
    assert caught.value.place.line == line
    assert message in str([caught.value.message, *map(str, caught.value.problems)])


def test_every_fault_has_a_file_and_every_file_a_test():
    files = {path.name for path in CASES.iterdir()}
    assert {name for name in files if "_fail." in name} == set(FAULTS)
    for name in files - set(FAULTS):
        read_trace(CASES / name)


def test_all_wrong_lines_are_counted_and_the_first_are_listed(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("seconds\n" + "x\n" * 50)
    with pytest.raises(DataError) as caught:
        read_trace(path)
    assert caught.value.message.startswith("50 lines")
    assert len(caught.value.problems) == 20


def test_a_missing_trace_is_refused(tmp_path):
    with pytest.raises(DataError) as caught:
        read_trace(tmp_path / "none.csv")
    assert caught.value.code == "file-unreadable"


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6)),
        min_size=2,
        max_size=8,
    )
)
def test_what_was_written_is_read(tmp_path, records):
    records.sort(key=lambda record: record[0])
    members = ("timestamp", "input_length", "output_length")
    lines = [json.dumps(dict(zip(members, record, strict=True))) for record in records]
    path = tmp_path / "t.jsonl"
    path.write_text("\n".join(lines))
    if records[0][0] == records[-1][0]:
        with pytest.raises(DataError):
            read_trace(path)
        return
    trace = read_trace(path)
    assert list(trace.arrivals_ns) == [(r[0] - records[0][0]) * MS for r in records]
    assert list(trace.lengths or ()) == [(r[1], r[2]) for r in records]


@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.sampled_from('0123456789.,:-+TZ \n"{}seond'), max_size=80), st.sampled_from(["csv", "jsonl", "trace.json"]))  # fmt: skip
def test_nothing_but_a_refusal_comes_out(tmp_path, text, ending):
    path = tmp_path / f"t.{ending}"
    heads = {"csv": "TIMESTAMP,ContextTokens,GeneratedTokens\n", "jsonl": "", "trace.json": ""}
    path.write_text(heads[ending] + text)
    with contextlib.suppress(SuiteError):
        read_trace(path)


def test_speed_and_mean_rate():
    trace = read_trace(CASES / "plain_ok.csv")
    assert trace.times(3, 1) == [0, 500 * MS, 1250 * MS]
    assert trace.times(2, 4) == [0, 125 * MS]
    assert trace.rate(2, 1) == 4.0
    assert trace.rate(2, 4) == 16.0


def test_the_shipped_trace_is_what_its_function_makes():
    assert (PROFILE_DIRECTORY / MADE_TRACE).read_bytes() == made_trace()


def test_the_shipped_trace_is_bursty_and_says_that_it_is_made():
    assert "synthetic" in MADE_TRACE
    trace = read_trace(PROFILE_DIRECTORY / MADE_TRACE)
    assert len(trace.arrivals_ns) == COUNT
    gaps = [b - a for a, b in zip(trace.arrivals_ns, trace.arrivals_ns[1:], strict=False)]
    mean = sum(gaps) / len(gaps)
    variation = sum((gap - mean) ** 2 for gap in gaps) / len(gaps) / mean**2
    assert variation > 1.5, "Poisson has 1"
    assert trace.lengths is not None
    assert min(map(min, trace.lengths)) >= 4
    assert max(map(sum, trace.lengths)) <= 1024


def test_another_seed_makes_another_trace():
    assert made_trace(2) != made_trace()
