"""How phases ended, and whether their own stop rules bear that out.

The rule that the run asked (`suite.declare.stopping.phase`) is asked again over the same events in the order of the
log. Only the longest duration goes by a clock; it is held against the times of the requests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.declare.stopping.observed import observed
from suite.declare.stopping.phase import PhaseRule
from suite.judge.metrics.outcomes import Ended

if TYPE_CHECKING:
    from suite.declare.plandoc import StopDoc
    from suite.judge.metrics.phaselog import PhaseLog
    from suite.judge.metrics.samples import PhaseSamples

SLACK_NS = 1_000_000_000
"""How far from the longest duration a phase may stop sending: the run looks often, and sends at times of its own."""


def ended(phase: PhaseSamples) -> tuple[Ended, ...]:
    """How each repeat that ran came to its end."""
    return tuple(
        Ended(
            repeat=repeat.number,
            by=repeat.log.noted.text("ended_by"),
            most=repeat.log.doc["tasks"],
            sent=len(repeat.events),
            seconds=max(0.0, repeat.window_s),
        )
        for repeat in phase.repeats
        if repeat.events
    )


def problem(log: PhaseLog) -> str:
    """Why the ending that the run notes is not the one that the events show; "" when it is.

    Phases without a stop rule end when everything is sent: what is missing there is counted elsewhere.
    """
    stop = log.doc.get("stop")
    if stop is None:
        return ""
    by = log.noted.text("ended_by")
    sent = log.noted.count("sent")
    if sent is not None and sent != len(log.events):
        return f"{sent} requests were sent, the log holds {len(log.events)}"
    match by:
        case "":
            return "the log does not say how it ended"
        case "enough" | "saturated":
            return _by_rule(log, stop, by)
        case "max-duration":
            return _by_clock(log, stop)
        case _:
            return ""  # sent to its end, or stopped from outside, which leaves requests missing


def _rule(log: PhaseLog, stop: StopDoc) -> PhaseRule:
    """The phase's rule, told of the events until they decide."""
    rule = PhaseRule(stop, arrivals_ns=log.doc["arrivals_ns"])
    for event in log.events:
        if rule.add(observed(event)):
            break
    return rule


def _by_rule(log: PhaseLog, stop: StopDoc, by: str) -> str:
    rule = _rule(log, stop)
    if rule.ended_by != by:
        return f"ended as {by}, {_short_of(rule, stop)}"
    noted = log.noted.count("seen")
    if noted is not None and noted != rule.seen:
        return f"ended as {by} after {noted} requests, its events show it after {rule.seen}"
    return ""


def _short_of(rule: PhaseRule, stop: StopDoc) -> str:
    """What the events lack for an ending."""
    if rule.ended_by is not None:
        return f"its events show {rule.ended_by}"
    if rule.answers < stop["min_requests"]:
        return f"after {rule.answers} answers; {stop['min_requests']} were to come first"
    if rule.interval is not None:
        return f"its events do not show it: {rule.interval.why}"
    return "its events do not show it"


def _by_clock(log: PhaseLog, stop: StopDoc) -> str:
    longest = stop["max_duration_s"]
    if longest is None:
        return "ended as max-duration, which its rule does not know"
    if not log.events or log.start is None:
        return "ended as max-duration, its log does not show when it began"
    longest_ns = round(longest * 1e9)
    first = min(event["t_send"] for event in log.events)
    last = max(event["t_send"] for event in log.events)
    if last > first + longest_ns + SLACK_NS:
        late = (last - first) / 1e9
        return f"sent for {late:.1f} s, its longest duration is {longest:g} s"
    due = log.start + longest_ns
    if log.end is None or log.end < due or _idle_from(log, last) < due - SLACK_NS:
        return f"sent nothing more {(due - last) / 1e9:.1f} s before its longest duration"
    return ""


def _idle_from(log: PhaseLog, last: int) -> int:
    """When the phase would have sent its next request, had it gone on."""
    doc = log.doc
    arrivals = doc["arrivals_ns"]
    if arrivals is not None:
        sent = {event["index"] for event in log.events}
        origin = min(
            (
                one["t_sched"] - arrivals[one["index"]]
                for one in log.events
                if one["index"] < len(arrivals)
            ),
            default=0,
        )
        left = [time for index, time in enumerate(arrivals) if index not in sent]
        return origin + left[0] if left else last + SLACK_NS
    ends = [event["t_end"] for event in log.events]
    if doc.get("lockstep"):
        return max(ends)
    if "session" in doc:
        return max(ends) + round(doc["session"]["think_ms"] * 1e6)
    # A closed loop sends whenever one ends.
    return min((end for end in ends if end > last), default=last)
