"""Where commands print: text, tables and JSON on standard output, errors on standard error.

On a terminal long lines are wrapped by the terminal and tables fit its width. On a pipe there are no colours, no
control characters of ours, and nothing is cut or wrapped whatever COLUMNS says. NO_COLOR and TERM=dumb are respected.
"""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from suite.base import jsonio
from suite.base.bilingual import Sentence
from suite.base.errors import Interrupted, UsageError, unwritable
from suite.base.language import Language, language
from suite.base.safe import replace_file
from suite.base.visible import columns, say, visible
from suite.documents import codec
from suite.documents.document import Document

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from suite.base.errors import CodedError

PIPE_WIDTH: Final = 100_000
"""Columns of a pipe: as many as a table can want."""


class _Console(Console):
    """A console that never reads markup, emoji codes or numbers into the text that it is given."""

    def on_broken_pipe(self) -> None:
        """Leave a reader that went away to the caller, which ends quietly."""
        raise BrokenPipeError


def _console(*, stderr: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    return _Console(
        stderr=stderr,
        markup=False,
        emoji=False,
        highlight=False,
        width=None if stream.isatty() else PIPE_WIDTH,
    )


@contextlib.contextmanager
def until_stopped() -> Iterator[None]:
    """A block that Ctrl-C or SIGTERM ends in the ordinary way: a line says so, and the command has done what it was asked."""
    from suite.measure.signals import Stop

    try:
        with Stop(lambda _: None).installed():
            yield
    except Interrupted:
        say(Sentence("stopped", "已停止"), flush=True)


def error_console() -> Console:
    """The console of standard error."""
    return _console(stderr=True)


def write_text(text: str, style: str = "") -> None:
    """Print text and a line feed on standard output; a sentence in the language that was chosen.

    Args:
        text: any; a line in it may be longer than the terminal is wide.
        style: of rich, for a terminal with colours.
    """
    shown = visible(language().of(text))
    if style:
        _console(stderr=False).print(Text(shown, style=style), soft_wrap=True)
    else:
        sys.stdout.write(shown + "\n")


def write_json(document: object) -> None:
    """Print a document, or a plain JSON value, as JSON on standard output."""
    write_bytes(
        codec.pretty(document) if isinstance(document, Document) else jsonio.pretty(document)
    )


def write_bytes(data: bytes) -> None:
    """Write bytes on standard output, as they are."""
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def labelled(rows: Iterable[tuple[str, str]], *, gap: int = 2) -> Sentence:
    """Names with what stands behind each, a row a line, aligned in either language; a name may be empty."""
    listed = list(rows)
    texts = []
    for each in Language:
        width = max((columns(each.of(name)) for name, _ in listed), default=0) + gap
        lines = [
            f"{each.of(name)}{' ' * (width - columns(each.of(name)))}{each.of(value)}".rstrip()
            for name, value in listed
        ]
        texts.append("\n".join(lines))
    return Sentence(*texts)


def write_table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table on standard output, sentences in the language that was chosen.

    On a terminal, what is too wide is wrapped within its column.
    """
    of = language().of
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for title in heading:
        table.add_column(of(title), overflow="fold")
    for row in rows:
        table.add_row(*(Text(visible(of(cell))) for cell in row))
    console = _console(stderr=False)
    with console.capture() as captured:
        console.print(table)
    # rich fills every cell; nobody wants blanks at the end of a line.
    lines = [line.rstrip() for line in captured.get().splitlines()]
    sys.stdout.write("\n".join([*lines, ""]))


def write_note(text: str) -> None:
    """Print a remark on standard error, a sentence in the language that was chosen."""
    error_console().print(Text(visible(language().of(text))), soft_wrap=True)


def write_error(error: CodedError) -> None:
    """Print a refusal on standard error: code, message, place, further problems, hint."""
    head, _, rest = visible(error.render(language())).partition("\n")
    code, colon, message = head.partition(": ")
    text = Text.assemble((code + colon, "bold red"), message, f"\n{rest}" if rest else "")
    error_console().print(text, soft_wrap=True)


def write_report(target: Path, data: bytes) -> None:
    """Write a report, in the place of an earlier one of that name; a link is replaced and not followed. The folder is made where there is none.

    Raises:
        UsageError: ``page-unwritable``.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        replace_file(target, data)
    except OSError as cause:
        raise UsageError("page-unwritable", unwritable(target, cause)) from cause


def write_new(target: Path, data: bytes, *, exists: str = "review-exists", hint: str = "") -> None:
    """Write a signed file that is not there yet; none is ever written over.

    Raises:
        UsageError: the code `exists` where there is one of that name; ``page-unwritable``.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as stream:
            stream.write(data)
    except FileExistsError as cause:
        raise UsageError(
            exists, Sentence(f"{target} exists already", f"{target} 已存在"), hint=hint
        ) from cause
    except OSError as cause:
        raise UsageError("page-unwritable", unwritable(target, cause)) from cause
