"""The command line: one parser, one place where errors become text and exit statuses."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from suite import __version__
from suite.base.errors import Interrupted, SuiteError
from suite.cli import data, declared, judged, keys, measured, prepare, sim

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

EPILOG = """exit status:
  0 conformant        1 measured, not conformant    2 declaration or usage wrong
  3 engine or set-up  4 evidence unusable           5 signature or trust refused   130 interrupted

example:
  suite run --vendor cpu
"""


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    top = argparse.ArgumentParser(
        prog="suite",
        description="Conformance suite for LLM inference: measure, sign, verify, compare.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"suite {__version__}")
    commands = top.add_subparsers(title="commands", metavar="command", required=True)
    for module in (declared, data, prepare, measured, judged, keys, sim):
        module.add_parsers(commands)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    try:
        arguments = parser().parse_args(argv)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 2
    handler: Callable[[argparse.Namespace], int] = arguments.handler
    try:
        return handler(arguments)
    except SuiteError as error:
        print(error.render(), file=sys.stderr)
        return error.exit_status
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return Interrupted.exit_status
    except BrokenPipeError:
        # The reader of our output went away (`suite … | head`): not an error of ours.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def entry() -> None:
    """Entry point of the installed program."""
    sys.exit(main())
