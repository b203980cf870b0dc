"""The scorecard's shape: what is signed. Mirrors ``schemas/scorecard.schema.json``.

Every number that was measured is a `ValueDoc`: with unit, count and interval, or with the reason why
there is none. Text that people read is given in English and Chinese where the suite wrote it; text that
came from a run (versions, error messages) is as it was, cleaned.
"""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

from suite.judge.phasedoc import (
    LoadDoc,
    PhaseCard,
    RateSeriesDoc,
    SeriesDoc,
    ValueDoc,
)

__all__ = ["LoadDoc", "PhaseCard", "RateSeriesDoc", "SeriesDoc", "ValueDoc"]

SCORECARD_SCHEMA = 1

Division = Literal["closed", "optimised", "open"]
OutcomeText = Literal["not-applicable", "skipped", "pass", "warn", "fail", "error"]
Plausibility = Literal["plausible", "below-floor", "above-ceiling", "not-judged"]
TimeKind = Literal["suite", "preparation", "conversion", "engine", "warm-up", "measured"]


class TextDoc(TypedDict):
    """One sentence in both languages."""

    en: str
    zh: str


class ReasonDoc(TypedDict):
    """What bars a stricter division: the rule and what it found."""

    rule: str
    why: str


class RunDoc(TypedDict):
    """Which run this is."""

    id: str
    started_utc: str
    ended: Literal["complete", "interrupted", "engine-died", "engine-failed", "failed", "cut"]
    error: str  # "" when it ran to its planned end
    plan_sha256: str
    nonce: NotRequired[str]


class SuiteRef(TypedDict):
    """Which suite measured and scored."""

    version: str
    commit: str


class VerdictDoc(TypedDict):
    """The answer, rolled up from the checks."""

    conformant: bool
    outcome: OutcomeText
    sentence: TextDoc


class DivisionDoc(TypedDict):
    """Which division was asked for, which was granted, and why not a stricter one."""

    requested: Division
    granted: Division
    reasons: list[ReasonDoc]


class VendorCard(TypedDict):
    """Whose machine."""

    id: str
    name: str
    emulated: bool
    declaration_sha256: str


class DevicesCard(TypedDict):
    """On what."""

    count: int
    accelerator: str
    name: str


class DtypeCard(TypedDict):
    """Requested and executed precision."""

    requested: str
    executed: str
    note: str


class EngineCard(TypedDict):
    """The engine as it ran."""

    id: str
    title: str
    version: str  # "" when it did not say
    image_reference: str  # "" without a container
    image_digest: str  # "" when unknown
    image_pinned: bool
    dtype: DtypeCard
    tensor_parallel: int
    max_model_len: int
    prefix_caching: bool
    quantisation: str  # "" for none
    speculative_decoding: bool
    arguments: list[str]
    environment: dict[str, str]


class ModelCard(TypedDict):
    """The model as it lay on disk."""

    id: str
    revision: str  # "" for a directory without revision
    sha256: str
    tokenizer_sha256: str
    chat_template_sha256: str
    architecture: str
    parameters: int
    active_parameters: int
    weight_bytes: int


class TaskSetCard(TypedDict):
    """Which tasks."""

    name: str
    size: int
    ids_sha256: str
    records_sha256: str
    locked: bool


class PromptCard(TypedDict):
    """The prompt, word for word; in lines, because signed text holds no line breaks."""

    id: str
    template: list[str]
    sha256: str


class DecodingCard(TypedDict):
    """Decoding parameters."""

    max_new_tokens: int
    min_new_tokens: int
    temperature: float
    top_p: float
    seed: int
    ignore_eos: bool
    stop: list[str]


class ObjectivesCard(TypedDict):
    """Service-level objectives in milliseconds; null where none is set."""

    ttft_ms: float | None
    tpot_ms: float | None
    e2e_ms: float | None


class WorkloadCard(TypedDict):
    """What every vendor is asked alike."""

    profile: str
    profile_sha256: str
    title: TextDoc
    taskset: TaskSetCard
    prompt: PromptCard
    decoding: DecodingCard
    max_input_tokens: int
    seed: int
    objectives: ObjectivesCard


class PeakCard(TypedDict):
    """The declared dense peak per device."""

    precision: str
    flops: float
    basis: str
    scope: str
    source: str
    note: str


class PeaksCard(TypedDict):
    """Declared, not measured."""

    compute: PeakCard | None
    compute_unknown: str
    bandwidth_bytes_per_s: float | None
    bandwidth_source: str
    tdp_w: float | None


class FactDoc(TypedDict, total=False):
    """A fact about the environment: its value, or why it is unknown."""

    value: str
    unknown: str


class TimeDoc(TypedDict):
    """One stretch of the run's wall time."""

    what: (
        str  # "suite", "preparation", "conversion", "engine-start", "engine-stop" or a phase's name
    )
    kind: TimeKind
    seconds: float


class QualityRow(TypedDict):
    """One quality metric beside its reference and its bound."""

    metric: str
    value: ValueDoc
    reference: float | None
    bound: float | None  # smallest value that passes
    baseline: ValueDoc | None  # the same metric of the first sentence of each document


class QualityCard(TypedDict):
    """What the summaries are worth."""

    phase: str  # the phase they come from; "" when nothing was scored
    reference_source: str  # "" when there is no reference for this model
    rows: list[QualityRow]
    plausibility: Plausibility
    floor: dict[str, float]
    ceiling: dict[str, float]


class HeadlineDoc(TypedDict):
    """A number for the reader who has ten seconds; the phase is "" for a number of the whole run."""

    phase: str
    metric: str


class CheckDoc(TypedDict):
    """One numbered rule and what it found."""

    rule: str
    outcome: OutcomeText
    title: TextDoc
    why: str
    evidence: list[str]


class MetricDoc(TypedDict):
    """What a metric's name means. `order` is its place in reading order: members are stored sorted."""

    order: int
    title: TextDoc
    unit: str
    direction: Literal["lower", "higher", "none"]
    formula: str
    definition: str


class ScorecardDoc(TypedDict):
    """The whole card."""

    scorecard_schema: int
    metric_schema: int
    run: RunDoc
    suite: SuiteRef
    verdict: VerdictDoc
    division: DivisionDoc
    vendor: VendorCard
    runtime: Literal["container", "process", "endpoint", "sim"]
    runtime_note: str
    devices: DevicesCard
    engine: EngineCard
    model: ModelCard
    workload: WorkloadCard
    peaks: PeaksCard
    environment: dict[str, FactDoc]
    startup: dict[str, ValueDoc]
    time_breakdown: list[TimeDoc]
    phases: list[PhaseCard]
    quality: QualityCard
    headline: list[HeadlineDoc]
    checks: list[CheckDoc]
    metrics: dict[str, MetricDoc]
    task_defects: dict[str, int]
    notes: list[str]
