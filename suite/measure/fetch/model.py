"""Where a model's files come from: the shipped mini model, a directory, or a repository of Hugging Face or ModelScope."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from suite.base import resources
from suite.base.bilingual import Sentence, chinese
from suite.base.errors import DataError, UsageError, nearest
from suite.base.safe import resolved
from suite.declare.tasks.reference import MINI_MODEL
from suite.measure.fetch import modelscope

MINI_NAME = "mini"
MODELSCOPE = "modelscope:"
"""What begins a name that ModelScope has."""

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+(@[\w./-]+)?\Z", re.ASCII)
_PINNED_ID = re.compile(r"([A-Za-z0-9][\w.-]*/[\w.-]+)@([0-9a-f]{40})\Z", re.ASCII)
_WANTED = ["*.json", "*.safetensors", "*.jinja", "*.model", "tokenizer*", "*.txt", "*.py"]


@dataclass(frozen=True, slots=True)
class ModelSource:
    """A model on this machine.

    Attributes:
        id: how the card names it: the Hub id, ModelScope's with its prefix, the directory's name, or ``mini``.
        revision: the commit; None for a directory, and for a branch of ModelScope, which its digests pin.
        directory: its files.
    """

    id: str
    revision: str | None
    directory: Path


def find(name: str | None) -> ModelSource:
    """Resolve ``--model``.

    Args:
        name: None or ``mini`` for the shipped model, a directory, ``owner/name[@revision]``, or the same behind
            ``modelscope:``.

    Raises:
        UsageError: ``model-unknown`` when it is none of these.
        DataError: ``model-unavailable`` when the Hub or ModelScope does not give it.
    """
    if name is None or name == MINI_NAME:
        return ModelSource(MINI_NAME, None, MINI_MODEL)
    path = resources.expanded(name)
    if path.is_dir():
        return ModelSource(resolved(path).name, None, resolved(path))
    identifier = name.removeprefix(MODELSCOPE)
    if identifier != name and _HUB_ID.match(identifier):
        return _from_modelscope(identifier)
    if not _HUB_ID.match(name):
        near = nearest(name, [MINI_NAME])
        hint = (Sentence(f"{near} ", chinese(near)) if near else "") + Sentence(
            "give a directory, a Hugging Face id such as Qwen/Qwen2.5-7B-Instruct, ModelScope's as "
            "modelscope:Qwen/Qwen2.5-7B-Instruct, or mini",
            "请给出目录、Hugging Face 编号（例如 Qwen/Qwen2.5-7B-Instruct）、ModelScope 编号（例如 "
            "modelscope:Qwen/Qwen2.5-7B-Instruct）或 mini",
        )
        raise UsageError(
            "model-unknown",
            Sentence(f"there is no directory {name}", f"没有目录 {name}"),
            hint=hint,
        )
    return _from_hub(name)


def named(source: ModelSource, claim: str | None) -> ModelSource:
    """The same files under the Hub id and commit that they are a copy of.

    Args:
        source: a directory.
        claim: ``owner/name@commit`` with the full commit, or None. It is a claim: the digests of the files, which
            are in the plan, let anybody hold it against the Hub.

    Raises:
        UsageError: ``model-id-wrong``.
    """
    if claim is None:
        return source
    match = _PINNED_ID.match(claim)
    if match is None:
        hint = Sentence(
            "for example Qwen/Qwen2.5-7B-Instruct@ followed by the 40 digits of the commit",
            "例如 Qwen/Qwen2.5-7B-Instruct@ 后接 40 位提交编号",
        )
        raise UsageError(
            "model-id-wrong",
            Sentence(
                f"{claim!r} is not OWNER/NAME@COMMIT", f"{claim!r} 不是 OWNER/NAME@COMMIT 的形式"
            ),
            hint=hint,
        )
    return ModelSource(match[1], match[2], source.directory)


def _from_hub(name: str) -> ModelSource:
    # Imported here: no other command needs the Hub's client, and it takes a second to load.
    import huggingface_hub
    from huggingface_hub import constants, errors

    repository, _, revision = name.partition("@")
    if not constants.ENDPOINT.startswith(("http://", "https://")):
        raise DataError(
            "model-unavailable",
            Sentence(
                f"HF_ENDPOINT is no address: {constants.ENDPOINT!r}",
                f"HF_ENDPOINT 不是地址：{constants.ENDPOINT!r}",
            ),
            hint=Sentence("for example https://hf-mirror.com", "例如 https://hf-mirror.com"),
        )
    cause: Exception | None = None
    for local in (True, False):
        try:
            directory = Path(
                huggingface_hub.snapshot_download(
                    repository,
                    revision=revision or None,
                    allow_patterns=_WANTED,
                    local_files_only=local,
                )
            )
            return ModelSource(repository, directory.name, directory)
        except (
            errors.HfHubHTTPError,
            errors.LocalEntryNotFoundError,
            OSError,
            ValueError,
        ) as error:
            cause = error
    raise DataError(
        "model-unavailable",
        Sentence(
            f"the model {repository} is neither cached here nor could it be fetched",
            f"模型 {repository} 不在本机缓存中，也无法获取",
        ),
        hint=Sentence(
            f"download it where there is a network and pass its directory ({_first_line(cause)})",
            f"请在有网络之处下载，并给出其目录（{_first_line(cause)}）",
        ),
    ) from cause


def _from_modelscope(name: str) -> ModelSource:
    repository, _, revision = name.partition("@")
    directory = modelscope.fetch_model(
        repository, revision or modelscope.DEFAULT_REVISION, _WANTED, resources.cache()
    )
    pinned = revision if _PINNED_ID.match(name) else None
    return ModelSource(MODELSCOPE + repository, pinned, directory)


def _first_line(cause: Exception | None) -> str:
    return (str(cause).strip().splitlines() or [type(cause).__name__])[0][:200]
