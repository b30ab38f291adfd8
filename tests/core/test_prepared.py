"""A statement is planned once for each connection, and not at all where a pooler may give each transaction another one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg2.extensions
import pytest
from sqlalchemy import PoolProxiedConnection, create_engine

from core import prepared
from tests.conftest import POSTGRES

SUM = "SELECT %s::int + %s::int"


class Elsewhere(psycopg2.extensions.connection):
    """As behind a pooler, which answers with a process id that the server does not know."""

    def get_backend_pid(self) -> int:
        return 0


def connections(**arguments: Any) -> Iterator[PoolProxiedConnection]:
    engine = create_engine(POSTGRES.replace("postgresql:", "postgresql+psycopg2:"), connect_args=arguments)
    connection = engine.raw_connection()
    yield connection
    connection.close()
    engine.dispose()


@pytest.fixture
def direct() -> Iterator[PoolProxiedConnection]:
    yield from connections()


@pytest.fixture
def pooled() -> Iterator[PoolProxiedConnection]:
    yield from connections(connection_factory=Elsewhere)


def rows(connection: PoolProxiedConnection, statement: str, *parameters: Any) -> list[Any]:
    cursor = connection.cursor()
    cursor.execute(statement, parameters)
    found = list(cursor.fetchall())
    cursor.close()
    return found


def prepared_here(connection: PoolProxiedConnection) -> list[str]:
    return [name for (name,) in rows(connection, "SELECT name FROM pg_prepared_statements ORDER BY 1")]


def test_each_statement_is_prepared_once(direct: PoolProxiedConnection) -> None:
    for first, second in ((1, 2), (30, 40)):
        words = prepared.words(direct, SUM)
        assert words != SUM
        assert rows(direct, words, first, second) == [(first + second,)]
    assert rows(direct, prepared.words(direct, "SELECT upper(%s::text)"), "it's") == [("IT'S",)]
    assert len(prepared_here(direct)) == 2


def test_a_rollback_forgets_none(direct: PoolProxiedConnection) -> None:
    words = prepared.words(direct, SUM)
    direct.rollback()
    assert prepared.words(direct, SUM) == words
    assert rows(direct, words, 1, 1) == [(2,)]


def test_one_that_cannot_be_is_not_remembered(direct: PoolProxiedConnection) -> None:
    with pytest.raises(psycopg2.errors.UndefinedTable):
        prepared.words(direct, "SELECT * FROM no_table_of_ours WHERE a = %s")
    direct.rollback()
    assert rows(direct, prepared.words(direct, SUM), 1, 1) == [(2,)]
    assert len(prepared_here(direct)) == 1


def test_nothing_is_prepared_behind_a_pooler(pooled: PoolProxiedConnection) -> None:
    assert prepared.words(pooled, SUM) == SUM
    assert prepared_here(pooled) == []
