"""``suite check``: submissions, as a reviewer checks them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from suite.base.bilingual import Sentence
from suite.base.errors import UsageError
from suite.cli.command import Count, Names, command
from suite.cli.evidenceoptions import reviewing
from suite.cli.options import DIVISIONS, FILE, format_option

if TYPE_CHECKING:
    from suite.cli.evidenceoptions import Reviewing
    from suite.documents.workload import Division

_FORMATS = "suite.judge.submissions.formats"


@command("suite check submissions --trust trust/keys.json --since origin/main --format markdown")
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=FILE)
@reviewing
@click.option(
    "--division",
    type=Names(DIVISIONS),
    help="refuse what was granted a lesser one (default: none is)",
)
@click.option("--since", default="", metavar="COMMIT", help="only what was changed since")
@click.option(
    "--jobs", type=Count(256), default=os.cpu_count() or 1, help="processes (default: one a core)"
)
@format_option("text", _FORMATS)
@click.option(
    "--out",
    "files",
    multiple=True,
    metavar="NAME=FILE",
    help="write a further format to a file, e.g. sarif=check.sarif; may be repeated",
)
def check(
    paths: tuple[Path, ...],
    *,
    reviewing: Reviewing,
    since: str,
    jobs: int,
    name: str,
    files: tuple[str, ...],
    division: Division | None,
) -> int:
    """Check submissions against their tree.

    PATH is a tree of submissions, or lies in one. Each must hold exactly its files; schema, signature, trust,
    digests, every number, the page, the rules of its division, the folder's names, and statements are checked,
    and the whole tree is searched for the same card or log under another name. With --since, submissions are
    checked too that a change of the trust list or of the waivers touches. The exit status is that of the worst,
    or 4 where nothing was changed since COMMIT.
    """
    from suite.base.language import language
    from suite.base.visible import visible
    from suite.cli.judging import JUDGED_NOTHING
    from suite.cli.output import write_bytes, write_note, write_report
    from suite.judge.report.formats import registry
    from suite.judge.submissions import folders, formats, tree

    chosen = registry.record(formats, name)
    outputs = [(registry.record(formats, item.partition("=")[0]), item) for item in files]
    for _, item in outputs:
        if not item.partition("=")[2]:
            raise UsageError(
                "usage-wrong",
                Sentence(
                    f"--out takes NAME=FILE, not {item!r}",
                    f"--out 的形式是 NAME=FILE，而不是 {item!r}",
                ),
            )
    place = folders.tree_of(paths[0])
    setting = reviewing.setting(place, division or "open")
    deciding = reviewing.deciding(place)
    report = tree.check_tree(paths, setting, commit=since, deciding=deciding, jobs=jobs)
    for form, item in outputs:
        write_report(Path(item.partition("=")[2]), form.render(report, language()))
    data = chosen.render(report, language())
    write_bytes(visible(data.decode()).encode() if name in ("text", "markdown") else data)
    if not report.submissions and not report.stray and not report.deciding:
        write_note(
            Sentence(
                "no submission was changed: nothing was judged", "没有提交被更改：未作任何评判"
            )
        )
        return JUDGED_NOTHING
    return tree.exit_status(report)
