"""The plan's shape: what was asked, fully resolved. Mirrors ``schemas/plan.schema.json``.

Times are integer nanoseconds relative to the phase's start; sizes are bytes unless the name says otherwise.
"""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

PLAN_SCHEMA = 1

RuntimeKind = Literal["container", "process", "endpoint", "sim"]
ScenarioKind = Literal[
    "single_stream", "offline", "server", "concurrency", "slo_search", "soak", "multi_turn"
]
"""``concurrency`` is a closed loop at a stated number of streams: a point of a sweep or of a grid."""
StopMetric = Literal["ttft_mean", "tpot_mean", "e2e_mean", "output_throughput"]


class SuiteDoc(TypedDict):
    """Which suite made the plan."""

    version: str
    commit: str  # "unknown" outside a git checkout


class VendorRef(TypedDict):
    """Which declaration was used."""

    id: str
    name: str
    sha256: str  # of the canonical declaration
    emulated: bool  # True when the vendor's commands are answered by an emulated image


class DevicesDoc(TypedDict):
    """Which accelerators the engine may use."""

    count: int
    accelerator: str  # id of the accelerator in the declaration, e.g. "s4000", "h100-sxm", "cpu"
    name: str
    visible: str  # value given to the visibility variable, "" for CPU


class MountDoc(TypedDict):
    """A bind mount."""

    source: str
    target: str
    read_only: bool


class ImageDoc(TypedDict):
    """Where the container image comes from."""

    source: Literal["build", "registry", "tarball"]
    reference: str  # e.g. "vllm/vllm-openai:v0.11.0"; for build, the repository name without tag
    digest: str | None  # "sha256:…" when pinned
    build_context: str | None  # path relative to the repository, e.g. "images/cpu-vllm"
    tarball: str | None
    visibility: Literal["public", "login", "intranet", "local"]


class ContainerDoc(TypedDict):
    """How the container is started."""

    runtime: str | None  # e.g. "nvidia", "mthreads"
    gpus: str | None  # value of --gpus, e.g. "all" or "device=0,1"
    devices: list[str]
    mounts: list[MountDoc]
    tmpfs: dict[str, str]
    shm_size: str | None  # e.g. "80g"
    ipc: str | None
    network: Literal["isolated", "host"]
    capabilities_add: list[str]
    security_opt: list[str]
    groups: list[str]
    ulimits: dict[str, int]
    memory: str | None
    pids: int
    privileged: bool
    privileged_reason: str | None
    entrypoint: list[str] | None  # None keeps the image's own
    user: str | None
    wrapper: str | None  # a program that replaces `docker`, e.g. "metax-docker"
    read_only_root: NotRequired[bool]  # True unless the image must write outside its tmpfs


class ProcessDoc(TypedDict):
    """How the same engine runs without a container."""

    environment: str  # name of the Python environment, e.g. "vllm" -> .venv-vllm
    requirements: str  # path relative to the repository


class ReadinessDoc(TypedDict):
    """When the engine counts as ready."""

    path: str  # e.g. "/health"
    timeout_s: float
    interval_s: float


class CompileCacheDoc(TypedDict):
    """What the engine compiles when it starts and gets again at the next start of the same image and model."""

    target: str  # the directory's path in the container
    variables: dict[
        str, str
    ]  # those that lead the engine there, each with the subdirectory it names


class RequestDoc(TypedDict):
    """What the engine's server understands beyond the common API."""

    api: Literal["chat", "completions"]
    path: str  # e.g. "/v1/chat/completions"
    extra_body: dict[str, object]  # merged into every request
    stream_options: dict[str, object] | None
    token_ids: bool  # chunks carry token ids
    omit: list[str]  # body members that the server refuses, e.g. "ignore_eos", "min_tokens"
    done_marker: bool  # the stream ends with "data: [DONE]"
    prompt_ids: NotRequired[bool]  # prompts of exact length are token ids; the engine takes them
    exact_body: NotRequired[dict[str, object]]  # merged into every request of exact length


class PreflightDoc(TypedDict):
    """One thing that must be there before anything is pulled or started."""

    id: str
    kind: Literal["path", "command"]
    what: str  # what a person would call it
    argument: list[str]  # [path] or argv
    expect: str | None  # regular expression over the output
    hint: str


class DtypeDoc(TypedDict):
    """Requested and executed precision; the executed one selects the peak."""

    requested: str
    executed: str
    note: str


class EngineDoc(TypedDict):
    """The engine as it will be started."""

    id: str  # "vllm", "transformers", "vllm_mtt", "vllm_musa"
    title: str
    stack: dict[str, str]  # declared versions
    command: list[str]
    pre_commands: list[list[str]]
    env: dict[str, str]
    unset_env: list[str]
    port: int  # inside the container; a free one is chosen for a process
    served_model_name: str
    model_target: str  # path of the model as the engine sees it
    image: ImageDoc | None
    container: ContainerDoc | None
    process: ProcessDoc | None
    url: str | None  # endpoint only
    readiness: ReadinessDoc
    compile_cache: NotRequired[CompileCacheDoc]
    request: RequestDoc
    dtype: DtypeDoc
    tensor_parallel: int
    max_model_len: int
    prefix_caching: bool
    quantisation: str | None
    speculative_decoding: bool
    preflight: list[PreflightDoc]


class ConversionDoc(TypedDict):
    """A weight-conversion step."""

    kind: Literal["convert", "compile", "calibrate"]
    reason: str
    command: list[str]
    env: dict[str, str]
    source: str  # model directory as the command sees it
    target: str  # output directory as the command sees it
    host_target: str  # output directory on this machine
    model_type: str
    parameters: dict[str, str]  # baked into the artefact; a mismatch fails before start


class FileDoc(TypedDict):
    """A file and its digest."""

    path: str
    bytes: int
    sha256: str


class ModelDoc(TypedDict):
    """Which model, with the facts that metrics need."""

    id: str
    revision: str | None
    path: str  # on this machine
    sha256: str  # over the sorted list of files
    files: list[FileDoc]
    facts: dict[str, object]  # suite.declare.model.facts.ModelFacts.to_json()
    tokenizer_sha256: str | None
    chat_template_sha256: str | None
    shortest_prompt: NotRequired[int]  # tokens; shorter exact lengths were raised to it


class TaskSetDoc(TypedDict):
    """Which tasks, in which order."""

    name: str  # "mini-256", "xsum-1000", "custom"
    size: int
    ids_sha256: str  # sha256 of the ids joined by "\n", in order
    records_sha256: str  # sha256 of the record digests joined by "\n", in order
    locked: bool  # the digest equals the one locked in the suite


class PromptDoc(TypedDict):
    """The prompt that every task is put into."""

    id: str  # "closed-v1", "compat-flagperf"
    template: str  # with {document}
    sha256: str


class DecodingDoc(TypedDict):
    """Decoding parameters."""

    max_new_tokens: int
    min_new_tokens: int
    temperature: float
    top_p: float
    seed: int
    ignore_eos: bool
    stop: list[str]


class TraceDoc(TypedDict):
    """The file whose arrivals are replayed."""

    name: str
    sha256: str  # of the file
    speed: float  # 2 replays twice as fast


class ArrivalsDoc(TypedDict):
    """An open-loop arrival process."""

    process: Literal["poisson", "constant", "gamma", "replay"]
    rate: float  # requests per second; of a replay, the mean
    seed: int
    shape: float | None
    trace: NotRequired[TraceDoc]  # with replay only


class GroupDoc(TypedDict):
    """Which point of which sweep or grid a phase is."""

    name: str  # the profile's phase
    axes: dict[str, int]  # of concurrency, input_tokens, output_tokens: those that vary


class LengthsDoc(TypedDict):
    """Prompts and answers of exact length; request i takes entry i modulo the list's length."""

    input_tokens: list[int]  # of the rendered prompt, chat template included
    output_tokens: list[int]
    seed: int  # every request has a prompt of its own, drawn from this


class IntervalDoc(TypedDict):
    """Stop when the 95 % interval of a metric lies within a share of its value."""

    metric: StopMetric
    within: float  # half width / value


class StopDoc(TypedDict):
    """When a phase has seen enough; its ``tasks`` are then the most that it sends.

    It ends when both minimums are met and the interval, if there is one, is reached; or at the
    longest duration; or when an open loop is over-saturated. What is in flight is waited for.
    """

    min_duration_s: float
    min_requests: int
    max_duration_s: float | None
    interval: IntervalDoc | None
    saturation: bool


class SearchDoc(TypedDict):
    """The search for the highest Poisson rate that meets the workload's objectives.

    Probe p sends requests ``p * requests`` and following, with arrivals of seed ``seed + p``: ``requests`` of them,
    or with the last two members, which come together, as many as `suite.declare.analysis.bisection.planned` says.
    """

    min_rate: float  # requests per second
    max_rate: float
    requests: int  # of one probe, at most
    max_probes: int
    resolution: float  # the bracket's width as a share of its upper end at which the search ends
    percentile: float  # of TTFT, TPOT and E2E that must meet their objectives
    seed: int
    min_requests: NotRequired[int]  # of one probe, at least
    duration_s: NotRequired[float]  # that a probe's arrivals should take


class SessionDoc(TypedDict):
    """Conversations with growing history; request i is turn ``i % turns`` of session ``i // turns``."""

    turns: int
    think_ms: float  # from the end of an answer to the next turn


class PhaseDoc(TypedDict):
    """One stretch of requests under one load."""

    name: str  # "offline", unique together with repeat
    repeat: int
    scenario: ScenarioKind
    measured: bool  # False for warm-up
    first_task: int
    tasks: int  # number of requests; task index = (first_task + i) % taskset size
    concurrency: int | None  # closed loop
    arrivals: ArrivalsDoc | None  # open loop
    arrivals_ns: list[int] | None  # intended start of each request
    timeout_s: float  # per request
    failure_bound: float  # share of failed requests above which the phase is not measured
    lateness_bound_ms: float | None  # p99 of (t_send - t_sched) above which the phase is invalid
    group: NotRequired[GroupDoc]
    lengths: NotRequired[LengthsDoc]
    lockstep: NotRequired[bool]  # the next batch of `concurrency` is sent when the last has ended
    stop: NotRequired[StopDoc]
    search: NotRequired[SearchDoc]
    session: NotRequired[SessionDoc]
    not_run: NotRequired[str]  # why this point can't be run with this model; it is skipped


class ObjectivesDoc(TypedDict):
    """Service-level objectives for goodput, milliseconds."""

    ttft_ms: float | None
    tpot_ms: float | None
    e2e_ms: float | None


class QualityDoc(TypedDict):
    """What the summaries must reach; None means there is no reference for this model."""

    reference_source: str
    reference: (
        dict[str, float] | None
    )  # rouge1, rouge2, rougeL, rougeLsum (0..1), generated_tokens (mean)
    rouge_ratio_min: float  # each ROUGE >= this share of the reference
    length_ratio_min: float
    rouge1_floor: float  # plausibility: below this nothing was summarised
    rouge2_floor: float
    rouge1_ceiling: float  # above this it is not credible
    rouge2_ceiling: float


class WorkloadDoc(TypedDict):
    """What every vendor is asked alike."""

    profile: str
    profile_sha256: str
    title: dict[str, str]  # en, zh
    division: Literal["closed", "optimised", "open"]
    seed: int
    taskset: TaskSetDoc
    prompt: PromptDoc
    decoding: DecodingDoc
    max_input_tokens: int
    phases: list[PhaseDoc]
    objectives: ObjectivesDoc
    quality: QualityDoc


class PeakDoc(TypedDict):
    """The declared dense peak that MFU divides by, per device."""

    precision: str
    flops: float  # FLOP/s of one device
    basis: Literal["dense"]
    scope: str
    source: str
    note: str


class PeaksDoc(TypedDict):
    """Declared peaks; unknown stays unknown with its reason."""

    compute: PeakDoc | None
    compute_unknown: str  # why, "" when known
    bandwidth_bytes_per_s: float | None
    bandwidth_source: str
    tdp_w: float | None


class TelemetryToolDoc(TypedDict):
    """One telemetry tool to sample beside the measured window."""

    tool: str
    where: Literal["host", "container"]
    command: list[str]
    parser: str
    interval_ms: int


class PlanDoc(TypedDict):
    """The whole plan."""

    plan_schema: int
    suite: SuiteDoc
    vendor: VendorRef
    runtime: RuntimeKind
    runtime_note: str  # why not a container, "" otherwise
    devices: DevicesDoc
    engine: EngineDoc
    conversion: ConversionDoc | None
    model: ModelDoc
    workload: WorkloadDoc
    peaks: PeaksDoc
    telemetry: list[TelemetryToolDoc]
    nonce: NotRequired[str]  # round identifier issued by the reviewers
