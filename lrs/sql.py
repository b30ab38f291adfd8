"""The statements of SQL that write the store, for both databases: one round trip for many rows, in one global order."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import text

from core.db import dialect, driver_sql, session


@dataclass(slots=True)
class Stored:
    """A row of ``statements``; without position and body it only holds the place of a statement still to come."""

    id: str
    position: int | None
    voided: bool
    body: str | None


@dataclass(slots=True)
class NewRow:
    """With nothing but ``id`` it holds the place of an unknown target. ``references`` are what filters find it by."""

    id: str
    position: int | None = None
    authority: int | None = None
    body: str | None = None
    references: Collection[int] = ()


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


# Bodies are joined by a character that JSON cannot contain: much quicker to write and to read than an array of texts.
_SEPARATOR, _NONE = "\x1e", "\x1f"
_REFERENCES_PG = (
    "INSERT INTO statement_references (tenant_id, reference, position)"
    " SELECT %s::int, r, p FROM unnest(%s::bigint[], %s::bigint[]) AS new (r, p)"
)
_REFERENCES_LITE = "INSERT OR IGNORE INTO statement_references (tenant_id, reference, position) VALUES (?, ?, ?)"
_INSERT_PG = (
    "WITH inserted AS (INSERT INTO statements (tenant_id, id, position, voided, authority, body)"  # noqa: S608 - no word of a client
    " SELECT %s::int, i, p, false, a, b"
    " FROM unnest(%s::uuid[], %s::bigint[], %s::bigint[], string_to_array(%s::text, E'\\x1e', E'\\x1f')) AS new (i, p, a, b)"
    " ON CONFLICT (tenant_id, id) DO NOTHING RETURNING id, position),"
    # Nothing has referred to these positions before: to look whether it has would be a sixth of the whole statement's time.
    f" referred AS ({_REFERENCES_PG} WHERE p IN (SELECT position FROM inserted)) SELECT id::text FROM inserted"
)
# Rows of one statement of SQL: a connection keeps as much memory as the longest took.
_TOGETHER = 250
_TAKEN_LITE = "SELECT id FROM statements WHERE tenant_id = ? AND id IN (SELECT value FROM json_each(?))"
_INSERT_LITE = "INSERT INTO statements (tenant_id, id, position, voided, authority, body) VALUES (?, ?, ?, 0, ?, ?)"


def _array(values: list[Any]) -> str:
    """An array literal of numbers or ids: quicker to make and to read than a list of parameters."""
    return f"{{{msgspec.json.encode(values)[1:-1].decode()}}}"


def insert_statements(tenant_id: int, rows: list[NewRow]) -> set[str]:
    """Insert those that are not there, with their references, and return their ids.

    Rows go in by id, whoever writes: two transactions that share ids wait for each other but never in a circle.
    """
    rows = sorted(rows, key=lambda row: row.id)
    if not _postgres():
        return _insert_lite(tenant_id, rows)
    inserted: set[str] = set()
    for start in range(0, len(rows), _TOGETHER):
        inserted |= _insert_pg(tenant_id, rows[start : start + _TOGETHER])
    return inserted


def pairs_of(rows: Iterable[NewRow]) -> list[tuple[int, int]]:
    """(reference, position) of all, by reference: what comes in the order of the index is written sooner."""
    positions: dict[int, list[int]] = {}
    for row in rows:
        if row.position is None:
            continue
        # Statements that come together share many: to sort what they share takes half the time of sorting all pairs.
        for reference in row.references:
            if reference in positions:
                positions[reference].append(row.position)
            else:
                positions[reference] = [row.position]
    return [(reference, position) for reference in sorted(positions) for position in positions[reference]]


def _insert_pg(tenant_id: int, rows: list[NewRow]) -> set[str]:
    found = driver_sql(
        _INSERT_PG,
        (
            tenant_id,
            _array([r.id for r in rows]),
            _array([r.position for r in rows]),
            _array([r.authority for r in rows]),
            _SEPARATOR.join([_NONE if r.body is None else r.body for r in rows]),
            *_packed(tenant_id, pairs_of(rows)),
        ),
        planned=True,
    )
    return {id_ for (id_,) in found}


def _packed(tenant_id: int, pairs: list[tuple[int, int]]) -> tuple[int, str, str]:
    return tenant_id, _array([r for r, _ in pairs]), _array([p for _, p in pairs])


def _insert_lite(tenant_id: int, rows: list[NewRow]) -> set[str]:
    """Whoever writes to SQLite is alone: what is not there now will not be there before it is inserted."""
    new = {_compact(row.id): row for row in rows}
    for (id_,) in driver_sql(_TAKEN_LITE, (tenant_id, msgspec.json.encode(list(new)).decode())):
        del new[id_]
    driver_sql(_INSERT_LITE, [(tenant_id, id_, r.position, r.authority, r.body) for id_, r in new.items()])
    _write_references(tenant_id, pairs_of(new.values()))
    return {r.id for r in new.values()}


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
        result = session().execute(_FIND_LITE, {"tenant_id": tenant_id, "ids": _compacted(ids)})
    return [Stored(_dashed(str(r[0])), r[1], bool(r[2]), r[3]) for r in result]


def hold(tenant_id: int, ids: Collection[str]) -> list[Stored]:
    """As :func:`find` with ``lock``, all of them: places are held for those that are not there.

    What another transaction has just deleted may be neither there nor, a moment before, to be inserted.
    """
    found: list[Stored] = []
    missing = set(ids)
    while missing:
        found += find(tenant_id, missing, lock=True)
        missing -= {s.id for s in found}
        if missing:
            insert_statements(tenant_id, [NewRow(id_) for id_ in missing])
    return found


_FILL = text(
    "UPDATE statements SET position = :position, body = :body, authority = :authority"
    " WHERE tenant_id = :tenant_id AND id = :id AND position IS NULL"
)
_VOID = text("UPDATE statements SET voided = :yes WHERE tenant_id = :tenant_id AND id = :id")


def id_of(id_: str) -> str:
    """A statement id as the database keeps it."""
    return id_ if _postgres() else _compact(id_)


def fill_placeholder(tenant_id: int, row: NewRow) -> None:
    values = {"tenant_id": tenant_id, "id": id_of(row.id), "position": row.position, "body": row.body}
    session().execute(_FILL, values | {"authority": row.authority})


def mark_voided(tenant_id: int, id_: str) -> None:
    session().execute(_VOID, {"tenant_id": tenant_id, "id": id_of(id_), "yes": True})


def insert_references(tenant_id: int, pairs: Iterable[tuple[int, int]]) -> None:
    """Write (reference, position) pairs, of which some may be there."""
    _write_references(tenant_id, sorted(pairs))


def _write_references(tenant_id: int, ordered: list[tuple[int, int]]) -> None:
    if not ordered:
        return
    if _postgres():
        driver_sql(f"{_REFERENCES_PG} ON CONFLICT DO NOTHING", _packed(tenant_id, ordered), planned=True)
    else:
        driver_sql(_REFERENCES_LITE, [(tenant_id, r, p) for r, p in ordered])


_EDGE = text(
    "INSERT INTO statement_targets (tenant_id, target_id, id, position, voids)"
    " VALUES (:tenant_id, :target, :id, :position, :voids)"
)
_REFERRERS_PG = text(
    "SELECT target_id, id, position, voids FROM statement_targets"
    " WHERE tenant_id = :tenant_id AND target_id = ANY(CAST(:targets AS uuid[])) ORDER BY id"
)
_REFERRERS_LITE = text(
    "SELECT target_id, id, position, voids FROM statement_targets"
    " WHERE tenant_id = :tenant_id AND target_id IN (SELECT value FROM json_each(:targets)) ORDER BY id"
)


def insert_edges(tenant_id: int, edges: Iterable[Edge]) -> None:
    values = [
        {
            "tenant_id": tenant_id,
            "target": id_of(e.target),
            "id": id_of(e.id),
            "position": e.position,
            "voids": e.voids,
        }
        for e in edges
    ]
    if values:
        session().execute(_EDGE, values)


def referrers(tenant_id: int, targets: Collection[str]) -> list[Edge]:
    """Statements that point at one of ``targets``."""
    if not targets:
        return []
    if _postgres():
        found = session().execute(_REFERRERS_PG, {"tenant_id": tenant_id, "targets": sorted(targets)})
    else:
        found = session().execute(_REFERRERS_LITE, {"tenant_id": tenant_id, "targets": _compacted(targets)})
    return [Edge(_dashed(str(t)), _dashed(str(i)), p, bool(v)) for t, i, p, v in found]


def _compacted(ids: Iterable[str]) -> str:
    """Ids for SQLite's ``json_each``."""
    return msgspec.json.encode([_compact(id_) for id_ in ids]).decode()
