"""The work of ``suite trace``: an engine with its profiler, a few requests, and what the traces hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UNSET

from suite.base.bilingual import Sentence
from suite.base.errors import SetupError, UsageError, unwritable
from suite.cli import inputs, serving
from suite.cli.machine import settings
from suite.cli.measuring import run_directory
from suite.cli.output import write_table, write_text
from suite.cli.terminal import Terminal
from suite.declare.vendor.load import load_vendor
from suite.measure import enginetrace
from suite.measure.digests import DigestStore
from suite.measure.load.requests.body import body, common_body, fit
from suite.measure.signals import Stop

if TYPE_CHECKING:
    from pathlib import Path

    from suite.cli.options import Choices
    from suite.documents.vendor_engine import DeclaredProfiler

LONGEST = 12
"""Operations of each trace that are shown."""
_HEADING = (
    Sentence("operation", "操作"),
    Sentence("own time, ms", "自身时间（ms）"),
    Sentence("share", "占比"),
)


def record(choices: Choices, *, requests: int, tokens: int, out: Path | None, quiet: bool) -> int:
    """Record the requests; returns the exit status.

    Args:
        choices: what is served.
        requests: how many tasks are sent at once.
        tokens: longest answer of each.
        out: directory to create; None takes ``runs/<id>``.
        quiet: show no progress.

    Raises:
        UsageError: ``profiler-undeclared``, ``run-exists``; SuiteError: whatever keeps the engine from answering.
    """
    with Terminal(quiet=quiet) as terminal, Stop(terminal.interrupted).installed():
        profiler = _profiler(choices)
        gathered = inputs.gather(choices, store=DigestStore(settings().cache), terminal=terminal)
        plan = gathered.plan
        if plan.runtime not in ("container", "process"):
            raise _undeclared(Sentence("the engine is not started here", "引擎并非在此启动"))
        documents = [task.document for task in gathered.tasks.tasks[:requests]]
        common = common_body(plan, most=tokens)
        prompts = fit(plan, gathered.tokenizer, documents)
        bodies = [body(plan, common, prompt.text) for prompt in prompts]
        directory = _writable_directory(
            out or run_directory("trace", choices.vendor, plan.engine.id)
        )
        plan = enginetrace.traced(plan, profiler, directory)
        with serving.engine_of(gathered, terminal, plan=plan) as served:
            terminal.line(
                Sentence(
                    f"{len(bodies)} requests under the profiler",
                    f"在性能分析器下发送 {len(bodies)} 个请求",
                )
            )
            enginetrace.record(served, profiler, plan.engine.request.path, bodies)
    for summary in enginetrace.summaries(directory):
        _show(summary)
    return 0


def _profiler(choices: Choices) -> DeclaredProfiler:
    """What the engine declares.

    Raises:
        UsageError: ``profiler-undeclared``.
    """
    vendor = load_vendor(choices.vendor)
    engine = vendor.engine(choices.engine)
    if engine.profiler is UNSET or choices.emulate or choices.emulate_with is not None:
        others = [each.id for each in vendor.doc.engines if each.profiler is not UNSET]
        names = ", ".join(others)
        raise _undeclared(
            Sentence(
                f"{engine.title} has none; these have: {names}",
                f"{engine.title} 没有；具备的引擎：{names}",
            )
            if others
            else Sentence(f"{engine.title} has none", f"{engine.title} 没有")
        )
    return engine.profiler


def _undeclared(why: Sentence) -> UsageError:
    message = Sentence(f"no profiler is declared: {why}", f"未声明性能分析器：{why.zh}")
    return UsageError("profiler-undeclared", message)


def _writable_directory(directory: Path) -> Path:
    """The new directory, writable for the engine's user, who may be another.

    Raises:
        SetupError: ``run-unwritable``; UsageError: ``run-exists``.
    """
    try:
        directory.mkdir(parents=True)
        directory.chmod(0o777)
    except FileExistsError as cause:
        message = Sentence(f"{directory} exists already", f"{directory} 已存在")
        raise UsageError("run-exists", message) from cause
    except OSError as cause:
        raise SetupError("run-unwritable", unwritable(directory, cause)) from cause
    return directory.absolute()


def _show(summary: enginetrace.Summary) -> None:
    milliseconds = summary.span_us / 1e3
    write_text(
        Sentence(
            f"{summary.path}: {summary.events:,} events over {milliseconds:,.1f} ms",
            f"{summary.path}：{summary.events:,} 个事件，跨 {milliseconds:,.1f} ms",
        )
    )
    total = sum(time for _, time in summary.operations)
    rows = [
        (name, f"{time / 1e3:,.2f}", f"{time / total:.1%}" if total else "")
        for name, time in summary.operations[:LONGEST]
    ]
    if rows:
        write_table(_HEADING, rows)
