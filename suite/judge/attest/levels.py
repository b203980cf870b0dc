"""How far a card can be trusted, from what is stated about it by keys of a trust list: derived, never claimed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UNSET

from suite.base.addresses import is_own
from suite.documents.reproduction import VerificationSummary
from suite.documents.standing import LEVELS
from suite.judge.attest.review import Attested

if TYPE_CHECKING:
    from collections.abc import Iterable

    from suite.documents.card import Scorecard
    from suite.documents.standing import Level
    from suite.judge.attest.review import Made


def reached(card: Scorecard, made: Iterable[Made], maker: str = "") -> tuple[Level, str]:
    """The highest level that a card reaches, and why.

    Args:
        card: says what its own evidence reaches.
        made: what was stated about it, each verified against a trust list.
        maker: of the trust list, that attests the run's devices; "" where none does.

    The last statement of each owner counts. A card is witnessed where a witness holds its evidence, measured a server
    elsewhere, and both sides counted alike. It is reproduced where more owners reproduced it than failed to. Its hardware is
    attested where it is reproduced, was made under a challenge (of another run whoever ran chose when the nonce became known),
    its own rules hold what the devices signed against the run, and its maker attests the devices: they say where it ran, and nothing
    of what was computed there.
    """
    own = card.level.level
    last = {
        (item.owner, type(item.report)): item
        for item in sorted(
            (item for item in made if isinstance(item, Attested)), key=lambda item: item.time
        )
    }.values()
    summaries = [item for item in last if isinstance(item.report, VerificationSummary)]
    for_it = [item.owner for item in summaries if item.word == "reproduced"]
    against = [item.owner for item in summaries if item.word != "reproduced"]
    if len(for_it) > len(against):
        doubts = f", not by {', '.join(sorted(against))}" if against else ""
        by = f"reproduced by {', '.join(sorted(for_it))}{doubts}"
        if maker and own == "challenged" and card.attestation is not UNSET:
            return "attested", f"{by}; its devices are attested by {maker}"
        return "reproduced", by
    witnesses = {
        item.owner: item.report.address
        for item in last
        if not isinstance(item.report, VerificationSummary)
        and item.report.verdict == "agrees"
        and item.report.plan_sha256 == card.run.plan_sha256
        and card.runtime == "endpoint"
    }
    if witnesses and LEVELS.index("witnessed") > LEVELS.index(own):
        by = f"witnessed by {', '.join(sorted(witnesses))}"
        if all(map(is_own, witnesses.values())):
            by += ", whose server answered on the witness's own machine or through a tunnel"
        return "witnessed", by
    return own, "by its own evidence"
