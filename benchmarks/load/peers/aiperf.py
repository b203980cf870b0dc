"""AIPerf: its records, one JSON line per request."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, ClassVar, Final, cast

from benchmarks.load.measurement import Seen
from benchmarks.load.peers.peer import MODEL, TOKENIZER, Peer, write_prompts
from benchmarks.load.spreads import Latencies

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from benchmarks.load.case import Load

_FOLDER: Final = "aiperf"


class AIPerf(Peer):
    """``aiperf profile``."""

    title: ClassVar[str] = "AIPerf"
    distribution: ClassVar[str] = "aiperf"

    def command(self, load: Load, url: str, folder: Path) -> Sequence[str]:
        """The command for a load."""
        prompts = write_prompts(load, folder / "prompts.jsonl", key="text")
        pace = ["--request-rate", f"{load.rate:g}", "--arrival-pattern", "poisson"]
        if load.streams:
            pace = ["--concurrency", str(load.streams)]
        options: dict[str, object] = {
            "--model": MODEL,
            "--url": url,
            "--endpoint-type": "chat",
            "--request-count": load.requests,
            "--input-file": prompts,
            "--custom-dataset-type": "single_turn",
            "--tokenizer": TOKENIZER,
            "--output-artifact-dir": folder / _FOLDER,
            "--ui": "none",
        }
        parts = [str(part) for pair in options.items() for part in pair]
        limits = [
            "--extra-inputs",
            f"max_tokens:{load.tokens}",
            "--extra-inputs",
            "ignore_eos:true",
        ]
        flags = ["--streaming", "--no-gpu-telemetry", "--no-server-metrics"]
        return [self.program("aiperf"), "profile", *parts, *pace, *limits, *flags]

    def environment(self, folder: Path) -> Mapping[str, str]:
        """The whole environment of the command: offline it takes no tokenizer from a directory."""
        offline = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_DATASETS_OFFLINE")
        every = Peer.environment(self, folder)
        return {name: value for name, value in every.items() if name not in offline}

    def parse(self, folder: Path) -> Seen:
        """Per request."""
        latencies = Latencies()
        path = folder / _FOLDER / "profile_export.jsonl"
        for line in path.read_bytes().splitlines():
            record = cast("dict[str, dict[str, dict[str, object]]]", json.loads(line))
            metrics = record["metrics"]
            if "time_to_first_token" not in metrics:
                continue  # a request that failed
            latencies.ttft.append(cast("float", metrics["time_to_first_token"]["value"]))
            latencies.e2e.append(cast("float", metrics["request_latency"]["value"]))
            latencies.itl.extend(cast("list[float]", metrics["inter_chunk_latency"]["value"]))
        return Seen(latencies, len(latencies.ttft))
