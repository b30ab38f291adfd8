"""Finding statements. Usable without HTTP:

    newest(tenant_id, filters=Filters(...), cursor=None, limit=50) -> Page
    one(tenant_id, statement_id) -> Found | None

``Page.statements`` are the exact JSON bytes of statements, newest first; ``Page.cursor`` continues after them, or is None at the end.
A page ends at ``limit`` statements, or with the one that makes it ``PAGE_BYTES``: what a reader holds does not grow with what was stored.
Filters are ANDed; each is served by index ranges (``statement_references``), never by reading JSON: a `related` one by two, that of the
direct role and that of the others.
"""

from __future__ import annotations

from collections.abc import Mapping
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

PAGE_BYTES = 16 << 20


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
    """The last of ``positions`` continues the page where there are ``more``."""

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
    voided: bool = False,
) -> Page:
    """Statements beyond position ``after`` in the chosen direction, none stored later than ``through`` (milliseconds).

    With ``voided`` the voided ones are among them.
    """
    words, parameters = page_sql(tenant_id, filters, limit + 1, after, ascending, through, voided=voided)
    # By position: a statement that points at another may be found both in a role of its own and in another of that one's.
    found: dict[int, bytes] = dict(read(words, parameters, raw=True))
    positions = sorted(found, reverse=not ascending)
    if None not in found.values():
        kept = positions[:limit]
        return Page([found[position] for position in kept], kept, len(found) > limit)
    bounded = _with_large_ones(tenant_id, found, positions, limit)
    # None: all that was found has been deleted meanwhile, which says nothing of what is behind it.
    return bounded or page(
        tenant_id, filters, limit=limit, after=after, ascending=ascending, through=through, voided=voided
    )


def _with_large_ones(
    tenant_id: int, found: Mapping[int, bytes | None], positions: list[int], limit: int
) -> Page | None:
    """As much of what was found as makes ``PAGE_BYTES``; bodies that the SELECT has left out for their size are read one by one."""
    kept: dict[int, bytes] = {}
    looked_at = size = 0
    for position in positions[:limit]:
        looked_at += 1
        body = found[position] or _body(tenant_id, position)
        if body is not None:
            kept[position] = body
            size += len(body)
        if size >= PAGE_BYTES:
            break
    return Page(list(kept.values()), list(kept), len(positions) > looked_at) if kept else None


def _body(tenant_id: int, position: int) -> bytes | None:
    """None: it has been deleted meanwhile."""
    for (body,) in read(_AT, (tenant_id, position), planned=True, raw=True):
        return bytes(body)
    return None


_AT = "SELECT body FROM statements WHERE tenant_id = %s AND position = %s AND body IS NOT NULL"


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
    tenant_id: int,
    filters: Filters,
    limit: int,
    after: int | None,
    ascending: bool,
    through: int | None,
    *,
    voided: bool = False,
) -> tuple[str, list[int]]:
    """The SELECT of a page in the words of :func:`core.db.read`, and its parameters.

    A body larger than its share of ``PAGE_BYTES`` is NULL: together those that are not make no page too large.
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
        parameters.append(PAGE_BYTES // limit)
        for number, value in enumerate(way):
            parameters += [tenant_id, value, *([] if number else within)]
        parameters += [tenant_id, *([] if way else within)]
        parameters += [] if filters.authority is None else [filters.authority]
        parameters.append(limit)
    words = _select(len(wanted), high is not None, filters.authority is not None, ascending, voided)
    # No parentheses around parts of a UNION in SQLite.
    several = " UNION ALL ".join(f"SELECT * FROM ({words}) AS way{n}" for n in range(len(ways)))  # noqa: S608 - no word of a client
    return words if len(ways) == 1 else several, parameters


@cache
def _select(references: int, bounded: bool, of_authority: bool, ascending: bool, voided: bool) -> str:
    """The first reference is an index range in the order of the answer; the others are looked up for each of its rows.

    As questions within the question and not as joins: without statistics, as on a store that has just been filled, a join may read the
    whole range of another reference for each row. Always bounded below: rows without a position are places held for statements to come.
    """
    leading = "r" if references else "s"
    within = f"{leading}.position >= %s" + (f" AND {leading}.position < %s" if bounded else "")
    another = "(SELECT 1 FROM statement_references o WHERE o.tenant_id = %s AND o.reference = %s AND o.position = r.position) = 1"
    where = [f"r.tenant_id = %s AND r.reference = %s AND {within}", *[another] * (references - 1)] if references else []
    # What has a position has a body.
    where.append("s.tenant_id = %s" if voided else "s.tenant_id = %s AND NOT s.voided")
    where.append("s.position = r.position" if references else within)
    if of_authority:
        where.append("s.authority = %s")
    tables = "statement_references r, statements s" if references else "statements s"
    return (
        f"SELECT s.position, CASE WHEN octet_length(s.body) <= %s THEN s.body END FROM {tables} WHERE {' AND '.join(where)}"  # noqa: S608 - no word of a client
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
    parameters = (tenant_id, sql.id_of(statement_id.lower()))
    for body, voided, position, authority in read(_ONE, parameters, planned=True, raw=True):
        return Found(body, bool(voided), position, authority)
    return None


_ONE = (
    "SELECT body, voided, position, authority FROM statements"
    " WHERE tenant_id = %s AND id = %s AND body IS NOT NULL AND position IS NOT NULL"
)


def stored_bodies(tenant_id: int, ids: list[str]) -> dict[str, bytes]:
    """Exact JSON of those of ``ids`` that are stored, by id in lower case."""
    found = sql.find(tenant_id, [i.lower() for i in ids])
    return {s.id: s.body.encode() for s in found if s.body is not None}
