"""One line of ``stamps.jsonl``: how far the log had grown at a moment of the run, and who vouches for that moment."""

from typing import Annotated, ClassVar, Literal

from msgspec import UNSET, Meta, UnsetType

from suite.documents.document import Document, about
from suite.documents.scalars import Count, Integer, Line, Positive, Sha256

Moment = Literal["run.start", "phase.end", "run.end"]


class LogHash(Document):
    """The digest of the log as it stood; its canonical JSON is what a time stamp is over."""

    INTEGERS_ONLY: ClassVar[bool] = True

    after: Annotated[Moment, about("What had just happened.")]
    phase: Annotated[str | UnsetType, about("The phase that had ended, for phase.end.")] = UNSET
    repeat: Annotated[Count | UnsetType, about("The phase's repeat, from 0.")] = UNSET
    bytes: Annotated[Positive, about("Length of events.jsonl, in bytes.")]
    sha256: Annotated[Sha256, about("SHA-256 of these bytes.")]
    t: Annotated[
        Integer,
        about("When it was hashed. Nanoseconds of the monotonic clock since the run's start."),
    ]


class LogStamp(Document):
    """A digest of the log, and the time stamp over it where an authority gave one."""

    SCHEMA: ClassVar[str] = "log-stamp"
    INTEGERS_ONLY: ClassVar[bool] = True

    stated: Annotated[LogHash, about("How the log stood.")]
    token: Annotated[
        Annotated[str, Meta(max_length=90_000)] | UnsetType,
        about("Time stamp (RFC 3161 response in DER, base64) over the canonical JSON of `stated`."),
    ] = UNSET
    answered: Annotated[
        Integer | UnsetType,
        about("When it was there. Nanoseconds of the monotonic clock since the run's start."),
    ] = UNSET
    why: Annotated[Line | UnsetType, about("Why there is no time stamp.")] = UNSET

    def __post_init__(self) -> None:
        """Refuse a stamp without the time of its arrival, and a missing one without a reason."""
        if (self.token is UNSET) != (self.answered is UNSET) or (self.token is UNSET) == (
            self.why is UNSET
        ):
            raise ValueError("a time stamp has the time of its arrival; a missing one has a reason")
