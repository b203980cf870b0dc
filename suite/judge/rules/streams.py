"""Rules about how answers arrive: no bursts, no first chunk before its time, no company that changes them, no copied gaps."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from suite.base.bilingual import Bilingual, Sentence, chinese
from suite.base.statistics import median
from suite.documents.event import has_failed
from suite.judge.log import streams
from suite.judge.rules.rule import (
    Finding,
    answered,
    by_phase,
    failed,
    not_applicable,
    passed,
    place,
    rule,
    warned,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from suite.documents.event import Request
    from suite.evidence import Evidence
    from suite.judge.metrics.compute import Results

MOST_SEVERAL = 0.05
"""Largest share of chunks with more than one token where nothing is speculated."""
MOST_BURSTS = 0.5
"""Largest share of answers that may come in bursts: a proxy makes all of them so, a busy machine some."""
SHORTEST_NS = 1_500_000
"""Pauses between bursts below which a busy machine explains them."""
MOST_BLANK = 0.01
"""Largest share of answers whose first chunk may be blank."""
MOST_DIVERGENT = 0.03
"""Divergences per step that other company explains; published for sound engines: 0.003 to 0.013."""
POISSON = 3.09
"""Standard deviations that one run in a thousand exceeds."""
MOST_REPEATED = 0.01
"""Largest share of runs of gaps that may occur twice to the nanosecond."""
MOST_ROUNDED = 0.5
"""Largest share of gaps that may be whole microseconds; one in a thousand is by chance."""
UNIT_NS = 1_000
SAMPLE = 2_000
"""Answers of a phase whose gaps are compared."""
INVARIANT = "VLLM_BATCH_INVARIANT"
"""Environment variable by which an engine claims that company changes no answer."""
NO_STREAM = Sentence(
    "no phase has one request at a time, or its answers are too short to tell",
    "没有单请求阶段，或其回答过短而无法判断",
)


@rule(
    "R081",
    title=Bilingual("Tokens come one by one", "token 逐个到达"),
    asks=Bilingual(
        "Where one request runs at a time, at most 5 % of the chunks between the first and the last carry more than one "
        "token, and at most half of the answers come in bursts: a quarter of their gaps is shorter than a fifth of the "
        "mean, and pauses last 1.5 ms or more.",
        "在单请求阶段，首末之间的数据块至多 5 % 含多个 token，且至多半数回答成批到达：其四分之一的间隔短于平均间隔的五分之一，且停顿不短于 1.5 ms。",
    ),
    reason=Bilingual(
        "More than one token a step is speculative decoding, whatever the plan says; a proxy that holds chunks back makes "
        "TTFT and gaps its own.",
        "每步多个 token 即为推测解码，无论计划如何声明；扣留数据块的代理会使 TTFT 与间隔失真。",
    ),
    phases="measured",
    broken=Bilingual(
        "warn: *optimised* at best; declared speculative decoding is no finding",
        "warn：至多 *optimised*；已声明的推测解码不算",
    ),
    limits="optimised",
)
def one_by_one(evidence: Evidence, _: Results) -> Finding:
    """In an unloaded stream tokens come one by one, at an even pace."""
    if evidence.plan.engine.speculative_decoding:
        return not_applicable(Sentence("speculative decoding is declared", "已声明推测解码"))
    wrong, judged = [], 0
    for name, answers in streams.streams(evidence).items():
        pace = streams.pace(answers)
        if pace is None:
            continue
        judged += 1
        if pace.several is not None and pace.several > MOST_SEVERAL:
            wrong.append(
                Sentence(
                    f"{name}: {pace.several:.0%} of the chunks carry more than one token, and the plan declares no speculation",
                    f"{name}：{pace.several:.0%} 的数据块含多个 token，而计划未声明推测解码",
                )
            )
        elif pace.bursts > MOST_BURSTS and pace.upper >= SHORTEST_NS:
            wrong.append(
                Sentence(
                    f"{name}: {pace.bursts:.0%} of the answers come in bursts: a quarter of the gaps are at most {pace.quarter / 1e6:.2f} ms, "
                    f"a tenth at least {pace.upper / 1e6:.2f} ms",
                    f"{name}：{pace.bursts:.0%} 的回答成批到达：四分之一的间隔至多 {pace.quarter / 1e6:.2f} ms，十分之一至少 {pace.upper / 1e6:.2f} ms",
                )
            )
    if wrong:
        return warned(wrong[0], wrong)
    if not judged:
        return not_applicable(NO_STREAM)
    return passed(
        Sentence(
            f"{judged} phases with one request at a time: one token a chunk, no bursts",
            f"{judged} 个单请求阶段：每个数据块一个 token，没有成批到达",
        )
    )


@rule(
    "R082",
    title=Bilingual("The first chunk is the first token", "首个数据块即首个 token"),
    asks=Bilingual(
        "At most 1 % of a phase's answers begin with a chunk without a token, or with a blank one that came before its time; "
        "and where one request runs at a time, the gap behind the first chunk is neither three times the usual one nor "
        "longer than the time to the first chunk (medians).",
        "一个阶段中至多 1 % 的回答以不含 token 的数据块或提前到达的空白数据块开头；在单请求阶段，首个数据块之后的间隔不会既超过通常间隔的三倍又超过首个数据块的等待时间（中位数）。",
    ),
    reason=Bilingual(
        "A blank chunk or a guessed token sent before the prompt was read shows a TTFT that no reader has.",
        "在读取提示词之前发送的空白块或猜测的 token，所显示的 TTFT 并非读者所得。",
    ),
    phases="measured",
    broken=Bilingual("fail", "fail"),
)
def first_token(evidence: Evidence, _: Results) -> Finding:
    """First chunks hold a token that shows, and were not sent before their time."""
    wrong, places, judged = [], [], 0
    for (name, _repeat), requests in by_phase(evidence).items():
        mine = [event for event in requests if not has_failed(event) and event.lead_chars]
        blank = [event for event in mine if streams.blank_first(event)]
        judged += len(mine)
        if len(blank) > MOST_BLANK * len(mine):
            wrong.append(
                Sentence(
                    f"{name}: {len(blank)} of {len(mine)} answers begin with a chunk that shows nothing",
                    f"{name}：{len(mine)} 个回答中有 {len(blank)} 个以不显示内容的数据块开头",
                )
            )
            places += [place(event) for event in blank]
    for name, answers in streams.streams(evidence).items():
        why = _guessed(answers)
        if why:
            wrong.append(Sentence(f"{name}: {why}", f"{name}：{chinese(why)}"))
            places += [place(event) for event in answers]
    if wrong:
        return failed(wrong[0], places)
    if not judged:
        return not_applicable(
            Sentence("no answer says what its first chunks held", "没有回答说明其首个数据块的内容")
        )
    return passed(
        Sentence(
            f"the first chunks of {judged} answers are their first tokens",
            f"{judged} 个回答的首个数据块即其首个 token",
        )
    )


def _guessed(answers: list[Request]) -> str:
    """Why the first chunks were sent before their time; "" where they were not."""
    waits = [wait for event in answers if (wait := streams.waited(event)) is not None]
    if len(waits) < streams.LEAST_CHUNKS:
        return ""
    behind, usual = median([gap for gap, _ in waits]), median([gap for _, gap in waits])
    first = median([streams.first_token(event) for event in answers])
    if behind <= streams.HASTE * usual or behind <= first:
        return ""
    return Sentence(
        f"the second chunk comes {behind / 1e6:.2f} ms after the first, later ones every {usual / 1e6:.2f} ms, "
        f"and the first after only {first / 1e6:.2f} ms: it was sent before its time",
        f"第二个数据块在首个之后 {behind / 1e6:.2f} ms 到达，其后每 {usual / 1e6:.2f} ms 一个，而首个仅用 {first / 1e6:.2f} ms：它被提前发送",
    )


@rule(
    "R083",
    title=Bilingual("Company does not change answers", "同批请求不改变回答"),
    asks=Bilingual(
        "A prompt that was answered alone and among others got the same answer, where the engine claims batch invariance "
        "(`VLLM_BATCH_INVARIANT`); elsewhere answers part at no more than 3 % of the steps, by the lower end of the "
        "interval (Poisson, one run in a thousand).",
        "同一提示词单独回答与在其他请求之间回答时，若引擎声称批次不变（`VLLM_BATCH_INVARIANT`）则回答相同；否则按区间下端（泊松，千分之一）至多在 3 % 的步上出现分歧。",
    ),
    reason=Bilingual(
        "Batches change the order of sums and with it rare ties; more than that is another precision or another model "
        "under load.",
        "批处理改变求和顺序，从而影响少数并列；超出此限则是负载下的另一种精度或另一个模型。",
    ),
    phases="tasks",
    broken=Bilingual("warn; fail where batch invariance is claimed", "warn；声称批次不变时为 fail"),
)
def company(evidence: Evidence, _: Results) -> Finding:
    """The same prompt gets the same answer alone and among others."""
    if evidence.plan.workload.decoding.temperature != 0:
        return not_applicable(Sentence("decoding is not greedy", "解码不是贪心"))
    pairs = streams.alone_and_among(evidence)
    if not pairs:
        return not_applicable(
            Sentence(
                "no prompt was answered alone and among others",
                "没有提示词既被单独回答又在其他请求之间被回答",
            )
        )
    steps = parted = 0
    places: list[str] = []
    for alone, among in pairs:
        count, apart = streams.divergence(alone, among)
        steps, parted = steps + count, parted + apart
        if apart:
            places.append(place(among))
    why = Sentence(
        f"{parted} of {len(pairs)} answers part from those given alone, {parted / steps:.2%} of {steps} steps",
        f"{len(pairs)} 个回答中有 {parted} 个与单独给出者出现分歧，占 {steps} 步的 {parted / steps:.2%}",
    )
    if evidence.plan.engine.env.get(INVARIANT, "0") not in ("", "0"):
        return (
            failed(
                Sentence(
                    f"{why}; the engine claims batch invariance", f"{why.zh}；引擎声称批次不变"
                ),
                places,
            )
            if parted
            else passed(why)
        )
    if _least(parted) > MOST_DIVERGENT * steps:
        return warned(
            Sentence(f"{why}, bound {MOST_DIVERGENT:.0%}", f"{why.zh}，限度 {MOST_DIVERGENT:.0%}"),
            places,
        )
    return passed(why)


def _least(count: int) -> float:
    """Lower end of the interval of a Poisson count (Wilson and Hilferty)."""
    if not count:
        return 0.0
    return count * float(max(0.0, 1 - 1 / (9 * count) - POISSON / (3 * math.sqrt(count)))) ** 3


@rule(
    "R084",
    title=Bilingual("Gaps are a clock's, not a pen's", "间隔出自时钟而非编造"),
    asks=Bilingual(
        "Gaps between chunks are as irregular as measured ones are: at most 1 % of the runs of three occur twice to the "
        "nanosecond, and at most half of the gaps are whole microseconds. Over at most 2,000 answers of a phase, at "
        "least 100 gaps.",
        "数据块间隔应如实测值一样不规则：连续三个间隔至多 1 % 以纳秒精度重复出现，整微秒的间隔至多一半。每阶段至多取 2,000 个回答，至少 100 个间隔。",
    ),
    reason=Bilingual(
        "Times that were copied from one request to others, made by a rule or rounded. A tripwire: a random generator passes.",
        "从一个请求复制到其他请求、按规则生成或被取整的时间。仅为绊线：随机生成的时间可以通过。",
    ),
    phases="measured",
    broken=Bilingual("fail", "fail"),
)
def irregular(evidence: Evidence, _: Results) -> Finding:
    """Gaps are not copied, periodic or rounded."""
    wrong, judged = [], 0
    for name, answers in _samples(evidence):
        round_ones, gaps = streams.rounded(answers, UNIT_NS)
        if gaps < streams.LEAST_GAPS:
            continue
        judged += 1
        twice, runs = streams.repeated(answers)
        if runs and twice > MOST_REPEATED * runs:
            wrong.append(
                Sentence(
                    f"{name}: {twice} of {runs} runs of {streams.RUN} gaps occur more than once",
                    f"{name}：{runs} 组连续 {streams.RUN} 个间隔中有 {twice} 组重复出现",
                )
            )
        if round_ones > MOST_ROUNDED * gaps:
            wrong.append(
                Sentence(
                    f"{name}: {round_ones} of {gaps} gaps are whole microseconds",
                    f"{name}：{gaps} 个间隔中有 {round_ones} 个为整微秒",
                )
            )
    if wrong:
        return failed(wrong[0], wrong)
    if not judged:
        return not_applicable(
            Sentence(
                f"no phase has {streams.LEAST_GAPS} gaps",
                f"没有含 {streams.LEAST_GAPS} 个间隔的阶段",
            )
        )
    return passed(
        Sentence(f"the gaps of {judged} phases are irregular", f"{judged} 个阶段的间隔均不规则")
    )


def _samples(evidence: Evidence) -> Iterator[tuple[str, list[Request]]]:
    groups: dict[str, list[Request]] = {}
    for event in answered(evidence):
        groups.setdefault(event.phase, []).append(event)
    for name, answers in groups.items():
        yield name, answers[:SAMPLE]
