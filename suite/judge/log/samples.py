"""One phase's requests as the metrics see them: which ones count, their times and their token counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from msgspec.structs import astuple

from suite.base.statistics import percentile
from suite.declare.scenarios.phase import is_search, kind
from suite.documents.document import given
from suite.judge.log import due
from suite.judge.log.chunks import chunks_of
from suite.judge.log.due import is_answer
from suite.judge.log.endings import over_saturated, problem
from suite.judge.log.phases import phase_logs

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from suite.documents.event import Request
    from suite.documents.phase import Phase, ScenarioKind
    from suite.documents.workload import Objectives
    from suite.evidence import Evidence
    from suite.judge.log.chunks import Chunks
    from suite.judge.log.phases import PhaseLog

MS = 1e-6
"""Nanoseconds to milliseconds."""
NS_PER_S = 1e9
NO_SOURCE = "none"
"""What `token_source` says when no source counted every answer."""
CLOSED_LOOP = "closed loop: a request is due when it is sent"
NO_COUNT = "no source counted the generated tokens of every answer"
NO_PROMPT_COUNT = "no source counted the prompt tokens of every request"
NO_OBJECTIVES = "the profile sets no objectives"
NO_TIME = "the phase took no measurable time"
SEARCHED = "a search has one value for each of its probes"
"""Why a search has no latency or throughput of its own."""


def sets_none(objectives: Objectives) -> bool:
    """Whether a workload has no objective at all."""
    return all(bound is None for bound in astuple(objectives))


@dataclass(frozen=True, slots=True)
class Answer:
    """A request that ended well. Times are nanoseconds of the run's clock.

    `prompt` and `generated` are None when no source counted them for every answer of the phase.
    """

    event: Request
    scheduled: int
    sent: int
    first: int
    last: int
    prompt: int | None
    generated: int | None

    @property
    def gaps(self) -> tuple[int, ...]:
        """Times between its content chunks."""
        return self.event.chunk_dt

    @property
    def ttft(self) -> float:
        """t_1 − t_send, milliseconds."""
        return (self.first - self.sent) * MS

    @property
    def e2e(self) -> float:
        """t_n − t_send, milliseconds."""
        return (self.last - self.sent) * MS

    @property
    def tpot(self) -> float | None:
        """Milliseconds per token after the first; None for fewer than two tokens or an unknown count."""
        if self.generated is None or self.generated < 2:
            return None
        return (self.last - self.first) * MS / (self.generated - 1)


@dataclass(frozen=True, slots=True)
class Repeat:
    """One repeat of a phase.

    Attributes:
        log: what the log holds of it.
        events: its requests by index, failed ones included.
        chunks: when the answers' chunks arrived.
        failed: requests that did not end well, those left out that a search cancelled.
        first_sent: when the first request was sent, failed ones included; the window's start.
        end: arrival of the last content chunk of all answers; the window's end.
    """

    number: int
    log: PhaseLog
    events: tuple[Request, ...]
    answers: tuple[Answer, ...]
    chunks: Chunks
    failed: int
    first_sent: int
    end: int

    @property
    def window_s(self) -> float:
        """Length of the measured window in seconds."""
        return (self.end - self.first_sent) / NS_PER_S


@dataclass(frozen=True, slots=True)
class PhaseSamples:
    """A phase with all its repeats.

    Attributes:
        doc: the plan of its first repeat.
        open_loop: requests are due at times of their own.
        obstacle: why nothing but counts can be said of the phase; "" when everything can. A search always has
            one, since its probes are different loads.
        invalid: the same, but "" for a search whose probes can be judged.
        token_source: which count feeds the token metrics, e.g. ``token ids``; ``none`` without one.
        prompt_source: the same for prompt tokens.
        lateness_ms: t_send − t_sched of every request, ascending; empty in a closed loop.
        over: why an open loop has no latency of its own: it was beyond what the server can do. Counts and
            throughput stay.
    """

    name: str
    scenario: ScenarioKind
    doc: Phase
    open_loop: bool
    repeats: tuple[Repeat, ...]
    obstacle: str
    invalid: str
    token_source: str
    prompt_source: str
    lateness_ms: tuple[float, ...]
    over: str = ""

    @property
    def one_at_a_time(self) -> bool:
        """Whether only one request runs at any time, so that prefill and decode do not overlap."""
        return self.doc.concurrency == 1 and not kind(self.doc).overlaps

    @property
    def counts_tokens(self) -> bool:
        """Whether the generated tokens of every answer are known."""
        return self.token_source != NO_SOURCE

    @property
    def counts_prompts(self) -> bool:
        """Whether the prompt tokens of every answer are known."""
        return self.prompt_source != NO_SOURCE

    @property
    def answers(self) -> list[Answer]:
        """All answers, repeat after repeat."""
        return [answer for repeat in self.repeats for answer in repeat.answers]

    @property
    def failed(self) -> int:
        """Requests of all repeats that did not end well."""
        return sum(repeat.failed for repeat in self.repeats)


def _ids(event: Request) -> int | None:
    # The ids themselves, not the count that is noted beside them.
    return None if event.token_ids is None else len(event.token_ids)


Count: TypeAlias = "Callable[[Request], int | None]"
_GENERATED: tuple[tuple[str, Count], ...] = (
    ("token ids", _ids),
    ("engine usage", lambda event: given(event.usage.engine_completion)),
    ("own tokenizer", lambda event: given(event.usage.own_completion)),
)
_PROMPT: tuple[tuple[str, Count], ...] = (
    # A count of 0 is no count: some servers leave out what was in their cache.
    ("engine usage", lambda event: given(event.usage.engine_prompt) or None),
    ("own tokenizer", lambda event: given(event.usage.own_prompt)),
)


def _source(
    events: Sequence[Request],
    sources: tuple[tuple[str, Count], ...],
) -> tuple[str, Count]:
    """The first source that counted every answer: one phase, one source."""
    for name, read in sources:
        if events and all(read(event) is not None for event in events):
            return name, read
    return NO_SOURCE, lambda _: None


def _answer(
    event: Request,
    generated: Count,
    prompt: Count,
) -> Answer:
    first = event.chunk_t0
    assert first is not None
    return Answer(
        event=event,
        scheduled=event.t_sched,
        sent=event.t_send,
        first=first,
        last=first + sum(event.chunk_dt),
        prompt=prompt(event),
        generated=generated(event),
    )


def _repeat(log: PhaseLog, events: Sequence[Request], answers: Sequence[Answer]) -> Repeat:
    cancelled = 0
    if is_search(log.doc):
        cancelled = sum(event.outcome == "cancelled" for event in events)
    return Repeat(
        number=log.doc.repeat,
        log=log,
        events=tuple(events),
        answers=tuple(answers),
        chunks=chunks_of(answers),
        failed=len(events) - len(answers) - cancelled,
        first_sent=min((event.t_send for event in events), default=0),
        end=max((answer.last for answer in answers), default=0),
    )


def _repeat_obstacle(log: PhaseLog, events: Sequence[Request], lateness: list[float]) -> str:
    """Why one repeat of a phase can't be measured."""
    doc, made = log.doc, len(events)
    where = f"repeat {doc.repeat}: "
    if made == 0:
        return f"{where}it did not run"
    failed = sum(not is_answer(event) for event in events)
    if failed == made:
        return f"{where}all {made} requests failed"
    if due.missing(log):
        return f"{where}only {made} of {doc.tasks} requests were made"
    if not is_search(doc) and failed / made > doc.failure_bound:
        return f"{where}{failed} of {made} requests failed, more than {doc.failure_bound:.2%}"
    bound = doc.lateness_bound_ms
    if log.open_loop and bound is not None:
        late = percentile(lateness, 99.0)
        if late > bound:
            return f"{where}requests were sent late, p99 {late:.3g} ms, bound {bound:g} ms"
    wrong = problem(log)
    return f"{where}{wrong}" if wrong else ""


def _lateness(events: Sequence[Request]) -> list[float]:
    return sorted((event.t_send - event.t_sched) * MS for event in events)


def _phase(logs: Sequence[PhaseLog]) -> PhaseSamples:
    # Requests are logged as they end; results must not depend on the order of the lines.
    by_repeat = [sorted(log.events, key=lambda event: event.index) for log in logs]
    events = [event for mine in by_repeat for event in mine]
    good = [event for event in events if is_answer(event)]
    token_source, generated = _source(good, _GENERATED)
    prompt_source, prompt = _source(good, _PROMPT)
    repeats, obstacles = [], []
    for log, mine in zip(logs, by_repeat, strict=True):
        answers = [_answer(event, generated, prompt) for event in mine if is_answer(event)]
        repeats.append(_repeat(log, mine, answers))
        obstacles.append(_repeat_obstacle(log, mine, _lateness(mine)))
    doc = logs[0].doc
    invalid = given(doc.not_run, "") or next((text for text in obstacles if text), "")
    return PhaseSamples(
        name=doc.name,
        scenario=doc.scenario,
        doc=doc,
        open_loop=logs[0].open_loop,
        repeats=tuple(repeats),
        obstacle=invalid or (SEARCHED if is_search(doc) else ""),
        invalid=invalid,
        token_source=token_source,
        prompt_source=prompt_source,
        lateness_ms=tuple(_lateness(events)) if logs[0].open_loop else (),
        over=next((text for log in logs if (text := over_saturated(log))), ""),
    )


def collect(evidence: Evidence) -> list[PhaseSamples]:
    """The measured phases of a run in the plan's order, warm-up left out."""
    logs: dict[str, list[PhaseLog]] = {}
    for log in phase_logs(evidence).values():
        if log.doc.measured:
            logs.setdefault(log.doc.name, []).append(log)
    return [_phase(mine) for mine in logs.values()]
