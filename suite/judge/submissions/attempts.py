"""How often a vendor tried under one challenge: as many runs as lie in the tree, and as many as its commitments count.

What a vendor measured and did not hand in leaves a trace only where it had to commit again; a second run under the same
challenge and commitment that stays in the drawer cannot be seen.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from suite.base import jsonio
from suite.base.errors import SuiteError
from suite.documents.challenge import BasisChallenge
from suite.documents.codec import plain
from suite.documents.document import given
from suite.judge.attest.challenge import read_commitment

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Attempt:
    """A run under a challenge.

    Attributes:
        round: the challenge's round.
        challenge: its digest.
        number: of the commitment that it answers, from 1; 0 where it answers none.
    """

    round: str
    challenge: str
    number: int


class _Basis(msgspec.Struct):
    """Of ``basis.json`` only what is needed here."""

    challenge: BasisChallenge | None = None


def read(basis: bytes) -> Attempt | None:
    """The challenge that a run was made under; what cannot be read is left to its own check."""
    with contextlib.suppress(msgspec.MsgspecError, SuiteError, UnicodeError):
        under = msgspec.json.decode(basis, type=_Basis).challenge
        if under is None:
            return None
        bundle, number = given(under.commitment), 0
        if bundle is not None:
            number = given(read_commitment(bundle.encode(), "commitment")[0].sequence, 1)
        stated = under.stated
        return Attempt(stated.round, jsonio.digest(plain(stated)), number)
    return None


def count(
    mine: str, own: Attempt, others: Iterable[tuple[str, Attempt]]
) -> tuple[str, tuple[str, ...]]:
    """What the tree says of a vendor's tries in a round: a sentence, and what a reviewer must look at.

    Args:
        mine: path of the submission.
        own: the run in it.
        others: path and run of every submission of the tree that was made under a challenge, this one too.
    """
    vendor = mine.partition("/")[0]
    of_round = [
        (path, attempt)
        for path, attempt in others
        if attempt.round == own.round and path.partition("/")[0] == vendor
    ]
    again = [
        path for path, attempt in of_round if attempt.challenge == own.challenge and path != mine
    ]
    findings = [f"{path} was made under the same challenge" for path in again]
    numbers = {attempt.number for _, attempt in of_round}
    absent = [number for number in range(1, own.number) if number not in numbers]
    if absent:
        words = ", ".join(map(str, absent[:20]))
        findings.append(f"the vendor committed to tries that were not handed in: {words}")
    number = f", commitment {own.number}" if own.number else ""
    runs = len(again) + 1
    return (
        f"round {own.round}{number}: {runs} {'run' if runs == 1 else 'runs'} under this challenge",
        (*findings,),
    )
