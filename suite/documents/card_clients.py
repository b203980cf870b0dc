"""The load clients of a run as its scorecard has them: a column for each fact, an entry for each client that joined."""

from typing import Annotated

from suite.documents.document import Document, about
from suite.documents.scalars import Count, Line, NonNegative, Number, Ratio


class CardClients(Document):
    """What is known of each load client, in the order in which they joined; every column is as long as the others."""

    number: Annotated[
        tuple[Count, ...],
        about(
            "Its number; one that joined again in another attempt has two entries.", min_length=1
        ),
    ]
    attempt: Annotated[tuple[Count, ...], about("Attempt of the run in which it joined, from 0.")]
    machine: Annotated[
        tuple[Count, ...],
        about(
            "Which of the clients' machines it is on, from 0 in each attempt.", standing="observed"
        ),
    ]
    host: Annotated[tuple[Line, ...], about("That machine's processor.", standing="observed")]
    cores: Annotated[
        tuple[Count, ...], about("Its processors; 0 where unknown.", standing="observed")
    ]
    ceiling: Annotated[
        tuple[NonNegative, ...],
        about(
            "Tokens a second up to which it was found exact, measured on it before the run.",
            standing="observed",
        ),
    ]
    connections: Annotated[
        tuple[Count, ...],
        about("Connections that it opened to the server before the load.", standing="observed"),
    ]
    connect_least_ms: Annotated[
        tuple[NonNegative | None, ...],
        about("How long the quickest of them took; null without one.", standing="observed"),
    ]
    connect_most_ms: Annotated[
        tuple[NonNegative | None, ...],
        about("How long the slowest of them took; null without one.", standing="observed"),
    ]
    requests: Annotated[
        tuple[Count, ...], about("Measured requests that it sent.", standing="recomputed")
    ]
    share: Annotated[
        tuple[Ratio, ...],
        about("Of all measured requests that clients sent.", standing="recomputed"),
    ]
    clock_least_us: Annotated[
        tuple[Number | None, ...],
        about(
            "Its times in measured loads, less the run's clock, microseconds: not below this; null where no exchange says.",
            standing="recomputed",
        ),
    ]
    clock_most_us: Annotated[
        tuple[Number | None, ...], about("The same: not above this.", standing="recomputed")
    ]
    planned: Annotated[
        tuple[Count, ...],
        about(
            "Measured requests of it that had a planned moment and a bound on lateness.",
            standing="recomputed",
        ),
    ]
    late: Annotated[
        tuple[Count, ...], about("Those sent later than that bound.", standing="recomputed")
    ]
    lost: Annotated[
        tuple[Line, ...],
        about("Why it no longer took part; empty while it did.", standing="recomputed"),
    ]

    def __post_init__(self) -> None:
        """Refuse columns of different lengths."""
        if len({len(getattr(self, name)) for name in self.__struct_fields__}) != 1:
            raise ValueError("the columns of clients differ in length")
