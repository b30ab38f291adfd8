"""Engine, sessions and units of work for SQLite and PostgreSQL.

Edges (HTTP handlers, jobs, the command line) open :func:`unit_of_work` to write; it commits once at the end or rolls everything back.
Operations call :func:`session` and flush. Reads outside a unit of work use :func:`session` too.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar, cast

import msgspec
from flask import Flask, current_app, g
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import JSON, BigInteger, DateTime, Engine, Integer, MetaData, event
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.types import TypeDecorator

from core.settings import Settings

T = TypeVar("T")

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

# Seconds after which an unused connection to PostgreSQL is asked whether it still lives.
PING_AFTER = 1.0


class Model(DeclarativeBase):
    """Base of all tables."""

    metadata = MetaData(naming_convention=NAMING)


db = SQLAlchemy(model_class=Model, disable_autonaming=True)

# A 64-bit integer that SQLite can still auto-increment.
BigId = BigInteger().with_variant(Integer(), "sqlite")
# JSON, binary and indexable where the database can.
Json = JSON().with_variant(JSONB(), "postgresql")


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC datetime on both databases (SQLite keeps it naive)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("naive datetime")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def init_app(app: Flask, settings: Settings) -> None:
    """Bind the engine to the application. Nothing is connected yet."""
    options: dict[str, Any] = {"json_serializer": _dump_json, "json_deserializer": msgspec.json.decode}
    if settings.is_sqlite:
        # The wheel bundles a SQLite without the WAL-reset corruption bug (3.7.0 to 3.51.2) that distributions still ship.
        import pysqlite3

        options |= {"module": pysqlite3, "connect_args": {"timeout": 30, "check_same_thread": False}}
        Path(settings.effective_database_url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    else:
        options |= {
            "pool_size": settings.database_pool,
            "max_overflow": settings.database_pool,
            "pool_timeout": 30,
            # Server-side guards: a forgotten transaction must not hold back readers of Consistent-Through for long.
            "connect_args": {
                "options": "-c idle_in_transaction_session_timeout=30s -c timezone=UTC",
                "connect_timeout": 5,
            },
        }
    app.config["SQLALCHEMY_DATABASE_URI"] = settings.effective_database_url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = options
    db.init_app(app)
    with app.app_context():
        if settings.is_sqlite:
            _prepare_sqlite(db.engine, settings)
        else:
            _ping_after_idling(db.engine)


def _dump_json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _ping_after_idling(engine: Engine) -> None:
    """Ask a connection that has been idle whether it still lives; to ask at every checkout would cost a busy server a fifth of its work."""

    @event.listens_for(engine, "checkin")
    def checkin(connection: Any, record: Any) -> None:
        record.info["idle_since"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def checkout(connection: Any, record: Any, proxy: Any) -> None:
        if time.monotonic() - record.info.get("idle_since", time.monotonic()) < PING_AFTER:
            return
        try:
            connection.cursor().execute("SELECT 1")
            connection.rollback()
        except engine.dialect.dbapi.Error as error:  # type: ignore[union-attr]
            raise DisconnectionError from error


def _prepare_sqlite(engine: Engine, settings: Settings) -> None:
    @event.listens_for(engine, "connect")
    def connect(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            f"cache_size=-{settings.sqlite_cache_mib * 1024}",
            "mmap_size=268435456",
            "temp_store=MEMORY",
        ):
            connection.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        # A deferred BEGIN that later writes fails with SQLITE_BUSY without waiting; writers therefore take the lock at once.
        writing = connection.get_execution_options().get("rekam_write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN DEFERRED")


@contextmanager
def _fair_writer_lock(path: str) -> Iterator[None]:
    """Queue writers of all threads and processes at a flock: SQLite's own busy handler starves some for seconds."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def session() -> Session:
    """The session of the current application context."""
    return db.session()


def dialect() -> str:
    """``sqlite`` or ``postgresql``."""
    return db.engine.dialect.name


def driver_sql(statement: str, parameters: Any = ()) -> Any:
    """Run SQL in the driver's own words (`%s` with psycopg2, `?` with SQLite; a list of tuples runs it for each).

    For the few statements where SQLAlchemy's share of the time counts.
    """
    return session().connection().exec_driver_sql(statement, parameters)


@contextmanager
def unit_of_work() -> Iterator[Session]:
    """One write transaction: committed when the block ends, rolled back when it raises. Refuses to nest.

    Whatever the context's session read before is forgotten first, so that the block sees the present.
    """
    if g.get("rekam_unit_of_work"):
        raise RuntimeError("unit_of_work() does not nest: only edges commit")
    current = session()
    current.rollback()
    g.rekam_unit_of_work = True
    hooks: list[Callable[[], None]] = []
    g.rekam_after_commit = hooks
    try:
        if dialect() == "sqlite":
            with _fair_writer_lock(f"{db.engine.url.database}.writer"):
                yield from _transaction(current)
        else:
            yield from _transaction(current)
    finally:
        g.rekam_unit_of_work = False
    for hook in hooks:
        hook()


def _transaction(current: Session) -> Iterator[Session]:
    current.connection(execution_options={"rekam_write": True})
    try:
        yield current
        current.commit()
    except BaseException:
        current.rollback()
        raise


def in_unit_of_work() -> bool:
    return bool(g.get("rekam_unit_of_work"))


def after_commit(hook: Callable[[], None]) -> None:
    """Run ``hook`` once the current unit of work is durable; it is dropped if that rolls back. Must not raise."""
    if not in_unit_of_work():
        raise RuntimeError("after_commit() outside unit_of_work()")
    g.rekam_after_commit.append(hook)


def memory(name: str, make: Callable[[], T]) -> T:
    """What this process remembers of the current database under ``name``; ``make`` builds it at first use.

    A process may serve two databases (tests do), so such things belong to the application and not to a module.
    """
    kept = current_app.extensions.setdefault("rekam.memory", {})
    if name not in kept:
        kept[name] = make()
    return cast(T, kept[name])
