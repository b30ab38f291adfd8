"""Statements that a connection to PostgreSQL reads and plans once instead of each time it runs them.

For those that run thousands of times a second and are short work beside their planning.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import PoolProxiedConnection

_READY = "rekam.prepared"


def words(connection: PoolProxiedConnection, statement: str) -> str:
    """What to execute on ``connection`` instead of ``statement``, with the same parameters (`%s`, each with its type unless clear)."""
    if _READY not in connection.info:
        connection.info[_READY] = {} if _is_direct(connection.driver_connection) else None
    ready: dict[str, str] | None = connection.info[_READY]
    if ready is None:
        return statement
    if statement not in ready:
        first, *others = statement.split("%s")
        numbered = first + "".join([f"${n}{text}" for n, text in enumerate(others, 1)])
        name = f"rekam_{len(ready)}"
        with connection.driver_connection.cursor() as cursor:  # type: ignore[union-attr]
            cursor.execute(f"PREPARE {name} AS {numbered}")  # not undone by a rollback
        ready[statement] = f"EXECUTE {name} ({', '.join(['%s'] * len(others))})"
    return ready[statement]


def _is_direct(driver: Any) -> bool:
    """Whether the server itself is at the other end: a pooler may run each transaction on another connection of its own."""
    with driver.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return bool(cursor.fetchone()[0] == driver.get_backend_pid())
