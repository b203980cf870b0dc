"""One model of device in a vendor's declaration.

Every figure is either known, with its `source` (a key of the declaration's sources), or the word ``unknown``
with the reason `why`.
"""

from typing import Annotated, ClassVar, Literal

from msgspec import UNSET, UnsetType

from suite.documents.document import Document, about
from suite.documents.scalars import Identifier, Number, Positive, PositiveNumber, Required

Confidence = Literal["high", "medium", "low"]


class Source(Document):
    """Where a declared fact was read."""

    ref: Annotated[
        Required, about("URL, or repository with commit and path, or the exact place in a manual.")
    ]
    kind: Annotated[
        Literal[
            "vendor",
            "curated",
            "configuration",
            "device-readout",
            "press",
            "community",
            "arithmetic",
            "recorded",
        ],
        about("How close the place is to the maker of the device."),
    ]
    note: Annotated[str | UnsetType, about("What to know before trusting it.")] = UNSET


class Figure(Document):
    """One declared number."""

    SCHEMA_EXTRA: ClassVar[dict[str, object]] = {
        "if": {"properties": {"value": {"const": "unknown"}}, "required": ["value"]},
        "then": {"required": ["why"]},
        "else": {"required": ["source"]},
    }

    value: Annotated[PositiveNumber | Literal["unknown"], about("The number, or the word unknown.")]
    unit: Annotated[
        Literal["GB", "GiB", "GB/s", "W", "MHz", "count"], about("GB and GiB differ by 7 percent.")
    ]
    source: Annotated[
        Required | UnsetType, about("Key of sources; needed unless the value is unknown.")
    ] = UNSET
    why: Annotated[Required | UnsetType, about("Why it is unknown; needed then.")] = UNSET
    why_zh: Annotated[Required | UnsetType, about("The same in Chinese.")] = UNSET
    note: Annotated[str | UnsetType, about("What else is claimed, and by whom.")] = UNSET
    confidence: Annotated[Confidence | UnsetType, about("How far the source is trusted.")] = UNSET


class Topology(Document):
    """What a device is, and what one tensor-parallel rank means."""

    device: Annotated[
        Literal["card", "package", "die", "chip", "gcd", "numa-node", "host"],
        about("What the tool counts."),
    ]
    devices_per_card: Annotated[Positive, about("Devices on one physical card.")]
    devices_per_instance: Annotated[
        Positive | UnsetType, about("Devices in one rented machine, where sums are advertised.")
    ] = UNSET
    rank: Annotated[
        str, about("What one tensor-parallel rank is: device, NeuronCore, NUMA node and so on.")
    ]
    ranks_per_device: Annotated[Positive, about("Tensor-parallel ranks that one device can hold.")]


class Memory(Document):
    """Device memory."""

    capacity: Annotated[Figure, about("With GB or GiB stated.")]
    bandwidth: Annotated[Figure, about("Nominal, in GB/s of 10^9.")]
    declared_total: Annotated[
        bool, about("The tool prints only a percentage, so that this capacity is its base.")
    ]


class Power(Document):
    """Three figures that are often mixed up."""

    tdp: Annotated[Figure, about("Thermal design power of the processor.")]
    board: Annotated[Figure, about("Power of the whole board.")]
    device_limit: Annotated[Figure, about("The cap that the device itself reports.")]


class Claim(Document):
    """One published or measured figure for a peak."""

    SCHEMA_EXTRA: ClassVar[dict[str, object]] = {
        "if": {"properties": {"value": {"const": "unknown"}}, "required": ["value"]},
        "then": {"required": ["why"]},
        "else": {"required": ["source"]},
    }

    value: Annotated[
        PositiveNumber | Literal["unknown"], about("In the unit of the peak, or the word unknown.")
    ]
    basis: Annotated[
        Literal["dense", "sparse", "unstated"], about("Whether structured sparsity is counted.")
    ]
    scope: Annotated[Literal["die", "device", "card", "instance"], about("What the figure is for.")]
    kind: Annotated[
        Literal["nominal", "derived", "measured"],
        about("Published, calculated, or read off a benchmark."),
    ]
    used: Annotated[bool, about("The one claim that MFU divides by.")]
    source: Annotated[
        Required | UnsetType, about("Key of sources; needed unless the value is unknown.")
    ] = UNSET
    why: Annotated[Required | UnsetType, about("Why it is unknown; needed then.")] = UNSET
    why_zh: Annotated[Required | UnsetType, about("The same in Chinese.")] = UNSET
    clock_mhz: Annotated[Number | UnsetType, about("The clock that the figure assumes.")] = UNSET
    note: Annotated[str | UnsetType, about("What else to know.")] = UNSET
    confidence: Annotated[Confidence | UnsetType, about("How far the source is trusted.")] = UNSET


class WithheldFigure(Document):
    """A figure that the vendor withholds and a submitter may bring."""

    why: Annotated[Required, about("Why it is not published.")]


class PeakFormula(Document):
    """A peak that is calculated: cores x sustained clock x FLOP per cycle and core."""

    isa: Annotated[str, about("Instruction set, as named by lscpu.")]
    flag: Annotated[
        Required | UnsetType, about("Its flag in /proc/cpuinfo, where that is not its name.")
    ] = UNSET
    flop_per_cycle: Annotated[Number, about("Per core: FMA pipes x lanes x 2.")]
    fma_pipes: Annotated[int, about("Fused multiply-add units per core.")]
    lanes: Annotated[int, about("Numbers per vector (or per cycle and unit, for a matrix unit).")]
    source: Annotated[Required, about("Key of sources.")]
    note: Annotated[str | UnsetType, about("What else to know.")] = UNSET


class DeclaredPeak(Document):
    """The peak at one precision."""

    precision: Annotated[
        Literal["fp64", "fp32", "tf32", "bf16", "fp16", "fp8", "int8", "fp4", "int4"],
        about("Of the multiply."),
    ]
    unit: Annotated[Literal["TFLOP/s", "TOP/s"], about("A multiply-add counts as two.")]
    claims: Annotated[tuple[Claim, ...], about("Every figure that was found.", min_length=1)]
    private: Annotated[
        WithheldFigure | UnsetType,
        about("The vendor publishes none; one may be supplied for a run."),
    ] = UNSET
    formulas: Annotated[
        tuple[PeakFormula, ...] | UnsetType,
        about("For processors whose peak follows from cores and clock."),
    ] = UNSET


class CPU(Document):
    """What a CPU needs said."""

    cores: Annotated[Figure, about("Physical cores used; hyper-threads are not cores.")]
    sustained_clock: Annotated[
        Figure, about("All-core clock under the instruction set in use, not the turbo.")
    ]
    fma_pipes: Annotated[Figure, about("Fused multiply-add units per core.")]
    isa: Annotated[
        tuple[str, ...],
        about("Instruction sets that are present; empty when only the host can say."),
    ]
    numa_binding: Annotated[str, about("How ranks are bound to NUMA nodes.")]
    kv_space: Annotated[Figure, about("Memory for the KV cache.")]


class Interconnect(Document):
    """How devices are connected."""

    text: Annotated[str, about("Free text.")]
    source: Annotated[Required, about("Key of sources.")]


class Accelerator(Document):
    """One model of device."""

    id: Annotated[Identifier, about("Short name, unique in the file.")]
    name: Annotated[str, about("As the vendor writes it.")]
    match: Annotated[
        str | UnsetType, about("Regular expression over the name that the vendor's tool prints.")
    ] = UNSET
    architecture: Annotated[str | UnsetType, about("The compiler's target, for example mp_22.")] = (
        UNSET
    )
    topology: Annotated[Topology, about("What a device is.")]
    clock: Annotated[Figure | UnsetType, about("The clock that shipped parts reach.")] = UNSET
    memory: Annotated[Memory, about("Size and speed.")]
    power: Annotated[Power, about("Watts.")]
    peaks: Annotated[tuple[DeclaredPeak, ...], about("At each precision.", min_length=1)]
    interconnect: Annotated[Interconnect | UnsetType, about("Between devices.")] = UNSET
    cpu: Annotated[CPU | UnsetType, about("Only for CPUs.")] = UNSET
    note: Annotated[str | UnsetType, about("What else to know.")] = UNSET
