"""What the reviewers keep under ``trust/``: images and releases of the suite that they know by digest."""

from typing import Annotated, ClassVar, Literal

from suite.documents.document import Document, about
from suite.documents.scalars import Count, Day, ImageDigest, Name, Required, Sha256


class KnownImage(Document):
    """An image of an engine."""

    reference: Annotated[Required, about("Repository with tag, as the declaration names it.")]
    digest: Annotated[ImageDigest, about("Its digest in the registry, for one architecture.")]
    architecture: Annotated[Literal["linux/amd64", "linux/arm64"], about("Platform.")]
    date: Annotated[Day, about("When the digest was read.")]
    source: Annotated[Required, about("Where, and by whom.")]


class KnownImages(Document):
    """``trust/images.json``: images that may run in the closed division, beside those that declarations pin."""

    SCHEMA: ClassVar[str] = "images"

    images_schema: Annotated[Literal[1], about("Version of this schema.")]
    images: Annotated[tuple[KnownImage, ...], about("The images.")]


class Release(Document):
    """A release of the suite."""

    version: Annotated[Name, about("Its version.")]
    files_sha256: Annotated[Sha256, about("Digest over its files, as `suite doctor` prints it.")]
    date: Annotated[Day, about("When it was made.")]
    metric_schema: Annotated[Count, about("Version of the metrics' definitions.")]
    rules: Annotated[tuple[Name, ...], about("Numbers of its rules: what its runs are asked.")]
    metrics: Annotated[tuple[str, ...], about("Names of its metrics.")]
    vendors: Annotated[dict[str, Sha256], about("Its declarations by vendor.")]
    profiles: Annotated[dict[str, Sha256], about("Its profiles by name.")]
    images: Annotated[
        dict[str, Sha256],
        about("Its recipes by build context: the digest that images made of them carry."),
    ]
    optional: Annotated[
        tuple[str, ...],
        about("Members that its plans may lack, as Plan.nonce: others are of later releases."),
    ]


class Releases(Document):
    """``trust/releases.json``: releases, and what each of them shipped, so that their cards stay what they were."""

    SCHEMA: ClassVar[str] = "releases"

    releases_schema: Annotated[Literal[1], about("Version of this schema.")]
    releases: Annotated[tuple[Release, ...], about("The releases.")]
