"""Weights that were converted before: whether they are what a plan asks for, file by file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from suite.base import jsonio
from suite.base.bilingual import Sentence
from suite.base.errors import Place, Problem, SetupError
from suite.declare.model.facts import hash_file
from suite.documents.codec import convert as convert_json
from suite.documents.provenance import Provenance
from suite.evidence.manifest import PROVENANCE
from suite.measure.digests import DigestStore
from suite.measure.engine import Settings

if TYPE_CHECKING:
    from suite.documents.engine import Conversion
    from suite.documents.model import FileDigest
    from suite.documents.plan import Plan
    from suite.measure.engine.served import Facts


def same_tool(provenance: Provenance, tool: Facts) -> bool:
    """Whether an artefact was made by what would make it now: the image by its id, or packages and programs."""
    members = {
        name: value
        for name, value in tool.items()
        if name == "image.id" or name.startswith(("engine.package.", "engine.program."))
    }
    return all(provenance.tool.get(name) == value for name, value in members.items())


def check_artefact(
    plan: Plan, conversion: Conversion, settings: Settings | None = None
) -> Provenance | None:
    """Judge the artefact at the plan's target before anything starts.

    Args:
        plan: what the artefact is for.
        conversion: its step.
        settings: of this machine; its cache holds the digests of files that were read before, and in the closed
            division every file is read nevertheless.

    Returns:
        Its provenance when it is what the plan asks for; None when there is none yet.

    Raises:
        SetupError: ``conversion-mismatch``, ``conversion-unknown-artefact``.
    """
    target = Path(conversion.host_target)
    if not target.exists() or (target.is_dir() and not any(target.iterdir())):
        return None
    path = target / PROVENANCE
    if not path.is_file():
        raise SetupError(
            "conversion-unknown-artefact",
            Sentence(
                f"{target} holds something and no {PROVENANCE} says what",
                f"{target} 中有内容，而没有 {PROVENANCE} 说明其来源",
            ),
            hint=Sentence(
                "remove it, or name another directory for converted weights with --converted",
                "请删除，或以 --converted 为转换后的权重指定其他目录",
            ),
        )
    try:
        provenance = convert_json(
            jsonio.load(path, error=SetupError), Provenance, file=str(path), error=SetupError
        )
    except SetupError as cause:
        if cause.code != "schema-violation":
            raise
        raise SetupError(
            "conversion-unknown-artefact",
            Sentence(f"what {PROVENANCE} says cannot be read", f"{PROVENANCE} 无法读取"),
            Place(str(path)),
            problems=cause.problems,
        ) from cause
    problems = _differences(plan, conversion, provenance)
    problems += _damaged(plan, target, provenance, settings)
    if problems:
        raise SetupError(
            "conversion-mismatch",
            Sentence(f"{target} was not made for this plan", f"{target} 不是为此计划生成的"),
            Place(str(path)),
            hint=Sentence(
                "remove it to have it made again, or ask for what it was made for",
                "请删除以重新生成，或请求其所对应的内容",
            ),
            problems=problems,
        )
    return provenance


def _differences(plan: Plan, conversion: Conversion, provenance: Provenance) -> list[Problem]:
    baked, declared = provenance.parameters, conversion.parameters
    problems = [
        Problem(
            Sentence(
                f"{name} is {baked.get(name, 'not set')}, the plan has {declared.get(name, 'none')}",
                f"{name} 为 {baked.get(name, '未设置')}，计划为 {declared.get(name, '无')}",
            )
        )
        for name in sorted({*baked, *declared})
        if baked.get(name) != declared.get(name)
    ]
    problems += [
        Problem(Sentence(f"its {name} was another one", f"其 {name} 不同"))
        for name, made, asked in (
            ("command", provenance.command, conversion.command),
            ("environment", provenance.env, conversion.env),
        )
        if made != asked
    ]
    if provenance.model_type != conversion.model_type:
        problems.append(
            Problem(
                Sentence(
                    f"model type is {provenance.model_type}, the plan has {conversion.model_type}",
                    f"模型类型为 {provenance.model_type}，计划为 {conversion.model_type}",
                )
            )
        )
    if provenance.model.sha256 != plan.model.sha256:
        problems.append(
            Problem(
                Sentence(
                    f"it was made from other weights, of {provenance.model.id}",
                    f"它由 {provenance.model.id} 的其他权重生成",
                )
            )
        )
    return problems


def _damaged(
    plan: Plan, target: Path, provenance: Provenance, settings: Settings | None
) -> list[Problem]:
    """Files that are gone, were added or changed, by their digests."""
    store = DigestStore((settings or Settings()).cache)
    if plan.workload.division == "closed":
        store.verify_whole()
    recorded = {entry.path: entry for entry in provenance.outputs}
    entries = {entry.path: entry for entry in files_of(target, store)}
    store.save()
    return [
        Problem(
            Sentence(f"{name} is missing", f"缺少 {name}")
            if name not in entries
            else Sentence(f"{name} was added", f"多出 {name}")
            if name not in recorded
            else Sentence(f"{name} was changed", f"{name} 被更改")
        )
        for name in sorted({*recorded, *entries})
        if recorded.get(name) != entries.get(name)
    ]


def files_of(directory: Path, known: DigestStore | None = None) -> list[FileDigest]:
    """The files of an artefact but its provenance, each with its digest, sorted by path."""
    return [
        hash_file(path, path.relative_to(directory).as_posix(), None, known)
        for path in sorted(directory.rglob("*"))
        if path.is_file() and path != directory / PROVENANCE
    ]
