"""Is the plan the suite's own? What a reviewer can rebuild without the hardware is rebuilt and compared.

A plan states its profile, prompt, tasks, bounds and peaks; whoever ran could have written others there. These
rules hold them against what this version of the suite ships.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, NamedTuple

from msgspec import UNSET
from msgspec.structs import replace

from suite.base.bilingual import Bilingual, Sentence, chinese
from suite.base.errors import SuiteError
from suite.base.status import Outcome
from suite.declare.known import release_of
from suite.declare.plan.room import model_room
from suite.declare.plan.shipped import shipped_profile, shipped_vendor
from suite.declare.profiles.bounds import quality_doc
from suite.declare.profiles.expand import expand_phases
from suite.declare.profiles.reseeded import reseeded
from suite.declare.tasks.challenged import challenged
from suite.declare.tasks.mini import MINI_COUNT, MINI_RECORDS_SHA256
from suite.declare.tasks.pins import (
    LEAST_PINNED,
    UNKNOWN,
    has_document,
    has_reference,
    key_of,
    pins,
)
from suite.declare.tasks.prompt import load_prompt
from suite.declare.tasks.reference import reference_for
from suite.declare.tasks.selection import locks
from suite.declare.tasks.taskset import mini_set
from suite.declare.vendor.peaks import select_peaks
from suite.documents.document import given
from suite.judge.rules.rule import Finding, passed, rule, warned

if TYPE_CHECKING:
    from suite.declare.profiles.load import Profile
    from suite.declare.tasks.taskset import TaskSet
    from suite.documents.basis import Basis
    from suite.documents.plan import Plan
    from suite.documents.taskline import TaskLine
    from suite.evidence import Evidence
    from suite.judge.metrics.compute import Results


def planned_workload(plan: Plan, basis: Basis | None = None) -> Finding:
    """Whether profile, prompt, task lock, phases and bounds of a plan are those that the suite ships."""
    try:
        profile = shipped_profile(plan, basis)
    except SuiteError:
        name = plan.workload.profile
        return warned(
            Sentence(
                f"profile: {name}, not one that the suite ships",
                f"配置 {name} 不是本套件随附的配置",
            )
        )
    wrong = [*_texts(plan, profile), *_lock(plan), *_phases(plan, profile)]
    wrong += _bounds(plan, profile, basis)
    if wrong:
        return warned(
            Sentence(
                f"not the suite's own workload: {wrong[0]}",
                f"不是本套件的工作负载：{chinese(wrong[0])}",
            ),
            wrong,
        )
    return passed(
        Sentence(
            f"profile {profile.name}: prompt, tasks, phases and bounds are the suite's own",
            f"配置 {profile.name}：提示词、任务、阶段与限度均出自本套件",
        )
    )


@rule(
    "R038",
    title=Bilingual("The workload is the suite's own", "工作负载出自本套件"),
    asks=Bilingual(
        "Profile, prompt, decoding, task lock, phases and bounds are those that the suite ships.",
        "配置、提示词、解码、任务锁、阶段与限度均为本套件随附者。",
    ),
    reason=Bilingual(
        "A plan that was written by hand: fewer requests, easier bounds, another prompt under "
        "the same name.",
        "手写的计划：请求更少、限度更松、同名而不同的提示词。",
    ),
    phases="every",
    limits="open",
    foreseen=planned_workload,
)
def own_workload(evidence: Evidence, _: Results) -> Finding:
    """The planned workload is the suite's own, and so are the texts that were asked."""
    planned = planned_workload(evidence.plan, evidence.basis)
    wrong = _pins(evidence) if planned.outcome is Outcome.PASS else []
    if wrong:
        return warned(
            Sentence(
                f"not the suite's own workload: {wrong[0]}",
                f"不是本套件的工作负载：{chinese(wrong[0])}",
            ),
            wrong,
        )
    return planned


def _texts(plan: Plan, profile: Profile) -> list[str]:
    workload = plan.workload
    wrong: list[str] = []
    if workload.profile_sha256 != profile.sha256:
        wrong.append(
            Sentence(
                f"the profile {profile.name} has another digest", f"配置 {profile.name} 的摘要不同"
            )
        )
    if workload.prompt != load_prompt(profile.doc.prompt).to_doc():
        wrong.append(Sentence("the prompt is not the profile's", "提示词与配置不符"))
    if workload.decoding != profile.doc.decoding:
        wrong.append(
            Sentence("the decoding parameters are not the profile's", "解码参数与配置不符")
        )
    return wrong


def _lock(plan: Plan) -> list[str]:
    tasks = plan.workload.taskset
    if not tasks.locked:
        return []  # R031 says so
    challenge = given(plan.challenge)
    if tasks.name == f"mini-{MINI_COUNT}" and challenge is not None:
        held = tasks == mini_under(challenge.salts.tasks, MINI_COUNT).to_doc()
    elif tasks.name == f"mini-{MINI_COUNT}":
        held = (tasks.records_sha256, tasks.size) == (MINI_RECORDS_SHA256, MINI_COUNT)
    else:
        lock = locks().sets.get(tasks.name)
        # Under a challenge the ids are others in another order: R097 holds those of the evidence against the lock.
        held = lock is not None and (
            challenge is not None or (lock.ids_sha256, lock.size) == (tasks.ids_sha256, tasks.size)
        )
    return (
        []
        if held
        else [
            Sentence(
                f"the tasks are not those locked as {tasks.name}",
                f"任务不是以 {tasks.name} 之名锁定的任务",
            )
        ]
    )


@functools.lru_cache(maxsize=4)
def mini_under(salt: str, size: int) -> TaskSet:
    """The mini set of a size under a challenge."""
    return challenged(mini_set(size), salt)


def _pins(evidence: Evidence) -> list[str]:
    """A locked set of XSum is held by its texts too: the references and the known documents' digests are evidence."""
    taskset = evidence.plan.workload.taskset
    if not taskset.locked or taskset.name not in locks().sets:
        return []
    stated = given(taskset.pinned)
    if stated is None:
        return [
            Sentence(
                "the plan does not say which of its texts are the known ones",
                "计划未说明其文本中有多少属于已知文本",
            )
        ]
    texts = [original(task) for task in evidence.tasks.values()]
    rows = [(text, pins().get(key_of(text.id))) for text in texts]
    known = [(text, pin) for text, pin in rows if pin is not None]
    references = sum(has_reference(pin, text.id, text.reference) for text, pin in known)
    whole = [(text, pin) for text, pin in known if pin.document != UNKNOWN]
    documents = sum(has_document(pin, text.id, text.document_sha256) for text, pin in whole)
    if references < LEAST_PINNED * len(rows) or documents < LEAST_PINNED * len(whole):
        return [
            Sentence(
                f"{references} of {len(rows)} references and {documents} of {len(whole)} known documents are XSum's",
                f"{len(rows)} 篇参考摘要中的 {references} 篇、{len(whole)} 篇已知文档中的 {documents} 篇与 XSum 一致",
            )
        ]
    if (references, documents, len(whole)) != (
        stated.references,
        stated.documents,
        stated.known_documents,
    ):
        return [
            Sentence(
                "the plan counts its pinned texts otherwise than the tasks show",
                "计划所记的已核对文本数与任务所示不符",
            )
        ]
    return []


class Original(NamedTuple):
    """What a task is, or was before a challenge changed it."""

    id: str
    reference: str
    document_sha256: str


def original(task: TaskLine) -> Original:
    """The task of the set behind a line of ``tasks.jsonl``; of a new story, the story itself."""
    origin = given(task.origin)
    if origin is None or origin.kind == "story":
        return Original(task.id, task.reference, task.document_sha256)
    return Original(
        given(origin.task, ""), given(origin.reference, ""), given(origin.document_sha256, "")
    )


def _phases(plan: Plan, profile: Profile) -> list[str]:
    # The whole room of the model, whatever the engine was started with: points left out of it count.
    size, room = plan.workload.taskset.size, model_room(plan.model)
    challenge = given(plan.challenge)
    if challenge is not None:
        profile = reseeded(profile, challenge.salts.load)
    shipped = expand_phases(profile, size, room)
    return (
        []
        if tuple(shipped) == plan.workload.phases
        else [Sentence("the phases are not the profile's", "阶段与配置不符")]
    )


def _bounds(plan: Plan, profile: Profile, basis: Basis | None) -> list[str]:
    workload = plan.workload
    wrong: list[str] = []
    carried = None if basis is None else given(basis.reference)
    reference = reference_for(
        plan.model.files, workload.taskset, workload.decoding, carried=carried
    )
    shipped = quality_doc(profile, reference, workload.taskset)
    stated = workload.quality
    if basis is None and given(stated.reference_sha256) is not None and not reference.known:
        # A plan alone names a reference run that is carried beside it.
        shipped = replace(
            shipped,
            reference=stated.reference,
            reference_source=stated.reference_source,
            reference_sha256=stated.reference_sha256,
        )
    if release_of(plan.suite) is not None and given(stated.reference_sha256) is None:
        shipped = replace(shipped, reference_sha256=UNSET)
    if stated != shipped:
        wrong.append(
            Sentence(
                "the quality bounds or the reference are not the suite's",
                "质量限度或参考值不是本套件的",
            )
        )
    if workload.objectives != profile.doc.objectives:
        wrong.append(Sentence("the objectives are not the profile's", "目标与配置不符"))
    return wrong


def planned_declaration(plan: Plan, basis: Basis | None = None) -> Finding:
    """Whether the declaration of a plan's vendor is the one that the suite ships, and its peak as well."""
    try:
        vendor = shipped_vendor(plan, basis)
    except SuiteError:
        return warned(
            Sentence(
                f"vendor: {plan.vendor.id}, not one that the suite ships",
                f"厂商 {plan.vendor.id} 不在本套件随附之列",
            )
        )
    if vendor.sha256 != plan.vendor.sha256:
        return warned(
            Sentence(
                f"the declaration of {vendor.id} is not the one that the suite ships",
                f"{vendor.id} 的声明不是本套件随附的声明",
            )
        )
    compute = plan.peaks.compute
    if compute is None:
        return passed(
            Sentence(
                f"the declaration of {vendor.id} is the suite's own; no peak is used",
                f"{vendor.id} 的声明出自本套件；未使用峰值",
            )
        )
    devices = {device.id: device for device in vendor.doc.accelerators}
    device = devices.get(plan.devices.accelerator)
    if device is None:
        return warned(
            Sentence(
                f"{plan.devices.accelerator} is no accelerator of {vendor.id}",
                f"{plan.devices.accelerator} 不是 {vendor.id} 的加速器",
            )
        )
    declared = select_peaks(vendor, device, compute.precision, private={}, cpu=None)
    if plan.runtime == "endpoint" and declared.compute is not None:
        # Beyond its note, which says that the accelerator was only claimed.
        declared = replace(declared, compute=replace(declared.compute, note=compute.note))
    if declared.compute != compute:
        return warned(
            Sentence(
                f"the {compute.precision} peak was brought along: {compute.source}",
                f"{compute.precision} 峰值为自带数值：{compute.source}",
            )
        )
    return passed(
        Sentence(
            f"declaration and peak of {vendor.id} are the suite's own",
            f"{vendor.id} 的声明与峰值均出自本套件",
        )
    )


@rule(
    "R039",
    title=Bilingual("The declaration is the suite's own", "厂商声明出自本套件"),
    asks=Bilingual(
        "The vendor's declaration is the one that the suite ships, and so is the peak.",
        "厂商声明即本套件随附者，峰值亦然。",
    ),
    reason=Bilingual("A peak declared lower makes MFU higher.", "声明得更低的峰值会抬高 MFU。"),
    phases="run",
    limits="open",
    foreseen=planned_declaration,
)
def own_declaration(evidence: Evidence, _: Results) -> Finding:
    """The vendor's declaration is the one that the suite ships, and so is the peak."""
    return planned_declaration(evidence.plan, evidence.basis)
