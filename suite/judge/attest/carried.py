"""Statements of reviewers that a run or its page carries, its challenge apart: a step for each, held against the trust list."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from suite.base.bilingual import Sentence, chinese
from suite.base.errors import TrustError
from suite.documents.audit import Audit
from suite.documents.document import given
from suite.documents.reproduction import VerificationSummary
from suite.documents.standing import LEVEL_NAMES, LEVELS
from suite.documents.witness import WitnessReport
from suite.judge.attest import envelope, levels, page
from suite.judge.attest.predicate import check_predicate
from suite.judge.attest.reference import verify_reference
from suite.judge.attest.review import (
    FAVOURABLE,
    Attested,
    Audited,
    read_statement,
    require_sameness,
)
from suite.judge.attest.statement import SCORECARD_SUBJECT, parse_statement

if TYPE_CHECKING:
    from collections.abc import Iterable

    from suite.documents.card import Scorecard
    from suite.documents.standing import Level
    from suite.evidence import Evidence
    from suite.judge.attest.review import Made
    from suite.judge.attest.stated import Stated
    from suite.judge.attest.steps import Note, Steps
    from suite.judge.attest.trust import TrustList


def check_reference(run: Evidence, trust: TrustList | None, steps: Steps) -> None:
    """A step for the reference run that a run carries."""
    reference = None if run.basis is None else given(run.basis.reference)
    if reference is None:
        return
    with steps.attempt(
        Sentence("A reviewer signed the reference run", "参考运行由评审方签名")
    ) as note:
        if trust is None:
            note.warn(
                "signer-not-listed",
                Sentence(
                    "no trust list says whose reference runs count",
                    "没有信任列表说明谁的参考运行有效",
                ),
            )
            return
        made = verify_reference(reference.encode(), trust, "basis.json: reference")
        note.detail = Sentence(f"signed by {made.owner}", f"由 {made.owner} 签名")


class Shown(NamedTuple):
    """A statement that a page shows, read; whose key signed it is not asked."""

    document: Audit | WitnessReport | VerificationSummary
    key_id: str
    bundle: bytes


def read_shown(data: bytes, payload_sha256: str) -> Shown:
    """Read a statement that a page shows.

    Args:
        data: its bundle.
        payload_sha256: of the scorecard's signed bytes.

    Raises:
        TrustError: it is no sound bundle; ``review-differs`` for another kind of statement, or another card's.
    """
    bundle = envelope.parse(data, name="statement")
    stated = parse_statement(bundle.payload)
    document = check_predicate(stated)
    kinds = Audit | WitnessReport | VerificationSummary
    if not isinstance(document, kinds) or stated.subject(SCORECARD_SUBJECT) != payload_sha256:
        message = Sentence("it is no statement about this scorecard", "它不是有关此评分卡的声明")
        raise TrustError("review-differs", message)
    return Shown(document, bundle.key_id, data)


def level_shown(card: Scorecard, shown: Iterable[Shown], maker: str) -> Level:
    """The level that a page shows: by the keys of its statements, since it names no owners."""
    made = [
        Attested(item.key_id, item.document)
        for item in shown
        if not isinstance(item.document, Audit)
    ]
    return levels.reached(card, made, maker)[0]


def check_statements(
    html: bytes, trust: TrustList | None, stated: Stated, steps: Steps, maker: str | None = None
) -> None:
    """A step for each statement that a page shows: who signed it, that it is about this card, and what it came to; for its level; and for the maker that it names.

    Args:
        html: the page.
        trust: the reviewers' list.
        stated: the card.
        steps: where to record.
        maker: of the list, that attests the run's devices; None where no evidence is at hand.
    """
    try:
        carried = page.extract_carried(html)
    except TrustError:
        return  # the page's own step says so
    counted: list[Made] = []
    for number, data in enumerate(carried.statements, 1):
        name = Sentence(f"statement {number} of the page", f"页面的第 {number} 份声明")
        with steps.attempt(Sentence(f"{name.capitalize()} counts", f"{chinese(name)}有效")) as note:
            if trust is None:
                note.warn(
                    "signer-not-listed",
                    Sentence(
                        "no trust list says whose statements count", "没有信任列表说明谁的声明有效"
                    ),
                )
                continue
            made = read_statement(
                data, trust, stated.statement.sha256, stated.card.vendor.id, str(name)
            )
            note_statement(made, note)
            counted.append(made)
    if counted:
        with steps.attempt(
            Sentence(
                "The page shows no higher level than they come to", "页面所示等级不高于声明所及"
            )
        ) as note:
            note.detail = _check_level(carried, counted, stated)
    if carried.maker:
        with steps.attempt(
            Sentence(
                "The maker that the page names attests the devices", "页面所列制造商为设备作证"
            )
        ) as note:
            _check_maker(carried.maker, maker, note)


def _check_level(carried: page.Carried, counted: list[Made], stated: Stated) -> str:
    """The level by the owners of a trust list; a page knows keys alone, and an owner may have several."""
    shown = [read_shown(data, stated.statement.sha256) for data in carried.statements]
    stands = level_shown(stated.card, shown, carried.maker)
    level, why = levels.reached(stated.card, counted, carried.maker)
    if LEVELS.index(stands) > LEVELS.index(level):
        there, here = LEVEL_NAMES[stands], LEVEL_NAMES[level]
        message = Sentence(
            f"the page shows {there.en}, by the owners of the trust list it is {here.en}",
            f"页面所示为{there.zh}，按信任列表的所有者应为{here.zh}",
        )
        raise TrustError("page-differs", message)
    return f"{level}: {why}"


def _check_maker(named: str, maker: str | None, note: Note) -> None:
    if maker is None:
        why = Sentence("only the run's evidence shows it", "只有运行的证据能够表明")
        note.warn("attestation-not-checked", why)
    elif maker != named:
        message = Sentence(
            f"the page names {named}, which the trust list does not say of this run's evidence",
            f"页面列出 {named}，而信任列表并未就本次运行的证据作此认定",
        )
        raise TrustError("page-differs", message)
    else:
        note.detail = named


def note_statement(made: Made, note: Note) -> None:
    """What a step says of a statement that counts.

    Raises:
        TrustError: ``audit-different``; ``predicate-type-differs`` for what is neither audit, witness report nor reproduction.
    """
    if isinstance(made, Audited):
        note.detail = require_sameness(made)
        if made.audit.verdict == "undecided":
            note.warn("audit-undecided", note.detail)
    elif isinstance(made, Attested):
        note.detail = f"{made.word} by {made.owner}: {made.report.why}"
        if made.word not in FAVOURABLE:
            note.warn("attestation-differs", note.detail)
    else:
        message = Sentence(
            "it is no audit, witness report or reproduction", "它不是审计、见证报告或复现"
        )
        raise TrustError("predicate-type-differs", message)
