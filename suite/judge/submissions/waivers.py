"""Waivers: rules that may fail for a while, granted by a named reviewer, with a reason and an end."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from suite.base.bilingual import Sentence, placed
from suite.base.errors import Place, Problem, TrustError
from suite.base.language import Language
from suite.documents.codec import decode
from suite.documents.submission import Waivers
from suite.judge.attest.files import read_limited
from suite.judge.attest.trusted import Role
from suite.judge.report.words import WORDS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from suite.documents.card import Scorecard
    from suite.documents.submission import Waiver
    from suite.documents.workload import Division
    from suite.judge.attest.steps import Note
    from suite.judge.attest.trust import TrustList

_RANK: dict[Division, int] = {"open": 0, "optimised": 1, "closed": 2}
MAX_BYTES = 1 << 20


def load(path: Path) -> tuple[Waiver, ...]:
    """Read a file of waivers.

    Raises:
        TrustError: ``file-unreadable``, ``json-refused``, ``schema-violation``, ``waiver-twice``, ``waiver-date``.
    """
    waivers = decode(
        read_limited(path, MAX_BYTES), Waivers, name=str(path), error=TrustError
    ).waivers
    names = [waiver.id for waiver in waivers]
    for index, (name, waiver) in enumerate(zip(names, waivers, strict=True)):
        try:
            dt.date.fromisoformat(waiver.expires)
        except ValueError as cause:
            message = Sentence(
                f"{name}: there is no day {waiver.expires}", f"{name}：没有 {waiver.expires} 这一天"
            )
            place = Place(str(path), None, f"/waivers/{index}/expires")
            raise TrustError("waiver-date", message, place) from cause
        if name in names[:index]:
            place = Place(str(path), None, f"/waivers/{index}")
            raise TrustError(
                "waiver-twice",
                Sentence(f"the id {name!r} stands twice", f"编号 {name!r} 出现两次"),
                place,
            )
    return waivers


def covering(
    card: Scorecard,
    failed: Sequence[str],
    waivers: Sequence[Waiver],
    trust: TrustList | None,
    today: str,
) -> dict[str, Waiver]:
    """The waiver for each of a card's failed rules that has one that counts.

    Args:
        card: the scorecard.
        failed: its failed rules.
        waivers: all that there are.
        trust: whose reviewers may grant one; None when nobody is known.
        today: ``2026-01-31``, UTC.

    Raises:
        TrustError: ``waiver-expired``, ``waiver-approver``: a waiver is for this card and does not count.
    """
    reviewers = _reviewers(trust, today) - {card.vendor.id} if trust else set()
    covered: dict[str, Waiver] = {}
    refused: dict[str, tuple[str, Sentence]] = {}
    for waiver in waivers:
        if waiver.vendor != card.vendor.id or card.devices.accelerator not in waiver.devices:
            continue
        for rule in set(failed) & set(waiver.rules):
            if waiver.expires < today:
                why = Sentence(
                    f"{waiver.id} for {rule}: until {waiver.expires}",
                    f"{waiver.id}（{rule}）：有效期至 {waiver.expires}",
                )
                refused[rule] = ("waiver-expired", why)
            elif trust is not None and waiver.approver not in reviewers:
                why = Sentence(
                    f"{waiver.id} for {rule}: {waiver.approver!r} is no reviewer of the trust list whose key counts, other than the vendor",
                    f"{waiver.id}（{rule}）：{waiver.approver!r} 不是信任列表中密钥有效且有别于厂商的评审方",
                )
                refused[rule] = ("waiver-approver", why)
            else:
                covered[rule] = waiver
    open_ = [refused[rule] for rule in sorted(refused) if rule not in covered]
    if open_:
        code = open_[0][0]
        message = (
            Sentence("a waiver has expired", "豁免已过期")
            if code == "waiver-expired"
            else Sentence("a waiver does not count", "豁免不算数")
        )
        raise TrustError(code, message, None, "", [Problem(text) for _, text in open_])
    return covered


def _reviewers(trust: TrustList, today: str) -> set[str]:
    """Owners who review with a key that nobody revoked. A key that merely ended granted what it granted."""
    return {
        entry.owner
        for entry in trust.keys
        if entry.role is Role.REVIEWER
        and (entry.revoked_at is None or entry.revoked_at.date().isoformat() > today)
    }


def for_others(card: Scorecard, failed: Sequence[str], waivers: Sequence[Waiver]) -> list[Sentence]:
    """What is waived of a card's failed rules for another vendor or other devices: it helps this card nothing."""
    return [
        Sentence(
            f"{rule}: {waiver.id} waives it for {waiver.vendor}, {', '.join(waiver.devices)} alone",
            f"{rule}：{waiver.id} 仅豁免 {waiver.vendor} 的 {'、'.join(waiver.devices)}",
        )
        for waiver in waivers
        for rule in failed
        if rule in waiver.rules
        and (waiver.vendor != card.vendor.id or card.devices.accelerator not in waiver.devices)
    ]


def judge(
    card: Scorecard,
    failed: list[str],
    used: dict[str, Waiver],
    note: Note,
    *,
    least: Division,
    known: Sequence[Waiver],
) -> None:
    """Whether no rule failed but those that are waived, and the granted division is at least the one asked for."""
    whys = {check.rule: check.why for check in card.checks}
    sentence = Sentence(card.verdict.sentence.en, card.verdict.sentence.zh)
    granted = Sentence(*WORDS[card.division.granted])
    if failed:
        broken = [placed(rule, whys[rule]) for rule in failed]
        others = for_others(card, failed, known)
        note.fail("not-conformant", sentence, (*broken, *others))
    elif _RANK[card.division.granted] < _RANK[least]:
        findings = tuple(placed(item.rule, item.why) for item in card.division.reasons)
        claimed = Sentence(
            f"{least} is asked for, {granted} was granted",
            f"要求{WORDS[least][Language.ZH]}赛道，授予{granted.zh}赛道",
        )
        note.fail("division-not-granted", claimed, findings)
    elif used:
        by_waiver: dict[str, list[str]] = {}
        for rule, waiver in sorted(used.items()):
            by_waiver.setdefault(waiver.id, []).append(rule)
        english = "; ".join(f"{', '.join(rules)} by {id_}" for id_, rules in by_waiver.items())
        chinese = "；".join(f"{'、'.join(rules)}（{id_}）" for id_, rules in by_waiver.items())
        note.warn(
            "waived", Sentence(f"{granted}; waived: {english}", f"{granted.zh}；已豁免：{chinese}")
        )
    elif not card.verdict.conformant:
        note.fail("not-conformant", sentence, ())
    else:
        count = len(card.checks)
        note.detail = Sentence(
            f"{granted}, {count} rules, none failed", f"{granted.zh}，{count} 条规则，无一不通过"
        )
