"""``suite site``: a static site of verified submissions."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from suite.base.bilingual import Sentence
from suite.base.errors import UsageError
from suite.cli.command import Count, command
from suite.cli.evidenceoptions import reviewing
from suite.cli.options import FILE

if TYPE_CHECKING:
    from pathlib import Path

    from suite.cli.evidenceoptions import Reviewing
    from suite.documents.site import Site


@command("suite site submissions --trust trust/keys.json --out site")
@click.argument("tree", metavar="TREE", type=FILE)
@click.option("--out", type=FILE, required=True, metavar="DIR", help="folder of the site")
@reviewing
@click.option(
    "--url", default="", metavar="URL", help="where it will be published, for feed and citations"
)
@click.option(
    "--fleet",
    "fleets",
    multiple=True,
    type=FILE,
    metavar="DIR",
    help="fleet with its statement, to be listed where it is verified; may be repeated",
)
@click.option("--parquet", is_flag=True, help="the table as Parquet too (needs pyarrow)")
@click.option(
    "--state", type=FILE, metavar="FILE", help="what earlier builds know (default: DIR.state)"
)
@click.option("--fresh", is_flag=True, help="check and write everything again")
@click.option(
    "--jobs", type=Count(256), default=os.cpu_count() or 1, help="processes (default: one a core)"
)
def site(
    tree: Path,
    *,
    out: Path,
    reviewing: Reviewing,
    url: str,
    fleets: tuple[Path, ...],
    parquet: bool,
    state: Path | None,
    fresh: bool,
    jobs: int,
) -> int:
    """Make a static site of verified submissions.

    Each submission of TREE is checked as by `suite check`; what is not accepted is listed with its reason and not shown.
    DIR holds a leaderboard, a page for each card, a comparison of any of them, feed and downloads; it asks nothing of
    any server and works from a disk. A fleet that is not verified is refused. What did not change since the last time is neither checked nor written again.
    The exit status is 0 where a card is shown, 4 where none is.
    """
    from suite.base.visible import say
    from suite.cli import fleetresults
    from suite.cli.judging import JUDGED_NOTHING
    from suite.cli.output import write_note
    from suite.cli.trustoptions import Trusted
    from suite.judge.site.build import Order, build
    from suite.judge.submissions import folders

    place = folders.tree_of(tree)
    trusted = Trusted(trust=reviewing.trust, key=reviewing.key)
    order = Order(
        out=out.absolute(),
        state=(state or out.with_name(f"{out.name}.state")).absolute(),
        base=_base(url),
        parquet=parquet,
        jobs=jobs,
        fresh=fresh,
        progress=write_note,
        fleets=tuple(fleetresults.shown(item, trusted) for item in fleets),
    )
    result = build(place, reviewing.setting(place), order)
    _note_refused(result)
    cards, refused, page = len(result.cards), len(result.refused), order.out / "index.html"
    say(
        Sentence(
            f"{cards} cards, {refused} not shown: {page}",
            f"{cards} 张评分卡，{refused} 张未展示：{page}",
        )
    )
    return 0 if result.cards else JUDGED_NOTHING


def _base(url: str) -> str:
    if url and not url.startswith(("https://", "http://")):
        message = Sentence(
            f"--url takes an https:// address, not {url!r}",
            f"--url 接受 https:// 地址，而不是 {url!r}",
        )
        raise UsageError("url-malformed", message)
    return f"{url.rstrip('/')}/" if url else ""


def _note_refused(made: Site) -> None:
    from suite.cli.output import write_note

    for item in made.refused:
        codes = ", ".join(item.codes)
        write_note(
            Sentence(
                f"not shown: {item.path}: {codes}: {item.why}",
                f"未展示：{item.path}：{codes}：{item.why_zh}",
            )
        )
