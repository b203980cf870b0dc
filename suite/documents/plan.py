"""The plan: what was asked, fully resolved. Sizes are bytes unless the name says otherwise."""

from typing import Annotated, ClassVar, Final, Literal

from msgspec import UNSET, UnsetType

from suite.base.bilingual import Sentence
from suite.documents.challenge import Challenge
from suite.documents.deviceevidence import AttestationKept, AttestationParser
from suite.documents.document import Document, about
from suite.documents.engine import Conversion, Engine
from suite.documents.model import Model
from suite.documents.peaks import Peaks
from suite.documents.scalars import Name, Positive, Sha256
from suite.documents.topology import Topology
from suite.documents.workload import Workload

RuntimeKind = Literal["container", "process", "endpoint", "sim"]
TelemetryPlace = Literal["host", "container"]


PLAN_SCHEMA: Final = 1
UNKNOWN: Final = "unknown"
"""Accelerators of a running server that nobody named."""


class SuiteVersion(Document):
    """Which suite made the plan."""

    version: Annotated[Name, about("Version of the suite.")]
    commit: Annotated[
        Name, about('"unknown" outside a git checkout; ends with +dirty when files were changed.')
    ]
    files_sha256: Annotated[
        Sha256 | UnsetType,
        about("Digest over the suite's own files; the same of a checkout and of its wheel."),
    ] = UNSET


class VendorRef(Document):
    """Which declaration was used."""

    id: Annotated[str, about("Directory of the declaration.")]
    name: Annotated[str, about("The company.")]
    sha256: Annotated[Sha256, about("Of the canonical declaration.")]
    emulated: Annotated[
        bool, about("True when the vendor's commands are answered by an emulated image.")
    ]


class UsedDevices(Document):
    """On how many of which accelerators."""

    count: Annotated[Positive | None, about("How many; null when nobody knows.")]
    accelerator: Annotated[
        Name,
        about(
            'Id of the accelerator in the declaration, e.g. "s4000", "h100-sxm", "cpu"; "unknown".'
        ),
    ]
    name: Annotated[Name, about('The accelerator as the vendor writes it; "unknown".')]
    claimed: Annotated[
        bool | UnsetType, about("True where whoever ran names them and nothing observed them.")
    ] = UNSET

    @property
    def title(self) -> Sentence:
        """Number and name, and that they are only claimed."""
        if self.count is None and self.accelerator == UNKNOWN:
            return Sentence("unknown devices", "设备未知")
        claimed = self.claimed is True
        number = (
            ("unknown number of", "数量未知的") if self.count is None else (f"{self.count} x",) * 2
        )
        return Sentence(
            f"{number[0]} {self.name}{' (claimed, not observed)' if claimed else ''}",
            f"{number[1]} {self.name}{'（仅为声称，未经观测）' if claimed else ''}",
        )


class Devices(UsedDevices):
    """Which accelerators the engine may use."""

    visible: Annotated[str, about('Value given to the visibility variable, "" for CPU.')]


class TelemetryTool(Document):
    """One telemetry tool to sample beside the measured window."""

    tool: Annotated[str, about("Name of the program.")]
    where: Annotated[TelemetryPlace, about("Where it runs.")]
    command: Annotated[tuple[str, ...], about("Resolved argv; empty when files are read.")]
    parser: Annotated[str, about("Name of the parser.")]
    interval_ms: Annotated[Positive, about("Between two samples.")]
    averages_ms: Annotated[
        Positive | UnsetType,
        about("The power is a mean over so long before each reading; absent for a momentary one."),
    ] = UNSET


class AttestationTool(Document):
    """One tool that has the devices sign a nonce, before and after the run."""

    command: Annotated[
        tuple[str, ...], about("Argv; {nonce} stands for the plan's digest, then the log's.")
    ]
    parser: Annotated[AttestationParser, about("Name of the reader.")]
    keep: Annotated[
        AttestationKept | UnsetType,
        about(
            "digest: the run keeps no answer, which names the devices, but its digest and theirs with the run's salt; the "
            "devices then vouch for nothing. Absent: the answers are kept as they come."
        ),
    ] = UNSET


class Plan(Document):
    """The whole plan."""

    SCHEMA: ClassVar[str] = "plan"

    plan_schema: Annotated[Literal[1], about("Version of this shape.")]
    suite: Annotated[SuiteVersion, about("Which suite made the plan.")]
    vendor: Annotated[VendorRef, about("Which declaration.")]
    runtime: Annotated[RuntimeKind, about("Where the engine runs.")]
    runtime_note: Annotated[str, about('Why not a container, "" otherwise.')]
    devices: Annotated[Devices, about("Which accelerators.")]
    engine: Annotated[Engine, about("The engine as it will be started.")]
    topology: Annotated[
        Topology | UnsetType, about("How the engine lies over several nodes; absent for one.")
    ] = UNSET
    conversion: Annotated[
        Conversion | None, about("What happens to the weights first; null for nothing.")
    ]
    model: Annotated[Model, about("Which model.")]
    workload: Annotated[Workload, about("What is asked.")]
    peaks: Annotated[Peaks, about("Declared peaks.")]
    telemetry: Annotated[
        tuple[TelemetryTool, ...], about("Tools sampled beside the measured window, best first.")
    ]
    attestation: Annotated[
        tuple[AttestationTool, ...] | UnsetType,
        about("Tools that have the devices sign; absent where the declaration names none."),
    ] = UNSET
    nonce: Annotated[str | UnsetType, about("Round identifier issued by the reviewers.")] = UNSET
    challenge: Annotated[
        Challenge | UnsetType,
        about("What tasks, order, arrivals and controls were drawn from; absent without one."),
    ] = UNSET
    chinese: Annotated[
        dict[str, str] | UnsetType,
        about(
            "The Chinese form of the sentences above that the suite wrote, by their English one."
        ),
    ] = UNSET
