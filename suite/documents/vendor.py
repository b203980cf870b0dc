"""``vendors/<id>/vendor.yaml``: how a vendor's devices are found, selected, given to a container and read.

A template is text with placeholders in braces, filled in by `suite.declare.vendor.template`.
"""

from typing import Annotated, ClassVar, Literal

from msgspec import UNSET, Meta, UnsetType

from suite.documents.accelerator import Accelerator, Source
from suite.documents.deviceevidence import AttestationKept, AttestationParser
from suite.documents.document import Document, about
from suite.documents.engine import Mount, VersionRule
from suite.documents.plan import TelemetryPlace
from suite.documents.scalars import Identifier, Required, ResourceName, VariableName
from suite.documents.text import Title
from suite.documents.vendor_engine import DeclaredEngine, Permission, RuntimeName


class Prerequisite(Document):
    """Something that the host must have before anything is pulled or started."""

    id: Annotated[Identifier, about("Short name, unique in the file.")]
    what: Annotated[Required, about("What a person would call it.")]
    version: Annotated[str, about("The versions that will do, in words; or unknown.")]
    compare: Annotated[
        VersionRule | UnsetType, about("How the version is read and which will do.")
    ] = UNSET
    uncompared: Annotated[
        str | UnsetType, about("Why a version that is named is not compared.")
    ] = UNSET
    kind: Annotated[
        Literal["path", "command"], about("A path that must exist, or a command that must succeed.")
    ]
    argument: Annotated[
        tuple[str, ...],
        about("[path] or argv; {index} repeats the check for each device.", min_length=1),
    ]
    expect: Annotated[
        str | None, about("Regular expression that the command's output must contain.")
    ]
    hint: Annotated[Required, about("What to do when it is missing.")]
    access: Annotated[
        tuple[str, ...] | UnsetType, about("Only with these ways of device access.")
    ] = UNSET
    engines: Annotated[tuple[str, ...] | UnsetType, about("Only for these engines.")] = UNSET
    runtimes: Annotated[tuple[RuntimeName, ...] | UnsetType, about("Only for these runtimes.")] = (
        UNSET
    )
    source: Annotated[Required, about("Key of sources.")]


class VisibilityVariable(Document):
    """An environment variable that selects devices."""

    variable: Annotated[VariableName, about("Its name.")]
    syntax: Annotated[Literal["indices", "count"], about("A list of device indices, or how many.")]
    separator: Annotated[str, about("Between two indices.")]
    all: Annotated[
        str | None, about("The value that means every device; null where the stack rejects one.")
    ]
    in_container: Annotated[
        bool, about("Set inside a container too, counting from 0 where devices are renumbered.")
    ]
    source: Annotated[Required, about("Key of sources.")]


class Visibility(Document):
    """How devices are selected: once for the container runtime, once for the process inside."""

    container: Annotated[VisibilityVariable | None, about("Read by the container runtime.")]
    process: Annotated[tuple[VisibilityVariable, ...], about("Read by the engine's process.")]
    renumbered: Annotated[bool, about("Inside the container the devices count from 0 again.")]
    physical_ids: Annotated[
        bool, about("Device nodes are numbered by physical id, not by logical index.")
    ]


class DeviceNodes(Document):
    """Device nodes."""

    common: Annotated[tuple[str, ...], about("Nodes that every container needs.")]
    per_device: Annotated[
        tuple[str, ...], about("Templates with {index}, one per selected device.")
    ]


class DeviceAccess(Document):
    """One way to give a container its devices; the first in the list is the default."""

    SCHEMA_EXTRA: ClassVar[dict[str, object]] = {
        "allOf": [
            {
                "if": {"properties": {"kind": {"const": "toolkit"}}, "required": ["kind"]},
                "then": {
                    "anyOf": [
                        {"required": ["runtime"]},
                        {"required": ["gpus"]},
                        # The toolkit has made itself Docker's default runtime, which reads the variable.
                        {"properties": {"sets_visibility": {"const": True}}},
                    ]
                },
            },
            {
                "if": {"properties": {"kind": {"const": "cdi"}}, "required": ["kind"]},
                "then": {"required": ["cdi"]},
            },
            {
                "if": {"properties": {"kind": {"const": "raw"}}, "required": ["kind"]},
                "then": {"required": ["nodes"]},
            },
            {
                "if": {"properties": {"kind": {"const": "wrapper"}}, "required": ["kind"]},
                "then": {"required": ["wrapper"]},
            },
        ]
    }

    id: Annotated[Identifier, about("Short name, unique in the file.")]
    kind: Annotated[Literal["toolkit", "cdi", "raw", "wrapper", "none"], about("Which mechanism.")]
    runtime: Annotated[str | UnsetType, about("Container runtime, as in docker run --runtime.")] = (
        UNSET
    )
    gpus: Annotated[str | UnsetType, about("Template for docker run --gpus, with {visible}.")] = (
        UNSET
    )
    cdi: Annotated[
        str | UnsetType, about("Template for docker run --device with a CDI kind, with {index}.")
    ] = UNSET
    nodes: Annotated[DeviceNodes | UnsetType, about("Device nodes.")] = UNSET
    mounts: Annotated[tuple[Mount, ...] | UnsetType, about("Bind mounts.")] = UNSET
    groups: Annotated[tuple[str, ...] | UnsetType, about("Supplementary groups.")] = UNSET
    capabilities: Annotated[tuple[str, ...] | UnsetType, about("Linux capabilities to add.")] = (
        UNSET
    )
    security_opt: Annotated[tuple[str, ...] | UnsetType, about("Security options.")] = UNSET
    ulimits: Annotated[dict[str, int] | UnsetType, about("Resource limits; -1 is unlimited.")] = (
        UNSET
    )
    tmpfs: Annotated[dict[str, str] | UnsetType, about("Mount point to options.")] = UNSET
    wrapper: Annotated[
        str | UnsetType, about("Program that replaces docker, for example metax-docker.")
    ] = UNSET
    env: Annotated[
        dict[VariableName, str] | UnsetType,
        about("Environment for the container runtime; a value may hold {visible}."),
    ] = UNSET
    sets_visibility: Annotated[bool, about("Whether the container's visibility variable is set.")]
    sees_all: Annotated[
        bool | UnsetType,
        about(
            "Every device of the machine is in the container, under the host's index: the process's variable selects."
        ),
    ] = UNSET
    privileged: Annotated[Permission | UnsetType, about("Runs with --privileged.")] = UNSET
    host_network: Annotated[Permission | UnsetType, about("Shares the host's network.")] = UNSET
    source: Annotated[Required, about("Key of sources.")]
    note: Annotated[str | UnsetType, about("What else to know.")] = UNSET


class TelemetryQuantity(Document):
    """What a telemetry tool says about one quantity."""

    available: Annotated[
        Literal["always", "sometimes", "never", "unknown"], about("Whether it comes.")
    ]
    unit: Annotated[str, about("As the tool prints it.")]
    scope: Annotated[Literal["device", "card", "package", "host"], about("What it is for.")]
    note: Annotated[str | UnsetType, about("What else to know.")] = UNSET


class DeclaredTelemetry(Document):
    """One way to read the devices; the first that works is used."""

    id: Annotated[Identifier, about("Short name, unique in the file.")]
    tool: Annotated[str, about("Name of the program; it never identifies the vendor.")]
    command: Annotated[tuple[str, ...], about("Argv; empty when files are read.")]
    where: Annotated[TelemetryPlace, about("Where it runs.")]
    privilege: Annotated[Literal["none", "group", "root"], about("What it needs.")]
    parser: Annotated[str, about("Name of the parser.")]
    format: Annotated[str, about("Versions whose output the parser reads.")]
    interval_ms: Annotated[int, about("Between two samples.", ge=10)]
    averages_ms: Annotated[
        Annotated[int, Meta(ge=1)] | UnsetType,
        about("The power is a mean over so long before each reading; absent for a momentary one."),
    ] = UNSET
    metrics: Annotated[
        dict[
            Annotated[
                str,
                Meta(
                    pattern="^(power_w|energy_j|utilisation|memory_used_bytes|memory_total_bytes|temperature_c|clock_mhz)(?!\\n)$"
                ),
            ],
            TelemetryQuantity,
        ],
        about("By name: power_w, energy_j, utilisation, memory_used_bytes, ."),
    ]
    source: Annotated[Required, about("Key of sources.")]


class DeclaredAttestation(Document):
    """A program of the devices' maker that has them sign a nonce."""

    id: Annotated[Identifier, about("Short name, unique in the file.")]
    command: Annotated[
        tuple[str, ...],
        about("Argv; {nonce} stands for 64 hexadecimal digits.", min_length=2),
    ]
    parser: Annotated[AttestationParser, about("Name of the reader.")]
    format: Annotated[str, about("Versions whose output the reader reads.")]
    source: Annotated[Required, about("Key of sources.")]
    keep: Annotated[
        AttestationKept | UnsetType,
        about(
            "digest: the run keeps no answer, which names the devices, but its digest and theirs with the run's salt; the "
            "devices then vouch for nothing. Absent: the answers are kept as they come."
        ),
    ] = UNSET
    note: Annotated[str | UnsetType, about("What else to know.")] = UNSET


class KubernetesResource(Document):
    """Under which name the vendor's device plugin offers devices to Kubernetes."""

    resource: Annotated[
        ResourceName, about("Extended resource, of which a device is one, such as nvidia.com/gpu.")
    ]
    accelerators: Annotated[
        tuple[str, ...] | UnsetType, about("Only for these; absent: for all.")
    ] = UNSET
    source: Annotated[Required, about("Key of sources.")]


class Vendor(Document):
    """A whole declaration."""

    SCHEMA: ClassVar[str] = "vendor"

    vendor_schema: Annotated[Literal[1], about("Version of this shape.")]
    id: Annotated[Identifier, about("Name of the directory.")]
    name: Annotated[str, about("The company.")]
    title: Annotated[Title, about("For the report.")]
    stack: Annotated[str, about("The vendor's platform, for example CUDA.")]
    emulated: Annotated[
        bool | UnsetType, about("The vendor's commands are answered by an emulated image.")
    ] = UNSET
    sources: Annotated[dict[Identifier, Source], about("Where facts were read.")]
    prerequisites: Annotated[tuple[Prerequisite, ...], about("Of the host.")]
    visibility: Annotated[Visibility, about("Selecting devices.")]
    access: Annotated[
        tuple[DeviceAccess, ...], about("Giving devices to a container.", min_length=1)
    ]
    accelerators: Annotated[
        tuple[Accelerator, ...], about("The devices; the first is the default.", min_length=1)
    ]
    engines: Annotated[
        tuple[DeclaredEngine, ...], about("The engines; the first is the default.", min_length=1)
    ]
    telemetry: Annotated[tuple[DeclaredTelemetry, ...], about("Reading the devices.")]
    attestation: Annotated[
        tuple[DeclaredAttestation, ...] | UnsetType,
        about(
            "Having the devices sign before and after a run, where their maker has a tool for it."
        ),
    ] = UNSET
    kubernetes: Annotated[
        tuple[KubernetesResource, ...] | UnsetType,
        about("Names of the devices in Kubernetes; absent: nobody has read them."),
    ] = UNSET
    notes: Annotated[tuple[str, ...], about("Traps.")]
