"""Weight conversion with provenance: what went in, what ran, what came out.

The artefact is a directory with ``provenance.json`` beside its files. It is made under another name and
renamed when complete, so a cut conversion is never mistaken for one. An artefact that is there already is
used again only if it was made from the same weights by the same command with the same parameters, and if its
files still have the digests that it was made with; whatever differs is refused before anything starts.
"""

from __future__ import annotations

import shutil
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from suite.base import jsonio
from suite.base.errors import Place, Problem, SetupError
from suite.declare.model.facts import hash_file
from suite.documents.codec import convert as convert_json
from suite.documents.codec import pretty
from suite.documents.engine import Conversion, Engine, Mount
from suite.documents.provenance import ConvertedModel, Provenance
from suite.measure.digests import DigestStore
from suite.measure.engine import Settings, container, process
from suite.measure.engine.served import log_tail

if TYPE_CHECKING:
    from suite.documents.model import FileDigest
    from suite.documents.plan import Plan
    from suite.measure.engine.served import Progress

PROVENANCE = "provenance.json"
PROVENANCE_SCHEMA: Final = 1
LOG = "conversion.log"
_PARTIAL = ".partial"


def convert(
    plan: Plan,
    run_directory: Path,
    *,
    on_progress: Progress,
    settings: Settings | None = None,
) -> Provenance | None:
    """Run the plan's conversion, or find it done.

    Args:
        plan: its ``conversion`` says what to run; None means that there is nothing to do.
        run_directory: gets ``conversion.log`` and a copy of the provenance.
        on_progress: told what happens.
        settings: of this machine.

    Returns:
        The provenance of the artefact; None without a conversion.

    Raises:
        SetupError: ``conversion-mismatch``, ``conversion-unknown-artefact``, ``conversion-failed``,
            ``conversion-impossible``, ``disk-unwritable``.
    """
    conversion = plan.conversion
    if conversion is None:
        return None
    chosen = Settings() if settings is None else settings
    provenance = check_artefact(plan, conversion, chosen)
    if provenance is None:
        try:
            provenance = _make(
                plan, conversion, run_directory / LOG, on_progress=on_progress, settings=chosen
            )
        except OSError as error:
            raise SetupError(
                "disk-unwritable", f"{error.filename}: {error.strerror or error}"
            ) from error
    (run_directory / PROVENANCE).write_bytes(pretty(provenance))
    return provenance


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
            f"{target} holds something and no {PROVENANCE} says what",
            hint="remove it, or name another directory for converted weights with --converted",
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
            f"what {PROVENANCE} says cannot be read",
            Place(str(path)),
            problems=cause.problems,
        ) from cause
    problems = _differences(plan, conversion, provenance)
    problems += _damaged(plan, target, provenance, settings)
    if problems:
        raise SetupError(
            "conversion-mismatch",
            f"{target} was not made for this plan",
            Place(str(path)),
            hint="remove it to have it made again, or ask for what it was made for",
            problems=problems,
        )
    return provenance


def _differences(plan: Plan, conversion: Conversion, provenance: Provenance) -> list[Problem]:
    baked, wanted = provenance.parameters, conversion.parameters
    problems = [
        Problem(f"{name} is {baked.get(name, 'not set')}, the plan has {wanted.get(name, 'none')}")
        for name in sorted({*baked, *wanted})
        if baked.get(name) != wanted.get(name)
    ]
    problems += [
        Problem(f"its {name} was another one")
        for name, made, asked in (
            ("command", provenance.command, conversion.command),
            ("environment", provenance.env, conversion.env),
        )
        if made != asked
    ]
    if provenance.model_type != conversion.model_type:
        problems.append(
            Problem(f"model type is {provenance.model_type}, the plan has {conversion.model_type}")
        )
    if provenance.model.sha256 != plan.model.sha256:
        problems.append(Problem(f"it was made from other weights, of {provenance.model.id}"))
    return problems


def _damaged(
    plan: Plan, target: Path, provenance: Provenance, settings: Settings | None
) -> list[Problem]:
    """Files that are gone, were added or changed, by their digests."""
    store = DigestStore((settings or Settings()).cache)
    if plan.workload.division == "closed":
        store.verify_whole()
    wanted = {entry.path: entry for entry in provenance.outputs}
    there = {entry.path: entry for entry in files_of(target, store)}
    store.save()
    return [
        Problem(
            f"{name} is missing"
            if name not in there
            else f"{name} was added"
            if name not in wanted
            else f"{name} was changed"
        )
        for name in sorted({*wanted, *there})
        if wanted.get(name) != there.get(name)
    ]


def _make(
    plan: Plan,
    conversion: Conversion,
    log: Path,
    *,
    on_progress: Progress,
    settings: Settings,
) -> Provenance:
    target = Path(conversion.host_target)
    partial = target.with_name(target.name + _PARTIAL)
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    # The image's own user writes here, and even its root may not override permissions. Ours again at the end.
    partial.chmod(0o777)
    started = datetime.now(UTC)
    clock = time.monotonic()
    engine = _step(plan, conversion, partial)
    tool: dict[str, str | int | float] = {"runtime": plan.runtime}
    match plan.runtime:
        case "container":
            why, facts = container.run_once(
                plan, engine, log, on_progress=on_progress, settings=settings
            )
        case "process":
            why, facts = process.run_once(engine, log, on_progress=on_progress, settings=settings)
        case other:
            raise SetupError(
                "conversion-impossible", f"weights cannot be converted when the runtime is {other}"
            )
    if why is not None:
        raise SetupError(
            "conversion-failed", f"the conversion failed: {why}; its log ends:\n{log_tail(log)}"
        )
    partial.chmod(0o755)
    outputs = files_of(partial)
    if not outputs:
        raise SetupError("conversion-failed", "the conversion ended well and wrote no file")
    tool.update({name: value for name, value in facts.items() if not isinstance(value, bool)})
    provenance = Provenance(
        provenance_schema=PROVENANCE_SCHEMA,
        kind=conversion.kind,
        reason=conversion.reason,
        model=ConvertedModel(id=plan.model.id, sha256=plan.model.sha256),
        inputs=plan.model.files,
        command=conversion.command,
        env=conversion.env,
        model_type=conversion.model_type,
        parameters=conversion.parameters,
        tool=tool,
        outputs=tuple(outputs),
        started_utc=started.strftime("%Y-%m-%dT%H:%M:%SZ"),
        seconds=round(time.monotonic() - clock, 3),
    )
    (partial / PROVENANCE).write_bytes(pretty(provenance))
    if target.is_dir():
        target.rmdir()  # empty, or check_artefact would have refused it
    partial.rename(target)
    return provenance


def _step(plan: Plan, conversion: Conversion, output: Path) -> Engine:
    """The engine of the plan, turned into the conversion: its command, variables and mounts."""
    engine = plan.engine
    declared = engine.container
    command = conversion.command
    if plan.runtime == "process":
        # Without mounts the command sees this machine's own paths.
        command = tuple(token.replace(conversion.target, str(output)) for token in command)
    if declared is not None:
        declared = replace(
            declared,
            mounts=(
                Mount(
                    source=plan.model.path,
                    target=conversion.source,
                    read_only=True,
                ),
                Mount(source=str(output), target=conversion.target, read_only=False),
            ),
            # The image's own entry point may be the server.
            entrypoint=command[:1],
        )
        if plan.runtime == "container":
            command = command[1:]
    return replace(
        engine,
        command=command,
        pre_commands=(),
        env={**engine.env, **conversion.env},
        container=declared,
    )


def files_of(directory: Path, known: DigestStore | None = None) -> list[FileDigest]:
    """The files of an artefact but its provenance, each with its digest, sorted by path."""
    return [
        hash_file(path, path.relative_to(directory).as_posix(), None, known)
        for path in sorted(directory.rglob("*"))
        if path.is_file() and path != directory / PROVENANCE
    ]
