"""The pack of a submission, wherever it lies: in the folder, in a store by digest, or at an address.

What a store or an address gives is believed only by its size and digest, and what is read afterwards is the copy that was hashed.
"""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from suite.base.bilingual import Sentence, chinese
from suite.base.errors import EvidenceError, Place, unreadable
from suite.base.safe import is_plain, open_plain, read_plain
from suite.documents.codec import decode
from suite.documents.submission import EvidenceReference
from suite.evidence import MANIFEST
from suite.judge.attest.files import PAGE_FILE
from suite.judge.attest.sign import BUNDLE_FILE
from suite.judge.submissions import layout, pack, stores
from suite.judge.submissions.folders import LIMITS, REFERENCE_FILE
from suite.judge.submissions.stores import MAX_BYTES, Directory

if TYPE_CHECKING:
    from collections.abc import Iterator

    from suite.judge.submissions.stores import Store


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Where evidence may be taken from that lies in no submission.

    Attributes:
        store: by digest; None without one.
        fetch: the addresses that submissions name may be asked; what they give is kept in a store that is a directory.
    """

    store: Store | None = None
    fetch: bool = False


NOWHERE: Final = Elsewhere()


@contextmanager
def opened(folder: Path, elsewhere: Elsewhere) -> Iterator[BinaryIO]:
    """Open the pack of a submission.

    Args:
        folder: of the submission.
        elsewhere: where it may be taken from if it is not in there.

    Raises:
        EvidenceError: ``evidence-elsewhere``, ``evidence-unreachable``, ``evidence-differs``,
            ``file-unreadable``, and what `evidence.json` is refused for.
        SetupError: ``disk-full``.
    """
    path = folder / pack.PACK_FILE
    try:
        local = open_plain(path, below=folder)
    except FileNotFoundError:
        with tempfile.TemporaryFile() as target:
            _take(reference(folder), str(folder / REFERENCE_FILE), elsewhere, target)
            target.seek(0)
            yield target
        return
    except OSError as cause:
        raise unreadable(EvidenceError, path, cause) from cause
    with local:
        yield local


@contextmanager
def beside(folder: Path, elsewhere: Elsewhere) -> Iterator[Path | None]:
    """The pack of a submission as a file, where it does not lie in the folder; None where it does.

    Raises:
        EvidenceError: as `opened`.
        SetupError: ``disk-full``.
    """
    if not is_elsewhere(folder):
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="suite-evidence-") as name:
        path = Path(name) / pack.PACK_FILE
        with path.open("w+b") as file:
            _take(reference(folder), str(folder / REFERENCE_FILE), elsewhere, file)
        yield path


@contextmanager
def as_run(folder: Path, elsewhere: Elsewhere) -> Iterator[Path]:
    """The run that a submission was, laid out again in a temporary folder.

    Raises:
        EvidenceError: as `opened` and `suite.judge.submissions.pack.unpack`.
        SetupError: ``disk-full``.
    """
    with tempfile.TemporaryDirectory(prefix="suite-submission-") as name:
        place = Path(name)
        with opened(folder, elsewhere) as packed:
            pack.unpack(packed, place, str(folder / pack.PACK_FILE))
        for file in (BUNDLE_FILE, PAGE_FILE):
            try:
                data = read_plain(folder / file, LIMITS[file], below=folder)
            except FileNotFoundError:
                continue  # whoever verifies says what that means
            except OSError as cause:
                raise unreadable(EvidenceError, folder / file, cause) from cause
            (place / file).write_bytes(data)
        yield place


def is_submission(folder: Path) -> bool:
    """Whether a folder is a submission, and no run: its evidence is packed, or lies elsewhere."""
    return not (folder / MANIFEST).exists() and (
        is_plain(folder / pack.PACK_FILE) or is_elsewhere(folder)
    )


def reference(folder: Path) -> EvidenceReference:
    """What the evidence of a submission must be that lies elsewhere.

    Raises:
        EvidenceError: ``file-unreadable``, and what `evidence.json` is refused for.
    """
    path = folder / REFERENCE_FILE
    try:
        data = read_plain(path, LIMITS[REFERENCE_FILE], below=folder)
    except OSError as cause:
        message = Sentence(
            f"there is neither {pack.PACK_FILE} nor a readable {REFERENCE_FILE}",
            f"既没有 {pack.PACK_FILE}，也没有可读取的 {REFERENCE_FILE}",
        )
        raise EvidenceError("file-unreadable", message, Place(str(path))) from cause
    return decode(data, EvidenceReference, name=str(path))


def is_elsewhere(folder: Path) -> bool:
    """Whether a folder is a submission whose evidence does not lie in it."""
    return is_plain(folder / REFERENCE_FILE) and not is_plain(folder / pack.PACK_FILE)


def _take(wanted: EvidenceReference, name: str, elsewhere: Elsewhere, target: BinaryIO) -> None:
    if wanted.size > MAX_BYTES:
        message = Sentence(
            f"{wanted.size:,} bytes; at most {MAX_BYTES:,} are taken",
            f"{wanted.size:,} 字节；最多取 {MAX_BYTES:,} 字节",
        )
        raise EvidenceError("evidence-unreachable", message, Place(name))
    store = elsewhere.store
    if store is not None and stores.copied(store, wanted, target):
        return
    if not elsewhere.fetch or not wanted.urls:
        where = ", ".join(wanted.urls) or Sentence("nowhere that it names", "未说明之处")
        message = Sentence(
            f"the evidence, SHA-256 {wanted.sha256}, is not at hand; it lies at {where}",
            f"SHA-256 为 {wanted.sha256} 的证据不在此处；它位于 {chinese(where)}",
        )
        hint = Sentence(
            "give --store that holds it, or --fetch to ask those addresses",
            "请给出含有它的 --store，或以 --fetch 向这些地址索取",
        )
        raise EvidenceError("evidence-elsewhere", message, Place(name), hint)
    _fetch(wanted, target)
    if isinstance(store, Directory):
        _keep(store, wanted, target)


def _fetch(wanted: EvidenceReference, target: BinaryIO) -> None:
    reasons = []
    for url in wanted.urls:
        target.seek(0)
        target.truncate()
        try:
            stores.fetched(url, wanted, target)
        except EvidenceError as cause:
            reasons.append(cause)
        else:
            return
    raise reasons[-1]


def _keep(store: Directory, wanted: EvidenceReference, target: BinaryIO) -> None:
    """Put into a store what was fetched, so that nobody is asked twice."""
    place = store.place(wanted.sha256)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        layout.copy(target, place)
    except OSError as cause:
        raise stores.full(cause) from cause
