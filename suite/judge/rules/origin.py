"""Rules about who answered: the model that was asked, under one configuration."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from suite.base.bilingual import Bilingual, Sentence, chinese
from suite.judge.log import origin
from suite.judge.rules.rule import (
    Finding,
    failed,
    measured,
    not_applicable,
    passed,
    place,
    rule,
    warned,
)

if TYPE_CHECKING:
    from suite.evidence import Evidence
    from suite.judge.metrics.compute import Results

_SAME, _LONGER, _OTHER = range(3)
_REVISION = re.compile(r"@[^@/]*$")
"""What some servers append to a name: ``model@main``."""


def _relation(asked: str, served: str) -> int:
    """Whether a server's name is the one that was asked, one that goes on where that ends, or another."""
    a, b = (_REVISION.sub("", name.casefold()).rstrip("/") for name in (asked, served))
    if a == b or a.endswith(f"/{b}") or b.endswith(f"/{a}"):
        return _SAME
    return _LONGER if b.startswith(a) and not b[len(a)].isalnum() else _OTHER


@rule(
    "R058",
    title=Bilingual("The model that was asked answers", "应答的是所请求的模型"),
    asks=Bilingual(
        "Every answer comes under the name of the model that was asked, and all of one phase under one name. The same is "
        "a name with or without its directory, and with or without a revision after `@`.",
        "每个回答都以所请求的模型名返回，且同一阶段只有一个模型名。是否带目录、是否带 `@` 之后的版本均视为同名。",
    ),
    reason=Bilingual(
        "A gateway that answers with a smaller model, now and then or always, is faster and is not the model on the card.",
        "网关若时而或始终以较小的模型应答，会更快，却不是评分卡所写的模型。",
    ),
    phases="measured",
    broken=Bilingual(
        "fail; warn for one longer name that begins with the one that was asked",
        "fail；若只有一个以所请求名称开头的更长名称则为 warn",
    ),
)
def asked_model_answers(evidence: Evidence, _: Results) -> Finding:
    """Every answer comes under the name of the model that was asked."""
    asked = evidence.plan.engine.served_model_name
    named = [request for request in measured(evidence) if origin.models(request)]
    if not named:
        return not_applicable(
            Sentence("the server does not say which model answers", "服务器未说明由哪个模型应答")
        )
    other = [r for r in named if any(_relation(asked, name) == _OTHER for name in origin.models(r))]
    if other:
        names = ", ".join(dict.fromkeys(name for r in other for name in origin.models(r)))
        other_model = Sentence(
            f"{asked} was asked, and {len(other)} of {len(named)} answers came from {names}",
            f"请求的是 {asked}，而 {len(named)} 个回答中有 {len(other)} 个来自 {names}",
        )
        hint = Sentence(
            "; if that is the model's name there, ask for it: --served-model-name",
            "；若这正是该模型在服务器上的名称，请以 --served-model-name 指定",
        )
        return failed(other_model + hint, [place(request) for request in other])
    why, others = origin.changed(named, origin.models)
    if others:
        return failed(
            Sentence(
                f"the model changed within a phase: {why}", f"模型在阶段中途改变：{chinese(why)}"
            ),
            [place(r) for r in others],
        )
    longer = [
        r for r in named if any(_relation(asked, name) == _LONGER for name in origin.models(r))
    ]
    if longer:
        why = Sentence(
            f"{asked} was asked; the server calls it {origin.models(longer[0])[0]}",
            f"请求的是 {asked}；服务器称之为 {origin.models(longer[0])[0]}",
        )
        return warned(why, [place(longer[0])])
    return passed(
        Sentence(
            f"{len(named)} answers, all from {asked}", f"{len(named)} 个回答，全部来自 {asked}"
        )
    )


@rule(
    "R059",
    title=Bilingual("One configuration serves a phase", "同一阶段由同一配置服务"),
    asks=Bilingual(
        "Where the server states its configuration (`system_fingerprint`), it does not change within a phase.",
        "若服务器给出其配置标识（`system_fingerprint`），同一阶段内不变。",
    ),
    reason=Bilingual(
        "A server that is redeployed in the middle, or several that differ, give numbers of none of them.",
        "中途重新部署的服务器，或若干互不相同的服务器，所得数字不属于其中任何一个。",
    ),
    phases="measured",
    limits="open",
)
def one_configuration(evidence: Evidence, _: Results) -> Finding:
    """The configuration that serves does not change within a phase."""
    named = [r for r in measured(evidence) if origin.fingerprints(r)]
    if not named:
        return not_applicable(
            Sentence("the server does not state its configuration", "服务器未给出其配置标识")
        )
    why, others = origin.changed(named, origin.fingerprints)
    if others:
        return warned(
            Sentence(
                f"the configuration changed within a phase: {why}",
                f"配置在阶段中途改变：{chinese(why)}",
            ),
            [place(r) for r in others],
        )
    return passed(
        Sentence(
            f"{len(named)} answers, one configuration in each phase",
            f"{len(named)} 个回答，每个阶段均为同一配置",
        )
    )
