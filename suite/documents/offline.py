"""``bundle.json``: what a bundle for a closed network holds (`suite vendors bundle`)."""

from typing import Annotated, ClassVar, Literal

from msgspec import UNSET, Meta, UnsetType

from suite.documents.document import Document, about
from suite.documents.plan import SuiteVersion
from suite.documents.scalars import Count, Name, Required, Sha256

MemberPath = Annotated[
    str,
    Meta(pattern=r"^[A-Za-z0-9_+=@,~ -][A-Za-z0-9._+=@,~ -]*(/[A-Za-z0-9_.+=@,~ -]+)*$"),
]


class PackedFile(Document):
    """One file of the bundle."""

    path: Annotated[MemberPath, about("Relative to the bundle.")]
    bytes: Annotated[Count, about("Size.")]
    sha256: Annotated[Sha256, about("Digest of the file.")]


class PackedImage(Document):
    """The engine's image, as `docker save` wrote it, with the base that it was made on."""

    archive: Annotated[MemberPath, about("Which file.")]
    named: Annotated[Required, about("What `--image` names it by where it is loaded.")]
    ids: Annotated[
        dict[str, str],
        about("Each image of the archive: its name, or its id where it has none, and its id."),
    ]
    source: Annotated[Required, about("Where it came from, with its digest there if it has one.")]


class PackedModel(Document):
    """The model."""

    directory: Annotated[MemberPath, about("Its folder.")]
    id: Annotated[Required, about("How the card names it.")]
    revision: Annotated[str | None, about("Its commit on the Hub, where it was fetched there.")]


class PackedWheels(Document):
    """The packages of the engine's Python environment."""

    directory: Annotated[MemberPath, about("Their folder.")]
    requirements_sha256: Annotated[Sha256, about("Digest of the requirement files that name them.")]


class OfflineBundle(Document):
    """What is in a bundle for a closed network, and what it was made for."""

    SCHEMA: ClassVar[str] = "offline-bundle"

    bundle_schema: Annotated[Literal[1], about("Version of this schema.")]
    suite: Annotated[SuiteVersion, about("The suite that packed it.")]
    made_utc: Annotated[str, about("When, ISO 8601.")]
    machine: Annotated[Name, about("Architecture of the processor it was packed on.")]
    vendor: Annotated[Required, about("Id of the declaration, or its folder in the bundle.")]
    engine: Annotated[Required, about("Id of the engine.")]
    accelerator: Annotated[str | None, about("Id of the accelerator, where one was named.")]
    runtime: Annotated[Literal["container", "process"], about("How the engine runs from it.")]
    image: Annotated[PackedImage | UnsetType, about("Of a container.")] = UNSET
    wheels: Annotated[PackedWheels | UnsetType, about("Of a process.")] = UNSET
    model: Annotated[PackedModel | UnsetType, about("Absent: the one that the suite ships.")] = (
        UNSET
    )
    data: Annotated[
        MemberPath | UnsetType, about("Task file or folder; absent: the suite's own set.")
    ] = UNSET
    own_wheels: Annotated[
        MemberPath | UnsetType, about("Folder with the suite and what it needs, to be installed.")
    ] = UNSET
    files: Annotated[tuple[PackedFile, ...], about("Every file but this, in order.", min_length=0)]
