"""The plan as a shell script: golden texts, valid shell, and the same container as the suite starts."""

import shlex
import subprocess
from pathlib import Path

import msgspec
import pytest

from suite.declare.plan.docker_text import DEFAULT_ENV, DEFAULT_TMPFS, docker_run
from suite.declare.plan.text import render_plan
from tests.factories.languages import ENGLISH
from tests.factories.plans import plan_for

CASES = Path(__file__).resolve().parents[3] / "cases" / "plantext"
GOLDEN = {
    "mthreads-manual": lambda: plan_for("mthreads", "vllm_mtt", 1, access="manual"),
    "nvidia-vllm": lambda: plan_for("nvidia", "vllm", 2),
    "nvidia-raw": lambda: plan_for(
        "nvidia", "vllm", 1, access="raw", image="me/vllm:1@sha256:" + "b" * 64
    ),
    "cpu-vllm": lambda: plan_for("cpu", "vllm"),
    "cpu-transformers-process": lambda: plan_for("cpu", "transformers", runtime="process"),
    "cpu-scenarios": lambda: plan_for("cpu", profile="scenarios-smoke"),
    "nvidia-context": lambda: plan_for("nvidia", profile="context"),
    "cpu-sweep-xsum": lambda: plan_for("cpu", profile="sweep-xsum"),
    "nvidia-endpoint": lambda: plan_for("nvidia", runtime="endpoint", url="http://10.0.0.1:8000"),
}


def _without_digests(text):
    """Plan and line of the suite's own version change with every edit of a declaration."""
    return "\n".join(line for line in text.splitlines() if not line.startswith("# Plan ")) + "\n"


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_text(name):
    text = render_plan(GOLDEN[name]())
    assert text.startswith("# Plan ")
    assert _without_digests(text) == (CASES / f"{name}.sh").read_text()


@pytest.mark.parametrize("name", GOLDEN)
def test_the_chinese_text_has_the_same_commands(name):
    text = render_plan(GOLDEN[name]())
    pairs = zip(text.splitlines(), text.zh.splitlines(), strict=True)
    for line, other in pairs:
        assert line.startswith("#") == other.startswith("#")
        assert line.startswith("#") or line == other
        # What a vendor declares about itself stands as the vendor wrote it.
        if name.startswith("cpu-") and line.startswith("#"):
            assert not ENGLISH.search(other), other


def test_every_golden_file_belongs_to_a_plan():
    assert {path.stem for path in CASES.iterdir()} == set(GOLDEN)


@pytest.mark.parametrize("name", GOLDEN)
def test_text_is_valid_shell(name):
    done = subprocess.run(
        ["bash", "-n"],
        input=render_plan(GOLDEN[name]()),
        text=True,
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_checks_say_what_is_missing_when_they_are_pasted():
    text = render_plan(plan_for("mthreads", "vllm_mtt", 1))
    checks = text[text.index("# Checks") : text.index("# Image")]
    done = subprocess.run(
        ["bash"],
        input=checks,
        text=True,
        capture_output=True,
        check=False,
        env={"PATH": "/usr/bin:/bin"},
    )
    assert "missing: the MT GPU driver with mthreads-gmi: install" in done.stdout
    assert "missing: the device node of each card (0): load the driver's" in done.stdout


def test_odd_paths_are_quoted():
    from dataclasses import replace

    from tests.factories.plans import model_input

    model = replace(model_input(), path="/data/my models/it's $HOME")
    text = render_plan(plan_for("cpu", model=model))
    assert shlex.quote("type=bind,source=/data/my models/it's $HOME,target=/model,readonly") in text
    process = render_plan(plan_for("cpu", model=model, runtime="process"))
    assert shlex.quote("/data/my models/it's $HOME") in process


def test_a_line_feed_in_a_declared_text_stays_a_comment():
    plan = plan_for("mthreads", "vllm_mtt", 1)
    conversion = msgspec.structs.replace(plan.conversion, reason="first\nrm -rf /")
    assert "\nrm -rf" not in render_plan(msgspec.structs.replace(plan, conversion=conversion))


def _options(groups):
    """Docker's options by name, and the words after the image."""
    options, rest = {}, []
    for group in groups[2:]:
        if rest or not group[0].startswith("--"):
            rest += group
        elif len(group) == 1:
            options[group[0]] = True
        else:
            options.setdefault(group[0], []).append(group[1])
    return options, rest


@pytest.mark.parametrize(
    "name", [name for name in GOLDEN if "process" not in name and "endpoint" not in name]
)
def test_text_and_suite_start_the_same_container(name):
    from suite.measure.engine.container import options as real

    engine = GOLDEN[name]().engine
    given, rest = _options(docker_run(engine, engine.image, "n"))
    built = engine.image.source == "build"
    wanted = real.create_options(engine, built_here=built, user="$(id -u):$(id -g)")
    assert given.get("--user", [None]) == [wanted.get("user")]
    assert real.DEFAULT_TMPFS == DEFAULT_TMPFS
    assert given.get("--cap-drop", []) == wanted["cap_drop"]
    assert given.get("--cap-add", []) == wanted["cap_add"]
    assert given.get("--security-opt", []) == wanted["security_opt"]
    assert given.get("--read-only", False) == wanted["read_only"]
    assert given.get("--device", []) == wanted["devices"]
    assert given.get("--runtime", [None]) == [wanted.get("runtime")]
    assert given.get("--shm-size", [None]) == [wanted.get("shm_size")]
    assert given.get("--privileged", False) == wanted.get("privileged", False)
    assert given["--memory"] == given["--memory-swap"] == [wanted["mem_limit"]]
    assert given["--pids-limit"] == [str(wanted["pids_limit"])]
    assert given["--env"] == wanted["environment"]
    assert [f"{k}:{v}" for k, v in wanted["tmpfs"].items()] == given["--tmpfs"]
    entrypoint = wanted.get("entrypoint", [])
    assert given.get("--entrypoint", []) == entrypoint[:1]
    command = wanted["command"]
    if engine.container.network == "host":
        assert command[command.index("--host") + 1] == "127.0.0.1"
    assert rest[1:] == entrypoint[1:] + command
    assert all(key in dict(item.split("=", 1) for item in given["--env"]) for key in DEFAULT_ENV)
