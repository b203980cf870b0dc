"""What an engine's arguments may be: fixed, one of a set, forbidden, ignored, JSON; required or advised."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec import UNSET

from suite.base import jsonio
from suite.base.bilingual import Sentence, chinese, joined, placed
from suite.base.errors import SuiteError, UsageError
from suite.declare.vendor import template
from suite.documents.document import given

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from suite.documents.vendor_engine import Argument, Condition, DeclaredEngine, RuntimeName


@dataclass(frozen=True, slots=True)
class Situation:
    """What conditions in a declaration may depend on."""

    architecture: str
    devices: int
    runtime: RuntimeName


@dataclass(frozen=True, slots=True)
class Given:
    """One argument as somebody wrote it; `value` is None for a flag."""

    name: str
    value: str | None


def holds(when: Condition | None, situation: Situation) -> bool:
    """Whether every member of a condition holds; no condition always does."""
    if when is None:
        return True
    return (
        situation.architecture in given(when.architecture, [situation.architecture])
        and situation.devices >= given(when.devices_min, 0)
        and situation.runtime in given(when.runtime, [situation.runtime])
    )


def bare(name: str) -> str:
    """The name without its dashes, as messages write it."""
    return name.lstrip("-")


def canonical(name: str) -> str:
    """One spelling: ``--block_size`` is ``--block-size``."""
    if not name.startswith("--"):
        return name
    return "--" + name[2:].replace("_", "-")


def find_rule(engine: DeclaredEngine, name: str) -> Argument | None:
    """The rule for an argument, by name, alias or a name that ends with ``*``."""
    wanted = canonical(name)
    patterns = []
    for rule in engine.arguments:
        spellings = (rule.name, *given(rule.aliases, ()))
        if wanted in map(canonical, spellings):
            return rule
        if rule.name.endswith("*") and wanted.startswith(canonical(rule.name[:-1])):
            patterns.append(rule)
    # The one that says most: --* stands behind every other.
    return max(patterns, key=lambda rule: len(rule.name), default=None)


def wrong_value(
    engine: str, rule: Argument, value: str | None, allowed: Sequence[str] | None
) -> tuple[Sentence, Sentence] | None:
    """Why a value breaks its rule.

    Args:
        engine: id of the engine, for the message.
        rule: the argument's rule.
        value: the value; None for a flag.
        allowed: the rule's allowed values, filled in.

    Returns:
        Message with the right value, and a hint; None when nothing is wrong.
    """
    wrong = _breach(engine, rule, value, allowed)
    return (wrong, Sentence(rule.why, f"声明所述：{rule.why}")) if wrong is not None else None


def _breach(
    engine: str, rule: Argument, value: str | None, allowed: Sequence[str] | None
) -> Sentence | None:
    name = bare(rule.name)
    if rule.takes == "flag":
        if value is None:
            return None
        return Sentence(f"{name} takes no value", f"{name} 不带值")
    if value is None:
        return Sentence(f"{name} needs a value", f"{name} 需要一个值")
    if allowed is not None and value not in allowed:
        right = (
            Sentence("the only value is", "只能取")
            if len(allowed) == 1
            else Sentence("the values are", "可取")
        )
        return _not_allowed(engine, name, value, right + f" {', '.join(allowed)}")
    if rule.takes == "json":
        try:
            jsonio.loads(value.encode())
        except SuiteError as refused:
            takes = Sentence(f"{name} takes JSON for {engine}", f"{name} 对 {engine} 须为 JSON")
            return placed(takes, refused.message)
    return _wrong_number(engine, rule, value)


def _not_allowed(engine: str, name: str, value: str, right: Sentence) -> Sentence:
    return Sentence(
        f"{name}: {value} is not allowed for {engine}; {right}",
        f"{name}：{engine} 不允许 {value}；{right.zh}",
    )


def _wrong_number(engine: str, rule: Argument, value: str) -> Sentence | None:
    low, high = given(rule.minimum), given(rule.maximum)
    if low is None and high is None:
        return None
    name = bare(rule.name)
    try:
        number = float(value)
    except ValueError:
        return Sentence(f"{name}: {value} is not a number", f"{name}：{value} 不是数")
    if (low is None or number >= low) and (high is None or number <= high):
        return None
    span = []
    if low is not None:
        span.append(Sentence(f"at least {low:g}", f"不小于 {low:g}"))
    if high is not None:
        span.append(Sentence(f"at most {high:g}", f"不大于 {high:g}"))
    right = Sentence("it must be ", "须") + joined(span, " and ", "且")
    return _not_allowed(engine, name, value, right)


def spelling(name: str, rule: Argument | None) -> str:
    """The engine's own spelling of an argument where a rule names it."""
    # An engine that nothing is known of may take one spelling alone: the writer's is kept.
    return name if rule is None or rule.name.endswith("*") else rule.name


def resolve(
    engine: DeclaredEngine,
    values: Mapping[str, str],
    situation: Situation,
    user: Sequence[Given],
    *,
    closed: bool,
) -> list[Given]:
    """The engine's arguments: declared ones filled in, then the user's, each checked against its rule.

    Args:
        engine: the declaration.
        values: what the placeholders stand for.
        situation: what conditions depend on.
        user: arguments that the user gave; they replace declared values.
        closed: only arguments that change speed and never the result may be given.

    Raises:
        UsageError: ``argument-forbidden``, ``argument-wrong``, ``argument-closed``.
    """
    named = {argument.name: argument for argument in user}
    for argument in user:
        _check_given(engine, argument, values, closed=closed)
    result: list[Given] = []
    for rule in engine.arguments:
        if rule.name in named:
            result.append(named.pop(rule.name))
        elif rule.status in ("required", "recommended") and holds(given(rule.when), situation):
            value = template.fill(rule.value, values) if rule.value is not UNSET else None
            _refuse_wrong(engine, rule, value, values)
            result.append(Given(rule.name, value))
    result += named.values()
    for argument in result:
        _refuse_beside(engine, argument, values, {other.name for other in result})
    return result


def _refuse_beside(
    engine: DeclaredEngine, argument: Given, values: Mapping[str, str], names: Collection[str]
) -> None:
    """Refuse what does not go with the precision, or with another argument that is given."""
    rule = find_rule(engine, argument.name)
    for refused in given(rule.refused, ()) if rule is not None else ():
        dtype, beside = values.get("dtype", ""), given(refused.beside)
        if (
            given(refused.value, argument.value) == argument.value
            and dtype in given(refused.dtypes, (dtype,))
            and (beside is None or beside in names)
        ):
            with_what = (
                Sentence(f"beside {bare(beside)}", f"与 {bare(beside)} 同时")
                if beside
                else Sentence(f"with {dtype}", f"用 {dtype}")
            )
            value = "" if argument.value is None else f": {argument.value}"
            message = Sentence(
                f"{bare(argument.name)}{value} is not allowed {with_what} for {engine.id}",
                f"{engine.id} 不允许 {bare(argument.name)}{value}（{with_what.zh}）",
            )
            raise UsageError("argument-wrong", message, hint=refused.why)


def _check_given(
    engine: DeclaredEngine, argument: Given, values: Mapping[str, str], *, closed: bool
) -> None:
    rule = find_rule(engine, argument.name)
    name = bare(argument.name)
    if rule is not None and rule.status == "forbidden":
        raise UsageError(
            "argument-forbidden",
            Sentence(
                f"{name} is forbidden for {engine.id}: {rule.why}",
                f"{engine.id} 禁止 {name}：{chinese(rule.why)}",
            ),
        )
    if rule is not None:
        _refuse_wrong(engine, rule, argument.value, values)
    fixed = rule is not None and rule.allowed is not UNSET
    if closed and not fixed and (rule is None or not given(rule.tunable, False)):
        tunable = ", ".join(bare(r.name) for r in engine.arguments if given(r.tunable))
        raise UsageError(
            "argument-closed",
            Sentence(
                f"{name} may not be given in the closed division", f"{name} 在封闭赛道中不可给出"
            ),
            hint=Sentence(
                f"it takes only: {tunable or 'nothing'}; or ask for --division open",
                f"它只接受：{tunable or '无'}；或请求 --division open",
            ),
        )


def _refuse_wrong(
    engine: DeclaredEngine, rule: Argument, value: str | None, values: Mapping[str, str]
) -> None:
    allowed = template.fill_all(rule.allowed, values) if rule.allowed is not UNSET else None
    wrong = wrong_value(engine.id, rule, value, allowed)
    if wrong is not None:
        raise UsageError("argument-wrong", wrong[0], hint=wrong[1])


def words(arguments: Sequence[Given]) -> list[str]:
    """As words of a command line."""
    result: list[str] = []
    for argument in arguments:
        result += [argument.name] if argument.value is None else [argument.name, argument.value]
    return result


def mentions(words_given: Sequence[str], wanted: Sequence[str]) -> bool:
    """Whether the wanted words occur one after the other, also as ``--name=value``."""
    if not wanted:
        return False
    words_given = [_canonical_word(word) for word in words_given]
    wanted = [_canonical_word(word) for word in wanted]
    as_one = [*wanted[:-2], "=".join(wanted[-2:])] if len(wanted) > 1 else list(wanted)
    return any(
        _at(words_given, position, wanted) or _at(words_given, position, as_one)
        for position in range(len(words_given))
    )


def _canonical_word(word: str) -> str:
    name, equals, value = word.partition("=")
    return canonical(name) + equals + value


def _at(text: Sequence[str], position: int, wanted: Sequence[str]) -> bool:
    return list(text[position : position + len(wanted)]) == list(wanted)
