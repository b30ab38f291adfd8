"""Checking the running installation: the database by itself, the bytes of each blob, statements and what finds them.

Reads only; what is wrong is said in sentences.
"""

from __future__ import annotations

from functools import partial
from itertools import islice

from sqlalchemy import select, text

from core.blobs import blobs
from core.db import dialect, session, snapshot
from core.errors import NotFound
from core.tenants import Tenant
from lrs import integrity
from server import storage
from server.backup import Tell, facts, silent

# What is wrong with the statements of one tenant is told in so many sentences; the rest is counted.
MOST = 100


def verify(*, tell: Tell = silent) -> list[str]:
    """What is wrong with the running installation; an empty list when it is sound."""
    problems = _check_database()
    store = blobs()
    hashes = sorted(storage.stored())
    there = set(hashes)
    for index, sha256 in enumerate(hashes):
        tell("blobs", index, len(hashes))
        try:
            with store.open(sha256) as handle:
                if facts(handle)["sha256"] != sha256:
                    problems.append(f"the blob {sha256} is damaged")
        except NotFound:  # swept meanwhile, which is a loss only where it is still spoken of
            there.discard(sha256)
    tell("blobs", len(hashes), len(hashes))
    problems += [f"the blob {sha256} of {what} is missing" for sha256, what in storage.wanted() if sha256 not in there]
    return problems + _check_statements(tell)


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
    """Every statement can be read, and is found by what it says (:mod:`lrs.integrity`)."""
    problems: list[str] = []
    with snapshot():
        applications = session().execute(select(Tenant.id, Tenant.app_id).order_by(Tenant.id)).all()
        for tenant_id, application in applications:
            found = integrity.problems(tenant_id, partial(tell, "statements"))
            problems += [f"application {application}: {problem}" for problem in islice(found, MOST)]
            more = sum(1 for _ in found)
            if more:
                problems.append(f"application {application}: {more} more of this kind")
    return problems
