"""Forwarding: new statements, in the stored order, to other record stores.

A forwarder has a place in the stored order up to which everything it wants has been taken by the other store. A look each second
(:func:`look`) queues a row of the outbox for a forwarder that has something before it; that row sends batches until there is nothing
left. What the other store refuses as a statement is kept with its answer and passed over; everything else is tried again by the
schedule of the outbox, from the same place, until the forwarder is switched off with the reason. Nothing is lost by that: switched
on again it goes on.
"""

from __future__ import annotations

import base64
import logging
import re
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NoReturn

import msgspec
from sqlalchemy import BigInteger, ColumnElement, ForeignKeyConstraint, String, Text, Uuid, func, select, update
from sqlalchemy.orm import Mapped, mapped_column

from core import clock, outbox
from core.blobs import blobs
from core.db import Json, Model, UtcDateTime, session, unit_of_work
from core.errors import Invalid, NotFound
from core.ids import new_id, new_secret
from core.outbox import Continued, OutboxRow, RetryAt
from lrs import attachments, consistency, query, versions
from lrs.models import StatementRow
from server import cleansing, outbound, sealing
from server.removals import check_filters, filters_of

log = logging.getLogger("rekam.forwarding")

KIND = "forward"
BATCH = 50
RUN_SECONDS = 40.0
ANSWER_SECONDS = 30.0
# More bytes of attachments than this and statements are sent one by one.
ATTACHMENTS_LIMIT = 32 << 20
# The other store says that it is the statements: they are tried alone, and passed over if it stays so.
REFUSALS = (400, 409, 413, 422)
# What we say ourselves, in its place, of statements that cannot be sent.
TOO_MUCH, NOT_SENT = 413, 422
EXCERPT = 1000
# More waiting statements than this are not counted.
BACKLOG = 10_000


class Forwarder(Model):
    """``position`` is the place in the stored order; ``queued`` that a row of the outbox works on it. ``failures`` in a row."""

    __tablename__ = "forwarders"

    tenant_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    name: Mapped[str] = mapped_column(String(255))
    url: Mapped[str] = mapped_column(Text)
    key: Mapped[str] = mapped_column(String(255))
    sealed_secret: Mapped[str] = mapped_column(Text)
    version: Mapped[str] = mapped_column(String(8))
    filters: Mapped[dict[str, Any]] = mapped_column(Json)
    enabled: Mapped[bool]
    disabled_reason: Mapped[str | None] = mapped_column(Text)
    queued: Mapped[bool]
    position: Mapped[int] = mapped_column(BigInteger)
    forwarded: Mapped[int]
    refused: Mapped[int]
    failures: Mapped[int]
    last_success: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_error: Mapped[str | None] = mapped_column(Text)
    next_try: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created: Mapped[datetime] = mapped_column(UtcDateTime)
    updated: Mapped[datetime] = mapped_column(UtcDateTime)


class Refusal(Model):
    """A statement that the other store would not take, and its answer."""

    __tablename__ = "forwarder_refusals"

    tenant_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    forwarder_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    statement_id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    time: Mapped[datetime] = mapped_column(UtcDateTime)
    status: Mapped[int]
    answer: Mapped[str] = mapped_column(Text)

    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "forwarder_id"], ["forwarders.tenant_id", "forwarders.id"], ondelete="CASCADE"
        ),
    )


# The filters know an erased person by the pseudonym from then on.
cleansing.speaks(Forwarder, "filters", "last_error", "disabled_reason")
cleansing.speaks(Refusal, "answer")


# --- keeping them -------------------------------------------------------------------------------------------------


def create(
    tenant_id: int, *, url: str, key: str, secret: str, name: str = "", version: str = "1.0.3",
    filters: dict[str, Any] | None = None, since: datetime | None = None, enabled: bool = True,
) -> Forwarder:  # fmt: skip
    """A forwarder to the xAPI endpoint ``url``, from now on or from what was stored after ``since``. Needs a unit of work."""
    now = clock.now()
    made = Forwarder(
        tenant_id=tenant_id, id=new_id(), name=name[:255], url="", key="", sealed_secret="", version="", filters={},
        enabled=enabled, queued=False, position=_behind(since or now), forwarded=0, refused=0, failures=0,
        created=now, updated=now,
    )  # fmt: skip
    change(made, url=url, key=key, secret=secret, version=version, filters=filters or {})
    session().add(made)
    session().flush()
    return made


def change(
    forwarder: Forwarder, *, name: str | None = None, url: str | None = None, key: str | None = None,
    secret: str | None = None, version: str | None = None, filters: dict[str, Any] | None = None,
    since: datetime | None = None, enabled: bool | None = None,
) -> None:  # fmt: skip
    """Change what is given; ``since`` sends everything stored after it again, which the other store knows by its ids."""
    if name is not None:
        forwarder.name = name[:255]
    if url is not None:
        if len(url) > 2000:
            raise Invalid("the address has more than 2000 characters", path="$.url")
        outbound.check_url(url)
        forwarder.url = url.rstrip("/")
    if key is not None:
        if not 0 < len(key) <= 255 or ":" in key:
            raise Invalid("the key must have 1 to 255 characters and no colon", path="$.key")
        forwarder.key = key
    if secret is not None:
        if not secret:
            raise Invalid("the secret is needed", path="$.secret")
        forwarder.sealed_secret = sealing.seal(secret, _place(forwarder))
    if version is not None:
        forwarder.version = versions.of(version).name
    if filters is not None:
        check_filters(filters)
        forwarder.filters = filters
    if since is not None:
        forwarder.position = _behind(since)
    if enabled is not None:
        forwarder.enabled, forwarder.failures = enabled, 0
        forwarder.disabled_reason = None if enabled else "switched off"
        # Should its row be gone, the next look makes another.
        forwarder.queued = session().scalar(select(OutboxRow.id).where(*_rows(forwarder)).limit(1)) is not None
    forwarder.updated = clock.now()


def _place(forwarder: Forwarder) -> str:
    return f"forwarder {forwarder.tenant_id}/{forwarder.id}"


def _behind(moment: datetime) -> int:
    """Where to go on behind what was stored up to a moment, which may still have to come."""
    return consistency.end_of(consistency.milliseconds(moment))


def get(tenant_id: int, forwarder_id: str) -> Forwarder:
    found = session().get(Forwarder, (tenant_id, forwarder_id))
    if found is None:
        raise NotFound(f"no forwarder {forwarder_id!r}")
    return found


def find(tenant_id: int) -> list[Forwarder]:
    """Oldest first."""
    return list(session().scalars(select(Forwarder).where(Forwarder.tenant_id == tenant_id).order_by(Forwarder.id)))


def refusals(forwarder: Forwarder, limit: int = 100) -> list[Refusal]:
    """Newest first."""
    query_ = select(Refusal).where(Refusal.tenant_id == forwarder.tenant_id, Refusal.forwarder_id == forwarder.id)
    return list(session().scalars(query_.order_by(Refusal.time.desc(), Refusal.statement_id).limit(limit)))


def backlog(forwarder: Forwarder) -> int:
    """How many statements it has before it; ``BACKLOG + 1`` where there are more."""
    return query.count(forwarder.tenant_id, filters_of(forwarder.filters), after=forwarder.position, most=BACKLOG + 1)


# --- trying the connection ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Tried:
    """What the other store said to a read. ``code`` is ``ok``, ``may_not_read`` (which forwarding does not need) or what is wrong.

    ``refusal`` is there where we did not even ask (``refused``).
    """

    code: str
    message: str
    status: int | None = None
    refusal: outbound.Refused | None = None

    @property
    def ok(self) -> bool:
        return self.code in ("ok", "may_not_read")


_SAID = {
    401: ("unauthenticated", "the other store does not know this key with this secret"),
    403: (
        "may_not_read",
        "the key is known there but may not read; whether it may write shows with the first statement",
    ),
    404: ("no_endpoint", "there is no xAPI endpoint at this address"),
    405: ("no_endpoint", "there is no xAPI endpoint at this address"),
}


def try_connection(forwarder: Forwarder) -> Tried:
    """Ask the other store for one statement: address, key and version are right if it answers. Stores nothing there."""
    headers, url = _headers(forwarder), f"{forwarder.url}/statements?limit=1"
    _release(forwarder)
    try:
        answer = outbound.request("GET", url, headers=headers)
    except outbound.Refused as refused:
        return Tried("refused", refused.message, refusal=refused)
    except outbound.Failed as failure:
        return Tried("unreachable", str(failure))
    if answer.status in _SAID:
        return Tried(*_SAID[answer.status], answer.status)
    if answer.status == 200 and b'"statements"' in answer.body:
        return Tried("ok", "the other store answers, and knows the key", 200)
    text = answer.body[:200].decode("utf-8", "replace").replace("\0", "�")
    if answer.status == 200:
        return Tried("no_endpoint", f"what is at this address is no xAPI endpoint: {text}", 200)
    return Tried("other", f"answered {answer.status}: {text}", answer.status)


# --- working ------------------------------------------------------------------------------------------------------


def look() -> int:
    """Queue the forwarders that have something before them; returns how many. Writes nothing when there are none."""
    head = (
        select(func.max(StatementRow.position)).where(StatementRow.tenant_id == Forwarder.tenant_id).scalar_subquery()
    )
    waiting = Forwarder.enabled.is_(True), Forwarder.queued.is_(False), Forwarder.position < head
    found = session().execute(select(Forwarder.tenant_id, Forwarder.id).where(*waiting)).all()
    session().rollback()
    for tenant_id, id_ in found:
        with unit_of_work() as current:
            # Another process may have been quicker.
            mine = (Forwarder.tenant_id == tenant_id, Forwarder.id == id_, Forwarder.queued.is_(False))
            changed = current.execute(update(Forwarder).where(*mine).values(queued=True))
            if getattr(changed, "rowcount", 0):
                outbox.enqueue(tenant_id, KIND, {"forwarder": id_})
    return len(found)


def _give_up(row: OutboxRow, reason: str) -> None:
    """Not even the failure could be written down, so often that the row died."""
    found = session().get(Forwarder, (row.tenant_id, row.payload["forwarder"]), with_for_update=True)
    if found is not None and found.enabled:
        _switch_off(found, reason)


@outbox.handler(KIND, lease=timedelta(minutes=5), given_up=_give_up)
def forward(row: OutboxRow) -> None:
    """Send batches until nothing is left; then the row is done and the next look queues another."""
    identity, until = (row.tenant_id, row.payload["forwarder"]), time.monotonic() + RUN_SECONDS
    try:
        while more := _send_some(*identity):
            if time.monotonic() > until:
                break
    except Exception as failure:
        # Whatever it is: who looks at the forwarder must see that it does not go on.
        _fail(identity, _reason(failure))
    if more:
        raise Continued


def _send_some(tenant_id: int, forwarder_id: str) -> bool:
    """One batch; says whether there may be more."""
    session().rollback()
    found = session().get(Forwarder, (tenant_id, forwarder_id), populate_existing=True)
    if found is None:
        return False
    if not found.enabled:
        _advance(found, found.position, 0, done=True)
        return False
    after = found.position
    through = consistency.consistent_through(tenant_id)
    page = query.page(tenant_id, filters_of(found.filters), limit=BATCH, after=after, ascending=True, through=through)
    if not page.statements:
        _advance(found, max(after, consistency.end_of(through)), 0, done=True)
        return False
    refused = _send(found, [_as_spoken(found, statement) for statement in page.statements])
    _advance(found, page.positions[-1], len(page.statements) - len(refused), refused=refused)
    return True


class _Busy(Exception):
    """An answer that is not about the statements."""


def _reason(failure: Exception) -> str:
    """What is shown of a failure; an unexpected one is logged whole."""
    if isinstance(failure, (outbound.Refused, outbound.Failed, _Busy)):
        return str(failure)
    log.exception("forwarding failed")
    return f"{type(failure).__name__}: {str(failure).partition(chr(10))[0][:EXCERPT]}"


_OF_2 = re.compile(rb'"version"\s*:\s*"2')


def _as_spoken(forwarder: Forwarder, statement: bytes) -> bytes:
    """1.0.x rejects statements that say to be of a later version (1.0.3 Data 2.4.10); what says nothing counts as 1.0.0 there.

    One that has what only 2.0 knows is refused by the other store, and shown.
    """
    if forwarder.version.startswith("2") or _OF_2.search(statement) is None:
        return statement
    members = msgspec.json.decode(statement, type=dict[str, msgspec.Raw])
    if bytes(members["version"]).startswith(b'"2'):
        del members["version"]
    return msgspec.json.encode(members)


def _send(forwarder: Forwarder, statements: list[bytes]) -> list[tuple[str, int, str]]:
    """Deliver all; returns (id, status, answer) of those that the other store refuses."""
    status, text = _post(forwarder, statements)
    if 200 <= status < 300:
        return []
    if status not in REFUSALS:
        raise _Busy(f"answered {status}: {text[:200]}")
    if len(statements) == 1:
        return [(msgspec.json.decode(statements[0])["id"].lower(), status, text)]
    # Halves, so that one bad statement among many costs few requests.
    middle = len(statements) // 2
    return _send(forwarder, statements[:middle]) + _send(forwarder, statements[middle:])


def _post(forwarder: Forwarder, statements: list[bytes]) -> tuple[int, str]:
    body, kind = b"[" + b",".join(statements) + b"]", "application/json"
    if any(b'"attachments"' in s for s in statements):
        found = attachments.find(forwarder.tenant_id, (msgspec.json.decode(s) for s in statements))
        if sum(kept.size for _, kept in found) > ATTACHMENTS_LIMIT:
            return TOO_MUCH, f"more than {ATTACHMENTS_LIMIT >> 20} MiB of attachments are not forwarded together"
        if found:
            boundary = new_secret()
            try:
                body = b"".join(attachments.answer(boundary, body, found, blobs()))
            except NotFound as missing:
                return NOT_SENT, f"not sent: the bytes of an attachment are no longer here ({missing.message})"
            kind = f"multipart/mixed; boundary={boundary}"
    headers, url = {"Content-Type": kind, **_headers(forwarder)}, f"{forwarder.url}/statements"
    _release(forwarder)
    answer = outbound.request("POST", url, headers=headers, body=body, seconds=ANSWER_SECONDS)
    return answer.status, answer.body[:EXCERPT].decode("utf-8", "replace").replace("\0", "�")


def _headers(forwarder: Forwarder) -> dict[str, str]:
    token = f"{forwarder.key}:{sealing.unseal(forwarder.sealed_secret, _place(forwarder))}"
    return {
        "Authorization": "Basic " + base64.b64encode(token.encode()).decode(),
        versions.HEADER: forwarder.version,
    }


def _release(forwarder: Forwarder) -> None:
    """A connection to the database must not wait for somebody else's server."""
    if forwarder in session():
        session().expunge(forwarder)
    session().rollback()


def _advance(
    seen: Forwarder,
    position: int,
    forwarded: int,
    *,
    refused: list[tuple[str, int, str]] | None = None,
    done: bool = False,
) -> None:
    identity, before, now = (seen.tenant_id, seen.id), seen.position, clock.now()
    with unit_of_work() as current:
        row = current.get(Forwarder, identity, populate_existing=True, with_for_update=True)
        if row is None:
            return
        # Set back by hand meanwhile, it begins again from there.
        if row.position == before:
            row.position = position
        row.queued = not done
        if forwarded or refused:
            row.forwarded, row.refused = row.forwarded + forwarded, row.refused + len(refused or ())
            row.failures, row.last_success, row.last_error, row.next_try = 0, now, None, None
        for statement_id, status, answer in refused or ():
            current.merge(
                Refusal(
                    tenant_id=identity[0], forwarder_id=identity[1], statement_id=statement_id, time=now,
                    status=status, answer=answer,
                )
            )  # fmt: skip


def _fail(identity: tuple[int, str], reason: str) -> NoReturn:
    """Try again by the schedule of the outbox, or switch the forwarder off."""
    with unit_of_work() as current:
        row = current.get(Forwarder, identity, populate_existing=True, with_for_update=True)
        if row is None:
            raise RetryAt(None, "the forwarder was deleted")
        row.failures += 1
        when = outbox.next_try(row.failures)
        row.last_error, row.next_try = reason, when
        if when is None:
            _switch_off(row, f"given up after {row.failures} tries: {reason}")
    raise RetryAt(when, reason)


def _switch_off(forwarder: Forwarder, reason: str) -> None:
    forwarder.enabled, forwarder.queued, forwarder.disabled_reason = False, False, reason


def wake(forwarder: Forwarder) -> None:
    """Try at once what waits for its next try. Needs a unit of work."""
    session().execute(update(OutboxRow).where(*_rows(forwarder), OutboxRow.status == "due").values(due=clock.now()))


def _rows(forwarder: Forwarder) -> tuple[ColumnElement[bool], ...]:
    """What holds for the row of the outbox that works on it."""
    return outbox.unfinished(forwarder.tenant_id, KIND, forwarder=forwarder.id)
