"""Finding statements. Usable without HTTP:

    newest(tenant_id, filters=Filters(...), cursor=None, limit=50) -> Page
    one(tenant_id, statement_id) -> Found | None

``Page.statements`` are the exact JSON bytes of statements, newest first; ``Page.cursor`` continues after them, or is None at the end.
Filters are ANDed; each is served by index ranges (``statement_references``), never by reading JSON: a `related` one by two, that of the
direct role and that of the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import product
from typing import Any

from core.db import read
from core.errors import Invalid
from lrs import consistency, sql
from lrs.formats import is_uuid
from lrs.identity import (
    ACTIVITY,
    ACTIVITY_INDIRECT,
    AGENT,
    AGENT_INDIRECT,
    REGISTRATION,
    VERB,
    ifi,
    reference,
)


@dataclass(frozen=True, kw_only=True)
class Filters:
    """``agent`` is an agent or identified group object. ``since`` excludes its moment, ``until`` includes it (aware datetimes).

    ``authority`` (see :func:`authority_reference`) keeps only what one credential has stored. ``references`` are what
    :func:`wanted_references` gave for filters, in place of these: numbers where there may be long texts.
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
    references: tuple[tuple[int, ...], ...] | None = None


@dataclass(frozen=True)
class Page:
    """``position`` of the last statement continues the page; None: there are no more."""

    statements: list[bytes]
    positions: list[int]
    more: bool

    @property
    def cursor(self) -> str | None:
        return str(consistency.cursor_of(self.positions[-1])) if self.more else None


@dataclass(frozen=True)
class Found:
    body: bytes
    voided: bool
    position: int
    authority: int | None


def authority_reference(authority: dict[str, Any]) -> int:
    """What ``Filters.authority`` wants for the agent that stored statements."""
    return reference(AGENT_INDIRECT, ifi(authority) or "")


def newest(tenant_id: int, *, filters: Filters | None = None, cursor: str | None = None, limit: int = 50) -> Page:
    """One page, newest first, of what is visible now. :class:`Invalid` for a cursor that is none."""
    if cursor is not None and not (cursor.isdecimal() and len(cursor) <= 20):
        raise Invalid(f"{cursor[:50]!r} is not a cursor")
    after = consistency.position_of(int(cursor)) if cursor is not None else None
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
    words, parameters = page_sql(tenant_id, filters, limit + 1, after, ascending, through)
    # By position: a statement that points at another may be found both in a role of its own and in another of that one's.
    found = dict(read(words, parameters))
    kept = sorted(found, reverse=not ascending)[:limit]
    return Page([found[position].encode() for position in kept], kept, len(found) > limit)


def count(tenant_id: int, filters: Filters, *, after: int, most: int) -> int:
    """How many there are beyond position ``after``; no more than ``most`` are counted."""
    words, parameters = page_sql(tenant_id, filters, most, after, True, None)
    words = f"SELECT count(DISTINCT position) FROM ({words}) AS found"  # noqa: S608 - no word of a client
    return min(most, int(read(words, parameters)[0][0]))


def wanted_references(filters: Filters) -> list[tuple[int, ...]]:
    """For each filter the references of which one must find a statement.

    Fewest statements first as far as the kind tells: the first filter drives the scan.
    """
    if filters.references is not None:
        return list(filters.references)
    found: list[tuple[int, ...]] = []
    if filters.registration is not None:
        found.append((reference(REGISTRATION, filters.registration.lower()),))
    if filters.agent is not None:
        kinds = (AGENT, AGENT_INDIRECT) if filters.related_agents else (AGENT,)
        found.append(tuple(reference(kind, ifi(filters.agent) or "") for kind in kinds))
    if filters.activity is not None:
        kinds = (ACTIVITY, ACTIVITY_INDIRECT) if filters.related_activities else (ACTIVITY,)
        found.append(tuple(reference(kind, filters.activity) for kind in kinds))
    if filters.verb is not None:
        found.append((reference(VERB, filters.verb),))
    return found


def page_sql(
    tenant_id: int, filters: Filters, limit: int, after: int | None, ascending: bool, through: int | None
) -> tuple[str, list[int]]:
    """The SELECT of a page in the words of :func:`core.db.read`, and its parameters.

    Where a `related` filter makes several ways to find a statement, each has its own order and ``limit``.
    """
    low, high = position_range(filters, after, ascending, through)
    within = [low] if high is None else [low, high]
    wanted = wanted_references(filters)
    if not wanted and filters.authority is not None:
        # Who stored a statement is an agent beside it.
        wanted = [(filters.authority,)]
    ways = list(product(*wanted))
    parameters: list[int] = []
    for way in ways:
        for number, value in enumerate(way):
            parameters += [tenant_id, value, *([] if number else within)]
        parameters += [tenant_id, *([] if way else within)]
        parameters += [] if filters.authority is None else [filters.authority]
        parameters.append(limit)
    words = _select(len(wanted), high is not None, filters.authority is not None, ascending)
    # No parentheses around parts of a UNION in SQLite.
    several = " UNION ALL ".join(f"SELECT * FROM ({words}) AS way{n}" for n in range(len(ways)))  # noqa: S608 - no word of a client
    return words if len(ways) == 1 else several, parameters


@cache
def _select(references: int, bounded: bool, of_authority: bool, ascending: bool) -> str:
    """The first reference is an index range in the order of the answer; the others are looked up for each of its rows.

    As questions within the question and not as joins: without statistics, as on a store that has just been filled, a join may read the
    whole range of another reference for each row. Always bounded below: rows without a position are places held for statements to come.
    """
    leading = "r" if references else "s"
    within = f"{leading}.position >= %s" + (f" AND {leading}.position < %s" if bounded else "")
    another = "(SELECT 1 FROM statement_references o WHERE o.tenant_id = %s AND o.reference = %s AND o.position = r.position) = 1"
    where = [f"r.tenant_id = %s AND r.reference = %s AND {within}", *[another] * (references - 1)] if references else []
    where.append("s.tenant_id = %s AND NOT s.voided")
    where.append("s.position = r.position" if references else within)
    if of_authority:
        where.append("s.authority = %s")
    tables = "statement_references r, statements s" if references else "statements s"
    return (
        f"SELECT s.position, s.body FROM {tables} WHERE {' AND '.join(where)}"  # noqa: S608 - no word of a client
        f" ORDER BY {leading}.position {'ASC' if ascending else 'DESC'} LIMIT %s"
    )


def position_range(filters: Filters, after: int | None, ascending: bool, through: int | None) -> tuple[int, int | None]:
    """Positions from ``low`` to below ``high``."""
    low, high = consistency.FIRST, None
    if filters.since is not None:
        low = consistency.start_of(consistency.milliseconds(filters.since) + 1)
    ends = [consistency.milliseconds(filters.until)] if filters.until is not None else []
    if through is not None:
        ends.append(through)
    if ends:
        high = consistency.start_of(min(ends) + 1)
    if after is not None and ascending:
        low = max(low, after + 1)
    elif after is not None:
        high = after if high is None else min(high, after)
    return consistency.clamp(low), None if high is None else consistency.clamp(high)


def one(tenant_id: int, statement_id: str) -> Found | None:
    """The statement with this id, voided or not, or None."""
    if not is_uuid(statement_id):
        raise Invalid(f"{statement_id[:50]!r} is not a UUID", code="statementId")
    for body, voided, position, authority in read(_ONE, (tenant_id, sql.id_of(statement_id.lower())), planned=True):
        return Found(body.encode(), bool(voided), position, authority)
    return None


_ONE = (
    "SELECT body, voided, position, authority FROM statements"
    " WHERE tenant_id = %s AND id = %s AND body IS NOT NULL AND position IS NOT NULL"
)


def stored_bodies(tenant_id: int, ids: list[str]) -> dict[str, bytes]:
    """Exact JSON of those of ``ids`` that are stored, by id in lower case."""
    found = sql.find(tenant_id, [i.lower() for i in ids])
    return {s.id: s.body.encode() for s in found if s.body is not None}
