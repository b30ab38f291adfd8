"""Storing statements, usable inside any open unit of work.

    store(tenant_id, statements, authority, *, version="2.0.0") -> list[str]

validates statements built in this process, stores them in the current transaction and returns their ids in order. ``statements`` are
dicts of JSON values, ``authority`` is the agent that answers for them. :class:`core.errors.Invalid` names index, path and rule;
:class:`core.errors.Conflict` means that an id is taken by another statement. Each batch emits one event ``statements.stored``.
"""

from __future__ import annotations

from typing import Any

import msgspec

from core import events
from core.errors import Conflict, Invalid
from lrs import comparison, consistency, linking, metadata, parsing, sql, versions
from lrs.rows import Authority, Prepared, prepare
from lrs.validation import validate
from lrs.versions import Version

# More ids than this in an event are only counted.
EVENT_IDS = 1000


def store(
    tenant_id: int, statements: list[dict[str, Any]], authority: dict[str, Any], *, version: str = "2.0.0"
) -> list[str]:
    """See the module; statements without ``id`` get one."""
    rules = versions.of(version)
    received = parsing.from_values(statements)
    return store_prepared(tenant_id, [prepare_all(received, rules, authority)])[0]


def prepare_all(received: list[parsing.Received], rules: Version, authority: dict[str, Any]) -> list[Prepared]:
    """Validate and build rows; needs no database."""
    check(received, rules)
    return prepare_checked(received, rules, authority)


def check(received: list[parsing.Received], rules: Version) -> None:
    """Raise :class:`Invalid` unless all may be stored together."""
    validate((r.value for r in received), rules)
    _distinct([r.value.get("id") for r in received])


def prepare_checked(received: list[parsing.Received], rules: Version, authority: dict[str, Any]) -> list[Prepared]:
    """Build rows of statements that passed :func:`check`."""
    whose = Authority.of(authority)
    return [prepare(r, rules, whose) for r in received]


def _distinct(ids: list[str | None]) -> None:
    seen: set[str] = set()
    for index, id_ in enumerate(ids):
        if id_ is None:
            continue
        if id_.lower() in seen:  # 2.0 §4.1.6.1
            raise Invalid(
                f"statement {index}: $.id {id_} is used twice in one request",
                code="statement",
                index=index,
                path="$.id",
            )
        seen.add(id_.lower())


def store_prepared(tenant_id: int, batches: list[list[Prepared]], *, define: bool = True) -> list[list[str]]:
    """Write the validated statements of several requests in the current transaction, all or none.

    No id may be in two batches. Returns all ids of each batch in order, also of those already stored.
    """
    together = [p for batch in batches for p in batch]
    if together:
        stamp = consistency.stamp(tenant_id)
        new = {p.id: (p, stamp.position(i)) for i, p in enumerate(together)}
        voided = place(tenant_id, new, define=define)
        if new:
            _announce(tenant_id, [[p for p in batch if p.id in new] for batch in batches], voided)
    return [[p.value["id"] for p in batch] for batch in batches]


def place(tenant_id: int, new: dict[str, tuple[Prepared, int]], *, define: bool = True) -> list[str]:
    """Write statements (by id, each with its position in the stored order) without telling anybody.

    Takes out of ``new`` what was stored before; returns the ids of statements that are voided now.
    """
    filled = _insert(tenant_id, new)
    voided: list[str] = []
    if new:
        if filled or any(p.target for p, _ in new.values()):
            voided = linking.link(tenant_id, new, filled)
        metadata.record(tenant_id, [p for p, _ in new.values()], define=define)
    return voided


def _insert(tenant_id: int, new: dict[str, tuple[Prepared, int]]) -> set[str]:
    """Insert ``new`` and placeholders of unknown targets; takes out of ``new`` what was stored before.

    Returns the ids that other statements had been waiting for.
    """
    rows = [_row(p, position) for p, position in new.values()]
    targets = {p.target for p, _ in new.values() if p.target} - new.keys()
    rows += [sql.NewRow(t) for t in targets]
    clashing = new.keys() - sql.insert_statements(tenant_id, rows)
    filled = []
    # A place is held for what has been deleted in between.
    for stored in sql.hold(tenant_id, clashing):
        prepared, position = new[stored.id]
        if stored.body is None:
            filled.append(_row(prepared, position))
            sql.fill_placeholder(tenant_id, filled[-1])
        elif comparison.same(msgspec.json.decode(stored.body), prepared.value):
            del new[stored.id]
        else:
            raise Conflict(f"there is another statement with the id {stored.id}", code="statement_id", id=stored.id)
    sql.insert_references(tenant_id, sql.pairs_of(filled))
    return {row.id for row in filled}


def _row(prepared: Prepared, position: int) -> sql.NewRow:
    body = prepared.body(consistency.stored_text(position))
    return sql.NewRow(prepared.id, position, prepared.authority, body, prepared.references)


def _announce(tenant_id: int, batches: list[list[Prepared]], voided: list[str]) -> None:
    if events.wanted(tenant_id, "statements.stored"):
        for stored in filter(None, batches):
            events.emit(tenant_id, "statements.stored", _payload(stored))
    if voided and events.wanted(tenant_id, "statements.voided"):
        for id_ in voided:
            events.emit(tenant_id, "statements.voided", {"id": id_})


def _payload(stored: list[Prepared]) -> dict[str, Any]:
    registrations = {p.value.get("context", {}).get("registration") for p in stored} - {None}
    return {
        "count": len(stored),
        "ids": [p.id for p in stored[:EVENT_IDS]],
        "verbs": sorted({p.value["verb"]["id"] for p in stored}),
        "actor": stored[0].value["actor"],
        "registrations": sorted(registrations),
    }
