"""Engine, sessions and units of work for SQLite and PostgreSQL.

Edges (HTTP handlers, jobs, the command line) open :func:`unit_of_work` to write; it commits once at the end or rolls everything back.
Operations call :func:`session` and flush. Reads outside a unit of work use :func:`session` too.
"""

from __future__ import annotations

import random
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import Any, TypeVar, cast

import msgspec
from flask import Flask, current_app, g
from flask_sqlalchemy import SQLAlchemy
from psycopg2 import errorcodes
from psycopg2.extensions import BYTES, register_type
from sqlalchemy import JSON, BigInteger, DateTime, Engine, Integer, MetaData, event, func, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DBAPIError, InvalidatePoolError
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.types import TypeDecorator

from core import locks, prepared
from core.settings import Settings, get_settings
from core.standalone import Standalone

T = TypeVar("T")
Row = TypeVar("Row", bound="Model")

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

# Seconds after which an unused connection to PostgreSQL is asked whether it still lives.
PING_AFTER = 1.0
# Rows that a unit of work remembers (see `hold`): a long one must not remember all it has seen.
_HELD = 64
# How often a unit of work is done until it ends in no deadlock.
_TRIES = 5


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
        return None if value is None else as_utc(value)


def as_utc(value: datetime | str) -> datetime:
    """A moment as a driver hands it out: SQLite keeps naive UTC, as text to whoever asks it without SQLAlchemy."""
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def as_stored(moment: datetime) -> datetime | str:
    """A moment as a driver takes it, the other way round."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f") if dialect() == "sqlite" else moment


def init_app(app: Flask, settings: Settings) -> None:
    """Bind the engine to the application. Nothing is connected yet."""
    options: dict[str, Any] = {
        "json_serializer": _dump_json,
        "json_deserializer": msgspec.json.decode,
        # The one used last is known to live and has its plans and pages at hand.
        "pool_use_lifo": True,
    }
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
                # Pages are walked along an index; on a young table without statistics a bitmap scan would read and sort all of it.
                "options": "-c idle_in_transaction_session_timeout=30s -c timezone=UTC -c enable_bitmapscan=off",
                # Texts are read as they come (see `read`): PGCLIENTENCODING must not make them others.
                "client_encoding": "UTF8",
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
        if not _lives(engine, connection):
            # Where one has died the others most likely have.
            raise InvalidatePoolError


def _lives(engine: Engine, driver: Any) -> bool:
    try:
        _rows(driver, "SELECT 1", ())
        driver.rollback()
    except engine.dialect.loaded_dbapi.Error:
        return False
    return True


def _prepare_sqlite(engine: Engine, settings: Settings) -> None:
    @event.listens_for(engine, "connect")
    def connect(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        # SQLite's own knows ASCII only: a search for "Élan" would not find "Élan".
        connection.create_function("lower", 1, _lower, deterministic=True)
        for pragma in (
            "journal_mode=WAL",
            # 128 MiB, for commands and for a log that grows faster than `core.checkpoints` writes it back.
            "wal_autocheckpoint=32768",
            "synchronous=FULL",
            "foreign_keys=ON",
            # The kernel keeps the file in memory for all processes; more of it here would be paid for by each connection.
            f"cache_size=-{settings.sqlite_cache_mib * 1024}",
            "temp_store=MEMORY",
        ):
            connection.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        # A deferred BEGIN that later writes fails with SQLITE_BUSY without waiting; writers therefore take the lock at once.
        writing = connection.get_execution_options().get("rekam_write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN DEFERRED")


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def writer_lock() -> str:
    """The file (see :mod:`core.locks`) at which all who write to SQLite queue."""
    return f"{db.engine.url.database}.writer"


def _as_writer() -> AbstractContextManager[None]:
    """Queue writers of all threads and processes at a flock: SQLite's own busy handler starves some for seconds. PostgreSQL needs none."""
    return locks.alone(writer_lock()) if dialect() == "sqlite" else nullcontext()


def session() -> Session:
    """The session of the current application context."""
    return db.session()


def dialect() -> str:
    """``sqlite`` or ``postgresql``."""
    return db.engine.dialect.name


def driver_sql(
    statement: str,
    parameters: tuple[Any, ...] | list[tuple[Any, ...]] = (),
    *,
    planned: bool = False,
    raw: bool = False,
) -> list[Any]:
    """Rows of SQL in the driver's own words (`%s` with psycopg2, `?` with SQLite; a list of tuples runs it for each).

    For the few statements where SQLAlchemy's share of the time counts; with ``planned`` PostgreSQL plans it once for each connection.
    Part of the session's transaction.
    """
    connection = session().connection()
    driver = connection.connection.driver_connection
    try:
        words = prepared.words(connection.connection, statement) if planned else statement
        return _rows(driver, words, parameters, raw)
    except db.engine.dialect.loaded_dbapi.Error as error:
        raise _as_sqlalchemy_says(error, connection, driver, statement, parameters) from error


def _rows(
    driver: Any, statement: str, parameters: tuple[Any, ...] | list[tuple[Any, ...]], raw: bool = False
) -> list[Any]:
    cursor = driver.cursor()
    try:
        if raw:
            return _raw_rows(driver, cursor, statement, parameters)
        if isinstance(parameters, list):
            cursor.executemany(statement, parameters)
        else:
            cursor.execute(statement, parameters)
        return list(cursor.fetchall()) if cursor.description else []
    finally:
        cursor.close()


def _raw_rows(driver: Any, cursor: Any, statement: str, parameters: Any) -> list[Any]:
    """Rows whose texts are bytes."""
    if dialect() == "postgresql":
        register_type(BYTES, cursor)
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())
    driver.text_factory = bytes
    try:
        return list(cursor.execute(statement, parameters).fetchall())
    finally:
        driver.text_factory = str


@cache
def _driver_words(statement: str, sqlite: bool) -> str:
    return statement.replace("%s", "?") if sqlite else statement


def read(statement: str, parameters: Sequence[Any] = (), *, planned: bool = False, raw: bool = False) -> list[Any]:
    """Rows of one SELECT (parameters are `%s`) that sees what is committed now; within a unit of work also what that has written.

    One round trip, where a session takes three and ten times the processor's time: for reads that are asked thousands of times a second.
    ``planned`` is for those of one row by its key: PostgreSQL plans them once for each connection. With ``raw`` texts are UTF-8 bytes:
    what is only sent on need not be decoded.
    """
    sqlite = dialect() == "sqlite"
    words = _driver_words(statement, sqlite)
    if in_unit_of_work():
        return driver_sql(words, tuple(parameters), planned=planned and not sqlite, raw=raw)
    return _alone(words, tuple(parameters), planned=planned and not sqlite, raw=raw)


def write(statement: str, parameters: Sequence[Any]) -> None:
    """One statement of SQL that is a unit of work by itself, planned once for each connection: durable on return.

    Refuses to run within another.
    """
    if in_unit_of_work():
        raise RuntimeError("write() is a unit of work: only edges commit")
    sqlite = dialect() == "sqlite"
    with _as_writer():
        _alone(_driver_words(statement, sqlite), tuple(parameters), planned=not sqlite)


def _alone(statement: str, parameters: tuple[Any, ...], *, planned: bool, raw: bool = False) -> list[Any]:
    """Rows of a statement executed without a transaction around it."""
    standalone = _standalone()
    connection = standalone.take()
    driver = connection.driver_connection
    try:
        return _rows(driver, prepared.words(connection, statement) if planned else statement, parameters, raw)
    except db.engine.dialect.loaded_dbapi.Error as error:
        raise _as_sqlalchemy_says(error, connection, driver, statement, parameters) from error
    finally:
        standalone.give(connection)


def _standalone() -> Standalone:
    def make() -> Standalone:
        most = max(1, get_settings().database_pool // 2)
        return Standalone(db.engine, most, lambda: PING_AFTER, partial(_lives, db.engine))

    return memory("core.standalone", make)


def _as_sqlalchemy_says(error: Any, connection: Any, driver: Any, statement: str, parameters: Any) -> Exception:
    """What SQLAlchemy would raise; a dead connection leaves the pool, with the others: they most likely have died too."""
    dialect_ = db.engine.dialect
    gone = dialect_.is_disconnect(error, driver, None)
    if gone:
        connection.invalidate()
        db.engine.dispose()
    raised: Exception = DBAPIError.instance(
        statement,
        parameters,
        error,
        dialect_.loaded_dbapi.Error,
        connection_invalidated=gone,
        dialect=dialect_,
    )
    return raised


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
    g.rekam_held = deque(maxlen=_HELD)
    try:
        with _as_writer():
            yield from _transaction(current)
    finally:
        g.rekam_unit_of_work = False
        g.rekam_held.clear()
    for hook in hooks:
        hook()


def again_after_deadlock(work: Callable[[], T]) -> T:
    """What ``work`` returns, which opens a unit of work of its own and can be done again.

    PostgreSQL ends one of several transactions that wait for each other in a circle; nothing of it has happened. For those that lock
    rows in an order that data decide.
    """
    for left in range(_TRIES - 1, -1, -1):
        try:
            return work()
        except DBAPIError as error:
            if not left or getattr(error.orig, "pgcode", None) != errorcodes.DEADLOCK_DETECTED:
                raise
            time.sleep(random.uniform(0, 0.1))  # noqa: S311 - so that they do not meet again
    raise AssertionError("unreachable")


def _transaction(current: Session) -> Iterator[Session]:
    current.connection(execution_options={"rekam_write": True})
    try:
        yield current
        current.commit()
    except BaseException:
        current.rollback()
        raise


@contextmanager
def snapshot() -> Iterator[Session]:
    """Everything read within the block is of one moment, however long it takes. Nothing can be written in it."""
    if in_unit_of_work():
        raise RuntimeError("snapshot() within unit_of_work()")
    current = session()
    current.rollback()
    options = {"isolation_level": "REPEATABLE READ"} if dialect() == "postgresql" else {}
    current.connection(execution_options=options)
    try:
        yield current
    finally:
        current.rollback()


def queue_at(*name: object) -> None:
    """Wait for other units of work that have queued at the same name, and let others wait until this one ends.

    For what is made where there is none yet, and for what is read and then written: call it before reading. On SQLite all writers
    queue anyway.
    """
    if dialect() == "postgresql":
        # 64 bits: that two names share a queue is harmless and will not be noticed.
        session().execute(select(func.pg_advisory_xact_lock(func.hashtextextended("\n".join(map(str, name)), 0))))


def in_unit_of_work() -> bool:
    return bool(g.get("rekam_unit_of_work"))


def hold(row: Row) -> Row:
    """``row``, remembered to the end of the unit of work: a session forgets what nobody holds and would read it again."""
    if in_unit_of_work():
        g.rekam_held.append(row)
    return row


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
