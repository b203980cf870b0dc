"""The shape of a comparison. Mirrors ``schemas/diff.schema.json``."""

from __future__ import annotations

from typing import Literal, TypedDict

from suite.judge.scorecarddoc import OutcomeText, ValueDoc  # noqa: TC001 - read at run time by the tests

DIFF_SCHEMA = 1

Family = Literal[
    "latency", "throughput", "quality", "length", "utilisation", "energy", "start-up", "client"
]
ChangeOutcome = Literal["better", "worse", "not-distinguishable", "not-comparable"]


class Side(TypedDict):
    """Which card."""

    run: str
    vendor: str
    devices: str
    engine: str
    model: str
    started_utc: str


class Difference(TypedDict):
    """An input that differs, and which families of metrics may therefore not be compared."""

    what: str
    a: str
    b: str
    forbids: list[Family]


class Subject(TypedDict):
    """Something that differs and is what the comparison is about."""

    what: str
    a: str
    b: str


class Ratio(TypedDict):
    """Second card over first, with its interval."""

    value: float
    low: float
    high: float


class Change(TypedDict):
    """One metric of one phase ("" for the whole run) on both cards."""

    phase: str
    metric: str
    family: Family
    outcome: ChangeOutcome
    why: str
    a: ValueDoc | None
    b: ValueDoc | None
    ratio: Ratio | None


class CheckChange(TypedDict):
    """A rule that ended differently; ``absent`` where a card does not have it."""

    rule: str
    a: OutcomeText | Literal["absent"]
    b: OutcomeText | Literal["absent"]


class Diff(TypedDict):
    """The whole comparison."""

    diff_schema: int
    margin: float
    a: Side
    b: Side
    comparable: Literal["yes", "partly", "no"]
    differences: list[Difference]
    subjects: list[Subject]
    metrics: list[Change]
    checks: list[CheckChange]
