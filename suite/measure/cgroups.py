"""The control groups that this process is in, of both versions: its own and each above it, since a limit holds for all that lies below."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from suite.base.bilingual import Sentence

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Group:
    """One control group.

    Attributes:
        directory: of its files; one that does not exist has none to read.
        first: it is of the first version.
        name: for people.
    """

    directory: Path
    first: bool
    name: Sentence

    def text(self, file: str) -> str:
        """What a file of it says; "" where it cannot be read."""
        return text(self.directory / file)


def groups(controller: str, root: Path = Path("/")) -> Iterator[Group]:
    """Those that limit what a controller counts; never raises.

    Args:
        controller: ``memory`` or ``cpu``.
        root: where ``proc`` and ``sys`` are, for tests.
    """
    for line in text(root / "proc" / "self" / "cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers and controller not in controllers.split(","):
            continue
        top = root / "sys" / "fs" / "cgroup"
        mount = top / controllers if (top / controllers).is_dir() else top / controller
        inside = PurePosixPath(path.lstrip("/"))
        # Within a container the mount may be the group itself, under whatever path: its top is always read.
        for group in (inside, *(above for above in inside.parents if above != inside)):
            name = f"/{group}".removesuffix(".")
            words = Sentence(f"control group {name}", f"控制组 {name}")
            yield Group((mount if controllers else top) / group, bool(controllers), words)


def text(path: Path) -> str:
    """A file of the kernel's; "" where it cannot be read."""
    try:
        return path.read_text("ascii")
    except (OSError, ValueError):
        return ""
