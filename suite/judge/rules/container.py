"""Rules about the container: is there one, kept apart, was it the planned image, one that others can know, and was it left alone?"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Final

from msgspec import UNSET

from suite.base.bilingual import Bilingual, Sentence, chinese
from suite.base.errors import SuiteError
from suite.base.status import Outcome
from suite.declare.known import known_images
from suite.declare.plan import recipe
from suite.declare.plan.shipped import shipped_context, shipped_vendor
from suite.documents.document import given
from suite.judge.rules.rule import Finding, failed, not_applicable, passed, plan_rule, rule, warned

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suite.documents.basis import Basis
    from suite.documents.container import ContainerEvent, ContainerRecord, ObservedImage
    from suite.documents.plan import Plan
    from suite.evidence import Evidence
    from suite.judge.metrics.compute import Results

BY_SUBMITTER: Final = Sentence("the image was built by the submitter", "镜像由提交方自行构建")
_TOUCHES: Final = (
    "restart", "pause", "unpause", "exec_create", "exec_start", "exec", "extract-to-dir", "update", "rename", "commit",
    "checkpoint", "attach", "resize",
)  # fmt: skip
"""What nobody but the suite has to do to a container that is measured; ``extract-to-dir`` is ``docker cp`` into it."""


def planned_container(plan: Plan) -> Finding:
    """Whether the plan names a container by what cannot change."""
    if plan.runtime != "container":
        remark = plan.runtime_note
        note = Sentence(f" ({remark})", f"（{chinese(remark)}）") if remark else ""
        return warned(
            Sentence(
                f"runtime: {plan.runtime}; closed needs a container{note}",
                f"运行方式：{plan.runtime}；封闭赛道要求容器{chinese(note)}",
            )
        )
    image = plan.engine.image
    if image is not None and image.source == "local":
        return warned(
            Sentence(
                f"{image.reference} is on this machine alone: no reviewer can get it",
                f"{image.reference} 只存在于本机：审核者无法获得",
            )
        )
    if image is None or (image.source != "build" and image.digest is None):
        named = (
            Sentence("the image", "镜像")
            if image is None
            else Sentence(f"{image.reference} is not pinned: it", f"{image.reference} 未固定：它")
        )
        return warned(
            Sentence(
                f"{named} is named by a tag that can move; closed needs `--image name@sha256:…`, and "
                f"`suite vendors pin {plan.vendor.id}` says which",
                f"{chinese(named)}以可变动的标签指定；封闭赛道要求 `--image name@sha256:…`，`suite vendors pin {plan.vendor.id}` 可给出其摘要",
            )
        )
    return passed(
        Sentence(
            f"container, image {image.digest or image.reference}",
            f"容器，镜像 {image.digest or image.reference}",
        )
    )


@rule(
    "R030",
    title=Bilingual("Runs in a container of known digest", "在已知摘要的容器中运行"),
    asks=Bilingual(
        "The engine runs in a container; its image was built here or is named by its digest, "
        "and the digest that ran is known.",
        "引擎运行于容器；其镜像在此构建或以摘要指定，且实际运行镜像的摘要已知。",
    ),
    reason=Bilingual("Otherwise nobody knows what ran.", "否则无人知道运行的是什么。"),
    phases="run",
    limits="open",
    foreseen=planned_container,
)
def in_container(evidence: Evidence, _: Results) -> Finding:
    """Closed needs a container whose image digest is known."""
    planned = planned_container(evidence.plan)
    if evidence.plan.runtime != "container":
        return planned
    fact = evidence.environment.facts.get("image.digest")
    digest = given(fact.value) if fact else None
    if not str(digest).startswith("sha256:"):
        return warned(
            Sentence(
                "the digest of the image that ran is unknown; closed needs it",
                "实际运行镜像的摘要未知；封闭赛道要求该摘要",
            )
        )
    return (
        passed(Sentence(f"container, image {digest}", f"容器，镜像 {digest}"))
        if planned.outcome is Outcome.PASS
        else planned
    )


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
        "are the recipe's. It got the planned command.",
        "容器运行的是计划中的镜像：其摘要由厂商声明或评审方列表（`trust/images.json`）给出；或在此由随附配方构建，"
        "其标签、基础镜像与每层的命令均与配方一致。容器得到的是计划中的命令。",
    ),
    reason=Bilingual(
        "An image without any model answers from the published texts, under the very tag that the suite would have built.",
        "不含任何模型的镜像也能以本套件的标签、凭已公开的文本作答。",
    ),
    phases="run",
    broken=Bilingual(
        "fail where another image or command ran than the planned one; warn, *open* at best, for one that nobody else knows",
        "运行的不是计划中的镜像或命令时为 fail；镜像无从得知时为 warn，至多 *open*",
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
    fact = evidence.environment.facts.get("image.digest")
    named = given(fact.value) if fact else None
    if named is not None and named not in digests:
        return Sentence(
            f"the card names {named}, the container ran {image.id}",
            f"评分卡给出 {named}，容器运行的是 {image.id}",
        )
    return _other_command(evidence.plan, record)


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


@rule(
    "R078",
    title=Bilingual("The container was left alone", "容器未被触碰"),
    asks=Bilingual(
        "From before its creation to its end, by the Docker engine's own events, the container was started once and "
        "nobody but the suite ran anything in it, copied anything into it, paused, restarted or changed it.",
        "自创建之前至结束，依 Docker 引擎自身的事件，容器只启动一次；除本套件外，无人在其中运行命令、"
        "向其复制文件，也未将其暂停、重启或更改。",
    ),
    reason=Bilingual(
        "A command that is run in it, or a file that is copied into it, can change what answers; a pause hides "
        "between two phases.",
        "在容器内运行命令或复制文件可以改变应答者；暂停可以藏在两个阶段之间。",
    ),
    phases="run",
    limits="open",
)
def left_alone(evidence: Evidence, _: Results) -> Finding:
    """Nobody touched the container while it ran."""
    if evidence.plan.runtime != "container":
        return not_applicable(
            Sentence(
                f"runtime {evidence.plan.runtime}: no container",
                f"运行方式为 {evidence.plan.runtime}：没有容器",
            )
        )
    record = evidence.container
    if record is None:
        return warned(
            Sentence(
                "the run did not keep what was done to its container (container.json)",
                "运行未保留对其容器所做的操作（container.json）",
            )
        )
    return untouched(evidence, record)


def untouched(evidence: Evidence, record: ContainerRecord) -> Finding:
    """Whether a container was started once and left alone, as far as its events tell."""
    if record.watched:
        return warned(
            Sentence(
                f"the container's events were not followed to its end: {record.watched}",
                f"容器的事件未被跟踪到结束：{chinese(record.watched)}",
            )
        )
    starts = [event for event in record.events if _action(event) == "start"]
    if not starts:
        return warned(
            Sentence(
                "no event tells the container's start: nobody watched it",
                "没有容器启动的事件：无人监视",
            )
        )
    wrong = _touched(evidence, record, len(starts))
    if wrong:
        return warned(
            Sentence(f"the container was touched: {wrong[0]}", f"容器被触碰：{chinese(wrong[0])}"),
            wrong,
        )
    return passed(
        Sentence(
            f"{len(record.events)} events, none of them somebody else's",
            f"{len(record.events)} 个事件，均非他人所为",
        )
    )


def _touched(evidence: Evidence, record: ContainerRecord, starts: int) -> list[str]:
    """What somebody else did to the container, and what it did more than once."""
    wrong: list[str] = [
        Sentence(
            f"{event.action.partition(': ')[0]}, {_seconds(evidence, event):.1f} s after the run's start",
            f"{event.action.partition(': ')[0]}，运行开始后 {_seconds(evidence, event):.1f} 秒",
        )
        for event in record.events
        if not event.own and _action(event) in _TOUCHES
    ]
    if starts > 1:
        wrong.append(Sentence(f"started {starts} times", f"启动了 {starts} 次"))
    joined = sum(event.action == "network connect" for event in record.events)
    if joined > 1:
        wrong.append(Sentence(f"joined {joined} networks", f"加入了 {joined} 个网络"))
    return wrong


def _action(event: ContainerEvent) -> str:
    return event.action.partition(":")[0]


def _seconds(evidence: Evidence, event: ContainerEvent) -> float:
    """Time of an event on the run's clock."""
    header = evidence.header
    return (event.time_us - header.realtime_minus_monotonic_us) / 1e6 - header.clock_zero_ns / 1e9


@plan_rule(
    "R065",
    title=Bilingual("Runs without privileges", "不以特权方式运行"),
    asks=Bilingual(
        "The engine's container is neither privileged nor on the host's network.",
        "引擎的容器既不具特权，也不使用主机网络。",
    ),
    reason=Bilingual(
        "A privileged container can change the machine that measures it; one on the host's network "
        "can have others answer.",
        "特权容器可以改动正在测量它的机器；使用主机网络的容器可以让他人代答。",
    ),
    limits="open",
)
def unprivileged(plan: Plan) -> Finding:
    """Closed needs a container that is kept apart."""
    container = plan.engine.container
    if container is None:
        return not_applicable(Sentence("no container, see R030", "没有容器，见 R030"))
    wrong = []
    if container.privileged:
        wrong.append(
            Sentence(
                f"privileged ({container.privileged_reason})",
                f"特权容器（{container.privileged_reason}）",
            )
        )
    if container.network == "host":
        wrong.append(Sentence("on the host's network", "使用主机网络"))
    if wrong:
        return warned(
            Sentence(
                f"the container is {' and '.join(wrong)}; another `--access` may do",
                f"该容器{'且'.join(map(chinese, wrong))}；可尝试其他 `--access` 方式",
            ),
            wrong,
        )
    return passed(
        Sentence(
            "not privileged, and reached by the client alone", "非特权容器，且只有客户端可访问"
        )
    )
