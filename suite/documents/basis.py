"""``basis.json``: everything that a plan was made from, so that whoever verifies a run can make the plan again."""

from typing import Annotated, ClassVar, Literal

from msgspec import UNSET, Meta, UnsetType, field

from suite.documents.challenge import BasisChallenge
from suite.documents.document import Document, about
from suite.documents.model import FileDigest, ModelSource
from suite.documents.plan import RuntimeKind, SuiteVersion
from suite.documents.scalars import Count, NonNegative, Number, Positive, Sha256
from suite.documents.topology import TopologyChoice
from suite.documents.workload import TaskSet

MOST_DEVICES = 100_000
"""More of them in one run are a mistake, or a way to fill a verifier's memory."""


class PrivatePeak(Document):
    """A dense peak that the vendor withholds and whoever runs brings along."""

    flops: Annotated[Number, about("FLOP/s of one device.")]
    source: Annotated[str, about("Where it comes from.")]


class CPUPeak(Document):
    """What a CPU's peak follows from."""

    isa: Annotated[str, about("Instruction set, one that the declaration has a formula for.")]
    cores: Annotated[Count, about("Physical cores that compute.")]
    clock_mhz: Annotated[
        NonNegative, about("Clock that all of them sustain under that instruction set.")
    ]


class Options(Document):
    """What a user may decide beyond vendor, engine, model and profile; everything has a default."""

    access: Annotated[str | None, about("Way of device access, by id.")] = None
    image: Annotated[
        str | None,
        about("Image reference, with or without @sha256:…, or the id of a declared image."),
    ] = None
    visible: Annotated[tuple[Count, ...], about("Device indices; empty: the first ones.")] = ()
    every: Annotated[
        bool, about("All devices of the machine, in the container runtime's own word for that.")
    ] = False
    env: Annotated[
        dict[str, str], about("Variables for the engine; not in the closed division.")
    ] = field(default_factory=dict)
    division: Annotated[str | None, about("Another division than the profile's.")] = None
    dtype: Annotated[str | None, about("Requested precision.")] = None
    max_model_len: Annotated[
        int | None,
        about("Longest prompt and answer together, tokens; not in the closed division."),
    ] = None
    served_model_name: Annotated[
        str | None, about("The name that requests send, for a server that runs already.")
    ] = None
    tensor_parallel: Annotated[
        int | None, about("Ranks, where they are not one per device and rank slot.")
    ] = None
    model_type: Annotated[str, about("The converter's name for the architecture.")] = ""
    conversion_root: Annotated[str, about("Directory for converted models.")] = ""
    private_peaks: Annotated[
        dict[str, PrivatePeak], about("Dense peaks that the vendor withholds, by precision.")
    ] = field(default_factory=dict)
    cpu_peak: Annotated[CPUPeak | None, about("What a CPU's peak follows from.")] = None
    measured_peak: Annotated[
        bool, about("The peak is measured as well, before the engine starts.")
    ] = True
    engine_python: Annotated[
        str | None, about("Interpreter of an environment that holds the engine already.")
    ] = None
    runtime_note: Annotated[str, about("Why the runtime is not a container.")] = ""
    nonce: Annotated[str | None, about("Round identifier issued by the reviewers.")] = None
    telemetry_url: Annotated[
        str | None, about("Page of a device exporter, of the machine that the engine runs on.")
    ] = None
    topology: Annotated[TopologyChoice | UnsetType, about("Several nodes; absent for one.")] = UNSET


class Thinking(Document):
    """What a chat template knows of a model that thinks."""

    switch: Annotated[str, about("The variable that turns it off; empty where there is none.")]
    begun: Annotated[
        bool,
        about(
            "The template begins the thinking itself, switched off or not: no answer is seen before it ends."
        ),
    ]


class BasisModel(Document):
    """The model as it lay on the machine."""

    id: Annotated[str, about("Hub id or directory name.")]
    revision: Annotated[str | None, about("Pinned Hub commit, or null.")]
    path: Annotated[str, about("Directory on that machine.")]
    files: Annotated[
        tuple[FileDigest, ...], about("Files with digests; empty before they were read.")
    ]
    source: Annotated[ModelSource, about("What its facts follow from.")]
    tokenizer_sha256: Annotated[Sha256 | None, about("Digest of the tokenizer, or null.")]
    chat_template_sha256: Annotated[Sha256 | None, about("Digest of the chat template, or null.")]
    shortest_prompts: Annotated[
        dict[str, Positive],
        about("Tokens of the shortest prompt by API; empty when nothing has an exact length."),
    ]
    thinking: Annotated[
        Thinking | None, about("What the chat template knows of thinking; null for nothing.")
    ]


class BasisTrace(Document):
    """A trace that the profile replays."""

    name: Annotated[str, about("The file's name.")]
    sha256: Annotated[Sha256, about("Digest of the file.")]
    arrivals_ns: Annotated[tuple[Count, ...], about("Nanoseconds since the first request.")]
    lengths: Annotated[
        tuple[tuple[Count, Count], ...] | None,
        about("Prompt and answer in tokens of each request; null when the file has none."),
    ]


class Attached(Document):
    """What a server that ran already answered when it was met."""

    path: Annotated[str, about("Path that showed its health.")]
    served_model_name: Annotated[str, about("Name of its model.")]


class Basis(Document):
    """What a plan was made from: declaration, profile, tasks, model, and what was chosen."""

    SCHEMA: ClassVar[str] = "basis"

    basis_schema: Annotated[Literal[1], about("Version of this schema.")]
    suite: Annotated[SuiteVersion, about("Which suite made the plan.")]
    declaration: Annotated[
        dict[str, object], about("The vendor's declaration, by its own schema.", min_length=1)
    ]
    profile: Annotated[dict[str, object], about("The profile, by its own schema.", min_length=1)]
    traces: Annotated[
        tuple[BasisTrace, ...] | UnsetType, about("Traces that the profile replays.")
    ] = UNSET
    taskset: Annotated[TaskSet, about("The tasks.")]
    model: Annotated[BasisModel, about("The model.")]
    runtime: Annotated[RuntimeKind, about("How the engine runs.")]
    engine: Annotated[str | None, about("Engine by id; null: the declaration's first.")]
    accelerator: Annotated[str | None, about("Accelerator by id; null: the engine's first.")]
    devices: Annotated[
        Annotated[int, Meta(ge=-MOST_DEVICES, le=MOST_DEVICES)] | None,
        about("Number of devices; null: as the options say, or one."),
    ]
    url: Annotated[str | None, about("Address of a server that ran already.")]
    overrides: Annotated[
        dict[str, str],
        about("Engine arguments by name without dashes; an empty value is a flag."),
    ]
    options: Annotated[Options, about("What else was chosen.")]
    challenge: Annotated[
        BasisChallenge | UnsetType, about("The challenge that the run was made under.")
    ] = UNSET
    reference: Annotated[
        Annotated[str, Meta(max_length=16 << 20)] | UnsetType,
        about(
            "The signed reference run that the answers are held against, a Sigstore bundle; absent for one that the suite ships."
        ),
    ] = UNSET
    sim_script: Annotated[
        str | UnsetType, about("Script of the scripted server; only for the runtime sim.")
    ] = UNSET
    attached: Annotated[
        Attached | UnsetType, about("Only for a server that ran already and was met.")
    ] = UNSET
    chinese: Annotated[
        dict[str, str] | UnsetType,
        about(
            "The Chinese form of the sentences above that the suite wrote, by their English one."
        ),
    ] = UNSET
