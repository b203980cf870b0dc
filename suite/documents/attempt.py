"""One line of ``attempts.jsonl``: what an earlier attempt of a resumed run left, beside its events in the log."""

from typing import Annotated, ClassVar, Literal

from msgspec import UNSET, UnsetType

from suite.documents.container import ContainerRecord
from suite.documents.document import Document, about
from suite.documents.environment import Environment
from suite.documents.scalars import Positive


class Attempt(Document):
    """An attempt that was cut, and after which the run was resumed."""

    SCHEMA: ClassVar[str] = "attempt"

    attempt_schema: Annotated[Literal[1], about("Version of this schema.")]
    number: Annotated[Positive, about("Which attempt, from 1.")]
    environment: Annotated[Environment, about("Its environment.json.")]
    container: Annotated[
        ContainerRecord | UnsetType, about("Its container.json; absent where it left none.")
    ] = UNSET
