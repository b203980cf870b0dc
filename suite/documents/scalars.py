"""Numbers and texts that recur in documents.

A JSON number is kept as it was written, integer or float, so that a document's digest survives reading.
No integer lies beyond 2**53 - 1, the largest that every JSON reader keeps exact (`suite.base.jsonio`).
"""

from typing import Annotated, TypeAlias

from msgspec import Meta

from suite.base.jsonio import MAX_INTEGER

Integer: TypeAlias = Annotated[int, Meta(ge=-MAX_INTEGER, le=MAX_INTEGER)]
Count: TypeAlias = Annotated[int, Meta(ge=0, le=MAX_INTEGER)]
Positive: TypeAlias = Annotated[int, Meta(ge=1, le=MAX_INTEGER)]
Seed: TypeAlias = Annotated[int, Meta(ge=0, le=2**32 - 1)]
Port: TypeAlias = Annotated[int, Meta(ge=1, le=65535)]

Number: TypeAlias = Integer | float
PositiveNumber: TypeAlias = (
    Annotated[int, Meta(gt=0, le=MAX_INTEGER)] | Annotated[float, Meta(gt=0)]
)
NonNegative: TypeAlias = Count | Annotated[float, Meta(ge=0)]
Ratio: TypeAlias = Annotated[int, Meta(ge=0, le=1)] | Annotated[float, Meta(ge=0, le=1)]
"""From 0 to 1."""
Share: TypeAlias = Annotated[int, Meta(gt=0, le=1)] | Annotated[float, Meta(gt=0, le=1)]
"""Above 0, at most 1."""
Percentile: TypeAlias = Annotated[int, Meta(gt=0, lt=100)] | Annotated[float, Meta(gt=0, lt=100)]
Milliseconds: TypeAlias = (
    Annotated[int, Meta(gt=0, le=86_400_000)] | Annotated[float, Meta(gt=0, le=86_400_000)]
)
"""Above 0, at most a day."""

Required: TypeAlias = Annotated[str, Meta(min_length=1)]
"""A text that is not empty."""
Word: TypeAlias = Annotated[str, Meta(max_length=40)]
Label: TypeAlias = Annotated[str, Meta(max_length=200)]
Name: TypeAlias = Annotated[str, Meta(min_length=1, max_length=200)]
LINE_LENGTH = 2000
"""Characters of the longest `Line`."""
Line: TypeAlias = Annotated[str, Meta(max_length=LINE_LENGTH)]
LongLine: TypeAlias = Annotated[str, Meta(max_length=4000)]
Identifier: TypeAlias = Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9_.-]*$")]
VariableName: TypeAlias = Annotated[str, Meta(pattern="^[A-Za-z_][A-Za-z0-9_]*$")]
RESOURCE_PATTERN = (
    "^[a-z0-9]([a-z0-9.-]*[a-z0-9])?/[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?(?!\\n)$"
)
ResourceName: TypeAlias = Annotated[str, Meta(pattern=RESOURCE_PATTERN, max_length=200)]
"""An extended resource of Kubernetes: a domain, a slash, a name."""
Day: TypeAlias = Annotated[str, Meta(pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}$", max_length=10)]
RuleId: TypeAlias = Annotated[str, Meta(pattern="^R[0-9]{3}$", max_length=4)]
Sha256: TypeAlias = Annotated[str, Meta(pattern="^[0-9a-f]{64}$", max_length=64)]
"""64 lower-case hexadecimal digits; the length keeps out a line feed, which ``$`` lets pass."""
Sha256OrEmpty: TypeAlias = Annotated[str, Meta(pattern="^([0-9a-f]{64})?$", max_length=64)]
ImageDigest: TypeAlias = Annotated[str, Meta(pattern="^sha256:[0-9a-f]{64}$", max_length=71)]
