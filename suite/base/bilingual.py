"""Words for people, in both languages of the suite."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Self

if TYPE_CHECKING:
    from collections.abc import Iterable


class Bilingual(NamedTuple):
    """The same words in English and Chinese."""

    en: str
    zh: str

    @classmethod
    def symbols(cls, text: str) -> Bilingual:
        """A text that reads alike in both, such as a formula."""
        return cls(text, text)


class Sentence(str):
    """An English sentence that carries its Chinese form.

    It is the English text wherever a text is wanted: in a comparison, a file, an error. `chinese` asks for the
    other; documents keep it beside them (`suite.documents.sentences`). What an f-string makes of it is English
    alone.
    """

    __slots__ = ("zh",)

    zh: str

    def __new__(cls, en: str, zh: str) -> Self:
        """Both forms; neither may be empty where the other is not."""
        sentence = super().__new__(cls, en)
        sentence.zh = zh
        return sentence

    def __add__(self, tail: str) -> Sentence:
        """Goes on with another sentence, or with a name."""
        return Sentence(str(self) + str(tail), self.zh + chinese(tail))

    def __radd__(self, head: str) -> Sentence:
        """Follows a name, or another text that reads alike in both languages."""
        return Sentence(head + str(self), head + self.zh)

    def __getnewargs__(self) -> tuple[str, str]:  # type: ignore[override]  # a str's are one text
        """What a copy is made of."""
        return str(self), self.zh


def chinese(text: str) -> str:
    """The Chinese form of a sentence; any other text, such as a name, as it is."""
    return text.zh if isinstance(text, Sentence) else text


def english(value: object) -> str:
    """What an encoder writes of a sentence; for its hook.

    Raises:
        NotImplementedError: for a value that is no text.
    """
    if isinstance(value, str):
        return str(value)
    raise NotImplementedError(f"{type(value).__name__} is no part of a document")


def joined(parts: Iterable[str], en: str, zh: str) -> Sentence:
    """Several sentences or names as one, with a separator for each language."""
    texts = list(parts)
    return Sentence(en.join(texts), zh.join(map(chinese, texts)))


def replaced(text: str, old: str, new: str) -> Sentence:
    """A sentence with another word in a word's place, in both languages."""
    return Sentence(text.replace(old, new), chinese(text).replace(old, new))


def placed(where: str, what: str) -> Sentence:
    """What is said of a place, with the place before it."""
    return Sentence(f"{where}: {what}", f"{chinese(where)}：{chinese(what)}")
