"""Variables of make: misspelt ones are refused, values arrive as they were written."""

import os
import shlex
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def make(*words):
    # Without what a make above this one says: it would name the directories that it enters.
    environment = {
        k: v for k, v in os.environ.items() if k not in {"MAKEFLAGS", "MAKELEVEL", "MFLAGS"}
    }
    return subprocess.run(
        ["make", "-n", *words],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(("given", "meant"), [("VENDR=x", "VENDOR"), ("engin=vllm", "ENGINE")])
def test_a_misspelt_variable_is_refused_with_the_nearest(given, meant):
    done = make("run", given)
    assert done.returncode == 2
    assert f"did you mean {meant}?" in done.stderr


def test_values_reach_the_program_as_they_are(tmp_path):
    given = {"VENDOR": "my vendors/a b", "MODEL": """it's "quoted" $$HOME; true""", "OUT": ""}
    shown = make("run", *(f"{name}={value}" for name, value in given.items())).stdout.splitlines()[
        -1
    ]
    assert shown.startswith(".venv/bin/python -m suite run")
    command = shown.replace(".venv/bin/python -m suite", "printf '%s\\n'")
    wanted = {name: value.replace("$$", "$") for name, value in given.items()}
    printed = subprocess.check_output(["sh", "-c", command], env=wanted, text=True)
    assert printed.splitlines() == ["run", "--vendor", wanted["VENDOR"], "--model", wanted["MODEL"]]


def test_every_target_of_the_help_exists():
    listed = subprocess.check_output(["make", "help"], cwd=ROOT, text=True)
    for line in listed.splitlines():
        target = shlex.split(line.split("\t")[0])[-1]
        assert make(target).returncode == 0
