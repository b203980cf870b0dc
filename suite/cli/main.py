"""The command line: which commands there are, and the way from arguments to an exit status."""

from __future__ import annotations

import gc
import os
import sys
from typing import TYPE_CHECKING, Final

import click

from suite import __version__
from suite.base import resources
from suite.base.language import by_locale, choose
from suite.cli.command import LazyGroup, asked, described
from suite.cli.failures import guarded

if TYPE_CHECKING:
    from collections.abc import Sequence

PROGRAM: Final = "suite"
COMPLETE_VARIABLE: Final = "_SUITE_COMPLETE"
"""Set by the shell's completion script, see `suite.cli.commands.completion`."""

COMMANDS: Final = (
    *("run", "tune", "plan", "prepare", "convert", "doctor", "chat", "trace", "sim"),
    *("agent", "client"),
    *("score", "verify", "audit", "witness", "reproduce", "render", "diff", "compare"),
    *(
        "keygen",
        "sign",
        "receipt",
        "commit",
        "submit",
        "check",
        "site",
        "store",
        "export",
        "import",
        "db",
        "history",
        "regress",
        "serve",
        "fleet",
        "review",
        "round",
        "reference",
        "trust",
        "vendors",
        "profiles",
        "data",
        "self-test",
        "completion",
    ),
)
"""Each is a module of `suite.cli.commands`."""


def _suite() -> None:
    """Conformance suite for LLM inference: measure, sign, verify, compare.

    \b
    exit status:
      0 conformant        1 measured, not conformant    2 declaration or usage wrong
      3 engine or set-up  4 evidence unusable           5 signature or trust refused
      70 a defect of the suite                          130 interrupted
    """  # noqa: D301 - click reads \b


def program() -> click.Group:
    """The whole command line."""
    group = LazyGroup(
        names=COMMANDS,
        name=PROGRAM,
        no_args_is_help=False,
        **described(_suite, "suite run --vendor cpu"),
    )
    version = f"{PROGRAM} {__version__}"
    return click.version_option(__version__, message=version)(group)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    words = sys.argv[1:] if argv is None else argv
    choose(asked(words, by_locale(os.environ)))
    # What a command reads lives to its end: looking through it for cycles again and again frees nothing.
    gc.set_threshold(100_000)

    def work() -> int:
        resources.settle_home()
        group = program()
        instruction = os.environ.get(COMPLETE_VARIABLE)
        if instruction:
            from click.shell_completion import shell_complete

            return shell_complete(group, {}, PROGRAM, COMPLETE_VARIABLE, instruction)
        with group.make_context(PROGRAM, list(words)) as context:
            status = group.invoke(context)
        assert isinstance(status, int)
        return status

    return guarded(work)


def entry() -> None:
    """Entry point of the installed program."""
    sys.exit(main())
