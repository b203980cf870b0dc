"""``suite vendors``: list, show and check vendor declarations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from suite.cli.command import Group, command, described
from suite.cli.options import FILE, json_option

if TYPE_CHECKING:
    from pathlib import Path


def _vendors() -> None:
    """List, show and check vendor declarations.

    Works with the declarations under vendors/.
    """


vendors = Group(
    name="vendors",
    no_args_is_help=False,
    **described(_vendors, "suite vendors check vendors/mthreads"),
)


@command("suite vendors list --json", within=vendors)
@json_option("the list")
def list(*, as_json: bool) -> int:  # noqa: A001 - the command's name
    """List every vendor with its engines and accelerators."""
    from suite.cli.output import write_json, write_table
    from suite.declare.vendor.load import list_vendors, load_vendor

    docs = [load_vendor(name).doc for name in list_vendors()]
    if as_json:
        write_json(
            [
                {
                    "id": doc.id,
                    "name": doc.name,
                    "engines": [engine.id for engine in doc.engines],
                    "accelerators": [device.id for device in doc.accelerators],
                }
                for doc in docs
            ]
        )
        return 0
    rows = [
        (
            doc.id,
            doc.name,
            ", ".join(engine.id for engine in doc.engines),
            ", ".join(device.id for device in doc.accelerators),
        )
        for doc in docs
    ]
    write_table(("vendor", "name", "engines", "accelerators"), rows)
    return 0


@command("suite vendors show mthreads", within=vendors)
@click.argument("vendor")
@json_option("the declaration as the suite reads it")
def show(vendor: str, *, as_json: bool) -> int:
    """Print one declaration: devices, engines, access, figures with their sources, and what to beware of.

    VENDOR is a directory under vendors/, or a path with a slash.
    """
    from suite.cli.output import write_json, write_text
    from suite.declare.vendor.load import load_vendor
    from suite.declare.vendor.text import vendor_text

    doc = load_vendor(vendor).doc
    if as_json:
        write_json(doc)
    else:
        write_text(vendor_text(doc).rstrip("\n"))
    return 0


@command("suite vendors check vendors/mthreads", within=vendors)
@click.argument("directory", type=FILE, nargs=-1)
def check(directory: tuple[Path, ...]) -> int:
    """Check declarations and say what is wrong, with file, line and what would be right.

    DIRECTORY may be repeated; without it every vendor is checked.
    """
    from suite.cli.output import write_text
    from suite.declare.vendor.load import VENDOR_DIRECTORY, check_vendor, list_vendors

    directories = directory or tuple(VENDOR_DIRECTORY / name for name in list_vendors())
    wrong = 0
    for path in directories:
        problems = check_vendor(path)
        wrong += bool(problems)
        count = {0: "in order", 1: "one problem"}.get(len(problems), f"{len(problems)} problems")
        write_text(f"{path}: {count}")
        for problem in problems:
            write_text(f"  - {problem}")
    return 2 if wrong or not directories else 0
