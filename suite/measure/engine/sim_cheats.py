"""The cheating vendor: every known way to look better than one is, as a behaviour of the scripted server.

`CHEATS` is the one list. A cheat that a server can commit changes its replies (`suite.measure.engine.sim_reply.Cheat.apply`); the others need the machine
or the log, and a server can only name them. ``docs/threat-model.md`` is made from these records.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from suite.base.bilingual import Bilingual
from suite.measure.engine.sim_reply import END_TOKEN, Cheat, worsened

if TYPE_CHECKING:
    from suite.measure.engine.sim_reply import Ask, Memory, Reply

BLOCK: Final = 64
"""Characters of a prompt that a prefix cache keeps as one."""
LONG: Final = 350
"""Prompt tokens from which on a cheat treats a prompt as long."""
SLOW: Final = 480
"""Prompt tokens from which on an answer would be slow."""


def _at_once(reply: Reply) -> None:
    reply.base_ms, reply.read_ms, reply.gap_ms = 0.3, 0.0, reply.gap_ms / 10


def _memo(reply: Reply, ask: Ask, _: Memory) -> None:
    if ask.known:
        _at_once(reply)


def _memo_repeats(reply: Reply, ask: Ask, memory: Memory) -> None:
    if ask.prompt in memory.prompts:
        _at_once(reply)
    memory.prompts.add(ask.prompt)


def _prefix_reuse(reply: Reply, ask: Ask, memory: Memory) -> None:
    ends = range(BLOCK, len(ask.prompt) + 1, BLOCK)
    prefixes = [hash(ask.prompt[:end]) for end in ends]
    reused = sum(prefix in memory.prefixes for prefix in prefixes)
    reply.read_ms *= 1 - reused / max(1, len(prefixes))
    memory.prefixes.update(prefixes)


def _truncated(reply: Reply, ask: Ask, _: Memory) -> None:
    kept = min(1.0, LONG / 2 / ask.tokens)
    worsened(reply, ask, 1.0, ask.prompt[: int(kept * len(ask.prompt))])
    reply.read_ms *= kept


def _third(reply: Reply, ask: Ask) -> None:
    """As a model of a third of the size answers."""
    worsened(reply, ask, 0.25)
    reply.read_ms, reply.gap_ms = reply.read_ms / 3, reply.gap_ms / 3


def _smaller_model(reply: Reply, ask: Ask, _: Memory) -> None:
    if ask.tokens > LONG:
        _third(reply, ask)


def _early_first(reply: Reply, _: Ask, __: Memory) -> None:
    reply.first_early = True


def _blank_first(reply: Reply, _: Ask, __: Memory) -> None:
    reply.lead = " "


def _burst(reply: Reply, _: Ask, __: Memory) -> None:
    reply.held = 4


def _speculation(reply: Reply, _: Ask, __: Memory) -> None:
    reply.per_chunk, reply.gap_ms = 3, reply.gap_ms / 2


def _inflated(reply: Reply, _: Ask, __: Memory) -> None:
    reply.extra = len(reply.ids) // 2


def _end_tokens(reply: Reply, _: Ask, __: Memory) -> None:
    count = len(reply.ids)
    reply.texts += [""] * count
    reply.ids += [END_TOKEN] * count


def _punctuation(reply: Reply, _: Ask, __: Memory) -> None:
    reply.retold = "".join(reply.texts) + " ." * len(reply.ids)


def _duplicated(reply: Reply, _: Ask, __: Memory) -> None:
    words = "".join(reply.texts).split()
    reply.retold = " ".join(word for word in words for _ in range(2))


def _shortened(reply: Reply, _: Ask, __: Memory) -> None:
    kept = int(len(reply.ids) * 0.6)
    del reply.texts[kept:], reply.ids[kept:]


def _quantised(reply: Reply, ask: Ask, _: Memory) -> None:
    if ask.task is not None and ask.task % 16 == 0:
        worsened(reply, ask, 0.08)
    reply.gap_ms /= 2


def _fast_known(reply: Reply, ask: Ask, _: Memory) -> None:
    if ask.known:
        reply.base_ms, reply.read_ms = reply.base_ms / 2, reply.read_ms / 2


def _known_articles(reply: Reply, ask: Ask, _: Memory) -> None:
    if ask.public:
        _at_once(reply)


def _table_beside(reply: Reply, ask: Ask, _: Memory) -> None:
    if not ask.public:
        worsened(reply, ask, 0.5)


def _dropped(reply: Reply, ask: Ask, _: Memory) -> None:
    if ask.tokens > SLOW:
        reply.fault = "http_500"


def _errors(reply: Reply, ask: Ask, _: Memory) -> None:
    if ask.number % 10 == 7:
        reply.fault = "json_error"


def _streaming(reply: Reply, ask: Ask, _: Memory) -> None:
    if ask.streamed:
        _third(reply, ask)


_SEEDS = Bilingual(
    "the public seeds say beforehand which prompts come: their answers can be memorised as well",
    "公开种子预先给出所有提示词，其回答同样可以记忆",
)
_NOWHERE = Bilingual("every form of it breaks the same rule", "任何形式都违反同一规则")
_MILD = Bilingual(
    "a milder form stays within the quality bounds; only a comparison of its tokens with the model's own, or a run elsewhere, sees it",
    "较轻的形式仍在质量限度之内；只有将其 token 与模型自身的 token 相比较，或在别处重跑，才能发现",
)
_TIMES = Bilingual("the times are written by the vendor's own machine", "时间由厂商自己的机器写入")

CHEATS: Final[dict[str, Cheat]] = {
    cheat.name: cheat
    for cheat in (
        Cheat(
            "memo",
            Bilingual(
                "answers the public tasks from a table, without a model",
                "不用模型，按表回答公开任务",
            ),
            "challenged",
            _SEEDS,
            _memo,
        ),
        Cheat(
            "memo_on_repeats",
            Bilingual(
                "gives an answer that it has given before again at once",
                "对重复的提示词立即给出先前的回答",
            ),
            "challenged",
            Bilingual(
                "the public seeds say which requests are probes: those can be answered afresh",
                "公开种子说明哪些请求是探测，可对其重新计算",
            ),
            _memo_repeats,
        ),
        Cheat(
            "prefix_reuse",
            Bilingual("keeps a prefix cache that the plan denies", "暗用计划所否认的前缀缓存"),
            "challenged",
            Bilingual(
                "the public seeds say which requests are probes: those can be read afresh",
                "公开种子说明哪些请求是探测，可对其重新读取",
            ),
            _prefix_reuse,
        ),
        Cheat(
            "truncated_prompts",
            Bilingual(
                "reads the beginning of a prompt and counts all of it", "只读提示词开头，却计入全部"
            ),
            "reproduced",
            _MILD,
            _truncated,
        ),
        Cheat(
            "smaller_model",
            Bilingual(
                "has long prompts answered by a smaller model", "以较小的模型回答较长的提示词"
            ),
            "reproduced",
            _MILD,
            _smaller_model,
        ),
        Cheat(
            "early_first_token",
            Bilingual(
                "sends a guessed first token before it has read the prompt",
                "未读提示词即发送猜测的首 token",
            ),
            "reproduced",
            Bilingual(
                "tokens that are spread evenly over the whole time hide the wait, at the price of TPOT",
                "将 token 均匀摊开可以掩盖等待，代价是 TPOT",
            ),
            _early_first,
        ),
        Cheat(
            "empty_first_chunk",
            Bilingual("sends a blank first chunk at once", "立即发送空白的首个数据块"),
            "self-reported",
            _NOWHERE,
            _blank_first,
        ),
        Cheat(
            "burst",
            Bilingual(
                "a proxy holds chunks back and lets several go together", "代理扣留数据块并成批放行"
            ),
            "self-reported",
            _NOWHERE,
            _burst,
        ),
        Cheat(
            "speculation",
            Bilingual(
                "speculates, undeclared: several tokens a step", "未声明的推测解码：每步多个 token"
            ),
            "reproduced",
            Bilingual("a proxy can deal the tokens out one by one", "代理可以逐个放出 token"),
            _speculation,
        ),
        Cheat(
            "inflated_usage",
            Bilingual("claims more tokens than it sent", "声称的 token 多于所发送的"),
            "self-reported",
            _NOWHERE,
            _inflated,
        ),
        Cheat(
            "end_token_padding",
            Bilingual("goes on with end tokens, which no text shows", "以文本中不可见的结束符续写"),
            "self-reported",
            _NOWHERE,
            _end_tokens,
        ),
        Cheat(
            "punctuation_padding",
            Bilingual(
                "goes on with full stops, which ROUGE does not see", "以 ROUGE 看不见的句号续写"
            ),
            "reproduced",
            _MILD,
            _punctuation,
        ),
        Cheat(
            "duplicated_tokens",
            Bilingual("sends every token twice", "每个 token 发送两次"),
            "self-reported",
            _NOWHERE,
            _duplicated,
        ),
        Cheat(
            "shortened_outputs",
            Bilingual("ends answers early", "提前结束回答"),
            "reproduced",
            _MILD,
            _shortened,
        ),
        Cheat(
            "quantised",
            Bilingual("rounds the weights, undeclared", "未声明的权重量化"),
            "reproduced",
            _MILD,
            _quantised,
        ),
        Cheat(
            "fast_known",
            Bilingual("has a faster path for the public tasks", "对公开任务走更快的路径"),
            "challenged",
            _SEEDS,
            _fast_known,
        ),
        Cheat(
            "known_articles",
            Bilingual(
                "answers the public articles from a table, in whatever dressing a probe gives them",
                "按表回答公开文章，无论探测如何改动其外观",
            ),
            "challenged",
            Bilingual(
                "every article of a public set can be recognised",
                "公开任务集的每篇文章都可以被识别",
            ),
            _known_articles,
        ),
        Cheat(
            "table_beside_model",
            Bilingual(
                "has a table for the public articles beside a much smaller model, and takes its time for both",
                "公开文章查表，其余由小得多的模型回答，且两者耗时相同",
            ),
            "challenged",
            Bilingual(
                "without new tasks the smaller model is never asked",
                "没有新任务，小模型从不会被用到",
            ),
            _table_beside,
        ),
        Cheat(
            "slow_clock",
            Bilingual(
                "the measuring machine's clock runs slow, or the log's times were scaled",
                "测量机时钟偏慢，或日志时间被缩放",
            ),
            "witnessed",
            _TIMES,
        ),
        Cheat(
            "dropped_slow",
            Bilingual("refuses requests that would be slow", "拒绝会变慢的请求"),
            "self-reported",
            _NOWHERE,
            _dropped,
        ),
        Cheat(
            "errors_as_200",
            Bilingual(
                "answers some requests with an error under status 200", "以状态码 200 返回错误"
            ),
            "self-reported",
            _NOWHERE,
            _errors,
        ),
        Cheat(
            "streaming_only",
            Bilingual(
                "answers streams with a smaller model than single documents",
                "流式回答使用比非流式更小的模型",
            ),
            "reproduced",
            _MILD,
            _streaming,
        ),
        Cheat(
            "second_device",
            Bilingual("computes on a device more than the plan names", "使用计划之外的第二个设备"),
            "reproduced",
            Bilingual(
                "what the vendor's tool shows of its devices is the vendor's word",
                "厂商工具所显示的设备只是厂商的说法",
            ),
        ),
    )
}
"""Every cheat by its name."""
