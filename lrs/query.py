"""Finding statements. Usable without HTTP:

    newest(tenant_id, filters=Filters(...), cursor=None, limit=50) -> Page
    one(tenant_id, statement_id) -> Found | None

``Page.statements`` are the exact JSON bytes of statements, newest first; ``Page.cursor`` continues after them, or is None at the end.
Filters are ANDed; each is served by one index range (``statement_references``), never by reading JSON.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, select
from sqlalchemy.orm import aliased

from core.db import session
from core.errors import Invalid
from lrs import consistency, sql
from lrs.consistency import SHIFT
from lrs.formats import is_uuid
from lrs.identity import (
    ACTIVITY,
    ACTIVITY_RELATED,
    AGENT,
    AGENT_RELATED,
    REGISTRATION,
    VERB,
    ifi,
    reference,
)
from lrs.models import StatementReference, StatementRow


@dataclass(frozen=True, kw_only=True)
class Filters:
    """``agent`` is an agent or identified group object. ``since`` excludes its moment, ``until`` includes it (aware datetimes).

    ``authority`` (see :func:`authority_reference`) keeps only what one credential has stored.
    """

    agent: dict[str, Any] | None = None
    verb: str | None = None
    activity: str | None = None
    registration: str | None = None
    related_agents: bool = False
    related_activities: bool = False
    since: datetime | None = None
    until: datetime | None = None
    authority: int | None = None


@dataclass(frozen=True)
class Page:
    """``position`` of the last statement continues the page; None: there are no more."""

    statements: list[bytes]
    positions: list[int]
    more: bool

    @property
    def cursor(self) -> str | None:
        return str(self.positions[-1]) if self.more else None


@dataclass(frozen=True)
class Found:
    body: bytes
    voided: bool
    position: int
    authority: int | None


def authority_reference(authority: dict[str, Any]) -> int:
    """What ``Filters.authority`` wants for the agent that stored statements."""
    return reference(AGENT_RELATED, ifi(authority) or "")


def newest(tenant_id: int, *, filters: Filters | None = None, cursor: str | None = None, limit: int = 50) -> Page:
    """One page, newest first, of what is visible now. :class:`Invalid` for a cursor that is none."""
    if cursor is not None and not cursor.isdecimal():
        raise Invalid(f"{cursor[:50]!r} is not a cursor")
    after = int(cursor) if cursor is not None else None
    return page(tenant_id, filters or Filters(), after=after, limit=limit)


def page(
    tenant_id: int,
    filters: Filters,
    *,
    limit: int,
    after: int | None = None,
    ascending: bool = False,
    through: int | None = None,
) -> Page:
    """Statements beyond position ``after`` in the chosen direction, none stored later than ``through`` (milliseconds)."""
    query = select_page(tenant_id, filters, after, ascending, through).limit(limit + 1)
    found = session().execute(query).all()
    kept = found[:limit]
    return Page([body.encode() for _, body in kept], [position for position, _ in kept], len(found) > limit)


def wanted_references(filters: Filters) -> list[int]:
    """Fewest statements first as far as the kind tells: the first one drives the scan."""
    found = []
    if filters.registration is not None:
        found.append(reference(REGISTRATION, filters.registration.lower()))
    if filters.agent is not None:
        found.append(reference(AGENT_RELATED if filters.related_agents else AGENT, ifi(filters.agent) or ""))
    if filters.activity is not None:
        found.append(reference(ACTIVITY_RELATED if filters.related_activities else ACTIVITY, filters.activity))
    if filters.verb is not None:
        found.append(reference(VERB, filters.verb))
    return found


def select_page(tenant_id: int, filters: Filters, after: int | None, ascending: bool, through: int | None) -> Any:
    low, high = position_range(filters, after, ascending, through)
    wanted = wanted_references(filters)
    query: Any = select(StatementRow.position, StatementRow.body)
    leading: Any = StatementRow.position
    previous: Any = None
    for value in wanted:
        row = aliased(StatementReference)
        matches = [row.tenant_id == tenant_id, row.reference == value, *_within(row.position, low, high)]
        if previous is None:
            leading = row.position
            query = query.select_from(row).where(*matches)
        else:
            query = query.join(row, and_(row.position == previous.position, *matches))
        previous = row
    same = [StatementRow.tenant_id == tenant_id, StatementRow.voided.is_(False)]
    if previous is None:
        query = query.where(*same, *_within(StatementRow.position, low, high))
    else:
        query = query.join(StatementRow, and_(StatementRow.position == leading, *same))
    if filters.authority is not None:
        query = query.where(StatementRow.authority == filters.authority)
    return query.order_by(leading.asc() if ascending else leading.desc())


def position_range(filters: Filters, after: int | None, ascending: bool, through: int | None) -> tuple[int, int | None]:
    """Positions from ``low`` to below ``high``."""
    low, high = 0, None
    if filters.since is not None:
        low = consistency.milliseconds(filters.since) + 1 << SHIFT
    ends = [consistency.milliseconds(filters.until)] if filters.until is not None else []
    if through is not None:
        ends.append(through)
    if ends:
        high = min(ends) + 1 << SHIFT
    if after is not None and ascending:
        low = max(low, after + 1)
    elif after is not None:
        high = after if high is None else min(high, after)
    # A bigint holds moments until the year 39,000.
    return _clamp(low), None if high is None else _clamp(high)


def _clamp(position: int) -> int:
    return max(0, min(position, (1 << 63) - 1))


def _within(column: Any, low: int, high: int | None) -> list[Any]:
    """Always bounded below: rows without a position are places held for statements still to come."""
    return [column >= low] if high is None else [column >= low, column < high]


def one(tenant_id: int, statement_id: str) -> Found | None:
    """The statement with this id, voided or not, or None."""
    if not is_uuid(statement_id):
        raise Invalid(f"{statement_id[:50]!r} is not a UUID", code="statementId")
    query = select(StatementRow.body, StatementRow.voided, StatementRow.position, StatementRow.authority).where(
        StatementRow.tenant_id == tenant_id, StatementRow.id == statement_id.lower()
    )
    row = session().execute(query).one_or_none()
    if row is None or row[0] is None or row[2] is None:
        return None
    return Found(row[0].encode(), row[1], row[2], row[3])


def stored_bodies(tenant_id: int, ids: list[str]) -> dict[str, bytes]:
    """Exact JSON of those of ``ids`` that are stored, by id in lower case."""
    found = sql.find(tenant_id, [i.lower() for i in ids])
    return {s.id: s.body.encode() for s in found if s.body is not None}
