"""The pack of a submission, wherever it lies: in the folder, in a store by digest, or at an address.

A store is a directory with packs as ``sha256/<first two digits>/<digest>``; a mounted object store or a cache serves as
one. What an address gives is believed only by its size and digest.
"""

from __future__ import annotations

import hashlib
import re
import tempfile
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, BinaryIO, Final
from urllib.parse import urlsplit

from suite.base.bilingual import Sentence, chinese
from suite.base.errors import EvidenceError, Place, unreadable
from suite.base.safe import open_plain, read_plain
from suite.documents.codec import decode
from suite.documents.submission import EvidenceReference
from suite.judge.submissions.folders import REFERENCE_FILE
from suite.judge.submissions.pack import PACK_FILE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from requests import Session

    from suite.judge.submissions.folders import Submission

TIMEOUT_S: Final = 30
MAX_ELSEWHERE_BYTES: Final = 2 << 30
_OCI: Final = re.compile(r"oci://([^/@]+)/([a-z0-9][a-z0-9._/-]*)@sha256:([0-9a-f]{64})\Z")
_CHALLENGE: Final = re.compile(r'(\w+)="([^"]*)"')


def stored(store: Path, sha256: str) -> Path:
    """Where a store keeps a pack."""
    return store / "sha256" / sha256[:2] / sha256


@contextmanager
def opened(submission: Submission, store: Path | None, *, fetch: bool) -> Iterator[BinaryIO]:
    """Open the pack of a submission.

    Args:
        submission: whose.
        store: directory of packs by digest; None without one.
        fetch: ask the addresses of `evidence.json` for a pack that is not in the store.

    Raises:
        EvidenceError: ``evidence-elsewhere``, ``evidence-unreachable``, ``evidence-differs``,
            ``file-unreadable``, and what `evidence.json` is refused for.
    """
    path = submission.folder / PACK_FILE
    try:
        local = open_plain(path, below=submission.folder)
    except FileNotFoundError:
        with _elsewhere(submission, store, fetch=fetch) as stream:
            yield stream
        return
    except OSError as cause:
        raise unreadable(EvidenceError, path, cause) from cause
    with local:
        yield local


@contextmanager
def _elsewhere(submission: Submission, store: Path | None, *, fetch: bool) -> Iterator[BinaryIO]:
    path = submission.folder / REFERENCE_FILE
    try:
        data = read_plain(path, 64 * 1024, below=submission.folder)
    except OSError as cause:
        message = Sentence(
            f"there is neither {PACK_FILE} nor a readable {REFERENCE_FILE}",
            f"既没有 {PACK_FILE}，也没有可读取的 {REFERENCE_FILE}",
        )
        raise EvidenceError("file-unreadable", message, Place(str(path))) from cause
    reference = decode(data, EvidenceReference, name=str(path))
    kept = stored(store, reference.sha256) if store else None
    if kept is not None and kept.is_file():
        with open_plain(kept, below=store) as stream:
            _check(stream, reference, str(kept))
            yield stream
        return
    if not fetch or not reference.locations:
        where = ", ".join(reference.locations) or Sentence("nowhere that it names", "未说明之处")
        message = Sentence(
            f"the evidence, SHA-256 {reference.sha256}, is not at hand; it lies at {where}",
            f"SHA-256 为 {reference.sha256} 的证据不在此处；它位于 {chinese(where)}",
        )
        hint = Sentence(
            "give --store DIR that holds it, or --fetch to ask those addresses",
            "请给出含有它的 --store DIR，或以 --fetch 向这些地址索取",
        )
        raise EvidenceError("evidence-elsewhere", message, Place(str(path)), hint)
    if reference.bytes > MAX_ELSEWHERE_BYTES:
        message = Sentence(
            f"{reference.bytes:,} bytes; at most {MAX_ELSEWHERE_BYTES:,} are fetched",
            f"{reference.bytes:,} 字节；最多获取 {MAX_ELSEWHERE_BYTES:,} 字节",
        )
        raise EvidenceError("evidence-unreachable", message, Place(str(path)))
    with tempfile.TemporaryFile() as target:
        _fetch(reference, target)
        target.seek(0)
        yield target


def _check(stream: BinaryIO, reference: EvidenceReference, name: str) -> None:
    digest = hashlib.sha256()
    while piece := stream.read(1 << 20):
        digest.update(piece)
    size = stream.tell()
    stream.seek(0)
    if (digest.hexdigest(), size) != (reference.sha256, reference.bytes):
        message = Sentence(
            f"it holds {size:,} bytes with SHA-256 {digest.hexdigest()}",
            f"它有 {size:,} 字节，SHA-256 为 {digest.hexdigest()}",
        )
        raise EvidenceError("evidence-differs", message, Place(name))


def _fetch(reference: EvidenceReference, target: BinaryIO) -> None:
    reasons = []
    for location in reference.locations:
        target.seek(0)
        target.truncate()
        try:
            _download(location, reference.bytes, target)
            target.seek(0)
            _check(target, reference, location)
        except EvidenceError as cause:
            reasons.append(cause)
        else:
            return
    raise reasons[-1]


def _download(location: str, size: int, target: BinaryIO) -> None:
    """Write what an address gives, and no more than one byte too much."""
    import requests  # noqa: PLC0415 - only --fetch asks the network

    match = _OCI.match(location)
    url = f"https://{match[1]}/v2/{match[2]}/blobs/sha256:{match[3]}" if match else location
    try:
        with requests.Session() as session:
            headers = _registry_headers(session, url) if match else {}
            with session.get(url, headers=headers, timeout=TIMEOUT_S, stream=True) as answer:
                answer.raise_for_status()
                left = size + 1
                for piece in answer.iter_content(1 << 16):
                    target.write(piece[:left])
                    left -= len(piece)
                    if left <= 0:
                        break
    except (requests.RequestException, OSError, ValueError) as cause:
        reason = f"{type(cause).__name__}: {str(cause)[:200]}"
        raise EvidenceError(
            "evidence-unreachable",
            Sentence(f"no answer from {location}: {reason}", f"{location} 没有应答：{reason}"),
        ) from cause


def _registry_headers(session: Session, url: str) -> dict[str, str]:
    """A token for reading without an account, where an OCI registry wants one; it gives it to anybody."""
    with session.get(url, timeout=TIMEOUT_S, stream=True) as answer:
        if answer.status_code != HTTPStatus.UNAUTHORIZED:
            return {}
        challenge = dict(_CHALLENGE.findall(answer.headers.get("WWW-Authenticate", "")))
    realm = challenge.pop("realm", "")
    if urlsplit(realm).scheme != "https":
        raise ValueError("the registry names no https address for tokens")
    known = {name: challenge[name] for name in ("service", "scope") if name in challenge}
    with session.get(realm, params=known, timeout=TIMEOUT_S) as answer:
        given = answer.json()
    token = given.get("token") or given.get("access_token") if isinstance(given, dict) else None
    if not isinstance(token, str):
        raise ValueError("the registry gives no token")  # noqa: TRY004 - what a server says, like the rest
    return {"Authorization": f"Bearer {token}"}
