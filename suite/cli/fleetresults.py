"""What a fleet came to: where it stands, its statement signed, and verified."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final

from msgspec import UNSET

from suite.base import jsonio
from suite.base.bilingual import Sentence, joined
from suite.base.errors import EvidenceError, SetupError, TrustError, unwritable
from suite.base.language import Language, language
from suite.base.quantities import figure
from suite.base.safe import is_plain, replace_file
from suite.base.visible import say
from suite.cli import fleets, judging, signingkey
from suite.cli.output import labelled, write_new, write_table
from suite.cli.terminal import Terminal
from suite.declare.fleet import jobs
from suite.documents.card import Scorecard
from suite.documents.codec import convert
from suite.documents.fleet import FLEET_TYPE, FleetStatement
from suite.evidence import fleetstate
from suite.evidence.journal import read_journal
from suite.judge.attest.envelope import MAX_BUNDLE_BYTES
from suite.judge.attest.files import read_limited
from suite.judge.attest.keys import parse_public
from suite.judge.attest.sign import PUBLIC_KEY_FILE, sign
from suite.judge.attest.sign import STATEMENT_FILE as CARD_FILE
from suite.judge.attest.stated import Expected
from suite.judge.attest.statement import parse_statement
from suite.judge.attest.verify import verify_bundle
from suite.judge.fleet import components, page, statement, verify
from suite.judge.fleet import spread as spreads
from suite.judge.fleet.spread import cards_of
from suite.judge.site.cards import ShownFleet

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

    from suite.cli.signingoptions import Signing
    from suite.cli.trustoptions import Trusted
    from suite.declare.fleet import Job
    from suite.documents.fleet import Fleet, FleetMachine
    from suite.documents.spread import Spread
    from suite.evidence.fleetstate import State
    from suite.judge.attest.verification import Verification

MAX_KEY_BYTES: Final = 16 << 10
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
    planned: dict[str, list[Job]] = {machine.name: [] for machine in fleet.machines}
    for job in jobs(fleet):
        planned[job.machine].append(job)
    rows = []
    for machine, result in zip(fleet.machines, fleetstate.machines(fleet, now), strict=True):
        listed = planned[machine.name]
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


def write_ended(directory: Path) -> None:
    """What a controller leaves when it ends: how many runs, which machines lack some and why, and what can be done next."""
    fleet, now = fleets.followed(directory)
    planned = jobs(fleet)
    done = sum(job in now.attempts and now.attempts[job][-1].passed for job in planned)
    say(
        Sentence(
            f"{done} of {len(planned)} runs left a card",
            f"{len(planned)} 次运行中 {done} 次留下评分卡",
        )
    )
    for result in fleetstate.machines(fleet, now):
        if result.outcome not in ("complete", "excluded"):
            say(f"  {result.name}: {language().of(result.reason)}")
    if any(now.pending(fleet, job) for job in planned):
        say(
            Sentence(
                f"suite fleet resume {directory} asks the machines that lack some again",
                f"suite fleet resume {directory} 会再次询问有欠缺的机器",
            )
        )
    say(
        Sentence(
            f"suite fleet collect {directory} signs what came of all machines",
            f"suite fleet collect {directory} 为全部机器的结果签名",
        )
    )


def _stands(result: FleetMachine, now: State, *, waits: bool) -> Sentence:
    if any(attempt.job.machine == result.name for attempt in now.running()):
        return Sentence("at work", "进行中")
    if waits and result.outcome != "excluded":
        return Sentence("waits", "等待")
    return verify.OUTCOMES[result.outcome]


def collect(directory: Path, trusted: Trusted, signing: Signing) -> int:
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
        message = Sentence("no machine left a card", "没有机器留下评分卡")
        raise EvidenceError("fleet-nothing-collected", message)
    with Terminal() as terminal:
        number = verify.require_cards(directory, stated, _card(trusted, terminal))
    signer, stamp = signingkey.opened(signing)
    target = signing.out or directory / statement.STATEMENT_FILE
    hint = Sentence(
        "a statement is never overwritten: give another --out", "声明从不覆盖：请给出另一 --out"
    )
    write_new(target, sign(payload, signer.key, stamp), hint=hint)
    try:
        replace_file(target.parent / PUBLIC_KEY_FILE, signer.key.public.pem)
    except OSError as cause:
        raise SetupError("run-unwritable", unwritable(target.parent, cause)) from cause
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
        EvidenceError: ``fleet-uncollected``; as `suite.cli.fleets.read`.
        TrustError: what the trust list or the file is refused for.
    """
    whose, data = _whose(directory, bundle, trusted)
    with Terminal() as terminal:
        return verify.verify_fleet(directory, data, whose, _card(trusted, terminal))


def _whose(directory: Path, bundle: Path | None, trusted: Trusted) -> tuple[verify.Known, bytes]:
    """Whose signature of a fleet's statement counts, and the statement."""
    known = judging.known(trusted, shared=True)
    path = bundle or directory / statement.STATEMENT_FILE
    if bundle is None and not path.exists():
        fleets.read(directory)
        message = Sentence(f"there is no statement in {directory}", f"{directory} 中没有声明")
        hint = Sentence(
            f"`suite fleet collect {directory}` makes it",
            f"`suite fleet collect {directory}` 会生成声明",
        )
        raise EvidenceError("fleet-uncollected", message, hint=hint)
    data = read_limited(path, MAX_BUNDLE_BYTES)
    beside = directory / PUBLIC_KEY_FILE
    neighbour = None
    if is_plain(beside):
        neighbour = parse_public(read_limited(beside, MAX_KEY_BYTES), name=str(beside))
    return verify.Known(known.trust, known.key, neighbour), data


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
    median, rare = components.machines_for_median(), components.machines_to_see(spreads.RARE)
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
            f"{rare} show a 1-in-20 outlier",
            f"离散度至少需要 2 次重复；同类 {median} 台机器可给出中位数的 95 % 区间，{rare} 台可发现二十分之一的异常机器",
        )
    )
    say(Sentence(f"fleet     {directory}", f"机群      {directory}"))


def spread(directory: Path, trusted: Trusted, metrics: Collection[str]) -> Spread:
    """The spread between identical machines, from the cards that a fleet's statement names by their digests.

    The statement is verified; its cards were when it was collected, and are those very bytes.

    Raises:
        TrustError: what the statement is refused for; ``fleet-card-differs``.
        EvidenceError: ``fleet-spread-none``; what a card is refused for.
        UsageError: ``metric-unknown``.
    """
    whose, data = _whose(directory, None, trusted)
    verification = verify_bundle(
        data,
        whose.trust,
        key=whose.key,
        neighbour=whose.neighbour,
        expected=Expected(predicate_type=FLEET_TYPE),
        name=statement.STATEMENT_FILE,
    )
    document = verification.document
    assert isinstance(document, FleetStatement)  # as expected of it
    cards: dict[str, dict[str, list[Scorecard]]] = {}
    for cell in document.cells:
        for machine in document.machines:
            for _, folder, sha256 in cards_of(machine, cell.name):
                path = directory / "attempts" / machine.name / folder / "run" / CARD_FILE
                listed = cards.setdefault(cell.name, {}).setdefault(machine.name, [])
                listed.append(_held_card(path, directory, sha256))
    return spreads.spread(document, verification.statement.sha256, cards, metrics)


def shown(directory: Path, trusted: Trusted) -> ShownFleet:
    """A fleet for the site: its statement verified with all that lies beside it, and its spread where it has one.

    Raises:
        TrustError, EvidenceError: the first thing that the fleet is refused for.
    """
    verification = verified(directory, None, trusted)
    if verification.errors or verification.verified is None:
        raise verification.errors[0]
    document = verification.verified.document
    assert isinstance(document, FleetStatement)  # as expected of it
    report, why = b"", ""
    try:
        report = page.render(spread(directory, trusted, ()), Language.EN)
    except EvidenceError as error:
        why = error.message
    stated = verification.verified.statement.sha256
    return ShownFleet(
        document, stated, verification.verified.owner or "", verification.bundle or b"", report, why
    )


def _held_card(path: Path, directory: Path, sha256: str) -> Scorecard:
    data = jsonio.read_bytes(path, error=TrustError, limit=MAX_BUNDLE_BYTES, below=directory)
    if jsonio.sha256_hex(data) != sha256:
        message = Sentence(
            f"{path} is another card than was collected", f"{path} 不是收集时的评分卡"
        )
        raise TrustError("fleet-card-differs", message)
    return convert(parse_statement(data, name=str(path)).predicate, Scorecard, file=str(path))


_SPREAD: Final = (
    Sentence("metric", "指标"),
    Sentence("median (95 %)", "中位数（95 %）"),
    Sentence("range", "范围"),
    Sentence("machines x repeats", "机器 x 重复"),
    Sentence("between machines", "机器之间"),
    Sentence("within a machine", "机器之内"),
    Sentence("ICC (95 %)", "组内相关系数（95 %）"),
)


def write_spread(made: Spread) -> None:
    """A table for each cell, its outliers with their reasons, and the machines that lack cards."""
    of = language().of
    for cell in made.cells:
        say(f"{cell.cell}: {cell.vendor}, {cell.devices}, {cell.engine}, {cell.model}")
        rows = [
            (
                f"{item.phase}/{item.metric}, {item.unit}",
                page.number(item.median),
                f"{figure(item.smallest)} – {figure(item.largest)}",
                f"{item.machines} x {item.repeats / item.machines:.3g}",
                page.share(item.between, item) or "-",
                page.share(item.within, item) or "-",
                page.number(item.icc) or "-",
            )
            for item in cell.metrics
        ]
        write_table(_SPREAD, rows)
        for metric in cell.metrics:
            for far in metric.outliers:
                reasons = [Sentence(reason.en, reason.zh) for reason in far.reasons]
                none = Sentence("no recorded condition differs", "所记录的条件均无不同")
                why = joined(reasons, "; ", "；") if reasons else none
                head = Sentence(
                    f"  {far.machine}: {metric.phase}/{metric.metric} {far.deviation:+.1%} from the median: ",
                    f"  {far.machine}：{metric.phase}/{metric.metric} 相对中位数 {far.deviation:+.1%}：",
                )
                say(of(head + why))
        for lacking in cell.missing:
            head = Sentence(
                f"  {lacking.machine}: {lacking.cards} cards: ",
                f"  {lacking.machine}：{lacking.cards} 张评分卡：",
            )
            say(of(head + lacking.reason))
    needed = Sentence(
        f"{made.machines_for_median} machines give the median a 95 % interval, "
        f"{made.machines_to_see} show a 1-in-20 outlier",
        f"{made.machines_for_median} 台机器可给出中位数的 95 % 区间，{made.machines_to_see} 台可发现二十分之一的异常机器",
    )
    say(of(needed))
