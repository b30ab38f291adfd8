"""Whether everything that finds statements agrees with what they say.

    for problem in problems(tenant_id, tell): ...

Reads a whole tenant once and recomputes what storing, voiding, purging and erasing have kept up to date a step at a time. Call it
within :func:`core.db.snapshot`: what others write meanwhile would look like damage.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec
from sqlalchemy import func, select, text

from core.db import dialect, session
from lrs import linking, sql
from lrs.models import StatementReference, StatementRow, StatementTarget
from lrs.rows import Authority
from lrs.validation import VOIDED

# Statements read together.
PART = 1000

Tell = Callable[[int, int], None]

_MISSING_PG = text(
    "SELECT DISTINCT p FROM unnest(CAST(:references AS bigint[]), CAST(:positions AS bigint[])) AS wanted (r, p) WHERE NOT EXISTS"
    " (SELECT 1 FROM statement_references s WHERE s.tenant_id = :tenant_id AND s.reference = r AND s.position = p)"
)
_MISSING_LITE = text(
    "SELECT DISTINCT value ->> 1 FROM json_each(:pairs) WHERE NOT EXISTS"
    " (SELECT 1 FROM statement_references s"
    " WHERE s.tenant_id = :tenant_id AND s.reference = value ->> 0 AND s.position = value ->> 1)"
)


@dataclass
class _Read:
    """A part of the stored order: where its statements are, by id, what finds them and what they point at."""

    positions: dict[str, int] = field(default_factory=dict)
    chains: linking.Chains = field(default_factory=linking.Chains)
    edges: set[sql.Edge] = field(default_factory=set)


def problems(tenant_id: int, tell: Tell) -> Iterator[str]:
    """What is wrong, in words; ``tell`` hears how many statements of how many are done."""
    total = _count(StatementRow, StatementRow.tenant_id == tenant_id, StatementRow.body.is_not(None))
    done = references = edges = damaged = 0
    for rows in _parts(tenant_id):
        tell(done, total)
        read = _Read()
        for row in rows:
            wrong = _take(row, read)
            if wrong is not None:
                damaged += 1
                yield f"statement {row.id} {wrong}"
        pairs = _pairs(tenant_id, read)
        yield from _unfound(tenant_id, read, pairs)
        yield from _unlinked(tenant_id, read.edges)
        done, references, edges = done + len(rows), references + len(pairs), edges + len(read.edges)
    tell(total, total)
    if not damaged:
        # Of what cannot be read nobody knows by what it should be found.
        yield from _left_over(tenant_id, references, edges)
    yield from _unreachable(tenant_id)


def _count(table: Any, *where: Any) -> int:
    return session().scalar(select(func.count()).select_from(table).where(*where)) or 0


def _parts(tenant_id: int) -> Iterator[list[Any]]:
    """Statements in the stored order."""
    query = (
        select(StatementRow.id, StatementRow.position, StatementRow.authority, StatementRow.body)
        .where(StatementRow.tenant_id == tenant_id, StatementRow.body.is_not(None), StatementRow.position.is_not(None))
        .order_by(StatementRow.position)
        .limit(PART)
    )
    rows = list(session().execute(query))
    while rows:
        yield rows
        rows = list(session().execute(query.where(StatementRow.position > rows[-1].position)))


def _take(row: Any, read: _Read) -> str | None:
    """Read a statement; what is wrong with it by itself."""
    try:
        value = msgspec.json.decode(row.body)
        found_by, target, voids = linking.found_by(value), linking.target_of(value), value["verb"]["id"] == VOIDED
        whose = Authority.of(value["authority"]).reference
        if value["id"].lower() != row.id:
            return f"holds the id {value['id']}"
    except (msgspec.MsgspecError, LookupError, TypeError, AttributeError) as error:
        return f"cannot be read: {error}"
    read.positions[row.id] = row.position
    read.chains.links[row.id] = (found_by, target)
    if target is not None:
        read.edges.add(sql.Edge(target, row.id, row.position, voids))
    return None if whose == row.authority else "belongs to another authority than it says"


def _pairs(tenant_id: int, read: _Read) -> list[tuple[int, int]]:
    """(reference, position) of everything the statements have to be found by."""
    read.chains.read(tenant_id, {edge.target for edge in read.edges})
    return [(r, position) for id_, position in read.positions.items() for r in read.chains.references(id_)]


def _unfound(tenant_id: int, read: _Read, pairs: list[tuple[int, int]]) -> Iterator[str]:
    if dialect() == "postgresql":
        values: dict[str, Any] = {"references": [r for r, _ in pairs], "positions": [p for _, p in pairs]}
        found = session().scalars(_MISSING_PG, {"tenant_id": tenant_id, **values})
    else:
        found = session().scalars(_MISSING_LITE, {"tenant_id": tenant_id, "pairs": msgspec.json.encode(pairs).decode()})
    ids = {position: id_ for id_, position in read.positions.items()}
    for position in sorted(found):
        yield f"statement {ids[position]} is not found by everything it says"


def _unlinked(tenant_id: int, edges: set[sql.Edge]) -> Iterator[str]:
    """Of statements that point at others: what is not known of that, and what should be voided by it."""
    targets = {edge.target for edge in edges}
    known = set(sql.referrers(tenant_id, targets))
    stored = {row.id: row for row in sql.find(tenant_id, targets)}
    for edge in sorted(edges, key=lambda edge: edge.id):
        if edge not in known or edge.target not in stored:
            yield f"statement {edge.id} is not known to point at {edge.target}"
        elif edge.voids and _is_whole(stored[edge.target]):
            yield f"statement {edge.target} is not voided, though {edge.id} voids it"


def _is_whole(target: sql.Stored) -> bool:
    """Stored and not voided, though nothing forbids it: what voids cannot be voided (1.0.3 Data 2.3.2)."""
    if target.body is None or target.voided:
        return False
    return bool(msgspec.json.decode(target.body)["verb"]["id"] != VOIDED)


def _left_over(tenant_id: int, references: int, edges: int) -> Iterator[str]:
    """More than what all statements need; ``references`` and ``edges`` are how many that is, all of them known to be there."""
    more = _count(StatementReference, StatementReference.tenant_id == tenant_id) - references
    if more > 0:
        yield f"{more} entries by which statements are found do not belong to what they say"
    more = _count(StatementTarget, StatementTarget.tenant_id == tenant_id) - edges
    if more > 0:
        yield f"{more} entries say that a statement points at another that does not"


def _unreachable(tenant_id: int) -> Iterator[str]:
    """Statements without a place in the stored order, and places without a statement."""
    query = select(StatementRow.id).where(
        StatementRow.tenant_id == tenant_id, StatementRow.body.is_(None) != StatementRow.position.is_(None)
    )
    for id_ in session().scalars(query):
        yield f"statement {id_} has no place in the stored order, or is only that"
