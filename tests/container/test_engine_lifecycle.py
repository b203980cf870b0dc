"""The container runtime with a small server: isolation, faults, and that nothing is left behind."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request

import pytest

from suite.base.errors import EngineError, Interrupted, SetupError
from suite.documents.codec import pretty
from suite.measure.engine import serve
from suite.measure.engine.container import network, orphans
from suite.measure.engine.container.options import LABEL_OWNER
from suite.measure.engine.served import REPOSITORY
from tests.factories import engine as factory
from tests.factories.documents import changed

pytestmark = pytest.mark.container


@pytest.fixture
def run(tmp_path):
    path = tmp_path / f"run{time.monotonic_ns()}"
    path.mkdir()
    return path


def start(plan, run):
    return serve(plan, run, on_progress=lambda *_, **__: None)


def get(base_url, path):
    with urllib.request.urlopen(base_url + path, timeout=60) as answer:
        return json.load(answer)


def test_a_server_is_yielded_and_gone_afterwards(base_image, run, left_behind):
    plan = factory.plan(image=base_image)
    with start(plan, run) as served:
        assert left_behind(run.name)
        assert served.alive() is None
        assert [name for name, _ in served.marks] == [
            "engine.prepare",
            "engine.prepared",
            "engine.start",
            "engine.healthy",
            "engine.first_answer",
        ]
        moments = [moment for _, moment in served.marks]
        assert moments == sorted(moments)
        facts = served.facts
    assert left_behind(run.name) == []
    assert facts["engine.version"] == "1.2.3"
    assert facts["engine.non_default_arguments"] == "{'fault': 'nothing'}"
    assert facts["image.id"] == facts["image.running_id"]
    assert facts["image.digest"].startswith("sha256:")
    assert facts["engine.package.python"].startswith("3.11")
    assert facts["container.memory_bytes"] == 256 << 20
    assert "first words, fault nothing" in (run / "engine.log").read_text()


def test_a_mounted_folder_of_links_is_seen_as_on_the_host(base_image, run, tmp_path):
    blobs = tmp_path / "blobs"
    blobs.mkdir()
    folder = tmp_path / "snapshots" / "abc"
    folder.mkdir(parents=True)
    for source in factory.SERVERS.iterdir():
        if source.is_file():
            (blobs / source.name).write_bytes(source.read_bytes())
            (folder / source.name).symlink_to(f"../../blobs/{source.name}")
    plan = factory.plan(image=base_image)
    mount = {"source": str(folder), "target": "/srv", "read_only": True}
    with start(changed(plan, engine={"container": {"mounts": [mount]}}), run) as served:
        assert served.alive() is None
        assert get(served.base_url, "/probe")["write_mount"] == "Read-only file system"


def test_proxies_of_the_users_configuration_stay_outside(base_image, run, tmp_path, monkeypatch):
    (tmp_path / "config.json").write_text(
        '{"proxies": {"default": {"httpProxy": "http://10.9.8.7:3128"}}}'
    )
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    with start(factory.plan(image=base_image), run) as served:
        environment = get(served.base_url, "/probe")["environment"]
        assert not [name for name in environment if "proxy" in name.lower()]
        assert served.facts["container.proxies"].startswith("HTTP_PROXY of ")


def test_the_container_can_do_nothing_but_answer(base_image, run):
    plan = changed(factory.plan(image=base_image), engine={"unset_env": ["LANG"]})
    with start(plan, run) as served:
        can = get(served.base_url, "/probe")
    assert can["write_root"] == "Read-only file system"
    assert can["write_mount"] == "Read-only file system"
    assert can["write_tmp"] == "done"
    assert can["chown"] == "Operation not permitted"
    assert can["resolve_outside"] != "done"
    assert int(can["capabilities"], 16) == 0
    assert int(can["bounding"], 16) == 0
    assert can["no_new_privileges"] == "1"
    assert can["environment"]["FROM_PLAN"] == "yes"
    assert "LANG" not in can["environment"]


@pytest.mark.parametrize(("mode", "reached"), [("isolated", False), ("host", True)])
def test_another_machine_is_out_of_reach(base_image, run, tmp_path, mode, reached):
    outside = tmp_path / "outside"
    outside.mkdir()
    plan = changed(factory.plan(image=base_image), engine={"container": {"network": mode}})
    with start(factory.plan(image=base_image), outside) as other, start(plan, run) as served:
        host, port = other.base_url.removeprefix("http://").split(":")
        found = get(served.base_url, f"/reach/{host}/{port}")["outcome"]
    assert (found == "done") == reached, found


@pytest.mark.parametrize(
    ("fault", "code", "says"),
    [
        ("dies_at_start", "engine-died", ["exit code 3", "last words: no weights here"]),
        ("dies_on_request", "engine-died", ["exit code 7"]),
        ("eats_memory", "engine-out-of-memory", ["out of memory", "exit code 137"]),
        ("never_listens", "engine-timeout", ["not ready after 5 s", "first words"]),
        ("refuses", "engine-bad-answer", ["400", "no such model"]),
    ],
)
def test_a_faulty_engine_is_named_and_gone(base_image, run, left_behind, fault, code, says):
    plan = factory.plan(fault, image=base_image)
    if fault == "never_listens":
        plan = changed(plan, engine={"readiness": {"timeout_s": 5.0}})
    with pytest.raises(EngineError) as caught, start(plan, run):
        pytest.fail("it must not be yielded")
    assert caught.value.code == code
    for words in says:
        assert words in caught.value.message
    assert left_behind(run.name) == []
    assert "first words" in (run / "engine.log").read_text()


def test_a_command_that_does_not_exist_is_named(base_image, run, left_behind):
    plan = changed(factory.plan(image=base_image), engine={"command": ["no-such-program"]})
    with pytest.raises(EngineError) as caught, start(plan, run):
        pytest.fail("it must not be yielded")
    assert caught.value.code == "engine-start-failed"
    assert "no-such-program" in caught.value.message
    assert left_behind(run.name) == []


def test_a_death_while_measuring_is_seen(base_image, run, docker, left_behind):
    with start(factory.plan(image=base_image), run) as served:
        name = next(name for name in left_behind(run.name))
        docker.containers.get(name).kill()
        deadline = time.monotonic() + 60
        while served.alive() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        assert "exit code 137" in served.alive()
        docker.containers.get(name).remove(force=True)
        assert served.alive() == "somebody removed the container"
    assert left_behind(run.name) == []


def test_an_engine_that_ignores_sigterm_is_killed(base_image, run, left_behind):
    with start(factory.plan("ignores_sigterm", image=base_image), run):
        pass
    assert left_behind(run.name) == []


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt, Interrupted("interrupted", "SIGTERM"), OSError(1, "x")]
)
def test_whatever_is_raised_inside_passes_and_nothing_is_left(base_image, run, left_behind, error):
    expected = type(error) if isinstance(error, BaseException) else error
    with pytest.raises(expected) as caught, start(factory.plan(image=base_image), run):
        raise error
    assert not isinstance(caught.value, SetupError)
    assert left_behind(run.name) == []


_CHILD = """
import sys, time
from pathlib import Path
from suite.documents.codec import decode
from suite.documents.plan import Plan
from suite.measure.engine import serve
from suite.measure.engine.container import network, orphans
from suite.measure.engine.container.options import LABEL_OWNER
plan = decode(Path(sys.argv[1]).read_bytes(), Plan)
with serve(plan, Path(sys.argv[2]), on_progress=lambda *_, **__: None):
    print("serving", flush=True)
    time.sleep(600)
"""


def test_a_killed_suite_leaves_no_container(base_image, run, left_behind, tmp_path):
    document = tmp_path / "plan.json"
    document.write_bytes(pretty(factory.plan(image=base_image)))
    child = subprocess.Popen(
        [sys.executable, "-c", _CHILD, str(document), str(run)],
        stdout=subprocess.PIPE,
        cwd=REPOSITORY,
    )
    assert child.stdout.readline() == b"serving\n"
    assert len(left_behind(run.name)) == 2
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    child.stdout.close()
    deadline = time.monotonic() + 60
    while left_behind(run.name) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert left_behind(run.name) == []


def test_two_runs_at_a_time_do_not_clash(base_image, tmp_path):
    first, second = tmp_path / "one", tmp_path / "two"
    first.mkdir()
    second.mkdir()
    with start(factory.plan(image=base_image), first) as one:
        with start(factory.plan(image=base_image), second) as two:
            assert one.base_url != two.base_url
            assert get(two.base_url, "/version") == {"version": "1.2.3"}
        assert one.alive() is None


def test_the_host_network_gets_a_free_port(base_image, run):
    plan = changed(factory.plan(image=base_image), engine={"container": {"network": "host"}})
    with start(plan, run) as served:
        assert served.base_url.startswith("http://127.0.0.1:")
        assert not served.base_url.endswith(":8000")
        assert get(served.base_url, "/version") == {"version": "1.2.3"}


def test_where_containers_are_out_of_reach_the_port_is_published(
    base_image, run, left_behind, monkeypatch
):
    # Nothing is pretended but the answer to this question: the container is made and reached the other way.
    monkeypatch.setattr(network, "host_reaches_containers", lambda client: False)
    with start(factory.plan(image=base_image), run) as served:
        assert served.base_url.startswith("http://127.0.0.1:")
        assert served.facts["container.network"] == "published"
        assert get(served.base_url, "/version") == {"version": "1.2.3"}
    assert left_behind(run.name) == []


def test_pre_commands_and_the_hosts_network_go_together(base_image, run):
    engine = {"container": {"network": "host"}, "pre_commands": [["touch", "/tmp/made first"]]}
    plan = changed(factory.plan(image=base_image), engine=engine)
    with start(plan, run) as served:
        assert served.facts["container.network"] == "host"
        assert get(served.base_url, "/version") == {"version": "1.2.3"}


def test_an_image_that_no_registry_gives_is_named(run):
    plan = factory.plan(image="localhost:9/no/such-image:1")
    with pytest.raises(SetupError) as caught, start(plan, run):
        pytest.fail("it must not be yielded")
    assert caught.value.code == "image-unavailable"
    assert "localhost:9/no/such-image:1" in caught.value.message


def test_a_missing_mount_is_named(base_image, run, tmp_path):
    mount = {"source": str(tmp_path / "nowhere"), "target": "/srv", "read_only": True}
    plan = changed(factory.plan(image=base_image), engine={"container": {"mounts": [mount]}})
    with pytest.raises(SetupError) as caught, start(plan, run):
        pytest.fail("it must not be yielded")
    assert caught.value.code == "mount-missing"


def test_what_a_dead_suite_left_is_removed_by_the_next(base_image, docker):
    code = "from suite.measure.engine.container import orphans; print(orphans.owner())"
    gone = subprocess.check_output([sys.executable, "-c", code], text=True, cwd=REPOSITORY).strip()
    name = f"llm-conformance-orphan-{time.monotonic_ns()}"
    dead, alive = {LABEL_OWNER: gone}, {LABEL_OWNER: orphans.owner()}
    docker.networks.create(name, internal=True, labels=dead)
    docker.containers.create(base_image, "sleep 60", name=name, network=name, labels=dead).start()
    mine = docker.containers.create(base_image, "true", name=f"{name}-mine", labels=alive)
    try:
        assert orphans.remove_orphans(docker) >= 1
        names = [container.name for container in docker.containers.list(all=True)]
        assert name not in names
        assert f"{name}-mine" in names
        assert docker.networks.list(filters={"name": name}) == []
    finally:
        mine.remove(force=True)
