"""EvalScope perf: its SQLite database, one row per request."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from typing import TYPE_CHECKING, ClassVar, Final, cast

from benchmarks.load.measurement import Seen
from benchmarks.load.peers.peer import MODEL, TOKENIZER, Peer, write_prompts
from benchmarks.load.spreads import Latencies

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from benchmarks.load.case import Load

_FOLDER: Final = "evalscope"
_QUERY: Final = """\
SELECT first_chunk_latency, latency, inter_token_latencies FROM result WHERE success = 1 ORDER BY start_time
"""


class EvalScope(Peer):
    """``evalscope perf``."""

    title: ClassVar[str] = "EvalScope perf"
    distribution: ClassVar[str] = "evalscope"

    def command(self, load: Load, url: str, folder: Path) -> Sequence[str]:
        """The command for a load."""
        prompts = write_prompts(load, folder / "prompts.txt", key=None)
        pace = ["--open-loop", "--rate", f"{load.rate:g}"]
        if load.streams:
            pace = ["--parallel", str(load.streams)]
        options: dict[str, object] = {
            "--model": MODEL,
            "--url": f"{url}/v1/chat/completions",
            "--api": "openai",
            "--number": load.requests,
            "--dataset": "line_by_line",
            "--dataset-path": prompts,
            "--max-tokens": load.tokens,
            "--min-tokens": load.tokens,
            "--tokenizer-path": TOKENIZER,
            "--outputs-dir": folder / _FOLDER,
            "--sleep-interval": 0,
        }
        parts = [str(part) for pair in options.items() for part in pair]
        flags = ["--stream", "--no-test-connection", "--no-timestamp"]
        return [self.program("evalscope"), "perf", *parts, *pace, *flags]

    def parse(self, folder: Path) -> Seen:
        """Per request."""
        databases = sorted((folder / _FOLDER).rglob("benchmark_data.db"))
        if not databases:
            raise ValueError("there is no benchmark_data.db")
        try:
            with contextlib.closing(
                sqlite3.connect(f"file:{databases[0]}?mode=ro", uri=True)
            ) as database:
                rows = cast("list[tuple[float, float, str]]", database.execute(_QUERY).fetchall())
        except sqlite3.Error as cause:
            raise ValueError(str(cause)) from cause
        latencies = Latencies()
        for first, whole, gaps in rows:
            latencies.ttft.append(first * 1000)
            latencies.e2e.append(whole * 1000)
            latencies.itl.extend(gap * 1000 for gap in cast("list[float]", json.loads(gaps)))
        return Seen(latencies, len(latencies.ttft))
