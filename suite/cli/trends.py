"""What `suite history` and `suite regress` read from a store, and how they show it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.base.bilingual import Sentence
from suite.base.language import language
from suite.base.quantities import figure
from suite.base.visible import say
from suite.cli import storing
from suite.cli.output import write_table
from suite.documents.document import given
from suite.documents.value import Measured
from suite.judge.compare import manyview
from suite.judge.compare.subjects import sides
from suite.judge.report.words import WORDS
from suite.judge.store import database

if TYPE_CHECKING:
    from suite.cli.seriesoptions import SeriesChoice
    from suite.documents.history import History, HistoryRun, MetricTrend, Regressions
    from suite.documents.value import Value
    from suite.judge.store.history import SeriesQuery


def _query(chosen: SeriesChoice) -> SeriesQuery:
    from suite.judge.store.history import SeriesQuery

    return SeriesQuery(
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
        from suite.judge.store import history as store

        return store.history(store.series(engine, _query(chosen)), chosen.metric)


def regressions(chosen: SeriesChoice, margin: float) -> tuple[Regressions, bool]:
    """What became of the newest runs, and whether anything could be judged.

    Raises:
        SetupError: as `suite.judge.store.database.opened`.
        EvidenceError: ``history-empty``.
        UsageError: ``metric-unknown``.
    """
    with database.opened(storing.address(chosen.url)) as engine:
        from suite.judge.store import history as store

        try:
            from suite.judge.store import regress
        except ImportError as cause:
            raise database.missing(cause) from cause
        result = regress.regressions(store.series(engine, _query(chosen)), chosen.metric, margin)
        return result, regress.judged(result)


_HISTORY = (
    Sentence("run", "运行"),
    Sentence("started", "开始"),
    Sentence("verdict", "结论"),
    Sentence("engine", "推理引擎"),
    Sentence("signed", "签名"),
)
_TREND = (
    Sentence("metric", "指标"),
    Sentence("trend", "走势"),
    Sentence("step", "变化"),
    Sentence("since", "始于"),
    Sentence("why", "依据"),
)
_TRENDS = {"worse": "变差", "lost": "缺失", "better": "变好", "too-few": "过少", "steady": "平稳"}


def _number(value: Value | None) -> str:
    return f"{figure(value.value)}{_unit(value.unit)}" if isinstance(value, Measured) else "-"


def _unit(unit: str) -> str:
    return "" if unit == "1" else f" {unit}"


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
        rows = [
            (
                run.run,
                run.started_utc,
                _verdict(run),
                run.engine,
                run.signer or Sentence("unsigned", "未签名"),
                *(_number(run.values.get(phase, {}).get(metric)) for phase, metric in names),
            )
            for run in item.runs
        ]
        numbers = [
            Sentence(f"{_phase(phase)}/{metric}", f"{_phase(phase).zh}/{metric}")
            for phase, metric in names
        ]
        write_table((*_HISTORY, *numbers), rows)


def _phase(name: str) -> Sentence:
    return Sentence(name, name) if name else Sentence("run", "整次运行")


def _verdict(run: HistoryRun) -> Sentence:
    word, division = (
        ("conformant", "合规") if run.conformant else ("NOT conformant", "不合规"),
        WORDS[run.division],
    )
    return Sentence(f"{word[0]}, {run.division}", f"{word[1]}，{division[1]}")


def _line(trend: MetricTrend) -> tuple[str, ...]:
    before, now = given(trend.before), given(trend.now)
    step = ""
    if before is not None and now is not None:
        step = f"{figure(before)} -> {figure(now)}{_unit(trend.unit)}"
    name = Sentence(
        f"{_phase(trend.phase)}/{trend.metric}", f"{_phase(trend.phase).zh}/{trend.metric}"
    )
    return name, Sentence(trend.trend, _TRENDS[trend.trend]), step, trend.since, trend.why


def write_regressions(result: Regressions) -> None:
    """Each series: what is worse first, and what changed there."""
    of = language().of
    rank = {"worse": 0, "lost": 1, "better": 2, "too-few": 3, "steady": 4}
    for item in result.series:
        text = Sentence(
            f"{item.title}: {item.newest}, newest of {item.runs}",
            f"{item.title}：{item.newest}，{item.runs} 次运行中最新",
        )
        say(of(text))
        for line in item.broken:
            say(f"  {of(line)}")
        trends = sorted(item.metrics, key=lambda trend: rank[trend.trend])
        write_table(_TREND, map(_line, trends))
        for first, listed in item.changed.items():
            changed = Sentence(f"changed with {first}:", f"随 {first} 而变：")
            nothing = Sentence(f"nothing known changed with {first}", f"未见随 {first} 而变之处")
            say(f"  {of(changed if listed else nothing)}")
            for subject in listed:
                title = (subject.title.en, subject.title.zh)[language()]
                say(
                    f"    {title}: {' -> '.join(map(of, sides(subject)))} ({of(manyview.explains(subject))})"
                )
