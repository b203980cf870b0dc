"""What a format of a comparison is: one module of this package with a `FORMAT` of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from suite.base.bilingual import Bilingual
    from suite.base.language import Language
    from suite.documents.comparison import ManyComparison


@dataclass(frozen=True, slots=True)
class Format:
    """One way to write a comparison.

    Attributes:
        title: what it is, in a few words.
        suffix: of a file of it, with the dot.
        render: the report's bytes, in a language where it is for people; pure.
    """

    title: Bilingual
    suffix: str
    render: Callable[[ManyComparison, Language], bytes]
