"""Rules about the load: did the requests fail, come late, overlap more than allowed, or count wrongly?"""

from __future__ import annotations

import collections
from typing import TYPE_CHECKING

from suite.declare.profiles.arrivals import probe_schedule
from suite.declare.scenarios.phase import has_exact_lengths, is_conversation, is_search
from suite.judge.checks.rule import (
    Finding,
    Rule,
    answered,
    failed,
    measured,
    not_applicable,
    passed,
    place,
    warned,
)
from suite.judge.metrics import flight
from suite.judge.metrics.asked_lengths import asked
from suite.judge.metrics.phaselog import phase_logs, rate_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from suite.declare.plandoc import PhaseDoc
    from suite.eventdoc import RequestEvent
    from suite.evidence import Evidence
    from suite.judge.metrics.compute import Results
    from suite.judge.metrics.phaselog import PhaseLog

COUNT_TOLERANCE = 0.01
"""Share of answers whose token counts may disagree by more than `COUNT_SLACK`."""
COUNT_BIAS = 0.02
"""By how much the engine's counts may exceed the suite's own over all answers, end tokens left out."""
COUNT_SLACK = 2
"""Tokens by which two counts of one text may differ: end-of-text and a special token."""
PROMPT_TOLERANCE = 2
"""Tokens by which the engine's count of a prompt may differ from the suite's."""
MOST_MERGED = 0.05
"""Share of a phase's chunks that may share the receive stamp of the chunk before."""
SCHEDULE_SLACK_NS = 1_000_000
"""How far an intended start may lie from the plan's arrival, once for the whole phase's origin."""

_Group = dict[tuple[str, int], "list[RequestEvent]"]


def _by_phase(evidence: Evidence) -> _Group:
    groups: _Group = collections.defaultdict(list)
    for request in measured(evidence):
        groups[request["phase"], request["repeat"]].append(request)
    return groups


def few_failures(evidence: Evidence, _: Results) -> Finding:
    """R010: in no measured phase does the share of failed requests exceed the phase's bound.

    A search is held to its bound probe by probe: failures are misses of the objectives (R041).
    """
    groups = _by_phase(evidence)
    wrong, total = [], 0
    for phase in evidence.plan["workload"]["phases"]:
        requests = groups.get((phase["name"], phase["repeat"]), [])
        if not phase["measured"] or not requests or is_search(phase):
            continue
        bad = [request for request in requests if request["outcome"] != "ok"]
        total += len(bad)
        if len(bad) > phase["failure_bound"] * len(requests):
            kinds = collections.Counter(request["outcome"] for request in bad)
            named = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
            wrong.append(
                f"{phase['name']}/{phase['repeat']}: {len(bad)} of {len(requests)} ({named})"
            )
    if wrong:
        return failed(f"too many requests failed in {wrong[0]}", wrong)
    if not groups:
        return failed("no request of a measured phase is in the log")
    return passed(f"{total} failed requests in {len(groups)} measured phases, within the bounds")


def punctual(evidence: Evidence, _: Results) -> Finding:
    """R011: in open-loop phases the client sent on time (99th percentile of lateness within the bound)."""
    groups = _by_phase(evidence)
    wrong, judged = [], 0
    for phase in evidence.plan["workload"]["phases"]:
        bound = phase["lateness_bound_ms"]
        requests = groups.get((phase["name"], phase["repeat"]), [])
        if not phase["measured"] or bound is None or not requests:
            continue
        judged += 1
        late = sorted(request["t_send"] - request["t_sched"] for request in requests)
        worst = late[min(len(late) - 1, int(0.99 * len(late)))] / 1e6
        if worst > bound:
            name = f"{phase['name']}/{phase['repeat']}"
            wrong.append(f"{name}: {worst:.2f} ms late, bound {bound:g} ms")
    if wrong:
        return failed(f"the client sent late in {wrong[0]}", wrong)
    if not judged:
        return not_applicable("no open-loop phase")
    return passed(f"{judged} open-loop phases were sent on time")


def on_schedule(evidence: Evidence, _: Results) -> Finding:
    """R012: the intended starts in the log are the plan's arrival times."""
    wrong: list[str] = []
    judged = 0
    for log in phase_logs(evidence).values():
        arrivals = log.doc["arrivals_ns"]
        if not log.doc["measured"] or not log.events:
            continue
        if is_search(log.doc):
            judged += 1
            wrong += _probes_off_schedule(log)
        elif arrivals is not None:
            judged += 1
            if not _on_time(log.events, arrivals, 0):
                wrong.append(f"{log.name}: intended starts differ from the plan's")
    if wrong:
        return failed(wrong[0], wrong)
    if not judged:
        return not_applicable("no open-loop phase")
    return passed(f"the intended starts of {judged} phases are the plan's")


def _on_time(events: Sequence[RequestEvent], arrivals: Sequence[int], first: int) -> bool:
    """Whether all intended starts lie the same time after the planned ones."""
    origins = [
        event["t_sched"] - arrivals[event["index"] - first]
        for event in events
        if 0 <= event["index"] - first < len(arrivals)
    ]
    return bool(origins) and max(origins) - min(origins) <= SCHEDULE_SLACK_NS


def _probes_off_schedule(log: PhaseLog) -> Iterator[str]:
    """Probes whose intended starts are not drawn from the search's seed at the probe's rate."""
    search = log.doc["search"]
    for probe in log.probes:
        rate = rate_of(log, probe)
        if not probe.events:
            continue
        if rate is None:
            yield f"{log.name}: probe {probe.number} was not sent at a rate of the search"
            continue
        arrivals = probe_schedule(search, probe.number, rate)
        if not _on_time(probe.events, arrivals, probe.number * search["requests"]):
            yield f"{log.name}: intended starts of probe {probe.number} differ from its schedule"


def concurrency_held(evidence: Evidence, _: Results) -> Finding:
    """R013: closed-loop phases never have more requests in flight than planned."""
    groups = _by_phase(evidence)
    wrong = []
    for phase in evidence.plan["workload"]["phases"]:
        limit = phase["concurrency"]
        requests = groups.get((phase["name"], phase["repeat"]), [])
        if not phase["measured"] or limit is None or not requests:
            continue
        peak = flight.peak(requests)
        if peak > limit:
            wrong.append(f"{phase['name']}/{phase['repeat']}: {peak} in flight, planned {limit}")
    if wrong:
        return failed(f"more requests in flight than planned in {wrong[0]}", wrong)
    return passed("no phase had more requests in flight than planned")


def _with_lengths(evidence: Evidence) -> list[PhaseDoc]:
    """Measured phases that ask for exact lengths."""
    phases = evidence.plan["workload"]["phases"]
    return [doc for doc in phases if doc["measured"] and has_exact_lengths(doc)]


def _counts(request: RequestEvent) -> list[int]:
    """What the engine says that it generated, by usage and by ids."""
    usage = request["usage"]
    counts = [usage[key] for key in ("engine_completion", "ids_completion") if key in usage]
    if request["token_ids"] is not None:
        counts.append(len(request["token_ids"]))
    return counts


def counts_agree(evidence: Evidence, _: Results) -> Finding:
    """R014: the engine's usage, its token ids and the suite's own tokenizer count alike.

    Where end tokens are ignored to reach an exact length, text shows less than was generated: R042 counts there.
    """
    wrong, judged, claimed, own = [], 0, 0, 0
    exact = {(doc["name"], doc["repeat"]) for doc in _with_lengths(evidence)}
    for request in answered(evidence):
        if (request["phase"], request["repeat"]) in exact:
            continue
        usage = request["usage"]
        counts = _counts(request)
        if counts and usage.get("own_completion", 0) > 0:
            claimed += max(counts) - 1  # the end token, which text does not show
            own += usage["own_completion"]
            counts.append(usage["own_completion"])
        if len(counts) < 2:
            continue
        judged += 1
        noted = usage.get("ids_completion")
        false = noted is not None and noted != len(request["token_ids"] or ())
        if max(counts) - min(counts) > COUNT_SLACK or false:
            wrong.append(f"{place(request)}: counts {counts}")
    if exact and exact == _by_phase(evidence).keys():
        return not_applicable("every phase asks for exact lengths, see R042")
    if own and claimed > own * (1 + COUNT_BIAS):
        why = f"the engine counts {claimed / own - 1:.1%} more tokens than its texts have"
        return failed(f"{why}, bound {COUNT_BIAS:.0%}", wrong)
    if not judged:
        return warned("only one source counts tokens: nothing to hold it against")
    if len(wrong) > COUNT_TOLERANCE * judged:
        return failed(
            f"{len(wrong)} of {judged} answers are counted differently by two sources", wrong
        )
    return passed(f"{judged} answers counted by at least two sources, {len(wrong)} differ")


def prompts_whole(evidence: Evidence, _: Results) -> Finding:
    """R015: the engine read the whole prompt: its count is the suite's own."""
    wrong, judged = [], 0
    for request in answered(evidence):
        usage = request["usage"]
        if "engine_prompt" not in usage or "own_prompt" not in usage:
            continue
        judged += 1
        if abs(usage["engine_prompt"] - usage["own_prompt"]) > PROMPT_TOLERANCE:
            counts = f"engine {usage['engine_prompt']}, suite {usage['own_prompt']}"
            wrong.append(f"{place(request)}: {counts}")
    if not judged:
        return warned("the engine or the tokenizer does not count prompts: nothing to compare")
    if wrong:
        return failed(
            f"{len(wrong)} of {judged} prompts are counted differently by the engine", wrong
        )
    return passed(f"{judged} prompts, the engine and the suite count alike")


def length_kept(evidence: Evidence, _: Results) -> Finding:
    """R016: no answer is longer than asked, and one that stops by length has exactly that length."""
    most = evidence.plan["workload"]["decoding"]["max_new_tokens"]
    exact = {(doc["name"], doc["repeat"]): doc["lengths"] for doc in _with_lengths(evidence)}
    wrong = []
    for request in answered(evidence):
        lengths = exact.get((request["phase"], request["repeat"]))
        limit = most if lengths is None else asked(lengths, request["index"])[1]
        usage = request["usage"]
        count = usage.get("ids_completion", usage.get("engine_completion"))
        if count is None:
            continue
        short = request["finish_reason"] == "length" and count < limit - 1
        if count > limit or short:
            reason = request["finish_reason"]
            wrong.append(f"{place(request)}: {count} tokens, limit {limit}, finish reason {reason}")
    if wrong:
        of = "the length limit of their phase" if exact else f"the length limit of {most} tokens"
        return failed(f"{len(wrong)} answers break {of}", wrong)
    if exact:
        return passed(f"no answer breaks its limit ({most} new tokens where no length is asked)")
    return passed(f"no answer breaks the limit of {most} new tokens")


def truncation(evidence: Evidence, _: Results) -> Finding:
    """R017: documents were sent whole."""
    talks = {doc["name"] for doc in evidence.plan["workload"]["phases"] if is_conversation(doc)}
    shortened = [request for request in measured(evidence) if request["truncated"]]
    cut = [place(request) for request in shortened if request["phase"] not in talks]
    turns = [place(request) for request in shortened if request["phase"] in talks]
    if turns and not cut:
        return warned(f"{len(turns)} turns were sent without their oldest history", turns)
    if cut:
        return warned(f"{len(cut)} requests carry a document cut to fit the model's context", cut)
    return passed("every document was sent whole")


def told_apart(evidence: Evidence, _: Results) -> Finding:
    """R018: the chunks' arrivals could be told apart; several in one read share one stamp."""
    most, where = 0.0, ""
    for (name, repeat), requests in _by_phase(evidence).items():
        chunks = sum(1 + len(r["chunk_dt"]) for r in requests if r["chunk_t0"] is not None)
        merged = sum(r["merged_reads"] for r in requests)
        if chunks and merged / chunks > most:
            most, where = merged / chunks, f"{name}/{repeat}: {merged} of {chunks} chunks"
    if most > MOST_MERGED:
        why = f"{most:.0%} of the chunks came together with the one before: {where}"
        return warned(f"{why}; TTFT is then an upper bound", [where])
    return passed(f"at most {most:.1%} of a phase's chunks shared a stamp")


RULES = (
    Rule("R010", "Few requests failed", "失败请求在限度内", few_failures),
    Rule("R011", "Requests were sent on time", "请求按时发出", punctual),
    Rule("R012", "Arrivals follow the plan", "到达时间符合计划", on_schedule),
    Rule("R013", "Concurrency stayed within the plan", "并发未超计划", concurrency_held),
    Rule("R014", "Token counts agree between sources", "各来源词元计数一致", counts_agree),
    Rule("R015", "Prompts were read whole", "提示词被完整读取", prompts_whole),
    Rule("R016", "Answers keep the length limit", "回答遵守长度限制", length_kept),
    Rule("R017", "Documents were sent whole", "文档未被截断", truncation),
    Rule("R018", "Chunks could be told apart", "数据块到达时间可区分", told_apart),
)
