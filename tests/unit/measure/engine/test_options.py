"""What the plan becomes on the way to the Docker engine; the container tests show that it works."""

import os

import pytest

from suite.base.errors import SetupError
from suite.measure.engine.container.options import create_options, gpu_request
from tests.factories import engine as factory
from tests.factories.documents import changed


@pytest.fixture
def engine():
    return factory.plan(image="x").engine


def test_everything_is_taken_away_by_default(engine):
    made = create_options(engine, built_here=True)
    assert made["cap_drop"] == ["ALL"]
    assert made["cap_add"] == []
    assert made["security_opt"] == ["no-new-privileges:true"]
    assert made["read_only"] is True
    assert "privileged" not in made
    assert made["mem_limit"] == made["memswap_limit"] == "256m"
    assert made["pids_limit"] == 64
    assert made["user"] == f"{os.getuid()}:{os.getgid()}"
    assert "/tmp" in made["tmpfs"]


def test_what_the_plan_declares_is_given(engine):
    container = {
        "capabilities_add": ["SYS_NICE"],
        "security_opt": ["seccomp=unconfined"],
        "devices": ["/dev/mtgpu.0"],
        "groups": ["video"],
        "shm_size": "80g",
        "ipc": "host",
        "runtime": "mthreads",
        "entrypoint": ["/bin/run"],
        "tmpfs": {"/cache": "size=1g"},
        "read_only_root": False,
    }
    made = create_options(changed(engine, container=container), built_here=False)
    assert made["cap_add"] == ["SYS_NICE"]
    assert made["security_opt"] == ["no-new-privileges:true", "seccomp=unconfined"]
    assert made["devices"] == ["/dev/mtgpu.0"]
    assert made["group_add"] == ["video"]
    assert (made["shm_size"], made["ipc_mode"], made["runtime"]) == ("80g", "host", "mthreads")
    assert made["entrypoint"] == ["/bin/run"]
    assert made["tmpfs"]["/cache"] == "size=1g"
    assert made["read_only"] is False
    assert "user" not in made


def test_variables_are_set_and_taken_away(engine):
    variables = {"A": "1", "HOME": "/elsewhere"}
    engine = changed(engine, env=variables, unset_env=["USER", "LD_LIBRARY_PATH"])
    made = create_options(engine, built_here=True)["environment"]
    assert "A=1" in made
    assert "HOME=/elsewhere" in made
    assert "USER" in made
    assert "LD_LIBRARY_PATH" in made
    assert not [entry for entry in made if entry.startswith("USER=")]


def test_privileged_needs_a_reason(engine):
    engine = changed(engine, container={"privileged": True})
    with pytest.raises(SetupError) as caught:
        create_options(engine, built_here=False)
    assert caught.value.code == "privileged-without-reason"
    engine = changed(engine, container={"privileged_reason": "its driver maps physical memory"})
    assert create_options(engine, built_here=False)["privileged"] is True


def test_a_wrapper_is_refused_with_a_way_out(engine):
    with pytest.raises(SetupError) as caught:
        create_options(changed(engine, container={"wrapper": "metax-docker"}), built_here=False)
    assert caught.value.code == "wrapper-unsupported"
    assert "--url" in caught.value.hint


def test_an_engine_without_container_is_refused(engine):
    with pytest.raises(SetupError) as caught:
        create_options(changed(engine, container=None), built_here=False)
    assert caught.value.code == "container-undeclared"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("all", (-1, [])),
        ("2", (2, [])),
        ("device=0,1", (0, ["0", "1"])),
        ('"device=0,1"', (0, ["0", "1"])),
        ("device=GPU-3a-4b", (0, ["GPU-3a-4b"])),
    ],
)
def test_gpus_are_read(text, wanted):
    assert gpu_request(text) == wanted


@pytest.mark.parametrize("text", ["", "some", "device=", "device=0;1", "-1"])
def test_unreadable_gpus_are_refused(text):
    with pytest.raises(SetupError) as caught:
        gpu_request(text)
    assert caught.value.code == "gpus-unreadable"
