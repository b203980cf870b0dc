"""What a report format is: one module of this package with a `FORMAT` of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Literal, TypeVar

from suite.base.language import Language
from suite.judge.attest.page import NOTHING, Carried

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from suite.base.bilingual import Bilingual
    from suite.documents.card import Scorecard
    from suite.evidence import Evidence

Needs = Literal["card", "bundle", "evidence"]
"""What must be there beside the card: nothing, the signed bundle that holds it, or the run's evidence."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Subject:
    """What a report is made of.

    Attributes:
        card: the scorecard.
        bundle: the signed bundle that holds it, None where the card was not signed.
        evidence: of the run, None where only its card is at hand.
        language: which one a report for people speaks, or shows first.
        carried: signed statements about the card, and the maker that attests its devices, verified.
        phase: the one that a file of another tool is about; empty for all.
    """

    card: Scorecard
    bundle: bytes | None = None
    evidence: Evidence | None = None
    language: Language = Language.EN
    carried: Carried = NOTHING
    phase: str = ""


@dataclass(frozen=True, slots=True)
class DocumentFormat(Generic[T]):
    """One way to write a comparison or a check.

    Attributes:
        title: what it is, in a few words.
        suffix: of a file of it, with the dot.
        render: the report's bytes, in a language where it is for people; pure.
    """

    title: Bilingual
    suffix: str
    render: Callable[[T, Language], bytes]


@dataclass(frozen=True, slots=True)
class Format:
    """One way to write a scorecard.

    Attributes:
        title: what it is, in a few words.
        suffix: of a file of it, with the dot.
        needs: what it cannot do without.
        render: the report's bytes; pure.
        per_phase: its tool keeps one load a file; without a chosen phase there is one line for each.
        verbatim: bytes that are not text for people: nothing in them is made visible.
        render_all: of a tool that keeps many runs in one file: the file of these, at least one.
    """

    title: Bilingual
    suffix: str
    needs: Needs
    render: Callable[[Subject], bytes]
    per_phase: bool = False
    verbatim: bool = False
    render_all: Callable[[Sequence[Subject]], bytes] | None = None
