"""The engine's own metrics, read from its ``/metrics`` page beside each measured phase: a second witness.

Servers name the same things differently; `NAMES` says which is which. The first reading is taken before the phase
begins and the last when it has ended, so that counters can be subtracted.
"""

from __future__ import annotations

import threading
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Final, Self

from suite.documents.enginesample import EngineSample
from suite.measure.telemetry.layouts.exposition import Metric, metrics

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

INTERVAL_S: Final = 1.0
TIMEOUT_S: Final = 2.0
SETTLE_S: Final = 0.2
"""Between the last answer and the last reading: engines count what they finished a moment later."""
MOST_BYTES: Final = 4_000_000

_TRT_BATCH: Final = "nv_trt_llm_request_metrics"
_TRT_CACHE: Final = "nv_trt_llm_kv_cache_block_metrics"
NAMES: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    ("vllm:num_requests_running", ""): ("running",),
    ("vllm:num_requests_waiting", ""): ("waiting",),
    ("vllm:kv_cache_usage_perc", ""): ("kv_use",),
    ("vllm:gpu_cache_usage_perc", ""): ("kv_use",),
    ("vllm:prefix_cache_hits_total", ""): ("cache_hits",),
    ("vllm:prefix_cache_queries_total", ""): ("cache_queries",),
    ("vllm:gpu_prefix_cache_hits_total", ""): ("cache_hits",),
    ("vllm:gpu_prefix_cache_queries_total", ""): ("cache_queries",),
    ("vllm:num_preemptions_total", ""): ("preemptions",),
    ("vllm:spec_decode_num_draft_tokens_total", ""): ("drafted",),
    ("vllm:spec_decode_num_accepted_tokens_total", ""): ("accepted",),
    ("vllm:prompt_tokens_total", ""): ("prompt_tokens",),
    ("vllm:generation_tokens_total", ""): ("generated_tokens",),
    ("vllm:request_success_total", ""): ("finished",),
    ("sglang:num_running_reqs", ""): ("running",),
    ("sglang:num_queue_reqs", ""): ("waiting",),
    ("sglang:token_usage", ""): ("kv_use",),
    ("sglang:cached_tokens_total", ""): ("cache_hits",),
    ("sglang:prompt_tokens_total", ""): ("prompt_tokens", "cache_queries"),
    ("sglang:generation_tokens_total", ""): ("generated_tokens",),
    ("sglang:num_requests_total", ""): ("finished",),
    ("tgi_batch_current_size", ""): ("running",),
    ("tgi_queue_size", ""): ("waiting",),
    ("tgi_request_input_length_sum", ""): ("prompt_tokens",),
    ("tgi_request_generated_tokens_sum", ""): ("generated_tokens",),
    ("tgi_request_success", ""): ("finished",),
    ("tgi_request_success_total", ""): ("finished",),
    (_TRT_BATCH, "active"): ("running",),
    ("nv_inference_pending_request_count", ""): ("waiting",),
    (_TRT_CACHE, "fraction"): ("kv_use",),
    ("llamacpp:requests_processing", ""): ("running",),
    ("llamacpp:requests_deferred", ""): ("waiting",),
    ("llamacpp:kv_cache_usage_ratio", ""): ("kv_use",),
    ("llamacpp:prompt_tokens_total", ""): ("prompt_tokens",),
    ("llamacpp:tokens_predicted_total", ""): ("generated_tokens",),
}
"""What vLLM, SGLang, TGI, Triton with TensorRT-LLM and llama.cpp call each member of a sample; with the label that tells apart
the values of one name, where it has several meanings."""
_PARTS: Final = {_TRT_BATCH: "request_type", _TRT_CACHE: "kv_cache_block_type"}
_FIRST: Final = tuple({name for name, _ in NAMES})


def uniform(text: str) -> dict[str, float]:
    """The members of a sample that a page tells."""
    # Looked at before they are parsed: a page has thousands of lines, and the client's clock runs beside this.
    page = "\n".join(line for line in text.splitlines() if line.startswith(_FIRST))
    members: dict[str, float] = {}
    for metric in metrics(page):
        for member in NAMES.get((metric.name, _part(metric)), ()):
            if metric.value < 0 or (member == "kv_use" and metric.value > 1):
                continue
            before = members.get(member, 0.0)
            add = member != "kv_use"
            members[member] = before + metric.value if add else max(before, metric.value)
    return members


def _part(metric: Metric) -> str:
    label = _PARTS.get(metric.name)
    return metric.labels.get(label, "") if label else ""


class EnginePage:
    """Reads a server's page while the block runs.

    Args:
        base_url: of the server; "" or one that is no address reads nothing.
        headers: header fields of every request, such as an API key.
        phase: name of the phase, as ``name/repeat``.
        zero_ns: reading of the monotonic clock that counts as 0.
    """

    def __init__(self, base_url: str, headers: Mapping[str, str], phase: str, zero_ns: int) -> None:
        there = base_url.startswith(("http://", "https://"))
        self._address = f"{base_url.rstrip('/')}/metrics" if there else ""
        self._headers = dict(headers)
        self._phase = phase
        self._zero_ns = zero_ns
        self._samples: list[EngineSample] = []
        self._done = threading.Event()
        self._thread: threading.Thread | None = None
        # A variable that names a proxy is not meant for the engine.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def __enter__(self) -> Self:
        """Take the first reading; where the server has no page that is understood nothing more is asked."""
        if self._address and self._read():
            self._thread = threading.Thread(target=self._follow, name="engine-page", daemon=True)
            self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take the last reading and stop."""
        self._done.set()
        if self._thread is not None:
            self._thread.join(2 * TIMEOUT_S)
            if error is None:
                time.sleep(SETTLE_S)
                self._read()

    def samples(self) -> list[EngineSample]:
        """Every sample so far, in order of time."""
        return list(self._samples)

    def _follow(self) -> None:
        while not self._done.wait(INTERVAL_S):
            self._read()

    def _read(self) -> bool:
        request = urllib.request.Request(self._address, headers=self._headers)  # noqa: S310  # checked above
        before = time.monotonic_ns()
        try:
            with self._opener.open(request, timeout=TIMEOUT_S) as answer:
                text = answer.read(MOST_BYTES).decode(errors="replace")
        except (OSError, ValueError, urllib.error.URLError):
            return False
        moment = (before + time.monotonic_ns()) // 2 - self._zero_ns
        members = uniform(text)
        if members:
            self._samples.append(EngineSample(t=moment, phase=self._phase, **members))
        return bool(members)
