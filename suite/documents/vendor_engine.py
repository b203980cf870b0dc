"""One engine in ``vendors/<id>/vendor.yaml``."""

from typing import Annotated, ClassVar, Literal

from msgspec import UNSET, Meta, UnsetType

from suite.documents.document import Document, about
from suite.documents.engine import CompileCache, ImageVisibility
from suite.documents.scalars import (
    Identifier,
    ImageDigest,
    NonNegative,
    Number,
    Port,
    Positive,
    PositiveNumber,
    Required,
    VariableName,
)
from suite.documents.topology import DeclaredLayout
from suite.documents.vendor_model import (
    DeclaredConversion,
    Dtypes,
    ModelSupport,
    Quantisation,
    TensorParallel,
)

MemorySize = Annotated[str, Meta(pattern="^[0-9]+[bkmg]$")]
RuntimeName = Literal["container", "process"]


class Permission(Document):
    """A dangerous permission with its reason."""

    reason: Annotated[Required, about("Why nothing less will do.")]
    source: Annotated[Required, about("Key of sources.")]


class VersionRange(Document):
    """Releases that a declaration was written for."""

    package: Annotated[
        Required, about("Whose release it is, as the engine's own commands print it.")
    ]
    at_least: Annotated[Required, about("The first.")]
    below: Annotated[Required, about("The first that is not.")]


class Stack(Document):
    """One set of versions that belong together."""

    id: Annotated[Identifier, about("Short name, unique in the engine.")]
    components: Annotated[
        dict[str, str], about("Driver, SDK, framework, plugin and so on, each with its version.")
    ]
    accelerators: Annotated[tuple[str, ...] | UnsetType, about("Only for these.")] = UNSET
    source: Annotated[Required, about("Key of sources.")]


class Build(Document):
    """An image that is made here."""

    context: Annotated[str, about("Directory with the Dockerfile, relative to the repository.")]
    base: Annotated[str, about("Base image.")]
    setup: Annotated[
        tuple[tuple[str, ...], ...], about("Commands that the base needs before it can serve.")
    ]


class DeclaredImage(Document):
    """Where the container image comes from; the first that fits is the default."""

    SCHEMA_EXTRA: ClassVar[dict[str, object]] = {
        "allOf": [
            {
                "if": {"properties": {"source": {"const": "tarball"}}, "required": ["source"]},
                "then": {"required": ["tarball"]},
            },
            {
                "if": {"properties": {"source": {"const": "build"}}, "required": ["source"]},
                "then": {"required": ["build"]},
            },
        ]
    }

    id: Annotated[Identifier, about("Short name, unique in the engine.")]
    source: Annotated[
        Literal["registry", "tarball", "build", "local"],
        about(
            "Pulled, loaded from a file, built here, or on this machine already and nowhere else."
        ),
    ]
    reference: Annotated[
        str, about("Repository with tag; unknown when none is public and the submitter names one.")
    ]
    digest: Annotated[ImageDigest | None, about("Sha256:..., null when it is not pinned.")]
    architectures: Annotated[
        tuple[Literal["linux/amd64", "linux/arm64"], ...],
        about("Platforms it exists for.", min_length=1),
    ]
    visibility: Annotated[ImageVisibility, about("Who can get it.")]
    mirrors: Annotated[tuple[str, ...] | UnsetType, about("The same image elsewhere.")] = UNSET
    accelerators: Annotated[tuple[str, ...] | UnsetType, about("Only for these.")] = UNSET
    os: Annotated[str | UnsetType, about("Operating system inside.")] = UNSET
    tarball: Annotated[str | UnsetType, about("File name for docker load.")] = UNSET
    build: Annotated[Build | UnsetType, about("Only when it is built here.")] = UNSET
    provenance: Annotated[Required, about("Key of sources.")]
    note: Annotated[str | UnsetType, about("What else to know.")] = UNSET


class Condition(Document):
    """A condition; every member that is given must hold."""

    architecture: Annotated[
        tuple[str, ...] | UnsetType, about("The model's architecture is one of these.")
    ] = UNSET
    devices_min: Annotated[int | UnsetType, about("At least so many devices.")] = UNSET
    runtime: Annotated[tuple[RuntimeName, ...] | UnsetType, about("The engine runs so.")] = UNSET


class EngineVariable(Document):
    """A variable to set for the engine."""

    name: Annotated[VariableName, about("Its name.")]
    value: Annotated[str, about("Template.")]
    when: Annotated[Condition | UnsetType, about("Only then.")] = UNSET
    why: Annotated[Required, about("What it is for.")]
    source: Annotated[Required, about("Key of sources.")]


class UnsetVariable(Document):
    """A variable that must not be set."""

    name: Annotated[VariableName, about("Its name.")]
    why: Annotated[Required, about("What it would do.")]
    source: Annotated[Required, about("Key of sources.")]


class RefusedValue(Document):
    """A value of an argument that does not go with something else; every member that is given must hold."""

    value: Annotated[
        str | UnsetType, about("The value; absent for a flag, or for every value.")
    ] = UNSET
    dtypes: Annotated[
        tuple[str, ...] | UnsetType, about("Only with these requested precisions.")
    ] = UNSET
    beside: Annotated[str | UnsetType, about("Only beside this argument, by its long form.")] = (
        UNSET
    )
    why: Annotated[Required, about("What would happen.")]
    source: Annotated[Required, about("Key of sources.")]


class Argument(Document):
    """What is known about one argument of the engine."""

    name: Annotated[
        str,
        about(
            "The long form; a final * stands for any ending, --* for every argument.",
            pattern="^(--\\*|--?[A-Za-z0-9][A-Za-z0-9_.-]*\\*?)$",
        ),
    ]
    aliases: Annotated[tuple[str, ...] | UnsetType, about("Other spellings.")] = UNSET
    takes: Annotated[Literal["value", "flag", "json"], about("What follows it.")]
    status: Annotated[
        Literal["required", "recommended", "optional", "forbidden", "ignored"],
        about("How it is treated."),
    ]
    value: Annotated[str | UnsetType, about("Template of the value that is passed.")] = UNSET
    allowed: Annotated[
        Annotated[tuple[str, ...], Meta(min_length=1)] | UnsetType,
        about("The only values (templates); one of them makes it fixed."),
    ] = UNSET
    minimum: Annotated[Number | UnsetType, about("Smallest number.")] = UNSET
    maximum: Annotated[Number | UnsetType, about("Largest number.")] = UNSET
    tunable: Annotated[
        bool | UnsetType, about("Changes speed, never the result: free in the closed division too.")
    ] = UNSET
    when: Annotated[Condition | UnsetType, about("Only then is it passed by default.")] = UNSET
    refused: Annotated[
        tuple[RefusedValue, ...] | UnsetType, about("Values that do not go with something else.")
    ] = UNSET
    why: Annotated[Required, about("What it does, or why not.")]
    source: Annotated[Required, about("Key of sources.")]


class DeclaredReadiness(Document):
    """When the engine counts as started."""

    path: Annotated[str, about("Asked with GET until it answers 200.")]
    timeout_s: Annotated[PositiveNumber, about("Longest wait, seconds.")]
    interval_s: Annotated[PositiveNumber, about("Between two questions, seconds.")]
    warm_up: Annotated[str, about("What the engine does meanwhile.")]
    source: Annotated[Required, about("Key of sources.")]


class StaticShapes(Document):
    """Shapes that must be declared before the engine starts."""

    declares: Annotated[tuple[str, ...], about("Arguments that fix them.")]
    why: Annotated[Required, about("The reason.")]
    source: Annotated[Required, about("Key of sources.")]


class DeclaredCompileCache(CompileCache):
    """What the engine compiles when it starts and can take up again."""

    why: Annotated[Required, about("What it saves.")]
    source: Annotated[Required, about("Key of sources.")]


class DeclaredPeakProbe(Document):
    """The command that measures what a device reaches, in the engine's own environment."""

    command: Annotated[
        tuple[str, ...],
        about(
            "Template; {peak_probe} is the suite's script, which needs torch; the precision follows.",
            min_length=1,
        ),
    ]
    source: Annotated[Required, about("Key of sources: that torch is there under this name.")]


class DeclaredProfiler(Document):
    """The engine's own profiler, which writes Chrome traces."""

    wrapper: Annotated[
        tuple[str, ...] | UnsetType,
        about(
            "Template of words before the engine's command; {profiled} is the suite's script, which gives a server on uvicorn "
            "torch's profiler."
        ),
    ] = UNSET
    arguments: Annotated[
        tuple[str, ...], about("Template; {trace_directory} is where the traces are written.")
    ]
    start: Annotated[str, about("Path that starts it, asked with POST.", pattern="^/")]
    stop: Annotated[
        str, about("Path that ends it, after which the traces are there.", pattern="^/")
    ]
    source: Annotated[Required, about("Key of sources.")]


class DeclaredRequest(Document):
    """What the engine's server understands beyond the common API."""

    chat_path: Annotated[str | None, about("Path of the chat API.")]
    completions_path: Annotated[str | None, about("Path of the text completion API.")]
    extra_body: Annotated[dict[str, object], about("Merged into every request.")]
    stream_options: Annotated[dict[str, object] | None, about("Asks for usage while streaming.")]
    token_ids: Annotated[bool, about("Chunks carry token ids.")]
    omit: Annotated[
        tuple[str, ...], about("Body members that the server refuses, for example ignore_eos.")
    ]
    done_marker: Annotated[bool, about('The stream ends with "data: [DONE]".')]
    prompt_ids: Annotated[
        bool | UnsetType, about("The completions API takes a prompt as token ids.")
    ] = UNSET
    exact_body: Annotated[
        dict[str, object] | UnsetType,
        about(
            "Merged into requests of exact length, for example skip_special_tokens: tokens past the end are then text too."
        ),
    ] = UNSET
    source: Annotated[Required, about("Key of sources.")]


class SharedMemory(Document):
    """Shared memory: exactly one of the three ways."""

    SCHEMA_EXTRA: ClassVar[dict[str, object]] = {
        "oneOf": [{"required": ["shm_size"]}, {"required": ["ipc"]}, {"required": ["tmpfs"]}]
    }

    shm_size: Annotated[MemorySize | UnsetType, about("Size of /dev/shm, for example 16g.")] = UNSET
    ipc: Annotated[
        Literal["host"] | UnsetType, about("The host's, which makes shm_size useless.")
    ] = UNSET
    tmpfs: Annotated[str | UnsetType, about("Options of a tmpfs on /dev/shm.")] = UNSET
    why: Annotated[Required, about("What it is for.")]
    source: Annotated[Required, about("Key of sources.")]


class ContainerLimits(Document):
    """Limits of the container."""

    memory_base: Annotated[MemorySize, about("Memory whatever the model, for example 8g.")]
    memory_per_weight: Annotated[NonNegative, about("Bytes more per byte of weights.")]
    pids: Annotated[Positive, about("Processes and threads.")]


class Switch(Document):
    """A feature that reuses or guesses results."""

    default: Annotated[
        Literal["on", "off", "unknown", "unsupported"], about("Without any argument.")
    ]
    disable: Annotated[tuple[str, ...], about("Arguments that switch it off.")]
    enable: Annotated[tuple[str, ...], about("Arguments that switch it on.")]
    source: Annotated[Required, about("Key of sources.")]


class DeclaredProcess(Document):
    """How the same engine runs without a container: in an environment that the suite makes, or that is there."""

    SCHEMA_EXTRA: ClassVar[dict[str, object]] = {
        "dependentRequired": {"environment": ["requirements"], "requirements": ["environment"]}
    }

    environment: Annotated[
        str | UnsetType, about("Name of the Python environment that the suite makes.")
    ] = UNSET
    requirements: Annotated[str | UnsetType, about("File, relative to the repository.")] = UNSET
    python: Annotated[
        Required | UnsetType,
        about(
            "Interpreter of an environment that holds the engine, where --engine-python names none."
        ),
    ] = UNSET
    command: Annotated[tuple[str, ...], about("Template; arguments follow.")]


class Unsupported(Document):
    """Something that the engine cannot do."""

    what: Annotated[Required, about("The feature.")]
    why: Annotated[Required, about("The reason.")]
    source: Annotated[Required, about("Key of sources.")]


class DeclaredEngine(Document):
    """One engine with everything of its own."""

    id: Annotated[Identifier, about("Short name, unique in the file.")]
    title: Annotated[str, about("For people.")]
    accelerators: Annotated[
        tuple[str, ...], about("Which of the vendor's it runs on.", min_length=1)
    ]
    access: Annotated[
        tuple[str, ...] | UnsetType, about("Which ways of device access it takes, best first.")
    ] = UNSET
    versions: Annotated[
        VersionRange | UnsetType,
        about("Releases whose arguments these rules describe; others may have renamed some."),
    ] = UNSET
    stacks: Annotated[tuple[Stack, ...], about("Tested sets of versions.")]
    images: Annotated[tuple[DeclaredImage, ...], about("Where it comes from.", min_length=1)]
    entrypoint: Annotated[tuple[str, ...] | None, about("Replaces the image's own; null keeps it.")]
    image_entrypoint: Annotated[
        tuple[str, ...], about("What the image starts by itself, for people who read the plan.")
    ]
    command: Annotated[
        tuple[str, ...], about("Template of what follows the entrypoint; arguments come after it.")
    ]
    pre_commands: Annotated[tuple[tuple[str, ...], ...], about("Run in the container first.")]
    model_target: Annotated[str, about("Where the model appears in the container.")]
    port: Annotated[Port, about("Inside the container.")]
    env: Annotated[tuple[EngineVariable, ...], about("Set.")]
    unset_env: Annotated[tuple[UnsetVariable, ...], about("Removed.")]
    arguments: Annotated[tuple[Argument, ...], about("Rules.")]
    dtypes: Annotated[Dtypes, about("Precisions.")]
    tensor_parallel: Annotated[TensorParallel, about("Splits.")]
    models: Annotated[
        tuple[ModelSupport, ...], about("Known to work; empty means the engine decides.")
    ]
    conversion: Annotated[DeclaredConversion | UnsetType, about("Of the weights.")] = UNSET
    readiness: Annotated[DeclaredReadiness, about("When it is up.")]
    compile_cache: Annotated[
        DeclaredCompileCache | UnsetType, about("Kept from start to start.")
    ] = UNSET
    peak_probe: Annotated[
        DeclaredPeakProbe | UnsetType, about("Measures the peak before the engine starts.")
    ] = UNSET
    profiler: Annotated[
        DeclaredProfiler | UnsetType, about("Says where the engine's time goes; never in a run.")
    ] = UNSET
    static_shapes: Annotated[StaticShapes | UnsetType, about("Declared up front.")] = UNSET
    request: Annotated[DeclaredRequest, about("Its server.")]
    shared_memory: Annotated[SharedMemory | UnsetType, about("For the workers.")] = UNSET
    writable_root: Annotated[
        Permission | UnsetType, about("The container may write to its own file system.")
    ] = UNSET
    tmpfs: Annotated[
        dict[str, str] | UnsetType, about("Writable directories in memory: mount point to options.")
    ] = UNSET
    limits: Annotated[ContainerLimits, about("Of the container.")]
    prefix_caching: Annotated[Switch, about("Reuse across requests.")]
    speculative_decoding: Annotated[Switch, about("Guessing tokens.")]
    quantisation: Annotated[tuple[Quantisation, ...], about("Known methods.")]
    process: Annotated[DeclaredProcess | UnsetType, about("Without a container.")] = UNSET
    layouts: Annotated[
        tuple[DeclaredLayout, ...] | UnsetType, about("How it runs over several nodes.")
    ] = UNSET
    unsupported: Annotated[tuple[Unsupported, ...], about("What it cannot do.")]
    notes: Annotated[tuple[str, ...], about("Traps.")]
