"""Rules about the engine's own metrics: a second witness of what the client saw."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.base.bilingual import Bilingual, Sentence
from suite.documents.document import given
from suite.documents.event import has_failed
from suite.judge.log import engine
from suite.judge.log.phases import phase_logs
from suite.judge.metrics.engine import NO_PAGE
from suite.judge.rules.rule import Finding, failed, not_applicable, passed, rule, warned

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from suite.documents.enginesample import EngineSample
    from suite.evidence import Evidence
    from suite.judge.log.phases import PhaseLog
    from suite.judge.metrics.compute import Results

TOKENS_SHARE = 0.02
"""How far the engine's count of generated tokens may lie from the client's, as a share."""
TOKENS_EACH = 2
"""And for each request: tokens that end an answer are counted by some and sent by none."""


def _phases(evidence: Evidence) -> Iterator[tuple[PhaseLog, Sequence[EngineSample]]]:
    known = engine.of_phases(evidence)
    for log in phase_logs(evidence).values():
        samples = known.get(log.name, ())
        if log.doc.measured and samples:
            yield log, samples


@rule(
    "R094",
    title=Bilingual("The engine's counters know no prefix cache", "引擎计数器未显示前缀缓存"),
    asks=Bilingual(
        "Where the plan has no prefix cache, the engine's own counters have no hits in one.",
        "计划未使用前缀缓存时，引擎自身的计数器没有命中。",
    ),
    reason=Bilingual(
        "A default that another version turned on; a cache that answers repeated prompts for free.",
        "新版本默认开启的缓存；缓存可不费力地回答重复的提示词。",
    ),
    phases="measured",
    broken=Bilingual(
        "fail; warn of a server that runs already: *optimised* at best",
        "fail；对已运行的服务器为 warn：至多 *optimised*",
    ),
    limits="optimised",
)
def no_hidden_cache(evidence: Evidence, _: Results) -> Finding:
    """No prefix-cache hits beside a plan without prefix cache."""
    plan = evidence.plan
    if plan.engine.prefix_caching:
        return not_applicable(Sentence("the plan has a prefix cache", "计划使用前缀缓存"))
    hits, counts = [], 0
    for log, samples in _phases(evidence):
        number = engine.counted(samples, "cache_hits")
        counts += number is not None
        if number:
            hits.append(
                Sentence(
                    f"{log.name}: {number:.0f} prompt tokens came from a prefix cache",
                    f"{log.name}：{number:.0f} 个提示词 token 来自前缀缓存",
                )
            )
    if not counts:
        return not_applicable(
            Sentence(
                f"{NO_PAGE} with a count of its prefix cache",
                f"{NO_PAGE.zh}，或其中没有前缀缓存的计数",
            )
        )
    if hits and plan.runtime == "endpoint":
        return warned(hits[0], hits)
    if hits:
        return failed(
            Sentence(
                f"{hits[0]}, and the plan declares none", f"{hits[0].zh}，而计划未声明前缀缓存"
            ),
            hits,
        )
    return passed(Sentence(f"{counts} phases without a hit", f"{counts} 个阶段，均无命中"))


@rule(
    "R095",
    title=Bilingual("The engine generated what was counted", "引擎生成数与计数一致"),
    asks=Bilingual(
        "The engine's own counter of generated tokens grew by as much as the answers hold, and without a prefix cache that of prompt "
        "tokens by as much as the prompts.",
        "引擎自身的生成 token 计数的增量与回答中的数量一致；没有前缀缓存时，其提示词 token 计数的增量亦与提示词一致。",
    ),
    reason=Bilingual(
        "Usage that claims more than was generated or read; work for somebody else at the same time.",
        "用量声称多于实际生成或读取；同时为他人工作。",
    ),
    phases="measured",
    broken=Bilingual(
        "warn: beyond 2 % and two tokens for each request", "warn：超过 2% 且每请求多于两个 token"
    ),
    limits="optimised",
)
def same_tokens(evidence: Evidence, results: Results) -> Finding:
    """Engine's and client's sum of generated tokens agree, where nothing failed."""
    apart, judged = [], 0
    repeats: dict[str, list[tuple[PhaseLog, Sequence[EngineSample]]]] = {}
    for log, samples in _phases(evidence):
        repeats.setdefault(log.doc.name, []).append((log, samples))
    for name, parts in repeats.items():
        result = results.phases.get(name)
        counts = [engine.counted(samples, "generated_tokens") for _, samples in parts]
        events = [event for log, _ in parts for event in log.events]
        if result is None or result.repeats != len(parts) or any(map(has_failed, events)):
            continue
        ours = next(
            (
                count.tokens
                for count in result.details.token_counts
                if count.source == result.token_source
            ),
            None,
        )
        theirs = sum(count for count in counts if count is not None)
        if ours is None or None in counts:
            continue
        judged += 1
        if _apart(ours, theirs, len(events)):
            apart.append(
                Sentence(
                    f"{name}: the engine generated {theirs:.0f} tokens, the answers hold {ours}",
                    f"{name}：引擎生成了 {theirs:.0f} 个 token，回答中有 {ours} 个",
                )
            )
    apart += _read_otherwise(evidence)
    if apart:
        return warned(apart[0], apart)
    if not judged:
        return not_applicable(
            Sentence(
                f"{NO_PAGE} with a count of tokens, or requests failed",
                f"{NO_PAGE.zh}，或其中没有 token 计数，或有请求失败",
            )
        )
    return passed(
        Sentence(
            f"{judged} phases, the same count but for 2 %", f"{judged} 个阶段，计数相差不超过 2 %"
        )
    )


def _apart(ours: int, theirs: float, requests: int) -> bool:
    """Whether two counts of tokens lie further apart than counting does."""
    return abs(theirs - ours) > TOKENS_SHARE * ours + TOKENS_EACH * requests


def _read_otherwise(evidence: Evidence) -> Iterator[Sentence]:
    """Phases whose prompts hold another number of tokens than the engine says it read; what a cache held it may leave out."""
    for log, samples in () if evidence.plan.engine.prefix_caching else _phases(evidence):
        theirs = engine.counted(samples, "prompt_tokens")
        ours = [given(event.usage.engine_prompt) for event in log.events]
        known = sum(tokens for tokens in ours if tokens is not None)
        if theirs is None or None in ours or any(map(has_failed, log.events)):
            continue
        if _apart(known, theirs, len(ours)):
            yield Sentence(
                f"{log.name}: the engine read {theirs:.0f} prompt tokens, the prompts hold {known}",
                f"{log.name}：引擎读取了 {theirs:.0f} 个提示词 token，提示词共有 {known} 个",
            )


@rule(
    "R096",
    title=Bilingual("Nobody else used the engine", "无他人使用引擎"),
    asks=Bilingual(
        "The engine finished no more requests beside a phase than were sent in it.",
        "各阶段期间引擎完成的请求数不多于所发送的请求数。",
    ),
    reason=Bilingual(
        "Somebody else's requests take time from those that are measured; their answers make caches warm.",
        "他人的请求占用被测请求的时间，其回答使缓存变热。",
    ),
    phases="measured",
    limits="open",
)
def nobody_else(evidence: Evidence, _: Results) -> Finding:
    """No request of others was finished during a measured phase."""
    more, judged = [], 0
    for log, samples in _phases(evidence):
        finished = engine.counted(samples, "finished")
        if finished is None:
            continue
        judged += 1
        if finished > len(log.events):
            more.append(
                Sentence(
                    f"{log.name}: the engine finished {finished:.0f} requests, {len(log.events)} were sent",
                    f"{log.name}：引擎完成了 {finished:.0f} 个请求，发送了 {len(log.events)} 个",
                )
            )
    if more:
        return warned(more[0], more)
    if not judged:
        return not_applicable(
            Sentence(f"{NO_PAGE} with a count of requests", f"{NO_PAGE.zh}，或其中没有请求计数")
        )
    return passed(
        Sentence(f"{judged} phases, no request of others", f"{judged} 个阶段，没有他人的请求")
    )
