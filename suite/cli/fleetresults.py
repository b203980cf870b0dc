"""What a fleet came to: where it stands, its statement signed, and verified."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final

from msgspec import UNSET

from suite.base.bilingual import Sentence
from suite.base.errors import EvidenceError, SetupError
from suite.base.safe import is_plain, replace_file
from suite.base.visible import say
from suite.cli import fleets, judging, signingkey, stamping
from suite.cli.output import labelled, write_new, write_table
from suite.cli.terminal import Terminal
from suite.declare.fleet import jobs
from suite.evidence import fleetstate
from suite.evidence.journal import read_journal
from suite.judge.attest.envelope import MAX_BUNDLE_BYTES
from suite.judge.attest.files import read_limited
from suite.judge.attest.keys import parse_public
from suite.judge.attest.sign import PUBLIC_KEY_FILE, sign
from suite.judge.fleet import components, statement, verify

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from suite.cli.options import Trusted
    from suite.declare.fleet import Job
    from suite.documents.fleet import Fleet, FleetMachine
    from suite.evidence.fleetstate import State
    from suite.judge.attest.verification import Verification

MAX_KEY_BYTES: Final = 16 << 10
RARE: Final = 1 / 20
"""Share of machines that a fleet should be large enough to meet one of."""
_CELLS: Final = (
    Sentence("cell", "单元"),
    Sentence("machines", "机器"),
    Sentence("runs", "运行"),
    Sentence("plan", "计划"),
)
_STATUS: Final = (
    Sentence("machine", "机器"),
    Sentence("kind", "类别"),
    Sentence("outcome", "结果"),
    Sentence("runs", "运行"),
    Sentence("attempts", "尝试"),
    Sentence("why", "原因"),
)


def write_status(fleet: Fleet, now: State) -> None:
    """A row for each machine: what it left, and why not more."""
    wanted: dict[str, list[Job]] = {machine.name: [] for machine in fleet.machines}
    for job in jobs(fleet):
        wanted[job.machine].append(job)
    rows = []
    for machine, result in zip(fleet.machines, fleetstate.machines(fleet, now), strict=True):
        listed = wanted[machine.name]
        cards = sum(now.attempts[job][-1].passed for job in listed if job in now.attempts)
        waits = any(now.pending(fleet, job) for job in listed) and machine.name not in now.lost
        rows.append(
            (
                machine.name,
                " ".join(str(part) for part in machine.kind if part),
                _stands(result, now, waits=waits),
                f"{cards}/{len(listed)}",
                str(len(result.attempts)),
                "" if waits else result.reason,
            )
        )
    write_table(_STATUS, rows)


def _stands(result: FleetMachine, now: State, *, waits: bool) -> Sentence:
    if any(attempt.job.machine == result.name for attempt in now.running()):
        return Sentence("at work", "进行中")
    if waits and result.outcome != "excluded":
        return Sentence("waits", "等待")
    return verify.OUTCOMES[result.outcome]


def collect(
    directory: Path, trusted: Trusted, *, key: str | None, tsa: str | None, out: Path | None
) -> int:
    """Verify every card of a fleet, and sign what came of all machines; returns the exit status.

    Raises:
        EvidenceError: ``fleet-nothing-collected``, and what fleet or journal are refused for.
        UsageError: ``review-exists``; what the key is refused for.
        TrustError: ``fleet-card-differs``.
    """
    fleet = fleets.read(directory)
    entries, journal_sha256 = read_journal(directory, fleet)
    now = fleetstate.state(fleet, entries)
    payload = statement.make_statement(fleet, now, journal_sha256, dt.datetime.now(dt.UTC))
    stated = statement.stated_of(fleet, now, "")
    if not any(attempt.passed for tries in now.attempts.values() for attempt in tries):
        raise EvidenceError("fleet-nothing-collected", "no machine left a card")
    with Terminal() as terminal:
        number = verify.require_cards(directory, stated, _card(trusted, terminal))
    signer = signingkey.named_key(key) or signingkey.local_key()
    stamp = stamping.authority(tsa) if tsa else None
    target = out or directory / statement.STATEMENT_FILE
    hint = "a statement is never overwritten: give another --out"
    write_new(target, sign(payload, signer.key, stamp), hint=hint)
    try:
        replace_file(target.parent / PUBLIC_KEY_FILE, signer.key.public.pem)
    except OSError as cause:
        message = f"cannot write to {target.parent}: {cause.strerror}"
        raise SetupError("run-unwritable", message) from cause
    say(
        labelled(
            [
                (Sentence("fleet", "机群"), verify.counted(stated)),
                (Sentence("cards", "评分卡"), str(number)),
                (signingkey.SIGNED_BY, signer.named()),
                (Sentence("statement", "声明"), str(target)),
            ]
        )
    )
    return fleets.exit_status(fleet, now)


def verified(directory: Path, bundle: Path | None, trusted: Trusted) -> Verification:
    """Verify a fleet's statement against everything that lies beside it.

    Raises:
        TrustError: what the trust list or the file is refused for.
    """
    known = judging.known(trusted, shared=True)
    data = read_limited(bundle or directory / statement.STATEMENT_FILE, MAX_BUNDLE_BYTES)
    beside = directory / PUBLIC_KEY_FILE
    neighbour = None
    if is_plain(beside):
        neighbour = parse_public(read_limited(beside, MAX_KEY_BYTES), name=str(beside))
    whose = verify.Known(known.trust, known.key, neighbour)
    with Terminal() as terminal:
        return verify.verify_fleet(directory, data, whose, _card(trusted, terminal))


def _card(trusted: Trusted, terminal: Terminal) -> Callable[[Path], Verification]:
    """Verifies a card, and shows which."""
    known = judging.known(trusted, shared=True)

    def card(run: Path) -> Verification:
        name = run.parent.name
        terminal.step(
            Sentence(
                f"verifying {run.parent.parent.name}, {name}",
                f"核验 {run.parent.parent.name}，{name}",
            )
        )
        return judging.verify(run, known)

    return card


def write_plan(fleet: Fleet, directory: Path) -> None:
    """The cells of a fleet, and how many machines it takes to say something of their kind."""
    rows = [
        (cell.name, str(len(cell.machines)), " ".join(cell.words), cell.plan_sha256[:16])
        for cell in fleet.cells
    ]
    write_table(_CELLS, rows)
    runs = len(jobs(fleet))
    out = sum(machine.excluded is not UNSET for machine in fleet.machines)
    median, seen = components.machines_for_median(), components.machines_to_see(RARE)
    say(
        Sentence(
            f"{runs} runs on {len(fleet.machines) - out} machines, {out} excluded; "
            f"{fleet.repeats} repeats, interleaved",
            f"{len(fleet.machines) - out} 台机器上共 {runs} 次运行，排除 {out} 台；交错重复 {fleet.repeats} 次",
        )
    )
    say(
        Sentence(
            f"a spread takes 2 repeats at least; {median} machines of a kind give the median a 95 % interval, "
            f"{seen} show a 1-in-20 outlier",
            f"离散度至少需要 2 次重复；同类 {median} 台机器可给出中位数的 95 % 区间，{seen} 台可发现二十分之一的异常机器",
        )
    )
    say(Sentence(f"fleet     {directory}", f"机群      {directory}"))
