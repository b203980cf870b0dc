"""The step of a verification that asks who stamped a run's log, and when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UNSET

from suite.base.bilingual import Sentence
from suite.documents.codec import canonical
from suite.judge.attest.times import format_time
from suite.judge.attest.timestamps import token_of, verify_stamp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suite.documents.logstamp import LogStamp
    from suite.evidence import Evidence
    from suite.judge.attest.steps import Steps
    from suite.judge.attest.trust import TrustList


def check_stamps(steps: Steps, run: Evidence, trust: TrustList | None) -> None:
    """Whether an authority of the list stamped the digests of a run's log."""
    if not run.growth:
        return
    with steps.attempt(
        Sentence("A listed authority stamped the log", "列表中的机构为日志加盖时间戳")
    ) as note:
        stamps = [item.stamp for item in run.growth if item.stamp.token is not UNSET]
        if not stamps:
            detail = Sentence(
                "its digests were kept without time stamps", "仅保存了摘要，没有时间戳"
            )
            note.warn("log-unstamped", detail)
        elif trust is None:
            detail = Sentence(
                "no trust list says whose stamps count", "没有信任列表说明谁的时间戳有效"
            )
            note.warn("signer-not-listed", detail)
        else:
            note.detail = _stamped(stamps, trust)


def _stamped(stamps: Sequence[LogStamp], trust: TrustList) -> str:
    """By whom and when a log's digests were stamped.

    Raises:
        TrustError: ``timestamp-wrong``, ``timestamp-differs``, ``timestamp-untrusted``.
    """
    times = [
        verify_stamp(
            token_of(stamp),
            canonical(stamp.stated),
            trust.authorities,
            name=f"stamp {number} of the log",
        )
        for number, stamp in enumerate(stamps, 1)
    ]
    first, last = (format_time(time.at) for time in (times[0], times[-1]))
    return Sentence(
        f"{len(times)} stamps from {first} to {last}, the first {times[0].source}",
        f"{len(times)} 个时间戳，自 {first} 至 {last}，首个来自 {times[0].source}",
    )
