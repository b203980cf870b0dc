"""``suite data``: the task set from its sources to a checked file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from suite.cli.command import Group, Names, command, described
from suite.cli.options import FILE, json_option

if TYPE_CHECKING:
    from pathlib import Path

    from suite.declare.tasks.selection import Part

SOURCES = ("official", "archive", "split", "csv")
PARTS: tuple[Part, ...] = ("test", "train", "validation")

_keep_going = click.option("--keep-going", is_flag=True, help="leave broken records out")
_json = json_option("the result")


def _data() -> None:
    """Fetch, convert and check the task set.

    Brings XSum from its sources into one checked file. The suite ships no text of it.
    """


data = Group(
    name="data",
    no_args_is_help=False,
    **described(
        _data, "suite data fetch --to data && suite data convert data --to data/test.jsonl"
    ),
)


@command("suite data fetch official --to data", within=data)
@click.argument("what", type=Names(SOURCES), default="official")
@click.option("--to", type=FILE, default="data", show_default=True, metavar="DIR", help="where to")
@click.option("--from", "origin", metavar="URL|FILE", help="take it from here")
@click.option("--sha256", metavar="HEX", help="demand this digest")
@_json
def fetch(what: str, to: Path, origin: str | None, sha256: str | None, *, as_json: bool) -> int:
    """Download XSum.

    An interrupted download goes on where it stopped. A file whose SHA-256 is not the published one is refused.
    official (default): the archive (255 MB) and the split file; csv: the Hub's test.csv (27 MB), for which no digest
    is published.
    """
    from suite.cli import taskfiles

    taskfiles.fetch_files(what, to, origin=origin, sha256=sha256, as_json=as_json)
    return 0


@command("suite data convert data --to data/xsum-test.jsonl", within=data)
@click.argument("source", type=FILE)
@click.option("--to", type=FILE, required=True, metavar="FILE", help="file to write")
@click.option("--split", type=FILE, metavar="FILE", help="keep the ids of this split file")
@click.option(
    "--part", type=Names(PARTS), default="test", show_default=True, help="which part of it"
)
@_keep_going
@click.option("--force", is_flag=True, help="overwrite the file")
@_json
def convert(
    source: Path,
    to: Path,
    split: Path | None,
    part: Part,
    *,
    keep_going: bool,
    force: bool,
    as_json: bool,
) -> int:
    """Write the canonical file.

    Reads a file or folder of any data format (see `suite data formats`) and writes one canonical file with a digest
    per record. A broken record is refused with its line, or left out and counted with --keep-going.
    """
    from suite.cli import taskfiles

    taskfiles.convert(
        source,
        to,
        split=split,
        part=part,
        keep_going=keep_going,
        force=force,
        as_json=as_json,
    )
    return 0


@command("suite data verify xsum-test.jsonl", within=data)
@click.argument("file", type=FILE)
@_json
def verify(file: Path, *, as_json: bool) -> int:
    """Recompute every digest of a canonical file; errors name the line."""
    from suite.cli import taskfiles

    taskfiles.verify(file, as_json=as_json)
    return 0


@command("suite data show test.csv", within=data)
@click.argument("source", type=FILE)
@_keep_going
@_json
def show(source: Path, *, keep_going: bool, as_json: bool) -> int:
    """Say what a task file or folder holds.

    Reads one of any known form and says what it is: counts, defects, locked sets.
    """
    from suite.cli import taskfiles

    taskfiles.show(source, keep_going=keep_going, as_json=as_json)
    return 0


@command("suite data locks XSum-TRAINING-DEV-TEST-SPLIT-90-5-5.json", within=data)
@click.argument("split", type=FILE)
@_json
def locks(split: Path, *, as_json: bool) -> int:
    """Recompute the locked sets from the split file.

    Applies the selection rule to the official test split and compares with the locks.
    """
    from suite.base.errors import DataError
    from suite.cli import taskfiles

    return 0 if taskfiles.compare_locks(split, as_json=as_json) else DataError.exit_status


@command("suite data lock data --split data/XSum-TRAINING-DEV-TEST-SPLIT-90-5-5.json", within=data)
@click.argument("source", type=FILE, required=False)
@click.option("--split", type=FILE, required=True, metavar="FILE", help="the official split file")
@click.option(
    "--published",
    type=FILE,
    metavar="DIR",
    help="begin anew from gold-test-sentences.txt and lead-test-output.txt there",
)
@click.option("--to", type=FILE, metavar="FILE", help="file to write instead of the suite's own")
@_json
def lock(
    source: Path | None, split: Path, published: Path | None, to: Path | None, *, as_json: bool
) -> int:
    """Pin the texts of XSum's test split by digest.

    Completes the suite's pins with the documents of the official archive (SOURCE: the archive as published, or the
    folder it lies in). What is written holds digests and no text.
    """
    from suite.cli import taskfiles

    taskfiles.pin_texts(source, split, published=published, to=to, as_json=as_json)
    return 0


@command("suite data formats", within=data)
@_json
def formats(*, as_json: bool) -> int:
    """List the data formats that can be read.

    What a task file or folder may be; which it is shows in its content.
    """
    from suite.cli import taskfiles

    taskfiles.list_formats(as_json=as_json)
    return 0
