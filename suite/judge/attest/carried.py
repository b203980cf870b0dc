"""Statements of reviewers that a run or its page carries, its challenge apart: a step for each, held against the trust list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.base.bilingual import Sentence, chinese
from suite.base.errors import TrustError
from suite.documents.document import given
from suite.judge.attest import page
from suite.judge.attest.reference import verify_reference
from suite.judge.attest.review import Audited, read_statement, require_sameness

if TYPE_CHECKING:
    from suite.evidence import Evidence
    from suite.judge.attest.stated import Stated
    from suite.judge.attest.steps import Steps
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


def check_audits(html: bytes, trust: TrustList | None, stated: Stated, steps: Steps) -> None:
    """A step for each audit that a page shows: who signed it, that it is about this card, and what it came to."""
    try:
        audits = page.extract_audits(html)
    except TrustError:
        return  # the page's own step says so
    for number, data in enumerate(audits, 1):
        name = Sentence(f"audit {number} of the page", f"页面的第 {number} 份审计")
        with steps.attempt(
            Sentence(f"A reviewer signed {name}", f"{chinese(name)}由评审方签名")
        ) as note:
            if trust is None:
                note.warn(
                    "signer-not-listed",
                    Sentence(
                        "no trust list says whose audits count", "没有信任列表说明谁的审计有效"
                    ),
                )
                continue
            made = read_statement(
                data, trust, stated.statement.sha256, stated.card.vendor.id, str(name)
            )
            if not isinstance(made, Audited):
                raise TrustError(
                    "predicate-type-differs", Sentence(f"{name} is none", f"{name} 不是")
                )
            note.detail = require_sameness(made)
            if made.audit.verdict == "undecided":
                note.warn("audit-undecided", note.detail)
