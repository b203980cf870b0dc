"""An engine that a plan starts, for commands that measure nothing."""

from __future__ import annotations

import contextlib
import dataclasses
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from suite.base.bilingual import Sentence
from suite.cli.machine import settings
from suite.measure import convert
from suite.measure.engine import serve
from suite.measure.preflight import require_preflight, require_runtime

if TYPE_CHECKING:
    from collections.abc import Iterator

    from suite.cli.inputs import Inputs
    from suite.cli.terminal import Terminal
    from suite.documents.plan import Plan
    from suite.measure.engine import Served


@contextlib.contextmanager
def engine_of(
    gathered: Inputs, terminal: Terminal, *, plan: Plan | None = None
) -> Iterator[Served]:
    """The plan's engine for the length of a ``with`` block, with its weights converted before where it needs that.

    Args:
        gathered: of the command line.
        terminal: shows what happens.
        plan: another than the gathered one.

    Raises:
        SuiteError: whatever keeps the engine from answering.
    """
    plan = plan or gathered.plan
    require_preflight(plan)
    require_runtime(plan)
    machine = dataclasses.replace(settings(), bundle=gathered.bundle)
    with tempfile.TemporaryDirectory(prefix="suite-engine-") as folder:
        directory = Path(folder)
        if plan.runtime in ("container", "process"):
            convert.convert(plan, directory, on_progress=terminal.step, settings=machine)
        terminal.line(
            Sentence(
                f"starting {plan.engine.title} ({plan.runtime})",
                f"正在启动 {plan.engine.title}（{plan.runtime}）",
            )
        )
        with serve(plan, directory, on_progress=terminal.step, settings=machine) as served:
            yield served
