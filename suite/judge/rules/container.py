"""Rules about the container: is there one, kept apart, and was it left alone?"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from suite.base.bilingual import Bilingual, Sentence, chinese
from suite.base.status import Outcome
from suite.documents.document import given
from suite.judge.log.due import is_answer
from suite.judge.rules.rule import Finding, not_applicable, passed, rule, warned

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suite.documents.container import ContainerEvent, ContainerRecord
    from suite.documents.plan import Plan
    from suite.evidence import Evidence
    from suite.judge.metrics.compute import Results

_TOUCHES: Final = (
    "restart", "pause", "unpause", "exec_create", "exec_start", "exec", "extract-to-dir", "update", "rename", "commit",
    "checkpoint", "attach", "resize",
)  # fmt: skip
"""What nobody but the suite has to do to a container that is measured; ``extract-to-dir`` is ``docker cp`` into it."""
_ENDS: Final = ("die", "died")
_ASKS: Final = "import importlib.metadata"
"""A command that the suite itself runs in a container holds these words: it asks for the packages' versions, once."""
_KEPT: Final = 400
"""Characters of a command that its event is sure to hold."""
AROUND_S: Final = 5.0
"""How far a container's events may lie outside the time in which the run used it."""


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


@rule(
    "R078",
    title=Bilingual("The container was left alone", "容器未被触碰"),
    asks=Bilingual(
        "From before its creation to its end, by the Docker engine's own events, the container was started once, when the run "
        "started its engine (5 s), and ended after its last answer; nobody but the suite, which asks for versions once and reads "
        "the plan's tools, ran anything in it, copied anything into it, paused, restarted or changed it.",
        "自创建之前至结束，依 Docker 引擎自身的事件，容器只启动一次，即在运行启动引擎之时（5 s），并在最后一个回答之后结束；"
        "除本套件询问一次版本、读取计划所列工具外，无人在其中运行命令、向其复制文件，也未将其暂停、重启或更改。",
    ),
    reason=Bilingual(
        "A command that is run in it, or a file that is copied into it, can change what answers; a pause hides "
        "between two phases; another run's container, or events that were left out, say nothing of this one.",
        "在容器内运行命令或复制文件可以改变应答者；暂停可以藏在两个阶段之间；另一次运行的容器或被略去的事件说明不了本次运行。",
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
    finding = untouched(evidence, record)
    why = _of_another_time(evidence, record) if finding.outcome is Outcome.PASS else ""
    return warned(why) if why else finding


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
    seen = {_action(event) for event in record.events}
    if "create" not in seen or seen.isdisjoint(_ENDS):
        lacking = Sentence("creation", "创建") if "create" not in seen else Sentence("end", "结束")
        return warned(
            Sentence(
                f"the container's events have a gap: none tells its {lacking}",
                f"容器的事件有缺口：没有其{lacking.zh}的事件",
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
    tools = [
        " ".join(tool.command)[:_KEPT]
        for tool in evidence.plan.telemetry
        if tool.where == "container"
    ]
    asked = [
        event
        for event in record.events
        if event.own
        and ":" in event.action
        and event.action.partition(": ")[2][:_KEPT] not in tools
    ]
    wrong += [
        Sentence(
            f"a command that is not the suite's is called its own: {event.action[:100]}",
            f"非本套件的命令被称为其自身的命令：{event.action[:100]}",
        )
        for place, event in enumerate(asked)
        if _ASKS not in event.action or place > 1
    ]
    if starts > 1:
        wrong.append(Sentence(f"started {starts} times", f"启动了 {starts} 次"))
    joined = sum(event.action == "network connect" for event in record.events)
    if joined > 1:
        wrong.append(Sentence(f"joined {joined} networks", f"加入了 {joined} 个网络"))
    return wrong


def _of_another_time(evidence: Evidence, record: ContainerRecord) -> str:
    """Why a container is not the one that answered in this run, by the times of its events; "" where it may be."""
    begun, healthy = (
        [mark.t / 1e9 for mark in evidence.marks if mark.name == name]
        for name in ("engine.start", "engine.healthy")
    )
    started, ended = (
        max(_seconds(evidence, event) for event in record.events if _action(event) in names)
        for names in (("start",), _ENDS)
    )
    for begin, following in zip(begun, [*begun[1:], math.inf], strict=True):
        ready = min((t for t in healthy if begin <= t < following), default=following)
        if not begin - AROUND_S <= started <= ready + AROUND_S:
            continue
        ends = [event.t_end / 1e9 for event in evidence.requests if is_answer(event)]
        last = max((t for t in ends if begin <= t < following), default=begin)
        if ended >= last - AROUND_S:
            return ""
        return Sentence(
            f"the container ended {last - ended:.1f} s before the last answer",
            f"容器在最后一个回答之前 {last - ended:.1f} 秒即已结束",
        )
    if not begun:
        return ""
    return Sentence(
        f"the container started {started:.1f} s after the run's start, its engine at {begun[-1]:.1f} s",
        f"容器在运行开始后 {started:.1f} 秒启动，而引擎在 {begun[-1]:.1f} 秒启动",
    )


def _action(event: ContainerEvent) -> str:
    return event.action.partition(":")[0]


def _seconds(evidence: Evidence, event: ContainerEvent) -> float:
    """Time of an event on the run's clock."""
    header = evidence.header
    return (event.time_us - header.realtime_minus_monotonic_us) / 1e6 - header.clock_zero_ns / 1e9


def planned_privileges(plan: Plan) -> Finding:
    """Whether the planned container is kept apart."""
    container = plan.engine.container
    if container is None:
        return not_applicable(Sentence("no container, see R030", "没有容器，见 R030"))
    return _kept_apart(
        privileged=container.privileged,
        reason=container.privileged_reason or "",
        on_host=container.network == "host",
    )


@rule(
    "R065",
    title=Bilingual("Runs without privileges", "不以特权方式运行"),
    asks=Bilingual(
        "The engine's container is neither privileged nor on the host's network, as planned and as the Docker engine says, and got "
        "no capability that was not planned.",
        "无论依计划还是依 Docker 引擎所述，引擎的容器既不具特权，也不使用主机网络，且未获得计划之外的权能。",
    ),
    reason=Bilingual(
        "A privileged container can change the machine that measures it; one on the host's network "
        "can have others answer.",
        "特权容器可以改动正在测量它的机器；使用主机网络的容器可以让他人代答。",
    ),
    phases="run",
    limits="open",
    foreseen=planned_privileges,
)
def unprivileged(evidence: Evidence, _: Results) -> Finding:
    """Closed needs a container that is kept apart, and was."""
    planned, container = planned_privileges(evidence.plan), evidence.plan.engine.container
    if planned.outcome is not Outcome.PASS or container is None:
        return planned
    facts = evidence.environment.facts
    observed = {
        name: given(facts[fact].value) if (fact := f"container.{name}") in facts else None
        for name in ("privileged", "network", "capabilities_added")
    }
    added = {
        name.removeprefix("CAP_") for name in str(observed["capabilities_added"] or "").split(",")
    }
    networks = () if evidence.container is None else evidence.container.networks
    return _kept_apart(
        privileged=observed["privileged"] is True,
        reason="",
        on_host="host" in (observed["network"], *networks),
        added=sorted(
            added - {"", *(name.removeprefix("CAP_") for name in container.capabilities_add)}
        ),
    )


def _kept_apart(
    *, privileged: bool, reason: str, on_host: bool, added: Sequence[str] = ()
) -> Finding:
    """What keeps a container from being apart: of a plan, or of what ran."""
    wrong = []
    if privileged:
        why = f" ({reason})" if reason else ""
        wrong.append(
            Sentence(f"privileged{why}", f"特权容器（{reason}）" if reason else "特权容器")
        )
    if on_host:
        wrong.append(Sentence("on the host's network", "使用主机网络"))
    if added:
        listed = ", ".join(added)
        wrong.append(
            Sentence(f"given what no plan names ({listed})", f"获得计划之外的权能（{listed}）")
        )
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
