"""The process runtime with a small server: its group, its variables, its faults, and that nothing is left."""

import importlib.metadata
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from msgspec.structs import replace

from suite.base.errors import EngineError, SetupError
from suite.documents.codec import pretty
from suite.documents.engine import Process
from suite.measure.engine import Settings, process, serve
from suite.measure.engine.served import REPOSITORY
from tests.factories import engine as factory
from tests.factories.documents import changed


@pytest.fixture
def settings(tmp_path):
    """A repository whose environment ``test`` is there already: this interpreter."""
    return factory.environment(tmp_path)


@pytest.fixture
def run(tmp_path):
    path = tmp_path / "run"
    path.mkdir()
    return path


def plan_of(fault="nothing", **engine):
    requirements = {"requirements": "images/test/requirements.txt"}
    return changed(
        factory.plan(fault, runtime="process"), engine={"process": requirements, **engine}
    )


def in_environment(python):
    plan = factory.plan(runtime="process")
    return replace(plan, engine=replace(plan.engine, process=Process(python=python)))


def start(plan, run, settings):
    return serve(plan, run, on_progress=lambda *_, **__: None, settings=settings)


def is_running(process_id):
    try:
        state = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def wait_gone(process_id):
    deadline = time.monotonic() + 60
    while is_running(process_id) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not is_running(process_id)


def child_in(log):
    return int(re.search(r"child (\d+)", log.read_text()).group(1))


def test_a_server_is_yielded_and_its_whole_group_is_gone_afterwards(run, settings):
    with start(plan_of("has_children"), run, settings) as served:
        assert served.alive() is None
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", served.base_url)
        assert [name for name, _ in served.marks][-2:] == ["engine.healthy", "engine.first_answer"]
        leader, child = served.leader.pid, child_in(run / "engine.log")
        assert is_running(leader)
        assert is_running(child)
        assert served.facts["engine.version"] == "1.2.3"
        assert served.facts["engine.runtime"] == "process"
    assert wait_gone(leader)
    assert wait_gone(child)


def test_the_persons_shell_does_not_reach_the_engine(run, settings, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.setenv("LD_PRELOAD_NOT", "x")
    with start(plan_of(unset_env=["LANG"]), run, settings) as served:
        with urllib.request.urlopen(served.base_url + "/probe", timeout=60) as answer:
            seen = json.load(answer)["environment"]
        scratch = seen["TMPDIR"]
        assert Path(scratch).is_dir()
    assert set(seen) - {"LC_CTYPE"} == {
        "PATH",
        "HOME",
        "TMPDIR",
        "XDG_CACHE_HOME",
        "PYTHONUNBUFFERED",
        "FROM_PLAN",
    }
    assert not Path(scratch).exists()


@pytest.mark.parametrize(
    ("fault", "code", "says"),
    [
        ("dies_at_start", "engine-died", ["status 3", "last words: no weights here"]),
        ("dies_on_request", "engine-died", ["status 7"]),
        ("never_listens", "engine-timeout", ["not ready after 1 s", "before it"]),
        ("refuses", "engine-bad-answer", ["400", "no such model"]),
    ],
)
def test_a_faulty_engine_is_named(run, settings, fault, code, says):
    never = {"readiness": {"timeout_s": 1.0}, "pre_commands": [["echo", "before it"]]}
    plan = plan_of(fault, **(never if fault == "never_listens" else {}))
    with pytest.raises(EngineError) as caught, start(plan, run, settings):
        pytest.fail("it must not be yielded")
    assert caught.value.code == code
    for words in says:
        assert words in caught.value.message


def test_a_port_lost_to_somebody_else_is_replaced(run, settings, tmp_path):
    plan = plan_of("loses_its_port_once", env={"STATE": str(tmp_path / "state")})
    with start(plan, run, settings) as served:
        assert served.alive() is None
        names = [name for name, _ in served.marks]
        assert names.count("engine.start") == 1
    assert (run / "engine.log").read_text().count("first words") == 2


def test_a_killed_engine_is_seen_dead(run, settings):
    with start(plan_of(), run, settings) as served:
        os.kill(served.leader.pid, signal.SIGKILL)
        served.leader.wait()
        assert "SIGKILL" in served.alive()


def test_a_program_that_does_not_exist_is_named(run, settings):
    plan = plan_of(command=["no-such-program"])
    with pytest.raises(EngineError) as caught, start(plan, run, settings):
        pytest.fail("it must not be yielded")
    assert caught.value.code == "engine-start-failed"


def test_an_engine_without_a_declared_environment_is_refused(run, settings):
    plan = changed(plan_of(), engine={"process": None})
    with pytest.raises(SetupError) as caught, start(plan, run, settings):
        pytest.fail("it must not be yielded")
    assert caught.value.code == "process-undeclared"


def test_pre_commands_run_first_and_their_failure_ends_the_start(run, settings, tmp_path):
    plan = plan_of(pre_commands=[["touch", str(tmp_path / "with space")]])
    with start(plan, run, settings):
        assert (tmp_path / "with space").exists()
    plan = plan_of(pre_commands=[["false"]])
    with pytest.raises(EngineError) as caught, start(plan, run, settings):
        pytest.fail("it must not be yielded")
    assert "status 1" in caught.value.message


_CHILD = """
import sys, time
from pathlib import Path
from suite.documents.codec import decode
from suite.documents.plan import Plan
from suite.measure.engine import Settings, serve
plan = decode(Path(sys.argv[1]).read_bytes(), Plan)
settings = Settings(environments=Path(sys.argv[3]), repository=Path(sys.argv[3]), cache=Path(sys.argv[3]) / "cache")
with serve(plan, Path(sys.argv[2]), on_progress=lambda *_, **__: None, settings=settings) as served:
    print(served.leader.pid, flush=True)
    time.sleep(600)
"""


def test_a_killed_suite_leaves_no_process(run, settings, tmp_path):
    document = tmp_path / "plan.json"
    document.write_bytes(pretty(plan_of("has_children")))
    command = [sys.executable, "-c", _CHILD, str(document), str(run), str(settings.repository)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=REPOSITORY) as suite:
        leader = int(suite.stdout.readline())
        child = child_in(run / "engine.log")
        assert is_running(leader)
        variables = Path(f"/proc/{leader}/environ").read_text().split("\0")
        scratch = Path(next(v for v in variables if v.startswith("TMPDIR=")).partition("=")[2])
        assert scratch.is_dir()
        suite.kill()
    assert wait_gone(leader)
    assert wait_gone(child)
    deadline = time.monotonic() + 60
    while scratch.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not scratch.exists()


def test_a_step_that_ends_by_itself_tells_how(run, settings):
    engine = plan_of(command=["python3", "-c", "print('said')"]).engine
    why, facts = process.run_once(
        engine, run / "log", on_progress=lambda *_, **__: None, settings=settings
    )
    assert why is None
    assert facts["engine.package.python"].startswith("3.")
    engine = plan_of(command=["python3", "-c", "raise SystemExit(9)"]).engine
    why, _ = process.run_once(
        engine, run / "log", on_progress=lambda *_, **__: None, settings=settings
    )
    assert why == "it ended with status 9"
    assert (run / "log").read_text() == "said\n"


def test_what_the_engine_compiled_comes_back_at_its_next_start(run, settings):
    compiling = 'mkdir -p "$CACHE"; ls "$CACHE"; echo code > "$CACHE/one"'
    plan = plan_of(
        compile_cache={"target": "/compiled", "variables": {"CACHE": "graphs"}},
        pre_commands=[["/bin/sh", "-c", compiling]],
    )
    with start(plan, run, settings) as served:
        assert served.facts["engine.compile_cache"] == "cold"
        assert "one" not in (run / "engine.log").read_text().split()
    with start(plan, run, settings) as served:
        assert served.facts["engine.compile_cache"] == "warm"
    assert "one" in (run / "engine.log").read_text().split()


def test_an_environment_that_is_there_already_is_used_and_its_packages_recorded(run, tmp_path):
    nothing = Settings(repository=tmp_path, environments=tmp_path, cache=tmp_path / "cache")
    plan = in_environment(sys.executable)
    with start(plan, run, nothing) as engine:
        assert engine.alive() is None
        assert engine.facts["engine.python"] == sys.executable
        assert engine.facts["engine.package.msgspec"] == importlib.metadata.version("msgspec")
        assert len([name for name in engine.facts if name.startswith("engine.package.")]) > 20
    assert not list(tmp_path.glob(".venv-*"))
    wrong = in_environment(str(tmp_path / "no" / "python"))
    with pytest.raises(SetupError) as refused, start(wrong, run, nothing):
        pass
    assert refused.value.code == "engine-python-wrong"
    mute = tmp_path / "mute"
    mute.write_text("#!/bin/sh\necho nonsense\n")
    mute.chmod(0o755)
    with (
        pytest.raises(SetupError, match="no interpreter that answers"),
        start(in_environment(str(mute)), run, nothing),
    ):
        pass
