"""The tools whose results are read: how a file of each is recognised, and where its numbers stand."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from suite.base.bilingual import Sentence
from suite.judge.report.othertools import dbgpt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

Record = dict[str, Any]
"""One load as the tool wrote it: whatever JSON holds, nothing of it trusted."""


class CutRowError(ValueError):
    """A row of a table that ends in the middle, its last number too perhaps; its line is the argument."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a number stands and what it is.

    Attributes:
        quantity: what it is nearest to.
        path: members that lead to it.
        unit: after scaling.
        scale: what the tool's number is multiplied by.
    """

    quantity: str
    path: tuple[str, ...]
    unit: str
    scale: float = 1.0


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool.

    Attributes:
        id: for ``--from``.
        title: for people.
        note: what its words mean that another's do not.
        loads: the loads in a file's value: a list of records; empty where the file is not this tool's.
        places: where its numbers stand.
        name, model, concurrency, rate: members that lead to those; empty for none.
    """

    id: str
    title: str
    note: str
    loads: Callable[[Any], list[Record]]
    places: Sequence[Place]
    name: tuple[str, ...] = ()
    model: tuple[str, ...] = ()
    concurrency: tuple[str, ...] = ()
    rate: tuple[str, ...] = ()


def at(value: object, path: Sequence[str]) -> object:
    """What stands below members of objects; the first of a list; None where nothing does."""
    for member in path:
        if isinstance(value, list):
            value = value[0] if value else None
        if not isinstance(value, dict):
            return None
        value = value.get(member)
    if isinstance(value, list):
        return value[0] if value else None
    return value


def number(value: object) -> float | None:
    """A finite number from zero up, also as text; None for anything else, such as the -1 by which a tool says that it has none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        result = float(value)
    except (ValueError, OverflowError):
        return None
    return result if math.isfinite(result) and result >= 0 else None


def _records(value: object, required: Sequence[Sequence[str]]) -> list[Record]:
    """An object, or the objects of a list, that have all of some members."""
    listed = value if isinstance(value, list) else [value]
    records = [item for item in listed if isinstance(item, dict)]
    return [item for item in records if all(at(item, path) is not None for path in required)]


def _latencies(
    words: Mapping[str, str], kinds: Mapping[str, str], unit_scale: float, form: str
) -> Iterator[Place]:
    """Places of latencies whose member is made of a word and a statistic, in milliseconds."""
    for quantity, word in words.items():
        for kind, statistic in kinds.items():
            member = form.format(word=word, statistic=statistic)
            yield Place(f"{quantity}_{kind}", (member,), "ms", unit_scale)


_KINDS = {"mean": "mean", "p50": "median", "p99": "p99"}
_WORDS = {"ttft": "ttft", "tpot": "tpot", "itl": "itl", "e2e": "e2el"}

VLLM: Final = Tool(
    "vllm-bench",
    "vLLM bench serve",
    Sentence(
        "its ITL is the gap between chunks; percentiles from however few samples; failed requests are left out",
        "其 ITL 为数据块之间的间隔；百分位数不论样本多少；不计失败的请求",
    ),
    lambda value: _records(
        value, [("total_output_tokens",), ("output_throughput",), ("duration",)]
    ),
    (
        Place("completed", ("completed",), "requests"),
        Place("failed", ("failed",), "requests"),
        Place("duration", ("duration",), "s"),
        Place("request_throughput", ("request_throughput",), "requests/s"),
        Place("output_throughput", ("output_throughput",), "tokens/s"),
        Place("total_throughput", ("total_token_throughput",), "tokens/s"),
        *_latencies(_WORDS, _KINDS, 1.0, "{statistic}_{word}_ms"),
    ),
    name=("label",),
    model=("model_id",),
    concurrency=("max_concurrency",),
    rate=("request_rate",),
)


def _guidellm(value: object) -> list[Record]:
    return _records(at_list(value, "benchmarks"), [("metrics", "requests_per_second")])


def at_list(value: object, member: str) -> object:
    """A member of an object as it is; None where there is none."""
    return value.get(member) if isinstance(value, dict) else None


def _successful(metric: str, kind: str) -> tuple[str, ...]:
    inner = ("percentiles", "p99") if kind == "p99" else (kind,)
    return ("metrics", metric, "successful", *inner)


_GUIDELLM_LATENCIES = (
    ("ttft", "time_to_first_token_ms", 1.0),
    ("tpot", "time_per_output_token_ms", 1.0),
    ("itl", "inter_token_latency_ms", 1.0),
    ("e2e", "request_latency", 1000.0),
)
GUIDELLM: Final = Tool(
    "guidellm",
    "GuideLLM",
    Sentence(
        "its TPOT counts the first token's wait; its ITL is what others call TPOT",
        "其 TPOT 计入首个 token 的等待；其 ITL 即他处所称的 TPOT",
    ),
    _guidellm,
    (
        Place("completed", ("metrics", "request_totals", "successful"), "requests"),
        Place("failed", ("metrics", "request_totals", "errored"), "requests"),
        Place("request_throughput", _successful("requests_per_second", "mean"), "requests/s"),
        Place("output_throughput", _successful("output_tokens_per_second", "mean"), "tokens/s"),
        Place("total_throughput", _successful("tokens_per_second", "mean"), "tokens/s"),
        *(
            Place(f"{quantity}_{kind}", _successful(metric, word), "ms", scale)
            for quantity, metric, scale in _GUIDELLM_LATENCIES
            for kind, word in _KINDS.items()
        ),
    ),
    name=("config", "strategy", "type_"),
    model=("args", "model"),
    concurrency=("config", "strategy", "streams"),
    rate=("config", "strategy", "rate"),
)


def _aiperf(value: object) -> list[Record]:
    listed = _records(value, [("request_throughput", "avg"), ("request_latency", "avg")])
    return listed or _records(
        at_list(value, "records"), [("request_throughput", "avg"), ("request_latency", "avg")]
    )


AIPERF: Final = Tool(
    "aiperf",
    "AIPerf",
    Sentence(
        "its inter-token latency is (E2E - TTFT) / (n - 1) of each answer",
        "其 token 间延迟为各回答的 (E2E - TTFT) / (n - 1)",
    ),
    _aiperf,
    (
        Place("completed", ("request_count", "avg"), "requests"),
        Place("failed", ("error_request_count", "avg"), "requests"),
        Place("duration", ("benchmark_duration", "avg"), "s"),
        Place("request_throughput", ("request_throughput", "avg"), "requests/s"),
        Place("output_throughput", ("output_token_throughput", "avg"), "tokens/s"),
        *(
            Place(f"{quantity}_{kind}", (metric, statistic), "ms")
            for quantity, metric in (
                ("ttft", "time_to_first_token"),
                ("tpot", "inter_token_latency"),
                ("e2e", "request_latency"),
            )
            for kind, statistic in (("mean", "avg"), ("p50", "p50"), ("p99", "p99"))
        ),
    ),
    model=("input_config", "endpoint", "model_names"),
    concurrency=("input_config", "loadgen", "concurrency"),
    rate=("input_config", "loadgen", "request_rate"),
)

EVALSCOPE: Final = Tool(
    "evalscope",
    "EvalScope perf",
    Sentence(
        "averages alone; its speed benchmark repeats one prompt",
        "只有平均值；其速度基准重复同一提示词",
    ),
    lambda value: _records(value, [("Average latency (s)",), ("Average time to first token (s)",)]),
    (
        Place("completed", ("Succeed requests",), "requests"),
        Place("failed", ("Failed requests",), "requests"),
        Place("duration", ("Time taken for tests (s)",), "s"),
        Place("request_throughput", ("Request throughput (req/s)",), "requests/s"),
        Place("output_throughput", ("Output token throughput (tok/s)",), "tokens/s"),
        Place("total_throughput", ("Total token throughput (tok/s)",), "tokens/s"),
        Place("ttft_mean", ("Average time to first token (s)",), "ms", 1000.0),
        Place("tpot_mean", ("Average time per output token (s)",), "ms", 1000.0),
        Place("itl_mean", ("Average inter-token latency (s)",), "ms", 1000.0),
        Place("e2e_mean", ("Average latency (s)",), "ms", 1000.0),
    ),
    concurrency=("Number of concurrency",),
    rate=("Request rate (req/s)",),
)

INFERENCEX: Final = Tool(
    "inferencex",
    "InferenceX",
    Sentence(
        "throughput is of one GPU, prompt tokens included where it says total; collected without checks, by its own word",
        "吞吐量为单个 GPU 的，称 total 者计入提示 token；据其自述，收集时未经核验",
    ),
    lambda value: _records(value, [("tput_per_gpu",), ("hw",)]),
    (
        Place("total_throughput_per_device", ("tput_per_gpu",), "tokens/s"),
        Place("output_throughput_per_device", ("output_tput_per_gpu",), "tokens/s"),
        *_latencies(_WORDS, _KINDS, 1000.0, "{statistic}_{word}"),
    ),
    name=("hw",),
    model=("model",),
    concurrency=("conc",),
)


def _dbgpt(value: object) -> list[Record]:
    """The first row of each case: every row of a case repeats its aggregates.

    Raises:
        CutRowError: a row has more or fewer cells than the header.
    """
    if not isinstance(value, str):
        return []
    reader = csv.DictReader(io.StringIO(value))
    try:
        if tuple(reader.fieldnames or ()) != dbgpt.COLUMNS:
            return []
    except csv.Error:  # a cell beyond what the reader takes: no table of this tool's
        return []
    cases: dict[tuple[object, ...], Record] = {}
    for row in _whole_rows(reader):
        case = tuple(row[name] for name in dbgpt.COLUMNS[:11])
        held = cases.setdefault(case, {**row, "rows": 0})
        held["rows"] += 1
    return [
        {**held, "name": f"{held['input_length']} + {held['output_length']} tokens"}
        for held in cases.values()
    ]


def _whole_rows(reader: csv.DictReader[str]) -> Iterator[dict[str, str]]:
    try:
        for row in reader:
            if None in row or None in row.values():
                raise CutRowError(reader.line_num)
            yield row
    except csv.Error as cause:
        raise CutRowError(reader.line_num) from cause


DB_GPT: Final = Tool(
    "db-gpt",
    "DB-GPT llm_benchmarks",
    Sentence(
        "its speed counts prompt and generated tokens; every request is the same prompt",
        "其速度计入提示与生成的 token；所有请求的提示词相同",
    ),
    _dbgpt,
    (
        Place("completed", ("rows",), "requests"),
        Place("duration", ("test_time_cost_ms",), "s", 0.001),
        Place("total_throughput", ("avg_test_speed_per_second(tokens/s)",), "tokens/s"),
        Place("ttft_mean", ("avg_first_token_latency_ms",), "ms"),
        Place("e2e_mean", ("avg_latency_ms",), "ms"),
    ),
    name=("name",),
    model=("model_name",),
    concurrency=("parallel_nums",),
)

TOOLS: Final = {tool.id: tool for tool in (VLLM, GUIDELLM, AIPERF, EVALSCOPE, INFERENCEX, DB_GPT)}
