"""The shape of one engine in ``vendors/<id>/vendor.yaml``; the other half of `suite.declare.vendordoc`."""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

RuntimeName = Literal["container", "process"]


class ReasonDoc(TypedDict):
    """A dangerous permission with its reason."""

    reason: str  # why nothing less will do
    source: str  # key of sources


class StackDoc(TypedDict):
    """One set of versions that belong together."""

    id: str  # short name, unique in the engine
    components: dict[str, str]  # driver, SDK, framework, plugin and so on, each with its version
    accelerators: NotRequired[list[str]]  # only for these
    source: str  # key of sources


class BuildDoc(TypedDict):
    """An image that is made here."""

    context: str  # directory with the Dockerfile, relative to the repository
    base: str  # base image
    setup: list[list[str]]  # commands that the base needs before it can serve


class ImageDecl(TypedDict):
    """Where the container image comes from; the first that fits is the default."""

    id: str  # short name, unique in the engine
    source: Literal["registry", "tarball", "build"]  # pulled, loaded from a file, or built here
    reference: str  # repository with tag; unknown when none is public and the submitter names one
    digest: str | None  # sha256:..., null when it is not pinned
    architectures: list[Literal["linux/amd64", "linux/arm64"]]  # platforms it exists for
    visibility: Literal["public", "login", "intranet", "local"]  # who can get it
    mirrors: NotRequired[list[str]]  # the same image elsewhere
    accelerators: NotRequired[list[str]]  # only for these
    os: NotRequired[str]  # operating system inside
    tarball: NotRequired[str]  # file name for docker load
    build: NotRequired[BuildDoc]  # only when it is built here
    provenance: str  # key of sources
    note: NotRequired[str]  # what else to know


class WhenDoc(TypedDict):
    """A condition; every member that is given must hold."""

    architecture: NotRequired[list[str]]  # the model's architecture is one of these
    devices_min: NotRequired[int]  # at least so many devices
    runtime: NotRequired[list[RuntimeName]]  # the engine runs so


class EnvDecl(TypedDict):
    """A variable to set for the engine."""

    name: str  # its name
    value: str  # template
    when: NotRequired[WhenDoc]  # only then
    why: str  # what it is for
    source: str  # key of sources


class UnsetDecl(TypedDict):
    """A variable that must not be set."""

    name: str  # its name
    why: str  # what it would do
    source: str  # key of sources


class ArgumentDecl(TypedDict):
    """What is known about one argument of the engine."""

    name: str  # the long form; a final * stands for any ending
    aliases: NotRequired[list[str]]  # other spellings
    takes: Literal["value", "flag", "json"]  # what follows it
    status: Literal[
        "required", "recommended", "optional", "forbidden", "ignored"
    ]  # how it is treated
    value: NotRequired[str]  # template of the value that is passed
    allowed: NotRequired[list[str]]  # the only values (templates); one of them makes it fixed
    minimum: NotRequired[float]  # smallest number
    maximum: NotRequired[float]  # largest number
    tunable: NotRequired[bool]  # changes speed, never the result: free in the closed division too
    when: NotRequired[WhenDoc]  # only then is it passed by default
    why: str  # what it does, or why not
    source: str  # key of sources


class DtypeRow(TypedDict):
    """What a requested precision becomes."""

    requested: str  # as the engine's argument spells it
    executed: str  # what really runs: float16, bfloat16, float32, fp8, ...
    precision: str  # the peak that MFU divides by
    note: str  # why they differ, or empty


class DtypeRefusal(TypedDict):
    """A precision that the engine does not run."""

    requested: str  # as the engine's argument spells it
    why: str  # the reason
    source: str  # key of sources


class DtypesDoc(TypedDict):
    """Precisions: requested, executed, refused."""

    default: str  # what is requested when nobody says otherwise; model means the model's own
    rows: list[DtypeRow]  # what may be requested
    refused: list[DtypeRefusal]  # what may not
    source: str  # key of sources


class TensorParallelDoc(TypedDict):
    """How the model may be split."""

    allowed: list[int]  # numbers of ranks; empty means any
    note: str  # what binds it
    source: str  # key of sources


class BakedDoc(TypedDict):
    """A parameter that is fixed in the converted weights."""

    name: str  # tensor_parallel, arch, dtype, device_generation, tool_version, buckets, ...
    value: str  # template


class ModelTypeRow(TypedDict):
    """Which name the converter has for an architecture."""

    architecture: str  # from config.json
    value: str  # the converter's name
    models: str  # models that were verified by the vendor


class ConversionDecl(TypedDict):
    """What must happen to the weights before the engine can load them."""

    kind: Literal["convert", "compile", "calibrate"]  # another layout, compiled graphs, or scales
    required: Literal["always", "quantised", "fp8"]  # when
    command: list[str]  # template
    env: dict[str, str]  # for the command
    output_name: str  # template of the directory's name
    parameters: list[BakedDoc]  # baked into the result; a mismatch fails before anything starts
    model_types: list[ModelTypeRow]  # empty when the converter asks for none
    why: str  # the reason for the step
    source: str  # key of sources


class ModelSupportDoc(TypedDict):
    """A model that the engine is known to run."""

    architecture: str  # from config.json
    names: str  # as the vendor lists them
    note: NotRequired[str]  # what else to know


class ReadyDoc(TypedDict):
    """When the engine counts as started."""

    path: str  # asked with GET until it answers 200
    timeout_s: float  # longest wait, seconds
    interval_s: float  # between two questions, seconds
    warm_up: str  # what the engine does meanwhile
    source: str  # key of sources


class ShapesDoc(TypedDict):
    """Shapes that must be declared before the engine starts."""

    declares: list[str]  # arguments that fix them
    why: str  # the reason
    source: str  # key of sources


class CompileCacheDecl(TypedDict):
    """What the engine compiles when it starts and can take up again."""

    target: str  # the directory's path in the container
    variables: dict[
        str, str
    ]  # those that lead the engine there, each with the subdirectory it names
    why: str  # what it saves
    source: str  # key of sources


class RequestDecl(TypedDict):
    """What the engine's server understands beyond the common API."""

    chat_path: str | None  # path of the chat API
    completions_path: str | None  # path of the text completion API
    extra_body: dict[str, object]  # merged into every request
    stream_options: dict[str, object] | None  # asks for usage while streaming
    token_ids: bool  # chunks carry token ids
    omit: list[str]  # body members that the server refuses, for example ignore_eos
    done_marker: bool  # the stream ends with "data: [DONE]"
    prompt_ids: NotRequired[bool]  # the completions API takes a prompt as token ids
    exact_body: NotRequired[dict[str, object]]  # merged into requests of exact length
    source: str  # key of sources


class SharedMemoryDoc(TypedDict):
    """Shared memory: exactly one of the three ways."""

    shm_size: NotRequired[str]  # size of /dev/shm, for example 16g
    ipc: NotRequired[Literal["host"]]  # the host's, which makes shm_size useless
    tmpfs: NotRequired[str]  # options of a tmpfs on /dev/shm
    why: str  # what it is for
    source: str  # key of sources


class LimitsDoc(TypedDict):
    """Limits of the container."""

    memory_base: str  # memory whatever the model, for example 8g
    memory_per_weight: float  # bytes more per byte of weights
    pids: int  # processes and threads


class SwitchDoc(TypedDict):
    """A feature that reuses or guesses results."""

    default: Literal["on", "off", "unknown", "unsupported"]  # without any argument
    disable: list[str]  # arguments that switch it off
    enable: list[str]  # arguments that switch it on
    source: str  # key of sources


class QuantisationDoc(TypedDict):
    """A quantisation that the engine can run."""

    method: str  # as the engine names it
    arguments: list[str]  # arguments that select it
    precision: str  # the peak that MFU divides by
    note: NotRequired[str]  # what else to know


class ProcessDecl(TypedDict):
    """How the same engine runs without a container."""

    environment: str  # name of the Python environment
    requirements: str  # file, relative to the repository
    command: list[str]  # template; arguments follow


class UnsupportedDoc(TypedDict):
    """Something that the engine cannot do."""

    what: str  # the feature
    why: str  # the reason
    source: str  # key of sources


class EngineDecl(TypedDict):
    """One engine with everything of its own."""

    id: str  # short name, unique in the file
    title: str  # for people
    accelerators: list[str]  # which of the vendor's it runs on
    access: NotRequired[list[str]]  # which ways of device access it takes, best first
    stacks: list[StackDoc]  # tested sets of versions
    images: list[ImageDecl]  # where it comes from
    entrypoint: list[str] | None  # replaces the image's own; null keeps it
    image_entrypoint: list[str]  # what the image starts by itself, for people who read the plan
    command: list[str]  # template of what follows the entrypoint; arguments come after it
    pre_commands: list[list[str]]  # run in the container first
    model_target: str  # where the model appears in the container
    port: int  # inside the container
    env: list[EnvDecl]  # set
    unset_env: list[UnsetDecl]  # removed
    arguments: list[ArgumentDecl]  # rules
    dtypes: DtypesDoc  # precisions
    tensor_parallel: TensorParallelDoc  # splits
    models: list[ModelSupportDoc]  # known to work; empty means the engine decides
    conversion: NotRequired[ConversionDecl]  # of the weights
    readiness: ReadyDoc  # when it is up
    compile_cache: NotRequired[CompileCacheDecl]  # kept from start to start
    static_shapes: NotRequired[ShapesDoc]  # declared up front
    request: RequestDecl  # its server
    shared_memory: NotRequired[SharedMemoryDoc]  # for the workers
    writable_root: NotRequired[ReasonDoc]  # the container may write to its own file system
    tmpfs: NotRequired[dict[str, str]]  # writable directories in memory: mount point to options
    limits: LimitsDoc  # of the container
    prefix_caching: SwitchDoc  # reuse across requests
    speculative_decoding: SwitchDoc  # guessing tokens
    quantisation: list[QuantisationDoc]  # known methods
    process: NotRequired[ProcessDecl]  # without a container
    unsupported: list[UnsupportedDoc]  # what it cannot do
    notes: list[str]  # traps
