"""Weight conversion with provenance: what went in, what ran, what came out.

The artefact is a directory with ``provenance.json`` beside its files. It is made under another name and
renamed when complete, so a cut conversion is never mistaken for one. An artefact that is there already is
used again only if it was made from the same weights by the same command with the same parameters, and if its
files still have the digests that it was made with; whatever differs is refused before anything starts. Made by
another image or other packages it is made again. One process at a time makes it; the others wait and find it made.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec import UNSET
from msgspec.structs import replace

from suite.base.bilingual import Sentence, chinese
from suite.base.errors import DataError, Problem, SetupError
from suite.base.safe import replace_file
from suite.declare.plan.conversion import artefact_problems, step_mounts
from suite.documents.codec import pretty
from suite.documents.provenance import ConvertedModel, Provenance, Repetition
from suite.evidence.manifest import PROVENANCE
from suite.measure.converted import check_artefact, files_of, same_tool
from suite.measure.engine import Settings, container, process, ready_tool
from suite.measure.engine.served import log_tail
from suite.measure.weights import census_after, census_before, rounding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from suite.documents.engine import Conversion, Engine
    from suite.documents.plan import Plan
    from suite.measure.engine.served import Facts, Progress

PROVENANCE_SCHEMA: Final = 1
LOG = "conversion.log"
_PARTIAL = ".partial"
_OLD = ".old"
_LOCK_INTERVAL_S = 0.2


def convert(
    plan: Plan,
    run_directory: Path,
    *,
    on_progress: Progress,
    settings: Settings | None = None,
    twice: bool = False,
    on_make: Callable[[], None] = lambda: None,
) -> Provenance | None:
    """Run the plan's conversion, or find it done.

    Args:
        plan: its ``conversion`` says what to run; None means that there is nothing to do.
        run_directory: gets ``conversion.log`` and a copy of the provenance.
        on_progress: told what happens.
        settings: of this machine.
        twice: run it once more and compare, unless its provenance says that this was done.
        on_make: called before it is made, not when it is there already.

    Returns:
        The provenance of the artefact; None without a conversion.

    Raises:
        SetupError: ``conversion-mismatch``, ``conversion-unknown-artefact``, ``conversion-failed``,
            ``conversion-impossible``, ``disk-unwritable``.
    """
    conversion = plan.conversion
    if conversion is None:
        return None
    if plan.runtime not in ("container", "process"):
        message = Sentence(
            f"weights cannot be converted when the runtime is {plan.runtime}",
            f"运行方式为 {plan.runtime} 时无法转换权重",
        )
        raise SetupError("conversion-impossible", message)
    chosen = Settings() if settings is None else settings
    step = _Step(plan, conversion, run_directory / LOG, on_progress, chosen)
    try:
        with _lock(Path(conversion.host_target), on_progress):
            provenance = check_artefact(plan, conversion, chosen)
            if provenance is None or not same_tool(provenance, step.tool()):
                on_make()
                provenance = step.make()
            if twice and provenance.repeated is UNSET:
                provenance = step.repeat(provenance)
        (run_directory / PROVENANCE).write_bytes(pretty(provenance))
    except OSError as error:
        raise SetupError(
            "disk-unwritable", f"{error.filename}: {error.strerror or error}"
        ) from error
    return provenance


@contextlib.contextmanager
def _lock(target: Path, on_progress: Progress) -> Iterator[None]:
    """Let one process at a time make an artefact; the system drops the lock when its holder dies."""
    target.parent.mkdir(parents=True, exist_ok=True)
    path = target.with_name(f".{target.name}.lock")
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o644)
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                on_progress(
                    Sentence(
                        f"waiting for another run that converts {target.name}",
                        f"等待另一个正在转换 {target.name} 的运行",
                    )
                )
                time.sleep(_LOCK_INTERVAL_S)
        yield
    finally:
        os.close(descriptor)


@dataclass(frozen=True, slots=True)
class _Step:
    """A conversion on this machine."""

    plan: Plan
    conversion: Conversion
    log: Path
    on_progress: Progress
    settings: Settings

    def tool(self) -> Facts:
        """What would run it now: the image or the environment, got ready."""
        return ready_tool(
            self.plan, self.log.parent, on_progress=self.on_progress, settings=self.settings
        )

    def make(self) -> Provenance:
        """Make the artefact, and put it in the place of one that another tool made."""
        started, target = datetime.now(UTC), Path(self.conversion.host_target)
        with self._made() as (partial, facts, seconds):
            provenance = self._provenance(partial, facts, started, seconds)
            (partial / PROVENANCE).write_bytes(pretty(provenance))
            old = target.with_name(target.name + _OLD)
            shutil.rmtree(old, ignore_errors=True)
            if target.is_dir():
                target.rename(old)
            partial.rename(target)
            shutil.rmtree(old, ignore_errors=True)
        return provenance

    def repeat(self, provenance: Provenance) -> Provenance:
        """Run it once more, and keep in the artefact's provenance which files came out otherwise."""
        with self._made() as (partial, _, seconds):
            first = {entry.path: entry for entry in provenance.outputs}
            second = {entry.path: entry for entry in files_of(partial)}
        names = sorted({*first, *second})
        differing = tuple(name for name in names if first.get(name) != second.get(name))
        provenance = replace(provenance, repeated=Repetition(differing=differing, seconds=seconds))
        replace_file(Path(self.conversion.host_target) / PROVENANCE, pretty(provenance))
        return provenance

    @contextlib.contextmanager
    def _made(self) -> Iterator[tuple[Path, Facts, float]]:
        """The step's files in a directory of their own, which is gone afterwards unless it was renamed."""
        target = Path(self.conversion.host_target)
        partial = target.with_name(target.name + _PARTIAL)
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        try:
            # The image's own user writes here, and even its root may not override permissions. Ours again at the end.
            partial.chmod(0o777)
            source = Path(self.plan.model.path)
            before = _state(source)
            clock = time.monotonic()
            why, facts = self._run(partial)
            if why is not None:
                raise SetupError(
                    "conversion-failed",
                    Sentence(
                        f"the conversion failed: {why}; its log ends:\n{log_tail(self.log)}",
                        f"转换失败：{chinese(why)}；其日志的结尾：\n{log_tail(self.log)}",
                    ),
                )
            partial.chmod(0o755)
            seconds = round(time.monotonic() - clock, 3)
            if changed := sorted(name for name, _ in before ^ _state(source)):
                names = ", ".join(dict.fromkeys(changed))
                raise SetupError(
                    "conversion-failed",
                    Sentence(
                        f"the model's files changed while they were converted: {names}",
                        f"模型文件在转换期间发生了变化：{names}",
                    ),
                    hint=Sentence(
                        "run it again when nobody writes there", "请在无人写入时重新运行"
                    ),
                )
            yield partial, facts, seconds
        finally:
            shutil.rmtree(partial, ignore_errors=True)

    def _run(self, partial: Path) -> tuple[str | None, Facts]:
        engine = _step(self.plan, self.conversion, partial)
        if self.plan.runtime == "process":
            return process.run_once(
                engine, self.log, on_progress=self.on_progress, settings=self.settings
            )
        return container.run_once(
            self.plan, engine, self.log, on_progress=self.on_progress, settings=self.settings
        )

    def _provenance(
        self, partial: Path, facts: Facts, started: datetime, seconds: float
    ) -> Provenance:
        self.on_progress(
            Sentence("counting what came out, and what rounding loses", "清点转换结果与舍入损失")
        )
        plan, conversion, outputs = self.plan, self.conversion, files_of(partial)
        if not outputs:
            raise SetupError(
                "conversion-failed",
                Sentence(
                    "the conversion ended well and wrote no file", "转换正常结束，而没有写出文件"
                ),
            )
        try:
            counted = census_after(partial)
        except DataError as broken:
            message = Sentence(
                f"the conversion ended well and wrote a broken file: {broken.message}",
                f"转换正常结束，而写出了损坏的文件：{chinese(broken.message)}",
            )
            raise SetupError("conversion-failed", message, broken.place) from broken
        if wrong := artefact_problems(conversion, plan.model, counted):
            raise SetupError(
                "conversion-failed",
                Sentence(
                    f"the conversion ended well and wrote something else: {wrong[0]}",
                    f"转换正常结束，而写出了其他内容：{chinese(wrong[0])}",
                ),
                problems=[Problem(text) for text in wrong],
            )
        source = Path(plan.model.path)
        return Provenance(
            provenance_schema=PROVENANCE_SCHEMA,
            kind=conversion.kind,
            reason=conversion.reason,
            model=ConvertedModel(id=plan.model.id, sha256=plan.model.sha256),
            inputs=plan.model.files,
            command=conversion.command,
            env=conversion.env,
            model_type=conversion.model_type,
            parameters=conversion.parameters,
            tool={
                "runtime": plan.runtime,
                **{name: fact for name, fact in facts.items() if not isinstance(fact, bool)},
            },
            outputs=tuple(outputs),
            census_before=census_before(source),
            census_after=counted,
            rounding=rounding(source, conversion.parameters.get("dtype", "")),
            started_utc=started.strftime("%Y-%m-%dT%H:%M:%SZ"),
            seconds=seconds,
        )


def _state(source: Path) -> set[tuple[str, tuple[int, int, int]]]:
    """Every file of the model with what changes when it is written to."""
    state = set()
    for path in source.iterdir():
        if path.is_file():
            stat = path.stat()
            state.add((path.name, (stat.st_ino, stat.st_size, stat.st_mtime_ns)))
    return state


def _step(plan: Plan, conversion: Conversion, output: Path) -> Engine:
    """The engine of the plan, turned into the conversion: its command, variables and mounts."""
    engine = plan.engine
    declared = engine.container
    command = conversion.command
    if plan.runtime == "process":
        # Without mounts the command sees this machine's own paths.
        places = {conversion.target: str(output), conversion.source: plan.model.path}
        command = tuple(_placed(token, places) for token in command)
    if declared is not None:
        declared = replace(
            declared,
            mounts=step_mounts(plan, conversion, str(output)),
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


def _placed(token: str, places: dict[str, str]) -> str:
    """A word of the command with the container's paths turned into this machine's."""
    for inside, outside in places.items():
        token = token.replace(inside, outside)
    return token
