"""A log in several attempts: what stays, what is set aside, and what no log may hold."""

import json

import pytest

from suite import evidence
from suite.base.errors import EvidenceError
from tests.factories import evidence as factory


@pytest.fixture
def run(tmp_path):
    return factory.write(tmp_path / "run")


def lines(run):
    return [json.loads(line) for line in (run / "events.jsonl").read_bytes().splitlines()]


def rewrite(run, events):
    data = "".join(json.dumps(event) + "\n" for event in events)
    (run / "events.jsonl").write_text(data, "utf-8")


def resumed(run, keep, ended="engine-died"):
    """The log of a run that was cut in a phase, with that phase and what follows measured again."""
    events = lines(run)
    *body, footer = events
    start = next(
        n for n, e in enumerate(body) if e.get("name") == "phase.start" and e["phase"] == keep
    )
    half = [e for e in body[start:] if e["type"] == "request" and e["phase"] == keep][:2]
    cut = [*body[: start + 1], *half, footer | {"ended": ended, "requests": 0}]
    mark = {"type": "mark", "t": body[start]["t"] + 1, "name": evidence.ATTEMPT}
    return [*cut, mark, *body[start:], footer], len(half)


def test_the_phase_that_ran_last_is_set_aside_and_counted(run):
    whole = evidence.read(run)
    phases = [phase.name for phase in whole.plan.workload.phases if phase.measured]
    for name in phases:
        events, aside = resumed(run, name)
        rewrite(run, events)
        read = evidence.read(run)
        assert read.requests == whole.requests
        assert read.logged == len(whole.requests) + aside
        (attempt,) = read.attempts
        assert attempt.requests == aside
        assert attempt.footer.ended == "engine-died"
        rewrite(run, _unresumed(events))


def _unresumed(events):
    """The log as it was before it was cut."""
    at = next(n for n, e in enumerate(events) if e.get("name") == evidence.ATTEMPT)
    start = max(n for n, e in enumerate(events[:at]) if e.get("name") == "phase.start")
    return [*events[:start], *events[at + 1 :]]


def test_no_attempt_follows_one_that_finished(run):
    events, _ = resumed(run, "offline", ended="complete")
    rewrite(run, events)
    with pytest.raises(EvidenceError) as refused:
        evidence.read(run)
    assert refused.value.code == "attempt-wrong"


def test_there_are_not_many_attempts(run):
    mark = {"type": "mark", "t": 5, "name": evidence.ATTEMPT}
    rewrite(run, [lines(run)[0], *[mark] * evidence.MOST_ATTEMPTS])
    with pytest.raises(EvidenceError, match="more than"):
        evidence.read(run)


def test_requests_of_a_phase_that_stays_are_not_measured_again(run):
    events, _ = resumed(run, "offline")
    at = next(n for n, e in enumerate(events) if e.get("name") == evidence.ATTEMPT)
    stays = next(e for e in events if e["type"] == "request" and e["phase"] != "offline")
    rewrite(run, [*events[: at + 1], stays, *events[at + 1 :]])
    with pytest.raises(EvidenceError) as refused:
        evidence.read(run)
    assert refused.value.code == "request-twice"
