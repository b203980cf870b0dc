"""Words for people, in both languages of the suite."""

from __future__ import annotations

from typing import NamedTuple


class Bilingual(NamedTuple):
    """The same words in English and Chinese."""

    en: str
    zh: str

    @classmethod
    def symbols(cls, text: str) -> Bilingual:
        """A text that reads alike in both, such as a formula."""
        return cls(text, text)
