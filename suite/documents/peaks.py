"""Declared peaks, as a plan and a card name them: dense, per device, each with its source."""

from typing import Annotated, Literal

from msgspec import UNSET, UnsetType

from suite.documents.document import Document, about
from suite.documents.scalars import Line, Name, NonNegative, Positive, PositiveNumber


class CPUBasis(Document):
    """What a processor's peak was calculated from."""

    isa: Annotated[Name, about("Instruction set, one of the declared formulas.")]
    flag: Annotated[Name, about("Its flag in /proc/cpuinfo.")]
    cores: Annotated[Positive, about("Physical cores.")]
    clock_mhz: Annotated[PositiveNumber, about("Clock that all of them are said to sustain.")]


class Peak(Document):
    """The declared dense peak that MFU divides by, per device."""

    precision: Annotated[Name, about("Of the multiply.")]
    flops: Annotated[PositiveNumber, about("FLOP/s of one device.")]
    basis: Annotated[Literal["dense"], about("Never with structured sparsity.")]
    scope: Annotated[str, about("What the declared figure was for.", max_length=100)]
    source: Annotated[Line, about("Where it was read.")]
    note: Annotated[Line, about("What else to know.")]
    cpu: Annotated[CPUBasis | UnsetType, about("Only for a processor.")] = UNSET


class Peaks(Document):
    """Declared peaks; unknown stays unknown with its reason."""

    compute: Annotated[Peak | None, about("The peak that MFU divides by; null when unknown.")]
    compute_unknown: Annotated[Line, about('Why, "" when known.')]
    bandwidth_bytes_per_s: Annotated[
        NonNegative | None, about("Declared memory bandwidth of one device; null when unknown.")
    ]
    bandwidth_source: Annotated[Line, about("Where it was read, or why it is unknown.")]
    tdp_w: Annotated[
        NonNegative | None, about("Declared thermal design power of one device; null when unknown.")
    ]
