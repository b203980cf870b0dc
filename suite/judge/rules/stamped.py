"""Rules of how the log grew: its digests while the run went on, and the time stamps over them."""

from __future__ import annotations

import datetime as dt
import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from msgspec import UNSET

from suite.base.bilingual import Bilingual, Sentence, chinese
from suite.base.errors import Place, TrustError
from suite.documents.codec import canonical
from suite.documents.document import given
from suite.documents.event import Footer, Header, Mark
from suite.judge.attest.times import format_time, parse_time
from suite.judge.attest.timestamps import read_stamp, token_of
from suite.judge.rules.rule import Finding, failed, not_applicable, passed, rule, warned

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suite.documents.challenge import Challenge
    from suite.documents.event import Event
    from suite.documents.logstamp import LogHash, LogStamp
    from suite.evidence import Evidence
    from suite.evidence.growth import Grown
    from suite.judge.metrics.compute import Results

NONE: Final = Sentence("no digests of the log were kept", "未保存日志摘要")
UNSTAMPED: Final = Sentence(
    "no authority was named: when the digests of the log were taken is the word of whoever ran",
    "未指定授时机构：日志摘要的取得时间仅凭运行者之言",
)
CLOCKS_S: Final = 2.0
"""By how much the clocks of reviewer and authority may differ, in seconds."""
DRIFT: Final = 0.001
"""Share of the time between two stamps by which the run's clock may differ from the authority's."""
PROMPT_S: Final = 30.0
"""Longest time from what had happened to its digest, and from there to the authority's answer, in seconds."""
_SETUP_ENDS: Final = ("suite.setup.end", "phase.start")
_WHOLE_S: Final = 1.0
"""A stamp may state whole seconds, rounded down."""


@rule(
    "R103",
    title=Bilingual("The log grew as it was hashed", "日志按其摘要增长"),
    asks=Bilingual(
        "Each digest of the log that was kept while the run went on is the digest of as many bytes of the log as it names; there is one "
        "after the start, after each phase and after the footer, in this order; the first is taken before the set-up ends, each other within 30 s of what "
        "it follows. A run under a challenge keeps them.",
        "运行期间保存的每个日志摘要均等于日志相应字节数的摘要；起始、每个阶段与页脚之后各有一个，次序如此；首个在准备结束之前取得，其余均在其后 30 s 内取得。受质询的运行必须保存。",
    ),
    reason=Bilingual(
        "A log that was changed, or written, once the run was over.",
        "运行结束后才修改或写成的日志。",
    ),
    phases="run",
    broken=Bilingual("fail", "fail"),
)
def grew(evidence: Evidence, _: Results) -> Finding:
    """The log is the one that was hashed while it grew."""
    growth = evidence.growth
    if not growth:
        if evidence.plan.challenge is UNSET:
            return not_applicable(NONE)
        return failed(
            Sentence(
                "the run was made under a challenge and kept no digests of its log",
                "运行受质询，却未保存日志摘要",
            ),
            ["stamps.jsonl"],
        )
    wanted = _wanted(evidence)
    # Wherever a log puts the end of its set-up: no phase begins before it.
    setup = min((mark.t for mark in evidence.marks if mark.name in _SETUP_ENDS), default=0)
    for number, item in enumerate(growth):
        stated = item.stamp.stated
        wrong = _unlike(item, wanted[number] if number < len(wanted) else None, setup)
        if wrong:
            return failed(
                Sentence(
                    f"digest {number}, after {_named(stated)}: {wrong}",
                    f"摘要 {number}，{_named(stated)} 之后：{chinese(wrong)}",
                ),
                [f"stamps.jsonl: line {number + 1}"],
            )
    if len(growth) < len(wanted):
        return failed(
            Sentence(
                f"{len(growth)} digests where the log asks for {len(wanted)}",
                f"摘要 {len(growth)} 个，按日志应有 {len(wanted)} 个",
            ),
            ["stamps.jsonl"],
        )
    return passed(
        Sentence(
            f"{len(growth)} digests, from the start to the end, each of the log's own beginning",
            f"自始至终 {len(growth)} 个摘要，均与日志开头相符",
        )
    )


def _wanted(evidence: Evidence) -> list[tuple[str, str | None, int | None]]:
    """After what there is a digest: moment, phase and repeat, in order."""
    ends = [
        ("phase.end", given(mark.phase), given(mark.repeat))
        for mark in evidence.marks
        if mark.name == "phase.end"
    ]
    last = [] if evidence.footer is None else [("run.end", None, None)]
    return [("run.start", None, None), *ends, *last]


def _named(stated: LogHash) -> str:
    if stated.phase is UNSET:
        return stated.after
    return f"{stated.after} {stated.phase}/{given(stated.repeat, 0)}"


def _unlike(item: Grown, wanted: tuple[str, str | None, int | None] | None, setup: int) -> str:
    """What of a digest is not as the log has it; "" when all is. `setup`: when the set-up ended, nanoseconds."""
    stated, last = item.stamp.stated, item.last
    if wanted != (stated.after, given(stated.phase), given(stated.repeat)):
        return Sentence("the log has no such moment here", "日志在此处没有这一时刻")
    if last is None:
        return Sentence(
            f"the log has no line that ends after {stated.bytes:,} bytes",
            f"日志没有在 {stated.bytes:,} 字节处结束的行",
        )
    if not _follows(stated, last):
        return Sentence(
            "the log's beginning of that length ends with something else",
            "日志该长度的开头以其他内容结束",
        )
    if item.sha256 != stated.sha256:
        return Sentence(
            f"the first {stated.bytes:,} bytes of the log have another digest: it was changed after it was hashed",
            f"日志前 {stated.bytes:,} 字节的摘要不同：取摘要之后日志被更改",
        )
    # A run starts with its command: before the first digest it reads the model, however large that is.
    longest = setup / 1e9 if stated.after == "run.start" else PROMPT_S
    late = (stated.t - _time(last)) / 1e9
    if not 0 <= late <= longest:
        return Sentence(
            f"it was taken {late:.1f} s after what it follows", f"取于其后 {late:.1f} s"
        )
    return ""


def _follows(stated: LogHash, last: Event) -> bool:
    """Whether the log's beginning ends with what a digest says had just happened."""
    match stated.after:
        case "run.end":
            return isinstance(last, Footer)
        case "run.start":
            return isinstance(last, Mark) and last.name == "run.start"
        case "phase.end":
            named = ("phase.end", stated.phase, stated.repeat)
            return isinstance(last, Mark) and (last.name, last.phase, last.repeat) == named


def _time(event: Event) -> int:
    """When an event was, in nanoseconds of the run's clock."""
    if isinstance(event, Header):
        return 0
    return event.t if isinstance(event, Mark | Footer) else event.t_end


@dataclass(frozen=True, slots=True)
class _Read:
    """A time stamp that was read: its place, its time, and when it was asked for and answered, in seconds of the run."""

    line: int
    at: dt.datetime
    asked: float
    answered: float


@rule(
    "R104",
    title=Bilingual(
        "The run fits between its challenge and its time stamps", "运行位于质询与时间戳之间"
    ),
    asks=Bilingual(
        "Each time stamp is over its digest of the log and came within 30 s; their times are in the order of the log, none before the challenge was issued "
        "(2 s of difference between the clocks allowed) or after it expired; and from stamp to stamp the authority's clock and the log's "
        "agree within 2 s and 0.1 %. Where an authority was named and stamps are missing the rule warns.",
        "每个时间戳均针对其日志摘要，且在 30 s 内取得；时间与日志次序一致，不早于质询发布（允许时钟相差 2 s），不晚于其失效；各时间戳之间授时机构的时钟与日志的时钟相差不超过 2 s 加 0.1 %。已指定机构而缺少时间戳时给出警告。",
    ),
    reason=Bilingual(
        "A log written at leisure, one made before the challenge, and one whose clock ran slow.",
        "事后从容写成的日志、质询之前的日志，以及时钟变慢的日志。",
    ),
    phases="run",
    broken=Bilingual("fail; warn where stamps are missing", "fail；缺少时间戳时 warn"),
)
def stamped(evidence: Evidence, _: Results) -> Finding:
    """Stamps are over the digests, in order, after the challenge, and agree with the run's clock."""
    growth = evidence.growth
    if not growth:
        return not_applicable(NONE)
    challenge = given(evidence.plan.challenge)
    named = challenge is not None and challenge.authority is not UNSET
    if not named and all(item.stamp.token is UNSET for item in growth):
        return not_applicable(UNSTAMPED)
    reads: list[_Read] = []
    for number, item in enumerate(growth):
        if item.stamp.token is UNSET:
            continue
        try:
            reads.append(_read(item.stamp, number + 1))
        except TrustError as refused:
            return failed(
                Sentence(
                    f"time stamp {number + 1}: {refused.message}",
                    f"时间戳 {number + 1}：{chinese(refused.message)}",
                ),
                [f"stamps.jsonl: line {number + 1}"],
            )
    wrong = _outside(reads, challenge) or _clocks(reads)
    if wrong:
        return failed(wrong, ["stamps.jsonl"])
    if len(reads) < len(growth):
        why = next(given(item.stamp.why, "") for item in growth if item.stamp.token is UNSET)
        return warned(
            Sentence(
                f"{len(reads)} of {len(growth)} digests of the log have a time stamp, the others none ({why}): when they were "
                "taken is the word of whoever ran",
                f"{len(growth)} 个日志摘要中 {len(reads)} 个有时间戳，其余没有（{why}）：其取得时间仅凭运行者之言",
            ),
            ["stamps.jsonl"],
        )
    return passed(
        Sentence(
            f"{len(reads)} time stamps from {format_time(reads[0].at)} to {format_time(reads[-1].at)}",
            f"{len(reads)} 个时间戳，自 {format_time(reads[0].at)} 至 {format_time(reads[-1].at)}",
        )
    )


def _read(stamp: LogStamp, line: int) -> _Read:
    name = f"stamps.jsonl: line {line}"
    token = read_stamp(token_of(stamp), canonical(stamp.stated), name=name)
    asked, answered = stamp.stated.t / 1e9, given(stamp.answered, 0) / 1e9
    if not 0 <= answered - asked <= PROMPT_S:
        message = Sentence(
            f"answered {answered - asked:.1f} s after it was asked for",
            f"应答于请求后 {answered - asked:.1f} s",
        )
        raise TrustError("timestamp-wrong", message, Place(name))
    return _Read(line, token.tst_info.gen_time, asked, answered)


def _outside(reads: Sequence[_Read], challenge: Challenge | None) -> str:
    """Why stamps are not in order, or not within the challenge's time; "" when they are."""
    for before, after in itertools.pairwise(reads):
        if after.at < before.at:
            return Sentence(
                f"line {after.line} is stamped {format_time(after.at)}, before line {before.line} at {format_time(before.at)}",
                f"第 {after.line} 行的时间戳 {format_time(after.at)} 早于第 {before.line} 行的 {format_time(before.at)}",
            )
    if not reads or challenge is None:
        return ""
    allowed = dt.timedelta(seconds=CLOCKS_S)
    first, last = reads[0].at, reads[-1].at
    if first < parse_time(challenge.issued) - allowed:
        return Sentence(
            f"the first stamp is of {format_time(first)}, the challenge was issued at {challenge.issued}",
            f"首个时间戳为 {format_time(first)}，质询发布于 {challenge.issued}",
        )
    if last > parse_time(challenge.expires) + allowed:
        return Sentence(
            f"the last stamp is of {format_time(last)}, the challenge expired at {challenge.expires}",
            f"最后的时间戳为 {format_time(last)}，质询于 {challenge.expires} 失效",
        )
    return ""


def _clocks(reads: Sequence[_Read]) -> str:
    """Why the authority's clock and the log's do not agree; "" when they do.

    A stamp of time g that was asked for at a and there at b says that the run began between g - b and g + 1 - a by the
    authority's clock; all of them must agree, but for the clocks' drift.
    """
    if not reads:
        return ""
    zero = reads[0].at
    begun = [((item.at - zero).total_seconds(), item) for item in reads]
    latest = max(begun, key=lambda pair: pair[0] - pair[1].answered)
    earliest = min(begun, key=lambda pair: pair[0] - pair[1].asked)
    least = latest[0] - latest[1].answered
    most = earliest[0] + _WHOLE_S - earliest[1].asked
    if least - most <= CLOCKS_S + DRIFT * begun[-1][0]:
        return ""
    first, second = sorted((earliest, latest), key=lambda pair: pair[1].line)
    apart, logged = second[0] - first[0], second[1].asked - first[1].asked
    return Sentence(
        f"{apart:.0f} s between the stamps of lines {first[1].line} and {second[1].line}, {logged:.1f} s by the log's clock",
        f"第 {first[1].line} 与第 {second[1].line} 行的时间戳相隔 {apart:.0f} s，按日志的时钟为 {logged:.1f} s",
    )
