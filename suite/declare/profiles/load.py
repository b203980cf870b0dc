"""Profiles: what every vendor is asked alike, one YAML file each, validated by the profile schema."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import UNSET

from suite.base import jsonio, schema, yamlio
from suite.base.bilingual import Sentence
from suite.base.errors import DeclarationError, Place, Problem, choices
from suite.declare.profiles.check import inconsistencies
from suite.declare.profiles.perfgrid import read_grid
from suite.declare.profiles.points import has_exact_lengths
from suite.declare.profiles.trace import Trace, read_trace
from suite.documents.codec import convert_written
from suite.documents.document import given
from suite.documents.profile import Profile as ProfileDocument

if TYPE_CHECKING:
    from collections.abc import Mapping

    from suite.documents.profile import ProfilePhase


__all__ = [
    "PROFILE_DIRECTORY",
    "Profile",
    "load_profile",
    "profile_names",
]

DATA_LENGTHS = "data"
"""Stands among a profile's traces for the lengths of the data; no trace's file has that name."""
PROFILE_DIRECTORY = Path(__file__).resolve().parent


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile that was read and found consistent.

    Attributes:
        doc: everything in the file.
        sha256: digest of the canonical JSON of `doc`; comments and layout do not change it.
        shipped: it lies among the suite's own profiles.
        traces: the traces that it replays, by the name that the file gives them.
    """

    doc: ProfileDocument
    sha256: str
    shipped: bool
    traces: Mapping[str, Trace] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Name of the profile, e.g. ``smoke``."""
        return self.doc.name

    @property
    def exact_lengths(self) -> bool:
        """Whether any phase sends prompts of exact length, which only the model's tokenizer can make."""
        return any(map(has_exact_lengths, self.doc.phases))

    def trace(self, phase: ProfilePhase) -> Trace | None:
        """The trace that a phase replays, or None."""
        arrivals = phase.arrivals
        return None if arrivals is None or arrivals.trace is UNSET else self.traces[arrivals.trace]

    @property
    def data_lengths(self) -> bool:
        """Whether answers are to be as long as the data's."""
        lengths = [given(phase.lengths) for phase in self.doc.phases]
        return any(entry is not None and entry.data is not UNSET for entry in lengths)

    def lengths(self, phase: ProfilePhase) -> Trace | None:
        """Where a phase's lengths come from that are no list: the trace that it replays, or the data once they were read."""
        lengths = given(phase.lengths)
        if lengths is not None and lengths.data is not UNSET:
            return self.traces.get(DATA_LENGTHS)
        return self.trace(phase)


def profile_names() -> tuple[str, ...]:
    """Names of the shipped profiles, sorted."""
    return tuple(sorted(path.stem for path in PROFILE_DIRECTORY.glob("*.yaml")))


def load_profile(name: str) -> Profile:
    """Read a shipped profile by its name, or any profile by a path that ends with ``.yaml``.

    A path that ends with ``.json`` is a grid of MTTransformer's.

    Raises:
        DeclarationError: ``profile-unknown``, ``profile-inconsistent``, or what reading and the schema
            refuse, each with file and line.
        DataError: ``trace-wrong`` for a trace that it names.
    """
    if name.endswith(".yaml"):
        return _read(Path(name), shipped=False)
    if name.endswith(".json"):
        doc = read_grid(Path(name), load_profile("grid").doc)
        return Profile(doc, jsonio.digest(doc), shipped=False)
    names = profile_names()
    if name not in names:
        raise DeclarationError(
            "profile-unknown",
            Sentence(f"there is no profile {name!r}", f"没有配置 {name!r}"),
            hint=choices(name, names),
        )
    return _read(PROFILE_DIRECTORY / f"{name}.yaml", shipped=True)


def _read(path: Path, *, shipped: bool) -> Profile:
    read = yamlio.load(path)
    doc = convert_written(read, ProfileDocument, file=str(path))
    traces = {
        name: read_trace(path.parent / name, below=path.parent)
        for phase in doc.phases
        if phase.arrivals is not None and (name := given(phase.arrivals.trace)) is not None
    }
    problems = [
        Problem(message, Place(str(path), schema.line_of(read.lines, pointer), pointer), hint)
        for pointer, message, hint in inconsistencies(doc, path.stem, traces)
    ]
    if problems:
        message = Sentence(f"{path} contradicts itself", f"{path} 自相矛盾")
        raise DeclarationError(
            "profile-inconsistent", message, problems[0].place, problems[0].hint, problems
        )
    return Profile(doc, jsonio.digest(doc), shipped, traces)
