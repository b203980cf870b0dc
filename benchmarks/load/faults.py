"""The fault table: every named fault of the scripted server, and what the client recorded of it.

Over a real socket, on answers short enough for a page: 8 tokens, a millisecond apart, the fault between two
sound requests. Only words are kept that do not depend on the machine: durations are left out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from suite.base import jsonio
from suite.documents.document import given
from suite.measure.engine import sim
from suite.measure.engine.sim_faults import FAULTS
from suite.measure.load.send import run_phase
from suite.measure.load.synthetic import REQUEST, job, phase
from suite.measure.load.target import Target

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suite.documents.event import Request


TIMEOUT_S: Final = 2.0
TOKENS: Final = 8
LAST: Final = ("dies_after", "refuses")
"""After these the server is gone: each gets one of its own."""
_SECONDS: Final = re.compile(r"\b[0-9]+(\.[0-9]+)? s\b")
_BYTES: Final = re.compile(r"[0-9,]{7,} bytes")
_HEAD: Final = "| fault | what the server does | recorded as | in words | chunks kept | the requests before and after |\n|---|---|---|---|---|---|\n"


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of a fault.

    Attributes:
        fault: its name.
        outcome: the outcome code of the request that it hit.
        sentence: the error in words; for a success, what was noticed.
        chunks: content chunks that were kept.
        others: what became of the requests before and after it.
    """

    fault: str
    outcome: str
    sentence: str
    chunks: str
    others: str


def record(faults: Sequence[str]) -> list[Recorded]:
    """Meet faults, one after the other, on one server: a sound request, the fault, a sound request.

    Raises:
        EngineError: the scripted server did not start.
    """
    listed = [
        {"name": fault, "contains": _prompt(fault), "after_chunks": 3, "ms": 0} for fault in faults
    ]
    script = {"ttft_ms": 5, "itl_ms": 1, "tokens": TOKENS, "faults": listed}
    prompts = [text for fault in faults for text in ("before", _prompt(fault), "after")]
    events: dict[int, Request] = {}

    def keep(event: Request) -> None:
        events[event.index] = event

    with sim.start(jsonio.canonical(script).decode()) as server:
        run_phase(
            Target(server.base_url, REQUEST.path, {}, REQUEST),
            [job(index, prompt, TOKENS) for index, prompt in enumerate(prompts)],
            phase=phase("faults", len(prompts), 1, TIMEOUT_S),
            zero_ns=0,
            on_request=keep,
            stop=lambda: False,
            on_progress=lambda _completed, _failed, _in_flight: None,
        )
    return [
        _recorded(fault, [events[3 * position + turn] for turn in range(3)])
        for position, fault in enumerate(faults)
    ]


def _prompt(fault: str) -> str:
    return f"fault {fault}."


def _recorded(fault: str, events: Sequence[Request]) -> Recorded:
    before, hit, after = events
    chunks = 0 if hit.chunk_t0 is None else len(hit.chunk_dt) + 1
    kept = "until the time-out" if hit.outcome == "timeout" else str(chunks)
    # Whether a server that has just ended refuses or resets is a matter of microseconds.
    others = "ok" if before.outcome == after.outcome == "ok" else "the server is gone"
    return Recorded(fault, hit.outcome, _sentence(hit), kept, others)


def table() -> str:
    """The whole table, as Markdown; takes some seconds."""
    records = record([fault for fault in FAULTS if fault not in LAST])
    # Where a sound request failed beside it, the machine was the fault: met again, on a server of its own.
    records = [row if row.others == "ok" else record([row.fault])[0] for row in records]
    for fault in LAST:
        records += record([fault])
    rows = []
    for row in sorted(records, key=lambda row: row.fault):
        what = FAULTS[row.fault]
        cells = (f"`{row.fault}`", what, f"`{row.outcome}`", row.sentence, row.chunks, row.others)
        rows.append("| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |\n")
    return _HEAD + "".join(rows)


def _sentence(event: Request) -> str:
    if event.error:
        return _BYTES.sub("… bytes", _SECONDS.sub("… s", event.error))
    usage = given(event.usage.engine_completion)
    counted = event.chunk_tokens
    if usage is not None and usage != TOKENS:
        return f"usage says {usage} tokens; the rules on token counts see to it"
    if counted and max(counted) > 1:
        return f"{max(counted)} tokens in one chunk, counted as such"
    return ""
