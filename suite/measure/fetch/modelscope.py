"""A model's files from ModelScope, by its HTTP interface: listed with their digests, fetched, checked and kept.

``GET /api/v1/models/OWNER/NAME/repo/files`` lists them, ``…/repo?FilePath=`` gives one; ``MODELSCOPE_ENDPOINT`` names a
mirror (https://modelscope.cn/docs/models/download). ModelScope's own client reads the same variable.
"""

from __future__ import annotations

import functools
import os
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlencode

import msgspec
import requests

from suite.base.bilingual import Sentence
from suite.base.errors import DataError
from suite.measure.fetch.files import fetch
from suite.measure.fetch.published import Source

if TYPE_CHECKING:
    from collections.abc import Sequence

    from huggingface_hub.utils.tqdm import tqdm

ENDPOINT_VARIABLE: Final = "MODELSCOPE_ENDPOINT"
DEFAULT_REVISION: Final = "master"
_ENDPOINT: Final = "https://modelscope.cn"
_TIMEOUT_S: Final = 30
_COMPLETE: Final = ".complete"
_WEIGHTS: Final = (".safetensors", ".gguf", ".bin")


class _File(msgspec.Struct, rename="pascal"):
    """A row of the listing."""

    path: str
    type: str
    size: int | None = None
    sha256: str | None = None


class _Files(msgspec.Struct, rename="pascal"):
    files: list[_File]


class _Listing(msgspec.Struct, rename="pascal"):
    data: _Files | None = None
    message: str = ""


def fetch_model(repository: str, revision: str, wanted: Sequence[str], cache: Path) -> Path:
    """Bring a model's files here, or find them here.

    Args:
        repository: ``OWNER/NAME``.
        revision: branch, tag or commit.
        wanted: patterns of the files' paths.
        cache: directory that keeps models.

    Returns:
        The directory that holds them.

    Raises:
        DataError: ``model-unavailable``; as `suite.measure.fetch.files.fetch`.
        SetupError: ``disk-full``.
    """
    directory = cache / "modelscope" / quote(f"{repository}@{revision}", safe="@")
    if (directory / _COMPLETE).is_file():
        return directory
    # Imported here: it takes a second to load, and a directory needs none of it.
    from huggingface_hub.utils.tqdm import tqdm

    base = f"{os.environ.get(ENDPOINT_VARIABLE) or _ENDPOINT}/api/v1/models/{repository}/repo"
    listed = _listed(base, repository, revision, wanted)
    for file in listed:
        path = directory / file.path
        url = f"{base}?{urlencode({'Revision': revision, 'FilePath': file.path})}"
        source = Source(file.path, path.name, (url,), file.sha256 or None, file.size)
        bar = tqdm(total=file.size, desc=file.path, unit="B", unit_scale=True)  # type: ignore[no-untyped-call] # tqdm's
        with bar:
            fetch(source, path.parent, progress=functools.partial(_advance, bar))
    # Of a model whose weights are still to come it is asked again.
    if any(file.path.endswith(_WEIGHTS) for file in listed):
        (directory / _COMPLETE).touch()
    return directory


def _advance(bar: tqdm, done: int, _: int | None) -> None:
    bar.update(done - bar.n)


def _listed(base: str, repository: str, revision: str, wanted: Sequence[str]) -> list[_File]:
    """The wanted files; a path that leads out of the model's directory is refused."""
    try:
        answer = requests.get(
            f"{base}/files",
            params={"Revision": revision, "Recursive": "True"},
            timeout=_TIMEOUT_S,
        )
        answer.raise_for_status()
        listing = msgspec.json.decode(answer.content, type=_Listing)
        if listing.data is None:
            raise requests.RequestException(listing.message)  # noqa: TRY301 - refused as the others are
    except (requests.RequestException, msgspec.MsgspecError) as cause:
        raise DataError(
            "model-unavailable",
            Sentence(
                f"ModelScope does not give {repository} at {revision}: {str(cause)[:200]}",
                f"ModelScope 未提供 {repository} 的 {revision} 版本：{str(cause)[:200]}",
            ),
            hint=Sentence(
                "download it where there is a network and pass its directory",
                "请在有网络之处下载，并给出其目录",
            ),
        ) from cause
    files = [
        file
        for file in listing.data.files
        if file.type == "blob" and any(fnmatch(file.path, pattern) for pattern in wanted)
    ]
    for file in files:
        path = PurePosixPath(file.path)
        if path.is_absolute() or ".." in path.parts or "\0" in file.path:
            message = Sentence(
                f"ModelScope lists {file.path!r} in {repository}, which leads out of it",
                f"ModelScope 在 {repository} 中列出的 {file.path!r} 指向其外",
            )
            raise DataError("model-unavailable", message)
    if not files:
        message = Sentence(
            f"{repository} at {revision} has no file of a model",
            f"{repository} 的 {revision} 版本没有模型文件",
        )
        raise DataError("model-unavailable", message)
    return files
