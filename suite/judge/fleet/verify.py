"""Verification of a fleet, in numbered steps.

::

    1-8  The statement            as of any bundle: form, key, signature, predicate, role, time
    9    Plan and journal         are those that the statement is about; each line follows from the one before
    10   No machine is left out   the statement is what follows from plan and journal, failed and excluded machines included
    11   No run was chosen        an attempt was repeated only where that is allowed, and never one that left a card
    12   Every card holds         each is verified, is the one stated, of a run of its own, and made under its cell's plan
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from suite.base import jsonio
from suite.base.bilingual import Sentence, chinese, placed
from suite.base.errors import EvidenceError, SuiteError, TrustError
from suite.documents.codec import decode, pretty
from suite.documents.document import given
from suite.documents.fleet import FLEET_TYPE, PREFLIGHT, Fleet, FleetStatement
from suite.evidence import fleetstate
from suite.evidence.journal import FLEET, read_journal
from suite.judge.attest.predicate import card_subject
from suite.judge.attest.stated import Expected
from suite.judge.attest.statement import FLEET_SUBJECTS
from suite.judge.attest.steps import Steps
from suite.judge.attest.verification import Verification
from suite.judge.attest.verify import examine
from suite.judge.fleet.statement import STATEMENT_FILE, stated_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from suite.documents.fleet import FleetAttempt, JournalEntry, MachineOutcome
    from suite.evidence.fleetstate import State
    from suite.judge.attest.keys import PublicKey
    from suite.judge.attest.stated import Stated
    from suite.judge.attest.trust import TrustList

MAX_FLEET_BYTES: Final = 64 << 20


@dataclass(frozen=True, slots=True)
class Known:
    """Whose signature counts.

    Attributes:
        trust: the reviewers' list.
        key: that the caller vouches for, instead of a list.
        neighbour: that lies beside the statement.
    """

    trust: TrustList | None = None
    key: PublicKey | None = None
    neighbour: PublicKey | None = None


def verify_fleet(
    directory: Path,
    bundle: bytes,
    known: Known,
    card: Callable[[Path], Verification],
) -> Verification:
    """Verify a fleet's statement against everything that lies beside it.

    Args:
        directory: of the fleet.
        bundle: the signed statement.
        known: whose signature counts.
        card: verifies a run directory.
    """
    steps = Steps()
    examined = examine(
        bundle,
        known.trust,
        key=known.key,
        neighbour=known.neighbour,
        expected=Expected(predicate_type=FLEET_TYPE),
        steps=steps,
        name=STATEMENT_FILE,
    )
    stated = examined.stated
    if stated is not None and isinstance(stated.document, FleetStatement):
        _against_what_lies_there(steps, directory, stated, stated.document, card)
    verified = None if steps.errors else examined.verified
    return Verification(str(directory), tuple(steps.done), verified, tuple(steps.errors), bundle)


def _against_what_lies_there(
    steps: Steps,
    directory: Path,
    stated: Stated,
    document: FleetStatement,
    card: Callable[[Path], Verification],
) -> None:
    """Steps 9 to 12."""
    held: tuple[Fleet, list[JournalEntry]] | None = None
    with steps.attempt(
        Sentence("Plan and journal are those signed", "机群计划与日志即签名所涉者")
    ) as note:
        held = _held(directory, stated)
        lines = len(held[1])
        note.detail = Sentence(f"a journal of {lines} lines", f"日志共 {lines} 行")
    if held is None:
        return
    fleet, entries = held
    with steps.attempt(
        Sentence("No machine and no attempt is left out", "没有遗漏任何机器与尝试")
    ) as note:
        require_whole(document, fleet, fleetstate.state(fleet, entries))
        note.detail = counted(document)
    with steps.attempt(Sentence("No run was repeated by choice", "没有随意重做的运行")) as note:
        require_allowed(fleet, entries)
        note.detail = Sentence(
            f"at most {fleet.retries} further attempts, only after failures of the infrastructure",
            f"至多再尝试 {fleet.retries} 次，且仅在基础设施故障之后",
        )
    with steps.attempt(Sentence("Every card holds", "每张评分卡均有效")) as note:
        number = require_cards(directory, document, card)
        note.detail = Sentence(f"{number} cards", f"{number} 张评分卡")


def _held(directory: Path, stated: Stated) -> tuple[Fleet, list[JournalEntry]]:
    """Fleet and journal, if they are the ones that the statement is about.

    Raises:
        TrustError: ``fleet-differs``.
        EvidenceError: what they are refused for.
    """
    data = jsonio.read_bytes(
        directory / FLEET, error=EvidenceError, limit=MAX_FLEET_BYTES, below=directory
    )
    fleet = decode(data, Fleet, name=str(directory / FLEET))
    entries, journal_sha256 = read_journal(directory, fleet)
    here = (jsonio.sha256_hex(data), journal_sha256)
    for name, sha256 in zip(FLEET_SUBJECTS, here, strict=True):
        if stated.statement.subject(name) != sha256:
            raise TrustError(
                "fleet-differs",
                Sentence(
                    f"the statement is about another {name}", f"该声明文本针对的是另一 {name}"
                ),
            )
    if data != pretty(fleet):
        raise TrustError(
            "fleet-differs",
            Sentence(
                f"{FLEET} is not in the form in which it is written", f"{FLEET} 不是写出时的形式"
            ),
        )
    return fleet, entries


def require_whole(document: FleetStatement, fleet: Fleet, now: State) -> None:
    """The statement says of every machine what its journal says.

    Raises:
        TrustError: ``fleet-machine-dropped``, with the first machine that differs.
    """
    wanted = stated_of(fleet, now, document.collected)
    named = {machine.name: machine for machine in document.machines}
    for machine in wanted.machines:
        if machine.name not in named:
            raise TrustError(
                "fleet-machine-dropped",
                Sentence(f"it leaves out {machine.name}", f"它遗漏了 {machine.name}"),
            )
        if named[machine.name] != machine:
            message = Sentence(
                f"of {machine.name} it says something else than the journal",
                f"关于 {machine.name}，其所述与日志不同",
            )
            raise TrustError("fleet-machine-dropped", message)
    if wanted != document:
        raise TrustError(
            "fleet-machine-dropped",
            Sentence("it does not follow from plan and journal", "它不能由计划与日志得出"),
        )


def require_allowed(fleet: Fleet, entries: list[JournalEntry]) -> None:
    """Every attempt of a run was allowed when it was made.

    Raises:
        TrustError: ``fleet-retry-forbidden``.
    """
    now = fleetstate.state(fleet, ())
    for entry in entries:
        if entry.kind == "submitted" and entry.cell != PREFLIGHT:
            job = fleetstate.job_of(entry)
            if not now.pending(fleet, job):
                message = Sentence(
                    f"{job.machine} ran {job.cell}, repeat {job.repeat}, again",
                    f"{job.machine} 再次运行了 {job.cell}，第 {job.repeat} 次",
                )
                raise TrustError(
                    "fleet-retry-forbidden",
                    Sentence(
                        f"{message} (line {entry.sequence + 1})",
                        f"{chinese(message)}（第 {entry.sequence + 1} 行）",
                    ),
                )
        fleetstate.advance(now, entry)


def require_cards(
    directory: Path, document: FleetStatement, verify: Callable[[Path], Verification]
) -> int:
    """Every card that a statement names is sound and was made under its cell's plan; returns how many there are.

    Raises:
        TrustError: ``fleet-card-differs``.
    """
    plans = {cell.name: cell.plan_sha256 for cell in document.cells}
    logs: dict[str, str] = {}
    cards = [
        (attempt, card_subject(machine, attempt))
        for machine in document.machines
        for attempt in machine.attempts
        if given(attempt.card_sha256) is not None
    ]
    for attempt, where in cards:
        run = directory / "attempts" / where / "run"
        log_sha256, problem = _looked_at(run, attempt, plans.get(attempt.cell), verify)
        first = logs.setdefault(log_sha256, where)
        if not problem and first != where:
            problem = Sentence(f"it is the run of {first}", f"即 {first} 的运行")
        if problem:
            raise TrustError("fleet-card-differs", placed(where, problem))
    return len(cards)


def _looked_at(
    run: Path,
    attempt: FleetAttempt,
    plan_sha256: str | None,
    verify: Callable[[Path], Verification],
) -> tuple[str, str]:
    """Digest of the event log of a run, and what is wrong with its card; "" where nothing is."""
    try:
        result = verify(run)
    except SuiteError as refused:
        return "", refused.message
    if result.verified is None or result.evidence is None or not result.intact:
        return "", result.error.message if result.error else "it is refused"
    problem = ""
    if result.verified.statement.sha256 != attempt.card_sha256:
        problem = Sentence("it is another card than was collected", "不是收集时的评分卡")
    elif result.verified.card.run.plan_sha256 != plan_sha256:
        problem = Sentence(
            "it was made under another plan than its cell's", "不是按其单元的计划生成"
        )
    return result.evidence.log_sha256, problem


OUTCOMES: Final[dict[MachineOutcome, Sentence]] = {
    "complete": Sentence("complete", "完整"),
    "incomplete": Sentence("incomplete", "不完整"),
    "failed": Sentence("failed", "失败"),
    "excluded": Sentence("excluded", "已排除"),
}


def counted(document: FleetStatement) -> Sentence:
    """How many machines there are of each outcome."""
    outcomes = [machine.outcome for machine in document.machines]
    parts = [(outcomes.count(name), OUTCOMES[name]) for name in OUTCOMES if name in outcomes]
    return Sentence(
        f"{len(outcomes)} machines: " + ", ".join(f"{number} {word}" for number, word in parts),
        f"{len(outcomes)} 台机器：" + "，".join(f"{word.zh} {number}" for number, word in parts),
    )
