"""The measured peak: a few seconds of matrix products and copies where the engine will run, before it starts.

It never ends a run: what keeps it from measuring is the reason in place of its figures.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import UNSET
from msgspec.structs import replace

from suite.base import jsonio
from suite.base.bilingual import Sentence, chinese
from suite.base.errors import EngineError, SetupError, SuiteError
from suite.base.resources import resource
from suite.documents.engine import PROBE_TARGET, Mount
from suite.measure.engine import container, process
from suite.measure.engine.served import Settings, Unknown, log_tail

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from suite.documents.engine import Engine
    from suite.documents.plan import Plan
    from suite.measure.engine.served import FactValue, Progress

LOG = "peak-probe.log"
_TAIL_BYTES: Final = 1 << 16
FIGURES = {"peak.measured_flops": "flops", "peak.measured_bytes_per_s": "bytes_per_s"}
_OTHERS = {
    "peak.measured_device": "device",
    "peak.measured_dtype": "dtype",
    "peak.measured_size": "size",
    "peak.measured_foreign_share": "foreign_share",
}


def measure(
    plan: Plan, run_directory: Path, *, on_progress: Progress, settings: Settings | None = None
) -> dict[str, FactValue]:
    """The best rates of one device, in FLOP/s and bytes/s, as facts by dotted name.

    Args:
        plan: says by which command, if any.
        run_directory: gets the log.
        on_progress: told what runs.
        settings: of this machine; None takes the defaults.
    """
    if plan.engine.peak_probe is UNSET:
        ours = plan.runtime in ("container", "process")
        why = (
            Sentence("not declared for this engine, or left out", "该引擎未声明，或已被略去")
            if ours
            else Sentence("the engine is not started here", "引擎并非在此启动")
        )
        return dict.fromkeys(
            FIGURES,
            Unknown(Sentence(f"the peak was not measured: {why}", f"未实测峰值：{chinese(why)}")),
        )
    log = run_directory / LOG
    try:
        why_not = _run(plan, log, on_progress=on_progress, settings=settings or Settings())
    except (SetupError, EngineError) as error:
        why_not = error.message
    values: Mapping[str, object] = {} if why_not else _last_object(log)
    if all(isinstance(values.get(name), int | float) for name in FIGURES.values()):
        return {
            fact: value
            for fact, name in (FIGURES | _OTHERS).items()
            if isinstance(value := values.get(name), int | float | str)
        }
    words = log_tail(log, 1).strip() if log.is_file() else ""
    reason = "; ".join(part for part in (why_not, words) if part) or Sentence(
        "it said nothing", "没有任何输出"
    )
    return dict.fromkeys(
        FIGURES,
        Unknown(
            Sentence(
                f"the peak was not measured: {reason}"[:500], f"未实测峰值：{chinese(reason)}"[:500]
            )
        ),
    )


def _run(plan: Plan, log: Path, *, on_progress: Progress, settings: Settings) -> str | None:
    """Why it failed; None when it did not."""
    engine = _step(plan)
    if plan.runtime == "process":
        return process.run_once(engine, log, on_progress=on_progress, settings=settings)[0]
    return container.run_once(plan, engine, log, on_progress=on_progress, settings=settings)[0]


def _step(plan: Plan) -> Engine:
    """The engine of the plan, turned into the probe: its command and its script, and no model."""
    engine = plan.engine
    assert engine.peak_probe is not UNSET
    script, declared = resource("suite/assets/peak_probe.py"), engine.container
    command = engine.peak_probe
    if plan.runtime == "process":
        # Without mounts the command sees this machine's own paths.
        command = tuple(word.replace(PROBE_TARGET, str(script)) for word in command)
    elif declared is not None:
        mount = Mount(source=str(script), target=PROBE_TARGET, read_only=True)
        # The image's own entry point may be the server.
        declared = replace(declared, mounts=(mount,), entrypoint=command[:1])
        command = command[1:]
    return replace(engine, command=command, container=declared)


def _last_object(log: Path) -> Mapping[str, object]:
    """The JSON object in the last line that is one; an image that is somebody else's may have said anything, and no end of it."""
    with log.open("rb") as stream:
        stream.seek(max(0, log.stat().st_size - _TAIL_BYTES))
        lines = stream.read(_TAIL_BYTES).splitlines()
    for line in reversed(lines):
        try:
            value = jsonio.loads(line)
        except SuiteError:
            continue
        if isinstance(value, dict):
            return value
    return {}
