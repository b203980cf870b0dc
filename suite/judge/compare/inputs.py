"""Whether two scorecards may be compared: which inputs differ, and which metrics each difference forbids."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, get_args

from msgspec import UNSET

from suite.base.bilingual import Bilingual, Sentence
from suite.base.jsonio import sha256_hex
from suite.declare.scenarios import SCENARIOS
from suite.documents.codec import canonical, plain
from suite.documents.comparison import Difference, Family
from suite.documents.document import given
from suite.documents.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable

    from suite.documents.card import Scorecard
    from suite.documents.card_phase import CardPhase


FAMILY_NAMES: tuple[Family, ...] = get_args(Family)
_MEASURED: tuple[Family, ...] = tuple(name for name in FAMILY_NAMES if name != "start-up")
"""Everything that depends on what was asked; an engine starts the same whatever it is asked later."""


@dataclass(frozen=True, slots=True)
class _Input:
    """One input of a measurement.

    Attributes:
        key: what must be equal on both cards.
        read: how it reads for people.
        forbids: the families that a difference forbids.
        broken: for what must be sound on both cards and not merely alike: what it means that the key is false.
    """

    what: str
    title: Bilingual
    key: Callable[[Scorecard], object]
    read: Callable[[Scorecard], str]
    forbids: tuple[Family, ...]
    broken: str = ""


def _tasks(card: Scorecard) -> str:
    tasks = card.workload.taskset
    digests = f"ids {tasks.ids_sha256}, records {tasks.records_sha256}"
    return f"{tasks.name}, {tasks.size} tasks, {digests}"


def _prompt(card: Scorecard) -> str:
    workload = card.workload
    prompt = workload.prompt
    return f"{prompt.id}, at most {workload.max_input_tokens} tokens, {prompt.sha256}"


def _tokenizer(card: Scorecard) -> str:
    model = card.model
    tokenizer = model.tokenizer_sha256 or "unknown"
    return f"{tokenizer}, chat template {model.chat_template_sha256 or 'none'}"


def compile_cache(card: Scorecard) -> str:
    """Whether the engine found what an earlier start had compiled; "none" for one that keeps nothing."""
    fact = card.environment.get("engine.compile_cache")
    return given(fact.value, "none") if fact else "none"


_CACHES: Final = {"warm": "已有", "cold": "尚无", "none": "不使用"}
"""The words of `compile_cache` in Chinese."""


def failed_rules(card: Scorecard) -> tuple[str, ...]:
    """Rules that failed on a card or could not be judged."""
    return tuple(check.rule for check in card.checks if check.outcome in ("fail", "error"))


def conformant(card: Scorecard) -> bool:
    """Whether a card says so and none of its rules says otherwise."""
    return card.verdict.conformant and not failed_rules(card)


def _verdict(card: Scorecard) -> str:
    if conformant(card):
        return Sentence("conformant", "合规")
    rules = ", ".join(failed_rules(card))
    return (
        Sentence(f"NOT CONFORMANT: {rules}", f"不合规：{rules}")
        if rules
        else Sentence("NOT CONFORMANT", "不合规")
    )


def _ending(card: Scorecard) -> str:
    ended = card.run.ended
    return f"{ended}: {card.run.error}" if card.run.error else ended


_INPUTS = (
    _Input(
        "verdict",
        Bilingual("Verdict", "结论"),
        conformant,
        _verdict,
        FAMILY_NAMES,
        broken=Sentence("a side is not conformant", "有一方不合规"),
    ),
    _Input(
        "ending",
        Bilingual("End of the run", "运行结束方式"),
        lambda card: card.run.ended == "complete",
        _ending,
        FAMILY_NAMES,
        broken=Sentence("a run did not reach its planned end", "有一次运行未到达计划的终点"),
    ),
    _Input(
        "what answered",
        Bilingual("What answered", "应答方"),
        lambda card: card.runtime == "sim",
        lambda card: (
            Sentence("a scripted server; no model ran", "脚本服务器，未运行模型")
            if card.runtime == "sim"
            else Sentence("an engine", "推理引擎")
        ),
        FAMILY_NAMES,
    ),
    _Input(
        "metric_schema",
        Bilingual("Metric definitions", "指标定义"),
        lambda card: card.metric_schema,
        lambda card: str(card.metric_schema),
        FAMILY_NAMES,
    ),
    _Input(
        "division",
        Bilingual("Division", "赛道"),
        lambda card: card.division.granted,
        lambda card: card.division.granted,
        FAMILY_NAMES,
    ),
    _Input(
        "emulation",
        Bilingual("Emulation", "模拟设备"),
        lambda card: card.vendor.emulated,
        lambda card: (
            Sentence("emulated devices", "模拟设备")
            if card.vendor.emulated
            else Sentence("not emulated", "非模拟设备")
        ),
        FAMILY_NAMES,
    ),
    _Input(
        "model",
        Bilingual("Model", "模型"),
        lambda card: card.model.sha256,
        lambda card: f"{card.model.id}, {card.model.sha256}",
        FAMILY_NAMES,
    ),
    _Input("tokenizer", Bilingual("Tokenizer", "分词器"), _tokenizer, _tokenizer, _MEASURED),
    _Input(
        "task set",
        Bilingual("Task set", "任务集"),
        lambda card: (
            card.workload.taskset.ids_sha256,
            card.workload.taskset.records_sha256,
        ),
        _tasks,
        _MEASURED,
    ),
    _Input(
        "prompt",
        Bilingual("Prompt", "提示词"),
        lambda card: (card.workload.prompt.sha256, card.workload.max_input_tokens),
        _prompt,
        _MEASURED,
    ),
    _Input(
        "decoding",
        Bilingual("Decoding", "解码参数"),
        lambda card: card.workload.decoding,
        lambda card: canonical(card.workload.decoding).decode("utf-8"),
        _MEASURED,
    ),
    _Input(
        "profile",
        Bilingual("Profile", "测试配置"),
        lambda card: card.workload.profile_sha256,
        lambda card: f"{card.workload.profile}, {card.workload.profile_sha256}",
        _MEASURED,
    ),
    _Input(
        "compile cache",
        Bilingual("Compile cache", "编译缓存"),
        compile_cache,
        lambda card: Sentence(word := compile_cache(card), _CACHES.get(word, word)),
        ("start-up",),
    ),
)
"""What must agree, from the widest consequence to the narrowest."""


def differences(a: Scorecard, b: Scorecard) -> list[Difference]:
    """Broken sides and inputs that differ, with the families of metrics that each forbids."""
    return [
        Difference(
            what=item.what,
            title=Text(en=item.title.en, zh=item.title.zh),
            a=item.read(a),
            b=item.read(b),
            why=item.broken or Sentence(f"{item.what} differs", f"{item.title.zh}不同"),
            forbids=item.forbids,
        )
        for item in _INPUTS
        if item.key(a) != item.key(b) or (item.broken and not item.key(a))
    ]


@dataclass(frozen=True, slots=True)
class CardInput:
    """One input of one card, for whoever compares cards later.

    Attributes:
        key: equal where the input is.
        text: how it reads.
        sound: False where no other card may be held against this one.
    """

    what: str
    title: Bilingual
    key: str
    text: str
    forbids: tuple[Family, ...]
    sound: bool


def held(card: Scorecard) -> list[CardInput]:
    """Every input of a card; two cards differ in it as `differences` says."""
    return [
        CardInput(
            item.what,
            item.title,
            sha256_hex(repr(item.key(card)).encode())[:16],
            item.read(card),
            item.forbids,
            not item.broken or bool(item.key(card)),
        )
        for item in _INPUTS
    ]


def asked_key(phase: CardPhase) -> str:
    """Equal for two phases that were asked the same: what `load_difference` looks at, but for the lengths."""
    return sha256_hex(
        repr((phase.scenario, sorted(_asked_facts(phase).items()), _gave_way(phase))).encode()
    )[:16]


_SEARCH_FREE = ("min_rate", "max_rate", "max_probes", "resolution", "seed")
"""Of a search: what only decides where it looks and how closely; its answer with its bracket stays comparable."""


def same_place(phase: CardPhase) -> tuple[str, tuple[tuple[str, int], ...]]:
    """What two cards' phases must share to be held side by side: the name, or group and axes of a point."""
    if phase.group is UNSET:
        return phase.name, ()
    return phase.group.name, tuple(sorted(phase.group.axes.items()))


def load_difference(first: CardPhase, second: CardPhase) -> str:
    """Why two phases of one place were not asked the same, "" when they were."""
    if first.scenario != second.scenario:
        return _loaded("scenario", first.scenario, second.scenario)
    before, after = _asked_facts(first), _asked_facts(second)
    for what in sorted({*before, *after}):
        if before.get(what) != after.get(what):
            return _loaded(what, before.get(what, "none"), after.get(what, "none"))
    if _gave_way(first) != _gave_way(second):
        return Sentence(
            "one of the two phases was ended as over-saturated, the other was not",
            "两个阶段中有一个因过饱和而结束，另一个没有",
        )
    return _length_difference(first, second)


def _gave_way(phase: CardPhase) -> bool:
    """Whether a phase was ended because the server fell ever further behind."""
    return any(ending.by == "saturated" for ending in given(phase.ended, []))


def _loaded(what: str, first: str, second: str) -> str:
    return Sentence(
        f"the two phases were loaded differently: {what}: {first} and {second}",
        f"两个阶段的负载不同：{what}：{first} 与 {second}",
    )


def _asked_facts(phase: CardPhase) -> dict[str, str]:
    """Everything that was asked of a phase, flat, as text."""
    settings: dict[str, str] = {}
    searched = SCENARIOS[phase.scenario].searches
    if not searched:
        settings["requests"] = str(phase.tasks)
    for name, value in plain(phase.load).items():
        if not isinstance(value, dict):
            if value is not None:
                settings[name] = str(value)
            continue
        for inner, setting in value.items():
            free = (name == "search" and inner in _SEARCH_FREE) or (name, inner) == (
                "trace",
                "name",
            )
            if not free and setting is not None:
                settings[f"{name} {inner}"] = str(setting)
    return settings


def _length_difference(first: CardPhase, second: CardPhase) -> str:
    """Where exact lengths were asked for, both engines must have read and made the same."""
    if first.lengths is UNSET or second.lengths is UNSET:
        return ""
    for what, before, after in (
        (Sentence("prompts", "提示词"), first.lengths.input_got, second.lengths.input_got),
        (Sentence("answers", "回答"), first.lengths.output_got, second.lengths.output_got),
    ):
        if before != after:
            return Sentence(
                f"the {what} had different lengths: {_span(before)} and {_span(after)}",
                f"{what.zh}的长度不同：{_span(before).zh} 与 {_span(after).zh}",
            )
    return ""


def _span(ends: tuple[int, int] | None) -> Sentence:
    if ends is None:
        return Sentence("not counted", "未计数")
    low, high = ends
    return (
        Sentence(f"{low} tokens", f"{low} 个 token")
        if low == high
        else Sentence(f"{low} to {high} tokens", f"{low} 至 {high} 个 token")
    )
