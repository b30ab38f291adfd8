"""Taking statements out of the store, or changing what they say, with everything that finds them kept true.

The only two operations that touch a stored statement; purging and erasure are made of them. Both work in the current unit of work.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

import msgspec
from sqlalchemy import delete as sql_delete
from sqlalchemy import text, update

from core.db import dialect, session
from lrs import linking, sql
from lrs.models import StatementRow, StatementTarget
from lrs.rows import Authority

# Each (position, references that find it).
_Found = dict[str, tuple[int, set[int]]]

_DELETE_PG = text(
    "DELETE FROM statement_references s USING unnest(CAST(:references AS bigint[]), CAST(:positions AS bigint[])) AS old (r, p)"
    " WHERE s.tenant_id = :tenant_id AND s.reference = old.r AND s.position = old.p"
)
_DELETE_LITE = text("DELETE FROM statement_references WHERE tenant_id = :t AND reference = :r AND position = :p")


def delete(tenant_id: int, ids: Collection[str]) -> int:
    """Delete statements; returns how many were there. Where others point at one, only its place is held, as before it came."""
    stored = {s.id: s for s in sql.find(tenant_id, ids, lock=True) if s.body is not None}
    before = _found(tenant_id, stored)
    pointing = linking.pointing_at(tenant_id, stored).keys() - stored.keys()
    before_pointing = _found(tenant_id, pointing)
    _delete_references(tenant_id, ((r, position) for position, refs in before.values() for r in refs))
    targets = {t for s in stored.values() if (t := linking.target_of(msgspec.json.decode(s.body or ""))) is not None}
    session().execute(
        sql_delete(StatementTarget).where(
            StatementTarget.tenant_id == tenant_id,
            StatementTarget.target_id.in_(sorted(targets)),
            StatementTarget.id.in_(sorted(stored)),
        )
    )
    held = {e.target for e in sql.referrers(tenant_id, stored.keys())}
    idle = {s.id for s in sql.find(tenant_id, targets - stored.keys(), lock=True) if s.body is None}
    idle -= {e.target for e in sql.referrers(tenant_id, idle)}
    _rows(tenant_id, held, {"position": None, "body": None, "authority": None, "voided": False})
    for part in _parts(sorted((stored.keys() - held) | idle)):
        session().execute(
            sql_delete(StatementRow).where(StatementRow.tenant_id == tenant_id, StatementRow.id.in_(part))
        )
    _correct(tenant_id, before_pointing)
    return len(stored)


def rewrite(tenant_id: int, id_: str, body: bytes) -> None:
    """Put ``body`` (valid, with everything the store adds) in the place of what the statement says."""
    before = _found(tenant_id, {id_, *linking.pointing_at(tenant_id, [id_])})
    authority = msgspec.json.decode(body)["authority"]
    by = Authority.of(authority).reference
    _rows(tenant_id, [id_], {"body": body.decode(), "authority": by})
    _correct(tenant_id, before)


def _rows(tenant_id: int, ids: Iterable[str], values: dict[str, object]) -> None:
    for part in _parts(sorted(ids)):
        session().execute(
            update(StatementRow).where(StatementRow.tenant_id == tenant_id, StatementRow.id.in_(part)).values(**values)
        )


def _parts(ids: list[str], size: int = 500) -> Iterable[list[str]]:
    return (ids[i : i + size] for i in range(0, len(ids), size))


def _found(tenant_id: int, ids: Collection[str]) -> _Found:
    rows = sql.find(tenant_id, ids, lock=True)
    chains = linking.Chains()
    chains.read(tenant_id, ids)
    return {s.id: (s.position, chains.references(s.id)) for s in rows if s.position is not None}


def _correct(tenant_id: int, before: _Found) -> None:
    """Bring the references of statements up to date that changed, or point at what changed."""
    after = _found(tenant_id, before.keys())
    gone = [(r, position) for id_, (position, refs) in before.items() for r in refs - after[id_][1]]
    _delete_references(tenant_id, gone)
    sql.insert_references(
        tenant_id, [(r, position) for id_, (position, refs) in after.items() for r in refs - before[id_][1]]
    )


def _delete_references(tenant_id: int, pairs: Iterable[tuple[int, int]]) -> None:
    ordered = sorted(pairs)
    if not ordered:
        return
    if dialect() == "postgresql":
        values = {"references": [r for r, _ in ordered], "positions": [p for _, p in ordered]}
        session().execute(_DELETE_PG, {"tenant_id": tenant_id, **values})
    else:
        session().execute(_DELETE_LITE, [{"t": tenant_id, "r": r, "p": p} for r, p in ordered])
