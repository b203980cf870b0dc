"""Options of `suite run` for measuring one engine in several forms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from suite.base.bilingual import Sentence
from suite.base.errors import UsageError, exclusive
from suite.cli.command import Count
from suite.cli.options import FILE, bound

if TYPE_CHECKING:
    from pathlib import Path

    from suite.cli.command import Body


_MOST_TIMES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Variants:
    """The forms of one engine that are measured, and how often each."""

    images: tuple[str, ...] = ()
    commits: tuple[str, ...] = ()
    checkout: Path | None = None
    times: int = 1

    def __post_init__(self) -> None:
        """Refuse what excludes each other.

        Raises:
            UsageError: ``usage-wrong``.
        """
        if self.images and self.commits:
            raise UsageError("usage-wrong", exclusive("--images", "--commits"))
        if self.checkout is not None and not self.commits:
            raise UsageError(
                "usage-wrong",
                Sentence("--checkout belongs to --commits", "--checkout 与 --commits 一同使用"),
            )
        if self.times > 1 and not self.several:
            raise UsageError(
                "usage-wrong",
                Sentence(
                    "--times belongs to --images or --commits",
                    "--times 与 --images 或 --commits 一同使用",
                ),
            )

    @property
    def several(self) -> bool:
        """Whether there is more than the one form."""
        return bool(self.images or self.commits)


def _names(_: click.Context, param: click.Parameter, text: str | None) -> tuple[str, ...]:
    names = () if text is None else tuple(text.split(","))
    if len(set(names)) < len(names) or not all(names):
        raise click.BadParameter("names with commas between them, each once", param=param)
    return names


_VARIANTS = (
    click.option(
        "--images",
        metavar="A,B,…",
        callback=_names,
        help="the engine in each of these images, a run for each, then the comparison with the first",
    ),
    click.option(
        "--commits",
        metavar="A,B,…|diff",
        callback=_names,
        help="the same of commits of the engine's --checkout, which is left as it was; diff: main and HEAD",
    ),
    click.option(
        "--checkout",
        type=FILE,
        metavar="DIR",
        help="git checkout that --engine-python loads the engine from (pip install -e)",
    ),
    click.option(
        "--times",
        type=Count(_MOST_TIMES),
        default=1,
        show_default=True,
        help="runs of each image or commit, in turns: their spread is part of the comparison",
    ),
)


def variants(function: Body) -> Body:
    """Give a command the options of `Variants`, as its argument ``variants``."""
    return bound(function, "variants", Variants, _VARIANTS)
