"""A fleet planned and carried out: inventory to cells and plans, then a controller over a backend, with progress shown."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from click.core import ParameterSource

from suite.base import jsonio
from suite.base.bilingual import Sentence, placed
from suite.base.errors import (
    EvidenceError,
    Interrupted,
    Place,
    SetupError,
    SuiteError,
    UsageError,
    unwritable,
)
from suite.base.safe import replace_file, resolved
from suite.cli import inputs
from suite.cli.machine import settings
from suite.cli.options import Choices, Sending
from suite.cli.terminal import Terminal
from suite.declare.fleet import drafts, jobs, read_inventory
from suite.documents.codec import decode, digest, pretty
from suite.documents.document import given
from suite.documents.fleet import PREFLIGHT, Cell, Fleet
from suite.evidence import fleetstate
from suite.evidence.journal import FLEET, Journal, read_journal
from suite.judge.attest.times import format_time
from suite.measure.digests import DigestStore
from suite.measure.fleet.control import Controller
from suite.measure.fleet.local import Local, processors
from suite.measure.nodes.identity import other_suite, this_suite
from suite.measure.signals import Stop

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from suite.declare.fleet import Draft, Job
    from suite.documents.plan import Plan
    from suite.evidence.fleetstate import State
    from suite.measure.fleet.attempt import Ending, Files
    from suite.measure.fleet.backend import Backend

POLL_S: Final = {"local": 0.2, "slurm": 2.0, "ray": 1.0}
"""Seconds between two looks at the attempts."""
_SENDING: Final = {*(member.name for member in dataclasses.fields(Sending)), "key", "tsa", "quiet"}
"""Options of `suite run` that enter no plan, and that a cell may have."""
UNFINISHED: Final = SetupError.exit_status
"""Status of a fleet of which not every machine left a card for every run."""


# planning


def plan(inventory_file: Path, out: Path) -> Fleet:
    """Make the plan of every cell of an inventory, and write the fleet's directory.

    Raises:
        UsageError: ``fleet-exists``, ``fleet-options-wrong``.
        SuiteError: what inventory or plans are refused for.
    """
    inventory = read_inventory(inventory_file)
    if (out / FLEET).exists():
        message = Sentence(f"{out} holds a fleet already", f"{out} 中已有机群")
        raise UsageError("fleet-exists", message)
    with Terminal() as terminal:
        store = DigestStore(settings().cache)
        planned: list[tuple[Draft, Plan]] = []
        for draft in drafts(inventory):
            terminal.step(Sentence(f"planning {draft.name}", f"规划 {draft.name}"))
            choices = _choices(draft)
            try:
                cell_plan = inputs.gather(choices, store=store, terminal=terminal).plan
            except SuiteError as refused:
                refused.message = f"{draft.name}: " + refused.message
                raise
            _require_new(draft, cell_plan, planned)
            planned.append((draft, cell_plan))
    fleet = Fleet(
        fleet_schema=1,
        name=inventory.name,
        made=format_time(dt.datetime.now(dt.UTC)),
        suite=this_suite(),
        directory=str(Path.cwd()),
        machines=inventory.machines,
        cells=tuple(_cell(draft, cell_plan) for draft, cell_plan in planned),
        repeats=given(inventory.repeats, 1),
        retries=given(inventory.retries, 1),
    )
    try:
        (out / "plans").mkdir(parents=True, exist_ok=True)
        for draft, cell_plan in planned:
            replace_file(plan_file(out, draft.name), pretty(cell_plan))
        replace_file(out / FLEET, pretty(fleet))
    except OSError as cause:
        raise SetupError("run-unwritable", unwritable(out, cause), Place(str(out))) from cause
    return fleet


def _require_new(draft: Draft, made: Plan, planned: Sequence[tuple[Draft, Plan]]) -> None:
    """A cell is there once, in whatever words: the other would only be more repeats of it.

    Raises:
        UsageError: ``fleet-options-wrong``.
    """
    for other, its in planned:
        if draft.machines == other.machines and made == its:
            message = Sentence(
                f"{draft.name} comes to the plan of {other.name}",
                f"{draft.name} 得出的计划与 {other.name} 相同",
            )
            hint = Sentence("repeats say how often a cell runs", "重复次数由 repeats 指定")
            raise UsageError("fleet-options-wrong", message, hint=hint)


def _choices(draft: Draft) -> Choices:
    """The words of a cell as `suite run` would take them.

    Raises:
        UsageError: ``fleet-options-wrong``.
    """
    from suite.cli.commands.plan import plan as command
    from suite.cli.commands.run import run

    try:
        words = command.make_context("suite plan", list(draft.words)).params
        sending = run.make_context("suite run", list(draft.sending))
    except click.exceptions.Exit as cause:
        raise UsageError(
            "fleet-options-wrong",
            Sentence(f"{draft.name} asks for help", f"{draft.name} 要求显示帮助"),
        ) from cause
    except click.ClickException as cause:
        message = f"{draft.name}: {cause.format_message()}"
        raise UsageError("fleet-options-wrong", message) from cause
    words.pop("as_json")
    for option, value in draft.chosen.items():
        if str(words[option]) != value:
            message = Sentence(
                f"{draft.name} has the {option} {value}, and its options name {words[option]}",
                f"{draft.name} 的 {option} 为 {value}，而其选项指定了 {words[option]}",
            )
            raise UsageError("fleet-options-wrong", message)
    strange = [
        option.opts[-1]
        for option in sending.command.params
        if sending.get_parameter_source(option.name or "") is ParameterSource.COMMANDLINE
        and option.name not in _SENDING
    ]
    if strange:
        message = Sentence(
            f"{draft.name}: {strange[0]} is none of the words that only say how requests are sent",
            f"{draft.name}：{strange[0]} 不属于仅说明请求如何发送的词",
        )
        raise UsageError("fleet-options-wrong", message)
    return Choices(**words)


def _cell(draft: Draft, made: Plan) -> Cell:
    return Cell(
        name=draft.name,
        machines=draft.machines,
        words=draft.words,
        sending=draft.sending,
        plan_sha256=digest(made),
    )


def plan_file(directory: Path, cell: str) -> Path:
    """Where the plan of a cell lies."""
    return directory / "plans" / f"{cell}.json"


# carrying out


def read(directory: Path) -> Fleet:
    """The fleet of a directory.

    Raises:
        EvidenceError: ``fleet-missing``, or what fleet.json is refused for.
    """
    path = directory / FLEET
    if not path.is_file():
        message = Sentence(f"there is no {FLEET} in {directory}", f"{directory} 中没有 {FLEET}")
        raise EvidenceError("fleet-missing", message)
    data = jsonio.read_bytes(path, error=EvidenceError, limit=jsonio.MAX_DOCUMENT_BYTES)
    return decode(data, Fleet, name=str(path))


def followed(directory: Path) -> tuple[Fleet, State]:
    """A fleet and what its journal says.

    Raises:
        EvidenceError: as `read`, and what the journal is refused for.
    """
    fleet = read(directory)
    return fleet, fleetstate.state(fleet, read_journal(directory, fleet)[0])


def unit(directory: Path, fleet: Fleet) -> Callable[[Job, Files], Sequence[str]]:
    """What an attempt runs: `suite run --plan` of its cell, or the check-up before the first of them."""
    cells = {cell.name: cell for cell in fleet.cells}
    first = {name: cell for cell in reversed(fleet.cells) for name in cell.machines}

    def command(job: Job, at: Files) -> Sequence[str]:
        suite = (sys.executable, "-m", "suite")
        if job.cell == PREFLIGHT:
            words = (*first[job.machine].words, "--out", str(at.directory))
            return (*suite, "doctor", *words, "--json")
        cell = cells[job.cell]
        words = (*cell.words, *cell.sending, "--plan", str(plan_file(directory, cell.name)))
        return (*suite, "run", *words, "--out", str(at.run), "--quiet")

    return command


def carry_out(
    directory: Path, backend: Callable[[], Backend], *, resume: bool, at_once: int | None
) -> int:
    """Run what a fleet still lacks; returns the exit status.

    Args:
        directory: of the fleet.
        backend: opens the backend.
        resume: go on with a fleet that was begun.
        at_once: most machines that work at a time; None for what the backend can do.

    Raises:
        UsageError: ``fleet-begun``, ``fleet-not-begun``, ``plan-differs``.
        Interrupted: a signal came; what runs on is found by `suite fleet resume`.
        SuiteError: what fleet, journal or backend are refused for.
    """
    directory = resolved(directory)
    fleet = read(directory)
    with (
        Journal(directory, fleet) as journal,
        Terminal() as terminal,
        Stop(terminal.interrupted).installed() as stop,
        contextlib.ExitStack() as closed,
    ):
        if resume != bool(journal.entries):
            if resume:
                message = Sentence(f"{directory} was not begun", f"{directory} 尚未开始")
                raise UsageError("fleet-not-begun", message)
            message = Sentence(f"{directory} was begun already", f"{directory} 已经开始")
            raise UsageError("fleet-begun", message)
        now = fleetstate.state(fleet, journal.entries)
        placing = closed.enter_context(contextlib.closing(backend()))
        _require_same(now, placing)
        _require_suite(fleet, now)
        limit = at_once or (processors() if isinstance(placing, Local) else len(fleet.machines))
        controller = Controller(
            directory,
            fleet,
            journal,
            placing,
            command=unit(directory, fleet),
            observer=_Shown(terminal, fleet),
            at_once=limit,
            poll_s=POLL_S[placing.name],
        )
        with stop.deferred():
            now = controller.work(stop.requested)
    if stop.requested():
        hint = Sentence(
            f"what runs goes on; suite fleet resume {directory} follows it",
            f"正在进行的运行会继续；suite fleet resume {directory} 可接续",
        )
        message = Sentence("the controller was stopped", "控制程序已停止")
        raise Interrupted("interrupted", message, hint=hint)
    return exit_status(fleet, now)


def _require_suite(fleet: Fleet, now: State) -> None:
    """What a fleet still lacks is run by the suite that planned it: by another one every run would be refused, once and for all.

    Raises:
        UsageError: ``plan-differs``.
    """
    here = this_suite()
    if here != fleet.suite and any(now.pending(fleet, job) for job in jobs(fleet)):
        message = other_suite(Sentence("this machine", "本机"), here, fleet.suite)
        hint = Sentence(
            "go on with the suite that planned the fleet, or sign what there is (`suite fleet collect`) and plan another",
            "请以规划该机群的套件继续；或为已有结果签名（`suite fleet collect`），再规划新的机群",
        )
        raise UsageError("plan-differs", message, hint=hint)


def _require_same(now: State, placing: Backend) -> None:
    """Attempts that run are followed by whoever placed them: no other backend knows their handles.

    Raises:
        UsageError: ``usage-wrong``.
    """
    if now.running() and now.backend != placing.name:
        message = Sentence(
            f"attempts of {now.backend} still run, which {placing.name} does not know",
            f"{now.backend} 的尝试仍在运行，而 {placing.name} 无从得知",
        )
        hint = Sentence("resume with the backend that placed them", "请以放置它们的后端继续")
        raise UsageError("usage-wrong", message, hint=hint)


class _Shown:
    """Progress over all machines: a bar, a line at each tenth of the runs, and one for whatever did not leave what it was for."""

    def __init__(self, terminal: Terminal, fleet: Fleet) -> None:
        self._terminal = terminal
        self._wanted = jobs(fleet)
        self._machines = len({job.machine for job in self._wanted})
        self._tenths: int | None = None

    def ended(self, job: Job, ending: Ending) -> None:
        """Name what failed."""
        if ending.card_sha256 or (job.cell == PREFLIGHT and ending.status == 0):
            return
        what = Sentence(job.cell, job.cell)
        if job.repeat:
            what += Sentence(f", repeat {job.repeat}", f"，第 {job.repeat} 次")
        code = f" ({ending.code})" if ending.code else ""
        self._terminal.line(placed(job.machine, placed(what, ending.reason + code)))

    def moved(self, now: State) -> None:
        """Show how many runs are done."""
        done = sum(job in now.attempts and now.attempts[job][-1].passed for job in self._wanted)
        title = Sentence(
            f"runs on {self._machines} machines, {len(now.running())} at work",
            f"{self._machines} 台机器上的运行，{len(now.running())} 项进行中",
        )
        tenths = done * 10 // len(self._wanted)
        if self._tenths is not None and tenths > self._tenths:
            line = Sentence(
                f"{done} of {len(self._wanted)} runs left a card",
                f"{len(self._wanted)} 次运行中 {done} 次留下评分卡",
            )
            self._terminal.line(line)
        self._tenths = tenths
        self._terminal.transfer(title, done, len(self._wanted), "")


def exit_status(fleet: Fleet, now: State) -> int:
    """0 where every run left a conformant card, 1 where one is not conformant, 3 where one is lacking."""
    tries = [now.attempts.get(job, [])[-1:] for job in jobs(fleet)]
    if not all(last and last[0].passed for last in tries):
        return UNFINISHED
    ended = [last[0].ended for last in tries]
    return int(any(entry is not None and entry.status != 0 for entry in ended))
