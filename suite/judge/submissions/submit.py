"""A run laid out as a submission."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from suite.base.bilingual import Sentence
from suite.base.errors import EvidenceError, Place, SetupError, UsageError, unreadable, unwritable
from suite.base.safe import inside, read_plain
from suite.documents.codec import decode, pretty
from suite.documents.manifest import Manifest
from suite.documents.submission import EVIDENCE_TYPE, EvidenceReference
from suite.evidence import GIT_ATTRIBUTES, MANIFEST
from suite.evidence.manifest import ATTRIBUTES
from suite.judge.attest.envelope import MAX_BUNDLE_BYTES
from suite.judge.attest.files import PAGE_FILE
from suite.judge.attest.page import MAX_PAGE_BYTES
from suite.judge.attest.sign import BUNDLE_FILE
from suite.judge.submissions import folders, layout, pack, source
from suite.judge.submissions.artifact import artifacts
from suite.judge.submissions.stores import MAX_BYTES, Directory, Layout, Registry

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from suite.documents.card import Scorecard
    from suite.judge.submissions.artifact import Artifact
    from suite.judge.submissions.folders import Submission
    from suite.judge.submissions.stores import Store

_MAX_MANIFEST_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Handed:
    """What was laid out.

    Attributes:
        packed: the pack of the evidence.
        size: bytes of the folder.
        store: where the pack lies when it is not in the folder; None otherwise.
    """

    submission: Submission
    packed: pack.Packed
    size: int
    store: Store | None


def lay_out(
    run: Path,
    card: Scorecard,
    tree: Path,
    *,
    store: Store | None = None,
    locations: Sequence[str] = (),
) -> Handed:
    """Write ``tree/<vendor>/<round>/<run>/`` for a signed run.

    Args:
        run: the run directory, verified by the caller.
        card: its signed card.
        tree: the tree of submissions; made where it is not there.
        store: takes the pack, by its digest, in place of the folder; a layout or registry takes the whole submission.
        locations: where the pack can be had, for the reference in its place.

    Raises:
        EvidenceError: ``submission-name``, ``file-unreadable``, ``submission-too-large``: the pack is larger than what
            a folder takes, and no store was given.
        UsageError: ``submission-exists``; ``usage-wrong`` for a tree or store in the run itself.
        SetupError: ``run-unwritable``, ``registry-refused``, ``oras-missing``.
    """
    kept_at = [store.path] if isinstance(store, Directory | Layout) else []
    if any(inside(path, run) for path in (tree, *kept_at)):
        message = Sentence(
            f"the submission would lie in the run itself, {run}",
            f"提交将位于运行目录 {run} 自身之中",
        )
        hint = Sentence(
            "name a folder elsewhere: a run holds what its manifest lists and nothing else",
            "请指定别处的文件夹：运行目录只含清单所列的文件",
        )
        raise UsageError("usage-wrong", message, hint=hint)
    submission = folders.Submission(tree, *folders.name_of(card))
    folder = submission.folder
    if folder.exists():
        hint = Sentence(
            "a submission is not edited: submit another run, or remove one that was never handed in",
            "提交不可修改：请提交另一次运行，或删除从未提交过的文件夹",
        )
        raise UsageError(
            "submission-exists", Sentence(f"{folder} exists already", f"{folder} 已存在"), hint=hint
        )
    part = folder.with_name(f".{folder.name}.part")
    try:
        part.mkdir(parents=True)
        packed = _fill(run, part)
        kept = _elsewhere(run, part, packed, store, locations)
        if kept is not None:
            _keep(part, submission, kept)
        part.rename(folder)
    except OSError as cause:
        message = unwritable(folder, cause)
        raise SetupError("run-unwritable", message, Place(str(folder))) from cause
    finally:
        shutil.rmtree(part, ignore_errors=True)
    size = sum(path.stat().st_size for path in folder.iterdir())
    return Handed(submission, packed, size, kept)


def _fill(run: Path, part: Path) -> pack.Packed:
    (part / GIT_ATTRIBUTES).write_bytes(ATTRIBUTES)
    for name, limit in ((BUNDLE_FILE, MAX_BUNDLE_BYTES), (PAGE_FILE, MAX_PAGE_BYTES)):
        (part / name).write_bytes(_read(run / name, limit))
    manifest = decode(
        _read(run / MANIFEST, _MAX_MANIFEST_BYTES), Manifest, name=str(run / MANIFEST)
    )
    names = [MANIFEST, *(item.path for item in manifest.files)]
    return pack.pack(run, names, part / pack.PACK_FILE)


def _elsewhere(
    run: Path, part: Path, packed: pack.Packed, store: Store | None, locations: Sequence[str]
) -> Store | None:
    """Where the pack goes that does not stay in the folder, whose reference is written; None where it stays."""
    if store is None and not locations:
        if packed.size > pack.MAX_PACKED_BYTES:
            message = Sentence(
                f"the packed evidence has {packed.size:,} bytes; a submission takes "
                f"{pack.MAX_PACKED_BYTES:,}",
                f"压缩后的证据有 {packed.size:,} 字节；一份提交最多 {pack.MAX_PACKED_BYTES:,} 字节",
            )
            hint = Sentence(
                "keep it elsewhere by digest: --store, and --at ADDRESS where it can be had",
                "请按摘要另行存放：--store，并以 --at ADDRESS 说明何处可得",
            )
            raise EvidenceError("submission-too-large", message, None, hint)
        return None
    if packed.size > MAX_BYTES:
        message = Sentence(
            f"the packed evidence has {packed.size:,} bytes; at most {MAX_BYTES:,} are taken from elsewhere",
            f"压缩后的证据有 {packed.size:,} 字节；从别处最多取 {MAX_BYTES:,} 字节",
        )
        hint = Sentence("measure fewer requests", "请减少测量的请求数")
        raise EvidenceError("submission-too-large", message, None, hint)
    digest = f"sha256:{packed.sha256}"
    named = [f"{store}@{digest}"] if isinstance(store, Registry) else []
    reference = EvidenceReference(
        reference_schema=1,
        mediaType=EVIDENCE_TYPE,
        digest=digest,
        size=packed.size,
        urls=tuple(dict.fromkeys([*locations, *named])),
    )
    (part / folders.REFERENCE_FILE).write_bytes(pretty(reference))
    return store or Directory(run.with_name(f"{run.name}-evidence"))


def _keep(part: Path, submission: Submission, store: Store) -> None:
    """Take the pack out of the folder into a store."""
    packed = part / pack.PACK_FILE
    if isinstance(store, Directory):
        kept = store.place(source.reference(part).sha256)
        kept.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(packed, kept)
        return
    aside = packed.with_name(f"{pack.PACK_FILE}.aside")
    packed.rename(aside)
    names = (submission.vendor, submission.round, submission.run)
    put(store, artifacts(part, names, aside))
    aside.unlink()


def put(store: Layout | Registry, made: Iterable[Artifact]) -> None:
    """Put artifacts into a layout or a registry; what is there is not written again.

    Raises:
        EvidenceError: ``layout-wrong``, ``file-unreadable``.
        SetupError: ``run-unwritable``, ``registry-refused``, ``oras-missing``.
    """
    if isinstance(store, Layout):
        with layout.writing(store) as writer:
            for artifact in made:
                writer.add(artifact)
        return
    from suite.judge.submissions.push import Pusher

    pusher = Pusher(store)
    for artifact in made:
        pusher.push(artifact)


def _read(path: Path, limit: int) -> bytes:
    try:
        return read_plain(path, limit, below=path.parent)
    except OSError as cause:
        raise unreadable(EvidenceError, path, cause) from cause
