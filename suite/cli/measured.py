"""``suite run``, ``doctor`` and ``sim``: everything that starts something."""

from __future__ import annotations

import dataclasses
import shutil
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from suite import evidence
from suite.base import jsonio, resources
from suite.base.errors import SetupError, SuiteError
from suite.cli import inputs, loadoptions
from suite.cli.judged import exit_status
from suite.cli.keys import PAGE_FILE, add_key_option, default_key, sign_and_render
from suite.cli.machine import settings
from suite.cli.terminal import Terminal
from suite.judge import score
from suite.judge.attest import keys, verify_run
from suite.judge.report import html, text
from suite.measure.preflight import require_preflight, require_runtime, run_preflight
from suite.measure.run import execute
from suite.measure.signals import Stop

if TYPE_CHECKING:
    import argparse

    from suite.judge.attest.keys import PrivateKey
    from suite.measure.run import RunResult

MIN_FREE_BYTES = 64 << 20
"""A run that starts with less free space than this will not end well; a smoke run writes about 1 MiB."""


def add_parsers(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands of this module."""
    running = commands.add_parser(
        "run",
        help="measure, score, sign and render",
        description="Start the engine, send the tasks, and leave a signed scorecard in a run directory.",
        epilog="example: suite run --vendor cpu --profile smoke",
    )
    inputs.add_options(running)
    loadoptions.add_options(running)
    running.add_argument("--out", type=Path, help="run directory to create; default: runs/<id>")
    add_key_option(running)
    running.add_argument("--quiet", action="store_true", help="no progress")
    running.set_defaults(handler=_run)
    doctor = commands.add_parser(
        "doctor",
        help="is this machine ready? (preflight)",
        description="Ask every preflight check of the plan and say what is missing; starts nothing.",
        epilog="example: suite doctor --vendor nvidia",
    )
    inputs.add_options(doctor)
    doctor.add_argument("--json", action="store_true", help="print the answers as JSON")
    doctor.set_defaults(handler=_doctor)


def _run_directory(arguments: argparse.Namespace, parts: list[str]) -> Path:
    if arguments.out is not None:
        return Path(arguments.out)
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    return resources.workspace() / "runs" / "-".join([stamp, *parts])


def _run(arguments: argparse.Namespace) -> int:
    # From the first moment on, so that SIGTERM ends like Ctrl-C: in order, with status 130.
    with Stop().installed() as stop:
        return _run_under(arguments, stop)


def _run_under(arguments: argparse.Namespace, stop: Stop) -> int:
    zero_ns = time.monotonic_ns()
    terminal = Terminal(quiet=arguments.quiet)
    load = loadoptions.load_options(arguments)
    gathered = inputs.gather(arguments)
    plan = gathered.plan
    if plan.runtime_note:
        terminal.line(f"runtime: {plan.runtime} ({plan.runtime_note}); the card cannot be closed")
    parts = [plan.vendor.id, plan.engine.id, plan.workload.profile]
    directory = _run_directory(arguments, parts)
    require_preflight(plan)
    require_runtime(plan)
    # Whatever could spoil the end is asked for at the beginning: space, key and run directory.
    _require_space(directory)
    key, made = keys.load_or_generate(arguments.key or default_key())
    if made:
        terminal.line(f"made a signing key: {arguments.key or default_key()}")
    result = execute(
        plan,
        gathered.tasks,
        gathered.tokenizer,
        directory,
        progress=terminal,
        stop=stop,
        zero_ns=zero_ns,
        # An endpoint's readiness requests carry the same header fields.
        settings=dataclasses.replace(settings(), headers=load.headers),
        load=load,
    )
    terminal.clear()
    if result.error is not None:
        return _ended_early(result)
    # The run is over and its evidence complete; a signal ends the judging, which `suite sign` can repeat.
    with Stop().installed():
        return _judge(result.directory, key, terminal)


def _require_space(directory: Path) -> None:
    """Refuse a directory that exists, and one on a disk that is nearly full.

    Raises:
        SetupError: ``run-exists``, ``disk-full``.
    """
    evidence.require_new(directory)
    above = next((path for path in directory.absolute().parents if path.is_dir()), Path("/"))
    free = shutil.disk_usage(above).free
    if free < MIN_FREE_BYTES:
        message = f"{above} has {free >> 20} MiB free; a run needs {MIN_FREE_BYTES >> 20} MiB"
        raise SetupError("disk-full", message, hint="free some space, or choose another --out")


def _ended_early(result: RunResult) -> int:
    assert result.error is not None
    print(result.error.render(), file=sys.stderr)
    print(
        f"the evidence so far is kept in {result.directory} (ended: {result.ended})",
        file=sys.stderr,
    )
    return result.error.exit_status


def _judge(directory: Path, key: PrivateKey, terminal: Terminal) -> int:
    started = time.monotonic()
    try:
        card = sign_and_render(directory, key)
    except SuiteError as error:
        print(f"the evidence is kept in {directory}; `suite sign` tries again", file=sys.stderr)
        raise error from None
    checked = verify_run.verify_run(
        directory, key=key.public, recompute=score.score, render=_render_again
    )
    terminal.line(f"scored, signed, rendered and verified in {time.monotonic() - started:.1f} s")
    print(text.render(card))
    print(f"page      {directory / PAGE_FILE}")
    print(f"evidence  {directory}")
    print(f"signed by {key.public.id}")
    if not checked.intact:
        print(checked.text(), file=sys.stderr)
        return checked.exit_status
    return exit_status(card)


def _render_again(bundle: bytes, predicate: jsonio.JSONObject) -> bytes:
    return html.render(bundle, predicate)  # type: ignore[arg-type]  # checked against the schema before


def _doctor(arguments: argparse.Namespace) -> int:
    plan = inputs.gather(arguments).plan
    answers = run_preflight(plan)
    if arguments.json:
        rows = [{"id": a.check.id, "ok": a.ok, "found": a.found} for a in answers]
        sys.stdout.buffer.write(jsonio.pretty({"vendor": plan.vendor.id, "checks": rows}))
    else:
        print(f"{plan.vendor.name}, {plan.engine.title}, runtime {plan.runtime}")
        for answer in answers:
            print(f"  {'ok     ' if answer.ok else 'MISSING'} {answer.check.what}: {answer.found}")
            if not answer.ok and answer.check.hint:
                print(f"          {answer.check.hint}")
        if not answers:
            print("  nothing to ask: this vendor needs no device")
    return 0 if all(answer.ok for answer in answers) else SetupError.exit_status
