"""``suite site``: a static site of verified submissions."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from suite.base.bilingual import Sentence
from suite.base.errors import UsageError, exclusive
from suite.cli.command import Count, command
from suite.cli.evidenceoptions import evidence_options
from suite.cli.options import FILE

if TYPE_CHECKING:
    from pathlib import Path

    from suite.cli.evidenceoptions import Taken
    from suite.documents.site import Site
    from suite.judge.submissions.check import Setting


@command("suite site submissions --trust trust/keys.json --out site")
@click.argument("tree", metavar="TREE", type=FILE)
@click.option("--out", type=FILE, required=True, metavar="DIR", help="folder of the site")
@click.option("--trust", type=FILE, metavar="FILE", help="trust list (keys.json)")
@click.option("--key", type=FILE, metavar="FILE", help="public key that you vouch for")
@click.option(
    "--waivers", type=FILE, metavar="FILE", help="default: waivers.json at the top of the tree"
)
@click.option(
    "--reviews",
    type=Count(99),
    metavar="N",
    help="reviewers who must have accepted (default: none)",
)
@evidence_options
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
    trust: Path | None,
    key: Path | None,
    waivers: Path | None,
    reviews: int | None,
    taken: Taken,
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

    if trust and key:
        raise UsageError("usage-wrong", exclusive("--trust", "--key"))
    place = folders.tree_of(tree)
    order = Order(
        out=out.absolute(),
        state=(state or out.with_name(f"{out.name}.state")).absolute(),
        base=_base(url),
        parquet=parquet,
        jobs=jobs,
        fresh=fresh,
        progress=write_note,
        fleets=tuple(fleetresults.shown(item, Trusted(trust=trust, key=key)) for item in fleets),
    )
    made = build(
        place,
        _setting(place, trust=trust, key=key, waivers=waivers, reviews=reviews, taken=taken),
        order,
    )
    _note_refused(made)
    shown, refused, page = len(made.cards), len(made.refused), order.out / "index.html"
    say(
        Sentence(
            f"{shown} cards, {refused} not shown: {page}",
            f"{shown} 张评分卡，{refused} 张未展示：{page}",
        )
    )
    return 0 if made.cards else JUDGED_NOTHING


def _base(url: str) -> str:
    if url and not url.startswith(("https://", "http://")):
        message = Sentence(
            f"--url takes an https:// address, not {url!r}",
            f"--url 接受 https:// 地址，而不是 {url!r}",
        )
        raise UsageError("url-malformed", message)
    return f"{url.rstrip('/')}/" if url else ""


def _setting(
    tree: Path,
    *,
    trust: Path | None,
    key: Path | None,
    waivers: Path | None,
    reviews: int | None,
    taken: Taken,
) -> Setting:
    """What the reviewer knows and asks for."""
    from suite.base import jsonio
    from suite.base.errors import TrustError
    from suite.cli.submitting import known_waivers, today
    from suite.judge.submissions.check import Setting

    return Setting(
        trust=jsonio.read_bytes(trust, error=TrustError) if trust else None,
        key=jsonio.read_bytes(key, error=TrustError) if key else None,
        waivers=known_waivers(waivers, tree),
        today=today(),
        reviews=reviews or 0,
        elsewhere=taken.elsewhere(),
    )


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
