"""Numbered steps: what a verification did, in order, and how each step ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from suite.base.bilingual import Sentence, chinese, placed
from suite.base.errors import EvidenceError, TrustError
from suite.base.language import Language
from suite.base.status import Outcome
from suite.base.visible import whole
from suite.documents.check import CheckStep

if TYPE_CHECKING:
    from types import TracebackType

    from suite.base.errors import SuiteError


_OUTCOMES = {
    Outcome.PASS: "通过  ",
    Outcome.WARN: "警告  ",
    Outcome.FAIL: "未通过",
    Outcome.SKIPPED: "跳过  ",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was checked.

    Attributes:
        number: position in the list, from 1.
        what: the question, in a few words.
        outcome: pass, warn, fail, or skipped.
        detail: what was found; for a failure, what is wrong.
        code: stable name of the refusal, "" when there is none.
        findings: further lines, such as each file or number that differs.
        hint: what to do about a failure, "" where there is nothing more to say.
    """

    number: int
    what: str
    outcome: Outcome
    detail: str
    code: str = ""
    findings: tuple[str, ...] = ()
    hint: str = ""

    def document(self) -> CheckStep:
        """As part of a document."""
        return CheckStep(
            number=self.number,
            what=whole(self.what),
            outcome=self.outcome.value,
            code=self.code,
            detail=whole(self.detail),
            findings=tuple(map(whole, self.findings)),
            hint=self.hint,
        )

    def lines(self, language: Language = Language.EN) -> list[str]:
        """For a person: one line, then one indented line per finding, and what to do."""
        code = f" [{self.code}]" if self.code else ""
        outcome = (f"{self.outcome.value:<7}", _OUTCOMES[self.outcome])[language]
        sentence = language.of(placed(self.what, self.detail))
        word = ("hint: ", "建议：")[language]
        hint = [f"      {word}{language.of(self.hint)}"] if self.hint else []
        findings = (f"      - {language.of(finding)}" for finding in self.findings)
        return [f"{self.number:2}. {outcome} {sentence}{code}", *findings, *hint]


@dataclass(slots=True)
class Note:
    """What a running step has found so far; a step that says nothing more passes."""

    detail: str = ""
    outcome: Outcome = Outcome.PASS
    code: str = ""
    findings: tuple[str, ...] = ()

    def warn(self, code: str, detail: str) -> None:
        """The step holds, but the reader must know something."""
        self.outcome, self.code, self.detail = Outcome.WARN, code, detail

    def fail(self, code: str, detail: str, findings: tuple[str, ...]) -> None:
        """The subject was judged, and does not hold."""
        self.outcome, self.code, self.detail, self.findings = Outcome.FAIL, code, detail, findings

    def skip(self, code: str, detail: str) -> None:
        """The step could not be done."""
        self.outcome, self.code, self.detail = Outcome.SKIPPED, code, detail


@dataclass(slots=True)
class Steps:
    """Records steps while they happen."""

    done: list[Step] = field(default_factory=list)
    errors: list[SuiteError] = field(default_factory=list)

    def step(self, what: str) -> _Strict:
        """Run one step; a `TrustError` or `EvidenceError` inside is recorded as its failure and raised on."""
        return _Strict(self, what)

    def attempt(self, what: str) -> _Lenient:
        """Like `step`, but a failure is only recorded, so that the following steps still run."""
        return _Lenient(self, what)

    def skipped(self, what: str, why: str) -> None:
        """Record a step that could not be done."""
        self.record(what, Note(why, Outcome.SKIPPED), None)

    def record(self, what: str, note: Note, error: SuiteError | None) -> None:
        """Add a finished step; for a failed one the error says everything."""
        if error is not None:
            self.errors.append(error)
            where = f" ({error.place})" if error.place else ""
            findings = tuple(problem.sentence() for problem in error.problems)
            note = Note(
                Sentence(error.message, chinese(error.message)) + where,
                Outcome.FAIL,
                error.code,
                findings,
            )
        number = len(self.done) + 1
        hint = error.hint if error is not None else ""
        self.done.append(
            Step(number, what, note.outcome, note.detail, note.code, note.findings, hint)
        )


class _Context:
    """One step under way."""

    def __init__(self, steps: Steps, what: str) -> None:
        self.steps = steps
        self.what = what
        self.note = Note()

    def __enter__(self) -> Note:
        return self.note

    def close(self, error: BaseException | None) -> bool:
        """Record the end of the step; whether it ended in a way that belongs in the record."""
        if error is None:
            self.steps.record(self.what, self.note, None)
            return True
        if isinstance(error, TrustError | EvidenceError):
            self.steps.record(self.what, self.note, error)
            return True
        return False


class _Strict(_Context):
    """The context of one step whose failure is raised on."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close(value)


class _Lenient(_Context):
    """The context of one step whose failure must not stop the others."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        return self.close(value)
