"""What the scripted server is to do: its timings, its answers and its named faults."""

from __future__ import annotations

import hashlib
import random
import re
import zlib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from suite.base import jsonio
from suite.base.bilingual import Sentence, chinese
from suite.base.errors import DeclarationError, Place, choices
from suite.measure.engine.sim_cheats import CHEATS
from suite.measure.engine.sim_faults import FAULTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suite.base.jsonio import JSONObject, JSONValue

NO_CHEAT = "honest"
HONEST: JSONObject = {
    "answers": "mini",
    "ttft_ms": 3.0,
    "prompt_us": 40.0,
    "itl_ms": 2.0,
    "jitter": 0.05,
    "slower_per_stream": 0.004,
    "fingerprints": ["simulated"],
}
"""A vendor with the shipped mini model on a small device; every answer says that it is simulated."""


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
        else text.encode("utf-8", "surrogateescape")
    )
    document = jsonio.loads(data, name=name)
    if not isinstance(document, dict):
        raise _wrong(name, Sentence("it must be an object", "必须是对象"))
    members = {field.name for field in fields(Script)}
    for member in document:
        if member not in members:
            raise _wrong(
                name,
                Sentence(f"there is no member {member!r}", f"没有成员 {member!r}"),
                choices(member, sorted(members)),
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
            choices(script.answers, ANSWERS),
        )
    _check_cheats(name, script)
    times = (
        *(script.ttft_ms, script.itl_ms, script.slower_per_stream, script.slower_per_minute),
        *(script.prompt_us, script.jitter),
    )
    if script.tokens_per_chunk < 1 or script.slots < 0 or min(times) < 0:
        raise _wrong(name, Sentence("times and counts must not be negative", "时间与数量不可为负"))
    return script


def cheating(document: JSONObject, cheats: Sequence[str]) -> JSONObject:
    """The script of a vendor with a model who cheats in these ways, or of an honest one; without names as it is.

    Raises:
        DeclarationError: ``script-wrong``.
    """
    if not cheats:
        return document
    named = [name for name in cheats if name != NO_CHEAT]
    document = {**HONEST, **document, "cheats": cast("list[JSONValue]", named)}  # texts are values
    read_script(jsonio.canonical(document).decode())
    return document


def _check_cheats(name: str, script: Script) -> None:
    able = [cheat.name for cheat in CHEATS.values() if cheat.apply is not None]
    for cheat in script.cheats:
        if cheat not in able:
            raise _wrong(
                name,
                Sentence(
                    f"there is no cheat {cheat!r} for a server", f"服务器没有作弊方式 {cheat!r}"
                ),
                choices(cheat, able),
            )
    if script.cheats and script.answers != "mini":
        raise _wrong(
            name,
            Sentence("cheats go with the answers of a model", "cheats 与模型的回答一起使用"),
            '"answers": "mini"',
        )


def _build(name: str, values: dict[str, JSONValue], faults: tuple[Fault, ...]) -> Script:
    _check_types(name, values, Script())
    return Script(**values, faults=faults)  # type: ignore[arg-type]  # just checked


def _fault(name: str, value: JSONValue) -> Fault:
    if isinstance(value, str):
        value = {"name": value}
    if not isinstance(value, dict) or value.get("name") not in FAULTS:
        raise _wrong(
            name,
            Sentence(f"no such fault: {value!r}", f"没有这种故障：{value!r}"),
            choices(str(value.get("name") if isinstance(value, dict) else value), FAULTS),
        )
    _check_types(name, value, Fault(""))
    fault = Fault(**value)  # type: ignore[arg-type]  # just checked
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
