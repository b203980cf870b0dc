"""Where evidence may be taken from that lies in no submission, as options of the commands that read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import click

from suite.cli.options import bound

if TYPE_CHECKING:
    from collections.abc import Callable

    from suite.judge.submissions.source import Elsewhere

_Function = TypeVar("_Function", bound="Callable[..., int]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """The options, as they were given."""

    store: str | None = None
    fetch: bool = False

    def elsewhere(self) -> Elsewhere:
        """What they name.

        Raises:
            UsageError: ``evidence-store-wrong``.
        """
        from suite.judge.submissions import source, stores

        return source.Elsewhere(stores.parse(self.store) if self.store else None, self.fetch)


_TAKEN = (
    click.option(
        "--store",
        metavar="STORE",
        help="evidence that lies elsewhere, by digest: DIR, oci-layout:DIR or oci://HOST/REPOSITORY",
    ),
    click.option(
        "--fetch", is_flag=True, help="ask the addresses that submissions name for evidence"
    ),
)


def evidence_options(function: _Function) -> _Function:
    """Give a command the options of `Taken`, as its argument ``taken``."""
    return bound(function, "taken", Taken, _TAKEN)
