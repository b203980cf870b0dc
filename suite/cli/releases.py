"""Enters this version into the list of releases: ``python -m suite.cli.releases DATE``, once, when it is tagged."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any, cast

from suite import __version__
from suite.base import harness
from suite.base.resources import resource
from suite.declare.known import RELEASES, add_release
from suite.declare.plan import recipe
from suite.declare.profiles.load import load_profile, profile_names
from suite.declare.vendor.load import list_vendors, load_vendor
from suite.documents import schemas
from suite.documents.known import Release
from suite.judge.metrics.registry import METRIC_SCHEMA, REGISTRY
from suite.judge.rules.registry import RULES

if TYPE_CHECKING:
    from collections.abc import Sequence


def release(date: str) -> Release:
    """What this version is and ships.

    Args:
        date: of the release, as 2026-01-31.
    """
    contexts = {path.name: path for path in resource("images").iterdir() if path.is_dir()}
    directories = {
        name: path
        for name, path in contexts.items()
        if all((path / file).is_file() for file in recipe.CONTEXT_FILES)
    }
    return Release(
        version=__version__,
        files_sha256=harness.files_sha256(),
        date=date,
        metric_schema=METRIC_SCHEMA,
        rules=tuple(rule.number for rule in RULES),
        metrics=tuple(sorted(REGISTRY)),
        vendors={name: load_vendor(name).sha256 for name in list_vendors()},
        profiles={name: load_profile(name).sha256 for name in profile_names()},
        images={
            f"images/{name}": recipe.context_digest(path)
            for name, path in sorted(directories.items())
        },
        optional=_optional(),
    )


def _optional() -> tuple[str, ...]:
    """Members that a plan may lack, each behind the name of what holds it."""
    top = schemas.generate("plan")
    parts = cast("dict[str, dict[str, Any]]", {"Plan": top, **cast("dict[str, Any]", top["$defs"])})
    return tuple(
        sorted(
            f"{name}.{member}"
            for name, part in parts.items()
            for member in part.get("properties", {})
            if member not in part.get("required", [])
        )
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Enter this version."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("date", help="of the release, as 2026-01-31")
    entered = release(parser.parse_args(arguments).date)
    add_release(RELEASES, entered)


if __name__ == "__main__":
    main()
