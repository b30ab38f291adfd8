"""Reading everything out again, as lines: statements oldest first exactly as they are stored, and documents. Reads only, in flat memory.

A line of a document is ``{kind, activityId?, agent?, registration?, id, contentType, updated, content | contentBase64}``;
``content`` is its text where the bytes are UTF-8.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import select, tuple_

from core.db import session
from lrs import query
from lrs.identity import actor_of
from lrs.models import Document
from lrs.query import Filters

BATCH = 500


@dataclass(frozen=True)
class Line:
    """A statement and its place in the stored order."""

    position: int
    body: bytes


def statements(tenant_id: int, filters: Filters | None, *, after: int, through: int) -> Iterator[list[Line]]:
    """Batches of statements beyond position ``after``, none stored later than ``through`` (milliseconds).

    Without filters voided ones are among them, so that nothing is lost; with filters it is what the Statement Resource would answer.
    """
    more = True
    while more:
        page = query.page(
            tenant_id,
            filters or Filters(),
            after=after,
            ascending=True,
            through=through,
            limit=BATCH,
            voided=filters is None,
        )
        # Each batch is a read of its own: an export of hours must not hold a snapshot.
        session().rollback()
        more = page.more
        if page.statements:
            yield [Line(p, body) for p, body in zip(page.positions, page.statements, strict=True)]
            after = page.positions[-1]


def documents(tenant_id: int) -> Iterator[bytes]:
    """Every State, Activity Profile and Agent Profile document as one line of JSON."""
    key = (Document.owner, Document.registration, Document.key)
    after = ("", "", "")
    while True:
        found = session().scalars(
            select(Document)
            .where(Document.tenant_id == tenant_id, tuple_(*key) > after)
            .order_by(*key)
            .limit(50)
            .execution_options(populate_existing=True)
        )
        rows = list(found)
        for row in rows:
            yield msgspec.json.encode(_document(row))
        if not rows:
            return
        after = (rows[-1].owner, rows[-1].registration, rows[-1].key)
        session().expunge_all()
        session().rollback()


def _document(row: Document) -> dict[str, Any]:
    line: dict[str, Any] = {"kind": row.kind}
    if row.activity is not None:
        line["activityId"] = row.activity
    if row.agent is not None:
        line["agent"] = actor_of(row.agent)
    if row.registration:
        line["registration"] = row.registration
    line |= {"id": row.id, "contentType": row.content_type, "updated": row.updated.isoformat()}
    try:
        line["content"] = row.content.decode("utf-8")
    except UnicodeDecodeError:
        line["contentBase64"] = base64.b64encode(row.content).decode()
    return line
