"""Deleting statements by time or by query. Works in the current unit of work, a batch at a time."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
from sqlalchemy import delete, exists, select

from core.db import session
from lrs import attachments, consistency, query, removal
from lrs.models import Attachment, StatementReference, StatementRow, StatementTarget
from lrs.query import Filters

BATCH = 500


@dataclass
class Outcome:
    """``kept`` are voiding statements whose target stays: without them it would be valid again."""

    statements: int = 0
    kept: int = 0
    attachments: int = 0
    oldest: str | None = None
    newest: str | None = None


@dataclass(frozen=True)
class _Candidate:
    id: str
    position: int


def purge(
    tenant_id: int,
    filters: Filters,
    ids: list[str] | None,
    *,
    after: int,
    through: int,
    outcome: Outcome,
    dry: bool,
) -> int | None:
    """One batch beyond position ``after`` of what ``filters`` (and ``ids``) find, voided statements included.

    Returns where to go on, or None at the end.
    """
    found = _candidates(tenant_id, filters, ids, after, through)
    wanted = {c.id for c in found}
    voids = _targets(tenant_id, found)
    going = {c.id for c in _candidates(tenant_id, filters, ids, consistency.FIRST, through, among=list(voids.values()))}
    kept = {id_ for id_, target in voids.items() if target not in going}
    for one in found:
        if one.id in kept:
            continue
        stored = consistency.stored_text(one.position)
        outcome.oldest = min(outcome.oldest or stored, stored)
        outcome.newest = max(outcome.newest or stored, stored)
    outcome.statements += len(wanted - kept)
    outcome.kept += len(kept)
    if not dry:
        removal.delete(tenant_id, wanted - kept)
    return found[-1].position if len(found) == BATCH else None


def _candidates(
    tenant_id: int, filters: Filters, ids: list[str] | None, after: int, through: int, among: list[str] | None = None
) -> list[_Candidate]:
    low, high = query.position_range(filters, after, True, through)
    row = StatementRow
    wanted = select(row.id, row.position).where(row.tenant_id == tenant_id, row.position >= low)
    if high is not None:
        wanted = wanted.where(row.position < high)
    if ids is not None:
        wanted = wanted.where(row.id.in_(ids))
    if among is not None:
        wanted = wanted.where(row.id.in_(among))
    if filters.authority is not None:
        wanted = wanted.where(row.authority == filters.authority)
    for references in query.wanted_references(filters):
        ref = StatementReference
        wanted = wanted.where(
            exists().where(ref.tenant_id == tenant_id, ref.reference.in_(references), ref.position == row.position)
        )
    rows = session().execute(wanted.order_by(row.position).limit(BATCH))
    return [_Candidate(str(id_), position) for id_, position in rows if position is not None]


def _targets(tenant_id: int, found: list[_Candidate]) -> dict[str, str]:
    """Those of ``found`` that void a statement which is there → its id."""
    edge, target = StatementTarget, StatementRow
    query = (
        select(edge.id, edge.target_id)
        .join(target, (target.tenant_id == edge.tenant_id) & (target.id == edge.target_id))
        .where(edge.tenant_id == tenant_id, edge.voids.is_(True), target.body.is_not(None))
        .where(edge.id.in_([c.id for c in found]))
    )
    return {str(id_): str(voided) for id_, voided in session().execute(query)}


def orphans(tenant_id: int, after: str, limit: int = 20_000) -> tuple[list[str], str | None]:
    """(SHA-2 of attachments that no statement declares any more, where to go on or None) among the next ``limit`` attachments.

    Reads every statement with attachments once, in flat memory. A statement and its attachments are committed together, so none
    of those found here can belong to a statement that is being stored.
    """
    query = select(Attachment.sha2).where(Attachment.tenant_id == tenant_id, Attachment.sha2 > after)
    looked_at = list(session().scalars(query.order_by(Attachment.sha2).limit(limit)))
    idle = set(looked_at)
    session().rollback()
    position = consistency.FIRST
    while idle:
        rows = _declaring(tenant_id, position)
        session().rollback()
        for _, body in rows:
            idle -= {a["sha2"].lower() for _, a in attachments.declared(msgspec.json.decode(body))}
        if len(rows) < BATCH:
            break
        position = rows[-1][0]
    return sorted(idle), looked_at[-1] if len(looked_at) == limit else None


def _declaring(tenant_id: int, after: int) -> list[tuple[int, str]]:
    row = StatementRow
    query = select(row.position, row.body).where(
        row.tenant_id == tenant_id, row.position > after, row.body.contains('"attachments"')
    )
    rows = session().execute(query.order_by(row.position).limit(BATCH))
    return [(position, body) for position, body in rows if position is not None and body is not None]


def forget_attachments(tenant_id: int, hashes: list[str]) -> int:
    """Drop attachments in the current unit of work; returns how many were there."""
    gone = 0
    for start in range(0, len(hashes), BATCH):
        some = hashes[start : start + BATCH]
        where = Attachment.tenant_id == tenant_id, Attachment.sha2.in_(some)
        gone += int(getattr(session().execute(delete(Attachment).where(*where)), "rowcount", 0))
    return gone
