"""The rule about the container's image: the planned one, with the planned command, and one that others can know?"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Final

from msgspec import UNSET

from suite.base.bilingual import Bilingual, Sentence, chinese
from suite.base.errors import SuiteError
from suite.declare.known import known_images
from suite.declare.plan import recipe
from suite.declare.plan.shipped import shipped_context, shipped_vendor
from suite.documents.document import given
from suite.judge.rules.rule import Finding, failed, not_applicable, passed, rule, warned

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suite.documents.basis import Basis
    from suite.documents.container import ContainerRecord, ObservedImage
    from suite.documents.plan import Plan
    from suite.evidence import Evidence
    from suite.judge.metrics.compute import Results

ARCHITECTURES: Final = {"x86_64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
"""What images call the processors that a host names."""
BY_SUBMITTER: Final = Sentence("the image was built by the submitter", "镜像由提交方自行构建")


def planned_image(plan: Plan, basis: Basis | None = None) -> Finding:
    """Whether somebody else can know the planned image: by its recipe, or by a digest that is listed."""
    image = plan.engine.image
    if plan.runtime != "container" or image is None:
        return not_applicable(Sentence("no container, see R030", "没有容器，见 R030"))
    if image.source == "build":
        if shipped_context(plan, image.build_context or "") is None:
            return warned(
                Sentence(
                    f"{BY_SUBMITTER}: the suite ships no recipe {image.build_context}",
                    f"{BY_SUBMITTER.zh}：本套件没有随附配方 {image.build_context}",
                )
            )
        return passed(
            Sentence(f"built here from {image.build_context}", f"在此由 {image.build_context} 构建")
        )
    if image.digest is None:
        return not_applicable(
            Sentence(
                f"{image.reference} is named by no digest, see R030",
                f"{image.reference} 未按摘要指定，见 R030",
            )
        )
    if image.digest not in known_images() | _declared(plan, basis):
        return warned(
            Sentence(
                f"{BY_SUBMITTER}: neither the shipped declaration nor trust/images.json names {image.digest}",
                f"{BY_SUBMITTER.zh}：随附的声明与 trust/images.json 均未列出 {image.digest}",
            )
        )
    return passed(
        Sentence(
            f"{image.reference}, known by its digest {image.digest}",
            f"{image.reference}，其摘要 {image.digest} 为已知",
        )
    )


@rule(
    "R077",
    title=Bilingual("The image is a known one", "镜像可知"),
    asks=Bilingual(
        "The container ran the planned image: the declaration or the reviewers' list (`trust/images.json`) names its "
        "digest, or it was built here from a shipped recipe, and its label, its base and the command of every layer "
        "are the recipe's. It is made for the host's processors, and got the planned command.",
        "容器运行的是计划中的镜像：其摘要由厂商声明或评审方列表（`trust/images.json`）给出；或在此由随附配方构建，"
        "其标签、基础镜像与每层的命令均与配方一致。镜像为主机的处理器架构而制，容器得到的是计划中的命令。",
    ),
    reason=Bilingual(
        "An image without any model answers from the published texts, under the very tag that the suite would have built.",
        "不含任何模型的镜像也能以本套件的标签、凭已公开的文本作答。",
    ),
    phases="run",
    broken=Bilingual(
        "fail where another image or command ran than the planned one; warn, *open* at best, for one that nobody else knows, or for other processors",
        "运行的不是计划中的镜像或命令时为 fail；镜像无从得知或为其他处理器所制时为 warn，至多 *open*",
    ),
    limits="open",
    foreseen=planned_image,
)
def known_image(evidence: Evidence, _: Results) -> Finding:
    """The image that ran is the planned one, and somebody else can know it."""
    plan, record = evidence.plan, evidence.container
    planned = planned_image(plan, evidence.basis)
    if plan.runtime != "container" or plan.engine.image is None:
        return planned
    if record is None:
        return warned(
            Sentence(
                "the run did not keep what its container was (container.json)",
                "运行未保留其容器的情况（container.json）",
            )
        )
    if wrong := _other(evidence, record):
        return failed(wrong, ["container.json"])
    return _knowable(evidence, record, planned)


def _knowable(evidence: Evidence, record: ContainerRecord, planned: Finding) -> Finding:
    """Whether somebody else can know what ran, and the host's processors can run it."""
    plan = evidence.plan
    assert plan.engine.image is not None
    if other := _other_processors(evidence, record.image):
        return warned(other, ["container.json"])
    context = shipped_context(plan, plan.engine.image.build_context or "")
    if plan.engine.image.source != "build" or context is None:
        return planned
    if why := recipe.departure(record.image, plan.engine.image.build_context or "", context):
        return warned(
            Sentence(f"{BY_SUBMITTER}: {why}", f"{BY_SUBMITTER.zh}：{chinese(why)}"),
            ["container.json"],
        )
    return passed(
        Sentence(
            f"{planned.why}: its base and the command of every layer are the recipe's",
            f"{chinese(planned.why)}：其基础镜像与每层的命令均与配方一致",
        )
    )


def _other(evidence: Evidence, record: ContainerRecord) -> str:
    """Why what ran is not what was planned, or not what the card names; "" when it is."""
    image, planned = record.image, evidence.plan.engine.image
    digests = _digests(image)
    if record.running_id != image.id:
        return Sentence(
            f"the container ran {record.running_id}, not {image.id}",
            f"容器运行的是 {record.running_id}，而非 {image.id}",
        )
    if planned is not None and planned.digest is not None and planned.digest not in digests:
        return Sentence(
            f"{image.reference} is {image.id}, planned is {planned.digest}",
            f"{image.reference} 为 {image.id}，计划为 {planned.digest}",
        )
    for name in ("image.digest", "image.id", "image.running_id"):
        fact = evidence.environment.facts.get(name)
        named = given(fact.value) if fact else None
        if named is not None and named not in digests:
            return Sentence(
                f"the card names {named}, the container ran {image.id}",
                f"评分卡给出 {named}，容器运行的是 {image.id}",
            )
    return _other_command(evidence.plan, record)


def _other_processors(evidence: Evidence, image: ObservedImage) -> str:
    """Why an image cannot run on the host but by emulation; "" where it can, or one of the two is not known."""
    fact = evidence.environment.facts.get("host.architecture")
    host = str(given(fact.value)) if fact else ""
    made = image.architecture.partition("/")[2].partition("/")[0]
    if host not in ARCHITECTURES or not made or made == ARCHITECTURES[host]:
        return ""
    return Sentence(
        f"the image is made for {made}, the host's processors are {host}",
        f"镜像为 {made} 所制，而主机处理器为 {host}",
    )


def _other_command(plan: Plan, record: ContainerRecord) -> str:
    """Why the container got another command than the planned one; "" where it did not. Of several nodes R130 asks it."""
    if plan.topology is not UNSET:
        return ""
    engine, ran = plan.engine, list(record.command)
    if engine.pre_commands:
        steps, _, last = (ran[-1] if ran else "").rpartition(" && exec ")
        ran = _split(last) if steps == " && ".join(map(shlex.join, engine.pre_commands)) else []
    if _without_address(ran) == _without_address(engine.command):
        return ""
    more = [word for word in ran if word not in engine.command]
    return Sentence(
        f"the container got another command than the planned one: {shlex.join(more)[:200] or 'other words'}",
        f"容器得到的命令与计划不同：{shlex.join(more)[:200] or '用词不同'}",
    )


def _split(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return []


def _without_address(command: Sequence[str]) -> list[str]:
    """A command without the address on which it listens: where containers share the host's network it is another."""
    kept: list[str] = []
    value = False
    for word in command:
        flag, equals, _ = word.partition("=")
        if value:
            value = False
        elif flag in ("--host", "--port"):
            value = not equals
        else:
            kept.append(word)
    return kept


def _digests(image: ObservedImage) -> set[str]:
    return {image.id, *(name.partition("@")[2] for name in image.repo_digests)}


def _declared(plan: Plan, basis: Basis | None) -> set[str]:
    """Digests that the shipped declaration pins for the engine."""
    try:
        engine = shipped_vendor(plan, basis).engine(plan.engine.id)
    except SuiteError:  # R039 says that the suite does not ship it
        return set()
    return {image.digest for image in engine.images if image.digest is not None}
