from __future__ import annotations

import pytest
from msgspec.structs import replace

from suite.base.errors import DeclarationError
from suite.declare.profiles.bounds import quality_doc
from suite.declare.profiles.expand import expand_phases
from suite.declare.profiles.load import PROFILE_DIRECTORY, load_profile, profile_names
from suite.declare.tasks.reference import Reference
from suite.declare.tasks.taskset import mini_set
from suite.documents.profile import ProfileTaskSet

NONE = Reference(None, "none")
SMOKE = (PROFILE_DIRECTORY / "smoke.yaml").read_text("utf-8")


MINI = ("bursts", "context", "grid", "grid-full", "lengths", "lengths-full", "replay", "scenarios-smoke",
        "sessions", "slo", "smoke", "soak", "sweep")  # fmt: skip
XSUM = ("bursts-xsum", "compat-xsum", "sessions-xsum", "slo-xsum", "soak-xsum", "sweep-xsum", "xsum",
        "xsum-full")  # fmt: skip
CLOSED = {"bursts", "slo", "smoke", "soak", "sweep", "bursts-xsum", "slo-xsum", "soak-xsum", "sweep-xsum", "xsum",
          "xsum-full"}  # fmt: skip
DIGESTS = {
    "compat-xsum": "aca18a47c9da1ec66a069d38fb61088fd3fcfb9266d2649ca1fff37c2fd7ad8c",
    "smoke": "54bb6d64c30b31b2beab4924ec1bb6e46acdc2a50d6d42e65359dd511468e730",
    "xsum": "c8cf4326535ee379662067ae8431d0fa8f82dd12728192215a6f8fd8fd02e0dd",
    "xsum-full": "a1b1163f7265ad55cc50df46dc42c71d136defb2e8a9d5870d33fe709c54ce0e",
}


def test_all_profiles_are_shipped_and_valid():
    assert profile_names() == tuple(sorted((*MINI, *XSUM, "dataset")))
    for name in profile_names():
        profile = load_profile(name)
        assert profile.name == name
        assert profile.shipped
        assert len(profile.sha256) == 64


@pytest.mark.parametrize("name", DIGESTS)
def test_published_profiles_keep_their_digest(name):
    assert load_profile(name).sha256 == DIGESTS[name]


def test_closed_profiles_are_greedy_with_room_and_their_own_prompt():
    assert {
        name for name in profile_names() if load_profile(name).doc.division == "closed"
    } == CLOSED
    for name in CLOSED:
        doc = load_profile(name).doc
        assert doc.decoding.max_new_tokens >= 64
        assert doc.decoding.temperature == 0
        assert doc.prompt == "closed-v1"


def test_the_compatibility_profile_is_the_source_suites():
    doc = load_profile("compat-xsum").doc
    assert doc.division == "open"
    assert doc.decoding.max_new_tokens == 16
    assert doc.prompt == "compat-flagperf"


def test_sizes_and_repeats():
    tasksets = {name: load_profile(name).doc.taskset for name in profile_names()}
    for name in MINI:
        assert tasksets[name] == ProfileTaskSet(set="mini", size=256), "locked"
    for name in XSUM:
        size = 11334 if name == "xsum-full" else 1000
        assert tasksets[name] == ProfileTaskSet(set="xsum", size=size)
    assert load_profile("xsum").doc.repeats == 3


def test_only_the_mini_set_has_no_ceiling():
    for name in profile_names():
        doc = load_profile(name).doc
        quality = quality_doc(load_profile(name), NONE)
        assert (quality.rouge1_floor, quality.rouge2_floor) == (0.15, 0.012)
        ceilings = (quality.rouge1_ceiling, quality.rouge2_ceiling)
        assert ceilings == ((1, 1) if doc.taskset.set != "xsum" else (0.5, 0.27))


def test_other_data_than_the_mini_set_is_held_to_the_ceilings():
    smoke = load_profile("smoke")
    taskset = mini_set().to_doc()
    assert quality_doc(smoke, NONE, taskset).rouge1_ceiling == 1
    quality = quality_doc(smoke, NONE, replace(taskset, name="custom"))
    assert (quality.rouge1_ceiling, quality.rouge2_ceiling) == (0.5, 0.27)


def test_an_unknown_profile_gets_a_suggestion():
    with pytest.raises(DeclarationError) as caught:
        load_profile("smokee")
    assert caught.value.code == "profile-unknown"
    assert "'smoke'" in caught.value.hint


def _own(tmp_path, old, new):
    assert old in SMOKE
    path = tmp_path / "smoke.yaml"
    path.write_text(SMOKE.replace(old, new, 1), "utf-8")
    return str(path)


def test_prompts_of_exact_length_are_never_closed():
    for name in profile_names():
        profile = load_profile(name)
        assert not (profile.exact_lengths and name in CLOSED)
    assert load_profile("grid").exact_lengths
    assert load_profile("replay").exact_lengths
    assert not load_profile("sweep").exact_lengths


def test_a_profile_of_the_users_is_read_by_its_path(tmp_path):
    profile = load_profile(_own(tmp_path, "repeats: 1", "repeats: 2  # twice"))
    assert not profile.shipped
    assert profile.doc.repeats == 2
    assert profile.sha256 != load_profile("smoke").sha256


def test_a_comment_does_not_change_the_digest(tmp_path):
    profile = load_profile(_own(tmp_path, "repeats: 1", "repeats: 1  # once"))
    assert profile.sha256 == load_profile("smoke").sha256


@pytest.mark.parametrize(
    ("old", "new", "code", "pointer"),
    [
        ("repeats: 1", "repeats: 0", "schema-violation", "/repeats"),
        ("repeats: 1", "repeat: 1\nrepeats: 1", "schema-violation", "/repeat"),
        ("scenario: offline", "scenario: offlin", "schema-violation", "/phases/1/scenario"),
        ("repeats: 1", "repeats: 1\nrepeats: 1", "yaml-refused", "/repeats"),
        ("name: smoke", "name: smoky", "profile-inconsistent", "/name"),
        ("max_new_tokens: 64", "max_new_tokens: 63", "profile-inconsistent", "/decoding/max_new_tokens"),
        ("temperature: 0", "temperature: 0.5", "profile-inconsistent", "/decoding"),
        ("ignore_eos: false", "ignore_eos: true", "profile-inconsistent", "/decoding"),
        ("stop: []", 'stop: ["."]', "profile-inconsistent", "/decoding"),
        ("prompt: closed-v1", "prompt: compat-flagperf", "profile-inconsistent", "/prompt"),
        ("min_new_tokens: 0", "min_new_tokens: 65", "profile-inconsistent", "/decoding/min_new_tokens"),
        ("concurrency: 1\n", "concurrency: 2\n", "profile-inconsistent", "/phases/0/scenario"),
        ("concurrency: 1\n", "concurrency: null\n", "profile-inconsistent", "/phases/0/scenario"),
        ("warmup: 4\n    concurrency: null", "warmup: 4\n    concurrency: 4", "profile-inconsistent", "/phases/2/scenario"),
        ("tasks: null\n", "tasks: null\n    rounds: 2\n", "profile-inconsistent", "/phases/1/rounds"),
        ("shape: null", "shape: 2", "profile-inconsistent", "/phases/2/arrivals/shape"),
        ("process: poisson", "process: gamma", "profile-inconsistent", "/phases/2/arrivals/shape"),
        ("lateness_bound_ms: 20", "lateness_bound_ms: null", "profile-inconsistent", "/phases/2/lateness_bound_ms"),
        ("name: server", "name: offline", "profile-inconsistent", "/phases/2/name"),
    ],
)  # fmt: skip
def test_a_wrong_profile_is_refused_with_line_and_pointer(tmp_path, old, new, code, pointer):
    with pytest.raises(DeclarationError) as caught:
        load_profile(_own(tmp_path, old, new))
    assert caught.value.code == code
    assert caught.value.place is not None
    assert caught.value.place.pointer == pointer
    assert caught.value.place.line


def test_phases_are_written_out_in_running_order():
    phases = expand_phases(load_profile("xsum"), 1000)
    names = [(phase.name, phase.repeat, phase.measured) for phase in phases[:7]]
    assert names == [
        ("single-stream-warmup", 0, False), ("single-stream", 0, True),
        ("offline-warmup", 0, False), ("offline", 0, True),
        ("server-warmup", 0, False), ("server", 0, True),
        ("single-stream-warmup", 1, False),
    ]  # fmt: skip
    assert len(phases) == 18
    assert len({(phase.name, phase.repeat) for phase in phases}) == 18


def test_null_tasks_are_the_whole_set_and_repeats_draw_other_arrivals():
    phases = {(p.name, p.repeat): p for p in expand_phases(load_profile("xsum"), 999)}
    assert phases["offline", 0].tasks == 999
    assert phases["single-stream", 0].tasks == 256 + 32, "with its controls"
    assert [phases["server", repeat].search.seed for repeat in range(3)] == [1, 17, 33]
    assert load_profile("xsum").doc.phases[2].search.seed == 1


def test_warm_ups_take_tasks_from_the_end_and_have_no_arrivals():
    phases = {phase.name: phase for phase in expand_phases(load_profile("smoke"), 256)}
    warm = phases["offline-warmup"]
    assert (warm.first_task, warm.tasks, warm.concurrency) == (240, 16, 16)
    warm = phases["server-warmup"]
    assert (warm.scenario, warm.concurrency, warm.arrivals) == ("single_stream", 1, None)


def test_a_tiny_set_still_gives_valid_task_numbers():
    for phase in expand_phases(load_profile("smoke"), 3):
        assert 0 <= phase.first_task < 3
        assert phase.tasks >= 1
