"""The formats that a report can have, by name."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from suite.base.errors import UsageError
from suite.judge.log.texts import bounded
from suite.judge.report import formats as package

if TYPE_CHECKING:
    from suite.judge.report.formats.format import Format, Subject

_OTHERS = ("format", "registry")


def formats() -> tuple[str, ...]:
    """Every format by its name, in alphabetical order; imports none of them."""
    modules = (module.name for module in pkgutil.iter_modules(package.__path__))
    return tuple(sorted(name.replace("_", "-") for name in modules if name not in _OTHERS))


def load(name: str) -> Format:
    """The format of a name.

    Raises:
        UsageError: ``format-unknown``.
    """
    if name not in formats():
        known = ", ".join(formats())
        raise UsageError(
            "format-unknown", f"there is no report format {name!r}", hint=f"one of: {known}"
        )
    module = importlib.import_module(f"{package.__name__}.{name.replace('-', '_')}")
    return cast("Format", module.FORMAT)


def render(name: str, subject: Subject) -> bytes:
    """A report.

    Raises:
        UsageError: ``format-unknown``, or ``format-lacks`` when the format needs more than there is.
    """
    chosen = load(name)
    if chosen.needs == "bundle" and subject.bundle is None:
        hint = "sign the run and use: suite render RUN"
        raise UsageError(
            "format-lacks", f"{name} shows a signed scorecard; this one is not signed", hint=hint
        )
    if chosen.needs == "evidence" and subject.evidence is None:
        hint = "use: suite score RUN"
        raise UsageError(
            "format-lacks", f"{name} is made of a run's evidence; here is only its card", hint=hint
        )
    if subject.evidence is not None:
        subject = replace(subject, evidence=bounded(subject.evidence))
    return chosen.render(subject)
