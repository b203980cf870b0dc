"""Whether a submission was handed in before, under this or another name.

Two runs never share the times of a request to the nanosecond. So the times of each request, relative to its own start,
are hashed, and of a log's hashes the smallest are kept: what two logs have in common shows in what their samples have in
common, whatever names, order or starting times were changed, and also where only a part was taken over.
"""

from __future__ import annotations

import contextlib
import hashlib
import heapq
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec

from suite.base import jsonio
from suite.base.bilingual import Sentence
from suite.base.errors import Problem, SuiteError, TrustError
from suite.base.safe import read_plain
from suite.evidence import BASIS
from suite.judge.attest import envelope
from suite.judge.attest.envelope import MAX_BUNDLE_BYTES
from suite.judge.attest.sign import BUNDLE_FILE
from suite.judge.submissions import attempts, pack, source

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from suite.judge.submissions.attempts import Attempt
    from suite.judge.submissions.folders import Submission
    from suite.judge.submissions.source import Elsewhere

SAMPLE: Final = 256
"""Hashes that are kept of a log."""
ENOUGH: Final = 3
"""Requests with equal times from which two logs are one; of a shorter log, all of them."""


@dataclass(frozen=True, slots=True)
class Trace:
    """What tells a submission from others.

    Attributes:
        path: below the tree.
        payload: SHA-256 of the signed bytes; "" where there is no sound bundle.
        sample: hashes of requests' times; empty where the evidence is not at hand or not readable.
        attempt: the challenge that it was made under; None without one.
    """

    path: str
    payload: str
    sample: frozenset[bytes]
    attempt: Attempt | None = None


class _Line(msgspec.Struct):
    """Of a line of the log only what is needed here."""

    type: str
    t_send: int = 0
    t_end: int = 0
    chunk_t0: int | None = None
    chunk_dt: tuple[int, ...] = ()


def trace(submission: Submission, elsewhere: Elsewhere) -> Trace:
    """Read what tells a submission from others; what cannot be read is left to its own check."""
    payload, sample, attempt = "", frozenset[bytes](), None
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


def sampled(lines: Iterable[bytes]) -> frozenset[bytes]:
    """The smallest hashes over the times of a log's requests.

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
            hashes.add(hashlib.sha256(repr(times).encode()).digest()[:12])
    return frozenset(heapq.nsmallest(SAMPLE, hashes))


def related(traces: Sequence[Trace]) -> dict[str, list[Trace]]:
    """For each submission those with the same card or a request of the same times: all that `compare` can object to."""
    marks: list[list[bytes | str]] = [
        [*item.sample, *filter(None, (item.payload,))] for item in traces
    ]
    count = Counter(mark for mine in marks for mark in mine)
    places: dict[bytes | str, list[int]] = {}
    for index, mine in enumerate(marks):
        for mark in mine:
            if count[mark] > 1:
                places.setdefault(mark, []).append(index)
    near: dict[int, set[int]] = {}
    for shared in places.values():
        for index in shared:
            near.setdefault(index, set()).update(shared)
    return {
        traces[index].path: [traces[at] for at in sorted(others)] for index, others in near.items()
    }


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
    replays = []
    for other in rest:
        shared = len(mine.sample & other.sample)
        if shared and shared >= min(ENOUGH, len(mine.sample), len(other.sample)):
            replays.append(
                Problem(
                    Sentence(
                        f"{other.path}: {shared} of {len(mine.sample)} sampled requests have the same times, to the nanosecond",
                        f"{other.path}：{len(mine.sample)} 个抽样请求中有 {shared} 个的时刻相同，精确到纳秒",
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
    number, sampled = len(rest) if number is None else number, len(mine.sample)
    return Sentence(
        f"unlike the {number} others in the tree, {sampled} requests sampled",
        f"与目录树中另外 {number} 份不同，抽样 {sampled} 个请求",
    )
