"""Whether an engine's release is one that its declaration was written for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from suite.base.bilingual import Sentence
from suite.base.versions import at_least, numbers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from suite.documents.vendor_engine import VersionRange


def found(packages: Mapping[str, str], releases: VersionRange) -> tuple[str, str] | None:
    """The engine's package and its version; builds for a device have a name of their own behind the engine's."""
    name = releases.package.lower()
    its = {
        package: version
        for package, version in packages.items()
        if package.lower() == name or re.match(rf"{re.escape(name)}[-_]", package.lower())
    }
    return min(its.items()) if its else None


def beyond(packages: Mapping[str, str], releases: VersionRange) -> str:
    """Why the rules for arguments may not hold for the release that is there; "" where they do, or it is not known.

    Args:
        packages: version of each.
        releases: that the declaration was written for.
    """
    if (there := found(packages, releases)) is None:
        return ""
    package, version = there
    if numbers(version) is None or (
        at_least(version, releases.at_least) and not at_least(version, releases.below)
    ):
        return ""
    return Sentence(
        f"{package} {version}: its arguments are declared for {releases.at_least} to below {releases.below}",
        f"{package} {version}：所声明的参数适用于 {releases.at_least} 起、{releases.below} 之前",
    )
