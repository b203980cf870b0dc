"""``suite vendors`` and ``suite plan``: what is declared and what would run, without running it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from suite.base import jsonio
from suite.cli import inputs
from suite.declare.plan.text import render_plan
from suite.declare.vendor.load import VENDOR_DIRECTORY, check_vendor, list_vendors, load_vendor

if TYPE_CHECKING:
    import argparse


def add_parsers(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands of this module."""
    top = commands.add_parser(
        "vendors",
        help="list, show and check vendor declarations",
        description="Work with the declarations under vendors/.",
        epilog="example: suite vendors check vendors/mthreads",
    )
    vendors = top.add_subparsers(title="subcommands", metavar="subcommand", required=True)
    listing = vendors.add_parser(
        "list",
        help="every vendor with its engines and accelerators",
        description="List every vendor with its engines and accelerators.",
        epilog="example: suite vendors list --json",
    )
    listing.add_argument("--json", action="store_true", help="print the list as JSON")
    listing.set_defaults(handler=_list)
    showing = vendors.add_parser(
        "show",
        help="one declaration, as JSON",
        description="Print one declaration as the suite reads it, as JSON.",
        epilog="example: suite vendors show mthreads",
    )
    showing.add_argument("vendor", help="directory under vendors/, or a path with a slash")
    showing.set_defaults(handler=_show)
    checking = vendors.add_parser(
        "check",
        help="what is wrong, with file, line and what would be right",
        description="Check declarations and say what is wrong, with file, line and what would be right.",
        epilog="example: suite vendors check vendors/mthreads",
    )
    checking.add_argument("directory", type=Path, nargs="*", help="default: every vendor")
    checking.set_defaults(handler=_check)
    planning = commands.add_parser(
        "plan",
        help="print what would run: container command, environment, mounts, conversion, checks",
        description="Resolve a plan and print it as text to paste into a shell, or as JSON.",
        epilog="example: suite plan --vendor mthreads --engine vllm_mtt --model /models/llama-2-13b --devices 2",
    )
    inputs.add_options(planning)
    planning.add_argument("--json", action="store_true", help="print the plan as JSON")
    planning.set_defaults(handler=_plan)


def _list(arguments: argparse.Namespace) -> int:
    rows = []
    for name in list_vendors():
        doc = load_vendor(name).doc
        rows.append(
            {
                "id": name,
                "name": doc.name,
                "engines": [engine.id for engine in doc.engines],
                "accelerators": [device.id for device in doc.accelerators],
            }
        )
    if arguments.json:
        sys.stdout.buffer.write(jsonio.pretty(rows))
        return 0
    for row in rows:
        print(f"{row['id']:<10} {row['name']}")
        print(f"{'':<10} engines: {', '.join(row['engines'])}")
        print(f"{'':<10} accelerators: {', '.join(row['accelerators'])}")
    return 0


def _show(arguments: argparse.Namespace) -> int:
    sys.stdout.buffer.write(jsonio.pretty(load_vendor(arguments.vendor).doc))
    return 0


def _check(arguments: argparse.Namespace) -> int:
    directories = arguments.directory or [VENDOR_DIRECTORY / name for name in list_vendors()]
    wrong = 0
    for directory in directories:
        problems = check_vendor(directory)
        wrong += bool(problems)
        print(f"{directory}: {_count(len(problems))}")
        for problem in problems:
            print(f"  - {problem}")
    return 2 if wrong or not directories else 0


def _count(problems: int) -> str:
    return {0: "in order", 1: "one problem"}.get(problems, f"{problems} problems")


def _plan(arguments: argparse.Namespace) -> int:
    plan = inputs.gather(arguments).plan
    if arguments.json:
        sys.stdout.buffer.write(jsonio.pretty(plan))
    else:
        print(render_plan(plan), end="")
    return 0
