"""One phase's requests as the metrics see them: which ones count, their times and their token counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from msgspec.structs import astuple

from suite.base.bilingual import Sentence, chinese
from suite.base.statistics import percentile
from suite.declare.analysis.arrived import NO_SOURCE, OWN, arrival, first_place, source
from suite.declare.scenarios.phase import is_search, kind
from suite.documents.document import given
from suite.judge.log import due
from suite.judge.log.chunks import chunks_of
from suite.judge.log.due import is_answer
from suite.judge.log.endings import backlog_of, problem
from suite.judge.log.phases import phase_logs

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from suite.declare.analysis.arrived import Arrived
    from suite.declare.analysis.backlog import Backlog
    from suite.documents.event import Request
    from suite.documents.phase import Phase, ScenarioKind
    from suite.documents.workload import Objectives
    from suite.evidence import Evidence
    from suite.judge.log.chunks import Chunks
    from suite.judge.log.phases import PhaseLog

MS = 1e-6
"""Nanoseconds to milliseconds."""
NS_PER_S = 1e9
CLOSED_LOOP = Sentence("closed loop: a request is due when it is sent", "闭环：请求在发送时到期")
NO_ARRIVALS = Sentence(
    "the engine does not say how many tokens a chunk carries, and no tokenizer of the model counted the texts",
    "引擎未说明每个数据块含多少 token，也没有该模型的分词器对文本计数",
)
NO_COUNT = Sentence(
    "no source counted the generated tokens of every answer", "没有来源对每个回答的生成 token 计数"
)
NO_PROMPT_COUNT = Sentence(
    "no source counted the prompt tokens of every request", "没有来源对每个请求的提示 token 计数"
)
NO_OBJECTIVES = Sentence("the profile sets no objectives", "配置未设定目标")
NO_TIME = Sentence("the phase took no measurable time", "阶段时长过短，无法测量")
SEARCHED = Sentence("a search has one value for each of its probes", "搜索的每次探测各有一个值")
"""Why a search has no latency or throughput of its own."""


def sets_none(objectives: Objectives) -> bool:
    """Whether a workload has no objective at all."""
    return all(bound is None for bound in astuple(objectives))


@dataclass(frozen=True, slots=True)
class Answer:
    """A request that ended well. Times are nanoseconds of the run's clock.

    `prompt`, `claimed` and `generated` are None when no source counted them for every answer of the phase.

    Attributes:
        first: t_1, arrival of the first chunk that holds a token and shows something.
        last: t_n, arrival of the last chunk with text.
        claimed: what the source counts, an end token included where it counts that.
        generated: n, the tokens that arrived in chunks with text; as claimed where nobody saw them come.
        arrived: how they came; None where no source tells that of every answer of the phase.
    """

    event: Request
    scheduled: int
    sent: int
    first: int
    last: int
    prompt: int | None
    claimed: int | None
    generated: int | None
    arrived: Arrived | None

    @property
    def gaps(self) -> tuple[int, ...]:
        """Times between its content chunks."""
        return self.event.chunk_dt

    @property
    def decoding(self) -> tuple[int, int] | None:
        """Tokens until and with the first chunk, and all; None unless some came later."""
        if self.arrived is None or self.arrived.after < 1 or self.last <= self.first:
            return None
        return self.arrived.first, self.arrived.tokens

    @property
    def ttft(self) -> float:
        """t_1 − t_send, milliseconds."""
        return (self.first - self.sent) * MS

    @property
    def e2e(self) -> float:
        """t_n − t_send, milliseconds."""
        return (self.last - self.sent) * MS

    @property
    def tt4t(self) -> float | None:
        """From t_send to the fourth token that shows something, milliseconds; None where fewer do, or nobody counted."""
        if self.arrived is None or self.arrived.fourth is None:
            return None
        return (arrival(self.event, self.arrived.fourth) - self.sent) * MS

    @property
    def tpot(self) -> float | None:
        """(t_n − t_1) / tokens after the first chunk, milliseconds; None where none came later, or nobody counted."""
        if self.decoding is None or self.arrived is None:
            return None
        return (self.last - self.first) * MS / self.arrived.after


@dataclass(frozen=True, slots=True)
class Repeat:
    """One repeat of a phase.

    Attributes:
        log: what the log holds of it.
        events: its requests by index, failed ones included.
        chunks: when the answers' chunks arrived.
        failed: requests that did not end well, those left out that a search cancelled.
        unsent: turns of conversations that were not sent because an earlier one failed.
        first_sent: when the first request was sent, failed ones included; the window's start.
        end: arrival of the last content chunk of all answers; the window's end.
        backlog: whether the server kept up; None for a closed loop and a search.
    """

    number: int
    log: PhaseLog
    events: tuple[Request, ...]
    answers: tuple[Answer, ...]
    chunks: Chunks
    failed: int
    unsent: int
    first_sent: int
    end: int
    backlog: Backlog | None = None

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
        token_source: which count says how long answers are, e.g. ``token ids``; ``none`` without one.
        arrival_source: which count feeds the metrics of tokens over time; see `suite.declare.analysis.arrived`.
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
    arrival_source: str
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

    @property
    def late(self) -> int:
        """Samples of every latency that never came: failed requests, and the turns that they kept from being sent."""
        return self.failed + sum(repeat.unsent for repeat in self.repeats)


def _ids(event: Request) -> int | None:
    # The ids themselves, not the count that is noted beside them.
    return None if event.token_ids is None else len(event.token_ids)


Count: TypeAlias = "Callable[[Request], int | None]"
GENERATED: tuple[tuple[str, Count], ...] = (
    ("token ids", _ids),
    ("engine usage", lambda event: given(event.usage.engine_completion)),
    (OWN, lambda event: given(event.usage.own_completion)),
)
PROMPT: tuple[tuple[str, Count], ...] = (
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


def answer_of(
    event: Request, claimed: Count, prompt: Count, count: Callable[[Request], Arrived | None]
) -> Answer:
    """A request that ended well, its tokens by the given counts."""
    tokens, counted = claimed(event), count(event)
    return Answer(
        event=event,
        scheduled=event.t_sched,
        sent=event.t_send,
        first=arrival(event, first_place(event)),
        last=arrival(event, len(event.chunk_dt)),
        prompt=prompt(event),
        claimed=tokens,
        generated=tokens if counted is None or tokens is None else counted.tokens,
        arrived=counted,
    )


def repeat_of(log: PhaseLog, events: Sequence[Request], answers: Sequence[Answer]) -> Repeat:
    """One repeat of a phase: all its requests, and those that ended well."""
    cancelled = 0
    if is_search(log.doc):
        cancelled = sum(event.outcome == "cancelled" for event in events)
    return Repeat(
        number=log.doc.repeat,
        log=log,
        events=tuple(events),
        answers=tuple(answers),
        chunks=chunks_of(
            [answer.event for answer in answers], [answer.generated for answer in answers]
        ),
        failed=len(events) - len(answers) - cancelled,
        unsent=due.unsent_turns(log),
        first_sent=min((event.t_send for event in events), default=0),
        end=max((answer.last for answer in answers), default=0),
        backlog=backlog_of(log),
    )


def _repeat_obstacle(log: PhaseLog, events: Sequence[Request], lateness: list[float]) -> str:
    """Why one repeat of a phase can't be measured."""
    doc, count = log.doc, len(events)
    where = Sentence(f"repeat {doc.repeat}: ", f"重复 {doc.repeat}：")
    if count == 0:
        return Sentence(f"{where}it did not run", f"{chinese(where)}未运行")
    failed = sum(not is_answer(event) for event in events)
    if failed == count:
        return Sentence(
            f"{where}all {count} requests failed", f"{chinese(where)}全部 {count} 个请求失败"
        )
    if due.missing(log):
        return Sentence(
            f"{where}only {count} of {doc.tasks} requests were made",
            f"{chinese(where)}{doc.tasks} 个请求中只发出 {count} 个",
        )
    if not is_search(doc) and failed / count > doc.failure_bound:
        return Sentence(
            f"{where}{failed} of {count} requests failed, more than {doc.failure_bound:.2%}",
            f"{chinese(where)}{count} 个请求中有 {failed} 个失败，超过 {doc.failure_bound:.2%}",
        )
    bound = doc.lateness_bound_ms
    if log.open_loop and bound is not None:
        late = percentile(lateness, 99.0)
        if late > bound:
            return Sentence(
                f"{where}requests were sent late, p99 {late:.3g} ms, bound {bound:g} ms",
                f"{chinese(where)}请求发送滞后，p99 为 {late:.3g} ms，限度 {bound:g} ms",
            )
    wrong = problem(log)
    return where + wrong if wrong else ""


def _lateness(events: Sequence[Request]) -> list[float]:
    return sorted((event.t_send - event.t_sched) * MS for event in events)


def _phase(logs: Sequence[PhaseLog]) -> PhaseSamples:
    # Requests are logged as they end; results must not depend on the order of the lines.
    by_repeat = [sorted(log.events, key=lambda event: event.index) for log in logs]
    events = [event for mine in by_repeat for event in mine]
    good = [event for event in events if is_answer(event)]
    token_source, claimed = _source(good, GENERATED)
    prompt_source, prompt = _source(good, PROMPT)
    arrival_source, count = source(good)
    repeats, obstacles = [], []
    for log, mine in zip(logs, by_repeat, strict=True):
        answers = [answer_of(event, claimed, prompt, count) for event in mine if is_answer(event)]
        repeats.append(repeat_of(log, mine, answers))
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
        arrival_source=arrival_source,
        prompt_source=prompt_source,
        lateness_ms=tuple(_lateness(events)) if logs[0].open_loop else (),
        over=_over(repeats),
    )


def _over(repeats: Sequence[Repeat]) -> str:
    """Why an open loop has no latency of its own; "" where it may have one."""
    return next(
        (
            Sentence(
                f"over-saturated: the server fell behind: {repeat.backlog.why}",
                f"过饱和：服务器处理落后：{chinese(repeat.backlog.why)}",
            )
            for repeat in repeats
            if repeat.backlog is not None and repeat.backlog.verdict == "fell-behind"
        ),
        "",
    )


def collect(evidence: Evidence) -> list[PhaseSamples]:
    """The measured phases of a run in the plan's order, warm-up left out."""
    logs: dict[str, list[PhaseLog]] = {}
    for log in phase_logs(evidence).values():
        if log.doc.measured:
            logs.setdefault(log.doc.name, []).append(log)
    return [_phase(mine) for mine in logs.values()]
