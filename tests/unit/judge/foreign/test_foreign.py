"""Results of other tools, in the forms that those tools write; two of them as the suite itself exports them."""

from __future__ import annotations

import copy
import csv
import itertools
import json
import math

import pytest

from suite.base.errors import EvidenceError, SuiteError, UsageError
from suite.base.language import Language
from suite.cli.main import main
from suite.documents import codec
from suite.judge.compare import many
from suite.judge.compare.formats import html, markdown, text
from suite.judge.compare.formats import json as as_json
from suite.judge.foreign import view
from suite.judge.foreign.read import read
from suite.judge.report.formats import registry
from suite.judge.report.formats.format import Subject
from suite.judge.report.othertools import dbgpt
from suite.judge.report.othertools.loads import loads as loads_of
from suite.judge.score import score
from tests.factories import evidence as factory
from tests.factories import scorecard

AIPERF = {
    "input_config": {"endpoint": {"model_names": ["m"]}, "loadgen": {"concurrency": 8}},
    "request_throughput": {"unit": "requests/sec", "avg": 3.5},
    "output_token_throughput": {"unit": "tokens/sec", "avg": 700.0},
    "time_to_first_token": {"unit": "ms", "avg": 40.0, "p50": 38.0, "p99": 91.0},
    "inter_token_latency": {"unit": "ms", "avg": 9.0, "p50": 9.0, "p99": 12.0},
    "request_latency": {"unit": "ms", "avg": 900.0, "p50": 890.0, "p99": 1400.0},
    "request_count": {"unit": "requests", "avg": 64.0},
}
EVALSCOPE = {
    "Time taken for tests (s)": 5.7,
    "Number of concurrency": 50,
    "Succeed requests": 500,
    "Failed requests": 0,
    "Output token throughput (tok/s)": 8757.5,
    "Average latency (s)": 0.5539,
    "Average time to first token (s)": 0.0641,
}
INFERENCEX = [
    {"hw": "h200", "model": "m", "conc": 4, "tp": 8, "tput_per_gpu": 500.5, "mean_ttft": 0.25},
    {"hw": "h200", "model": "m", "conc": 8, "tp": 8, "tput_per_gpu": 900.0, "mean_ttft": 0.5},
]
# Other versions' forms, of the tools' own sources: vLLM 0.32, GuideLLM 0.2 and 0.8, AIPerf 0.13, GenAI-Perf, EvalScope 0.8 and 1.14.
VLLM_LATENCY = {
    "avg_latency": 1.25,
    "latencies": [1.2, 1.3],
    "percentiles": {"50": 1.25, "99": 1.3},
}
VLLM_THROUGHPUT = {
    "elapsed_time": 19.5,
    "num_requests": 200,
    "total_num_tokens": 83000,
    "requests_per_second": 10.2,
    "tokens_per_second": 4256.4,
}
GUIDELLM_METRICS = {
    "requests_per_second": {"successful": {"mean": 3.2}},
    "request_latency": {"successful": {"mean": 1.9, "median": 1.8, "percentiles": {"p99": 2.5}}},
}
GUIDELLM_OLD = {
    "benchmarks": [
        {
            "args": {"strategy": {"type_": "concurrent", "streams": 8}},
            "worker": {"backend_model": "m"},
            "metrics": GUIDELLM_METRICS,
            "request_totals": {"successful": 31, "errored": 2},
        }
    ]
}
GUIDELLM_NEW = {
    "benchmarks": [
        {
            "config": {
                "strategy": {"type_": "concurrent", "streams": 8},
                "backend": {"model": "m"},
            },
            "metrics": GUIDELLM_METRICS | {"request_totals": {"successful": 31, "errored": 2}},
        }
    ]
}
AIPERF_NEW = AIPERF | {
    "input_config": {"models": {"items": [{"name": "m"}]}},
    "benchmark_duration": {"unit": "ms", "avg": 3030.0},
    "request_latency": {"unit": "sec", "avg": 1.3, "p50": 1.2},
    "is_complete": False,
}
GENAI_PERF = AIPERF | {
    "input_config": {"model_names": ["m"], "perf_analyzer": {"stimulus": {"concurrency": 8}}}
}
EVALSCOPE_OLD = {
    "Time taken for tests (senconds)": 5.7,
    "Number of concurrency": 8,
    "Average QPS": 87.7,
    "Average latency (s)": 0.55,
    "Average time to first token (s)": 0.064,
    "Throughput(average output tokens per second)": 8757.5,
}
EVALSCOPE_NEW = {
    "Test Duration (s)": 84.7,
    "Concurrency": 8,
    "Success Requests": 10,
    "Req Throughput (req/s)": 0.118,
    "Avg Latency (s)": 65.2861,
    "Avg TTFT (ms)": 524.7,
    "Output Throughput (tok/s)": 144.79,
}
INFERENCEX_SITE = [
    {
        "hardware": "b300",
        "model": "m",
        "conc": 8,
        "metrics": {"tput_per_gpu": 5.0, "mean_ttft": 1.5},
    }
]


@pytest.fixture(scope="module")
def subject():
    evidence = factory.evidence()
    return Subject(score(evidence), evidence=evidence)


def written(tmp_path, data, name="r.json"):
    path = tmp_path / name
    path.write_bytes(data if isinstance(data, bytes) else json.dumps(data).encode())
    return path


def held(load):
    return {number.quantity: number.value for number in load.numbers}


@pytest.mark.parametrize("name", ["vllm-bench", "guidellm"])
def test_what_the_suite_exports_is_read_back(subject, tmp_path, name):
    result = read(written(tmp_path, registry.render(name, subject)))
    assert (result.tool, result.standing, result.left_out) == (
        name,
        "foreign",
        0,
    )
    listed = loads_of(subject)
    assert len(result.loads) == len(listed)
    for load, mine in zip(result.loads, listed, strict=True):
        numbers = held(load)
        assert numbers["completed"] == len(mine.answers)
        assert numbers["ttft_mean"] == pytest.approx(sum(mine.ttft_ms) / len(mine.ttft_ms))
        assert numbers["e2e_mean"] == pytest.approx(sum(mine.e2e_ms) / len(mine.e2e_ms))
        rate = mine.totals.generated / mine.totals.seconds
        assert numbers["output_throughput"] == pytest.approx(rate)


def test_db_gpts_csv_is_read_by_case(subject, tmp_path):
    data = registry.render("db-gpt-csv", subject)
    result = read(written(tmp_path, data, "r.csv"))
    assert result.tool == "db-gpt"
    assert sum(held(load)["completed"] for load in result.loads) == len(data.splitlines()) - 1
    header = ",".join(dbgpt.COLUMNS[:-1]).encode()
    with pytest.raises(EvidenceError):
        read(written(tmp_path, header + b"\n1,2\n", "other.csv"))


@pytest.mark.parametrize("cut", [2, 30, 60])
def test_a_table_cut_in_a_row_gives_no_number(subject, tmp_path, cut):
    data = registry.render("db-gpt-csv", subject).rstrip()
    with pytest.raises(EvidenceError) as caught:
        read(written(tmp_path, data[: data.rindex(b"\n") + cut], "r.csv"))
    assert caught.value.code == "foreign-cut"
    assert caught.value.place.line == len(data.splitlines())


def test_a_cell_beyond_what_a_table_has_is_refused(subject, tmp_path):
    """Whatever another part of the process allows a cell to be."""
    limit = csv.field_size_limit(131_072)
    try:
        table = registry.render("db-gpt-csv", subject)
        for data, code in (
            (b"9" * 200_000, "foreign-unknown"),
            (table + b"9" * 200_000 + b"\n", "foreign-cut"),
        ):
            with pytest.raises(EvidenceError) as caught:
                read(written(tmp_path, data, "r.csv"))
            assert caught.value.code == code
    finally:
        csv.field_size_limit(limit)


@pytest.mark.parametrize(
    ("tool", "data", "expected"),
    [
        ("aiperf", AIPERF, {"ttft_p99": 91.0, "tpot_mean": 9.0, "output_throughput": 700.0}),
        ("aiperf", {"records": AIPERF}, {"ttft_p99": 91.0, "completed": 64.0}),
        ("evalscope", EVALSCOPE, {"ttft_mean": 64.1, "e2e_mean": 553.9, "failed": 0.0}),
        ("inferencex", INFERENCEX, {"ttft_mean": 250.0, "total_throughput_per_device": 500.5}),
        ("vllm-bench", VLLM_LATENCY, {"e2e_mean": 1250.0, "e2e_p99": 1300.0}),
        ("vllm-bench", VLLM_THROUGHPUT, {"completed": 200, "total_throughput": 4256.4}),
        ("guidellm", GUIDELLM_OLD, {"completed": 31, "failed": 2, "e2e_p99": 2500.0}),
        ("guidellm", GUIDELLM_NEW, {"completed": 31, "failed": 2, "e2e_p99": 2500.0}),
        ("aiperf", AIPERF_NEW, {"duration": 3.03, "e2e_p50": 1200.0, "ttft_p99": 91.0}),
        ("aiperf", GENAI_PERF, {"completed": 64.0, "ttft_p99": 91.0}),
        ("evalscope", EVALSCOPE_OLD, {"request_throughput": 87.7, "output_throughput": 8757.5}),
        ("evalscope", EVALSCOPE_NEW, {"ttft_mean": 524.7, "e2e_mean": 65286.1, "duration": 84.7}),
        ("inferencex", INFERENCEX_SITE, {"ttft_mean": 1500.0, "total_throughput_per_device": 5.0}),
    ],
)
def test_each_tool_is_told_by_its_file(tmp_path, tool, data, expected):
    result = read(written(tmp_path, data))
    assert result.tool == tool
    numbers = held(result.loads[0])
    assert {name: numbers[name] for name in expected} == pytest.approx(expected)


@pytest.mark.parametrize(
    "data",
    [GUIDELLM_OLD, GUIDELLM_NEW, GENAI_PERF, EVALSCOPE_OLD, EVALSCOPE_NEW, INFERENCEX_SITE],
)
def test_every_version_says_under_which_load(tmp_path, data):
    load = read(written(tmp_path, data)).loads[0]
    assert load.concurrency == 8
    assert load.model == ("" if data in (EVALSCOPE_OLD, EVALSCOPE_NEW) else "m")


def test_a_unit_that_the_file_names_is_believed_or_the_number_left_out(tmp_path):
    """And a run that was cut short is called so."""
    other = AIPERF_NEW | {"time_to_first_token": {"unit": "furlongs", "avg": 40.0}}
    result = read(written(tmp_path, other))
    assert result.left_out == 1
    assert "ttft_mean" not in held(result.loads[0])
    assert result.loads[0].name == "is_complete"


def test_a_latency_of_nothing_is_none(tmp_path):
    """vLLM writes 0 where every answer had one token."""
    one = VLLM_LATENCY | {"mean_tpot_ms": 0.0, "p99_tpot_ms": 0}
    result = read(written(tmp_path, one))
    assert result.left_out == 2
    assert set(held(result.loads[0])) == {"e2e_mean", "e2e_p50", "e2e_p99"}


def test_output_that_was_counted_for_decoding_gpus_alone_is_left_out(tmp_path):
    row = {
        "hw": "gb200",
        "conc": 4,
        "disagg": True,
        "tput_per_gpu": 3.0,
        "output_tput_per_gpu": 2.0,
    }
    known = row | {"output_tput_per_decode_gpu": 4.0}
    loads = read(written(tmp_path, [row, known])).loads
    assert ["output_throughput_per_device" in held(load) for load in loads] == [False, True]


@pytest.mark.parametrize(
    ("tool", "data", "lacking"),
    [
        (None, {"duration": 1, "total_token_throughput": 2}, "total_output_tokens"),
        ("guidellm", {"benchmarks": [{"results": []}]}, "metrics/requests_per_second"),
        ("vllm-bench", {"avg_cold_startup_time": 50.0}, "output_throughput"),
        (None, {"avg_latency": "?", "latencies": [1], "percentiles": {"50": "?"}}, "no number"),
    ],
)
def test_a_refusal_names_what_is_missing(tmp_path, tool, data, lacking):
    with pytest.raises(EvidenceError) as caught:
        read(written(tmp_path, data), tool)
    assert caught.value.code == "foreign-unknown"
    assert lacking in caught.value.render(Language.EN)
    assert "缺少" in caught.value.render(Language.ZH) or lacking == "no number"


def test_another_tools_file_of_the_same_members_is_not_taken_for_vllms(tmp_path):
    """SGLang's client began as vLLM's; its end-to-end latencies have other names."""
    vllm = {"duration": 1.0, "total_output_tokens": 2, "output_throughput": 2.0}
    assert read(written(tmp_path, vllm)).tool == "vllm-bench"
    with pytest.raises(EvidenceError):
        read(written(tmp_path, vllm | {"total_output_tokens_retokenized": 2}))


def test_concurrency_and_model_are_the_tools_words(tmp_path):
    result = read(written(tmp_path, INFERENCEX))
    assert [load.concurrency for load in result.loads] == [4, 8]
    assert {load.model for load in result.loads} == {"m"}
    assert read(written(tmp_path, AIPERF)).loads[0].model == "m"


HOSTILE = [
    b"",
    b"[]",
    b"{}",
    b"\xff\xfe\x00",
    b"[" * 5000,
    b'{"duration": 1, "total_output_tokens": "many", "output_throughput": []}',
    b'{"hw": {}, "tput_per_gpu": "fast"}',
    b'{"benchmarks": {"metrics": 1}}',
    b'{"benchmarks": [{"metrics": {"requests_per_second": 3}}]}',
    b'{"foreign_schema": 9}',
    b"a,b\n1,2\n",
]


@pytest.mark.parametrize("data", HOSTILE)
def test_what_is_no_result_is_refused(tmp_path, data):
    with pytest.raises(EvidenceError) as caught:
        read(written(tmp_path, data))
    assert caught.value.code in ("foreign-unknown", "schema-violation")


ODD = (None, "many", "", [], {}, [[]], -1, 0, True, float("inf"), 10**400)


def spoilt(data):
    """The data with one member less, or with an odd value in its place, for every member however deep."""
    if isinstance(data, list):
        keys = range(min(2, len(data)))
    elif isinstance(data, dict):
        keys = list(data)
    else:
        return
    for key in keys:
        less = copy.copy(data)
        del less[key]
        yield less
        for inner in (*ODD, *spoilt(data[key])):
            other = copy.copy(data)
            other[key] = inner
            yield other


@pytest.mark.parametrize(
    "tool", ["vllm-bench", "guidellm", "aiperf", "evalscope", "inferencex", "db-gpt"]
)
def test_whatever_member_is_missing_or_odd_it_is_read_or_refused(subject, tmp_path, tool):
    """Never a traceback, never a number that the file does not say: a latency below zero, one without an end, a truth value."""
    known = {"aiperf": AIPERF, "evalscope": EVALSCOPE, "inferencex": INFERENCEX}
    count = 0
    if tool == "db-gpt":
        rows = [
            line.split(",")
            for line in registry.render("db-gpt-csv", subject).decode().splitlines()[:2]
        ]
        files = [
            "\n".join(",".join(row[:place] + cell + row[place + 1 :]) for row in rows).encode()
            for place in range(len(rows[0]))
            for cell in ([], [""], ["many"], ["-1"], ["inf"], ["1e999"])
        ]
    else:
        written_by_us = registry.render(tool, subject) if tool not in known else b"{}"
        data = known.get(tool) or json.JSONDecoder().raw_decode(written_by_us.decode())[0]
        if tool == "guidellm":
            data["benchmarks"] = data["benchmarks"][:1]
        files = (json.dumps(item).encode() for item in itertools.islice(spoilt(data), 3000))
    for file in files:
        count += 1
        try:
            result = read(written(tmp_path, file, "r.csv" if tool == "db-gpt" else "r.json"))
        except SuiteError:
            continue
        view.tables([result])
        for load in result.loads:
            assert all(math.isfinite(value) and value >= 0 for value in held(load).values()), file
    assert count > 50


def test_numbers_that_are_none_are_left_out_and_counted(tmp_path):
    bad = EVALSCOPE | {
        "Average latency (s)": "NaN",
        "Failed requests": 1e308 * 10,
        "Succeed requests": True,
    }
    result = read(written(tmp_path, bad))
    assert result.left_out == 3
    assert "e2e_mean" not in held(result.loads[0])


def test_what_was_imported_is_read_again(tmp_path, capsys):
    path, out = written(tmp_path, EVALSCOPE), tmp_path / "out.json"
    assert main(["import", str(path), "--out", str(out)]) == 0
    assert "foreign: unsigned" in capsys.readouterr().out
    assert read(out) == read(path)
    assert main(["import", str(path), "--from", "mlperf"]) == 2
    assert "tool-unknown" in capsys.readouterr().err
    with pytest.raises(UsageError):
        read(path, "mlperf")
    with pytest.raises(EvidenceError):
        read(path, "aiperf")


def test_a_comparison_shows_them_apart_and_judges_without_them(tmp_path):
    card = scorecard.document(scorecard.card())
    entries = [many.Entry("a", card), many.Entry("b", card)]
    hostile = EVALSCOPE | {"Number of concurrency": 3}
    foreign = (read(written(tmp_path, hostile, "<b>x|y.json")), read(written(tmp_path, INFERENCEX)))
    plain, beside = many.compare(entries), many.compare(entries, foreign=foreign)
    for member in ("cards", "pairs", "points", "curves", "correction"):
        assert getattr(plain, member) == getattr(beside, member)
    for module, line in (
        (text, "Results of other tools"),
        (markdown, "## Results of other tools"),
        (html, "Results of other tools"),
    ):
        page = module.FORMAT.render(beside, Language.EN).decode()
        assert line in page
        assert line not in module.FORMAT.render(plain, Language.EN).decode()
        assert "Average time to first token (s)" in " ".join(page.split())
        assert page.index(line) > page.index(card.run.id)
    page = html.FORMAT.render(beside, Language.EN).decode()
    assert "<b>x" not in page
    assert (
        codec.plain(beside.foreign[0])
        == json.loads(as_json.FORMAT.render(beside, Language.EN))["foreign"][0]
    )
