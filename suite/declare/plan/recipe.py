"""Recipes of images: what an image that the suite builds is made from, and whether one was made so."""

from __future__ import annotations

import hashlib
import itertools
import re
from typing import TYPE_CHECKING, Final

from suite.base.bilingual import Sentence
from suite.base.errors import SetupError
from suite.base.resources import TOP, resource
from suite.base.safe import MAX_FILE_BYTES, read_plain
from suite.documents.document import given

if TYPE_CHECKING:
    from pathlib import Path

    from suite.documents.container import ObservedImage

LABEL_CONTEXT: Final = "llm-conformance.context"
LABEL_BASE: Final = "llm-conformance.base"
DEFAULT_BASE_IMAGE: Final = "python:3.11-slim-bookworm"
LOCAL_BASE_IMAGE: Final = "suite-base:bookworm"
CONTEXT_FILES: Final = ("Dockerfile", "requirements.txt", "torch.txt", "uv.txt")
PROGRAMS: Final = "*.py"
"""What a recipe may hold besides: programs that start its engine or convert its weights."""
OWN_FILES: Final = "suite.txt"
"""Where a recipe's engine is a part of the suite: the patterns of the suite's own files that it needs, one a line."""

_SHELL: Final = "/bin/sh -c "
_NO_LAYER: Final = "#(nop)"
_LAYERED: Final = ("RUN", "COPY", "ADD")
_COMPARED: Final = (*_LAYERED, "CMD", "ENTRYPOINT", "EXPOSE", "USER", "WORKDIR", "VOLUME", "ENV")
"""Instructions that leave something in an image; ARG and LABEL leave nothing that runs."""


def context(directory: Path) -> dict[str, bytes]:
    """The files that an image is built from, by name.

    Raises:
        SetupError: ``image-context-missing``.
    """
    programs = sorted(path.name for path in directory.glob(PROGRAMS))
    lists = [OWN_FILES] if (directory / OWN_FILES).is_file() else []
    try:
        files = {
            name: (directory / name).read_bytes() for name in (*CONTEXT_FILES, *programs, *lists)
        }
        own = [path for name in lists for path in _own_files(files[name].decode())]
        return files | {
            path.relative_to(TOP).as_posix(): read_plain(path, MAX_FILE_BYTES, below=None)
            for path in own
        }
    except OSError as error:
        raise SetupError(
            "image-context-missing",
            Sentence(
                f"{error.filename} cannot be read: {error.strerror}",
                f"无法读取 {error.filename}：{error.strerror}",
            ),
        ) from error


def _own_files(patterns: str) -> list[Path]:
    lines = [line for line in patterns.splitlines() if line and not line.startswith("#")]
    return sorted({path for line in lines for path in TOP.glob(line) if path.is_file()})


def context_digest(directory: Path) -> str:
    """SHA-256 over the names and bytes of the files that an image is built from.

    Raises:
        SetupError: ``image-context-missing``.
    """
    digest = hashlib.sha256()
    for name, content in context(directory).items():
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def shipped(build_context: str) -> Path | None:
    """The directory of a shipped recipe; None when the suite ships none of that name."""
    recipes = {
        f"images/{path.name}": path for path in resource("images").iterdir() if path.is_dir()
    }
    return recipes.get(build_context)


def takes_own_files(build_context: str) -> bool:
    """Whether files of the suite itself belong to a shipped recipe."""
    directory = shipped(build_context)
    return directory is not None and (directory / OWN_FILES).is_file()


def departure(image: ObservedImage, build_context: str, digest: str) -> str:
    """Why an image is not what a recipe makes; "" when label, every step's command and the base agree.

    Of an earlier release's recipe that has changed since then, the steps are not at hand: label and base decide.

    Labels and history can be written by hand: this finds an image that was made otherwise and says so of itself, not one
    that lies. Who signs the card answers for the rest.

    Args:
        image: as the Docker engine describes it.
        build_context: the recipe.
        digest: of the recipe as it was shipped.

    Raises:
        SetupError: ``image-context-missing``.
    """
    if image.labels.get(LABEL_CONTEXT) != digest:
        return Sentence(
            "its label names another recipe than the shipped one", "其标签指向的配方不是随附的配方"
        )
    if why := _base_departure(image):
        return why
    directory = shipped(build_context)
    if directory is None or context_digest(directory) != digest:
        return ""
    return _step_departure(image, directory)


def _base_departure(image: ObservedImage) -> str:
    base = image.base
    if not base:
        return Sentence("its base image is not on this machine any more", "其基础镜像已不在本机")
    if base.reference not in (DEFAULT_BASE_IMAGE, LOCAL_BASE_IMAGE):
        return Sentence(
            f"its base is {base.reference}, not {DEFAULT_BASE_IMAGE}",
            f"其基础镜像为 {base.reference}，而非 {DEFAULT_BASE_IMAGE}",
        )
    below = len(base.history)
    if image.layers[: len(base.layers)] != base.layers or image.history[:below] != base.history:
        return Sentence(
            f"it was not made on {base.reference}", f"它不是在 {base.reference} 上构建的"
        )
    return ""


def _step_departure(image: ObservedImage, directory: Path) -> str:
    base = given(image.base)
    below, layers = (len(base.history), len(base.layers)) if base else (0, 0)
    declared = instructions((directory / "Dockerfile").read_text("utf-8"))
    steps = [text for step in image.history[below:] if (text := _step(step.command))]
    pairs = itertools.zip_longest(declared, steps, fillvalue="")
    other = next(((ours, theirs) for ours, theirs in pairs if not _made(ours, theirs)), None)
    if other is not None:
        ours, theirs = other
        return Sentence(
            f"a step is not the recipe's: {(theirs or f'lacks {ours}')[:80]}",
            f"有一步与配方不符：{(theirs or f'lacks {ours}')[:80]}",
        )
    if len(image.layers) > layers + sum(text.startswith(_LAYERED) for text in declared):
        return Sentence("it has more layers than the recipe makes", "其层数多于配方所生成的")
    return ""


def _made(declared: str, step: str) -> bool:
    """Whether a step is a declared one; where a variable's value holds another's, what stood in that may be anything."""
    if not declared.startswith("ENV "):
        return declared == step
    words = map(re.escape, re.split(r"\$\{?\w+\}?", declared))
    return re.fullmatch(r"\S*".join(words), step) is not None


def instructions(dockerfile: str) -> list[str]:
    """What a Dockerfile's steps leave behind, one text each, from behind FROM on."""
    joined = re.sub(r"\\\n", "", re.sub(r"^\s*#.*\n", "", dockerfile, flags=re.MULTILINE))
    lines = [line.strip() for line in joined.splitlines() if line.strip()]
    start = next(index for index, line in enumerate(lines) if line.startswith("FROM "))
    return [text for line in lines[start + 1 :] if (text := _normal(line))]


def _step(command: str) -> str:
    """A step of an image's history in the form of `instructions`; "" for one that leaves nothing that runs."""
    text = command.removesuffix("# buildkit").strip()
    shell = text.find(_SHELL)
    inner = text[shell + len(_SHELL) :].strip() if shell >= 0 else text
    if inner.startswith(_NO_LAYER):
        return _normal(inner.removeprefix(_NO_LAYER).strip())
    instruction = text.partition(" ")[0]
    if shell >= 0 or instruction == "RUN":
        return _normal(f"RUN {inner.removeprefix('RUN ').strip()}")
    return _normal(text) if instruction in _COMPARED else ""


def _normal(line: str) -> str:
    """An instruction that Docker, BuildKit and a Dockerfile write alike; "" for one that leaves nothing that runs."""
    kind, _, rest = line.partition(" ")
    rest = " ".join(rest.split())
    if kind not in _COMPARED:
        return ""
    if kind in ("COPY", "ADD"):
        return f"{kind} {rest.split(' ')[-1]}"  # the files are in the context's digest
    if kind == "EXPOSE":
        rest = rest.removeprefix("map[").partition("/")[0]
    return f"{kind} {rest if kind == 'ENV' else re.sub(r'[ ,]+', ' ', rest)}"
