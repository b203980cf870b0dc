"""GuideLLM: its JSON report. It keeps no gaps: ITL is each request's mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final, cast

from benchmarks.load.measurement import Seen
from benchmarks.load.peers.peer import MODEL, TOKENIZER, Peer, document, write_prompts
from benchmarks.load.spreads import Latencies, Spread

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from benchmarks.load.case import Load

_REPORT: Final = "guidellm.json"


class GuideLLM(Peer):
    """``guidellm run``."""

    title: ClassVar[str] = "GuideLLM"
    distribution: ClassVar[str] = "guidellm"

    def command(self, load: Load, url: str, folder: Path) -> Sequence[str]:
        """The command for a load; the length of the answers is the server's."""
        prompts = write_prompts(load, folder / "prompts.jsonl", key="prompt")
        profile = f"poisson,rate={load.rate:g}"
        if load.streams:
            profile = f"concurrent,streams={load.streams}"
        options: dict[str, object] = {
            "--backend": f"kind=openai_http,target={url},model={MODEL}",
            "--profile": f"kind={profile}",
            "--constraint": f"kind=max_requests,count={load.requests}",
            "--data": f"kind=json_file,path={prompts}",
            "--tokenizer": f"kind=huggingface_auto,model={TOKENIZER}",
            "--output": f"kind=json,path={folder / _REPORT}",
        }
        parts = [str(part) for pair in options.items() for part in pair]
        return [self.program("guidellm"), "run", *parts, "--disable-console"]

    def parse(self, folder: Path) -> Seen:
        """Per request."""
        benchmarks = cast("list[dict[str, object]]", document(folder / _REPORT)["benchmarks"])
        ended = cast("dict[str, list[dict[str, float]]]", benchmarks[0]["requests"])
        requests = ended["successful"]
        latencies = Latencies(
            [record["time_to_first_token_ms"] for record in requests],
            [record["inter_token_latency_ms"] for record in requests],
            [record["request_latency"] * 1000 for record in requests],
        )
        late = Spread.of([record["request_dispatch_delay"] * 1000 for record in requests])
        return Seen(latencies, len(requests), mean_gaps=True, lateness=late)
