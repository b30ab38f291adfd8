"""What is stored for a validated statement: its body and everything filters and resources find it by. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from core.ids import new_id
from lrs import parsing
from lrs.formats import parse_timestamp
from lrs.identity import (
    ACTIVITY,
    ACTIVITY_INDIRECT,
    AGENT,
    AGENT_INDIRECT,
    REGISTRATION,
    VERB,
    identities,
    ifi,
    reference,
)
from lrs.parsing import Members, Received
from lrs.validation import VOIDED
from lrs.versions import Version


@dataclass(slots=True)
class Prepared:
    """A statement ready to be written. ``id`` is in lower case; ``target`` the id of its StatementRef object.

    ``actors`` and ``activities`` are those of ``value`` in every role (see :func:`actors`, :func:`activities`).
    """

    id: str
    value: dict[str, Any]
    actors: list[dict[str, Any]]
    activities: list[dict[str, Any]]
    references: set[int]
    authority: int  # the reference of whoever stores it
    target: str | None
    voids: bool
    head: str  # the body up to what is known only when it is stored
    lacks_timestamp: bool

    def body(self, stored: str) -> str:
        """The JSON to keep; ``stored`` is the timestamp of storing."""
        if self.lacks_timestamp:
            return f'{self.head},"timestamp":"{stored}","stored":"{stored}"}}'
        return f'{self.head},"stored":"{stored}"}}'


@dataclass(frozen=True, slots=True)
class Authority:
    """The agent that answers for statements, as JSON and as what they are found by."""

    packed: bytes
    reference: int
    related: frozenset[int]

    @classmethod
    def of(cls, agent: dict[str, Any]) -> Authority:
        packed = msgspec.json.encode(agent)
        related = frozenset(reference(AGENT_INDIRECT, identity) for identity in identities(agent))
        return cls(packed, reference(AGENT_INDIRECT, ifi(agent) or packed.decode()), related)


def prepare(received: Received, version: Version, authority: Authority) -> Prepared:
    """``received`` must be valid. Adds ``id`` where it has none, and ``authority`` in place of one it may have."""
    value, members = received.value, received.members
    members.pop("stored", None)
    if "id" not in value:
        value["id"] = _new_statement_id()
        members["id"] = msgspec.Raw(f'"{value["id"]}"'.encode())
    if "version" not in value:
        members["version"] = msgspec.Raw(f'"{version.statement_default}"'.encode())
    members["authority"] = msgspec.Raw(authority.packed)
    target = value["object"]
    kind = target.get("objectType")
    _normalise(value, members, version)
    if kind == "SubStatement":
        inner = parsing.members(members["object"])
        if _normalise(target, inner, version):
            members["object"] = msgspec.Raw(msgspec.json.encode(inner))
    pointed = target["id"].lower() if kind == "StatementRef" else None
    everybody, everything = list(actors(value)), list(activities(value))
    return Prepared(
        id=value["id"].lower(),
        value=value,
        actors=everybody,
        activities=everything,
        references=_references(value, everybody, everything) | authority.related,
        authority=authority.reference,
        target=pointed,
        voids=pointed is not None and value["verb"]["id"] == VOIDED,
        head=msgspec.json.encode(members)[:-1].decode(),
        lacks_timestamp="timestamp" not in value,
    )


def _new_statement_id() -> str:
    """In the order of creation like our other ids, but marked as version 4: field clients (`tincan` for Python) refuse 6 and above."""
    id_ = new_id()
    return f"{id_[:14]}4{id_[15:]}"


def _normalise(value: dict[str, Any], members: Members, version: Version) -> bool:
    """Bring a statement or SubStatement into the form in which it is kept; says whether that changed anything."""
    changed = False
    if version.utc_timestamps and "timestamp" in value and _UTC.fullmatch(value["timestamp"]) is None:
        value["timestamp"] = _utc(value["timestamp"])
        members["timestamp"] = msgspec.Raw(f'"{value["timestamp"]}"'.encode())
        changed = True
    if "context" in value and _lift_single_activities(value["context"]):
        members["context"] = msgspec.Raw(msgspec.json.encode(value["context"]))
        changed = True
    return changed


# Of timestamps that are known to be one, those that are RFC 3339 in UTC already: these keep all digits of their fraction.
_UTC = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?Z")


def _utc(text: str) -> str:
    """2.0 §4.2.7: timestamps are kept in UTC."""
    moment = parse_timestamp(text)
    if moment is None:
        raise ValueError("timestamp was not validated")
    return format_time(moment)


def format_time(moment: datetime) -> str:
    """RFC 3339 in UTC; microseconds only where there are any below the millisecond."""
    moment = moment.astimezone(UTC)
    digits = "microseconds" if moment.microsecond % 1000 else "milliseconds"
    return moment.isoformat(timespec=digits).replace("+00:00", "Z")


def _lift_single_activities(context: dict[str, Any]) -> bool:
    """A context activity that came alone is kept as an array of one (1.0.3 Data 2.4.6.2); says whether that changed anything."""
    activities = context.get("contextActivities", {})
    alone = [name for name, item in activities.items() if isinstance(item, dict)]
    for name in alone:
        activities[name] = [activities[name]]
    return bool(alone)


def references(value: dict[str, Any]) -> set[int]:
    """References of every filter value that finds this statement by itself (not by what it points at)."""
    return _references(value, list(actors(value)), list(activities(value)))


def _references(value: dict[str, Any], everybody: list[dict[str, Any]], everything: list[dict[str, Any]]) -> set[int]:
    target = value["object"]
    kind = target.get("objectType", "Activity")
    # Those in the direct role are the first of `actors`.
    direct = 2 if kind in ("Agent", "Group") else 1
    people = {identity for actor in everybody[:direct] for identity in identities(actor)}
    found = {reference(VERB, value["verb"]["id"])}
    found.update([reference(AGENT, identity) for identity in people])
    found.update(
        [reference(AGENT_INDIRECT, i) for actor in everybody[direct:] for i in identities(actor) if i not in people]
    )
    thing = target["id"] if kind == "Activity" else None
    if thing is not None:
        found.add(reference(ACTIVITY, thing))
    found.update([reference(ACTIVITY_INDIRECT, one["id"]) for one in everything if one["id"] != thing])
    registration = value.get("context", {}).get("registration")
    if registration is not None:
        found.add(reference(REGISTRATION, registration.lower()))
    return found


def actors(value: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every agent and group in any role, the actor first and then the object; sub-statement included; members are within their groups."""
    yield value["actor"]
    target = value["object"]
    kind = target.get("objectType")
    if kind in ("Agent", "Group"):
        yield target
    context = value.get("context")
    if context is not None:
        for name in ("instructor", "team"):
            if name in context:
                yield context[name]
        for item in context.get("contextAgents", ()):
            yield item["agent"]
        for item in context.get("contextGroups", ()):
            yield item["group"]
    if kind == "SubStatement":
        yield from actors(target)


def activities(value: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every activity: object, context activities, and those of a sub-statement."""
    target = value["object"]
    kind = target.get("objectType", "Activity")
    if kind == "Activity":
        yield target
    for items in value.get("context", {}).get("contextActivities", {}).values():
        yield from [items] if isinstance(items, dict) else items
    if kind == "SubStatement":
        yield from activities(target)


def names(everybody: Iterable[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """(identifier, name) of every identified agent or group, and member of one, that has a name."""
    for actor in everybody:
        for one in (actor, *actor["member"]) if "member" in actor else (actor,):
            if "name" in one:
                identifier = ifi(one)
                if identifier is not None:
                    yield identifier, one["name"]
