"""The language in which the command line speaks: English, or Chinese where an option or the locale asks for it."""

from __future__ import annotations

import contextvars
import enum
from typing import TYPE_CHECKING

from suite.base.bilingual import chinese

if TYPE_CHECKING:
    from collections.abc import Mapping

_VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")
"""Of the locale; the first that is set decides, as POSIX has it."""


class Language(enum.IntEnum):
    """A language; its number is the place of its words in a pair of English and Chinese."""

    EN = 0
    ZH = 1

    def of(self, text: str) -> str:
        """A text in this language; a name is the same in both."""
        return chinese(text) if self is Language.ZH else str(text)


_chosen: contextvars.ContextVar[Language] = contextvars.ContextVar("language", default=Language.EN)


def by_locale(variables: Mapping[str, str]) -> Language:
    """The language that the locale's variables name: Chinese for ``zh``, ``zh_CN.UTF-8`` and the like."""
    locale = next((value for name in _VARIABLES if (value := variables.get(name))), "")
    return Language.ZH if locale.lower().startswith("zh") else Language.EN


def choose(language: Language) -> None:
    """Speak this language from here on."""
    _chosen.set(language)


def language() -> Language:
    """The language that was chosen."""
    return _chosen.get()
