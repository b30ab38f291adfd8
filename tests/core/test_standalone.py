"""Connections for single statements are kept, replaced when they have died, and left to the process that opened them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import psycopg2
import pytest
from flask import Flask
from sqlalchemy.exc import DBAPIError

from core.db import db, dialect, read
from core.standalone import Standalone


def make() -> Standalone:
    return Standalone(db.engine, 1, lambda: 60.0, works)


@pytest.fixture
def fresh(app: Flask) -> Iterator[None]:
    db.engine.dispose()
    yield
    db.engine.dispose()


def works(driver: Any) -> bool:
    try:
        driver.cursor().execute("SELECT 1")
    except db.engine.dialect.loaded_dbapi.Error:
        return False
    return True


def test_one_that_was_used_is_used_again_and_the_others_go_back_to_the_pool(fresh: None) -> None:
    kept = make()
    first, second = kept.take(), kept.take()
    drivers = first.driver_connection, second.driver_connection
    kept.give(first)
    kept.give(second)
    assert db.engine.pool.checkedout() == 1  # type: ignore[attr-defined]
    again = kept.take()
    assert again.driver_connection is drivers[0]
    kept.give(again)
    with db.engine.connect() as connection:
        assert connection.connection.driver_connection is drivers[1]
        if dialect() == "postgresql":
            assert drivers[1].autocommit is False


def test_letting_go_of_all_closes_those_kept(fresh: None) -> None:
    kept = make()
    connection = kept.take()
    driver = connection.driver_connection
    kept.give(connection)
    assert works(driver)
    db.engine.dispose()
    assert not works(driver)
    connection = kept.take()
    assert connection.driver_connection is not driver
    kept.give(connection)


def test_one_that_died_is_not_kept(fresh: None) -> None:
    kept = make()
    connection = kept.take()
    connection.invalidate()
    kept.give(connection)
    assert works(kept.take().driver_connection)


def terminate(app: Flask, backend: int) -> None:
    killer = psycopg2.connect(app.config["REKAM"].effective_database_url.replace("+psycopg2", ""))
    killer.cursor().execute("SELECT pg_terminate_backend(%s)", (backend,))
    killer.close()


def backend() -> int:
    return int(read("SELECT pg_backend_pid()")[0][0])


def test_a_reader_asks_one_that_was_idle_whether_it_lives(
    app: Flask, fresh: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if dialect() == "sqlite":
        pytest.skip("SQLite has no connections that die")
    monkeypatch.setattr("core.db.PING_AFTER", 0.0)
    old = backend()
    terminate(app, old)
    assert backend() != old


def test_one_that_dies_between_two_reads_is_replaced(app: Flask, fresh: None) -> None:
    if dialect() == "sqlite":
        pytest.skip("SQLite has no connections that die")
    old = backend()
    assert backend() == old
    terminate(app, old)
    with pytest.raises(DBAPIError) as raised:
        backend()
    assert raised.value.connection_invalidated
    assert backend() != old


def test_a_child_leaves_them_to_its_parent(app: Flask, fresh: None) -> None:
    kept = make()
    connection = kept.take()
    driver = connection.driver_connection
    kept.give(connection)
    del connection
    child = os.fork()
    if child == 0:
        # As server.queue does; not a word may go over the parent's connection.
        db.engine.dispose(close=False)
        mine = kept.take()
        good = mine.driver_connection is not driver and works(mine.driver_connection)
        os._exit(0 if good else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    connection = kept.take()
    assert connection.driver_connection is driver
    assert works(driver)
    kept.give(connection)
