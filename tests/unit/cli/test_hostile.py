"""Every command that opens what somebody else made refuses what nobody should open: soon, with a code, without much memory."""

from __future__ import annotations

import contextlib
import os
import re
import resource
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest

from suite.cli.main import main, program
from suite.judge.attest import keyfiles
from tests.factories import submissions

SAMPLE = Path(__file__).resolve().parents[3] / "docs/samples/vllm-cpu/scorecard.sigstore.json"
CODED = re.compile(r"error\[[a-z-]+\]: |\[[a-z]+(-[a-z]+)+\]")
"""A refusal says its code: alone, or as one of the steps or problems of `verify` and `check`."""
CPU_S = 5.0
MEMORY = 500 << 20
REFUSED = {1, 2, 3, 4, 5}
"""1: an outcome of what was judged, such as of `check`; never 0, 70 or a signal."""


def _fifo(path: Path) -> None:
    os.mkfifo(path)


def _terabyte(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 40)


def _nested(path: Path) -> None:
    path.write_text("[" * 100_000 + "]" * 100_000)


def _bomb(path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [
        f"a{number}: &a{number} [{', '.join([f'*a{number - 1}'] * 10)}]" for number in range(1, 12)
    ]
    path.write_text("\n".join(lines) + "\n")


HOSTILE: dict[str, Callable[[Path], object]] = {
    "pipe": _fifo,
    "link": lambda path: path.symlink_to("/etc/passwd"),
    "loop": lambda path: path.symlink_to(path),
    "folder": lambda path: path.mkdir(),
    "device": lambda path: path.symlink_to("/dev/zero"),
    "terabyte": _terabyte,
    "bomb": _bomb,
    "nested": _nested,
    "nested-object": lambda path: path.write_text('{"a":' * 100_000 + "1" + "}" * 100_000),
    "integer": lambda path: path.write_text('{"a": ' + "9" * 4_000_000 + "}"),
    "nul": lambda path: path.write_bytes(b'{"a": "\0"}\0' + b"\0" * 4096),
    "bidi": lambda path: path.write_text('{"\u202eevil\u2066": "\u202e\x1b[2J"}\n', "utf-8"),
    "empty": lambda path: path.write_bytes(b""),
}
X = "X"
"""Where the hostile file stands on a command line."""
PLAN = ("plan", "--vendor", "cpu")
FILES: tuple[tuple[str, ...], ...] = (
    (*PLAN, "--data", X),
    (*PLAN, "--bundle", X),
    (*PLAN, "--image-archive", X),
    (*PLAN, "--challenge", X),
    (*PLAN, "--challenge", "SUBJECT", "--commitment", X),
    (*PLAN, "--references", X),
    (*PLAN, "--profile", X),
    ("plan", "--vendor", X),
    ("run", "--plan", X),
    ("run", "--resume", X),
    ("sim", "--script", X),
    ("score", X),
    ("verify", X),
    ("verify", "SUBJECT", "--trust", X),
    ("verify", "SUBJECT", "--key", X),
    ("verify", "SUBJECT", "--trust", "TRUST", "--timestamp", X),
    ("verify", "SUBJECT", "--trust", "TRUST", "--receipt", X),
    ("verify", "SUBJECT", "--trust", "TRUST", "--statement", X),
    ("audit", X, "--model", "."),
    ("reproduce", X),
    ("render", X, "--key", "KEY", "--out", "page.html"),
    ("diff", X, "SUBJECT", "--key", "KEY"),
    ("diff", "SUBJECT", X, "--key", "KEY"),
    ("compare", X, "SUBJECT", "--key", "KEY"),
    ("compare", "SUBJECT", "--foreign", X, "--key", "KEY"),
    ("sign", X, "--key", "SECRET"),
    ("sign", "RUN", "--key", X),
    ("receipt", X, "--key", "SECRET", "--out", "receipt.json"),
    ("submit", X, "--to", "tree"),
    ("check", X, "--trust", "TRUST"),
    ("check", "EMPTY", "--trust", X),
    ("check", "EMPTY", "--trust", "TRUST", "--waivers", X),
    ("site", X, "--trust", "TRUST", "--out", "site"),
    ("site", "EMPTY", "--trust", "TRUST", "--state", X, "--out", "site"),
    ("store", "push", X, "--to", "oci:layout"),
    ("store", "pull", f"oci:{X}", "--to", "tree"),
    ("export", X, "--format", "vllm-bench", "--out", "out.json"),
    ("import", X, "--out", "out.json"),
    ("serve", X),
    ("db", "ingest", X, "--db", "runs.db"),
    ("history", "--db", X),
    ("regress", "--db", X),
    ("fleet", "collect", X),
    ("fleet", "manifests", X, "--image", "registry.example/suite:1", "--out", "jobs.yaml"),
    ("fleet", "plan", X, "--out", "fleet"),
    ("fleet", "resume", X),
    ("fleet", "run", X),
    ("fleet", "spread", X),
    ("fleet", "status", X),
    ("fleet", "verify", X, "--key", "KEY"),
    ("review", "list", X, "--trust", "TRUST"),
    ("review", "sign", X, "--decision", "accept", "--key", "SECRET", "--out", "review.json"),
    (
        "review",
        "supersede",
        X,
        "--by",
        "SUBJECT",
        "--reason",
        "wrong",
        "--key",
        "SECRET",
        "--out",
        "review.json",
    ),
    ("review", "withdraw", X, "--reason", "wrong", "--key", "SECRET", "--out", "review.json"),
    ("round", "check", X, "--trust", "TRUST"),
    ("round", "new", "r1", "--commitment", X, "--key", "SECRET", "--out", "round.json"),
    ("round", "new", "r1", "--like", X, "--key", "SECRET", "--out", "round.json"),
    ("round", "show", X),
    ("reference", "check", X, "--trust", "TRUST"),
    ("reference", "list", "--references", X),
    ("reference", "make", X, "--key", "SECRET", "--out", "reference.json"),
    ("trust", "add", X, "owner", "--role", "vendor", "--key", "KEY"),
    ("trust", "add", "TRUST", "owner", "--role", "vendor", "--key", X),
    ("trust", "check", X),
    ("trust", "list", X),
    ("trust", "revoke", X, "0" * 64, "--reason", "lost"),
    ("vendors", "check", X),
    ("vendors", "show", X),
    ("data", "convert", X, "--to", "data.jsonl"),
    ("data", "lock", ".", "--split", X, "--to", "lock.json"),
    ("data", "locks", X),
    ("data", "show", X),
    ("data", "verify", X),
)
OF_RUNS = ("score", "verify", "submit", "check")
"""Commands that take a run directory, and read it in different ways."""


class HungError(BaseException):
    """The command took its time and more; nothing of ours catches it."""


@contextlib.contextmanager
def bounded() -> Iterator[None]:
    """So much processor time, sixty seconds in all, and so much memory more than there is."""

    def hung(*_: object) -> None:
        raise HungError

    size = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    before = {kind: signal.signal(kind, hung) for kind in (signal.SIGPROF, signal.SIGALRM)}
    resource.setrlimit(resource.RLIMIT_AS, (size + MEMORY, hard))
    signal.setitimer(signal.ITIMER_PROF, CPU_S)
    signal.alarm(60)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.setitimer(signal.ITIMER_PROF, 0)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
        for kind, handler in before.items():
            signal.signal(kind, handler)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A key, a trust list, a sound run and a card of somebody's."""
    root = tmp_path_factory.mktemp("place")
    keyfiles.generate(root / "key.pem")
    trust = root / "trust.json"
    words = ["trust", "add", trust, "cpu", "--role", "vendor", "--key", root / "key.pub.pem"]
    assert main([*map(str, words)]) == 0
    submissions.run(root / "run")
    empty = root / "empty"
    empty.mkdir()
    return {
        "SECRET": root / "key.pem",
        "KEY": root / "key.pub.pem",
        "TRUST": trust,
        "SUBJECT": SAMPLE,
        "RUN": root / "run",
        "EMPTY": empty,
    }


@pytest.fixture
def refuse(
    place: dict[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Callable[[tuple[str, ...], Path], str]:
    """Run a command line with a hostile file, within bounds; why it was not refused as it should, "" where it was."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("SUITE_KEY", raising=False)

    def call(words: tuple[str, ...], file: Path) -> str:
        given = [
            str(place[word])
            if word in place
            else word.replace(X, str(file))
            if word.endswith(X)
            else word
            for word in words
        ]
        try:
            with bounded():
                status = main(given)
        except HungError:
            return "it hung"
        finally:
            out, err = capfd.readouterr()
        if status not in REFUSED:
            return f"status {status}: {err[-400:]}{out[-200:]}"
        said = out + err
        if "Traceback" in said or "\u202e" in said or "\x1b[2J" in said:
            return f"it printed what it should not: {said[-400:]!r}"
        if "error[option-unknown]" in err or "error[usage-wrong]" in err:
            return f"the file was not looked at: {err[-400:]}"
        if words[:2] == ("vendors", "check"):  # lists problems, each with its place
            return "" if "one problem" in said else f"no problem: {said[-400:]}"
        return "" if status == 1 or CODED.search(said) else f"no code: {said[-400:]}"

    return call


@pytest.mark.parametrize("words", FILES, ids=" ".join)
def test_a_hostile_file_is_refused(words, refuse, tmp_path):
    wrong = {}
    for name, make in HOSTILE.items():
        if name == "folder" and ("--references" in words or words[0] == "serve"):
            continue  # an empty folder of references, or of runs, is one
        file = tmp_path / "tree" / "cpu" / "round" / f"hostile-{name}"
        file.parent.mkdir(parents=True, exist_ok=True)
        make(file)
        if why := refuse(words, file):
            wrong[name] = why
    assert wrong == {}


@pytest.mark.parametrize("name", ["pipe", "nested"])
@pytest.mark.parametrize(
    "member", ["manifest.json", "plan.json", "events.jsonl", "scorecard.sigstore.json"]
)
def test_a_run_with_a_hostile_member_is_refused(name, member, refuse, place, tmp_path):
    run = tmp_path / "tree" / "cpu" / "round" / "run"
    shutil.copytree(place["RUN"], run)
    (run / member).unlink()
    HOSTILE[name](run / member)
    wrong = {}
    for words in FILES:
        if " ".join(words).startswith(OF_RUNS) and X in words[1:3]:
            # The card is made from the log; what was signed of it, `verify` holds against it.
            if words[0] == "score" and member in {"manifest.json", "scorecard.sigstore.json"}:
                continue
            if why := refuse(words, run):
                wrong[" ".join(words)] = why
    assert wrong == {}


def taking_paths(group: click.Group, before: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every command with an argument that is a path."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from taking_paths(command, (*before, name))
        elif command is not None and any(
            isinstance(part, click.Argument) and isinstance(part.type, click.Path)
            for part in command.params
        ):
            yield *before, name


def test_every_command_that_takes_a_path_is_tried():
    tried = {words[: len(name)] for words in FILES for name in taking_paths(program())}
    assert set(taking_paths(program())) <= tried
