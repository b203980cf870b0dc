"""Does what the engine said of itself agree with the plan?"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from suite.base.bilingual import Bilingual, Sentence, chinese
from suite.base.errors import SuiteError
from suite.declare.plan.basis import PACKAGE, release_beyond
from suite.declare.plan.flags import read_flags
from suite.documents.document import given
from suite.judge.log.origin import fingerprints
from suite.judge.rules.rebuilt import denied
from suite.judge.rules.rule import Finding, failed, not_applicable, of, passed, rule, warned

if TYPE_CHECKING:
    from collections.abc import Mapping

    from suite.documents.engine import Engine
    from suite.documents.plan import Plan
    from suite.evidence import Evidence

RESOLVED: Final = "engine.resolved_config"
GIVEN: Final = "engine.non_default_arguments"
_MEMBER: Final = re.compile(r"(?:^|, )(\w+)=([^,()\[\]{}]*)")
_ARGUMENT: Final = re.compile(r"'(\w+)': (?:'([^']*)'|([\w.]+))")
_LOADS_NOTHING: Final = "dummy"
"""A way of loading weights in which none are."""
_NOTHING: Final = ("None", "auto", "")
_NUMBERS: Final = re.compile(r"^v?(\d+(?:\.\d+)*)")


def _said(evidence: Evidence) -> dict[str, str] | Finding:
    """What is known of an engine that was started here, by fact; a finding where none was."""
    plan = evidence.plan
    if plan.runtime not in {"container", "process"}:
        return not_applicable(
            Sentence(
                f"runtime {plan.runtime}: no engine was started here",
                f"运行方式为 {plan.runtime}：此处没有启动引擎",
            )
        )
    if plan.vendor.emulated:
        return not_applicable(
            Sentence(
                "an emulated machine: the engine underneath is not the vendor's",
                "模拟机器：底层引擎不是厂商的引擎",
            )
        )
    return {
        name: str(fact.value)
        for name, fact in evidence.environment.facts.items()
        if given(fact.value) is not None
    }


@rule(
    "R075",
    title=Bilingual("The engine says what the plan says", "引擎自述与计划一致"),
    asks=Bilingual(
        "Precision, ranks and replicas, longest context, prefix cache, quantisation, speculation, model and tokenizer that the engine "
        "reports when it starts, as it got and as it resolved them, are the plan's; its version, and those of its packages, are the declared ones, of a release whose arguments are declared.",
        "引擎启动时报告的（所得到的与所解析出的）精度、并行数与副本数、最长上下文、前缀缓存、量化、推测解码、模型与 tokenizer 均与计划一致；其版本及软件包版本与声明相符，并在所声明参数适用的版本之内。",
    ),
    reason=Bilingual(
        "A server that starts with other arguments than those of its command, by a file or a default.",
        "服务器因配置文件或默认值而以不同于命令行的参数启动。",
    ),
    phases="run",
    broken=Bilingual(
        "fail; warn, *optimised* at best, for another version than the declared one",
        "fail；版本与声明不同者为 warn，至多 *optimised*",
    ),
    limits="optimised",
)
@of(_said)
def engine_agrees(evidence: Evidence, facts: dict[str, str]) -> Finding:
    """What the engine reported is what was planned."""
    plan = evidence.plan
    arguments = _ARGUMENT.findall(facts.get(GIVEN, ""))
    got = [f"--{name.replace('_', '-')}={text or bare}" for name, text, bare in arguments]
    if wrong := denied(read_flags(got, {}), plan.engine):
        return failed(
            Sentence(
                f"the engine says that it got other arguments: {wrong[0]}",
                f"引擎自述得到的参数不同：{chinese(wrong[0])}",
            ),
            wrong,
        )
    if wrong := _resolved(plan, facts.get(RESOLVED, "")):
        return failed(
            Sentence(
                f"the engine resolved its arguments otherwise: {wrong[0]}",
                f"引擎解析出的参数不同：{chinese(wrong[0])}",
            ),
            wrong,
        )
    if beyond := _release_beyond(evidence, facts):
        return warned(
            Sentence(
                f"a release that the declaration does not describe: {beyond}",
                f"该版本不在声明所描述的范围内：{chinese(beyond)}",
            )
        )
    if other := _versions(plan.engine, facts):
        return warned(
            Sentence(
                f"not the declared version: {other[0]}", f"不是所声明的版本：{chinese(other[0])}"
            ),
            other,
        )
    if RESOLVED not in facts:
        return passed(
            Sentence(
                "no other version than a declared one; the engine does not print its arguments",
                "没有与声明不同的版本；引擎不输出其参数",
            )
        )
    return passed(
        Sentence(
            "no other version than a declared one, and arguments as planned",
            "没有与声明不同的版本，参数与计划一致",
        )
    )


def _resolved(plan: Plan, printed: str) -> list[str]:
    """What an engine's resolved configuration contradicts; members that it does not print say nothing."""
    engine = plan.engine
    members = dict(reversed(_MEMBER.findall(printed)))
    wanted = {
        "tensor_parallel_size": str(engine.tensor_parallel),
        "max_seq_len": str(engine.max_model_len),
    }
    if not engine.quantisation:
        wanted |= {"dtype": f"torch.{engine.dtype.executed}"}
    if given(plan.topology) is None:
        wanted |= {"pipeline_parallel_size": "1", "data_parallel_size": "1"}
    if re.fullmatch(r"[\w/.@+-]+", engine.model_target):
        wanted |= {"model": repr(engine.model_target)}
        if not any(word.startswith("--tokenizer") for word in engine.command):
            wanted |= {"tokenizer": repr(engine.model_target)}
    wrong: list[str] = [
        Sentence(
            f"{name}={members[name]}, planned {value}", f"{name}={members[name]}，计划为 {value}"
        )
        for name, value in wanted.items()
        if members.get(name, value) != value
    ]
    denied = {
        "enable_prefix_caching": (engine.prefix_caching, ("False", *_NOTHING)),
        "speculative_config": (engine.speculative_decoding, _NOTHING),
        "quantization": (bool(engine.quantisation), _NOTHING),
        "kv_cache_dtype": (bool(engine.quantisation), (*_NOTHING, engine.dtype.executed)),
    }
    if members.get("load_format") == _LOADS_NOTHING:
        wrong.append(Sentence("it loads no weights (dummy)", "未加载任何权重（dummy）"))
    return wrong + [
        Sentence(f"{name}={members[name]}, planned is none", f"{name}={members[name]}，计划中没有")
        for name, (planned, nothing) in denied.items()
        if not planned and members.get(name, "") not in nothing
    ]


def _release_beyond(evidence: Evidence, facts: Mapping[str, str]) -> str:
    """Why the declared rules for arguments may not hold; R073 says what is wrong with a basis that cannot be read."""
    if evidence.basis is None:
        return ""
    try:
        return release_beyond(evidence.basis, evidence.plan.engine.id, facts)
    except SuiteError:
        return ""


def _reported(engine: Engine, facts: Mapping[str, str]) -> dict[str, str]:
    """The versions of the engine and of its declared packages, as they were reported; "" of what was not."""
    reported = {name: facts.get(PACKAGE + name, "") for name in engine.stack}
    if not reported.get(engine.id):
        reported[engine.id] = facts.get("engine.version", "")
    return reported


@rule(
    "R106",
    title=Bilingual("The engine says its version", "引擎报告其版本"),
    asks=Bilingual(
        "Of an engine that was started here, its own version or that of a package that the declaration names was reported; what "
        "it says itself, its package and the configuration that its answers name are one version.",
        "对在此启动的引擎，其自身版本或声明所列某一软件包的版本已被报告；其自述、软件包与回答所署配置为同一版本。",
    ),
    reason=Bilingual(
        "Where nothing is said of the versions, or several, R075 has nothing to hold against the declared ones.",
        "若未报告任何版本，或报告了多个版本，R075 便无从与声明核对。",
    ),
    phases="run",
    limits="optimised",
)
@of(_said)
def says_its_version(evidence: Evidence, facts: dict[str, str]) -> Finding:
    """Some version was reported, and no other one beside it."""
    if wrong := _contradiction(evidence, facts):
        return warned(wrong)
    versions = {
        k: version for k, version in _reported(evidence.plan.engine, facts).items() if version
    }
    if not versions:
        return warned(
            Sentence(
                "neither the engine nor one of its declared packages said its version",
                "引擎及其所声明的软件包均未报告版本",
            )
        )
    listed = ", ".join(f"{name} {version}" for name, version in versions.items())
    return passed(Sentence(f"it said: {listed}", f"其报告为：{listed}"))


def _contradiction(evidence: Evidence, facts: Mapping[str, str]) -> str:
    """Which two reports of the engine's version are not of one release; "" where they may be."""
    engine = evidence.plan.engine.id
    named = re.compile(rf"{re.escape(engine)}-(\d[\w.]*)")
    answered = {name for event in evidence.requests for name in fingerprints(event)}
    reports = [("engine.version", facts.get("engine.version", ""))]
    reports += [
        (PACKAGE + name, facts.get(PACKAGE + name, "")) for name in (engine, f"{engine}-cpu")
    ]
    reports += [(name, match[1]) for name in sorted(answered) if (match := named.match(name))]
    known = [
        (name, version, numbers[0].split("."))
        for name, version in reports
        if (numbers := _NUMBERS.findall(version))
    ]
    for name, version, numbers in known[1:]:
        first, stated, wanted = known[0]
        if any(here != there for here, there in zip(numbers, wanted, strict=False)):
            return Sentence(
                f"{first} says {stated}, {name} says {version}",
                f"{first} 为 {stated}，{name} 为 {version}",
            )
    return ""


def _versions(engine: Engine, facts: Mapping[str, str]) -> list[str]:
    """Packages of another version than the declared one; what is not reported, or not declared, says nothing."""
    reported = _reported(engine, facts)
    return [
        Sentence(
            f"{name} {reported[name]}, declared {declared}",
            f"{name} {reported[name]}，声明为 {declared}",
        )
        for name, declared in engine.stack.items()
        if reported.get(name) and declared != "unknown" and not _is(reported[name], declared)
    ]


def _is(reported: str, declared: str) -> bool:
    """Whether a version is the declared one, or one with a further part, such as ``2.13.0+cpu``."""
    rest = reported.removeprefix("v").removeprefix(declared.removeprefix("v"))
    return rest != reported.removeprefix("v") and (not rest or not rest[0].isdigit())
