"""Everything that can be refused, as one tree.

::

    SuiteError                    base; never raised itself
    ├── UsageError        exit 2  a command line or setting that makes no sense
    ├── DeclarationError  exit 2  a vendor, profile or schema file that is wrong
    ├── DataError         exit 2  a task file, model directory or download that cannot be used
    ├── SetupError        exit 3  Docker, images, environments, devices, disk: before anything was measured
    ├── EngineError       exit 3  the engine did not start, died or answered nonsense
    ├── EvidenceError     exit 4  a run directory that cannot be judged
    ├── TrustError        exit 5  a signature, key or page that is refused
    └── Interrupted       exit 130  Ctrl-C or SIGTERM

Which step raises what: reading any file raises `DeclarationError` or `DataError` (the caller says which);
preflight, conversion and image handling raise `SetupError`; from the engine's start on `EngineError`;
reading a run directory `EvidenceError`; verifying `TrustError`.

An error carries fields and a stable code; the wording is rendered in `SuiteError.render` alone.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, TypeVar

from suite.base.bilingual import Sentence, chinese
from suite.base.errorcodes import error_codes, require_code
from suite.base.language import Language

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True, slots=True)
class Place:
    """Where a mistake is: a file, the line in it (1-based) and the JSON pointer of the member."""

    file: str
    line: int | None = None
    pointer: str | None = None

    def __str__(self) -> str:
        """Render as ``file:line (pointer)``, leaving out what is unknown."""
        text = self.file if self.line is None else f"{self.file}:{self.line}"
        return text if not self.pointer else f"{text} ({self.pointer})"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, with its place and what would be right."""

    message: str
    place: Place | None = None
    hint: str = ""

    def __str__(self) -> str:
        """Render on one line."""
        return str(self.sentence())

    def sentence(self) -> Sentence:
        """The same in both languages, as far as it was written in both."""
        where = f"{self.place}: " if self.place else ""
        line = Sentence(where, where) + self.message
        if self.hint:
            line += Sentence(f" ({self.hint})", f"（{chinese(self.hint)}）")
        return line


@dataclass(eq=False)
class CodedError(BaseException):
    """What ends a command and has a code of its own: a refusal, or the wish to stop.

    Attributes:
        code: stable name of the refusal, from the table in `suite.base.errorcodes`.
        message: what is wrong, one sentence without a final stop.
        place: where, when it is in a file.
        hint: what to do about it.
        problems: further findings of the same kind (a file can be wrong in several places).
    """

    code: str
    message: str
    place: Place | None = None
    hint: str = ""
    problems: Sequence[Problem] = field(default=())

    exit_status: ClassVar[int] = 2

    def __post_init__(self) -> None:
        """Look the code up, and give the exception its arguments, so that pickling and logging work.

        Raises:
            LookupError: the code is not in the table of `suite.base.errorcodes`, or not with this exit status.
        """
        require_code(self.code, self.exit_status)
        super().__init__(self.code, self.message)

    def __str__(self) -> str:
        """Render on one line, for logs and evidence."""
        where = f"{self.place}: " if self.place else ""
        return f"{where}{self.message} [{self.code}]"

    def render(self, language: Language = Language.EN) -> str:
        """Render for a person: the sentence, every further problem and the hint, one per line.

        Args:
            language: of the words around them, and of what was written in both languages.
        """
        at, hint = (("at", "hint"), ("位于", "建议"))[language]
        lines = [f"error[{self.code}]: {language.of(self.message)}"]
        if self.place:
            lines.append(f"  {at} {self.place}")
        if language is Language.ZH and not isinstance(self.message, Sentence):
            lines.append(f"  说明: {error_codes()[self.code].zh}")
        lines += [f"  - {language.of(problem.sentence())}" for problem in self.problems]
        if self.hint:
            lines.append(f"  {hint}: {language.of(self.hint)}")
        return "\n".join(lines)


class SuiteError(CodedError, Exception):
    """Base of all refusals."""


class UsageError(SuiteError):
    """A command line or setting that makes no sense."""


class DeclarationError(SuiteError):
    """A vendor, profile or schema file that is wrong."""


class DataError(SuiteError):
    """A task file, model directory or download that cannot be used."""


class SetupError(SuiteError):
    """The machine lacks something that the run needs; nothing was measured."""

    exit_status = 3


class EngineError(SuiteError):
    """The engine did not start, died, or answered nonsense."""

    exit_status = 3


class EvidenceError(SuiteError):
    """A run directory that cannot be judged."""

    exit_status = 4


class TrustError(SuiteError):
    """A signature, a key, a trust list or a page that is refused."""

    exit_status = 5


class Interrupted(CodedError, KeyboardInterrupt):  # noqa: N818 - an end, not a mistake
    """The person or the system asked the run to stop.

    No refusal: whoever takes refusals for an answer (what is wrong with a card, an engine that does not come up) must
    not take this for one, nor may a library that catches every `Exception`.
    """

    exit_status = 130


_Error = TypeVar("_Error", bound=SuiteError)


def unwritable(place: object, cause: OSError) -> Sentence:
    """What is said of a file or folder that could not be written, with the system's reason."""
    why = cause.strerror or cause
    return Sentence(f"cannot write {place}: {why}", f"无法写入 {place}：{why}")


def unreadable(kind: type[_Error], path: object, cause: OSError) -> _Error:
    """The error of a file that could not be read, with the system's reason: ``file-unreadable``."""
    why = cause.strerror or cause
    return kind(
        "file-unreadable",
        Sentence(f"cannot read: {why}", f"无法读取：{why}"),
        Place(str(path)),
    )


def exclusive(first: str, second: str) -> Sentence:
    """What is said of two options that were given together and exclude each other."""
    return Sentence(f"{first} and {second} exclude each other", f"{first} 与 {second} 互斥")


def nearest(name: str, known: Iterable[str]) -> str:
    """``did you mean 'x'?`` when one of the known names is near; else ""."""
    near = difflib.get_close_matches(name, list(known), 1)
    return Sentence(f"did you mean {near[0]!r}?", f"是否指 {near[0]!r}？") if near else ""


def extra(name: str) -> Sentence:
    """What to do about an optional package of the suite that is not installed."""
    command = f"pip install 'llm-inference-conformance[{name}]'"
    return Sentence(command, command)


def choices(name: str, known: Iterable[str]) -> Sentence:
    """What to do about a name that is none of those known: the nearest of them, and all."""
    names = list(known)
    if not names:
        return Sentence("there are none", "没有任何一个")
    listed = Sentence(f"known: {', '.join(names)}", f"已知：{', '.join(names)}")
    near = nearest(name, names)
    return Sentence(f"{near} ", chinese(near)) + listed if near else listed
