"""Sentences and titles in both languages of the report."""

from typing import Annotated

from msgspec import UNSET, UnsetType

from suite.documents.document import Document, about
from suite.documents.scalars import Line, Name


class Text(Document):
    """One sentence in both languages."""

    en: Annotated[Line, about("English.")]
    zh: Annotated[Line, about("Chinese.")]


class Title(Document):
    """A title in both languages."""

    en: Annotated[Name, about("English.")]
    zh: Annotated[Name | UnsetType, about("Chinese; without it the English one stands.")] = UNSET

    @property
    def chinese(self) -> str:
        """The Chinese title, or the English one where there is none."""
        return self.en if self.zh is UNSET else self.zh
