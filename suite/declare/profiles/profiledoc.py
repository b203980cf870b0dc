"""A profile's shape. Mirrors ``schemas/profile.schema.json``; docs/scenarios.md explains every field."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NotRequired, TypedDict

if TYPE_CHECKING:
    from suite.declare.plandoc import (
        DecodingDoc,
        ObjectivesDoc,
        ScenarioKind,
        SearchDoc,
        SessionDoc,
        StopDoc,
    )


class ProfileTaskSetDoc(TypedDict):
    """Which tasks a profile wants."""

    set: Literal["mini", "xsum"]
    size: int


class ProfileArrivalsDoc(TypedDict):
    """An open loop: a process that is drawn, or a trace that is replayed."""

    process: Literal["poisson", "constant", "gamma", "replay"]
    rate: float | None  # requests per second; None with a replay
    seed: int
    shape: float | None  # with gamma only
    trace: NotRequired[str]  # with replay only: a file, relative to the profile's
    speed: NotRequired[float]  # with replay only: 2 replays twice as fast


class ProfileLengthsDoc(TypedDict):
    """Prompts and answers of exact length: from a list, or from the trace that is replayed."""

    seed: int
    pairs: NotRequired[list[list[int]]]  # [input tokens, output tokens]; each is a point of its own
    trace: NotRequired[bool]  # True: the lengths of the replayed trace


class ProfileGridDoc(TypedDict):
    """Every combination of concurrency, prompt length and answer length is a point."""

    seed: int
    input: list[int]  # tokens
    output: list[int]  # tokens
    concurrency: list[int]


class ProfilePhaseDoc(TypedDict):
    """One phase before it is resolved; see `suite.declare.profiles.expand.expand_phases`."""

    name: str
    scenario: ScenarioKind
    tasks: int | None  # None: every task of the set once, or what another member says
    first_task: int
    warmup: int  # requests that are sent before and never counted; rounds where `rounds` is given
    concurrency: int | None
    arrivals: ProfileArrivalsDoc | None
    timeout_s: float
    failure_bound: float
    lateness_bound_ms: float | None
    sweep: NotRequired[list[int]]  # a point for each concurrency
    lengths: NotRequired[ProfileLengthsDoc]
    grid: NotRequired[ProfileGridDoc]
    rounds: NotRequired[int]  # requests of each stream, in place of `tasks`
    warmup_concurrency: NotRequired[int]  # of open loops and searches; 1 without it
    lockstep: NotRequired[bool]
    stop: NotRequired[StopDoc]
    search: NotRequired[SearchDoc]
    session: NotRequired[SessionDoc]


class BoundsDoc(TypedDict):
    """Quality bounds, ROUGE F-measures as ratios 0..1."""

    rouge_ratio_min: float
    length_ratio_min: float
    rouge1_floor: float
    rouge2_floor: float
    rouge1_ceiling: float
    rouge2_ceiling: float


class ProfileDoc(TypedDict):
    """A profile file."""

    profile_schema: int
    name: str
    title: dict[str, str]
    purpose: str
    division: Literal["closed", "optimised", "open"]
    seed: int
    taskset: ProfileTaskSetDoc
    prompt: str
    api: NotRequired[
        Literal["completions"]
    ]  # no chat template, token ids where the engine takes them
    decoding: DecodingDoc
    max_input_tokens: int | None
    repeats: int
    phases: list[ProfilePhaseDoc]
    objectives: ObjectivesDoc
    quality: BoundsDoc
