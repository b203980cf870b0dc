"""Whose signature counts, as options of the commands that verify."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from suite.base.bilingual import Sentence
from suite.base.errors import UsageError, exclusive
from suite.cli.options import FILE, bound

if TYPE_CHECKING:
    from pathlib import Path

    from suite.cli.command import Body


@dataclass(frozen=True, slots=True, kw_only=True)
class Trusted:
    """Whose signature counts: a trust list, or one public key; and what vouches for the time of it."""

    trust: Path | None = None
    key: Path | None = None
    timestamp: tuple[Path, ...] = ()
    receipt: tuple[Path, ...] = ()

    def __post_init__(self) -> None:
        """Refuse both at once, and a time without the list that says who may vouch for it.

        Raises:
            UsageError: ``usage-wrong``.
        """
        if self.trust is not None and self.key is not None:
            message = exclusive("--trust", "--key")
            raise UsageError(
                "usage-wrong", message, hint=Sentence("leave one of them out", "请去掉其中一个")
            )
        if (self.timestamp or self.receipt) and self.trust is None:
            message = Sentence(
                "--timestamp and --receipt need --trust", "--timestamp 与 --receipt 需要 --trust"
            )
            hint = Sentence(
                "the trust list says which authorities and reviewers count",
                "信任列表决定哪些时间戳机构与评审方算数",
            )
            raise UsageError("usage-wrong", message, hint=hint)


_TRUSTED = (
    click.option("--trust", type=FILE, metavar="FILE", help="trust list (keys.json)"),
    click.option("--key", type=FILE, metavar="FILE", help="public key that you vouch for"),
    click.option(
        "--timestamp",
        type=FILE,
        multiple=True,
        metavar="FILE",
        help="RFC 3161 time stamp of the signature; may be repeated",
    ),
    click.option(
        "--receipt",
        type=FILE,
        multiple=True,
        metavar="FILE",
        help="reviewer's receipt, made by suite receipt; may be repeated",
    ),
)


def trusted(function: Body) -> Body:
    """Give a command the options of `Trusted`, as its argument ``trusted``; one excludes the other."""
    return bound(function, "trusted", Trusted, _TRUSTED)
