"""Deliveries: one event to one webhook, tried until it is taken or given up, every answer kept."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import func, select, update

from core import clock, outbox, tenants
from core.db import dialect, session, unit_of_work
from core.errors import NotFound
from core.events import Event
from core.ids import new_id
from core.outbox import OutboxRow, RetryAt
from server import outbound
from server.webhooks import postbacks, signing, subscriptions
from server.webhooks.models import Attempt, Delivery, DeliveryStatus, Webhook

# What is kept of an answer: enough to see an error message.
EXCERPT = 2000


def fan_out(limit: int = 200, only: tuple[int, str] | None = None) -> int:
    """Turn due ``event`` rows of the outbox into deliveries; returns how many rows. Opens one unit of work.

    A batch in one transaction: at a thousand statements a second this must not cost a thousand commits. The row is deleted
    with it, so that each event is fanned out exactly once.
    """
    with unit_of_work() as current:
        query = (
            select(OutboxRow)
            .where(OutboxRow.kind == "event", *outbox.is_due())
            .order_by(OutboxRow.due, OutboxRow.id)
            .limit(limit)
        )
        if only is not None:
            query = select(OutboxRow).where(OutboxRow.tenant_id == only[0], OutboxRow.id == only[1])
        if dialect() == "postgresql":
            query = query.with_for_update(skip_locked=True)
        rows = list(current.scalars(query))
        wanted = _subscribers({row.tenant_id for row in rows})
        for row in rows:
            event = current.get(Event, (row.tenant_id, row.payload["event"]))
            if event is not None:
                _deliver_to_all(event, wanted.get(row.tenant_id, []))
                postbacks.enqueue(event)
            current.delete(row)
        return len(rows)


def _subscribers(tenant_ids: set[int]) -> dict[int, list[Webhook]]:
    found: dict[int, list[Webhook]] = {}
    query = select(Webhook).where(Webhook.tenant_id.in_(tenant_ids), Webhook.enabled.is_(True))
    for webhook in session().scalars(query):
        found.setdefault(webhook.tenant_id, []).append(webhook)
    return found


def _deliver_to_all(event: Event, webhooks: Sequence[Webhook]) -> None:
    for webhook in webhooks:
        if not subscriptions.wants(webhook, event.type):
            continue
        delivery = Delivery(
            tenant_id=event.tenant_id,
            id=new_id(),
            webhook_id=webhook.id,
            event_id=event.id,
            event_type=event.type,
            next_try=clock.now(),
        )
        session().add(delivery)
        outbox.enqueue(event.tenant_id, "webhook", {"delivery": delivery.id})


def message(event: Event) -> dict[str, Any]:
    """The body of a message: ``{id, type, timestamp, application, data}``; the same bytes at every try."""
    return {
        "id": event.id,
        "type": event.type,
        "timestamp": event.time.isoformat().replace("+00:00", "Z"),
        "application": tenants.get(event.tenant_id).app_id,
        "data": event.payload,
    }


def deliver(row: OutboxRow) -> None:
    """Handler of the outbox kind ``webhook``: one try. The event's id is the message id, at every try the same."""
    tries, identity = row.tries, (row.tenant_id, row.payload["delivery"])
    prepared = _prepare(*identity)
    if prepared is None:
        return
    url, headers, body = prepared
    started = clock.now()
    status, text, seconds, error, retry_after = None, "", 0.0, None, None
    try:
        answer = outbound.request("POST", url, headers=headers, body=body)
    except (outbound.Refused, outbound.Failed) as failure:
        error = str(failure)
        seconds = (clock.now() - started).total_seconds()
    else:
        status, seconds = answer.status, answer.seconds
        text = answer.body[:EXCERPT].decode("utf-8", "replace").replace("\0", "�")
        error = None if 200 <= status < 300 else _explain(status)
        retry_after = _seconds(answer.headers.get("Retry-After"))
    attempt = Attempt(
        tenant_id=identity[0],
        delivery_id=identity[1],
        time=started,
        status=status,
        seconds=seconds,
        answer=text,
        error=error,
    )
    when = None if error is None or status == 410 else _next(tries, retry_after)
    _record(attempt, tries, when)
    if error is not None:
        raise RetryAt(when, error)


def give_up(row: OutboxRow, reason: str) -> None:
    """Its row is dead: whoever looks at the delivery must see it, and can replay it."""
    found = session().get(Delivery, (row.tenant_id, row.payload["delivery"]), with_for_update=True)
    if found is not None and found.status == DeliveryStatus.WAITING:
        found.status, found.finished, found.next_try = DeliveryStatus.DEAD, clock.now(), None
        found.last_error = reason


def _prepare(tenant_id: int, delivery_id: str) -> tuple[str, dict[str, str], bytes] | None:
    """What to send where; None when nobody waits for it any more."""
    current = session()
    current.rollback()
    delivery = current.get(Delivery, (tenant_id, delivery_id))
    if delivery is None or delivery.status != DeliveryStatus.WAITING:
        return None
    webhook = current.get_one(Webhook, (tenant_id, delivery.webhook_id))
    event = current.get(Event, (tenant_id, delivery.event_id))
    if not webhook.enabled or event is None:
        with unit_of_work():
            delivery = session().get_one(Delivery, (tenant_id, delivery_id))
            delivery.status, delivery.finished, delivery.next_try = DeliveryStatus.CANCELLED, clock.now(), None
        return None
    body = msgspec.json.encode(message(event))
    headers = {
        "Content-Type": "application/json",
        **signing.headers(event.id, clock.now(), body, subscriptions.secrets(webhook)),
    }
    url = webhook.url
    # A connection to the database must not wait for somebody else's server.
    current.rollback()
    current.close()
    return url, headers, body


def _record(attempt: Attempt, tries: int, when: datetime | None) -> None:
    with unit_of_work() as current:
        delivery = current.get(Delivery, (attempt.tenant_id, attempt.delivery_id))
        if delivery is None:
            return  # the webhook was deleted meanwhile
        last = current.scalar(
            select(func.max(Attempt.number)).where(
                Attempt.tenant_id == attempt.tenant_id, Attempt.delivery_id == attempt.delivery_id
            )
        )
        attempt.number = (last or 0) + 1
        current.add(attempt)
        delivery.tries, delivery.last_status, delivery.last_error = tries, attempt.status, attempt.error
        delivery.next_try = when
        if attempt.error is None:
            delivery.status = DeliveryStatus.DELIVERED
        elif when is None:
            delivery.status = DeliveryStatus.DEAD
        if when is None:
            delivery.finished = clock.now()
        if attempt.status == 410:
            webhook = current.get_one(Webhook, (attempt.tenant_id, delivery.webhook_id))
            subscriptions.disable(webhook, "its address answered 410 Gone")


def _next(tries: int, retry_after: float | None) -> datetime | None:
    when = outbox.next_try(tries)
    if when is not None and retry_after is not None:
        return max(when, clock.now() + timedelta(seconds=retry_after))
    return when


def _seconds(header: str | None) -> float | None:
    """Retry-After in seconds, at most a day; its date form is rare among webhook receivers and ignored."""
    return min(float(header), 86_400.0) if header and re.fullmatch("[0-9]+", header) else None


def _explain(status: int) -> str:
    if 300 <= status < 400:
        return f"answered {status}: redirects are not followed; change the address of the webhook"
    if status == 410:
        return "answered 410 Gone: the webhook was disabled"
    return f"answered {status}"


def get(tenant_id: int, webhook_id: str, delivery_id: str) -> Delivery:
    delivery = session().get(Delivery, (tenant_id, delivery_id))
    if delivery is None or delivery.webhook_id != webhook_id:
        raise NotFound(f"no delivery {delivery_id!r} of webhook {webhook_id!r}")
    return delivery


def find(
    tenant_id: int, webhook_id: str, *, status: str | None = None, before: str | None = None, limit: int = 100
) -> list[Delivery]:
    """Deliveries of a webhook, newest first; ``before`` is the id of the last one of the page before."""
    query = select(Delivery).where(Delivery.tenant_id == tenant_id, Delivery.webhook_id == webhook_id)
    if status is not None:
        query = query.where(Delivery.status == status)
    if before is not None:
        query = query.where(Delivery.id < before)
    return list(session().scalars(query.order_by(Delivery.id.desc()).limit(limit)))


def attempts(delivery: Delivery) -> list[Attempt]:
    """Every request of a delivery, oldest first."""
    query = select(Attempt).where(Attempt.tenant_id == delivery.tenant_id, Attempt.delivery_id == delivery.id)
    return list(session().scalars(query.order_by(Attempt.number)))


def replay(delivery: Delivery) -> None:
    """Send it again under the same message id, with a fresh schedule. Needs a unit of work."""
    current = session()
    # A row that still waits for the same delivery would send it a second time.
    current.execute(
        update(OutboxRow)
        .where(*outbox.unfinished(delivery.tenant_id, "webhook", delivery=delivery.id), OutboxRow.status == "due")
        .values(status="done", finished=clock.now())
    )
    delivery.status, delivery.tries, delivery.finished = DeliveryStatus.WAITING, 0, None
    delivery.next_try = clock.now()
    current.flush()
    outbox.enqueue(delivery.tenant_id, "webhook", {"delivery": delivery.id})


def replay_dead(tenant_id: int, webhook_id: str, *, since: datetime | None = None, limit: int = 1000) -> int:
    """Replay what was given up or cancelled (since ``since``); returns how many."""
    query = select(Delivery).where(
        Delivery.tenant_id == tenant_id,
        Delivery.webhook_id == webhook_id,
        Delivery.status.in_((DeliveryStatus.DEAD, DeliveryStatus.CANCELLED)),
    )
    if since is not None:
        query = query.where(Delivery.created >= since)
    found = list(session().scalars(query.order_by(Delivery.id).limit(limit)))
    for delivery in found:
        delivery.status, delivery.tries, delivery.finished = DeliveryStatus.WAITING, 0, None
        delivery.next_try = clock.now()
        outbox.enqueue(tenant_id, "webhook", {"delivery": delivery.id})
    session().flush()
    return len(found)
