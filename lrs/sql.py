"""The statements of SQL that write the store, for both databases: one round trip for many rows, in one global order."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import msgspec
from sqlalchemy import text

from core.db import dialect, session


@dataclass(slots=True)
class Stored:
    """A row of ``statements``; without position and body it only holds the place of a statement still to come."""

    id: str
    position: int | None
    voided: bool
    body: str | None


@dataclass(slots=True)
class NewRow:
    """``position`` and ``body`` None: hold the place of an unknown target."""

    id: str
    position: int | None
    body: str | None


@dataclass(slots=True, frozen=True)
class Edge:
    """Statement ``id`` at ``position`` points at ``target``."""

    target: str
    id: str
    position: int
    voids: bool


def _postgres() -> bool:
    return dialect() == "postgresql"


def _compact(id_: str) -> str:
    return id_.replace("-", "")


def _dashed(id_: str) -> str:
    if len(id_) == 36:
        return id_
    return f"{id_[:8]}-{id_[8:12]}-{id_[12:16]}-{id_[16:20]}-{id_[20:]}"


_INSERT_PG = text(
    "INSERT INTO statements (tenant_id, id, position, voided, authority, body)"
    " SELECT :tenant_id, i, p, false, :authority, b"
    " FROM unnest(CAST(:ids AS uuid[]), CAST(:positions AS bigint[]), CAST(:bodies AS text[])) AS new (i, p, b)"
    " ON CONFLICT (tenant_id, id) DO NOTHING RETURNING id"
)
_INSERT_LITE = text(
    "INSERT INTO statements (tenant_id, id, position, voided, authority, body)"
    " VALUES (:tenant_id, :id, :position, 0, :authority, :body)"
)


def insert_statements(tenant_id: int, authority: int, rows: list[NewRow]) -> set[str]:
    """Insert those that are not there and return their ids.

    Rows go in by id, whoever writes: two transactions that share ids wait for each other but never in a circle.
    """
    rows = sorted(rows, key=lambda row: row.id)
    if _postgres():
        values = {
            "tenant_id": tenant_id,
            "authority": authority,
            "ids": [r.id for r in rows],
            "positions": [r.position for r in rows],
            "bodies": [r.body for r in rows],
        }
        return {str(found) for (found,) in session().execute(_INSERT_PG, values)}
    present = {row.id for row in find(tenant_id, [r.id for r in rows])}
    fresh = [r for r in rows if r.id not in present]
    if fresh:
        session().execute(
            _INSERT_LITE,
            [
                {
                    "tenant_id": tenant_id,
                    "id": _compact(r.id),
                    "position": r.position,
                    "authority": authority,
                    "body": r.body,
                }
                for r in fresh
            ],
        )
    return {r.id for r in fresh}


_FIND_PG = (
    "SELECT id, position, voided, body FROM statements"
    " WHERE tenant_id = :tenant_id AND id = ANY(CAST(:ids AS uuid[])) ORDER BY id"
)
_FIND = {False: text(_FIND_PG), True: text(_FIND_PG + " FOR UPDATE")}
_FIND_LITE = text(
    "SELECT id, position, voided, body FROM statements"
    " WHERE tenant_id = :tenant_id AND id IN (SELECT value FROM json_each(:ids))"
)


def find(tenant_id: int, ids: Collection[str], *, lock: bool = False) -> list[Stored]:
    """Rows of these ids, placeholders included; ``lock`` keeps them from other writers until the end of the transaction."""
    if not ids:
        return []
    if _postgres():
        result = session().execute(_FIND[lock], {"tenant_id": tenant_id, "ids": sorted(ids)})
    else:
        packed = msgspec.json.encode([_compact(i) for i in ids]).decode()
        result = session().execute(_FIND_LITE, {"tenant_id": tenant_id, "ids": packed})
    return [Stored(_dashed(str(r[0])), r[1], bool(r[2]), r[3]) for r in result]


_FILL = text(
    "UPDATE statements SET position = :position, body = :body, authority = :authority"
    " WHERE tenant_id = :tenant_id AND id = :id AND position IS NULL"
)
_VOID = text("UPDATE statements SET voided = :yes WHERE tenant_id = :tenant_id AND id = :id")


def _id(id_: str) -> str:
    return id_ if _postgres() else _compact(id_)


def fill_placeholder(tenant_id: int, authority: int, row: NewRow) -> None:
    values = {"tenant_id": tenant_id, "id": _id(row.id), "position": row.position, "body": row.body}
    session().execute(_FILL, values | {"authority": authority})


def mark_voided(tenant_id: int, id_: str) -> None:
    session().execute(_VOID, {"tenant_id": tenant_id, "id": _id(id_), "yes": True})


_REFERENCES_PG = text(
    "INSERT INTO statement_references (tenant_id, reference, position)"
    " SELECT :tenant_id, r, p FROM unnest(CAST(:references AS bigint[]), CAST(:positions AS bigint[])) AS new (r, p)"
    " ON CONFLICT DO NOTHING"
)
_REFERENCES_LITE = text(
    "INSERT OR IGNORE INTO statement_references (tenant_id, reference, position) VALUES (:t, :r, :p)"
)


def insert_references(tenant_id: int, pairs: Iterable[tuple[int, int]]) -> None:
    """Write (reference, position) pairs in the order of the index."""
    ordered = sorted(pairs)
    if not ordered:
        return
    if _postgres():
        # Array literals: quicker to make and to read than lists of parameters.
        session().execute(
            _REFERENCES_PG,
            {
                "tenant_id": tenant_id,
                "references": "{" + ",".join([str(r) for r, _ in ordered]) + "}",
                "positions": "{" + ",".join([str(p) for _, p in ordered]) + "}",
            },
        )
    else:
        session().execute(_REFERENCES_LITE, [{"t": tenant_id, "r": r, "p": p} for r, p in ordered])


_EDGE = text(
    "INSERT INTO statement_targets (tenant_id, target_id, id, position, voids)"
    " VALUES (:tenant_id, :target, :id, :position, :voids)"
)
_REFERRERS_PG = text(
    "SELECT id, position, voids FROM statement_targets WHERE tenant_id = :tenant_id AND target_id = :target ORDER BY id"
)


def insert_edges(tenant_id: int, edges: Iterable[Edge]) -> None:
    values = [
        {
            "tenant_id": tenant_id,
            "target": _id(e.target),
            "id": _id(e.id),
            "position": e.position,
            "voids": e.voids,
        }
        for e in edges
    ]
    if values:
        session().execute(_EDGE, values)


def referrers(tenant_id: int, target: str) -> list[Edge]:
    """Statements that point at ``target``."""
    rows = session().execute(_REFERRERS_PG, {"tenant_id": tenant_id, "target": _id(target)})
    return [Edge(target, _dashed(str(i)), p, bool(v)) for i, p, v in rows]
