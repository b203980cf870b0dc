"""``suite store``: submissions into and out of an OCI image layout or registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from suite.base.bilingual import Sentence
from suite.cli.command import Group, command, described
from suite.cli.evidenceoptions import evidence_options
from suite.cli.options import FILE

if TYPE_CHECKING:
    from pathlib import Path

    from suite.cli.evidenceoptions import Taken


def _store() -> None:
    """Carry submissions as OCI artifacts: into a layout on disk or a registry, and out again."""


store = Group(
    name="store",
    no_args_is_help=False,
    **described(_store, "suite store push submissions --to oci-layout:out"),
)


@command("suite store push submissions --to oci://registry.example/labs/cards", within=store)
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=FILE)
@click.option(
    "--to",
    "place",
    required=True,
    metavar="STORE",
    help="oci-layout:DIR or oci://HOST/REPOSITORY",
)
@evidence_options
def push(paths: tuple[Path, ...], place: str, *, taken: Taken) -> int:
    """Put submissions into an OCI image layout or a registry.

    PATH is a tree of submissions, or lies in one. Each becomes an artifact with card, page and evidence, tagged by its
    card's digest; statements about it become artifacts that refer to it. What is there is not sent again. A registry
    needs the optional package oras, and the user and password that `docker login` keeps where it wants them. Nothing is
    judged here: `suite check` does that.
    """
    from suite.base.visible import say
    from suite.cli.submitting import pushed

    number = pushed(paths, place, taken.elsewhere())
    say(Sentence(f"{number} submissions in {place}", f"{place} 中有 {number} 份提交"))
    return 0


@command("suite store pull oci-layout:in --to submissions", within=store)
@click.argument("place", metavar="STORE")
@click.option("--to", "tree", type=FILE, required=True, metavar="DIR", help="tree of submissions")
@click.option(
    "--tag", default="", metavar="TAG", help="one alone: the first 32 digits of its card's digest"
)
def pull(place: str, tree: Path, tag: str) -> int:
    """Take submissions out of an OCI image layout or a registry.

    STORE is oci-layout:DIR or oci://HOST/REPOSITORY. What the tree has stays as it is, but for statements that it
    lacked. Evidence that did not lie in a submission stays where it is: give STORE to `suite check` as --store. Nothing
    is judged here: `suite check` does that.
    """
    from suite.base.visible import say
    from suite.cli.submitting import pulled

    number = 0
    for item in pulled(place, tag, tree):
        number += 1
        new = Sentence("new", "新增") if item.new else Sentence("known", "已有")
        more = Sentence(f"{item.statements} statements", f"{item.statements} 份声明")
        say(Sentence(f"{item.path}: ", f"{item.path}：") + new + Sentence(", ", "，") + more)
    say(Sentence(f"{number} submissions in {tree}", f"{tree} 中有 {number} 份提交"))
    return 0
