"""The tasks of a run: which records, in which order, locked or custom."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from msgspec import UNSET

from suite.base.bilingual import Sentence
from suite.base.errors import DataError, Place
from suite.declare.tasks.defects import count_defects
from suite.declare.tasks.mini import MINI_COUNT, MINI_RECORDS_SHA256, mini_tasks
from suite.declare.tasks.pins import foreign_texts, pinned_texts
from suite.declare.tasks.read import read_tasks
from suite.declare.tasks.records import Task, joined_sha256
from suite.declare.tasks.selection import LOCKED_SIZES, LockedIds, locked_sets, order
from suite.documents.workload import TaskSet as TaskSetDocument

if TYPE_CHECKING:
    from pathlib import Path

    from suite.base.jsonio import JSONObject
    from suite.declare.profiles.load import Profile
    from suite.declare.tasks.records import Reading
    from suite.documents.workload import PinnedTexts

__all__ = ["Task", "TaskSet", "mini_set", "task_set_for", "task_set_of"]

CUSTOM = "custom"
MINI_KIND = "mini set"


@dataclass(frozen=True)
class TaskSet:
    """Tasks in running order.

    A locked set runs exactly as its ids say, records with defects included: every vendor answers the
    same. Its lock holds the ids, and pins hold the texts, see `suite.declare.tasks.pins`. From a custom
    set, records without a document are left out and counted in `excluded`.

    Attributes:
        name: ``mini-256``, ``xsum-1000`` or ``custom``.
        tasks: the tasks, at least one.
        locked: the digest of the ids (mini set: of the records) is the one locked in the suite, and the
            texts are the known ones.
        why_not_locked: the reason, "" for a locked set.
        kind: name of the source's data format, or ``mini set``.
        source: where it was read, "" for the mini set.
        pinned: how many of the texts are known ones; None for a set whose ids are no locked ones.
        defects: how many of `tasks` show each defect, see `suite.declare.tasks.defects`.
        notes: peculiarities of the source file.
        excluded: records of the source that are not run although they were asked for, by reason.
        ids_sha256: SHA-256 of the ids joined by line feeds, in order.
        records_sha256: the same of the record digests.
    """

    name: str
    tasks: tuple[Task, ...]
    locked: bool
    why_not_locked: str
    kind: str
    source: str
    notes: dict[str, int]
    excluded: dict[str, int]
    pinned: PinnedTexts | None = None
    defects: dict[str, int] = field(init=False)
    ids_sha256: str = field(init=False)
    records_sha256: str = field(init=False)

    def __post_init__(self) -> None:
        """Compute the digests and count the defects once."""
        set_field = object.__setattr__
        set_field(self, "defects", count_defects(self.tasks))
        set_field(self, "ids_sha256", joined_sha256(task.id for task in self.tasks))
        set_field(self, "records_sha256", joined_sha256(task.sha256 for task in self.tasks))

    def to_doc(self) -> TaskSetDocument:
        """The form that a plan holds."""
        return TaskSetDocument(
            name=self.name,
            size=len(self.tasks),
            ids_sha256=self.ids_sha256,
            records_sha256=self.records_sha256,
            locked=self.locked,
            pinned=UNSET if self.pinned is None else self.pinned,
            new=sum(task.origin is not None for task in self.tasks) or UNSET,
        )

    def facts(self) -> JSONObject:
        """What the evidence should say about the data beside the plan: all counts and the source."""
        return {
            "kind": self.kind,
            "why_not_locked": self.why_not_locked,
            "defects": dict(self.defects),
            "notes": dict(self.notes),
            "excluded": dict(self.excluded),
        }


def mini_set(size: int = MINI_COUNT) -> TaskSet:
    """The shipped mini set: `size` records of the generator, of which 256 are locked.

    Raises:
        DataError: ``mini-set-changed`` when the generator does not give the locked records.
    """
    tasks = tuple(Task(task.id, task.document, task.summary) for task in mini_tasks(count=size))
    locked = size == MINI_COUNT
    mini = TaskSet(
        name=f"mini-{size}",
        tasks=tasks,
        locked=locked,
        why_not_locked=""
        if locked
        else Sentence(
            f"the locked mini set has {MINI_COUNT} tasks, not {size}",
            f"锁定的 mini 集有 {MINI_COUNT} 个任务，而非 {size} 个",
        ),
        kind=MINI_KIND,
        source="",
        notes={},
        excluded={},
    )
    if locked and mini.records_sha256 != MINI_RECORDS_SHA256:
        message = Sentence(
            f"the mini set hashes to {mini.records_sha256[:16]}…, not to its lock",
            f"mini 集的摘要为 {mini.records_sha256[:16]}…，与其锁不符",
        )
        raise DataError(
            "mini-set-changed",
            message,
            hint=Sentence("the generator in the suite was changed", "套件中的生成器已被更改"),
        )
    return mini


def task_set_of(reading: Reading, size: int) -> TaskSet:
    """The first `size` tasks of a reading in the order of the selection rule, locked if it can be.

    Fewer are taken when the reading has fewer.

    Raises:
        DataError: ``data-empty`` when no record has a document.
    """
    by_id = {task.id: task for task in reading.tasks}
    excluded = dict(reading.excluded)
    match = _locked_ids(reading, size)
    texts, why = None, ""
    if isinstance(match, LockedIds):
        texts = pinned_texts([by_id[identifier] for identifier in match.ids])
        ids, name, why = list(match.ids), match.name, foreign_texts(texts, size)
    else:
        ids, name, why = order(by_id), CUSTOM, match
    if why:
        name = CUSTOM
        usable = [identifier for identifier in ids if by_id[identifier].document.strip()]
        if len(usable) < len(ids):
            excluded["empty-document"] = len(ids) - len(usable)
        ids = usable[:size]
    if not ids:
        place = Place(reading.source)
        raise DataError(
            "data-empty", Sentence("no record has a document", "没有记录含有文档"), place
        )
    return TaskSet(
        name=name,
        tasks=tuple(by_id[identifier] for identifier in ids),
        locked=not why,
        why_not_locked=why,
        kind=reading.kind,
        source=reading.source,
        notes=reading.notes,
        excluded=excluded,
        pinned=texts,
    )


def _locked_ids(reading: Reading, size: int) -> LockedIds | str:
    """The locked set of a size that a reading holds, or why it is custom."""
    if size not in LOCKED_SIZES.values():
        sizes = ", ".join(f"{locked:,}" for locked in LOCKED_SIZES.values())
        return Sentence(
            f"{size:,} is not a locked size ({sizes})", f"{size:,} 不是锁定的任务数（{sizes}）"
        )
    if not reading.has_ids:
        return Sentence(
            "the file has no ids, so nothing says which articles they are",
            "文件没有编号，无法得知是哪些文章",
        )
    for locked in locked_sets(task.id for task in reading.tasks):
        if len(locked.ids) == size:
            return locked
    return Sentence(
        f"the ids are not the {size:,} that the suite locked of the official XSum test split",
        f"编号不是本套件锁定的官方 XSum 测试集中的 {size:,} 个",
    )


def task_set_for(profile: Profile, data: Path | None) -> TaskSet:
    """The tasks of a profile: its own set, or the user's file cut to the profile's size.

    Args:
        profile: says which set and how many.
        data: a file or folder in any form that `read_tasks` knows, or None.

    Raises:
        DataError: ``data-needed`` when the profile's set is not shipped and no file was given, or what
            the readers refuse.
    """
    name = profile.doc.taskset
    if data is not None:
        return task_set_of(read_tasks(data), name.size)
    if name.set == "mini":
        return mini_set(name.size)
    hint = Sentence(
        "download it with `suite data fetch` and give the file with DATA= or --data",
        "请以 `suite data fetch` 下载，并以 DATA= 或 --data 给出该文件",
    )
    if name.set == "data":
        message = Sentence(
            f"the profile {profile.name} runs the data that you give it",
            f"配置 {profile.name} 运行您给出的数据",
        )
        hint = Sentence(
            "give a file, such as ShareGPT_V3_unfiltered_cleaned_split.json, with DATA= or --data",
            "请以 DATA= 或 --data 给出文件，例如 ShareGPT_V3_unfiltered_cleaned_split.json",
        )
        raise DataError("data-needed", message, hint=hint)
    message = Sentence(
        f"the profile {profile.name} runs XSum, whose texts do not come with the suite",
        f"配置 {profile.name} 运行 XSum，其文本不随套件提供",
    )
    raise DataError("data-needed", message, hint=hint)
