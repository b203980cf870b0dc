"""The engine as a plan starts it: image, container or process, server, precision, and weights that it needs converted."""

from typing import Annotated, ClassVar, Final, Literal

from msgspec import UNSET, Meta, UnsetType

from suite.base.bilingual import Sentence
from suite.documents.document import Document, about
from suite.documents.scalars import (
    ImageDigest,
    Line,
    Number,
    Port,
    Positive,
    Required,
    VariableName,
    Word,
)

ConversionKind = Literal["convert", "compile", "calibrate"]
ImageVisibility = Literal["public", "login", "intranet", "local"]


PROBE_TARGET: Final = "/suite/peak_probe.py"
"""Where a container sees the suite's script that measures a peak; a process is given its own path."""
RECIPE_TARGET: Final = "/opt/recipe"
"""Where an image that is built here keeps its recipe's programs; a process is given the recipe's own path."""


RUNNING_SERVER: Final = Sentence("a running server", "运行中的服务器")
"""Title of an engine that ran already and that nobody named."""
CLAIMED: Final = Sentence(" (claimed)", "（仅为声称）")
"""Behind the title of one that ran already and that somebody named."""


def engine_title(title: str) -> Sentence:
    """An engine's title as a plan or a card holds it, in both languages; a name is the same in both."""
    if title == RUNNING_SERVER:
        return RUNNING_SERVER
    name = title.removesuffix(CLAIMED)
    return Sentence(name, name) + (CLAIMED if name != title else "")


class Mount(Document):
    """A bind mount."""

    source: Annotated[Required, about("Path on this machine.")]
    target: Annotated[str, about("Path in the container.")]
    read_only: Annotated[bool, about("Whether the container may only read it.")]


class Image(Document):
    """Where the container image comes from."""

    source: Annotated[
        Literal["build", "registry", "tarball", "local"],
        about(
            "Built here, pulled, loaded from a file, or on this machine already and nowhere else."
        ),
    ]
    reference: Annotated[
        str, about('E.g. "vllm/vllm-openai:v0.11.0"; for build, the repository name without tag.')
    ]
    digest: Annotated[ImageDigest | None, about('"sha256:…" when pinned.')]
    build_context: Annotated[
        str | None, about('Path relative to the repository, e.g. "images/cpu-vllm".')
    ]
    tarball: Annotated[str | None, about("File for docker load, or null.")]
    visibility: Annotated[ImageVisibility, about("Who can get it.")]
    mirrors: Annotated[
        tuple[str, ...] | UnsetType,
        about("The same image elsewhere, asked where the reference does not answer."),
    ] = UNSET


class Container(Document):
    """How the container is started."""

    runtime: Annotated[str | None, about('E.g. "nvidia", "mthreads".')]
    gpus: Annotated[str | None, about('Value of --gpus, e.g. "all" or "device=0,1".')]
    devices: Annotated[tuple[str, ...], about("Device nodes or CDI names for --device.")]
    mounts: Annotated[tuple[Mount, ...], about("Bind mounts.")]
    tmpfs: Annotated[dict[str, str], about("Mount point to options.")]
    shm_size: Annotated[str | None, about('E.g. "80g".')]
    ipc: Annotated[str | None, about("IPC name space, host or null.")]
    network: Annotated[
        Literal["isolated", "host"],
        about(
            "Isolated: only the client reaches the engine; host: the vendor needs the host's network."
        ),
    ]
    capabilities_add: Annotated[
        tuple[str, ...], about("Linux capabilities given back after all were dropped.")
    ]
    security_opt: Annotated[tuple[str, ...], about("Security options.")]
    groups: Annotated[tuple[str, ...], about("Supplementary groups.")]
    ulimits: Annotated[dict[str, int], about("Resource limits; -1 is unlimited.")]
    memory: Annotated[str | None, about("Memory limit, for example 8g; null for none.")]
    pids: Annotated[Positive, about("Most processes and threads.")]
    privileged: Annotated[bool, about("Runs with --privileged.")]
    privileged_reason: Annotated[str | None, about("Why; null when it is not privileged.")]
    entrypoint: Annotated[tuple[str, ...] | None, about("None keeps the image's own.")]
    user: Annotated[str | None, about("User and group; null keeps the image's own.")]
    wrapper: Annotated[str | None, about('A program that replaces `docker`, e.g. "metax-docker".')]
    read_only_root: Annotated[
        bool | UnsetType, about("True unless the image must write outside its tmpfs.")
    ] = UNSET


class Process(Document):
    """How the same engine runs without a container."""

    SCHEMA_EXTRA: ClassVar[dict[str, object]] = {
        "oneOf": [{"required": ["environment", "requirements"]}, {"required": ["python"]}]
    }

    environment: Annotated[
        str | UnsetType, about('Name of the Python environment, e.g. "vllm" -> .venv-vllm.')
    ] = UNSET
    requirements: Annotated[
        str | UnsetType,
        about("Path relative to the repository; the recipe's programs lie beside the file."),
    ] = UNSET
    python: Annotated[
        str | UnsetType, about("Interpreter of an environment that holds the engine already.")
    ] = UNSET


class Readiness(Document):
    """When the engine counts as ready."""

    path: Annotated[str, about('E.g. "/health".')]
    timeout_s: Annotated[Number, about("Longest wait, seconds.")]
    interval_s: Annotated[Number, about("Between two questions, seconds.")]


class CompileCache(Document):
    """What the engine compiles when it starts and gets again at the next start of the same image and model."""

    target: Annotated[str, about("The directory's path in the container.", pattern="^/")]
    variables: Annotated[
        dict[
            VariableName,
            Annotated[str, Meta(pattern="^[A-Za-z0-9_-]+$", description="A plain name.")],
        ],
        about(
            "Variables that lead the engine there, each with the subdirectory that it names.",
            min_length=1,
        ),
    ]


class RequestFormat(Document):
    """What the engine's server understands beyond the common API."""

    api: Annotated[Literal["chat", "completions"], about("Which of the two APIs is used.")]
    path: Annotated[str, about('E.g. "/v1/chat/completions".')]
    extra_body: Annotated[dict[str, object], about("Merged into every request.")]
    stream_options: Annotated[
        dict[str, object] | None, about("Asks for usage while streaming; null for nothing.")
    ]
    token_ids: Annotated[bool, about("Chunks carry token ids.")]
    omit: Annotated[
        tuple[str, ...],
        about('Body members that the server refuses, e.g. "ignore_eos", "min_tokens".'),
    ]
    done_marker: Annotated[bool, about('The stream ends with "data: [DONE]".')]
    prompt_ids: Annotated[
        bool | UnsetType, about("Prompts of exact length are token ids; the engine takes them.")
    ] = UNSET
    exact_body: Annotated[
        dict[str, object] | UnsetType, about("Merged into every request of exact length.")
    ] = UNSET
    thinking: Annotated[
        Literal["off", "begun"] | UnsetType,
        about(
            "Of a model that thinks: off, by chat_template_kwargs in extra_body; or begun by the chat template, which "
            "knows no way to turn it off."
        ),
    ] = UNSET


class VersionRule(Document):
    """Which version will do, and where a command's output says which there is."""

    read: Annotated[
        Required,
        about(
            "Regular expression over the output; its one group is a version, wherever it matches."
        ),
    ]
    at_least: Annotated[
        str,
        about(
            "The oldest version that will do; with a stage (6.0.RC3) where one that is not out will.",
            pattern="^[0-9]+(\\.[0-9]+)*([-.]?(dev|a|alpha|b|beta|rc|RC)\\.?[0-9]*)?(?!\\n)$",
        ),
    ]


class PreflightCheck(Document):
    """One thing that must be there before anything is pulled or started."""

    id: Annotated[str, about("Short name.")]
    kind: Annotated[
        Literal["path", "command"], about("A path that must exist, or a command that must succeed.")
    ]
    what: Annotated[str, about("What a person would call it.")]
    argument: Annotated[tuple[str, ...], about("[path] or argv.")]
    expect: Annotated[str | None, about("Regular expression over the output.")]
    compare: Annotated[
        VersionRule | UnsetType, about("Only for a command that prints a version.")
    ] = UNSET
    hint: Annotated[str, about("What to do when it is missing.")]


class Dtype(Document):
    """Requested and executed precision; the executed one selects the peak."""

    requested: Annotated[Word, about("What the engine is asked for.")]
    executed: Annotated[Word, about("What really runs.")]
    note: Annotated[Line, about("Why it differs from the request, or empty.")]


class Engine(Document):
    """The engine as it will be started."""

    id: Annotated[str, about('"vllm", "transformers", "llamacpp", "vllm_mtt".')]
    title: Annotated[str, about("For people.")]
    stack: Annotated[dict[str, str], about("Declared versions.")]
    command: Annotated[tuple[str, ...], about("What follows the entrypoint, with every argument.")]
    pre_commands: Annotated[
        tuple[tuple[str, ...], ...], about("Commands that run in the container first.")
    ]
    env: Annotated[dict[str, str], about("Variables that are set.")]
    unset_env: Annotated[tuple[str, ...], about("Variables that are removed.")]
    port: Annotated[Port, about("Inside the container; a free one is chosen for a process.")]
    served_model_name: Annotated[str, about("Name that every request sends as its model.")]
    model_target: Annotated[str, about("Path of the model as the engine sees it.")]
    image: Annotated[Image | None, about("Where the image comes from; null without one.")]
    container: Annotated[Container | None, about("How the container starts; null without one.")]
    process: Annotated[
        Process | None, about("How the engine runs without a container; null otherwise.")
    ]
    url: Annotated[str | None, about("Endpoint only.")]
    readiness: Annotated[Readiness, about("When the engine counts as ready.")]
    compile_cache: Annotated[
        CompileCache | UnsetType, about("Only for engines that compile when they start.")
    ] = UNSET
    peak_probe: Annotated[
        tuple[str, ...] | UnsetType,
        about(
            "Measures the peak where the engine runs, before it starts; absent where nothing does."
        ),
    ] = UNSET
    request: Annotated[RequestFormat, about("What its server understands.")]
    dtype: Annotated[Dtype, about("Precision.")]
    tensor_parallel: Annotated[Positive, about("Number of ranks that share the model.")]
    max_model_len: Annotated[Positive, about("Longest prompt and answer together, tokens.")]
    prefix_caching: Annotated[bool, about("Whether the engine may reuse work across requests.")]
    quantisation: Annotated[str | None, about("Quantisation method, or null.")]
    speculative_decoding: Annotated[bool, about("Whether tokens are guessed ahead.")]
    preflight: Annotated[
        tuple[PreflightCheck, ...],
        about("What must be there before anything is pulled or started."),
    ]


class Conversion(Document):
    """A weight-conversion step."""

    kind: Annotated[ConversionKind, about("Another layout, compiled graphs, or calibrated scales.")]
    reason: Annotated[str, about("Why the step is needed.")]
    command: Annotated[tuple[str, ...], about("The command, resolved.")]
    env: Annotated[dict[str, str], about("Environment of the command.")]
    source: Annotated[str, about("Model directory as the command sees it.")]
    target: Annotated[str, about("Output directory as the command sees it.")]
    host_target: Annotated[str, about("Output directory on this machine.")]
    model_type: Annotated[str, about("The converter's name for the architecture, or empty.")]
    parameters: Annotated[
        dict[str, str], about("Baked into the artefact; a mismatch fails before start.")
    ]
