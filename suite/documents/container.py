"""``container.json``: what the Docker engine said of the container that ran, and what was done to it meanwhile."""

from typing import Annotated, ClassVar, Literal

from msgspec import UNSET, UnsetType

from suite.documents.document import Document, about
from suite.documents.scalars import Count


class ImageStep(Document):
    """One step by which an image was made, as the Docker engine keeps it."""

    command: Annotated[str, about("What was run or set.")]
    empty: Annotated[bool, about("It left no layer.")]


class BaseImage(Document):
    """The image that another one was built on, as it lies on the same machine."""

    reference: Annotated[str, about("Its name, as the build was told it.")]
    id: Annotated[str, about("Digest of its configuration.")]
    layers: Annotated[tuple[str, ...], about("Digests of its layers, the lowest first.")]
    history: Annotated[tuple[ImageStep, ...], about("How it was made, the first step first.")]


class ObservedImage(Document):
    """The image that was given to the container."""

    id: Annotated[str, about("Digest of its configuration.")]
    reference: Annotated[str, about("The name that it was taken by.")]
    repo_digests: Annotated[
        tuple[str, ...],
        about("Its names with digests in registries; empty when it never was in one."),
    ]
    architecture: Annotated[str, about("Operating system and processor, such as linux/amd64.")]
    labels: Annotated[dict[str, str], about("Its labels.")]
    layers: Annotated[tuple[str, ...], about("Digests of its layers, the lowest first.")]
    history: Annotated[tuple[ImageStep, ...], about("How it was made, the first step first.")]
    base: Annotated[
        BaseImage | UnsetType,
        about("What its label names as its base; absent when that is not here."),
    ] = UNSET


class ContainerEvent(Document):
    """Something that was done to the container while the run watched."""

    time_us: Annotated[
        Count, about("Wall-clock time, microseconds since 1970, by the Docker engine.")
    ]
    action: Annotated[str, about("As the Docker engine calls it.")]
    own: Annotated[bool, about("The suite itself asked for it.")]


class ContainerRecord(Document):
    """The container that ran."""

    SCHEMA: ClassVar[str] = "container"

    container_schema: Annotated[Literal[1], about("Version of this schema.")]
    id: Annotated[str, about("Id of the container.")]
    image: Annotated[ObservedImage, about("The image that it was given.")]
    running_id: Annotated[str, about("Id of the image that it ran.")]
    command: Annotated[tuple[str, ...], about("What it was given as its command.")]
    networks: Annotated[tuple[str, ...], about("Networks that it hung on at the end.")]
    watched: Annotated[
        str, about("Why its events were not followed to its end; empty when they were.")
    ]
    events: Annotated[tuple[ContainerEvent, ...], about("What was done to it, in order.")]
