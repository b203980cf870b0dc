"""The shape of ``vendors/<id>/vendor.yaml``. Mirrors ``schemas/vendor.schema.json``.

A template is text with placeholders in braces, filled in by `suite.declare.vendor.template`. Every figure is either
known with its `source` (a key of `VendorDoc.sources`) or the word ``unknown`` with the reason `why`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NotRequired, TypedDict

if TYPE_CHECKING:
    from suite.declare.enginedoc import EngineDecl, ReasonDoc, RuntimeName

VENDOR_SCHEMA = 1


class TitleDoc(TypedDict):
    """A text for people, in both languages of the report."""

    en: str  # English
    zh: str  # Chinese


class SourceDoc(TypedDict):
    """Where a declared fact was read."""

    ref: str  # URL, or repository with commit and path, or the exact place in a manual
    kind: Literal[
        "vendor",
        "curated",
        "configuration",
        "device-readout",
        "press",
        "community",
        "arithmetic",
        "recorded",
    ]  # how close the place is to the maker of the device
    note: NotRequired[str]  # what to know before trusting it


class FigureDoc(TypedDict):
    """One declared number."""

    value: float | Literal["unknown"]  # the number, or the word unknown
    unit: Literal["GB", "GiB", "GB/s", "W", "MHz", "count"]  # GB and GiB differ by 7 percent
    source: NotRequired[str]  # key of sources; needed unless the value is unknown
    why: NotRequired[str]  # why it is unknown; needed then
    note: NotRequired[str]  # what else is claimed, and by whom
    confidence: NotRequired[Literal["high", "medium", "low"]]  # how far the source is trusted


class PrerequisiteDoc(TypedDict):
    """Something that the host must have before anything is pulled or started."""

    id: str  # short name, unique in the file
    what: str  # what a person would call it
    version: str  # the versions that will do, or unknown
    kind: Literal["path", "command"]  # a path that must exist, or a command that must succeed
    argument: list[str]  # [path] or argv; {index} repeats the check for each device
    expect: str | None  # regular expression that the command's output must contain
    hint: str  # what to do when it is missing
    access: NotRequired[list[str]]  # only with these ways of device access
    engines: NotRequired[list[str]]  # only for these engines
    runtimes: NotRequired[list[RuntimeName]]  # only for these runtimes
    source: str  # key of sources


class VariableDoc(TypedDict):
    """An environment variable that selects devices."""

    variable: str  # its name
    syntax: Literal["indices", "count"]  # a list of device indices, or how many
    separator: str  # between two indices
    all: str | None  # the value that means every device; null where the stack rejects one
    in_container: bool  # set inside a container too, counting from 0 where devices are renumbered
    source: str  # key of sources


class VisibilityDoc(TypedDict):
    """How devices are selected: once for the container runtime, once for the process inside."""

    container: VariableDoc | None  # read by the container runtime
    process: list[VariableDoc]  # read by the engine's process
    renumbered: bool  # inside the container the devices count from 0 again
    physical_ids: bool  # device nodes are numbered by physical id, not by logical index


class NodesDoc(TypedDict):
    """Device nodes."""

    common: list[str]  # nodes that every container needs
    per_device: list[str]  # templates with {index}, one per selected device


class MountDecl(TypedDict):
    """A bind mount that device access needs."""

    source: str  # path on the host
    target: str  # path in the container
    read_only: bool  # whether the container may only read it


class AccessDoc(TypedDict):
    """One way to give a container its devices; the first in the list is the default."""

    id: str  # short name, unique in the file
    kind: Literal["toolkit", "cdi", "raw", "wrapper", "none"]  # which mechanism
    runtime: NotRequired[str]  # container runtime, as in docker run --runtime
    gpus: NotRequired[str]  # template for docker run --gpus, with {visible}
    cdi: NotRequired[str]  # template for docker run --device with a CDI kind, with {index}
    nodes: NotRequired[NodesDoc]  # device nodes
    mounts: NotRequired[list[MountDecl]]  # bind mounts
    groups: NotRequired[list[str]]  # supplementary groups
    capabilities: NotRequired[list[str]]  # Linux capabilities to add
    security_opt: NotRequired[list[str]]  # security options
    ulimits: NotRequired[dict[str, int]]  # resource limits; -1 is unlimited
    tmpfs: NotRequired[dict[str, str]]  # mount point to options
    wrapper: NotRequired[str]  # program that replaces docker, for example metax-docker
    env: NotRequired[dict[str, str]]  # environment for the container runtime
    sets_visibility: bool  # whether the container's visibility variable is set
    privileged: NotRequired[ReasonDoc]  # runs with --privileged
    host_network: NotRequired[ReasonDoc]  # shares the host's network
    source: str  # key of sources
    note: NotRequired[str]  # what else to know


class TopologyDoc(TypedDict):
    """What a device is, and what one tensor-parallel rank means."""

    device: Literal[
        "card", "package", "die", "chip", "gcd", "numa-node", "host"
    ]  # what the tool counts
    devices_per_card: int  # devices on one physical card
    devices_per_instance: NotRequired[
        int
    ]  # devices in one rented machine, where sums are advertised
    rank: str  # what one tensor-parallel rank is: device, NeuronCore, NUMA node, ...
    ranks_per_device: int  # tensor-parallel ranks that one device can hold


class MemoryDoc(TypedDict):
    """Device memory."""

    capacity: FigureDoc  # with GB or GiB stated
    bandwidth: FigureDoc  # nominal, in GB/s of 10^9
    declared_total: bool  # the tool prints only a percentage, so that this capacity is its base


class PowerDoc(TypedDict):
    """Three figures that are often mixed up."""

    tdp: FigureDoc  # thermal design power of the processor
    board: FigureDoc  # power of the whole board
    device_limit: FigureDoc  # the cap that the device itself reports


class ClaimDoc(TypedDict):
    """One published or measured figure for a peak."""

    value: float | Literal["unknown"]  # in the unit of the peak, or the word unknown
    basis: Literal["dense", "sparse", "unstated"]  # whether structured sparsity is counted
    scope: Literal["die", "device", "card", "instance"]  # what the figure is for
    kind: Literal[
        "nominal", "derived", "measured"
    ]  # published, calculated, or read off a benchmark
    used: bool  # the one claim that MFU divides by
    source: NotRequired[str]  # key of sources; needed unless the value is unknown
    why: NotRequired[str]  # why it is unknown; needed then
    clock_mhz: NotRequired[float]  # the clock that the figure assumes
    note: NotRequired[str]  # what else to know
    confidence: NotRequired[Literal["high", "medium", "low"]]  # how far the source is trusted


class PrivateDoc(TypedDict):
    """A figure that the vendor withholds and a submitter may bring."""

    why: str  # why it is not published


class FormulaDoc(TypedDict):
    """A peak that is calculated: cores x sustained clock x FLOP per cycle and core."""

    isa: str  # instruction set, as named by lscpu
    flop_per_cycle: float  # per core: FMA pipes x lanes x 2
    fma_pipes: int  # fused multiply-add units per core
    lanes: int  # numbers per vector (or per cycle and unit, for a matrix unit)
    source: str  # key of sources
    note: NotRequired[str]  # what else to know


class PeakDecl(TypedDict):
    """The peak at one precision."""

    precision: Literal[
        "fp64", "fp32", "tf32", "bf16", "fp16", "fp8", "int8", "fp4", "int4"
    ]  # of the multiply
    unit: Literal["TFLOP/s", "TOP/s"]  # a multiply-add counts as two
    claims: list[ClaimDoc]  # every figure that was found
    private: NotRequired[PrivateDoc]  # the vendor publishes none; one may be supplied for a run
    formulas: NotRequired[
        list[FormulaDoc]
    ]  # for processors whose peak follows from cores and clock


class CPUDoc(TypedDict):
    """What a CPU needs said."""

    cores: FigureDoc  # physical cores used; hyper-threads are not cores
    sustained_clock: FigureDoc  # all-core clock under the instruction set in use, not the turbo
    fma_pipes: FigureDoc  # fused multiply-add units per core
    isa: list[str]  # instruction sets that are present; empty when only the host can say
    numa_binding: str  # how ranks are bound to NUMA nodes
    kv_space: FigureDoc  # memory for the KV cache


class LinkDoc(TypedDict):
    """How devices are connected."""

    text: str  # free text
    source: str  # key of sources


class AcceleratorDoc(TypedDict):
    """One model of device."""

    id: str  # short name, unique in the file
    name: str  # as the vendor writes it
    match: NotRequired[str]  # regular expression over the name that the vendor's tool prints
    architecture: NotRequired[str]  # the compiler's target, for example mp_22
    topology: TopologyDoc  # what a device is
    clock: NotRequired[FigureDoc]  # the clock that shipped parts reach
    memory: MemoryDoc  # size and speed
    power: PowerDoc  # watts
    peaks: list[PeakDecl]  # at each precision
    interconnect: NotRequired[LinkDoc]  # between devices
    cpu: NotRequired[CPUDoc]  # only for CPUs
    note: NotRequired[str]  # what else to know


class MetricDecl(TypedDict):
    """What a telemetry tool says about one quantity."""

    available: Literal["always", "sometimes", "never", "unknown"]  # whether it comes
    unit: str  # as the tool prints it
    scope: Literal["device", "card", "package", "host"]  # what it is for
    note: NotRequired[str]  # what else to know


class TelemetryDecl(TypedDict):
    """One way to read the devices; the first that works is used."""

    id: str  # short name, unique in the file
    tool: str  # name of the program; it never identifies the vendor
    command: list[str]  # argv; empty when files are read
    where: Literal["host", "container"]  # where it runs
    privilege: Literal["none", "group", "root"]  # what it needs
    parser: str  # name of the parser
    format: str  # versions whose output the parser reads
    interval_ms: int  # between two samples
    mode: Literal["one-shot", "streaming"]  # asked again, or left running
    first_sample_unknown: bool  # the first sample may be empty
    metrics: dict[
        str, MetricDecl
    ]  # by name: power_w, energy_j, utilisation, memory_used_bytes, ...
    source: str  # key of sources


class VendorDoc(TypedDict):
    """A whole declaration."""

    vendor_schema: int  # version of this shape
    id: str  # name of the directory
    name: str  # the company
    title: TitleDoc  # for the report
    stack: str  # the vendor's platform, for example CUDA
    emulated: NotRequired[bool]  # the vendor's commands are answered by an emulated image
    sources: dict[str, SourceDoc]  # where facts were read
    prerequisites: list[PrerequisiteDoc]  # of the host
    visibility: VisibilityDoc  # selecting devices
    access: list[AccessDoc]  # giving devices to a container
    accelerators: list[AcceleratorDoc]  # the devices; the first is the default
    engines: list[EngineDecl]  # the engines; the first is the default
    telemetry: list[TelemetryDecl]  # reading the devices
    notes: list[str]  # traps
