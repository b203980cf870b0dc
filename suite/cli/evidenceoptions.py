"""Where evidence may be taken from that lies in no submission, and what a reviewer of submissions knows and asks for, as options."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from suite.base.errors import TrustError, UsageError, exclusive
from suite.cli.command import Count
from suite.cli.options import FILE, bound

if TYPE_CHECKING:
    from pathlib import Path

    from suite.cli.command import Body
    from suite.documents.workload import Division
    from suite.judge.submissions.affected import Deciding
    from suite.judge.submissions.check import Setting
    from suite.judge.submissions.source import Elsewhere


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


def evidence_options(function: Body) -> Body:
    """Give a command the options of `Taken`, as its argument ``taken``."""
    return bound(function, "taken", Taken, _TAKEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewing(Taken):
    """What a reviewer of a tree knows and asks for, as it was given."""

    trust: Path | None = None
    key: Path | None = None
    waivers: Path | None = None
    reviews: int | None = None

    def __post_init__(self) -> None:
        """Refuse a trust list beside a key.

        Raises:
            UsageError: ``usage-wrong``.
        """
        if self.trust and self.key:
            raise UsageError("usage-wrong", exclusive("--trust", "--key"))

    def setting(self, tree: Path, division: Division = "open") -> Setting:
        """By what the submissions of a tree are checked.

        Args:
            tree: whose waivers count where no file of them was named.
            division: what was granted a lesser one is refused.

        Raises:
            TrustError: what a file is refused for.
            UsageError: ``evidence-store-wrong``.
        """
        from suite.base import jsonio
        from suite.cli.submitting import known_waivers, today
        from suite.judge.attest import keys
        from suite.judge.attest import trust as trust_list
        from suite.judge.submissions.check import Setting

        trust = jsonio.read_bytes(self.trust, error=TrustError) if self.trust else None
        key = jsonio.read_bytes(self.key, error=TrustError) if self.key else None
        # Refused at once, under their own names, rather than after the whole tree was read.
        if trust is not None:
            trust_list.parse(trust, name=str(self.trust))
        if key is not None:
            keys.parse_public(key, name=str(self.key))
        return Setting(
            trust=trust,
            key=key,
            waivers=known_waivers(self.waivers, tree),
            today=today(),
            reviews=self.reviews or 0,
            division=division,
            elsewhere=self.elsewhere(),
        )

    def deciding(self, tree: Path) -> Deciding:
        """The files that decide beside the submissions of a tree."""
        from suite.judge.submissions.affected import Deciding
        from suite.judge.submissions.folders import WAIVERS_FILE

        return Deciding(self.trust, self.waivers or tree / WAIVERS_FILE)


_REVIEWING = (
    click.option("--trust", type=FILE, metavar="FILE", help="trust list (keys.json)"),
    click.option("--key", type=FILE, metavar="FILE", help="public key that you vouch for"),
    click.option(
        "--waivers", type=FILE, metavar="FILE", help="default: waivers.json at the top of the tree"
    ),
    click.option(
        "--reviews",
        type=Count(99),
        metavar="N",
        help="reviewers who must have accepted (default: none)",
    ),
    *_TAKEN,
)


def reviewing(function: Body) -> Body:
    """Give a command the options of `Reviewing`, as its argument ``reviewing``."""
    return bound(function, "reviewing", Reviewing, _REVIEWING)
