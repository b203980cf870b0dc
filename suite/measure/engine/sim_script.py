"""What the scripted server is to do: its timings, its answers and its named faults."""

from __future__ import annotations

import hashlib
import random
import re
import zlib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Final

from suite.base import jsonio
from suite.base.bilingual import Sentence, chinese
from suite.base.errors import DeclarationError, Place
from suite.measure.engine.sim_cheats import CHEATS

if TYPE_CHECKING:
    from suite.base.jsonio import JSONValue

FAULTS: Final = {
    "aborts": Sentence(
        "gives the answer up midway and ends it politely, with `reason` as finish reason and all its tokens in the usage",
        "中途放弃回答并礼貌地结束，以 `reason` 为结束原因，用量包含全部 token",
    ),
    "cached_prompt": Sentence(
        "says that all but one token of the prompt came from a cache (no fault of the stream: the rules see to it)",
        "称提示词除一个 token 外均来自缓存（不是流的故障：由规则查出）",
    ),
    "closes_early": Sentence(
        "ends the connection properly, but before the end of the response",
        "正常关闭连接，但在响应结束之前",
    ),
    "comments": Sentence(
        "sends a comment before every chunk (no fault: clients must skip them)",
        "在每个数据块之前发送注释（不是故障：客户端必须跳过）",
    ),
    "crlf": Sentence("ends lines with CR LF (no fault either)", "以 CR LF 结束各行（也不是故障）"),
    "dies_after": Sentence(
        "the process ends after some chunks of this request", "进程在此请求的若干数据块之后结束"
    ),
    "empty_answer": Sentence("generates nothing", "不生成任何内容"),
    "empty_reason": Sentence(
        "gives every chunk an empty finish reason, also the one with usage after the last (no fault either)",
        "每个数据块的结束原因均为空，包括最后带用量的一块（也不是故障）",
    ),
    "error_in_stream": Sentence(
        "sends an error object inside a stream that began well", "在正常开始的流中发送错误对象"
    ),
    "flat_error": Sentence(
        "the same, but the object's members are the error's", "同上，但对象的成员就是错误的成员"
    ),
    "floods": Sentence("sends large chunks without end", "无休止地发送大数据块"),
    "floods_comments": Sentence(
        "sends long comments without end, and never a token", "无休止地发送长注释，而没有 token"
    ),
    "gzip": Sentence("compresses the stream though nobody asked", "未经请求即压缩流"),
    "http_400": Sentence("refuses the request with 400", "以 400 拒绝请求"),
    "http_500": Sentence("healthy, but answers 500", "状态正常，但以 500 应答"),
    "json_error": Sentence(
        "answers 200 with an error as one JSON document", "以 200 应答，内容为一个 JSON 错误"
    ),
    "lies_about_usage": Sentence(
        "claims three times the tokens that it generated", "所报 token 数是实际生成的三倍"
    ),
    "lines_cut": Sentence(
        "writes every chunk in pieces of three bytes", "将每个数据块以三字节为单位写出"
    ),
    "malformed_chunk": Sentence("sends a chunk that is no JSON", "发送不是 JSON 的数据块"),
    "never_ends": Sentence("generates for ever", "永远生成下去"),
    "no_done": Sentence("leaves out the final [DONE]", "省略结尾的 [DONE]"),
    "no_finish": Sentence(
        "ends the stream in the middle, without finish reason and [DONE]",
        "在流的中间结束，没有结束原因与 [DONE]",
    ),
    "no_stream": Sentence("answers with one JSON document", "以一个 JSON 文档应答"),
    "no_usage": Sentence("sends no usage though it was asked for", "虽经请求，但不发送用量"),
    "not_http": Sentence("answers with something that is not HTTP", "以非 HTTP 的内容应答"),
    "null_index": Sentence(
        "numbers its only choice with null (no fault either)",
        "以 null 为唯一选项编号（也不是故障）",
    ),
    "rate_limited": Sentence("answers 429 with Retry-After", "以 429 与 Retry-After 应答"),
    "reasons_only": Sentence("generates reasoning and no answer", "只生成推理，没有回答"),
    "refuses": Sentence("stops listening and drops every connection", "停止监听并断开所有连接"),
    "resets_midway": Sentence(
        "resets the connection in the middle of the stream", "在流的中间重置连接"
    ),
    "role_only_first_chunk": Sentence(
        "sends the role in a chunk of its own long before the first token",
        "在第一个 token 之前很久，单独发送角色",
    ),
    "several_tokens_per_chunk": Sentence(
        "packs four tokens into a chunk", "将四个 token 放入一个数据块"
    ),
    "silent": Sentence("accepts the request and never answers", "接受请求而从不应答"),
    "slow_start": Sentence(
        "is not healthy for the first `ms` milliseconds", "在最初的 `ms` 毫秒内状态不正常"
    ),
    "splits_characters": Sentence(
        "sends a character as two halves in two chunks (no fault either: clients must join them)",
        "将一个字符分成两半放入两个数据块（也不是故障：客户端必须合并）",
    ),
    "stalls": Sentence(
        "stops in the middle of the stream and keeps the connection open",
        "在流的中间停住，并保持连接",
    ),
    "text_error": Sentence(
        "answers 200 with an error as plain text, as a proxy does",
        "如代理那样，以 200 应答，内容为纯文本的错误",
    ),
    "thinks_aloud": Sentence(
        "thinks in the answer itself, up to a closing tag without an opening one",
        "在回答中思考，直到没有起始标签的结束标签",
    ),
    "uncached_usage": Sentence(
        "counts 0 prompt tokens, because the prompt was in its cache (the rules see to it, too)",
        "因提示词在缓存中而计为 0 个提示 token（也由规则查出）",
    ),
    "unframed_error": Sentence(
        "answers 200 as an event stream whose body is an error without any event",
        "以事件流形式应答 200，其内容为不带事件的错误",
    ),
    "usage_in_choice": Sentence(
        "counts inside the last chunk's choice (no fault either)",
        "用量在最后一块的选项之中（也不是故障）",
    ),
}
"""Every fault by name, with what it does."""

ANSWERS: Final = ("words", "echo", "constant", "table", "mini")
_WORDS: Final = (
    "the",
    "council",
    "said",
    "on",
    "monday",
    "that",
    "a",
    "new",
    "bridge",
    "over",
    "river",
    "will",
    "open",
    "next",
    "spring",
    "after",
    "years",
    "of",
    "delay",
    "and",
    "repair",
    "work",
    "has",
    "begun",
    "near",
    "old",
    "town",
    "while",
    "police",
    "are",
    "looking",
    "for",
    "two",
    "men",
    "seen",
    "there",
    "before",
    "fire",
    "broke",
    "out",
    "in",
    "market",
    "hall",
    "local",
    "team",
    "won",
    "cup",
    "final",
    "by",
    "three",
    "goals",
    "to",
    "one",
)
_PARTS = re.compile(r"\s*\S+")


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault and the generation requests that it hits, counted from 0.

    Attributes:
        name: one of `FAULTS`.
        first: the first request that it hits.
        every: from there on every such request.
        count: how many requests at most.
        contains: only requests whose prompt contains this text.
        after_chunks: content chunks before it shows, where it shows midway.
        ms: a duration, for ``slow_start``.
        reason: the finish reason, for ``aborts``.
    """

    name: str
    first: int = 0
    every: int = 1
    count: int = 1 << 40
    contains: str = ""
    after_chunks: int = 3
    ms: float = 500.0
    reason: str = "abort"

    def hits(self, number: int, prompt: str) -> bool:
        """Whether it hits this request."""
        turn, rest = divmod(number - self.first, self.every)
        return 0 <= turn < self.count and rest == 0 and self.contains in prompt


@dataclass(frozen=True, slots=True)
class Script:
    """The server's behaviour. Times in milliseconds.

    Attributes:
        ttft_ms: from the request's arrival to the first token.
        itl_ms: between tokens.
        tokens: tokens of an answer; None generates as many as the answer has or the request allows.
        tokens_per_chunk: tokens packed into one chunk.
        slots: answers at once; further requests wait their turn, first come, first served. 0 is no limit.
        slower_per_stream: an answer is slower by this share for every other answer under way when it begins.
        slower_per_minute: an answer is slower by this share for every minute that the server has run.
        token_ids: gives token ids to requests that ask for them.
        answers: ``words`` (seeded by the prompt), ``echo`` (the prompt itself), ``constant``, ``table``, or ``mini``:
            what the shipped mini model answers, token by token; see `suite.measure.engine.sim_model`.
        prompt_us: with ``mini``: microseconds to read one token of the prompt, beside `ttft_ms`.
        jitter: with ``mini``: sigma of the log-normal factor on the time to the first token.
        seed: with ``mini``: of that factor.
        stories: with ``mini``: salt of a challenge whose new stories the model answers as well as the public ones.
        cheats: with ``mini``: names of `suite.measure.engine.sim_cheats.CHEATS`, in the order in which they apply.
        text: the constant answer.
        models: names that answers come under, one after the other and again from the first; empty gives back the
            name that was asked.
        fingerprints: the same of `system_fingerprint`; empty gives none.
        table: for ``table``: answers by SHA-256 of the prompt.
        faults: what goes wrong, the first that hits a request wins.
    """

    ttft_ms: float = 20.0
    itl_ms: float = 5.0
    tokens: int | None = None
    tokens_per_chunk: int = 1
    slots: int = 0
    slower_per_stream: float = 0.0
    slower_per_minute: float = 0.0
    token_ids: bool = True
    answers: str = "words"
    text: str = "The report names no one."
    table: dict[str, str] = field(default_factory=dict)
    prompt_us: float = 0.0
    jitter: float = 0.0
    seed: int = 0
    stories: str = ""
    cheats: list[str] = field(default_factory=list)
    models: list[str] = field(default_factory=list)
    fingerprints: list[str] = field(default_factory=list)
    faults: tuple[Fault, ...] = ()

    def fault(self, number: int, prompt: str) -> Fault | None:
        """The fault that hits a request, if any."""
        return next((fault for fault in self.faults if fault.hits(number, prompt)), None)

    def slowness(self, others: int, minutes: float) -> float:
        """Factor on the times of an answer that begins beside others, so long after the server's start."""
        return 1.0 + self.slower_per_stream * others + self.slower_per_minute * minutes

    def slow_start_ms(self) -> float:
        """How long the server is not healthy."""
        return max((fault.ms for fault in self.faults if fault.name == "slow_start"), default=0.0)

    def answer(self, prompt: str, limit: int) -> tuple[list[str], bool]:
        """The tokens of an answer, and whether it was cut at the limit.

        A token is a word with the white space before it.
        """
        count = limit if self.tokens is None else min(limit, self.tokens)
        if self.answers == "words":
            seed = hashlib.sha256(prompt.encode("utf-8", "replace")).digest()
            chosen = random.Random(seed).choices(_WORDS, k=count)  # noqa: S311 - not a secret
            return [f" {word}" for word in chosen], True
        text = {"echo": prompt, "constant": self.text}.get(self.answers, "")
        if self.answers == "table":
            digest = hashlib.sha256(prompt.encode("utf-8", "replace")).hexdigest()
            text = self.table.get(digest, self.text)
        parts = _PARTS.findall(text)
        return parts[:count], len(parts) > count


def token_id(token: str) -> int:
    """The id that the server gives a token."""
    return zlib.crc32(token.encode("utf-8", "replace")) % 32_000


def read_script(text: str) -> Script:
    """Read a script: JSON with the members of `Script`, or ``@file`` with the same.

    Raises:
        DeclarationError: ``script-wrong``, or what strict JSON refuses.
    """
    name = text[1:] if text.startswith("@") else "--script"
    data = (
        jsonio.read_bytes(Path(name), error=DeclarationError)
        if name != "--script"
        else text.encode()
    )
    document = jsonio.loads(data, name=name)
    if not isinstance(document, dict):
        raise _wrong(name, Sentence("it must be an object", "必须是对象"))
    known = {field.name for field in fields(Script)}
    for member in document:
        if member not in known:
            raise _wrong(
                name,
                Sentence(f"there is no member {member!r}", f"没有成员 {member!r}"),
                Sentence(
                    f"one of: {', '.join(sorted(known))}", f"可取：{', '.join(sorted(known))}"
                ),
            )
    faults = document.pop("faults", [])
    if not isinstance(faults, list):
        raise _wrong(name, Sentence("faults must be a list", "faults 必须是列表"))
    values: dict[str, JSONValue] = dict(document)
    script = _build(name, values, tuple(_fault(name, fault) for fault in faults))
    if script.answers not in ANSWERS:
        raise _wrong(
            name,
            Sentence(f"answers is {script.answers!r}", f"answers 为 {script.answers!r}"),
            Sentence(f"one of: {', '.join(ANSWERS)}", f"可取：{', '.join(ANSWERS)}"),
        )
    _check_cheats(name, script)
    times = (
        *(script.ttft_ms, script.itl_ms, script.slower_per_stream, script.slower_per_minute),
        *(script.prompt_us, script.jitter),
    )
    if script.tokens_per_chunk < 1 or script.slots < 0 or min(times) < 0:
        raise _wrong(name, Sentence("times and counts must not be negative", "时间与数量不可为负"))
    return script


def _check_cheats(name: str, script: Script) -> None:
    able = [cheat.name for cheat in CHEATS.values() if cheat.apply is not None]
    for cheat in script.cheats:
        if cheat not in able:
            raise _wrong(
                name,
                Sentence(
                    f"there is no cheat {cheat!r} for a server", f"服务器没有作弊方式 {cheat!r}"
                ),
                Sentence(f"one of: {', '.join(able)}", f"可取：{', '.join(able)}"),
            )
    if script.cheats and script.answers != "mini":
        raise _wrong(
            name,
            Sentence("cheats go with the answers of a model", "cheats 与模型的回答一起使用"),
            '"answers": "mini"',
        )


def _build(name: str, values: dict[str, JSONValue], faults: tuple[Fault, ...]) -> Script:
    _check_types(name, values, Script())
    return Script(**values, faults=faults)  # type: ignore[arg-type]


def _fault(name: str, value: JSONValue) -> Fault:
    if isinstance(value, str):
        value = {"name": value}
    if not isinstance(value, dict) or value.get("name") not in FAULTS:
        raise _wrong(
            name,
            Sentence(f"no such fault: {value!r}", f"没有这种故障：{value!r}"),
            Sentence(f"one of: {', '.join(FAULTS)}", f"可取：{', '.join(FAULTS)}"),
        )
    _check_types(name, value, Fault(""))
    fault = Fault(**value)  # type: ignore[arg-type]
    if fault.every < 1:
        raise _wrong(name, Sentence("every must be at least 1", "every 至少为 1"))
    return fault


def _check_types(name: str, values: dict[str, JSONValue], example: Script | Fault) -> None:
    for member, value in values.items():
        if not hasattr(example, member):
            raise _wrong(name, Sentence(f"there is no member {member!r}", f"没有成员 {member!r}"))
        model = getattr(example, member)
        right: type | tuple[type, ...] = type(model)
        if member == "tokens":
            right = (int, type(None))
        elif isinstance(model, float):
            right = (int, float)
        if not isinstance(value, right) or (
            isinstance(value, bool) and not isinstance(model, bool)
        ):
            raise _wrong(
                name,
                Sentence(
                    f"{member} is {value!r}, which is not of the right type",
                    f"{member} 为 {value!r}，类型不对",
                ),
            )


def _wrong(name: str, why: str, hint: str = "") -> DeclarationError:
    return DeclarationError(
        "script-wrong",
        Sentence(f"the script cannot be used: {why}", f"脚本无法使用：{chinese(why)}"),
        Place(name),
        hint,
    )
