"""How phases ended, and whether their own stop rules bear that out.

The rule that the run asked (`suite.declare.analysis.stop`) is asked again over the same events in the order of the
log, whatever ending the run notes, and nothing may have been sent long after its decision. Only the longest duration
goes by a clock; it is held against the times of the requests, never against those of marks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UNSET

from suite.base.bilingual import Sentence, chinese, placed
from suite.declare.analysis.backlog import backlog
from suite.declare.analysis.observed import observed
from suite.declare.analysis.saturation import Saturation
from suite.declare.analysis.stop import PhaseRule
from suite.declare.scenarios.phase import is_search
from suite.documents.document import given

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suite.declare.analysis.backlog import Backlog
    from suite.documents.event import Request
    from suite.documents.phase import Stop
    from suite.judge.log.phases import PhaseLog

SLACK_NS = 1_000_000_000
"""How far from the longest duration, or from its rule's decision, a phase may stop sending: the run looks every
50 ms, and sends at times of its own."""
DISORDER_NS = 1_000_000_000
"""How much later than a later line a request of the log may have ended for the lines to count as an order in time."""


def in_order(events: Sequence[Request]) -> Sequence[Request]:
    """Requests as the run saw them end: in the order of the lines, or of their ends where that is no order in time."""
    latest = 0
    for event in events:
        latest = max(latest, event.t_end)
        if event.t_end < latest - DISORDER_NS:
            return sorted(events, key=lambda event: (event.t_end, event.index))
    return events


def backlog_of(log: PhaseLog) -> Backlog | None:
    """Whether the server kept up with an open loop; None for a closed loop and for a search, whose probes are judged.

    Where it fell behind, the phase has no latency of its own: that depends on how long it was measured, so that to
    end sooner, or to fail harder, would look faster.
    """
    arrivals = log.doc.arrivals_ns
    if not arrivals or is_search(log.doc):
        return None
    requests = [observed(event) for event in in_order(log.events)]
    state = backlog(requests)
    if state is None:
        return None
    if log.noted.text("ended_by") == "saturated":
        return state._replace(
            verdict="fell-behind",
            why=Sentence(
                f"the phase was ended for it: {state.why}", f"该阶段因此结束：{chinese(state.why)}"
            ),
        )
    watch = Saturation(arrivals)
    if any(watch.add(request) for request in requests):
        rising = Sentence(
            "queue and time to first token kept rising", "排队与首 token 时间持续上升"
        )
        return state._replace(verdict="fell-behind", why=placed(rising, state.why))
    return state


def problem(log: PhaseLog) -> str:
    """Why the ending that the run notes is not the one that the events show; "" when it is.

    Phases without a stop rule end when everything is sent: what is missing there is counted elsewhere.
    """
    stop = given(log.doc.stop)
    if stop is None:
        return ""
    by = log.noted.text("ended_by")
    sent = log.noted.count("sent")
    if sent is not None and sent != len(log.events):
        return Sentence(
            f"{sent} requests were sent, the log holds {len(log.events)}",
            f"已发送 {sent} 个请求，日志中有 {len(log.events)} 个",
        )
    if not by:
        return Sentence("the log does not say how it ended", "日志未说明如何结束")
    rule, moment = _rule(log, stop)
    if by in ("enough", "saturated"):
        wrong = _by_rule(log, rule, stop, by)
    else:
        # Sent to its end, or stopped from outside, which leaves requests missing: R002 counts them.
        wrong = _by_clock(log, stop) if by == "max-duration" else ""
    return wrong or _went_on(log, rule, stop, moment, by)


def _rule(log: PhaseLog, stop: Stop) -> tuple[PhaseRule, int]:
    """The phase's rule, told of the events until they decide, and the latest end that it was told of."""
    rule = PhaseRule(stop, arrivals_ns=log.doc.arrivals_ns)
    moment = 0
    for event in in_order(log.events):
        moment = max(moment, event.t_end)
        if rule.add(observed(event)):
            break
    return rule, moment


def _by_rule(log: PhaseLog, rule: PhaseRule, stop: Stop, by: str) -> str:
    if rule.ended_by != by:
        return Sentence(
            f"ended as {by}, {_short_of(rule, stop)}",
            f"以 {by} 结束，{chinese(_short_of(rule, stop))}",
        )
    noted = log.noted.count("seen")
    if noted is not None and noted != rule.seen:
        return Sentence(
            f"ended as {by} after {noted} requests, its events show it after {rule.seen}",
            f"在 {noted} 个请求后以 {by} 结束，而其事件显示为 {rule.seen} 个之后",
        )
    return ""


def _went_on(log: PhaseLog, rule: PhaseRule, stop: Stop, moment: int, by: str) -> str:
    """Whether it sent long after its rule's decision, at `moment`, or after its longest duration."""
    if not log.events:
        return ""
    last = max(event.t_send for event in log.events)
    if rule.ended_by is not None and last > moment + SLACK_NS:
        after = (last - moment) / 1e9
        return Sentence(
            f"ended as {by}, and sent for {after:.1f} s after its events show {rule.ended_by}",
            f"以 {by} 结束，而在其事件显示 {rule.ended_by} 之后又发送了 {after:.1f} 秒",
        )
    longest = stop.max_duration_s
    if longest is not None and last > began(log) + round(longest * 1e9) + SLACK_NS:
        late = (last - began(log)) / 1e9
        return Sentence(
            f"sent for {late:.1f} s, its longest duration is {longest:g} s",
            f"发送了 {late:.1f} 秒，其最长时间为 {longest:g} 秒",
        )
    return ""


def began(log: PhaseLog) -> int:
    """When it began: the origin of its intended starts, or its first send. A mark proves nothing."""
    arrivals = log.doc.arrivals_ns
    first = min(event.t_send for event in log.events)
    if not arrivals:
        return first
    origin = _origin(log, arrivals)
    return first if origin is None else min(first, origin)


def _origin(log: PhaseLog, arrivals: Sequence[int]) -> int | None:
    """The moment from which intended starts count; None where no request has one."""
    return min(
        (
            event.t_sched - arrivals[event.index]
            for event in log.events
            if event.index < len(arrivals)
        ),
        default=None,
    )


def _short_of(rule: PhaseRule, stop: Stop) -> str:
    """What the events lack for an ending."""
    if rule.ended_by is not None:
        return Sentence(f"its events show {rule.ended_by}", f"其事件显示 {rule.ended_by}")
    if rule.answers < stop.min_requests:
        return Sentence(
            f"after {rule.answers} answers; {stop.min_requests} were to come first",
            f"在 {rule.answers} 个回答之后；此前应有 {stop.min_requests} 个",
        )
    if rule.interval is not None:
        return Sentence(
            f"its events do not show it: {rule.interval.why}",
            f"其事件并未显示这一点：{chinese(rule.interval.why)}",
        )
    return Sentence("its events do not show it", "其事件并未显示这一点")


def _by_clock(log: PhaseLog, stop: Stop) -> str:
    longest = stop.max_duration_s
    if longest is None:
        return Sentence(
            "ended as max-duration, which its rule does not know",
            "以 max-duration 结束，而其规则没有此项",
        )
    if not log.events or log.start is None:
        return Sentence(
            "ended as max-duration, its log does not show when it began",
            "以 max-duration 结束，而其日志未显示何时开始",
        )
    last = max(event.t_send for event in log.events)
    due = began(log) + round(longest * 1e9)
    if log.end is None or log.end < due or _idle_from(log, last) < due - SLACK_NS:
        return Sentence(
            f"sent nothing more {(due - last) / 1e9:.1f} s before its longest duration",
            f"在最长时间之前 {(due - last) / 1e9:.1f} 秒即不再发送",
        )
    return ""


def _idle_from(log: PhaseLog, last: int) -> int:
    """When the phase would have sent its next request, had it gone on."""
    doc = log.doc
    arrivals = doc.arrivals_ns
    if arrivals is not None:
        sent = {event.index for event in log.events}
        origin = _origin(log, arrivals) or 0
        left = [time for index, time in enumerate(arrivals) if index not in sent]
        return origin + left[0] if left else last + SLACK_NS
    ends = [event.t_end for event in log.events]
    if doc.lockstep:
        return max(ends)
    if doc.session is not UNSET:
        return max(ends) + round(doc.session.think_ms * 1e6)
    # A closed loop sends whenever one ends.
    return min((end for end in ends if end > last), default=last)
