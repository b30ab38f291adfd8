"""Bringing statements and documents in with everything another store, or this one, had given them.

Unlike the Statement Resource, this keeps ``id``, ``stored``, ``authority`` and ``version``. Statements take their place in the stored
order by their ``stored``; nobody is told of them as of new ones. Repeating it changes nothing. What an erased person
did does not come back (:mod:`lrs.erasure`).
"""

from __future__ import annotations

import base64
import hashlib
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple

import msgspec
from sqlalchemy import text

from core import clock
from core.db import dialect, session
from core.errors import Conflict, Invalid
from lrs import attachments, comparison, consistency, documents, erasure, parsing, rows, sql, store, versions
from lrs.documents import Content, Place
from lrs.formats import parse_timestamp
from lrs.identity import ifi
from lrs.rows import Prepared

# Ids of statements that have none follow from their text, so that a repeated import knows them again.
NAMESPACE = uuid.UUID("8a3c7b1e-52a4-5c0b-9e0f-5a6d1c2f7b90")


@dataclass(slots=True)
class Incoming:
    """A statement that keeps the rules of its version. ``where`` names its place to people, ``line`` its number (or None)."""

    received: parsing.Received
    rules: versions.Version
    authority: dict[str, Any]
    stored: str | None
    where: str
    line: int | None


@dataclass
class Outcome:
    """How many statements were new, were there already, and were left out because of an erased person."""

    stored: int = 0
    known: int = 0
    erased: int = 0


@dataclass(slots=True)
class _Kept(Prepared):
    """A statement that keeps the time at which it was stored first."""

    stored: str | None = None

    def body(self, stored: str) -> str:
        return Prepared.body(self, self.stored or stored)


# --- reading ------------------------------------------------------------------------------------------------------


def read(data: bytes, where: str, authority: dict[str, Any], line: int | None = None) -> Incoming:
    """One statement as JSON. :class:`Invalid` names ``where``, and the JSON path; ``authority`` is for one that has none."""
    try:
        return _read(data, where, authority, line)
    except Invalid as error:
        _, found, rest = error.message.partition("statement 0: ")
        path = str(error.details.get("path", "$"))
        message = rest if found else error.message.removeprefix("the body ")
        raise Invalid(f"{where}: {message}", code=error.code, line=line, path=path) from None


def _read(data: bytes, where: str, authority: dict[str, Any], line: int | None) -> Incoming:
    if data.lstrip().startswith(b"["):
        # What many tools write; its first line alone is no JSON at all.
        raise Invalid(
            "is the beginning of an array; write one statement a line, for instance with: jq -c '.[]'", code="json"
        )
    (received,), _ = parsing.statements(data)
    value = received.value
    version = value.get("version", "1.0.0")
    rules = versions.of(version if isinstance(version, str) else repr(version))
    if "id" not in value:
        value["id"] = str(uuid.uuid5(NAMESPACE, hashlib.sha256(data).hexdigest()))
        received.members["id"] = msgspec.Raw(msgspec.json.encode(value["id"]))
    store.check([received], rules)
    stored = value.get("stored")
    moment = parse_timestamp(stored) if stored is not None else None
    if moment is not None and not (consistency.milliseconds(moment) > 0 and moment <= clock.now()):
        raise Invalid(f"statement 0: $.stored {stored} is not in the past", code="statement", path="$.stored")
    return Incoming(received, rules, value.get("authority", authority), stored, where, line)


class Declared(NamedTuple):
    """An attachment in a statement: its JSON path, and whether it has a fileUrl."""

    path: str
    has_url: bool


def declared(batch: Iterable[Incoming]) -> dict[str, Declared]:
    """SHA-2 → where it is declared, for every attachment of ``batch``."""
    return {
        attachment["sha2"].lower(): Declared(path, "fileUrl" in attachment)
        for one in batch
        for path, attachment in attachments.declared(one.received.value)
    }


def just_before(stored: str) -> str | None:
    """A millisecond before a timestamp: ``since`` leaves out its own moment, which further statements may share."""
    moment = parse_timestamp(stored)
    return rows.format_time(moment - timedelta(milliseconds=1)) if moment is not None else None


# --- storing ------------------------------------------------------------------------------------------------------


def store_batch(tenant_id: int, batch: list[Incoming]) -> Outcome:
    """Store all of ``batch`` in the current unit of work; :class:`Conflict` names the one whose id another statement has."""
    erasure.lock(tenant_id)
    outcome = Outcome()
    kept = _without_erased(tenant_id, batch, outcome)
    kept = _distinct(kept, outcome)
    by_id = {one.received.value["id"].lower(): one for one in kept}
    known = {s.id for s in sql.find(tenant_id, by_id.keys()) if s.body is not None and _same(s.body, by_id[s.id])}
    outcome.known += len(known)
    fresh = [one for id_, one in by_id.items() if id_ not in known]
    positions = _positions(tenant_id, fresh)
    new: dict[str, tuple[Prepared, int]] = {
        p.id: (p, position) for p, position in zip(map(_prepare, fresh), positions, strict=True)
    }
    store.place(tenant_id, new)
    outcome.stored += len(new)
    return outcome


def _same(body: str, one: Incoming) -> bool:
    if comparison.same(msgspec.json.decode(body), one.received.value):
        return True
    id_ = one.received.value["id"]
    raise Conflict(
        f"{one.where}: there is another statement with the id {id_}", code="statement_id", line=one.line, path="$.id"
    )


def _distinct(batch: list[Incoming], outcome: Outcome) -> list[Incoming]:
    seen: dict[str, Incoming] = {}
    for one in batch:
        first = seen.setdefault(one.received.value["id"].lower(), one)
        if first is one:
            continue
        if not comparison.same(first.received.value | {"timestamp": _timestamp(first)}, one.received.value):
            raise Conflict(
                f"{one.where}: {first.where} is another statement with the id {one.received.value['id']}",
                code="statement_id",
                line=one.line,
                path="$.id",
            )
        outcome.known += 1
    return list(seen.values())


def _timestamp(one: Incoming) -> str:
    return str(one.received.value.get("timestamp") or one.stored or "1970-01-01T00:00:00Z")


def _without_erased(tenant_id: int, batch: list[Incoming], outcome: Outcome) -> list[Incoming]:
    tombstones = erasure.Tombstones.of(tenant_id)
    if not tombstones:
        return batch
    kept = []
    for one in batch:
        left = erasure.cleanse(one.received.value | {"authority": one.authority}, tombstones)
        if left is None:
            kept.append(one)
        elif left.body is None:
            outcome.erased += 1
        else:
            packed = erasure.reencode(msgspec.json.encode(one.received.members), left)
            one.received = parsing.statements(packed)[0][0]
            one.authority = left.body["authority"]
            kept.append(one)
    return kept


def _prepare(one: Incoming) -> _Kept:
    authority = rows.Authority.of(one.authority)
    raw = one.received.members.get("authority")
    if raw is not None:
        authority = replace(authority, packed=bytes(raw))
    made = rows.prepare(one.received, one.rules, authority)
    return _Kept(**{name: getattr(made, name) for name in Prepared.__slots__}, stored=one.stored)


_LAST_PG = text(
    "SELECT start, (SELECT max(position) FROM statements WHERE tenant_id = :tenant_id"
    " AND position >= start AND position < start + :width) FROM unnest(CAST(:starts AS bigint[])) AS u (start)"
)
_LAST_LITE = text(
    "SELECT value, (SELECT max(position) FROM statements WHERE tenant_id = :tenant_id"
    " AND position >= value AND position < value + :width) FROM json_each(:starts)"
)


def _positions(tenant_id: int, batch: list[Incoming]) -> list[int]:
    """Places by ``stored``, behind those that share its millisecond; without ``stored`` the present."""
    if not batch:
        return []
    stamp = consistency.stamp(tenant_id)
    starts = [_start(one) for one in batch]
    wanted = sorted({start for start in starts if start is not None})
    packed: Any = wanted if dialect() == "postgresql" else msgspec.json.encode(wanted).decode()
    found = session().execute(
        _LAST_PG if dialect() == "postgresql" else _LAST_LITE,
        {"tenant_id": tenant_id, "starts": packed, "width": consistency.WIDTH},
    )
    following = {start: (last + 1 if last is not None else start) for start, last in found}
    positions = []
    for index, start in enumerate(starts):
        if start is None:
            positions.append(stamp.position(index))
        else:
            positions.append(following[start])
            following[start] += 1
    return positions


def _start(one: Incoming) -> int | None:
    """The first position of the millisecond in which it was stored."""
    moment = parse_timestamp(one.stored) if one.stored is not None else None
    return consistency.start_of(consistency.milliseconds(moment)) if moment is not None else None


# --- documents ----------------------------------------------------------------------------------------------------


class _Line(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    kind: Literal["state", "activity_profile", "agent_profile"]
    id: str
    content_type: str
    updated: datetime
    activity_id: str | None = None
    agent: dict[str, Any] | None = None
    registration: str | None = None
    content: str | None = None
    content_base64: str | None = None


@dataclass(frozen=True)
class IncomingDocument:
    place: Place
    id: str
    content: Content


def read_document(tenant_id: int, data: bytes, where: str, line: int | None = None) -> IncomingDocument:
    """A line of :func:`lrs.exporting.documents`; :class:`Invalid` names ``where``, and the JSON path."""
    try:
        found = msgspec.json.decode(data, type=_Line)
        content = base64.b64decode(found.content_base64 or "") if found.content is None else found.content.encode()
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError) as error:
        text_, _, path = str(error).partition(" - at `")
        raise Invalid(f"{where}: {path.rstrip('`') or '$'} {text_}", line=line, path=path.rstrip("`") or "$") from None
    try:
        documents.check_content_type(found.content_type)
    except Invalid as error:
        raise Invalid(f"{where}: $.contentType: {error.message}", line=line, path="$.contentType") from None
    agent = ifi(found.agent) if found.agent is not None else None
    if (found.kind != "agent_profile") != (found.activity_id is not None):
        raise Invalid(f"{where}: $.activityId does not go with the kind {found.kind}", line=line, path="$.activityId")
    if (found.kind != "activity_profile") != (agent is not None):
        raise Invalid(f"{where}: $.agent does not go with the kind {found.kind}", line=line, path="$.agent")
    etag = hashlib.sha1(content).hexdigest()  # noqa: S324 - an ETag
    place = Place(tenant_id, found.kind, found.activity_id, agent, found.registration)
    return IncomingDocument(place, found.id, Content(content, found.content_type, etag, found.updated))


def store_documents(batch: list[IncomingDocument]) -> Outcome:
    """Store documents with the time of their last change; of two under one id the one changed last stays."""
    outcome = Outcome()
    if not batch:
        return outcome
    tenant_id = batch[0].place.tenant_id
    erasure.lock(tenant_id)
    tombstones = erasure.Tombstones.of(tenant_id)
    for one in batch:
        if tombstones and one.place.agent is not None and tombstones.of_identifier(one.place.agent):
            outcome.erased += 1
        elif documents.restore(one.place, one.id, one.content):
            outcome.stored += 1
        else:
            outcome.known += 1
    return outcome
