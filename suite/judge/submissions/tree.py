"""Many submissions checked at once, each in a process of its own where there are cores."""

from __future__ import annotations

import functools
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from suite.base.bilingual import Sentence
from suite.base.errors import EvidenceError, TrustError, UsageError
from suite.documents.check import CHECK_SCHEMA, CheckReport
from suite.judge.attest.steps import Steps
from suite.judge.submissions import affected, folders, index
from suite.judge.submissions.affected import Affected, Deciding
from suite.judge.submissions.changes import Changes, fork, since
from suite.judge.submissions.check import check
from suite.judge.submissions.replay import related, trace
from suite.judge.submissions.workers import Pool

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from suite.documents.check import CheckedSubmission
    from suite.judge.submissions.check import Setting
    from suite.judge.submissions.folders import Submission
    from suite.judge.submissions.replay import Trace

_Error: TypeAlias = EvidenceError | TrustError


def check_tree(
    paths: Sequence[Path],
    setting: Setting,
    *,
    commit: str = "",
    deciding: Deciding | None = None,
    jobs: int = 1,
    progress: Callable[[CheckedSubmission], None] | None = None,
) -> CheckReport:
    """Check the submissions at or below some paths of one tree against the whole tree.

    Args:
        paths: the tree, or what lies in it.
        setting: what the reviewer knows; traces and edits are filled in here.
        commit: only what was changed since the checkout parted from it, and what a change of the files that decide may touch; ""
            for everything.
        deciding: those files; None where their changes are not asked for.
        jobs: processes.
        progress: told of each submission, in order.

    Raises:
        UsageError: ``tree-missing``, ``trees-differ``, ``commit-unknown``, ``submissions-none``.
        TrustError: as `suite.judge.submissions.check.check`.
    """
    tree, (everything, everywhere) = _listed(paths)
    parted = fork(tree, commit) if commit else ""
    changes = since(tree, parted) if commit else Changes(frozenset(), frozenset())
    touched = changes.folders()
    beside = affected.since(tree, parted, deciding) if commit and deciding else Affected()
    wanted = [item for item in everything if _within(item.folder, paths)]
    stray: list[_Error] = [
        error for error in everywhere if error.place and _within(Path(error.place.file), paths)
    ]
    if commit:
        wanted = [item for item in wanted if item.path in touched or beside.touches(item)]
        stray = [*_touched(stray, tree, changes), *_removed(everything, changes)]
    elif not wanted and not stray:
        raise _none(paths)
    look = functools.partial(trace, elsewhere=setting.elsewhere)
    work = replace(setting, edited=changes.edited)
    checked: list[CheckedSubmission] = []
    with Pool(min(jobs, len(everything))) as pool:
        traces: tuple[Trace, ...] = ()
        if wanted and commit:
            stood = index.at_commit(tree, commit, changes, setting.elsewhere, pool)
            known = {item.path for item in stood}
            here = [item for item in wanted if item.path not in known]
            moved = [item for item in everything if item.path in touched or item in here]
            traces = index.merged(stood, list(pool.map(look, moved)))
        elif wanted:
            traces = tuple(pool.map(look, everything))
        # Each is told of those alone that it can be held against: all of them, sent to each, would grow with the square.
        settings = _settings(work, traces, wanted)
        for result in pool.map(_check, list(zip(wanted, settings, strict=True))):
            checked.append(result)
            if progress is not None:
                progress(result)
    return CheckReport(
        check_schema=CHECK_SCHEMA,
        since=commit,
        deciding=beside.files,
        compared=len({item.path for item in traces}),
        stray=tuple(step.document() for step in _steps(stray).done),
        submissions=tuple(checked),
    )


def within(paths: Sequence[Path]) -> list[Submission]:
    """The submissions at or below some paths of one tree.

    Raises:
        UsageError: ``tree-missing``, ``trees-differ``, ``submissions-none``.
    """
    _, (everything, _) = _listed(paths)
    wanted = [item for item in everything if _within(item.folder, paths)]
    if not wanted:
        raise _none(paths)
    return wanted


def _listed(
    paths: Sequence[Path],
) -> tuple[Path, tuple[list[Submission], list[EvidenceError]]]:
    tree = _tree(paths)
    return tree, folders.submissions(tree)


def _none(paths: Sequence[Path]) -> UsageError:
    message = Sentence(
        f"there is no submission at {', '.join(map(str, paths))}",
        f"{', '.join(map(str, paths))} 处没有提交",
    )
    hint = Sentence(
        "submissions lie in submissions/VENDOR/ROUND/RUN; suite submit makes one",
        "提交位于 submissions/VENDOR/ROUND/RUN；由 suite submit 生成",
    )
    return UsageError("submissions-none", message, hint=hint)


def _check(work: tuple[Submission, Setting]) -> CheckedSubmission:
    return check(*work)


def _settings(
    setting: Setting, traces: Sequence[Trace], wanted: Sequence[Submission]
) -> list[Setting]:
    """What each is told. A path may have two traces, of what lies there and of what stood there: the first is the present one."""
    near = related(traces)
    number = len({item.path for item in traces}) - 1
    by_path: dict[str, Trace] = {}
    for item in traces:
        by_path.setdefault(item.path, item)
    rounds: dict[tuple[str, str], list[Trace]] = {}
    for item in traces:
        if item.attempt is not None:
            key = (item.path.partition("/")[0], item.attempt.round)
            rounds.setdefault(key, []).append(replace(item, payload="", sample=b""))
    settings = []
    for submission in wanted:
        mine = by_path[submission.path]
        known = [mine, *(item for item in near.get(mine.path, ()) if item.path != mine.path)]
        if mine.attempt is not None:
            listed = {item.path for item in known}
            of_round = {item.path: item for item in rounds[submission.vendor, mine.attempt.round]}
            known += [item for path, item in of_round.items() if path not in listed]
        settings.append(replace(setting, traces=tuple(known), others=number))
    return settings


def exit_status(report: CheckReport) -> int:
    """The worst of all: 0 accepted, 1 not conformant, 4 evidence or a folder, 5 signature or trust."""
    statuses = [item.exit_status for item in report.submissions]
    return max([*statuses, *(EvidenceError.exit_status for _ in report.stray)], default=0)


def _tree(paths: Sequence[Path]) -> Path:
    trees = {folders.tree_of(path) for path in paths}
    if len(trees) != 1:
        raise UsageError(
            "trees-differ",
            Sentence(
                "the paths lie in different trees of submissions", "所给路径位于不同的提交目录树"
            ),
        )
    for path in paths:
        if not path.exists():
            raise UsageError(
                "tree-missing", Sentence(f"there is nothing at {path}", f"{path} 处没有内容")
            )
    return trees.pop()


def _within(place: Path, paths: Sequence[Path]) -> bool:
    return any(path.absolute() in (place, *place.parents) for path in paths)


def _touched(stray: Sequence[_Error], tree: Path, changes: Changes) -> list[_Error]:
    """Of what lies astray, what was put there since."""
    names = [
        (error, str(Path(error.place.file).relative_to(tree))) for error in stray if error.place
    ]
    return [
        error
        for error, name in names
        if any(item == name or item.startswith(f"{name}/") for item in changes.touched)
    ]


def _removed(everything: Sequence[Submission], changes: Changes) -> list[_Error]:
    there = {item.path for item in everything}
    gone = sorted(
        {"/".join(name.split("/")[:3]) for name in changes.edited if name.count("/") > 2} - there
    )
    hint = Sentence(
        "put it back; `suite review withdraw` says that a card counts no more",
        "请放回；`suite review withdraw` 声明评分卡不再算数",
    )
    return [
        TrustError(
            "submission-removed",
            Sentence(f"{path} stood in the tree and is gone", f"先前在目录树中的 {path} 已不在"),
            None,
            hint,
        )
        for path in gone
    ]


def _steps(errors: Sequence[_Error]) -> Steps:
    steps = Steps()
    for error in errors:
        with steps.attempt(
            Sentence("The tree holds submissions and nothing else", "目录树只含提交")
        ):
            raise error
    return steps
