"""Whether a submission was handed in before, under this or another name.

Two runs never share the times of a request to the nanosecond. So the times of each request, relative to its own start,
are hashed, and of a log's hashes the smallest are kept: what two logs have in common shows in what their samples have in
common, whatever names, order or starting times were changed, and also where only a part was taken over.
"""

from __future__ import annotations

import contextlib
import hashlib
import heapq
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from suite.base import jsonio
from suite.base.bilingual import Sentence
from suite.base.errors import Problem, SuiteError, TrustError
from suite.base.safe import read_plain
from suite.evidence import BASIS
from suite.judge.attest import envelope
from suite.judge.attest.envelope import MAX_BUNDLE_BYTES
from suite.judge.attest.sign import BUNDLE_FILE
from suite.judge.submissions import attempts, pack, source
from suite.judge.submissions.attempts import Attempt  # noqa: TC001 - msgspec reads the type

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from suite.judge.submissions.folders import Submission
    from suite.judge.submissions.source import Elsewhere

SAMPLE: Final = 256
"""Hashes that are kept of a log."""
WIDTH: Final = 12
"""Bytes of a hash."""
_PARTNERS: Final = 8
"""Of many submissions with the same request, so many are held against each of them: one would be enough to refuse it."""
ENOUGH: Final = 3
"""Requests with equal times from which two logs are one; of a shorter log, all of them."""


@dataclass(frozen=True, slots=True)
class Trace:
    """What tells a submission from others.

    Attributes:
        path: below the tree.
        payload: SHA-256 of the signed bytes; "" where there is no sound bundle.
        sample: hashes of requests' times, `WIDTH` bytes each, sorted; empty where the evidence is not at hand or not readable.
        attempt: the challenge that it was made under; None without one.
    """

    path: str
    payload: str
    sample: bytes
    attempt: Attempt | None = None

    def hashes(self) -> frozenset[bytes]:
        """The sample's hashes, one by one."""
        sample = self.sample
        return frozenset(sample[at : at + WIDTH] for at in range(0, len(sample), WIDTH))


class _Line(msgspec.Struct):
    """Of a line of the log only what is needed here."""

    type: str
    t_send: int = 0
    t_end: int = 0
    chunk_t0: int | None = None
    chunk_dt: tuple[int, ...] = ()


def trace(submission: Submission, elsewhere: Elsewhere) -> Trace:
    """Read what tells a submission from others; what cannot be read is left to its own check."""
    payload, sample, attempt = "", b"", None
    with contextlib.suppress(OSError, SuiteError):
        bundle = envelope.parse(
            read_plain(submission.folder / BUNDLE_FILE, MAX_BUNDLE_BYTES, below=submission.folder)
        )
        payload = jsonio.sha256_hex(bundle.payload)
    with (
        contextlib.suppress(OSError, SuiteError),
        source.opened(submission.folder, elsewhere) as packed,
    ):
        # In the order of the pack.
        basis, log = pack.contents(packed, (BASIS, "events.jsonl"))
        attempt = attempts.read(basis)
        sample = sampled(log.splitlines())
    return Trace(submission.path, payload, sample, attempt)


def sampled(lines: Iterable[bytes]) -> bytes:
    """The smallest hashes over the times of a log's requests, as `Trace` keeps them.

    Args:
        lines: of ``events.jsonl``; what is no request with an answer is passed over.
    """
    decoder = msgspec.json.Decoder(_Line)
    hashes = set()
    for line in lines:
        try:
            event = decoder.decode(line)
        except msgspec.MsgspecError:
            continue
        if event.type == "request" and event.chunk_t0 is not None:
            times = (event.t_end - event.t_send, event.chunk_t0 - event.t_send, event.chunk_dt)
            hashes.add(hashlib.sha256(repr(times).encode()).digest()[:WIDTH])
    return b"".join(heapq.nsmallest(SAMPLE, hashes))


def related(traces: Sequence[Trace]) -> dict[str, list[Trace]]:
    """For each submission those with the same card or a request of the same times: all that `compare` can object to.

    Hashes are sorted as numbers, all of a tree at once: of ten thousand logs two and a half million.
    """
    near: dict[int, set[int]] = {}
    for shared in (*_same_cards(traces), *_same_requests(traces)):
        for index in shared:
            near.setdefault(index, set()).update((index, *shared[:_PARTNERS]))
    by_path: dict[str, set[int]] = {}
    for index, others in near.items():
        by_path.setdefault(traces[index].path, set()).update(others)
    return {path: [traces[at] for at in sorted(others)] for path, others in by_path.items()}


def _same_cards(traces: Sequence[Trace]) -> Iterator[list[int]]:
    places: dict[str, list[int]] = {}
    for index, item in enumerate(traces):
        if item.payload:
            places.setdefault(item.payload, []).append(index)
    return (shared for shared in places.values() if len(shared) > 1)


def _same_requests(traces: Sequence[Trace]) -> Iterator[list[int]]:
    """Groups of traces with a hash in common, told by the first eight bytes; `compare` looks at all of it."""
    joined = np.frombuffer(b"".join(item.sample for item in traces), np.uint8)
    marks = np.ascontiguousarray(joined.reshape(-1, WIDTH)[:, :8]).view(np.uint64).ravel()
    owners = np.repeat(np.arange(len(traces)), [len(item.sample) // WIDTH for item in traces])
    order = np.argsort(marks, kind="stable")
    marks, owners = marks[order], owners[order]
    starts = np.flatnonzero(np.diff(marks, prepend=~marks[:1]))
    sizes = np.diff(starts, append=len(marks))
    for start, size in zip(starts[sizes > 1], sizes[sizes > 1], strict=True):
        yield owners[start : start + size].tolist()


def compare(mine: Trace, others: Sequence[Trace], number: int | None = None) -> str:
    """Hold a submission against the others; returns what to say of it, "" where its log has nothing to compare.

    Args:
        mine: the submission.
        others: every one of the tree, or those that `related` names.
        number: how many others there are in all; None for those given.

    Raises:
        TrustError: ``submission-duplicate`` for the same signed card, ``submission-replayed`` for the same log.
    """
    rest = [other for other in others if other.path != mine.path]
    twins = [
        Problem(other.path) for other in rest if mine.payload and other.payload == mine.payload
    ]
    if twins:
        message = Sentence(
            "the same signed card lies in the tree under another name",
            "同一张签名的评分卡在目录树中另有一份",
        )
        raise TrustError("submission-duplicate", message, None, "", twins)
    replays, own = [], mine.hashes()
    for other in rest:
        theirs = other.hashes()
        shared = len(own & theirs)
        if shared and shared >= min(ENOUGH, len(own), len(theirs)):
            replays.append(
                Problem(
                    Sentence(
                        f"{other.path}: {shared} of {len(own)} sampled requests have the same times, to the nanosecond",
                        f"{other.path}：{len(own)} 个抽样请求中有 {shared} 个的时刻相同，精确到纳秒",
                    )
                )
            )
    if replays:
        message = Sentence(
            "its log was handed in before, under another name", "其日志先前已以另一名称提交过"
        )
        hint = Sentence("one log is one run: measure again", "一份日志是一次运行：请重新测量")
        raise TrustError("submission-replayed", message, None, hint, replays)
    if not mine.sample:
        return ""
    number, sampled = len(rest) if number is None else number, len(own)
    return Sentence(
        f"unlike the {number} others in the tree, {sampled} requests sampled",
        f"与目录树中另外 {number} 份不同，抽样 {sampled} 个请求",
    )
