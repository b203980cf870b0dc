"""What every way of running an engine has in common: the server it yields, its marks and its settings."""

from __future__ import annotations

import re
import socket
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, Protocol, Self, TypeAlias

from suite.base import resources
from suite.base.bilingual import Sentence, chinese
from suite.base.visible import visible

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from suite.measure.progress import StepProgress
    from suite.measure.telemetry.asking import Inside

Progress: TypeAlias = "StepProgress"
FactValue: TypeAlias = "str | int | float | bool | Unknown"
Facts: TypeAlias = "dict[str, FactValue]"


class Unknown(Sentence):
    """Why a fact is not known; takes the place of its value."""

    __slots__ = ()

    def __new__(cls, why: str) -> Self:
        """A sentence keeps its Chinese form; what a tool said has none."""
        return super().__new__(cls, why, chinese(why))

    def __getnewargs__(self) -> tuple[str]:  # type: ignore[override]  # a sentence's are two texts
        """What a copy is made of."""
        return (Sentence(str(self), self.zh),)


class EngineEnd(str):
    """Why an engine no longer runs, with the code of that end.

    Attributes:
        code: of the error that ends the run.
    """

    __slots__ = ("code",)

    code: str

    def __new__(cls, code: str, why: str) -> Self:
        """A sentence with a code."""
        self = super().__new__(cls, why)
        self.code = code
        return self


def end_code(why: str) -> str:
    """The code of an engine's end: what it says itself, else that it died."""
    return why.code if isinstance(why, EngineEnd) else "engine-died"


REPOSITORY = resources.resource()
LOG_TAIL_LINES = 20
LOG_FILE = "engine.log"
_DEATH: Final = re.compile(
    r"\b(?:died|dead|core dumped|segmentation fault|bus error|out of memory|killed by|SIG(?:KILL|SEGV|ABRT|BUS|ILL|FPE))\b"
    r"|EngineDeadError|exit ?code:? -?[1-9]",
    re.IGNORECASE,
)
"""How engines say that a process of theirs ended, which their server, ending in order, says no more."""


class Served(Protocol):
    """A running server.

    Attributes:
        base_url: ``http://address:port`` without a path.
        address: the numeric address that readiness proved; "" where the base URL holds it.
        facts: what is known about the engine by dotted name (``engine.version``, ``image.digest``): plain
            values, or `Unknown` with the reason; complete once the server is yielded.
        marks: (name, reading of the monotonic clock in nanoseconds), in order: ``engine.prepare``,
            ``engine.prepared``, ``engine.start``, ``engine.healthy``, ``engine.first_answer``.
    """

    @property
    def base_url(self) -> str:
        """``http://address:port`` without a path."""

    @property
    def address(self) -> str:
        """As readiness proved it."""

    @property
    def facts(self) -> Facts:
        """By dotted name."""

    @property
    def marks(self) -> list[tuple[str, int]]:
        """In order."""

    def alive(self) -> str | None:
        """None while the engine runs, else one sentence saying why it does not."""

    def container_pid(self) -> int | None:
        """The first process of the engine's container, by its number on this host; None where there is none."""

    @property
    def inside(self) -> Inside | None:
        """Runs a program in the engine's container; None where there is none."""


@dataclass(frozen=True, slots=True)
class Uncontained:
    """What there is of a running server in no container of ours; see `Served`."""

    base_url: str
    facts: Facts
    marks: list[tuple[str, int]]
    address: str = field(default="", kw_only=True)

    def container_pid(self) -> int | None:
        """None: it runs in no container of ours."""
        return None

    @property
    def inside(self) -> None:
        """None: there is no container to look into."""
        return None


@dataclass(frozen=True, slots=True)
class Brought:
    """What a bundle for a closed network brought, each file of it checked, or an image's archive alone.

    Attributes:
        sha256: of the bundle's ``bundle.json``, or of the image's archive.
        archive: the file with the images; None without one.
        images: name or id of each image in it, with its id.
        wheels: directory with the packages of the engine's environment; None without one.
    """

    sha256: str
    archive: Path | None
    images: Mapping[str, str]
    wheels: Path | None
    kind: Literal["bundle", "image-archive"] = "bundle"


@dataclass(frozen=True, slots=True)
class Settings:
    """What comes from the machine, not from the plan; the command line reads it from the environment.

    Attributes:
        repository: directory that holds ``images/``.
        environments: directory in which the engines' Python environments are made.
        workspace: directory in which image files that a vendor hands out are looked for.
        cache: directory for downloads, and what engines compile, that outlive a run.
        torch_index: package index with the CPU build of torch, tried when the host's pip finds none.
        base_image: base image for builds; empty: the Dockerfile's default, or the local base image where
            no registry answers.
        headers: header fields of requests to a server that somebody else runs, such as its API key.
        bundle: what a bundle for a closed network brought.
        nodes: HOST:PORT of the agents of an engine over several nodes; empty: all of them on this machine.
        node_token: secret that these agents share.
    """

    repository: Path = REPOSITORY
    environments: Path = field(default_factory=resources.environments)
    workspace: Path = field(default_factory=resources.workspace)
    cache: Path = field(default_factory=resources.cache)
    torch_index: str = "https://download.pytorch.org/whl/cpu"
    base_image: str = ""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    bundle: Brought | None = None
    nodes: tuple[str, ...] = ()
    node_token: bytes = field(default=b"", repr=False)


@dataclass(slots=True)
class Marks:
    """Time stamps of the engine's start."""

    list: list[tuple[str, int]] = field(default_factory=list)

    def add(self, name: str) -> None:
        """Stamp now, on the monotonic clock."""
        self.list.append((name, time.monotonic_ns()))


def free_port() -> int:
    """A TCP port on the loopback address that was free a moment ago."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def log_tail(path: Path, lines: int = LOG_TAIL_LINES) -> str:
    """The last lines of a log, indented; what cannot be decoded is replaced, what is missing is empty."""
    tail = deque(_last_lines(path), maxlen=lines)
    return "\n".join(f"    {line[:400]}" for line in tail if line.strip())


def own_words(path: Path) -> str:
    """The first of a log's last lines that says what died, as the engine prints it; "" where none does."""
    words = next((line for line in _last_lines(path) if _DEATH.search(line)), "")
    return visible(words)[:240].strip()


def _last_lines(path: Path) -> list[str]:
    try:
        with path.open("rb") as stream:
            stream.seek(max(0, path.stat().st_size - 65_536))
            return stream.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return []
