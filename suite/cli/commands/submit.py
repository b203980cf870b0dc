"""``suite submit``: lay a signed run out as a submission."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from suite.cli.command import command
from suite.cli.options import FILE

if TYPE_CHECKING:
    from pathlib import Path


@command("suite submit runs/20260131-120000-cpu-vllm-smoke --to submissions")
@click.argument("run", type=FILE)
@click.option("--to", "tree", type=FILE, required=True, metavar="DIR", help="tree of submissions")
@click.option(
    "--store",
    metavar="STORE",
    help="put the packed evidence there, by its digest, and not into the submission: DIR, oci-layout:DIR or oci://HOST/REPOSITORY",
)
@click.option(
    "--at",
    "locations",
    multiple=True,
    metavar="ADDRESS",
    help="where that evidence can be had: https://… or oci://HOST/REPOSITORY@sha256:…; may be repeated",
)
def submit(run: Path, tree: Path, store: str | None, locations: tuple[str, ...]) -> int:
    """Lay a signed run out as a submission, and check it as a reviewer will.

    Verifies the run and writes DIR/VENDOR/ROUND/RUN: the evidence packed, the bundle, the page. Checks what it wrote
    against the whole tree, with the key that signed and without a trust list, and prints the pull request's text.
    """
    from suite.cli.submitting import submitted

    return submitted(run, tree, store, locations)
