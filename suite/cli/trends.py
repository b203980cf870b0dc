"""What `suite history` and `suite regress` read from a store, and how they show it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.base.visible import say
from suite.cli import storing
from suite.cli.output import write_table
from suite.documents.document import given
from suite.documents.value import Measured
from suite.judge.compare import manyview
from suite.judge.store import database

if TYPE_CHECKING:
    from suite.cli.options import SeriesChoice
    from suite.documents.history import History, MetricTrend, Regressions
    from suite.documents.value import Value
    from suite.judge.store.history import Wanted


def _wanted(chosen: SeriesChoice) -> Wanted:
    from suite.judge.store.history import Wanted  # noqa: PLC0415 - optional packages

    return Wanted(
        chosen.vendor, chosen.model, chosen.run, chosen.last, chosen.metric, chosen.signed
    )


def history(chosen: SeriesChoice) -> History:
    """The runs that were asked for.

    Raises:
        SetupError: as `suite.judge.store.database.opened`.
        EvidenceError: ``history-empty``.
        UsageError: ``metric-unknown``.
    """
    with database.opened(storing.address(chosen.url)) as engine:
        from suite.judge.store import history as store  # noqa: PLC0415 - optional packages

        return store.history(store.series(engine, _wanted(chosen)), chosen.metric)


def regressions(chosen: SeriesChoice, margin: float) -> tuple[Regressions, bool]:
    """What became of the newest runs, and whether anything could be judged.

    Raises:
        SetupError: as `suite.judge.store.database.opened`.
        EvidenceError: ``history-empty``.
        UsageError: ``metric-unknown``.
    """
    with database.opened(storing.address(chosen.url)) as engine:
        from suite.judge.store import history as store  # noqa: PLC0415 - optional packages

        try:
            from suite.judge.store import regress  # noqa: PLC0415 - optional packages
        except ImportError as cause:
            raise database.missing(cause) from cause
        result = regress.regressions(store.series(engine, _wanted(chosen)), chosen.metric, margin)
        return result, regress.judged(result)


def _number(value: Value | None) -> str:
    return f"{value.value:.4g} {value.unit}" if isinstance(value, Measured) else "-"


def write_history(made: History) -> None:
    """A table for each series: a row a run."""
    for item in made.series:
        names = list(
            dict.fromkeys(
                (phase, metric)
                for run in item.runs
                for phase, values in run.values.items()
                for metric in values
            )
        )
        say(item.title)
        heading = ("run", "started", "verdict", "engine", "signed")
        rows = [
            (
                run.run,
                run.started_utc,
                f"{'conformant' if run.conformant else 'NOT conformant'}, {run.division}",
                run.engine,
                run.signer or "unsigned",
                *(_number(run.values.get(phase, {}).get(metric)) for phase, metric in names),
            )
            for run in item.runs
        ]
        write_table((*heading, *(f"{phase or 'run'}/{metric}" for phase, metric in names)), rows)


def _line(trend: MetricTrend) -> tuple[str, ...]:
    before, now = given(trend.before), given(trend.now)
    step = ""
    if before is not None and now is not None:
        step = f"{before:.4g} -> {now:.4g} {trend.unit}"
    return f"{trend.phase or 'run'}/{trend.metric}", trend.trend, step, trend.since, trend.why


def write_regressions(result: Regressions) -> None:
    """Each series: what is worse first, and what changed there."""
    rank = {"worse": 0, "lost": 1, "better": 2, "too-few": 3, "steady": 4}
    for item in result.series:
        say(f"{item.title}: {item.newest}, newest of {item.runs}")
        for line in item.broken:
            say(f"  {line}")
        trends = sorted(item.metrics, key=lambda trend: rank[trend.trend])
        write_table(("metric", "trend", "step", "since", "why"), map(_line, trends))
        for first, listed in item.changed.items():
            say(f"  changed with {first}:" if listed else f"  nothing known changed with {first}")
            for subject in listed:
                text = f"{subject.title.en}: {subject.a} -> {subject.b}"
                say(f"    {text} ({manyview.explains(subject)})")
