"""Opening a store: SQLite by default, PostgreSQL by its address, its tables brought to this suite's version."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from suite.base import resources
from suite.base.bilingual import Sentence
from suite.base.errors import SetupError, UsageError, extra

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Engine
    from sqlalchemy.engine import URL

VARIABLE: Final = "SUITE_DB"
"""Environment variable that names the store, so that a password stands on no command line."""
_MIGRATIONS: Final = Path(__file__).with_name("migrations")
_ALONE: Final = {
    "sqlite": "BEGIN IMMEDIATE",
    "postgresql": "SELECT pg_advisory_xact_lock(7251948306152)",
}
"""Makes of two that bring the tables of one store up to date at the same time the later one wait; the number is any that is no other's."""
_WAIT_S: Final = 60
"""For somebody else who is writing to the same SQLite file; PostgreSQL waits of itself."""
_DRIVERS: Final = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg"}


def missing(cause: ImportError) -> SetupError:
    """The refusal where a package of the extra ``store`` is not installed."""
    return SetupError(
        "store-missing",
        Sentence(
            f"{cause.name or 'SQLAlchemy'} is not installed", f"未安装 {cause.name or 'SQLAlchemy'}"
        ),
        hint=extra("store"),
    )


def default_url() -> str:
    """Of a store that nobody named: a file beside the runs."""
    return f"sqlite:///{quote(str(resources.workspace() / 'runs' / 'store.sqlite'))}"


def _url(text: str) -> URL:
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    hint = Sentence(
        "sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME",
        "sqlite:///FILE 或 postgresql://USER:PASSWORD@HOST/NAME",
    )
    try:
        url = make_url(text.replace("postgres://", "postgresql://", 1))
    except (ArgumentError, ValueError) as cause:
        raise UsageError(
            "store-url-wrong",
            Sentence("--db is not the address of a store", "--db 不是运行数据库的地址"),
            hint=hint,
        ) from cause
    kind = url.drivername.partition("+")[0]
    if kind not in _DRIVERS:
        message = Sentence(
            f"--db names a {kind!r} database; a store is SQLite or PostgreSQL",
            f"--db 指定的是 {kind!r} 数据库；运行数据库为 SQLite 或 PostgreSQL",
        )
        raise UsageError("store-url-wrong", message, hint=hint)
    return url.set(drivername=_DRIVERS[kind])


@contextlib.contextmanager
def opened(text: str | None, *, make: bool = False) -> Iterator[Engine]:
    """A store whose tables are those of this suite.

    Args:
        text: its address; None for the default.
        make: make it where it is not there; without that an SQLite file that is missing is refused.

    Raises:
        SetupError: ``store-missing`` without the extra; ``store-unreachable`` where nothing answers, refuses, or is no
            database; ``store-newer`` for one that a later suite has written.
        UsageError: ``store-url-wrong``.
    """
    try:
        from sqlalchemy import create_engine
        from sqlalchemy.exc import DatabaseError
    except ImportError as cause:
        raise missing(cause) from cause
    url = _url(text or default_url())
    if url.get_backend_name() == "sqlite" and url.database and url.database != ":memory:":
        place = Path(url.database)
        if not make and not place.is_file():
            hint = Sentence("suite db ingest RUN makes one", "suite db ingest RUN 会创建")
            raise SetupError(
                "store-unreachable",
                Sentence(f"there is no store at {place}", f"{place} 处没有运行数据库"),
                hint=hint,
            )
        with contextlib.suppress(OSError):  # whatever is in the way, SQLite says so
            place.parent.mkdir(parents=True, exist_ok=True)
    address = url.render_as_string(hide_password=True)
    try:
        waits = {"timeout": _WAIT_S} if url.get_backend_name() == "sqlite" else {}
        engine = create_engine(url, connect_args=waits)
    except ImportError as cause:  # SQLAlchemy is there, the database's driver is not
        raise missing(cause) from cause
    try:
        with engine.begin() as connection:
            if make:
                connection.exec_driver_sql(_ALONE[url.get_backend_name()])
            migrate(connection, address)
        yield engine
    except DatabaseError as cause:
        why = str(cause.orig or cause).strip().splitlines()[0]
        raise SetupError("store-unreachable", f"{address}: {why}") from cause
    finally:
        engine.dispose()


def migrate(connection: Connection, shown: str) -> None:
    """Bring the tables to this suite's version.

    Raises:
        SetupError: ``store-newer``, ``store-missing``.
    """
    try:
        from alembic import command
        from alembic.config import Config
        from alembic.util import CommandError
    except ImportError as cause:
        raise missing(cause) from cause
    config = Config()
    # A per cent sign in a path would be read as the start of a reference.
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as cause:
        message = Sentence(
            f"{shown} was written by a later version of the suite", f"{shown} 由套件的更新版本写成"
        )
        raise SetupError("store-newer", message) from cause
