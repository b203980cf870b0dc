"""Configurations of an engine: generated from its tunable arguments, tried briefly, and measured one after the other."""

from __future__ import annotations

import itertools
import shutil
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from suite.base.bilingual import Sentence, chinese
from suite.base.errors import Interrupted, SuiteError, UsageError
from suite.base.resources import resource
from suite.base.visible import say
from suite.cli import inputs
from suite.cli.judging import JUDGED_NOTHING
from suite.cli.measuring import NOT_ENOUGH, measure, run_directory
from suite.cli.output import write_error, write_table
from suite.declare.plan.make import plan_sha256
from suite.declare.vendor import template
from suite.declare.vendor.arguments import bare, find_rule
from suite.declare.vendor.load import load_vendor
from suite.documents.document import given

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from suite.cli.options import Choices, Sending
    from suite.documents.vendor_engine import Argument, DeclaredEngine

OFF: Final = "off"
ON: Final = "on"
VALIDITY: Final = "suite/assets/validity.yaml"
_MEASURED: Final = (0, NOT_ENOUGH)
_HEADING: Final = (
    Sentence("configuration", "配置"),
    Sentence("arguments", "参数"),
    Sentence("outcome", "结果"),
)
_DEFAULT: Final = Sentence("the engine's own choice", "引擎自己的选择")


@dataclass(frozen=True, slots=True)
class Configuration:
    """One combination of arguments, and what became of it.

    Attributes:
        number: from 1 on.
        arguments: in the form of ``--engine-arg``.
        outcome: a sentence.
        status: of its run; None where there was none.
    """

    number: int
    arguments: tuple[str, ...]
    outcome: str = ""
    status: int | None = None


def tune(
    choices: Choices,
    sending: Sending,
    vary: Sequence[str],
    *,
    cross: bool,
    out: Path | None,
    key: str | None,
    quiet: bool,
) -> int:
    """Measure every configuration that is valid, each into a run directory of its own.

    Args:
        choices: what is run, without what is varied.
        sending: how requests are sent.
        vary: ``NAME=VALUE,VALUE``; nothing: every tunable argument whose values the declaration lists.
        cross: every combination; else one argument at a time.
        out: directory that gets the runs; None takes ``runs/<id>``.
        key: private key, a file or a URI.
        quiet: show no progress.

    Returns:
        0 where every configuration that was measured is conformant, 1 where one is not, 4 where none was measured.

    Raises:
        UsageError: ``engine-arg-wrong``; whatever is wrong with the choices themselves.
    """
    engine = load_vendor(choices.vendor).engine(choices.engine)
    directory = out or run_directory("tuning", choices.vendor, engine.id, choices.profile)
    combined = combinations(varied(engine, vary), cross=cross)
    tried: dict[str, int] = {}
    configurations: list[Configuration] = []
    for number, words in enumerate(combined, start=1):
        configuration = Configuration(number, words)
        say(Sentence(f"configuration {number}: {_shown(words)}", f"配置 {number}：{_shown(words)}"))
        chosen = replace(choices, engine_arg=(*choices.engine_arg, *words))
        reason = _refusal(chosen, tried, number)
        configurations.append(
            replace(configuration, outcome=reason)
            if reason
            else _measured(configuration, chosen, sending, directory, key=key, quiet=quiet)
        )
        if configurations[-1].status == Interrupted.exit_status:
            break
    write_table(
        _HEADING,
        [(str(each.number), _shown(each.arguments), each.outcome) for each in configurations],
    )
    say(
        Sentence(f"side by side: suite compare {directory}", f"并列比较：suite compare {directory}")
    )
    return _status([each.status for each in configurations if each.status is not None])


def _status(statuses: Sequence[int]) -> int:
    if Interrupted.exit_status in statuses:
        return Interrupted.exit_status
    measured = [status for status in statuses if status in _MEASURED]
    return max(measured, default=JUDGED_NOTHING)


def varied(engine: DeclaredEngine, vary: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Values by argument; ``off`` leaves the argument out, ``on`` gives a flag.

    Raises:
        UsageError: ``engine-arg-wrong``.
    """
    if not vary:
        listed = (
            (bare(rule.name), _listed(rule)) for rule in engine.arguments if given(rule.tunable)
        )
        return {name: (OFF, *values) for name, values in listed if values}
    result: dict[str, tuple[str, ...]] = {}
    for word in vary:
        name, _, values = word.partition("=")
        rule = find_rule(engine, f"--{bare(name)}")
        # JSON has commas of its own: one value at a time.
        parts = (values,) if rule is not None and rule.takes == "json" else tuple(values.split(","))
        if not name or not all(parts):
            example = f"attn-implementation=eager,sdpa, compile={OFF},{ON}"
            raise UsageError(
                "engine-arg-wrong",
                Sentence(
                    f"{word!r} is not NAME=VALUE,VALUE", f"{word!r} 不是 NAME=VALUE,VALUE 的形式"
                ),
                hint=Sentence(f"for example {example}", f"例如 {example}"),
            )
        result[bare(name)] = (*result.get(bare(name), ()), *parts)
    return result


def _listed(rule: Argument) -> tuple[str, ...]:
    """What a declaration lists as values of an argument; a number has none."""
    if rule.takes == "flag":
        return (ON,)
    return tuple(value for value in given(rule.allowed, ()) if not template.names(value))


def combinations(values: Mapping[str, Sequence[str]], *, cross: bool) -> Iterator[tuple[str, ...]]:
    """Arguments in the form of ``--engine-arg``: every combination, or the first of all and each other alone."""
    if cross:
        for chosen in itertools.product(*values.values()):
            yield _words(dict(zip(values, chosen, strict=True)))
        return
    first = {name: choices[0] for name, choices in values.items()}
    yield _words(first)
    for name, choices in values.items():
        for value in choices[1:]:
            yield _words({**first, name: value})


def _words(chosen: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(
        name if value == ON else f"{name}={value}" for name, value in chosen.items() if value != OFF
    )


def _shown(words: Sequence[str]) -> str:
    return ", ".join(words) or _DEFAULT


def _refusal(chosen: Choices, seen: dict[str, int], number: int) -> str:
    """Why a configuration is not run: the declaration refuses it, or its plan is another's; "" when it is."""
    try:
        digest = plan_sha256(inputs.draft(chosen).plan)
    except UsageError as refused:
        if not refused.code.startswith("argument-"):
            raise
        return Sentence(f"not valid: {refused.message}", f"无效：{chinese(refused.message)}")
    first = seen.setdefault(digest, number)
    if first == number:
        return ""
    return Sentence(
        f"skipped: the plan of configuration {first}", f"略过：与配置 {first} 的计划相同"
    )


def _measured(
    asked: Configuration,
    chosen: Choices,
    sending: Sending,
    directory: Path,
    *,
    key: str | None,
    quiet: bool,
) -> Configuration:
    """Try it with a few requests, then measure it; what fails is kept as its outcome, and the others go on."""
    name = f"{asked.number:02}"
    tried = directory / f"{name}-validity"
    brief = replace(chosen, profile=str(resource(VALIDITY)), data=None, require_division=None)
    for what, where in ((brief, tried), (chosen, directory / name)):
        try:
            status = measure(what, sending, out=where, key=key, quiet=quiet)
        except SuiteError as failed:
            write_error(failed)
            outcome = Sentence(
                f"does not run: {failed.message}", f"无法运行：{chinese(failed.message)}"
            )
            return replace(asked, outcome=outcome, status=failed.exit_status)
        if status not in _MEASURED:
            outcome = Sentence(f"does not run: see {where.name}", f"无法运行：见 {where.name}")
            return replace(asked, outcome=outcome, status=status)
    shutil.rmtree(tried)  # its card would stand among those that are compared
    outcome = (
        Sentence(f"measured, not conformant: {name}", f"已测量，不合规：{name}")
        if status
        else Sentence(f"conformant: {name}", f"合规：{name}")
    )
    return replace(asked, outcome=outcome, status=status)
