"""What the peers have in common."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final, cast

from benchmarks.load import REPOSITORY
from benchmarks.load.clients import plain_environment, why
from benchmarks.load.errors import ClientError
from benchmarks.load.server import prompt
from suite.base import jsonio

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from benchmarks.load.case import Load
    from benchmarks.load.child import ChildResult
    from benchmarks.load.measurement import Seen

TOKENIZER: Final = REPOSITORY / "suite" / "assets" / "mini_model"
"""Peers want a tokenizer, to count or to make prompts; the suite's own mini model has one."""
MODEL: Final = "sim"


@dataclass(frozen=True, slots=True)
class Peer(ABC):
    """Another client.

    Attributes:
        venv: its environment.
        release: its version; empty while it is not known.
    """

    title: ClassVar[str]
    distribution: ClassVar[str]
    venv: Path
    release: str = ""

    @property
    def name(self) -> str:
        """As it stands in tables."""
        return f"{self.title} {self.release}".strip()

    def version(self) -> str | None:
        """The installed version by its metadata; None when it is not installed."""
        escaped = self.distribution.replace("-", "_")
        if not (self.venv / "bin" / "python").exists():
            return None
        for folder in sorted(self.venv.glob(f"lib/python3*/site-packages/{escaped}-*.dist-info")):
            return folder.name.removesuffix(".dist-info").rpartition("-")[2]
        return None

    def program(self, name: str) -> str:
        """A program of the environment."""
        return str(self.venv / "bin" / name)

    @abstractmethod
    def command(self, load: Load, url: str, folder: Path) -> Sequence[str]:
        """The command for a load; files that it needs are written into the folder."""

    def environment(self, folder: Path) -> Mapping[str, str]:
        """The whole environment of the command: nothing is fetched, nothing is reported to anybody."""
        return {
            **plain_environment(folder),
            "PATH": f"{self.venv / 'bin'}:/usr/local/bin:/usr/bin:/bin",
            "HF_HUB_OFFLINE": "1",
            "HF_DATASETS_OFFLINE": "1",
            "TRANSFORMERS_OFFLINE": "1",
            "DO_NOT_TRACK": "1",
        }

    def read(self, load: Load, folder: Path, result: ChildResult) -> Seen:
        """What it left.

        Raises:
            ClientError: it failed, or left something else than this version of it is known to leave.
        """
        del load
        if result.status != 0:
            raise ClientError(why(result))
        try:
            return self.parse(folder)
        except (KeyError, TypeError, IndexError, ValueError, OSError) as cause:
            message = f"what it left cannot be read: {type(cause).__name__}: {cause}"
            raise ClientError(message) from cause

    @abstractmethod
    def parse(self, folder: Path) -> Seen:
        """Read its files; milliseconds.

        Raises:
            KeyError, TypeError, IndexError, ValueError, OSError: they are not as expected.
        """


def write_prompts(load: Load, path: Path, *, key: str | None) -> Path:
    """The load's prompts, one per line: as JSON objects under a key, or bare."""
    texts = [prompt(index) for index in range(load.requests)]
    if key is None:
        path.write_text("".join(f"{text}\n" for text in texts))
    else:
        path.write_bytes(b"".join(jsonio.canonical({key: text}) + b"\n" for text in texts))
    return path


def document(path: Path) -> dict[str, object]:
    """A JSON file of a peer, read as leniently as foreign files must be.

    Raises:
        OSError: there is none.
        ValueError: it is no JSON.
    """
    return cast("dict[str, object]", json.loads(path.read_bytes()))
