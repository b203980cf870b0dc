"""``docs/errors.md`` from the table of refusals; `suite.cli.pages` writes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.base import markdown
from suite.base.errorcodes import error_table

if TYPE_CHECKING:
    from suite.base.errorcodes import Section


def page() -> str:
    """The whole page."""
    errors = error_table()
    title, text, outcomes = errors.outcomes
    statuses = markdown.table(
        ("exit status", "meaning"),
        [(str(status), meaning) for status, meaning in errors.statuses.items()],
    )
    ends = markdown.table(
        ("outcome", "meaning"), [(f"`{code}`", meaning) for code, meaning in outcomes.items()]
    )
    parts = [
        f"# Errors\n\n{errors.intro}\n\n{statuses}\n{errors.outro}\n",
        *map(_section, errors.sections),
        f"## {title}\n\n{text}\n\n{ends}",
    ]
    return "\n".join(parts)


def _section(section: Section) -> str:
    rows = [(f"`{code.name}`", code.means, code.advice) for code in section.codes]
    text = f"{section.text}\n\n" if section.text else ""
    table = markdown.table(("code", "what happened", "what to do"), rows)
    return f"## {_heading(section)}\n\n{text}{table}"


def _heading(section: Section) -> str:
    if not section.statuses:
        return section.title
    *first, last = map(str, section.statuses)
    statuses = f"{', '.join(first)} or {last}" if first else last
    return f"Exit status {statuses}" + (f": {section.title}" if section.title else "")
