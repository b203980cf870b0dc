"""Phases against a real scripted server: marks, endings, and what progress is told."""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from suite import evidence
from suite.base.errors import EngineError, Interrupted
from suite.declare.analysis.observed import observed
from suite.declare.tasks.prompt import CLOSED_V1
from suite.declare.tasks.reference import MINI_MODEL
from suite.declare.tasks.taskset import mini_set
from suite.declare.tasks.tokenizer import Tokenizer
from suite.documents.codec import convert
from suite.documents.event import Request
from suite.documents.phase import Phase, Session
from suite.documents.plan import Plan
from suite.measure import search as searching
from suite.measure.context import Run
from suite.measure.engine import sim
from suite.measure.load.target import LoadOptions
from suite.measure.phases import run_phases
from suite.measure.progress import Requests
from suite.measure.signals import Stop
from tests.factories import engine as factory
from tests.factories import phases
from tests.factories.documents import changed
from tests.unit.declare.analysis.support import replay

TASKS = mini_set(4)
QUICK = {"ttft_ms": 2, "itl_ms": 1, "tokens": 5, "slots": 4}
STOP = phases.stop()
SEARCH = phases.search(
    min_rate=20.0, max_rate=80.0, requests=10, max_probes=4, resolution=0.1, percentile=90.0
)


@dataclass
class Told:
    """Progress, remembered."""

    lines: list[str] = field(default_factory=list)
    states: list[Requests] = field(default_factory=list)

    def line(self, text: str) -> None:
        self.lines.append(text)

    def step(self, title: str, *, log: Path | None = None) -> None:
        pass

    def requests(self, state: Requests) -> None:
        self.states.append(state)


@dataclass
class Served:
    base_url: str
    alive: Callable[[], str | None]
    marks: list[tuple[str, int]] = field(default_factory=list)
    facts: dict[str, str] = field(default_factory=dict)
    address: str = ""
    inside: None = None

    def container_pid(self) -> None:
        return None


def phase(**changes: Any) -> Phase:
    return phases.phase(**{"name": "it", "timeout_s": 120.0, "failure_bound": 0.0, **changes})


def plan(planned: list[Phase], objectives: dict[str, float | None]) -> Plan:
    made = changed(
        factory.plan(runtime="sim"),
        engine={"request": {"stream_options": {"include_usage": True}, "token_ids": False}},
        workload={
            "max_input_tokens": 1_000,
            "objectives": {"ttft_ms": 1000.0, "tpot_ms": None, "e2e_ms": None, **objectives},
        },
    )
    workload = replace(made.workload, prompt=CLOSED_V1.to_doc(), phases=tuple(planned))
    return replace(made, workload=workload)


@dataclass
class Outcome:
    """What a run left: the lines of the log, and what was told."""

    directory: Path
    told: Told
    stop: Stop

    def lines(self) -> list[dict[str, Any]]:
        return [
            json.loads(line) for line in (self.directory / "events.jsonl").read_text().splitlines()
        ]

    def marks(self, name: str) -> list[dict[str, Any]]:
        return [line for line in self.lines() if line["type"] == "mark" and line["name"] == name]

    def requests(self) -> list[dict[str, Any]]:
        return [line for line in self.lines() if line["type"] == "request"]


@pytest.fixture
def perform(tmp_path: Path) -> Iterator[Callable[..., Outcome]]:
    """Run phases; a signal comes after so many requests, if asked for."""

    def go(
        planned: list[Phase],
        script: dict[str, Any] = QUICK,
        *,
        objectives: dict[str, float | None] | None = None,
        signal_after: int | None = None,
        raises: type[Exception] | None = None,
        tokenizer: Tokenizer | None = None,
    ) -> Outcome:
        told, stop = Told(), Stop()
        outcome = Outcome(tmp_path / "run", told, stop)
        with (
            sim.start(json.dumps(script)) as server,
            evidence.Writer(outcome.directory) as writer,
        ):
            run = Run(
                plan=plan(planned, objectives or {}),
                settings=None,
                salt="",
                tasks=TASKS,
                tokenizer=tokenizer,
                writer=writer,
                progress=told,
                stop=stop,
                load=LoadOptions(),
                zero_ns=time.monotonic_ns(),
                offset_ns=0,
            )
            if signal_after is not None:
                threading.Thread(target=_signal, args=(writer, stop, signal_after)).start()
            served = Served(server.base_url, server.alive)
            if raises is None:
                run_phases(run, served)
            else:
                with pytest.raises(raises):
                    run_phases(run, served)
        return outcome

    return go


def _signal(writer: evidence.Writer, stop: Stop, count: int) -> None:
    while writer.requests < count:
        time.sleep(0.001)
    stop.signals += 1


def test_a_plain_phase_lies_between_its_marks(perform):
    outcome = perform([phase()])
    (start,), (end,) = outcome.marks("phase.start"), outcome.marks("phase.end")
    times = [request["t_send"] for request in outcome.requests()]
    assert start["t"] <= min(times) <= max(times) <= end["t"]
    assert {key: end[key] for key in ("phase", "repeat", "measured")} == {
        "phase": "it",
        "repeat": 0,
        "measured": True,
    }
    assert end["detail"]["ended_by"] == "all-sent"
    assert end["detail"]["sent"] == end["detail"]["seen"] == 8
    assert outcome.told.lines == [outcome.told.lines[0]]
    assert "8 of 8 requests completed" in outcome.told.lines[0]


def test_repeats_and_warm_up_are_named(perform):
    outcome = perform([phase(measured=False), phase(repeat=1)])
    assert outcome.told.lines[0].startswith("it (warm-up): ")
    assert outcome.told.lines[1].startswith("it #2: ")


def test_what_cannot_be_run_is_passed_over_in_one_line(perform):
    outcome = perform([phase(not_run="too long for it"), phase(name="after")])
    assert outcome.told.lines[0] == "it: not run: too long for it"
    assert {request["phase"] for request in outcome.requests()} == {"after"}
    assert len(outcome.marks("phase.start")) == 1


def test_own_counts_are_in_the_log(perform):
    outcome = perform([phase(tasks=2)], tokenizer=Tokenizer.from_directory(MINI_MODEL))
    assert all(request["usage"]["own_completion"] > 0 for request in outcome.requests())


def test_where_chunks_do_not_tell_their_tokens_the_first_ones_are_counted(perform):
    script = {**QUICK, "token_ids": False, "tokens_per_chunk": 4}
    tokenizer = Tokenizer.from_directory(MINI_MODEL)
    for event in perform([phase(tasks=2)], script, tokenizer=tokenizer).requests():
        assert event["chunk_tokens"] is None
        ends = list(itertools.accumulate(event["lead_chars"]))
        assert event["usage"]["own_lead"] == [tokenizer.count(event["text"][:end]) for end in ends]
        counted = observed(convert(event, Request))
        assert counted.after == counted.tokens - event["usage"]["own_lead"][0]


def test_a_stop_rule_ends_the_sending_and_the_log_replays_it(perform):
    stop = replace(STOP, min_requests=20)
    outcome = perform([phase(tasks=10_000, stop=stop)])
    detail = outcome.marks("phase.end")[0]["detail"]
    requests = [observed(convert(event, Request)) for event in outcome.requests()]
    assert detail["ended_by"] == "enough"
    assert replay(stop, requests) == ("enough", 20) == (detail["ended_by"], detail["seen"])
    assert detail["sent"] == len(requests) < 10_000
    assert {one.number for one in requests} == set(range(len(requests)))
    assert all(one.ok for one in requests)


def test_the_longest_duration_is_noted_with_its_moment(perform):
    stop = replace(STOP, min_requests=10_000, max_duration_s=0.3)
    outcome = perform([phase(tasks=10_000, stop=stop)])
    detail = outcome.marks("phase.end")[0]["detail"]
    assert detail["ended_by"] == "max-duration"
    begin = min(request["t_send"] for request in outcome.requests())
    assert detail["ended_t"] - begin >= 300_000_000
    assert detail["seen"] == len(outcome.requests())


def test_a_rule_that_asks_for_more_than_there_is_sends_everything(perform):
    outcome = perform([phase(stop=replace(STOP, min_requests=100))])
    detail = outcome.marks("phase.end")[0]["detail"]
    assert (detail["ended_by"], detail["sent"], detail["seen"]) == ("all-sent", 8, 8)


def test_a_search_marks_each_probe(perform, monkeypatch):
    monkeypatch.setattr(searching, "SETTLE_S", 0.0)
    outcome = perform(
        [phase(scenario="slo_search", tasks=40, concurrency=None, search=SEARCH)],
        objectives={"ttft_ms": 60_000.0},
    )
    starts, ends = outcome.marks("probe.start"), outcome.marks("probe.end")
    assert [mark["detail"]["rate"] for mark in starts] == [20.0, 40.0, 80.0]
    assert [mark["detail"]["first_index"] for mark in starts] == [0, 10, 20]
    assert [mark["detail"]["met"] for mark in ends] == [True, True, True]
    detail = outcome.marks("phase.end")[0]["detail"]
    assert (detail["rate"], detail["ended"], detail["ended_by"]) == (
        80.0,
        "max-rate-met",
        "searched",
    )
    assert {request["index"] for request in outcome.requests()} == set(range(30))
    assert len(outcome.told.lines) == 4
    assert outcome.told.lines[-1] == "it: even the highest rate, 80 requests/s, met the objectives"


def test_a_hopeless_probe_is_cancelled_and_ends_the_search(perform, monkeypatch):
    monkeypatch.setattr(searching, "SETTLE_S", 0.0)
    search = replace(SEARCH, requests=50)
    outcome = perform(
        [phase(scenario="slo_search", tasks=200, concurrency=None, search=search)],
        {"ttft_ms": 300, "itl_ms": 1, "tokens": 2},
        objectives={"ttft_ms": 100.0},
    )
    detail = outcome.marks("probe.end")[0]["detail"]
    assert (detail["ended_by"], detail["met"], detail["seen"]) == ("objective-missed", False, 6)
    assert detail["sent"] < 50
    assert detail["outcomes"]["cancelled"] > 0
    assert outcome.marks("phase.end")[0]["detail"]["ended"] == "min-rate-missed"


@pytest.mark.parametrize(
    "document",
    [
        phase(tasks=5000),
        phase(tasks=5000, stop=replace(STOP, min_requests=5000)),
        phase(tasks=5000, scenario="concurrency", lockstep=True),
        phase(tasks=5000, scenario="soak", stop=replace(STOP, min_duration_s=900.0)),
        phase(tasks=4000, scenario="multi_turn", session=Session(turns=4, think_ms=1.0)),
        phase(
            scenario="slo_search",
            tasks=8000,
            concurrency=None,
            search=replace(SEARCH, requests=2000),
        ),
    ],
    ids=["plain", "rule", "lockstep", "soak", "sessions", "search"],
)
def test_a_signal_ends_every_kind_and_keeps_what_it_has(perform, document):
    outcome = perform([document, phase(name="never")], signal_after=10, raises=Interrupted)
    detail = outcome.marks("phase.end")[0]["detail"]
    assert detail["ended_by"] == "stopped"
    assert detail["stopped"] is True
    requests = outcome.requests()
    assert sum(request["outcome"] == "ok" for request in requests) >= 10
    assert {request["outcome"] for request in requests} <= {"ok", "cancelled"}
    assert {request["phase"] for request in requests} == {"it"}


def test_an_engine_that_dies_ends_the_run_and_names_the_phase(perform):
    script = {**QUICK, "faults": [{"name": "dies_after", "first": 5}]}
    outcome = perform([phase(tasks=500), phase(name="never")], script, raises=EngineError)
    assert len(outcome.marks("phase.end")) == 1
    assert any(request["outcome"] == "ok" for request in outcome.requests())


def test_an_engine_that_dies_in_a_search_ends_it(perform, monkeypatch):
    monkeypatch.setattr(searching, "SETTLE_S", 0.0)
    script = {**QUICK, "faults": [{"name": "dies_after", "first": 15}]}
    search = replace(SEARCH, requests=10)
    outcome = perform(
        [phase(scenario="slo_search", tasks=40, concurrency=None, search=search)],
        script,
        objectives={"ttft_ms": 60_000.0},
        raises=EngineError,
    )
    assert outcome.marks("phase.end")[0]["detail"]["ended_by"] == "stopped"
    # The probe in which it died is the last one: missed, or undecided if its death was seen at once.
    first, last = (mark["detail"]["met"] for mark in outcome.marks("probe.end"))
    assert first is True
    assert last is not True


def test_progress_is_told_while_it_runs(perform):
    outcome = perform([phase(tasks=40, concurrency=1)], {"ttft_ms": 10, "itl_ms": 5, "tokens": 4})
    states = outcome.told.states
    assert {state.title for state in states} == {"it"}
    assert {state.planned for state in states} == {40}
    assert [state.ended for state in states] == sorted(state.ended for state in states)
    shown = [" ".join(state.details) for state in states]
    assert any("TTFT" in text and "tokens/s" in text for text in shown)
