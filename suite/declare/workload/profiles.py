"""Profiles: what every vendor is asked alike, one YAML file each, validated by the profile schema."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypedDict, cast

from suite.base import jsonio, schema, yamlio
from suite.base.errors import DeclarationError, Place, Problem

if TYPE_CHECKING:
    from suite.declare.plandoc import (
        ArrivalsDoc,
        DecodingDoc,
        ObjectivesDoc,
        PhaseDoc,
        QualityDoc,
        ScenarioKind,
        TaskSetDoc,
    )

PROFILE_DIRECTORY = Path(__file__).resolve().parent / "profiles"
CLOSED_MIN_NEW_TOKENS = 64
"""The closed division's smallest limit: an XSum reference summary must fit, whatever the tokenizer."""

NEWS_CEILINGS = (0.5, 0.27)
"""ROUGE-1 and ROUGE-2 F-measure that no model reaches on XSum; the best fine-tuned ones have 0.49/0.26."""


class ProfileTaskSetDoc(TypedDict):
    """Which tasks a profile wants."""

    set: Literal["mini", "xsum"]
    size: int


class ProfilePhaseDoc(TypedDict):
    """One phase before it is resolved; see `expand_phases`."""

    name: str
    scenario: ScenarioKind
    tasks: int | None  # None: every task of the set once
    first_task: int
    warmup: int  # requests that are sent before and never counted
    concurrency: int | None
    arrivals: ArrivalsDoc | None
    timeout_s: float
    failure_bound: float
    lateness_bound_ms: float | None


class BoundsDoc(TypedDict):
    """Quality bounds, ROUGE F-measures as ratios 0..1."""

    rouge_ratio_min: float
    length_ratio_min: float
    rouge1_floor: float
    rouge2_floor: float
    rouge1_ceiling: float
    rouge2_ceiling: float


class ProfileDoc(TypedDict):
    """A profile file. Mirrors ``schemas/profile.schema.json``."""

    profile_schema: int
    name: str
    title: dict[str, str]
    purpose: str
    division: Literal["closed", "optimised", "open"]
    seed: int
    taskset: ProfileTaskSetDoc
    prompt: str
    decoding: DecodingDoc
    max_input_tokens: int | None
    repeats: int
    phases: list[ProfilePhaseDoc]
    objectives: ObjectivesDoc
    quality: BoundsDoc


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile that was read and found consistent.

    Attributes:
        doc: everything in the file.
        sha256: digest of the canonical JSON of `doc`; comments and layout do not change it.
        shipped: it lies among the suite's own profiles.
    """

    doc: ProfileDoc
    sha256: str
    shipped: bool

    @property
    def name(self) -> str:
        """Name of the profile, e.g. ``smoke``."""
        return self.doc["name"]


def profile_names() -> tuple[str, ...]:
    """Names of the shipped profiles, sorted."""
    return tuple(sorted(path.stem for path in PROFILE_DIRECTORY.glob("*.yaml")))


def load_profile(name: str) -> Profile:
    """Read a shipped profile by its name, or any profile by a path that ends with ``.yaml``.

    Raises:
        DeclarationError: ``profile-unknown``, ``profile-inconsistent``, or what reading and the schema
            refuse, each with file and line.
    """
    if name.endswith(".yaml"):
        return _read(Path(name), shipped=False)
    known = profile_names()
    if name not in known:
        near = difflib.get_close_matches(name, known, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"one of: {', '.join(known)}"
        raise DeclarationError("profile-unknown", f"there is no profile {name!r}", hint=hint)
    return _read(PROFILE_DIRECTORY / f"{name}.yaml", shipped=True)


def _read(path: Path, *, shipped: bool) -> Profile:
    read = yamlio.load(path)
    schema.require(read.value, "profile", file=str(path), lines=read.lines)
    doc = cast("ProfileDoc", read.value)
    found = [
        Problem(message, Place(str(path), _nearest(read.lines, pointer), pointer), hint)
        for pointer, message, hint in _inconsistencies(doc, path.stem)
    ]
    if found:
        message = f"{path} contradicts itself"
        raise DeclarationError(
            "profile-inconsistent", message, found[0].place, found[0].hint, found
        )
    return Profile(doc, jsonio.digest(doc), shipped)


def _nearest(lines: dict[str, int], pointer: str) -> int | None:
    while pointer not in lines and pointer:
        pointer = pointer.rpartition("/")[0]
    return lines.get(pointer)


def _inconsistencies(doc: ProfileDoc, stem: str) -> list[tuple[str, str, str]]:
    """What a schema cannot say: (pointer, message, hint) of each contradiction."""
    found: list[tuple[str, str, str]] = []
    if doc["name"] != stem:
        found.append(("/name", f"the file is called {stem}.yaml", f"write name: {stem}"))
    decoding = doc["decoding"]
    if decoding["min_new_tokens"] > decoding["max_new_tokens"]:
        found.append(("/decoding/min_new_tokens", "more than max_new_tokens", ""))
    if doc["division"] == "closed":
        found += _closed(doc)
    seen: set[str] = set()
    for index, phase in enumerate(doc["phases"]):
        pointer = f"/phases/{index}"
        if phase["name"] in seen:
            found.append((f"{pointer}/name", f"two phases are called {phase['name']!r}", ""))
        seen.add(phase["name"])
        found += [(pointer + inner, message, hint) for inner, message, hint in _phase(phase)]
    return found


def _closed(doc: ProfileDoc) -> list[tuple[str, str, str]]:
    decoding = doc["decoding"]
    found = []
    if decoding["temperature"] != 0 or decoding["ignore_eos"] or decoding["stop"]:
        hint = "temperature: 0, ignore_eos: false, stop: []"
        found.append(("/decoding", "the closed division decodes greedily to the end", hint))
    if decoding["max_new_tokens"] < CLOSED_MIN_NEW_TOKENS:
        message = f"the closed division needs at least {CLOSED_MIN_NEW_TOKENS} new tokens"
        found.append(("/decoding/max_new_tokens", message, ""))
    if doc["prompt"] != "closed-v1":
        found.append(("/prompt", "the closed division has its own prompt", "closed-v1"))
    return found


def _phase(phase: ProfilePhaseDoc) -> list[tuple[str, str, str]]:
    scenario, concurrency, arrivals = phase["scenario"], phase["concurrency"], phase["arrivals"]
    if scenario == "server":
        wrong = arrivals is None or concurrency is not None
        message = "a server phase has arrivals and no concurrency"
    elif scenario == "single_stream":
        wrong = arrivals is not None or concurrency != 1
        message = "a single-stream phase has concurrency 1 and no arrivals"
    else:
        wrong = arrivals is not None or concurrency is None
        message = "an offline phase has a concurrency and no arrivals"
    found = [("/scenario", message, "")] if wrong else []
    if arrivals is not None and (arrivals["process"] == "gamma") == (arrivals["shape"] is None):
        found.append(("/arrivals/shape", "a shape goes with gamma arrivals and no others", ""))
    if (phase["lateness_bound_ms"] is None) != (arrivals is None):
        found.append(("/lateness_bound_ms", "a lateness bound goes with arrivals", ""))
    return found


def expand_phases(profile: Profile, taskset_size: int) -> list[PhaseDoc]:
    """Resolve the phases for a task set: warm-ups written out, repeats unrolled, in running order.

    A warm-up is a phase of its own with ``measured`` false, takes its tasks from the end of the set
    and runs all at once within the phase's concurrency; open-loop phases are warmed up one request at
    a time. ``arrivals_ns`` is left None: whoever makes the plan draws the times, with the arrival seed
    plus the repeat, so that repeats are not the same sample.

    Args:
        profile: a profile.
        taskset_size: number of tasks in the set that will run, at least 1.
    """
    phases: list[PhaseDoc] = []
    for repeat in range(profile.doc["repeats"]):
        for phase in profile.doc["phases"]:
            if phase["warmup"]:
                phases.append(_warmup(phase, repeat, taskset_size))
            phases.append(_measured(phase, repeat, taskset_size))
    return phases


def _warmup(phase: ProfilePhaseDoc, repeat: int, size: int) -> PhaseDoc:
    tasks = phase["warmup"]
    return {
        "name": f"{phase['name']}-warmup",
        "repeat": repeat,
        "scenario": "single_stream" if phase["concurrency"] in (None, 1) else "offline",
        "measured": False,
        "first_task": (size - tasks) % size,
        "tasks": tasks,
        "concurrency": phase["concurrency"] or 1,
        "arrivals": None,
        "arrivals_ns": None,
        "timeout_s": phase["timeout_s"],
        "failure_bound": 1.0,
        "lateness_bound_ms": None,
    }


def _measured(phase: ProfilePhaseDoc, repeat: int, size: int) -> PhaseDoc:
    arrivals = phase["arrivals"]
    if arrivals is not None:
        arrivals = arrivals.copy()
        arrivals["seed"] += repeat
    return {
        "name": phase["name"],
        "repeat": repeat,
        "scenario": phase["scenario"],
        "measured": True,
        "first_task": phase["first_task"] % size,
        "tasks": size if phase["tasks"] is None else phase["tasks"],
        "concurrency": phase["concurrency"],
        "arrivals": arrivals,
        "arrivals_ns": None,
        "timeout_s": phase["timeout_s"],
        "failure_bound": phase["failure_bound"],
        "lateness_bound_ms": phase["lateness_bound_ms"],
    }


def quality_doc(
    profile: Profile,
    reference: dict[str, float] | None,
    reference_source: str,
    taskset: TaskSetDoc | None = None,
) -> QualityDoc:
    """The profile's bounds with the reference of the model that is run.

    The ceilings belong to news articles, whose summaries nobody can foresee word for word. The mini
    set's can be, and its profile sets none; a file of the user's in its place is held to the ceilings.

    Args:
        profile: a profile.
        reference: see `suite.declare.workload.quality`, or None.
        reference_source: where the reference comes from, or why there is none.
        taskset: the tasks that will run; None is the profile's own set.
    """
    bounds = profile.doc["quality"]
    ceilings = (bounds["rouge1_ceiling"], bounds["rouge2_ceiling"])
    if taskset is not None and not taskset["name"].startswith("mini-"):
        ceilings = (min(ceilings[0], NEWS_CEILINGS[0]), min(ceilings[1], NEWS_CEILINGS[1]))
    return {
        "reference_source": reference_source,
        "reference": reference,
        "rouge_ratio_min": bounds["rouge_ratio_min"],
        "length_ratio_min": bounds["length_ratio_min"],
        "rouge1_floor": bounds["rouge1_floor"],
        "rouge2_floor": bounds["rouge2_floor"],
        "rouge1_ceiling": ceilings[0],
        "rouge2_ceiling": ceilings[1],
    }
