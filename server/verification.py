"""Checking the running installation: the database by itself, the bytes of each blob, what each statement is.

Reads only; what is wrong is said in sentences.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import IO

import msgspec
from sqlalchemy import func, select, text

from core.blobs import CHUNK, blobs
from core.db import Model, dialect, session
from core.errors import NotFound
from server import storage

# (what, done, of how many)
Tell = Callable[[str, int, int], None]


def _silent(what: str, done: int, total: int) -> None:
    return None


def verify(*, tell: Tell = _silent) -> list[str]:
    """What is wrong with the running installation; an empty list when it is sound."""
    problems = _check_database()
    store = blobs()
    hashes = sorted(storage.stored())
    there = set(hashes)
    for index, sha256 in enumerate(hashes):
        tell("blobs", index, len(hashes))
        try:
            with store.open(sha256) as handle:
                if _hash(handle) != sha256:
                    problems.append(f"the blob {sha256} is damaged")
        except NotFound:  # swept meanwhile, which is a loss only where it is still spoken of
            there.discard(sha256)
    tell("blobs", len(hashes), len(hashes))
    problems += [f"the blob {sha256} of {what} is missing" for sha256, what in storage.wanted() if sha256 not in there]
    return problems + _check_statements(tell)


def _hash(source: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while chunk := source.read(CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


def _check_database() -> list[str]:
    if dialect() != "sqlite":
        session().execute(text("SELECT 1"))
        return []
    found = [str(row[0]) for row in session().execute(text("PRAGMA integrity_check(20)"))]
    broken = [
        f"row {row[1]} of {row[0]} refers to nothing in {row[2]}"
        for row in session().execute(text("PRAGMA foreign_key_check"))
    ]
    session().rollback()
    return [f"SQLite: {line}" for line in found if line != "ok"] + broken[:20]


def _check_statements(tell: Tell) -> list[str]:
    """Every statement is JSON with the id under which it is stored."""
    problems: list[str] = []
    table = Model.metadata.tables.get("statements")
    if table is None:
        return problems
    # Rows without a body hold the place of statements still to come.
    there = table.c.body.is_not(None)
    total = int(session().execute(select(func.count()).select_from(table).where(there)).scalar_one())
    query = select(table.c.id, table.c.body).where(there).execution_options(yield_per=1000)
    for index, (statement_id, raw) in enumerate(session().execute(query)):
        if index % 1000 == 0:
            tell("statements", index, total)
        try:
            if str(msgspec.json.decode(raw).get("id")).lower() != str(statement_id):
                problems.append(f"statement {statement_id} holds another id")
        except (msgspec.DecodeError, AttributeError):
            problems.append(f"statement {statement_id} is not JSON")
    session().rollback()
    tell("statements", total, total)
    return problems
