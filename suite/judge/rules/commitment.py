"""The rule of a run whose vendor committed to what would run before the challenge was issued."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.base.bilingual import Bilingual, Sentence, chinese
from suite.base.errors import TrustError
from suite.declare.plan.skeleton import skeleton_sha256
from suite.documents.document import given
from suite.judge.attest.challenge import read_commitment
from suite.judge.rules.challenge import NONE
from suite.judge.rules.rule import Finding, failed, not_applicable, passed, rule

if TYPE_CHECKING:
    from suite.documents.challenge import Challenge
    from suite.documents.commitment import Commitment
    from suite.documents.plan import Plan
    from suite.evidence import Evidence
    from suite.judge.metrics.compute import Results


@rule(
    "R100",
    title=Bilingual("What ran was committed to", "所运行者即事先承诺者"),
    asks=Bilingual(
        "The commitment that the challenge answers was signed before it was issued, is of the same vendor, and its skeleton "
        "is that of the plan: image, declaration, command, devices, model and profile.",
        "质询所答复的承诺签署于质询发布之前、属同一厂商，且其骨架即计划的骨架：镜像、声明、命令、设备、模型与配置。",
    ),
    reason=Bilingual(
        "An engine, a model or settings chosen once the tasks were known.",
        "得知任务之后才选定的引擎、模型或设置。",
    ),
    phases="run",
    broken=Bilingual("fail", "fail"),
)
def committed(evidence: Evidence, _: Results) -> Finding:
    """What ran is what was committed to."""
    challenge, basis = given(evidence.plan.challenge), evidence.basis
    kept = None if basis is None else given(basis.challenge)
    bundle = None if kept is None else given(kept.commitment)
    answered = None if challenge is None else given(challenge.commitment)
    if challenge is None or (answered is None and bundle is None):
        return not_applicable(
            NONE
            if challenge is None
            else Sentence("the challenge answers no commitment", "该质询不答复任何承诺")
        )
    wrong = _uncommitted(evidence.plan, challenge, answered, bundle)
    if wrong:
        return failed(wrong, ["basis.json: commitment"])
    return passed(
        Sentence(
            f"the plan is the one committed to before {challenge.issued}, {answered}",
            f"计划即 {challenge.issued} 之前所承诺者，{answered}",
        )
    )


def _uncommitted(plan: Plan, challenge: Challenge, answered: str | None, bundle: str | None) -> str:
    """Why a plan is not what a vendor committed to; "" when it is."""
    if bundle is None or answered is None:
        return Sentence(
            "the challenge and the run do not name the same commitment", "质询与运行所指的承诺不同"
        )
    try:
        made, statement = read_commitment(bundle.encode(), "basis.json: commitment")
    except TrustError as refused:
        return Sentence(
            f"the commitment cannot be read: {refused.message}",
            f"无法读取承诺：{chinese(refused.message)}",
        )
    if statement.sha256 != answered:
        return Sentence("the challenge answers another commitment", "质询答复的是另一份承诺")
    if made.made > challenge.issued:
        return Sentence(
            f"committed at {made.made}, after the challenge was issued at {challenge.issued}",
            f"承诺于 {made.made}，晚于质询的发布时间 {challenge.issued}",
        )
    return _another(plan, made)


def _another(plan: Plan, made: Commitment) -> str:
    """What of a plan is another than was committed to; "" when nothing is."""
    if made.vendor == plan.vendor.id and made.skeleton_sha256 == skeleton_sha256(plan):
        return ""
    pairs = (
        (Sentence("the vendor", "厂商"), plan.vendor.id, made.vendor),
        (Sentence("the suite", "套件"), given(plan.suite.files_sha256, ""), made.suite),
        (Sentence("the declaration", "声明"), plan.vendor.sha256, made.declaration_sha256),
        (Sentence("the model", "模型"), plan.model.sha256, made.model_sha256),
        (Sentence("the profile", "配置"), plan.workload.profile_sha256, made.profile_sha256),
    )
    what = next(
        (name for name, here, there in pairs if here != there),
        Sentence("engine or devices", "引擎或设备"),
    )
    return Sentence(
        f"the plan is another than was committed to: {what}", f"计划与所承诺者不同：{chinese(what)}"
    )
