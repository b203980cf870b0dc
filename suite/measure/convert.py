"""Weight conversion with provenance: what went in, what ran, what came out.

The artefact is a directory with ``provenance.json`` beside its files. It is made under another name and
renamed when complete, so a cut conversion is never mistaken for one. An artefact that is there already is
used again only if it was made from the same weights with the same parameters; a parameter baked into it that
differs from the plan's (tensor parallelism, say) is refused before anything starts.
"""

from __future__ import annotations

import hashlib
import shutil
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from suite.base import jsonio
from suite.base.errors import Place, Problem, SetupError
from suite.documents.codec import convert as convert_json
from suite.documents.codec import pretty
from suite.documents.engine import Conversion, Engine, Mount
from suite.documents.model import FileDigest
from suite.documents.provenance import ConvertedModel, Provenance
from suite.measure.engine import Settings, container, process
from suite.measure.engine.served import log_tail

if TYPE_CHECKING:
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
    provenance = check_artefact(plan, conversion)
    if provenance is None:
        chosen = Settings() if settings is None else settings
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


def check_artefact(plan: Plan, conversion: Conversion) -> Provenance | None:
    """Judge the artefact at the plan's target before anything starts.

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
    problems += _damaged(target, provenance)
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
    if provenance.model_type != conversion.model_type:
        problems.append(
            Problem(f"model type is {provenance.model_type}, the plan has {conversion.model_type}")
        )
    if provenance.model.sha256 != plan.model.sha256:
        problems.append(Problem(f"it was made from other weights, of {provenance.model.id}"))
    return problems


def _damaged(target: Path, provenance: Provenance) -> list[Problem]:
    """Files that are gone or of another size; hashing all of them again would take minutes."""
    problems = []
    for entry in provenance.outputs:
        path = target / entry.path
        if not path.is_file() or path.stat().st_size != entry.bytes:
            problems.append(Problem(f"{entry.path} is missing or was changed"))
    return problems


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
    outputs = _files(partial)
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


def _files(directory: Path) -> list[FileDigest]:
    return [
        FileDigest(
            path=path.relative_to(directory).as_posix(),
            bytes=path.stat().st_size,
            sha256=_sha256(path),
        )
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    ]


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
