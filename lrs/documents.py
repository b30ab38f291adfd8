"""State, Activity Profile and Agent Profile documents, usable without HTTP:

    put_state(tenant_id, activity_id, agent, state_id, content, content_type="application/json", registration=None) -> Content
    get_state(tenant_id, activity_id, agent, state_id, registration=None) -> Content | None

and the general :func:`put`, :func:`get`, :func:`merge`, :func:`delete`, :func:`ids` on a :class:`Place`. Writers run inside a unit of
work; a precondition is checked on the locked row, so check and write are one step.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import msgspec
from sqlalchemy import delete as sql_delete
from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from core import clock
from core.db import as_stored, as_utc, dialect, read, session, write
from core.errors import Invalid
from lrs import parsing
from lrs.formats import is_field_value
from lrs.identity import ifi, key
from lrs.models import Document

Kind = Literal["state", "activity_profile", "agent_profile"]


@dataclass(frozen=True)
class Place:
    """Where documents live. ``activity`` is an IRI, ``agent`` an identifier (:func:`lrs.identity.ifi`), each as the kind needs."""

    tenant_id: int
    kind: Kind
    activity: str | None = None
    agent: str | None = None
    registration: str | None = None

    @property
    def owner(self) -> str:
        return key(self.kind, self.activity or "", self.agent or "")


@dataclass(frozen=True)
class Content:
    """A document as stored; ``etag`` is the SHA-1 of ``content`` in hex."""

    content: bytes
    content_type: str
    etag: str
    updated: datetime


# Called with what is stored (None: nothing) before anything is written; raises to refuse.
Precondition = Callable[[Content | None], None]


def check_content_type(content_type: str) -> None:
    """:class:`Invalid` unless a document can be kept under this type and answered with it."""
    if len(content_type) > 255 or not is_field_value(content_type):
        raise Invalid(
            "the Content-Type is longer than 255 characters or has some that no HTTP header can have",
            code="content_type",
        )


def state_place(tenant_id: int, activity_id: str, agent: dict[str, Any], registration: str | None = None) -> Place:
    identifier = ifi(agent)
    if identifier is None:
        raise Invalid("an anonymous group has no State documents", code="agent")
    return Place(tenant_id, "state", activity_id, identifier, registration)


def put_state(
    tenant_id: int,
    activity_id: str,
    agent: dict[str, Any],
    state_id: str,
    content: bytes,
    content_type: str = "application/json",
    registration: str | None = None,
) -> Content:
    """Store a State document in the current unit of work, whatever was there before."""
    return put(state_place(tenant_id, activity_id, agent, registration), state_id, content, content_type)


def get_state(
    tenant_id: int, activity_id: str, agent: dict[str, Any], state_id: str, registration: str | None = None
) -> Content | None:
    return get(state_place(tenant_id, activity_id, agent, registration), state_id)


_ONE = "tenant_id = %s AND owner = %s AND registration = %s AND key = %s"
_GET = f"SELECT content, content_type, etag, updated FROM documents WHERE {_ONE}"  # noqa: S608 - constants
_REPLACE = (
    "INSERT INTO documents (tenant_id, owner, registration, key, kind, activity, agent, id, content, content_type, etag, updated)"
    " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (tenant_id, owner, registration, key) DO UPDATE SET"
    " content = excluded.content, content_type = excluded.content_type, etag = excluded.etag, updated = excluded.updated"
)


def get(place: Place, id_: str) -> Content | None:
    for content, content_type, etag, updated in read(_GET, _identity(place, id_), planned=True):
        return Content(bytes(content), content_type, etag, as_utc(updated))
    return None


def replace(place: Place, id_: str, content: bytes, content_type: str) -> Content:
    """Store the document whatever is there: a unit of work by itself."""
    stored = _made(content, content_type)
    write(
        _REPLACE,
        (
            *_identity(place, id_), place.kind, place.activity, place.agent, id_,
            content, content_type, stored.etag, as_stored(stored.updated),
        ),
    )  # fmt: skip
    return stored


def _made(content: bytes, content_type: str) -> Content:
    return Content(content, content_type, hashlib.sha1(content).hexdigest(), clock.now())  # noqa: S324 - an ETag


def put(place: Place, id_: str, content: bytes, content_type: str, precondition: Precondition | None = None) -> Content:
    """Replace or create."""
    return _write(place, id_, lambda before: (content, content_type), precondition)


def merge(
    place: Place, id_: str, content: bytes, content_type: str, precondition: Precondition | None = None
) -> Content:
    """POST (1.0.3 Communication 2.2): top-level members of a JSON object replace those stored; where nothing is stored, create."""
    given = _json_object(content, content_type, "the document sent") if _is_json(content_type) else None

    def joined(before: Content | None) -> tuple[bytes, str]:
        if before is None:
            return content, content_type
        if given is None:
            raise Invalid("only JSON documents can be merged; this one is not application/json", code="document")
        return msgspec.json.encode(_json_object(before.content, before.content_type, "the document stored") | given), (
            "application/json"
        )

    return _write(place, id_, joined, precondition)


def restore(place: Place, id_: str, content: Content) -> bool:
    """Store a document with the time at which it changed last, unless what is there is as new; says whether it was stored."""
    row = _locked(place, id_)
    if row is None:
        return _created(place, id_, content)
    if row.updated >= content.updated:
        return False
    row.content, row.content_type, row.etag, row.updated = (
        content.content, content.content_type, content.etag, content.updated,
    )  # fmt: skip
    session().flush()
    return True


def _is_json(content_type: str) -> bool:
    return content_type.partition(";")[0].strip().lower() == "application/json"


def _json_object(content: bytes, content_type: str, what: str) -> dict[str, Any]:
    if not _is_json(content_type):
        raise Invalid(f"{what} is {content_type}: only JSON objects can be merged", code="document")
    value = parsing.loads(content, what)
    if not isinstance(value, dict):
        raise Invalid(f"{what} is not a JSON object", code="document")
    decoded: dict[str, Any] = msgspec.json.decode(content, type=dict[str, msgspec.Raw])
    return decoded


def change(
    place: Place, id_: str, make: Callable[[bytes | None], bytes], content_type: str = "application/json"
) -> Content:
    """Replace the document by what ``make`` makes of it (None: there is none) with no other writer in between."""
    return _write(place, id_, lambda before: (make(before.content if before is not None else None), content_type), None)


def delete(place: Place, id_: str, precondition: Precondition | None = None) -> None:
    row = _locked(place, id_)
    if precondition is not None:
        precondition(_content(row))
    if row is not None:
        session().delete(row)
        session().flush()


def delete_all(place: Place) -> None:
    """Every document of the place; without a registration those of all registrations."""
    session().execute(sql_delete(Document).where(*_of(place)))


def ids(place: Place, since: datetime | None = None) -> list[str]:
    """Ids of the documents of the place, sorted; ``since`` keeps those changed after it."""
    return [id_ for id_, _ in listing(place, since)]


def listing(place: Place, since: datetime | None = None) -> list[tuple[str, datetime]]:
    """(id, last change) as :func:`ids`."""
    query = select(Document.id, Document.updated).where(*_of(place))
    if since is not None:
        query = query.where(Document.updated > since)
    found: dict[str, datetime] = {}
    for id_, updated in session().execute(query.order_by(Document.id)):
        found[id_] = max(updated, found.get(id_, updated))
    return list(found.items())


def _of(place: Place) -> list[Any]:
    where = [Document.tenant_id == place.tenant_id, Document.owner == place.owner]
    if place.registration is not None:
        where.append(Document.registration == place.registration.lower())
    return where


def _identity(place: Place, id_: str) -> tuple[int, str, str, str]:
    return place.tenant_id, place.owner, (place.registration or "").lower(), key(id_)


def _content(row: Document | None) -> Content | None:
    return None if row is None else Content(row.content, row.content_type, row.etag, row.updated)


def _locked(place: Place, id_: str) -> Document | None:
    return session().get(Document, _identity(place, id_), populate_existing=True, with_for_update=True)


def _write(
    place: Place,
    id_: str,
    make: Callable[[Content | None], tuple[bytes, str]],
    precondition: Precondition | None,
) -> Content:
    row = _locked(place, id_)
    while True:
        before = _content(row)
        if precondition is not None:
            precondition(before)
        after = _made(*make(before))
        if row is not None:
            row.content, row.content_type, row.etag, row.updated = (
                after.content, after.content_type, after.etag, after.updated,
            )  # fmt: skip
            session().flush()
            return after
        if _created(place, id_, after):
            return after
        # Somebody created it since: look again, now that it can be locked.
        row = _locked(place, id_)


def _created(place: Place, id_: str, content: Content) -> bool:
    insert = postgresql.insert if dialect() == "postgresql" else sqlite.insert
    tenant_id, owner, registration, hashed = _identity(place, id_)
    values = {
        "tenant_id": tenant_id,
        "owner": owner,
        "registration": registration,
        "key": hashed,
        "kind": place.kind,
        "activity": place.activity,
        "agent": place.agent,
        "id": id_,
        "content": content.content,
        "content_type": content.content_type,
        "etag": content.etag,
        "updated": content.updated,
    }
    statement = insert(Document).values(values).on_conflict_do_nothing().returning(Document.key)
    return session().execute(statement).one_or_none() is not None
