"""What statements tell about activities and agents beside what happened: canonical definitions and names.

Rows are shared by all writers, so they are written only when something is new, and always in the order of their keys.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from hashlib import blake2b
from typing import Any

import msgspec
from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite

from core import clock
from core.db import after_commit, dialect, memory, session
from core.remembered import Remembered
from lrs import rows
from lrs.identity import key
from lrs.models import Activity, AgentName

# Seconds after which names are written anew: so long an erasure on another machine may go unnoticed.
TRUST = 300.0
_MAPS = ("name", "description", "extensions")


class Known:
    """A bounded memory of what this process has seen committed."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._seen: OrderedDict[Any, Any] = OrderedDict()

    def has(self, name: Any, value: Any) -> bool:
        return name in self._seen and bool(self._seen[name] == value)

    def add(self, items: Iterable[tuple[Any, Any]]) -> None:
        for name, value in items:
            self._seen[name] = value
            self._seen.move_to_end(name)
        while len(self._seen) > self.size:
            self._seen.popitem(last=False)


def _known_definitions() -> Known:
    return memory("lrs.definitions", lambda: Known(20_000))


def _names() -> Remembered[None, Known]:
    return memory("lrs.names", lambda: Remembered("names.erased", TRUST))


def _known_names() -> Known:
    """Names this process has seen committed. Take it before writing what is then added: after an erasure meanwhile nobody reads it."""
    names = _names()
    state = names.state()
    known = names.find(None)
    if known is None:
        known = Known(50_000)
        names.keep(None, known, state)
    return known


def record(tenant_id: int, statements: Iterable[rows.Prepared], *, define: bool) -> None:
    """Note names of agents, and with ``define`` definitions of activities, in the current transaction."""
    known_definitions, known_names = _known_definitions(), _known_names()
    definitions: dict[str, list[dict[str, Any]]] = {}
    named: set[tuple[str, str]] = set()
    seen: list[tuple[Any, Any]] = []
    for statement in statements:
        for activity in statement.activities if define else ():
            definition = activity.get("definition")
            if not definition:
                continue
            name, digest = (tenant_id, activity["id"]), _digest(definition)
            if not known_definitions.has(name, digest):
                definitions.setdefault(activity["id"], []).append(definition)
                seen.append((name, digest))
        named.update(rows.names(statement.actors))
    named = {pair for pair in named if not known_names.has((tenant_id, *pair), True)}
    if definitions:
        _define(tenant_id, definitions)
        after_commit(lambda: known_definitions.add(seen))
    if named:
        _name(tenant_id, named)
        after_commit(lambda: known_names.add(((tenant_id, *pair), True) for pair in named))


def _digest(definition: dict[str, Any]) -> bytes:
    """Stands for a definition in memory, however long it is."""
    return blake2b(msgspec.json.encode(definition), digest_size=16).digest()


def _insert(table: Any) -> Any:
    return postgresql.insert(table) if dialect() == "postgresql" else sqlite.insert(table)


def _name(tenant_id: int, named: set[tuple[str, str]]) -> None:
    values = [
        {"tenant_id": tenant_id, "key": key(identifier), "name_key": key(name), "identifier": identifier, "name": name}
        for identifier, name in named
    ]
    values.sort(key=lambda row: (row["key"], row["name_key"]))
    session().execute(_insert(AgentName).on_conflict_do_nothing(), values)


def _define(tenant_id: int, definitions: dict[str, list[dict[str, Any]]]) -> None:
    keys = {key(id_): id_ for id_ in definitions}
    now = clock.now()
    empty = [
        {"tenant_id": tenant_id, "key": k, "id": keys[k], "definition": "{}", "updated": now} for k in sorted(keys)
    ]
    session().execute(_insert(Activity).on_conflict_do_nothing(), empty)
    query = select(Activity).where(Activity.tenant_id == tenant_id, Activity.key.in_(sorted(keys)))
    for row in session().scalars(query.order_by(Activity.key).with_for_update()):
        merged = before = msgspec.json.decode(row.definition)
        for definition in definitions[row.id]:
            merged = merge(merged, definition)
        if merged != before:
            row.definition, row.updated = msgspec.json.encode(merged).decode(), now
    session().flush()


def merge(known: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """The canonical definition after ``new``: maps are joined key by key, everything else is replaced."""
    merged = known | new
    for name in _MAPS:
        if name in known and name in new:
            merged[name] = known[name] | new[name]
    return merged


def definition(tenant_id: int, activity_id: str) -> dict[str, Any] | None:
    """The canonical definition, or None where no statement has defined the activity."""
    return definitions(tenant_id, [activity_id]).get(activity_id)


def definitions(tenant_id: int, activity_ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """The canonical definitions of those activities that have one."""
    keys = sorted(key(id_) for id_ in activity_ids)
    query = select(Activity.id, Activity.definition).where(Activity.tenant_id == tenant_id, Activity.key.in_(keys))
    return {id_: msgspec.json.decode(packed) for id_, packed in session().execute(query)}


def forget_names(tenant_id: int, identifiers: Iterable[str]) -> None:
    """Delete every name of these agents, and have all processes note anew what comes from now on.

    Others are told before the commit: a writer that then notes a name waits for it, and one that noted it before does not remember it.
    """
    keys = [key(identifier) for identifier in identifiers]
    session().execute(delete(AgentName).where(AgentName.tenant_id == tenant_id, AgentName.key.in_(keys)))
    _names().forget()


def agent_names(tenant_id: int, identifier: str) -> list[str]:
    """Every name under which the agent was seen, sorted."""
    query = select(AgentName.name).where(AgentName.tenant_id == tenant_id, AgentName.key == key(identifier))
    return sorted(session().scalars(query))
