"""The tools whose results are read: how a file of each is recognised, and where its numbers stand."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from suite.base.bilingual import Sentence
from suite.judge.foreign.table import cases

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

Record = dict[str, Any]
"""One load as the tool wrote it: whatever JSON holds, nothing of it trusted."""

Members = tuple[str, ...]
"""Members that lead to a value."""

_SECONDS: Final = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0, "sec": 1.0}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a number stands and what it is.

    Attributes:
        quantity: what it is nearest to; of several places with one quantity the first that holds a number counts.
        path: members that lead to it.
        unit: after scaling.
        scale: what the tool's number is multiplied by.
        said: members that lead to the unit as the file names it, from which the scale then follows; empty for none.
    """

    quantity: str
    path: Members
    unit: str
    scale: float = 1.0
    said: Members = ()


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool.

    Attributes:
        id: for ``--from``.
        title: for people.
        note: what its words mean that another's do not.
        candidates: what may be loads in a file's value, each an object.
        needs: what makes one a load of this tool's: all members of one of these forms, of which its versions have different ones.
        places: where its numbers stand.
        name, model, concurrency, rate: where those may stand, the first that does counts.
    """

    id: str
    title: str
    note: str
    candidates: Callable[[Any], list[Record]]
    needs: Sequence[Sequence[Members]]
    places: Sequence[Place]
    name: Sequence[Members] = ()
    model: Sequence[Members] = ()
    concurrency: Sequence[Members] = ()
    rate: Sequence[Members] = ()

    def lacking(self, record: Record) -> Sequence[Members]:
        """Members that keep a record from being a load of this tool's, by the form that it is nearest to; none for a load."""
        return min(
            ([path for path in form if at(record, path) is None] for form in self.needs), key=len
        )

    def near(self, record: Record) -> bool:
        """Whether a record has any member of a form."""
        return any(at(record, path) is not None for form in self.needs for path in form)


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


def scaled(place: Place, record: Record, value: float) -> float | None:
    """A number of a file in a place's unit; None where the file names a unit that is none of that kind."""
    said = at(record, place.said) if place.said else None
    if said is None:
        return number(value * place.scale)
    if not isinstance(said, str) or said not in _SECONDS:
        return None
    return number(value * _SECONDS[said] / _SECONDS[place.unit])


def first(record: Record, paths: Sequence[Members]) -> object:
    """What stands at the first of some places where anything does; None where nothing does."""
    return next((held for path in paths if (held := at(record, path)) is not None), None)


def _objects(value: object) -> list[Record]:
    """An object, or the objects of a list."""
    return [
        item for item in (value if isinstance(value, list) else [value]) if isinstance(item, dict)
    ]


def _latencies(
    words: Mapping[str, str], kinds: Mapping[str, str], unit_scale: float, form: str
) -> Iterator[Place]:
    """Places of latencies whose member is made of a word and a statistic, in milliseconds."""
    for quantity, word in words.items():
        for kind, statistic in kinds.items():
            member = form.format(word=word, statistic=statistic)
            yield Place(f"{quantity}_{kind}", (member,), "ms", unit_scale)


def _named(quantity: str, unit: str, *members: str) -> Iterator[Place]:
    """Places of a quantity that has another name in other versions of a tool."""
    for member in members:
        yield Place(quantity, (member,), unit)


_KINDS = {"mean": "mean", "p50": "median", "p99": "p99"}
_WORDS = {"ttft": "ttft", "tpot": "tpot", "itl": "itl", "e2e": "e2el"}


def _vllm(value: object) -> list[Record]:
    """SGLang's client writes the same members and others, by rules of its own."""
    return [item for item in _objects(value) if "total_output_tokens_retokenized" not in item]


VLLM: Final = Tool(
    "vllm-bench",
    "vLLM bench",
    Sentence(
        "its ITL is the gap between chunks; percentiles from however few samples; failed requests are left out; "
        "bench latency times whole batches",
        "其 ITL 为数据块之间的间隔；百分位数不论样本多少；不计失败的请求；bench latency 计整批的时间",
    ),
    _vllm,
    (
        (("total_output_tokens",), ("output_throughput",), ("duration",)),
        (("avg_latency",), ("latencies",), ("percentiles",)),
        (("elapsed_time",), ("num_requests",), ("tokens_per_second",)),
    ),
    (
        *_named("completed", "requests", "completed", "num_requests"),
        Place("failed", ("failed",), "requests"),
        *_named("duration", "s", "duration", "elapsed_time"),
        *_named("request_throughput", "requests/s", "request_throughput", "requests_per_second"),
        Place("output_throughput", ("output_throughput",), "tokens/s"),
        *_named("total_throughput", "tokens/s", "total_token_throughput", "tokens_per_second"),
        *_latencies(_WORDS, _KINDS, 1.0, "{statistic}_{word}_ms"),
        Place("e2e_mean", ("avg_latency",), "ms", 1000.0),
        Place("e2e_p50", ("percentiles", "50"), "ms", 1000.0),
        Place("e2e_p99", ("percentiles", "99"), "ms", 1000.0),
    ),
    name=(("label",),),
    model=(("model_id",),),
    concurrency=(("max_concurrency",),),
    rate=(("request_rate",),),
)


def _below(member: str) -> Callable[[object], list[Record]]:
    """The objects in a list below a member."""
    return lambda value: _objects(value.get(member)) if isinstance(value, dict) else []


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
    _below("benchmarks"),
    ((("metrics", "requests_per_second"),),),
    (
        Place("completed", ("metrics", "request_totals", "successful"), "requests"),
        Place("completed", ("request_totals", "successful"), "requests"),
        Place("failed", ("metrics", "request_totals", "errored"), "requests"),
        Place("failed", ("request_totals", "errored"), "requests"),
        Place("request_throughput", _successful("requests_per_second", "mean"), "requests/s"),
        Place("output_throughput", _successful("output_tokens_per_second", "mean"), "tokens/s"),
        Place("total_throughput", _successful("tokens_per_second", "mean"), "tokens/s"),
        *(
            Place(f"{quantity}_{kind}", _successful(metric, word), "ms", scale)
            for quantity, metric, scale in _GUIDELLM_LATENCIES
            for kind, word in _KINDS.items()
        ),
    ),
    name=(("config", "strategy", "type_"), ("args", "strategy", "type_")),
    model=(("config", "backend", "model"), ("worker", "backend_model"), ("args", "model")),
    concurrency=(("config", "strategy", "streams"), ("args", "strategy", "streams")),
    rate=(("config", "strategy", "rate"), ("args", "strategy", "rate")),
)


def _aiperf(value: object) -> list[Record]:
    """A run that was cut short is called so, in the tool's own word."""
    listed = (*_objects(value), *_below("records")(value))
    cut = ("was_cancelled", True), ("is_complete", False)
    return [
        item | {"name": next((name for name, held in cut if item.get(name) is held), "")}
        for item in listed
    ]


AIPERF: Final = Tool(
    "aiperf",
    "AIPerf",
    Sentence(
        "its inter-token latency is (E2E - TTFT) / (n - 1) of each answer",
        "其 token 间延迟为各回答的 (E2E - TTFT) / (n - 1)",
    ),
    _aiperf,
    ((("request_throughput", "avg"), ("request_latency", "avg")),),
    (
        Place("completed", ("request_count", "avg"), "requests"),
        Place("failed", ("error_request_count", "avg"), "requests"),
        Place("duration", ("benchmark_duration", "avg"), "s", said=("benchmark_duration", "unit")),
        Place("request_throughput", ("request_throughput", "avg"), "requests/s"),
        Place("output_throughput", ("output_token_throughput", "avg"), "tokens/s"),
        *(
            Place(f"{quantity}_{kind}", (metric, statistic), "ms", said=(metric, "unit"))
            for quantity, metric in (
                ("ttft", "time_to_first_token"),
                ("tpot", "inter_token_latency"),
                ("e2e", "request_latency"),
            )
            for kind, statistic in (("mean", "avg"), ("p50", "p50"), ("p99", "p99"))
        ),
    ),
    name=(("name",),),
    model=(
        ("input_config", "endpoint", "model_names"),
        ("input_config", "models", "items", "name"),
        ("input_config", "model_names"),
        ("input_config", "model"),
    ),
    concurrency=(
        ("input_config", "loadgen", "concurrency"),
        ("input_config", "perf_analyzer", "stimulus", "concurrency"),
        ("input_config", "concurrency"),
    ),
    rate=(
        ("input_config", "loadgen", "request_rate"),
        ("input_config", "perf_analyzer", "stimulus", "request_rate"),
        ("input_config", "request_rate"),
    ),
)

EVALSCOPE: Final = Tool(
    "evalscope",
    "EvalScope perf",
    Sentence(
        "averages alone; its speed benchmark repeats one prompt",
        "只有平均值；其速度基准重复同一提示词",
    ),
    _objects,
    (
        (("Average latency (s)",), ("Average time to first token (s)",)),
        (("Avg Latency (s)",), ("Success Requests",)),
    ),
    (
        *_named("completed", "requests", "Succeed requests", "Success Requests"),
        *_named("failed", "requests", "Failed requests", "Failed Requests"),
        *_named(
            "duration",
            "s",
            "Time taken for tests (s)",
            "Time taken for tests (senconds)",
            "Test Duration (s)",
        ),
        *_named(
            "request_throughput",
            "requests/s",
            "Request throughput (req/s)",
            "Req Throughput (req/s)",
            "Average QPS",
        ),
        *_named(
            "output_throughput",
            "tokens/s",
            "Output token throughput (tok/s)",
            "Output Throughput (tok/s)",
            "Throughput(average output tokens per second)",
        ),
        *_named(
            "total_throughput",
            "tokens/s",
            "Total token throughput (tok/s)",
            "Total Throughput (tok/s)",
        ),
        Place("ttft_mean", ("Average time to first token (s)",), "ms", 1000.0),
        Place("ttft_mean", ("Avg TTFT (ms)",), "ms"),
        Place("tpot_mean", ("Average time per output token (s)",), "ms", 1000.0),
        Place("tpot_mean", ("Avg TPOT (ms)",), "ms"),
        Place("itl_mean", ("Average inter-token latency (s)",), "ms", 1000.0),
        Place("itl_mean", ("Avg ITL (ms)",), "ms"),
        Place("e2e_mean", ("Average latency (s)",), "ms", 1000.0),
        Place("e2e_mean", ("Avg Latency (s)",), "ms", 1000.0),
    ),
    concurrency=(("Number of concurrency",), ("Concurrency",)),
    rate=(("Request rate (req/s)",), ("Request Rate (req/s)",)),
)

_HARDWARE = ("hw", "hardware", "device")


def _inferencex(value: object) -> list[Record]:
    """Rows as its runs write them and as its site serves them, where the numbers stand below ``metrics``.

    Rows of split prefill and decode that have nothing for each role are of the time when their output was counted for each decoding GPU.
    """
    rows = []
    for item in _objects(value):
        metrics = item.get("metrics")
        row = item | metrics if isinstance(metrics, dict) else item
        split = row.get("disagg") in (True, "true") and "output_tput_per_decode_gpu" not in row
        rows.append(
            {key: held for key, held in row.items() if not (split and key == "output_tput_per_gpu")}
        )
    return rows


INFERENCEX: Final = Tool(
    "inferencex",
    "InferenceX",
    Sentence(
        "throughput is of one GPU, prompt tokens included where it says total; collected without checks, by its own word",
        "吞吐量为单个 GPU 的，称 total 者计入提示 token；据其自述，收集时未经核验",
    ),
    _inferencex,
    tuple((("tput_per_gpu",), ("conc",), (member,)) for member in _HARDWARE),
    (
        Place("total_throughput_per_device", ("tput_per_gpu",), "tokens/s"),
        Place("output_throughput_per_device", ("output_tput_per_gpu",), "tokens/s"),
        *_latencies(_WORDS, _KINDS, 1000.0, "{statistic}_{word}"),
    ),
    name=tuple((member,) for member in _HARDWARE),
    model=(("model",),),
    concurrency=(("conc",),),
)


DB_GPT: Final = Tool(
    "db-gpt",
    "DB-GPT llm_benchmarks",
    Sentence(
        "its speed counts prompt and generated tokens; every request is the same prompt",
        "其速度计入提示与生成的 token；所有请求的提示词相同",
    ),
    cases,
    ((("model_name",), ("test_time_cost_ms",)),),
    (
        Place("completed", ("rows",), "requests"),
        Place("duration", ("test_time_cost_ms",), "s", 0.001),
        Place("total_throughput", ("avg_test_speed_per_second(tokens/s)",), "tokens/s"),
        Place("ttft_mean", ("avg_first_token_latency_ms",), "ms"),
        Place("e2e_mean", ("avg_latency_ms",), "ms"),
    ),
    name=(("name",),),
    model=(("model_name",),),
    concurrency=(("parallel_nums",),),
)

TOOLS: Final = {tool.id: tool for tool in (VLLM, GUIDELLM, AIPERF, EVALSCOPE, INFERENCEX, DB_GPT)}
