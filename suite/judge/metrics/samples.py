"""One phase's requests as the metrics see them: which ones count, their times and their token counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from suite.judge.metrics.statistics import percentile

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from suite.declare.plandoc import PhaseDoc, ScenarioKind
    from suite.eventdoc import RequestEvent
    from suite.evidence import Evidence

MS = 1e-6
"""Nanoseconds to milliseconds."""
NS_PER_S = 1e9
NO_SOURCE = "none"
"""What `token_source` says when no source counted every answer."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A request that ended well. Times are nanoseconds of the run's clock.

    `prompt` and `generated` are None when no source counted them for every answer of the phase.
    """

    event: RequestEvent
    scheduled: int
    sent: int
    first: int
    last: int
    prompt: int | None
    generated: int | None

    @property
    def gaps(self) -> list[int]:
        """Times between its content chunks."""
        return self.event["chunk_dt"]

    @property
    def arrivals(self) -> list[int]:
        """When each content chunk arrived."""
        times = [self.first]
        for gap in self.event["chunk_dt"]:
            times.append(times[-1] + gap)
        return times

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
        first_sent: when the first request was sent, failed ones included; the window's start.
        end: arrival of the last content chunk of all answers; the window's end.
    """

    number: int
    answers: tuple[Answer, ...]
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
        planned: requests over all repeats.
        obstacle: why nothing but counts can be said of the phase; "" when everything can.
        token_source: which count feeds the token metrics, e.g. ``token ids``; ``none`` without one.
        prompt_source: the same for prompt tokens.
        lateness_ms: t_send − t_sched of every request, ascending; empty in a closed loop.
    """

    name: str
    scenario: ScenarioKind
    repeats: tuple[Repeat, ...]
    planned: int
    obstacle: str
    token_source: str
    prompt_source: str
    lateness_ms: tuple[float, ...]

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


def _ids(event: RequestEvent) -> int | None:
    # The ids themselves, not the count that is noted beside them.
    return None if event["token_ids"] is None else len(event["token_ids"])


Count: TypeAlias = "Callable[[RequestEvent], int | None]"
_GENERATED: tuple[tuple[str, Count], ...] = (
    ("token ids", _ids),
    ("engine usage", lambda event: event["usage"].get("engine_completion")),
    ("own tokenizer", lambda event: event["usage"].get("own_completion")),
)
_PROMPT: tuple[tuple[str, Count], ...] = (
    ("engine usage", lambda event: event["usage"].get("engine_prompt")),
    ("own tokenizer", lambda event: event["usage"].get("own_prompt")),
)


def _source(
    events: Sequence[RequestEvent],
    sources: tuple[tuple[str, Count], ...],
) -> tuple[str, Count]:
    """The first source that counted every answer: one phase, one source."""
    for name, read in sources:
        if events and all(read(event) is not None for event in events):
            return name, read
    return NO_SOURCE, lambda _: None


def is_answer(event: RequestEvent) -> bool:
    """Whether a request ended well and said something."""
    return event["outcome"] == "ok" and event["chunk_t0"] is not None


def _answer(
    event: RequestEvent,
    generated: Count,
    prompt: Count,
) -> Answer:
    first = event["chunk_t0"]
    assert first is not None
    return Answer(
        event=event,
        scheduled=event["t_sched"],
        sent=event["t_send"],
        first=first,
        last=first + sum(event["chunk_dt"]),
        prompt=prompt(event),
        generated=generated(event),
    )


def _repeat(number: int, events: Sequence[RequestEvent], answers: Sequence[Answer]) -> Repeat:
    return Repeat(
        number=number,
        answers=tuple(answers),
        failed=len(events) - len(answers),
        first_sent=min((event["t_send"] for event in events), default=0),
        end=max((answer.last for answer in answers), default=0),
    )


def _repeat_obstacle(doc: PhaseDoc, events: Sequence[RequestEvent], lateness: list[float]) -> str:
    """Why one repeat of a phase can't be measured."""
    planned, made = doc["tasks"], len(events)
    where = f"repeat {doc['repeat']}: "
    if made == 0:
        return f"{where}it did not run"
    failed = sum(not is_answer(event) for event in events)
    if failed == made:
        return f"{where}all {made} requests failed"
    if made < planned:
        return f"{where}only {made} of {planned} requests were made"
    if failed / made > doc["failure_bound"]:
        return f"{where}{failed} of {made} requests failed, more than {doc['failure_bound']:.2%}"
    bound = doc["lateness_bound_ms"]
    if doc["scenario"] == "server" and bound is not None:
        late = percentile(lateness, 99.0)
        if late > bound:
            return f"{where}requests were sent late, p99 {late:.3g} ms, bound {bound:g} ms"
    return ""


def _lateness(events: Sequence[RequestEvent]) -> list[float]:
    return sorted((event["t_send"] - event["t_sched"]) * MS for event in events)


def _phase(name: str, docs: Sequence[PhaseDoc], events: Sequence[RequestEvent]) -> PhaseSamples:
    good = [event for event in events if is_answer(event)]
    token_source, generated = _source(good, _GENERATED)
    prompt_source, prompt = _source(good, _PROMPT)
    repeats, obstacles = [], []
    for doc in docs:
        mine = [event for event in events if event["repeat"] == doc["repeat"]]
        answers = [_answer(event, generated, prompt) for event in mine if is_answer(event)]
        repeats.append(_repeat(doc["repeat"], mine, answers))
        obstacles.append(_repeat_obstacle(doc, mine, _lateness(mine)))
    scenario = docs[0]["scenario"]
    return PhaseSamples(
        name=name,
        scenario=scenario,
        repeats=tuple(repeats),
        planned=sum(doc["tasks"] for doc in docs),
        obstacle=next((text for text in obstacles if text), ""),
        token_source=token_source,
        prompt_source=prompt_source,
        lateness_ms=tuple(_lateness(events)) if scenario == "server" else (),
    )


def collect(evidence: Evidence) -> list[PhaseSamples]:
    """The measured phases of a run in the plan's order, warm-up left out."""
    docs: dict[str, list[PhaseDoc]] = {}
    for doc in evidence.plan["workload"]["phases"]:
        if doc["measured"]:
            docs.setdefault(doc["name"], []).append(doc)
    events: dict[str, list[RequestEvent]] = {name: [] for name in docs}
    for event in evidence.requests:
        if event["measured"] and event["phase"] in events:
            events[event["phase"]].append(event)
    # Requests are logged as they end; results must not depend on the order of the lines.
    for mine in events.values():
        mine.sort(key=lambda event: (event["repeat"], event["index"]))
    return [_phase(name, docs[name], events[name]) for name in docs]
