"""A run is followed as its log grows."""

import pytest

from suite.judge.live.follow import WINDOW_NS, Follower
from suite.judge.metrics.compute import compute
from tests.factories import evidence


@pytest.fixture
def run(tmp_path):
    return evidence.write(tmp_path / "run")


def lines(run):
    return (run / "events.jsonl").read_bytes().splitlines(keepends=True)


def phases(state):
    return {phase.name: phase for phase in state.phases}


def test_a_whole_run_shows_the_percentiles_of_its_card(run):
    state = Follower(run).state()
    known = evidence.evidence()
    results = compute(known)
    for name, phase in phases(state).items():
        if phase.measured:
            metrics = results.phases[name].metrics
            assert phase.state == "ended"
            assert phase.ttft_ms.p50 == metrics["ttft_p50"].value
            assert phase.tpot_ms.p50 == metrics["tpot_p50"].value
    assert (state.ended, state.problem, state.card) == ("complete", "", False)
    assert state.run == "run"
    assert sum(phase.ended for phase in state.phases) == len(known.requests)


def test_line_by_line_it_comes_to_the_same_state(run):
    log, whole = run / "events.jsonl", lines(run)
    last = Follower(run).state()
    log.write_bytes(b"")
    follower, ended, stages = Follower(run), [], set()
    for line in whole:
        # Half a line is no line yet.
        with log.open("ab") as stream:
            stream.write(line[: len(line) // 2])
        before = follower.state()
        with log.open("ab") as stream:
            stream.write(line[len(line) // 2 :])
        state = follower.state()
        assert state.problem == before.problem == ""
        ended.append(sum(phase.ended for phase in state.phases))
        stages |= {phase.state for phase in state.phases}
    assert ended == sorted(ended)
    assert stages == {"waiting", "running", "ended"}
    assert follower.state() == last


def test_before_there_is_a_log_nothing_is_wrong(tmp_path):
    assert Follower(tmp_path / "none").state().problem == ""


def test_a_running_phase_shows_the_tokens_of_the_last_seconds(run):
    whole = lines(run)
    cut = max(
        i for i, line in enumerate(whole) if b'"request"' in line and b'"measured":true' in line
    )
    (run / "events.jsonl").write_bytes(b"".join(whole[: cut + 1]))
    state = Follower(run).state()
    (running,) = [phase for phase in state.phases if phase.state == "running"]
    requests = [
        r for r in evidence.evidence().requests if (r.phase, r.measured) == (running.name, True)
    ]
    now = max(request.t_end for request in requests)
    begin = max(now - WINDOW_NS, now - int(running.elapsed_s * 1e9))
    tokens = sum(len(r.token_ids) for r in requests if r.t_end >= begin)
    assert running.tokens_per_s == pytest.approx(tokens / ((now - begin) / 1e9), rel=0.05)


@pytest.mark.parametrize(
    ("harm", "word"),
    [
        (lambda data: data + b"{}\n", "events.jsonl"),
        (lambda data: data.replace(b'"t":0', b'"t":"0"', 1), "events.jsonl"),
        (lambda data: data + b"\xff\n", "events.jsonl"),
    ],
    ids=["empty object", "a text for a time", "no UTF-8"],
)
def test_a_line_that_is_refused_ends_it_with_its_place(run, harm, word):
    log = run / "events.jsonl"
    log.write_bytes(harm(log.read_bytes()))
    state = Follower(run).state()
    assert word in state.problem


def test_a_log_that_becomes_shorter_is_refused(run):
    follower = Follower(run)
    follower.state()
    (run / "events.jsonl").write_bytes(b"")
    assert "shorter" in follower.state().problem


def test_a_link_is_not_followed(run, tmp_path):
    log = run / "events.jsonl"
    log.rename(tmp_path / "elsewhere")
    log.symlink_to(tmp_path / "elsewhere")
    assert "cannot read" in Follower(run).state().problem
