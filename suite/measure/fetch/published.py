"""XSum's files as they are published: where, and with which digest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Source:
    """A published file.

    Attributes:
        name: what the command line calls it.
        file_name: name of the file it becomes.
        urls: where it is published, in the order of trying.
        sha256: its published digest, or None when none is published.
        size: its length in bytes, or None.
    """

    name: str
    file_name: str
    urls: tuple[str, ...]
    sha256: str | None
    size: int | None


_HUB = "https://huggingface.co/datasets"
_GITHUB = "https://raw.githubusercontent.com"

ARCHIVE = Source(
    name="archive",
    file_name="XSUM-EMNLP18-Summary-Data-Original.tar.gz",
    urls=(
        "http://bollin.inf.ed.ac.uk/public/direct/XSUM-EMNLP18-Summary-Data-Original.tar.gz",
        f"{_HUB}/EdinburghNLP/xsum/resolve/main/data/XSUM-EMNLP18-Summary-Data-Original.tar.gz",
    ),
    sha256="10b48aa187fc9c904b30f76ca97e2da0de8d3a1238acc26acadef93e2001af90",
    size=254_582_292,
)
SPLIT = Source(
    name="split",
    file_name="XSum-TRAINING-DEV-TEST-SPLIT-90-5-5.json",
    urls=(
        f"{_GITHUB}/EdinburghNLP/XSum/master/XSum-Dataset/XSum-TRAINING-DEV-TEST-SPLIT-90-5-5.json",
    ),
    sha256="9c0c5d8f048a90bd68b19a34e4c30577ed270d3247b2119fa06a04ef46292068",
    size=2_720_574,
)
CSV = Source(
    name="csv",
    file_name="xsum-test.csv",
    urls=(f"{_HUB}/knkarthick/xsum/resolve/main/test.csv",),
    sha256=None,  # the Hub publishes none; its ids are checked against the locks when it is read
    size=None,
)
SOURCES: Final = {source.name: source for source in (ARCHIVE, SPLIT, CSV)}
