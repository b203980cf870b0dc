"""What a witness reports of a run that its own client measured: the network, and both sides' numbers side by side."""

from __future__ import annotations

import collections
import statistics
from typing import TYPE_CHECKING, Final

import msgspec

from suite.base.bilingual import Sentence
from suite.base.errors import EvidenceError, Place
from suite.documents.witness import Counted, RoundTrips, WitnessReport, tokens_apart
from suite.judge.attest.review import verifier
from suite.judge.attest.times import format_time
from suite.judge.log import engine, network
from suite.judge.log.phases import phase_logs

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence
    from typing import Literal

    from suite.documents.event import Usage
    from suite.evidence import Evidence
    from suite.judge.attest.keys import PublicKey

    Verdict = Literal["agrees", "differs", "one-sided"]

CLOCK_NS: Final = 1_000_000
"""By how much a server may see a request last longer than its client: the grain of two schedulers."""
LATE_NS: Final = 50_000_000
"""By how much more than a round trip the client's median may be longer: what no network explains."""


class Line(msgspec.Struct):
    """A line of a server's own log: what it saw of a request, by its own clock in nanoseconds."""

    prompt_sha256: str
    arrived: int
    writes: list[int]


def read_log(data: bytes, name: str) -> list[Line]:
    """The lines of a server's log, JSON Lines; members that are not needed are passed over.

    Raises:
        EvidenceError: ``line-wrong``.
    """
    decoder, lines = msgspec.json.Decoder(Line), []
    for number, row in enumerate(data.splitlines(), 1):
        try:
            lines.append(decoder.decode(row))
        except (msgspec.MsgspecError, UnicodeError) as cause:
            message = Sentence(
                f"not a line of a server's log: {str(cause)[:200]}",
                f"不是服务器日志的一行：{str(cause)[:200]}",
            )
            raise EvidenceError("line-wrong", message, Place(name, number)) from cause
    return lines


def report(
    evidence: Evidence, key: PublicKey, at: dt.datetime, log: Sequence[Line] | None
) -> WitnessReport:
    """What a witness states.

    Args:
        evidence: of the run, measured by the witness's client.
        key: that will sign.
        at: now, aware.
        log: the server's own log; None where only its page of metrics tells.

    Raises:
        EvidenceError: ``witness-impossible``.
    """
    trips = sorted(time for probe in network.round_trips(evidence) for time in probe)
    url, first = evidence.plan.engine.url, network.quiet_first_token(evidence)
    if evidence.plan.runtime != "endpoint" or url is None or evidence.manifest_sha256 is None:
        message = Sentence(
            "a witness measures a server elsewhere: this run started its own",
            "见证测量的是他处的服务器：此运行启动了自己的服务器",
        )
        raise EvidenceError(
            "witness-impossible", message, hint=Sentence("give --url", "请给出 --url")
        )
    if not trips or first is None:
        message = Sentence(
            "no round trip or no answer was measured, so that nothing can be said of the way",
            "没有测得网络往返或回答，因此无从谈及途中的情况",
        )
        raise EvidenceError("witness-impossible", message)
    median = statistics.median(trips)
    counted, verdict, why = _by_log(evidence, log, median) if log else _by_metrics(evidence)
    return WitnessReport(
        verifier=verifier(key),
        timeCreated=format_time(at),
        address=url,
        plan_sha256=evidence.header.plan_sha256,
        manifest_sha256=evidence.manifest_sha256,
        network=RoundTrips(
            probes=len(trips),
            median_us=round(median / 1e3, 1),
            largest_us=round(trips[-1] / 1e3, 1),
            share_of_ttft=float(f"{median / first:.3g}"),
        ),
        counted=counted,
        verdict=verdict,
        why=why,
    )


def _by_log(
    evidence: Evidence, log: Sequence[Line], trip_ns: float
) -> tuple[Counted, Verdict, str]:
    """Requests by their prompts, each held against a line of the server's log."""
    lines: dict[str, collections.deque[Line]] = collections.defaultdict(collections.deque)
    for line in sorted(log, key=lambda line: line.arrived):
        lines[line.prompt_sha256].append(line)
    apart, missing = [], 0
    sent = [r for r in sorted(evidence.requests, key=lambda r: r.t_send) if r.outcome == "ok"]
    for request in sent:
        known = lines[request.prompt_sha256]
        if not known:
            missing += 1
            continue
        line = known.popleft()
        if line.writes:
            apart.append((request.t_end - request.t_send) - (line.writes[-1] - line.arrived))
    longer = statistics.median(apart) if apart else 0.0
    counted = Counted(
        source="server-log",
        requests=len(sent),
        theirs=len(sent) - missing,
        others=len(log) - (len(sent) - missing),
        longer_us=round(longer / 1e3, 1),
    )
    shorter = sum(time < -CLOCK_NS for time in apart)
    if missing or not sent:
        return (
            counted,
            "differs",
            Sentence(
                f"{missing} of {len(sent)} requests are not in the server's log",
                f"{len(sent)} 个请求中有 {missing} 个不在服务器日志中",
            ),
        )
    if shorter:
        why = Sentence(
            f"{shorter} of {len(sent)} requests lasted longer at the server than at the client",
            f"{len(sent)} 个请求中有 {shorter} 个在服务器端比在客户端历时更长",
        )
        return counted, "differs", why
    if longer > trip_ns + LATE_NS:
        why = Sentence(
            f"requests lasted {longer / 1e6:.1f} ms longer at the client, a round trip takes {trip_ns / 1e6:.1f} ms",
            f"请求在客户端多历时 {longer / 1e6:.1f} ms，而网络往返需 {trip_ns / 1e6:.1f} ms",
        )
        return counted, "differs", why
    why = Sentence(
        f"{len(sent)} requests are in the server's log, {longer / 1e6:.2f} ms longer at the client (median)",
        f"{len(sent)} 个请求均在服务器日志中，在客户端多历时 {longer / 1e6:.2f} ms（中位数）",
    )
    return counted, "agrees", why


def _by_metrics(evidence: Evidence) -> tuple[Counted, Verdict, str]:
    """Phases by the counters of the engine's page."""
    samples = engine.of_phases(evidence)
    sent = finished = tokens = theirs = 0
    for log in phase_logs(evidence).values():
        seen = samples.get(log.name, ())
        ended, made = engine.counted(seen, "finished"), engine.counted(seen, "generated_tokens")
        if not log.doc.measured or ended is None or made is None:
            continue
        sent += len(log.events)
        finished += round(ended)
        tokens += sum(_generated(event.usage) for event in log.events)
        theirs += round(made)
    if not sent:
        counted = Counted(source="none", requests=0, theirs=0, others=0)
        why = Sentence(
            "the server shows no page of metrics and gave no log: its side is not known",
            "服务器没有指标页面，也没有给出日志：其一侧的情况未知",
        )
        return counted, "one-sided", why
    counted = Counted(
        source="engine-metrics",
        requests=sent,
        theirs=min(sent, finished),
        others=max(0, finished - sent),
        tokens=tokens,
        their_tokens=theirs,
    )
    apart = tokens_apart(tokens, theirs, sent)
    verdict: Verdict = "differs" if apart or finished != sent else "agrees"
    why = Sentence(
        f"{sent} requests and {tokens} tokens at the client, {finished} and {theirs} by the engine's counters",
        f"客户端为 {sent} 个请求与 {tokens} 个 token，引擎计数器为 {finished} 与 {theirs}",
    )
    return counted, verdict, why


def _generated(usage: Usage) -> int:
    """Generated tokens as far as the client knows."""
    for count in (usage.ids_completion, usage.own_completion, usage.engine_completion):
        if count is not msgspec.UNSET:
            return count
    return 0
