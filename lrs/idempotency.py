"""Requests under an Idempotency-Key (draft-ietf-httpapi-idempotency-key-header): sent again, they are answered as the first time.

Statements sent without ids would be stored twice when a client repeats a request whose answer it never saw. The key is remembered in the
transaction that stores, so it is there exactly if the statements are; a twin that runs meanwhile waits for its end.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta

import msgspec
from sqlalchemy import delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from core import clock
from core.db import dialect, session
from core.errors import Conflict, Invalid
from lrs import identity
from lrs.models import IdempotentRequest
from lrs.parsing import Received

KEPT = timedelta(days=2)


def key(credential: str, header: str) -> str:
    """What a header's value stands for; keys of different credentials have nothing to do with each other."""
    if not 1 <= len(header) <= 255 or not (header.isascii() and header.isprintable()):
        raise Invalid("the Idempotency-Key must be 1 to 255 printable ASCII characters", code="idempotency_key")
    return identity.key(credential, header)


def fingerprint(received: list[Received]) -> str:
    """Tells requests apart by their statements, as they came. Attachments are in it by the hashes that the statements have."""
    digest = hashlib.sha256()
    for one in received:
        digest.update(msgspec.json.encode(one.members))
    return digest.hexdigest()


def begin(tenant_id: int, key: str, fingerprint: str) -> list[str] | None:
    """Take the key in the current transaction, or say which ids the request that had it before was answered with."""
    insert = postgresql.insert if dialect() == "postgresql" else sqlite.insert
    values = {"tenant_id": tenant_id, "key": key, "fingerprint": fingerprint, "ids": "[]", "created": clock.now()}
    taken = insert(IdempotentRequest).values(values).on_conflict_do_nothing().returning(IdempotentRequest.key)
    if session().execute(taken).one_or_none() is not None:
        return None
    before = (
        session()
        .execute(
            select(IdempotentRequest.fingerprint, IdempotentRequest.ids).where(
                IdempotentRequest.tenant_id == tenant_id, IdempotentRequest.key == key
            )
        )
        .one()
    )
    if before.fingerprint != fingerprint:
        raise Conflict("this Idempotency-Key was used for other statements; take a new one", code="idempotency_key")
    return msgspec.json.decode(before.ids, type=list[str])


def finish(tenant_id: int, key: str, ids: list[str]) -> None:
    """Remember the answer."""
    session().execute(
        update(IdempotentRequest)
        .where(IdempotentRequest.tenant_id == tenant_id, IdempotentRequest.key == key)
        .values(ids=msgspec.json.encode(ids).decode())
    )


def forget() -> int:
    """Drop keys older than two days in the current transaction; returns how many."""
    result = session().execute(delete(IdempotentRequest).where(IdempotentRequest.created < clock.now() - KEPT))
    return int(result.rowcount)  # type: ignore[attr-defined]
