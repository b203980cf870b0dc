"""Submissions taken out of an OCI image layout or a registry, into a tree, as they were before they went there.

A layout or registry may be anybody's: each document and file is bounded before it is read, hashed, and used as it was
hashed; a file is written under a name that a submission has, whatever the title says. That a submission is here says nothing of it:
`suite check` judges.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, BinaryIO, Final, Literal

import msgspec

from suite.base import jsonio
from suite.base.bilingual import Sentence
from suite.base.errors import EvidenceError, Place, SetupError, UsageError, unwritable
from suite.base.safe import read_plain
from suite.evidence import GIT_ATTRIBUTES
from suite.evidence.manifest import ATTRIBUTES
from suite.judge.attest.envelope import MAX_BUNDLE_BYTES
from suite.judge.attest.sign import BUNDLE_FILE
from suite.judge.submissions import credentials, folders, stated
from suite.judge.submissions.artifact import (
    ARTIFACT_TYPE,
    INDEX_TYPE,
    MANIFEST_TYPE,
    STATEMENT_TYPE,
    TITLE,
    TYPES,
)
from suite.judge.submissions.download import Absent, Download
from suite.judge.submissions.layout import index
from suite.judge.submissions.stores import Layout, Registry, copied, full

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from suite.base.jsonio import JSONObject

MAX_MANIFEST_BYTES: Final = 4 << 20
"""What every registry takes."""
_MAX_TAGS_BYTES: Final = 16 << 20
_MAX_TAGS: Final = 1_000_000
_PAGE: Final = 1000


class Descriptor(msgspec.Struct, frozen=True, rename="camel"):
    """Of a content descriptor what is needed here; `sha256` and `size` as for any reference to evidence."""

    digest: Annotated[str, msgspec.Meta(pattern="^sha256:[0-9a-f]{64}$")]
    size: int
    media_type: str = ""
    artifact_type: str = ""
    annotations: dict[str, str] = {}

    @property
    def sha256(self) -> str:
        """The digest in hexadecimal digits alone."""
        return self.digest.removeprefix("sha256:")


class _Manifest(msgspec.Struct, frozen=True, rename="camel"):
    schema_version: Literal[2]
    layers: tuple[Descriptor, ...]
    artifact_type: str = ""
    subject: Descriptor | None = None


@dataclass(frozen=True, slots=True)
class Pulled:
    """What became of one artifact.

    Attributes:
        path: of the submission, below the tree.
        new: it was not there before.
        statements: how many were added.
    """

    path: str
    new: bool
    statements: int


def pull(source: Layout | Registry, tag: str, tree: Path) -> Iterator[Pulled]:
    """Take submissions into a tree; those that are there stay as they are, but for statements that they lacked.

    Args:
        source: where they are.
        tag: of one; "" for all.
        tree: made where it is not there.

    Raises:
        EvidenceError: ``layout-wrong``, ``evidence-unreachable``, ``evidence-differs``, ``evidence-elsewhere``.
        UsageError: ``submission-exists``: the tree has another card under the same names.
        SetupError: ``run-unwritable``, ``disk-full``.
    """
    held = _Layout(source) if isinstance(source, Layout) else _Registry(source)
    number = 0
    for manifest, sha256 in held.submissions(tag):
        number += 1
        yield _laid(source, manifest, held.statements(sha256), tree)
    if not number:
        message = Sentence(
            f"there is no submission {tag or 'at all'} in it", f"其中没有提交 {tag}".rstrip()
        )
        raise EvidenceError("layout-wrong", message, Place(str(source)))


class _Layout:
    """What an image layout lists."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._entries = [_descriptor(item, str(layout.path)) for item in _list(index(layout))]
        self._about: dict[str, list[Descriptor]] | None = None

    def submissions(self, tag: str) -> Iterator[tuple[_Manifest, str]]:
        for entry in self._entries:
            name = entry.annotations.get("org.opencontainers.image.ref.name", "")
            if tag and name != tag:
                continue
            if entry.media_type == MANIFEST_TYPE and entry.artifact_type in ("", ARTIFACT_TYPE):
                manifest = self._manifest(entry)
                if manifest.artifact_type == ARTIFACT_TYPE:
                    yield manifest, entry.sha256

    def statements(self, sha256: str) -> list[Descriptor]:
        if self._about is None:
            self._about = {}
            for entry in self._entries:
                if entry.artifact_type == STATEMENT_TYPE:
                    manifest = self._manifest(entry)
                    if manifest.subject is not None:
                        self._about.setdefault(manifest.subject.sha256, []).extend(manifest.layers)
        return self._about.get(sha256, [])

    def _manifest(self, entry: Descriptor) -> _Manifest:
        return _parse(_held(self._layout, entry, MAX_MANIFEST_BYTES), entry.digest)


class _Registry:
    """What a repository holds."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def submissions(self, tag: str) -> Iterator[tuple[_Manifest, str]]:
        for name in [tag] if tag else self._tags():
            data = _asked(self._registry, "manifests", name, MAX_MANIFEST_BYTES, MANIFEST_TYPE)
            if data is None and tag:
                return
            if data is None:
                continue
            # What is no image's manifest, such as an index of statements, is passed over where nobody named it.
            document = jsonio.loads(data, name=name, error=EvidenceError)
            if isinstance(document, dict) and document.get("artifactType") == ARTIFACT_TYPE:
                yield _parse(data, name), jsonio.sha256_hex(data)

    def statements(self, sha256: str) -> list[Descriptor]:
        layers: list[Descriptor] = []
        for item in referring(self._registry, sha256):
            entry = _descriptor(item, str(self._registry))
            if entry.artifact_type == STATEMENT_TYPE:
                data = _held(self._registry, entry, MAX_MANIFEST_BYTES, kind="manifests")
                layers += _parse(data, entry.digest).layers
        return layers

    def _tags(self) -> list[str]:
        tags: dict[str, None] = {}
        while len(tags) < _MAX_TAGS:
            last = next(reversed(tags), "")
            query = f"list?n={_PAGE}" + (f"&last={last}" if last else "")
            data = _asked(self._registry, "tags", query, _MAX_TAGS_BYTES)
            document = jsonio.loads(data or b"{}", name="tags", error=EvidenceError)
            listed = document.get("tags") if isinstance(document, dict) else None
            new = [
                name
                for name in (listed if isinstance(listed, list) else ())
                if isinstance(name, str) and folders.is_name(name) and name not in tags
            ]
            tags |= dict.fromkeys(new)
            if len(new) < _PAGE:
                break
        return list(tags)


def referring(registry: Registry, sha256: str) -> list[JSONObject]:
    """Descriptors of what refers to a manifest: as the registry lists them, else as clients keep them under a tag.

    Raises:
        EvidenceError: ``evidence-unreachable``, ``layout-wrong``.
    """
    for kind, name in (("referrers", f"sha256:{sha256}"), ("manifests", f"sha256-{sha256}")):
        data = _asked(registry, kind, name, MAX_MANIFEST_BYTES, INDEX_TYPE)
        if data is not None:
            return [item for item in _list(_object(data, name)) if isinstance(item, dict)]
    return []


def _laid(
    source: Layout | Registry, manifest: _Manifest, statements: list[Descriptor], tree: Path
) -> Pulled:
    layers = {
        layer.annotations[TITLE]: layer
        for layer in manifest.layers
        if layer.annotations.get(TITLE) in TYPES
    }
    if BUNDLE_FILE not in layers:
        raise _wrong(source, Sentence("a submission has no signed card", "有提交没有签名的评分卡"))
    bundle = _held(source, layers.pop(BUNDLE_FILE), MAX_BUNDLE_BYTES)
    card = stated.card_of(bundle)
    if card is None:
        raise _wrong(
            source, Sentence("a submission's card cannot be read", "有提交的评分卡无法读取")
        )
    submission = folders.Submission(tree, *folders.name_of(card.card))
    new = not submission.folder.exists()
    try:
        if new:
            _write(source, submission.folder, bundle, layers)
        else:
            _require_same(submission, bundle)
        added = _add(source, submission, statements)
    except OSError as cause:
        message = unwritable(submission.folder, cause)
        raise SetupError("run-unwritable", message, Place(str(submission.folder))) from cause
    return Pulled(submission.path, new, added)


def _require_same(submission: folders.Submission, bundle: bytes) -> None:
    """Refuse statements for a submission that is another card's: they would be found false there."""
    path = submission.folder / BUNDLE_FILE
    if read_plain(path, MAX_BUNDLE_BYTES, below=submission.folder) != bundle:
        message = Sentence(
            f"{submission.path} is in the tree already, with another card",
            f"目录树中已有 {submission.path}，其评分卡不同",
        )
        hint = Sentence("pull into another tree, and compare", "请取到另一目录树再作比较")
        raise UsageError("submission-exists", message, hint=hint)


def _write(
    source: Layout | Registry, folder: Path, bundle: bytes, layers: dict[str, Descriptor]
) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    part = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    try:
        (part / GIT_ATTRIBUTES).write_bytes(ATTRIBUTES)
        (part / BUNDLE_FILE).write_bytes(bundle)
        for name, layer in layers.items():
            with (part / name).open("w+b") as out:
                _copy(source, layer, folders.LIMITS[name], out)
        part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _add(
    source: Layout | Registry, submission: folders.Submission, statements: list[Descriptor]
) -> int:
    """Write the statements that a submission lacks; returns how many."""
    folder, added = submission.folder / folders.STATEMENTS, 0
    for layer in statements[: folders.MAX_STATEMENTS]:
        name = layer.annotations.get(TITLE, "")
        if not folders.is_statement(name) or (folder / name).exists():
            continue
        data = _held(source, layer, MAX_BUNDLE_BYTES)
        folder.mkdir(exist_ok=True)
        (folder / name).write_bytes(data)
        added += 1
    return added


def _copy(
    source: Layout | Registry,
    layer: Descriptor,
    limit: int,
    out: BinaryIO,
) -> None:
    if not 0 < layer.size <= limit:
        message = Sentence(
            f"{layer.digest} has {layer.size:,} bytes; at most {limit:,} are taken",
            f"{layer.digest} 有 {layer.size:,} 字节；最多取 {limit:,} 字节",
        )
        raise _wrong(source, message)
    if not copied(source, layer, out):
        message = Sentence(f"{source} has no {layer.digest}", f"{source} 中没有 {layer.digest}")
        raise EvidenceError("evidence-elsewhere", message)


def _held(
    source: Layout | Registry, entry: Descriptor, limit: int, *, kind: str = "blobs"
) -> bytes:
    """A small blob, or in a registry a manifest, by its digest."""
    if kind == "manifests" and isinstance(source, Registry):
        data = _asked(source, kind, entry.digest, min(limit, max(entry.size, 0)), MANIFEST_TYPE)
        if data is None or jsonio.sha256_hex(data) != entry.sha256:
            raise _wrong(
                source, Sentence(f"{entry.digest} is not there", f"{entry.digest} 不在其中")
            )
        return data
    with tempfile.TemporaryFile() as target:
        _copy(source, entry, limit, target)
        target.seek(0)
        return target.read()


def _asked(registry: Registry, kind: str, name: str, limit: int, accept: str = "") -> bytes | None:
    """A document of a registry, unverified; None where it has none."""
    with tempfile.TemporaryFile() as target:
        basic = credentials.basic(registry.host)
        url = registry.url(kind, name)
        try:
            Download(url, limit, target, accept=accept, basic=basic).fetch(
                f"{registry} {kind}/{name}"
            )
            target.seek(0)
        except Absent:
            return None
        except OSError as cause:
            raise full(cause) from cause
        data = target.read()
    if len(data) > limit:
        message = Sentence(f"more than {limit:,} bytes", f"多于 {limit:,} 字节")
        raise _wrong(registry, message)
    return data


def _object(data: bytes, name: str) -> JSONObject:
    document = jsonio.loads(data, name=name, error=EvidenceError)
    if not isinstance(document, dict):
        message = Sentence("it is no JSON object", "它不是 JSON 对象")
        raise EvidenceError("layout-wrong", message, Place(name))
    return document


def _list(document: JSONObject) -> list[object]:
    listed = document.get("manifests")
    return list(listed) if isinstance(listed, list) else []


def _parse(data: bytes, name: str) -> _Manifest:
    try:
        manifest = msgspec.convert(_object(data, name), _Manifest)
    except msgspec.ValidationError as cause:
        message = Sentence(f"no manifest of OCI: {cause}", f"不是 OCI 清单：{cause}")
        raise EvidenceError("layout-wrong", message, Place(name)) from cause
    return manifest


def _descriptor(item: object, name: str) -> Descriptor:
    try:
        return msgspec.convert(item, Descriptor)
    except msgspec.ValidationError as cause:
        message = Sentence(f"no descriptor of OCI: {cause}", f"不是 OCI 描述符：{cause}")
        raise EvidenceError("layout-wrong", message, Place(name)) from cause


def _wrong(source: object, message: str) -> EvidenceError:
    return EvidenceError("layout-wrong", message, Place(str(source)))
