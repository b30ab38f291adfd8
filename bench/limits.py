"""The database's own limit: the rows of the store written again by a plain script, into tables with the same indexes."""

from __future__ import annotations

import io
import random
import sqlite3
import time
import uuid
from collections import defaultdict
from typing import Any

import psycopg2
from psycopg2.extras import execute_values

from bench.servers import Running

ROWS, BATCH = 20_000, 500
STATEMENT = "tenant_id, id, position, voided, authority, body"
REFERENCE = "tenant_id, reference, position"

# A statement's row and its references.
Row = tuple[tuple[Any, ...], list[tuple[Any, ...]]]


def measure(running: Running) -> dict[str, float]:
    """Statements a second of each way, one connection, 500 statements a transaction."""
    return _postgres(running.database_url) if running.database_url else _sqlite(f"{running.folder}/rekam.sqlite3")


def _batches(
    rows: list[tuple[Any, ...]], references: list[tuple[Any, ...]], text_id: type[str] | Any
) -> list[list[Row]]:
    """New ids for the same rows, in batches."""
    of = defaultdict(list)
    for reference in references:
        of[reference[2]].append(reference)
    fresh = [((r[0], text_id(uuid.UUID(int=random.getrandbits(128))), *r[2:]), of[r[2]]) for r in rows]
    return [fresh[at : at + BATCH] for at in range(0, len(fresh), BATCH)]


def _flat(batch: list[Row]) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    return sorted(r for r, _ in batch), sorted(reference for _, found in batch for reference in found)


def _postgres(url: str) -> dict[str, float]:
    found = {}
    connection = psycopg2.connect(url)
    cursor = connection.cursor()
    cursor.execute(f"SELECT {STATEMENT} FROM statements WHERE body IS NOT NULL ORDER BY position DESC LIMIT {ROWS}")
    rows = cursor.fetchall()
    cursor.execute(f"SELECT {REFERENCE} FROM statement_references WHERE position >= %s", (rows[-1][2],))
    references = cursor.fetchall()
    for name, write in (("COPY", _copy), ("multi-row INSERT", _insert)):
        for table in ("statements", "statement_references"):
            cursor.execute(f"DROP TABLE IF EXISTS limit_{table}")
            cursor.execute(f"CREATE TABLE limit_{table} (LIKE {table} INCLUDING ALL)")
        connection.commit()
        batches = [_flat(batch) for batch in _batches(rows, references, str)]
        began = time.perf_counter()
        for statements, related in batches:
            write(cursor, "statements", STATEMENT, statements)
            write(cursor, "statement_references", REFERENCE, related)
            connection.commit()
        found[name] = len(rows) / (time.perf_counter() - began)
    cursor.execute("DROP TABLE limit_statements, limit_statement_references")
    connection.commit()
    connection.close()
    return found


def _copy(cursor: Any, table: str, columns: str, rows: list[tuple[Any, ...]]) -> None:
    def text(value: Any) -> str:
        return str(value).replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r")

    lines = "".join("\t".join(map(text, row)) + "\n" for row in rows)
    cursor.copy_expert(f"COPY limit_{table} ({columns}) FROM STDIN", io.StringIO(lines))


def _insert(cursor: Any, table: str, columns: str, rows: list[tuple[Any, ...]]) -> None:
    execute_values(cursor, f"INSERT INTO limit_{table} ({columns}) VALUES %s", rows, page_size=len(rows))


def _sqlite(path: str) -> dict[str, float]:
    connection = sqlite3.connect(path, isolation_level=None, timeout=30)
    connection.execute("PRAGMA synchronous=FULL")
    rows = connection.execute(
        f"SELECT {STATEMENT} FROM statements WHERE body IS NOT NULL ORDER BY position DESC LIMIT {ROWS}"
    ).fetchall()
    references = connection.execute(
        f"SELECT {REFERENCE} FROM statement_references WHERE position >= ?", (rows[-1][2],)
    ).fetchall()
    made = connection.execute(
        "SELECT sql FROM sqlite_master WHERE tbl_name IN ('statements', 'statement_references') AND sql IS NOT NULL ORDER BY type DESC"
    ).fetchall()
    other = sqlite3.connect(f"{path}.limit", isolation_level=None)
    other.execute("PRAGMA journal_mode=WAL")
    other.execute("PRAGMA synchronous=FULL")
    for (statement,) in made:
        other.execute(statement)
    batches = [_flat(batch) for batch in _batches(rows, references, lambda value: value.hex)]
    began = time.perf_counter()
    for statements, related in batches:
        other.execute("BEGIN IMMEDIATE")
        other.executemany(f"INSERT INTO statements ({STATEMENT}) VALUES (?, ?, ?, ?, ?, ?)", statements)
        other.executemany(f"INSERT INTO statement_references ({REFERENCE}) VALUES (?, ?, ?)", related)
        other.execute("COMMIT")
    seconds = time.perf_counter() - began
    connection.close()
    other.close()
    return {"executemany": len(rows) / seconds}
