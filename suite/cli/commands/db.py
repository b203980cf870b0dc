"""``suite db``: a database of runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from suite.base.bilingual import Sentence
from suite.base.language import language
from suite.cli.command import Group, command, described
from suite.cli.evidenceoptions import evidence_options
from suite.cli.options import FILE
from suite.cli.seriesoptions import store_option
from suite.cli.trustoptions import trusted

if TYPE_CHECKING:
    from pathlib import Path

    from suite.cli.evidenceoptions import Taken
    from suite.cli.trustoptions import Trusted


_OUTCOMES = {
    "added": Sentence("added", "已存入"),
    "replaced": Sentence("replaced", "已替换"),
    "known": Sentence("known", "已有"),
    "refused": Sentence("refused", "拒绝"),
}


def _db() -> None:
    """Keep runs in a database: SQLite by default, PostgreSQL by its address."""


db = Group(name="db", no_args_is_help=False, **described(_db, "suite db ingest runs"))


@command("suite db ingest runs submissions --db sqlite:///runs/store.sqlite", within=db)
@click.argument("paths", metavar="RUN...", nargs=-1, required=True, type=FILE)
@store_option
@trusted
@evidence_options
@click.option("--fresh", is_flag=True, help="read and verify what the database holds, too")
def ingest(
    paths: tuple[Path, ...], trusted: Trusted, *, taken: Taken, url: str | None, fresh: bool
) -> int:
    """Put runs into the database.

    RUN is a run directory, a submission, a bundle, or a directory with such below it. A signed run is verified first; an
    unsigned one is scored from its evidence, and the database says that nobody signed it. A run stands in the database
    once, however often it is given: a signed card that it holds, with its evidence if that comes too, is known by its digest, and
    neither read nor verified again. What is refused is named and left out; the exit status is then that of the worst.
    """
    from collections import Counter

    from suite.base.errors import SuiteError
    from suite.base.visible import say
    from suite.cli import storing
    from suite.cli.output import write_error
    from suite.judge.store import database

    of = language().of
    counts: Counter[str] = Counter()
    worst = 0
    elsewhere = taken.elsewhere()
    listed = storing.runs(paths)  # first: where there is none, no store is made
    with database.opened(storing.address(url), make=True) as engine:
        from suite.judge.store.ingest import held
        from suite.judge.store.ingest import ingest as put

        before = {} if fresh else held(engine)
        for path in listed:
            try:
                outcome: str = (
                    "known"
                    if before and storing.adds_nothing(path, before)
                    else put(engine, storing.item(path, trusted, elsewhere))
                )
            except SuiteError as cause:
                write_error(cause)
                worst = max(worst, cause.exit_status)
                outcome = "refused"
            counts[outcome] += 1
            say(f"{of(_OUTCOMES[outcome])}: {path}")
    say(", ".join(f"{number} {of(_OUTCOMES[name])}" for name, number in sorted(counts.items())))
    return worst


@command("suite db dashboard --out grafana", within=db)
@click.option("--out", type=FILE, required=True, metavar="DIR", help="folder to write")
def dashboard(out: Path) -> int:
    """Write what provisions Grafana with a dashboard over the PostgreSQL database.

    DIR becomes Grafana's `provisioning` folder, or is laid over it: a data source that reads address, user and password
    from SUITE_DB_HOST, SUITE_DB_NAME, SUITE_DB_USER, SUITE_DB_PASSWORD and SUITE_DB_SSLMODE, and the dashboard.
    """
    from suite.base.visible import say
    from suite.cli.output import write_report
    from suite.judge.store import grafana

    for name, data in grafana.files().items():
        write_report(out / name, data)
        say(out / name)
    return 0
