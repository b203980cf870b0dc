"""One line of ``engine-metrics.jsonl``."""

from typing import Annotated, ClassVar

from msgspec import UNSET, UnsetType

from suite.documents.document import Document, about
from suite.documents.scalars import Integer, NonNegative, Ratio


class EngineSample(Document):
    """What the engine's own metrics page said at a moment, by uniform names; what it does not count is absent.

    Numbers of several models, ranks or replicas behind one page are added up; of the cache's use the largest is taken.
    """

    SCHEMA: ClassVar[str] = "engine-sample"

    t: Annotated[Integer, about("When. Nanoseconds of the monotonic clock since the run's start.")]
    phase: Annotated[str, about("Beside which phase, as name/repeat.")]
    running: Annotated[NonNegative | UnsetType, about("Requests that run.")] = UNSET
    waiting: Annotated[NonNegative | UnsetType, about("Requests that wait.")] = UNSET
    kv_use: Annotated[Ratio | UnsetType, about("Share of the KV cache in use.")] = UNSET
    cache_hits: Annotated[
        NonNegative | UnsetType, about("Counter of prompt tokens taken from the prefix cache.")
    ] = UNSET
    cache_queries: Annotated[
        NonNegative | UnsetType, about("Counter of prompt tokens looked up in the prefix cache.")
    ] = UNSET
    preemptions: Annotated[NonNegative | UnsetType, about("Counter of preempted requests.")] = UNSET
    drafted: Annotated[NonNegative | UnsetType, about("Counter of speculated tokens.")] = UNSET
    accepted: Annotated[
        NonNegative | UnsetType, about("Counter of speculated tokens that were accepted.")
    ] = UNSET
    prompt_tokens: Annotated[NonNegative | UnsetType, about("Counter of prompt tokens.")] = UNSET
    generated_tokens: Annotated[NonNegative | UnsetType, about("Counter of generated tokens.")] = (
        UNSET
    )
    finished: Annotated[NonNegative | UnsetType, about("Counter of finished requests.")] = UNSET
