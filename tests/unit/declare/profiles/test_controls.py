"""Control requests: where they stand, what they ask, and that nothing that is sent tells them apart."""

from __future__ import annotations

import json

import pytest

from suite.declare.profiles import controls
from suite.declare.profiles.expand import expand_phases
from suite.declare.profiles.load import load_profile
from suite.documents.codec import convert
from suite.documents.plan import Plan
from suite.documents.profile import ProfileControls
from suite.judge.log.due import planned_task
from suite.measure.load.requests.prepare import make_jobs
from tests.factories import shipped

WANTED = ProfileControls(tasks=8, seed=1)


def placed(repeat=0):
    return controls.place(WANTED, repeat, ordinary=64, first_task=250, size=256)


def test_early_tasks_are_asked_again_in_the_second_half():
    result = placed()
    assert len(result) == controls.count(WANTED) == 32
    assert len({control.index for control in result}) == 32
    assert min(control.index for control in result) >= 32
    assert max(control.index for control in result) < 96
    for kind in controls.KINDS:
        tasks = {control.task for control in result if control.salted == kind}
        assert len(tasks) == 8
        assert all((task - 250) % 256 < 32 for task in tasks)
    assert {control.salt for control in result if control.salted == "nowhere"} == {""}


def test_places_follow_from_seed_and_repeat():
    assert placed() == placed()
    assert placed() != placed(1)


def test_new_words_stand_where_they_should():
    document = "one two three four five six"
    by_kind = {control.salted: controls.salted(document, control) for control in placed()}
    assert by_kind["nowhere"] == document
    assert by_kind["start"].startswith("Page ")
    assert document not in by_kind["start"]
    assert by_kind["middle"].startswith("one two three")
    assert document not in by_kind["middle"]
    assert by_kind["end"].startswith(document + " Page ")
    assert controls.salted("word", placed()[0])


@pytest.fixture(scope="module")
def plan():
    return convert(shipped.plan(), Plan)


def test_the_client_sees_one_request_like_another(plan):
    phase = next(phase for phase in plan.workload.phases if phase.name == "single-stream")
    tasks = shipped.mini_set()
    jobs = make_jobs(plan, phase, tasks, None)
    hidden = controls.by_index(phase)
    ids = [task.id for task in tasks.tasks]
    assert [job.task for job in jobs] == [planned_task(phase, ids, job.index) for job in jobs]
    shapes = {tuple(sorted(json.loads(job.body))) for job in jobs}
    assert len(shapes) == 1
    first = {job.task: job for job in reversed(jobs) if job.index not in hidden}
    for job in jobs:
        control = hidden.get(job.index)
        if control is None:
            continue
        earlier = first[ids[control.task]]
        assert earlier.index < job.index
        assert (job.body == earlier.body) is (control.salted == "nowhere")
        assert (job.prompt_sha256 == earlier.prompt_sha256) is (control.salted == "nowhere")
    assert len({job.prompt_sha256 for job in jobs}) == 64 + 24


def test_every_ordinary_task_is_asked_once(plan):
    phase = next(phase for phase in plan.workload.phases if phase.name == "single-stream")
    hidden = controls.by_index(phase)
    numbers = [
        controls.number(phase, hidden, index, 256)
        for index in range(phase.tasks)
        if index not in hidden
    ]
    assert numbers == list(range(64))


def test_phases_without_controls_are_as_they_were():
    phases = expand_phases(load_profile("soak"), 256)
    assert all(controls.by_index(phase) == {} for phase in phases)
    assert controls.number(phases[-1], {}, 300, 256) == (phases[-1].first_task + 300) % 256
