"""Rules about the counts of tokens: do all sources agree, and are lengths those that were asked for?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UNSET

from suite.base.bilingual import Bilingual, Sentence, chinese, placed
from suite.declare.analysis.arrived import chunks, shown
from suite.declare.scenarios.phase import has_exact_lengths, lengths_of
from suite.documents.document import given
from suite.documents.event import FOURTH
from suite.judge.log.cached import PROMPT_TOLERANCE, counts_no_prompt, uncached_only
from suite.judge.log.lengths import asked
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
    from collections.abc import Iterator, Sequence

    from suite.documents.event import Request
    from suite.documents.phase import Phase
    from suite.evidence import Evidence
    from suite.judge.metrics.compute import Results

COUNT_TOLERANCE = 0.01
"""Share of answers whose token counts may disagree by more than `COUNT_SLACK`."""
COUNT_BIAS = 0.02
"""By how much the engine's counts may exceed the suite's own over all answers, counted end tokens left out."""
COUNT_SLACK = 2
"""Tokens by which two counts of one text may differ: end-of-text and a special token."""
TAGS = 4
"""Tokens around reasoning that no text shows: two tags, with a line end behind each."""


def _with_lengths(evidence: Evidence) -> list[Phase]:
    """Measured phases that ask for exact lengths."""
    phases = evidence.plan.workload.phases
    return [doc for doc in phases if doc.measured and has_exact_lengths(doc)]


def claimed_counts(request: Request) -> list[int]:
    """What the engine says that it generated, by usage and by ids."""
    usage = request.usage
    ids = None if request.token_ids is None else len(request.token_ids)
    counts = (given(usage.engine_completion), given(usage.ids_completion), ids)
    return [count for count in counts if count is not None]


def _end_token(request: Request, count: int) -> int:
    """1 where a count holds the end token, which text does not show: not every engine counts it.

    Chunks tell, where they say what they carry, or are one less than the tokens; else the text, which then has less.
    """
    if request.finish_reason == "length":
        return 0
    carried = request.chunk_tokens
    seen = sum(carried) if carried else chunks(request)
    if carried or count - seen in (0, 1):
        return min(max(count - seen, 0), 1)
    return int(count > given(request.usage.own_completion, count))


@rule(
    "R014",
    title=Bilingual("Token counts agree between sources", "各来源词元计数一致"),
    asks=Bilingual(
        "The engine's usage, its token ids and the suite's tokenizer count alike: to 2 tokens, "
        "in 99 % of the answers, and to 2 % over all of them, end tokens that an engine counts left "
        "out. Not asked where exact lengths "
        "ignore the end token, which text does not show.",
        "引擎的用量、其 token 编号与本套件分词器的计数一致：99 % 的回答相差至多 2 个 token，全"
        "部回答合计相差至多 2 %。要求精确长度而忽略结束符的阶段不作此要求，因为文本不显示结束符"
        "。",
    ),
    reason=Bilingual(
        "A usage that claims more tokens than were generated inflates every throughput.",
        "虚报生成的 token 数会抬高所有吞吐。",
    ),
    phases="measured",
    broken=Bilingual("fail; warn where only one source counts", "fail；仅有一个来源计数时为 warn"),
)
def counts_agree(evidence: Evidence, _: Results) -> Finding:
    """The engine's usage, its token ids and the suite's own tokenizer count alike.

    Where end tokens are ignored to reach an exact length, text shows less than was generated: R042 counts there.
    """
    wrong, judged, claimed, own = [], 0, 0, 0
    exact = {(doc.name, doc.repeat) for doc in _with_lengths(evidence)}
    for request in answered(evidence):
        if (request.phase, request.repeat) in exact:
            continue
        usage = request.usage
        tags = TAGS if given(request.reasoning) else 0
        counts = claimed_counts(request)
        counted = given(usage.own_completion, 0)
        if counts and counted > 0:
            # No text shows the tags around reasoning.
            claimed += max(counts) - _end_token(request, max(counts)) - tags
            own += counted
            counts.append(counted)
        if len(counts) < 2:
            continue
        judged += 1
        noted = given(usage.ids_completion)
        false = noted is not None and noted != len(request.token_ids or ())
        if max(counts) - min(counts) > COUNT_SLACK + tags or false:
            wrong.append(
                Sentence(
                    f"{place(request)}: counts {counts}",
                    f"{chinese(place(request))}：计数为 {counts}",
                )
            )
    if exact and exact == by_phase(evidence).keys():
        return not_applicable(
            Sentence(
                "every phase asks for exact lengths, see R042", "每个阶段都要求精确长度，见 R042"
            )
        )
    return _agreement(judged, wrong, claimed, own)


def _agreement(judged: int, wrong: Sequence[str], claimed: int, own: int) -> Finding:
    """What the counts of the judged answers come to: those that differ, and both totals."""
    if own and claimed > own * (1 + COUNT_BIAS):
        why = Sentence(
            f"the engine counts {claimed / own - 1:.1%} more tokens than its texts have",
            f"引擎的计数比其文本的 token 数多 {claimed / own - 1:.1%}",
        )
        return failed(
            Sentence(f"{why}, bound {COUNT_BIAS:.0%}", f"{chinese(why)}，限度 {COUNT_BIAS:.0%}"),
            wrong,
        )
    if not judged:
        return warned(
            Sentence(
                "only one source counts tokens: nothing to hold it against",
                "只有一个来源对 token 计数：没有可对照的来源",
            )
        )
    if len(wrong) > COUNT_TOLERANCE * judged:
        return failed(
            Sentence(
                f"{len(wrong)} of {judged} answers are counted differently by two sources",
                f"{judged} 个回答中有 {len(wrong)} 个在两个来源中计数不同",
            ),
            wrong,
        )
    return passed(
        Sentence(
            f"{judged} answers counted by at least two sources, {len(wrong)} differ",
            f"{judged} 个回答由至少两个来源计数，{len(wrong)} 个不同",
        )
    )


@rule(
    "R015",
    title=Bilingual("Prompts were read whole", "提示词被完整读取"),
    asks=Bilingual(
        "The engine read the whole prompt: its count is the suite's, to 2 tokens. A count of 0, "
        "or of what a cache did not hold, is no cut prompt; it compares with nothing.",
        "引擎读取了完整的提示词：其计数与本套件的计数相差至多 2 个 token。计数为 0，或只计缓存之外的"
        "部分，不表示提示词被截断；但也无从比较。",
    ),
    reason=Bilingual(
        "A server that cuts long prompts answers faster and has read less.",
        "截断长提示词的服务器应答更快，却读得更少。",
    ),
    phases="measured",
    broken=Bilingual("fail; warn where nothing can be compared", "fail；无从比较时为 warn"),
)
def prompts_whole(evidence: Evidence, _: Results) -> Finding:
    """The engine read the whole prompt: its count is the suite's own."""
    wrong, uncached, judged = [], [], 0
    requests = list(answered(evidence))
    left_out = {id(request) for request in uncached_only(evidence.requests)}
    for request in requests:
        engine, own = given(request.usage.engine_prompt), given(request.usage.own_prompt)
        if engine is None or own is None:
            continue
        judged += 1
        where = Sentence(
            f"{place(request)}: engine {engine}, suite {own}",
            f"{chinese(place(request))}：引擎 {engine}，套件 {own}",
        )
        if id(request) in left_out:
            uncached.append(where)
        elif abs(engine - own) > PROMPT_TOLERANCE:
            wrong.append(where)
    if not judged:
        return warned(
            Sentence(
                "the engine or the tokenizer does not count prompts: nothing to compare",
                "引擎或分词器未对提示计数：没有可比较的对象",
            )
        )
    if counts_no_prompt(requests):
        return warned(
            Sentence(
                "the engine counts 0 tokens for every prompt: nothing to compare",
                "引擎对每个提示的计数均为 0：没有可比较的对象",
            )
        )
    if wrong:
        return failed(
            Sentence(
                f"{len(wrong)} of {judged} prompts are counted differently by the engine",
                f"{judged} 个提示中有 {len(wrong)} 个的引擎计数不同",
            ),
            wrong,
        )
    if uncached:
        why = Sentence(
            f"of {len(uncached)} of {judged} prompts the server reports uncached tokens only",
            f"{judged} 个提示中有 {len(uncached)} 个，服务器只报告未命中缓存的 token",
        )
        return warned(
            Sentence(
                f"{why}: whether they were read whole cannot be told",
                f"{chinese(why)}：无法判断提示是否被完整读取",
            ),
            uncached,
        )
    return passed(
        Sentence(
            f"{judged} prompts, the engine and the suite count alike",
            f"{judged} 个提示，引擎与套件计数一致",
        )
    )


@rule(
    "R016",
    title=Bilingual("Answers keep the length limit", "回答遵守长度限制"),
    asks=Bilingual(
        "No answer is longer than asked, by the plan or by its phase's own lengths, and one "
        "that stops by length has that length, to one token.",
        "没有回答超过计划或其阶段所要求的长度；因长度而停止的回答恰为该长度，误差至多一个 token。",
    ),
    reason=Bilingual(
        "Answers that claim to have stopped by length and are short; more tokens than asked.",
        "声称因长度而停止却偏短的回答；超过要求的 token。",
    ),
    phases="measured",
    broken=Bilingual("fail", "fail"),
)
def length_kept(evidence: Evidence, _: Results) -> Finding:
    """No answer is longer than asked, and one that stops by length has exactly that length."""
    most = evidence.plan.workload.decoding.max_new_tokens
    exact = {(doc.name, doc.repeat): lengths_of(doc) for doc in _with_lengths(evidence)}
    shorter = {
        (doc.name, doc.repeat): doc.max_new_tokens
        for doc in evidence.plan.workload.phases
        if doc.measured and doc.max_new_tokens is not UNSET
    }
    wrong = []
    for request in answered(evidence):
        lengths = exact.get((request.phase, request.repeat))
        limit = shorter.get((request.phase, request.repeat), most)
        if lengths is not None:
            limit = asked(lengths, request.index)[1]
        usage = request.usage
        count = given(usage.ids_completion, given(usage.engine_completion))
        if count is None:
            continue
        short = request.finish_reason == "length" and count < limit - 1
        if count > limit or short:
            reason = request.finish_reason
            wrong.append(
                Sentence(
                    f"{place(request)}: {count} tokens, limit {limit}, finish reason {reason}",
                    f"{chinese(place(request))}：{count} 个 token，上限 {limit}，结束原因 {reason}",
                )
            )
    if wrong:
        of = (
            Sentence("the length limit of their phase", "其阶段的长度上限")
            if exact
            else Sentence(f"the length limit of {most} tokens", f"{most} 个 token 的长度上限")
        )
        return failed(
            Sentence(f"{len(wrong)} answers break {of}", f"{len(wrong)} 个回答违反了{chinese(of)}"),
            wrong,
        )
    if exact:
        return passed(
            Sentence(
                f"no answer breaks its limit ({most} new tokens where no length is asked)",
                f"没有回答违反其上限（未要求长度时为 {most} 个新 token）",
            )
        )
    return passed(
        Sentence(
            f"no answer breaks the limit of {most} new tokens",
            f"没有回答违反 {most} 个新 token 的上限",
        )
    )


@rule(
    "R070",
    title=Bilingual("Tokens and texts of the chunks add up", "各数据块的 token 与文本相符"),
    asks=Bilingual(
        "The tokens of an answer's chunks are no more than the engine claims, the recorded first chunks are part of "
        "its text and hold no more tokens than that, and no more prompt tokens came from the cache than the prompt has.",
        "一个回答各数据块的 token 总数不超过引擎所称，所记录的前几个数据块属于其文本且其 token 不多于文本，且来自缓存的提示词 token 不超过提示词本身"
        "。",
    ),
    reason=Bilingual(
        "TTFT, TPOT and throughput go by what each chunk carried and showed.",
        "TTFT、TPOT 与吞吐均取决于各数据块携带与显示的内容。",
    ),
    phases="measured",
    broken=Bilingual("fail", "fail"),
)
def chunks_add_up(evidence: Evidence, _: Results) -> Finding:
    """What the events say of single chunks agrees with what they say of the whole answer."""
    wrong, judged = [], 0
    for request in answered(evidence):
        judged += 1
        wrong += [placed(place(request), why) for why in _sums(request)]
    if wrong:
        return failed(
            Sentence(
                f"{len(wrong)} contradictions in the chunks of {judged} answers",
                f"{judged} 个回答的数据块中有 {len(wrong)} 处矛盾",
            ),
            wrong,
        )
    if not judged:
        return not_applicable(Sentence("no request was answered", "没有请求得到回答"))
    return passed(
        Sentence(
            f"the chunks of {judged} answers agree with their tokens and texts",
            f"{judged} 个回答的数据块与其 token 和文本一致",
        )
    )


def _sums(request: Request) -> Iterator[str]:
    """What does not add up in one answer."""
    carried, count = request.chunk_tokens, chunks(request)
    most = max(claimed_counts(request), default=None)
    if carried is not None and len(carried) != count:
        yield Sentence(
            f"tokens of {len(carried)} chunks, {count} arrived",
            f"记录了 {len(carried)} 个数据块的 token，到达 {count} 个",
        )
    elif carried is not None and most is not None and sum(carried) > most:
        yield Sentence(
            f"its chunks carried {sum(carried)} tokens, the engine counts {most}",
            f"其数据块共含 {sum(carried)} 个 token，引擎计为 {most} 个",
        )
    lead = request.lead_chars
    if len(lead) > count or sum(lead) > len(request.text):
        yield Sentence(
            f"its first {len(lead)} chunks have {sum(lead)} characters, its text {len(request.text)}",
            f"其前 {len(lead)} 个数据块有 {sum(lead)} 个字符，文本有 {len(request.text)} 个",
        )
    elif len(lead) < count and shown(request) < FOURTH:
        yield Sentence(
            f"only {len(lead)} of its first chunks are recorded",
            f"其开头的数据块仅记录了 {len(lead)} 个",
        )
    own = given(request.usage.own_lead)
    whole = given(request.usage.own_completion)
    if own is not None and len(own) != len(lead):
        yield Sentence(
            f"{len(own)} of its first {len(lead)} chunks are counted",
            f"其前 {len(lead)} 个数据块中仅 {len(own)} 个有计数",
        )
    elif own and whole is not None and max(own) > whole + COUNT_SLACK:
        yield Sentence(
            f"its first chunks hold {max(own)} tokens, its text {whole}",
            f"其前几个数据块有 {max(own)} 个 token，文本有 {whole} 个",
        )
    cached, prompt = given(request.usage.cached_tokens, 0), given(request.usage.engine_prompt)
    if prompt is not None and cached > prompt:
        yield Sentence(
            f"{cached} of {prompt} prompt tokens came from the cache",
            f"{prompt} 个提示 token 中有 {cached} 个来自缓存",
        )
