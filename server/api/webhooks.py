"""Webhooks of the application: subscriptions, secrets, deliveries, replay. Rekam's own, in the style of the dialect."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
from flask import Response

import core.web as web
from core import audit, clock
from core.db import session, unit_of_work
from core.errors import Invalid
from core.events import CATALOGUE, Event
from server.api import openapi, paging, reading
from server.api.answers import answer, compact, moment, nothing
from server.api.blueprint import bp
from server.api.reading import Body, body
from server.webhooks import deliveries, subscriptions
from server.webhooks.models import Delivery, DeliveryStatus, Webhook


class WebhookBody(Body):
    """``events``: types or groups like ``registration.*``; empty: all. ``secret``: one of your own, ``whsec_`` + base64."""

    url: str
    events: list[str] = msgspec.field(default_factory=list)
    description: str = ""
    enabled: bool = True
    secret: str | None = None


class ChangeWebhookBody(Body):
    url: str | None = None
    events: list[str] | None = None
    description: str | None = None
    enabled: bool | None = None


class RotateSecretBody(Body):
    grace_seconds: int = 86_400
    secret: str | None = None


class ReplayBody(Body):
    since: str | None = None


def webhook_json(webhook: Webhook, secret: str | None = None) -> dict[str, Any]:
    return compact(
        id=webhook.id,
        url=webhook.url,
        description=webhook.description,
        events=list(webhook.events),
        enabled=webhook.enabled,
        disabledReason=webhook.disabled_reason,
        created=moment(webhook.created),
        updated=moment(webhook.updated),
        secret=secret,
    )


def delivery_json(delivery: Delivery) -> dict[str, Any]:
    return compact(
        id=delivery.id,
        event=delivery.event_id,
        type=delivery.event_type,
        status=str(delivery.status),
        tries=delivery.tries,
        created=moment(delivery.created),
        nextTry=moment(delivery.next_try),
        finished=moment(delivery.finished),
        lastStatus=delivery.last_status,
        lastError=delivery.last_error,
    )


@bp.get("/webhooks")
@web.scope("rest/read")
@openapi.describe("The webhooks of the application", returns="WebhookList")
def get_webhooks() -> Response:
    return answer({"webhooks": [webhook_json(webhook) for webhook in subscriptions.find(web.principal().tenant_id)]})


@bp.get("/webhooks/eventTypes")
@web.scope("rest/read")
@openapi.describe("Every event there is", returns="EventTypeList")
def get_event_types() -> Response:
    return answer({"eventTypes": [{"type": type_, "description": text} for type_, text in CATALOGUE.items()]})


@bp.post("/webhooks")
@web.scope("rest")
@openapi.describe(
    "Make a webhook; the answer holds its secret, which is not shown again", body=WebhookBody, returns="Webhook"
)
def create_webhook() -> Response:
    who, given = web.principal(), body(WebhookBody)
    with unit_of_work():
        webhook, secret = subscriptions.create(
            who.tenant_id,
            given.url,
            events=given.events,
            description=given.description,
            secret=given.secret,
            enabled=given.enabled,
        )
        audit.record(who.tenant_id, f"credential:{who.key}", "webhook.created", webhook.id, url=webhook.url)
        value = webhook_json(webhook, secret)
    return answer(value)


@bp.get("/webhooks/<webhook_id>")
@web.scope("rest/read")
@openapi.describe("A webhook", returns="Webhook")
def get_webhook(webhook_id: str) -> Response:
    return answer(webhook_json(subscriptions.get(web.principal().tenant_id, webhook_id)))


@bp.put("/webhooks/<webhook_id>")
@web.scope("rest")
@openapi.describe("Change what is given of a webhook", body=ChangeWebhookBody, returns="Webhook")
def update_webhook(webhook_id: str) -> Response:
    who, given = web.principal(), body(ChangeWebhookBody)
    with unit_of_work():
        webhook = subscriptions.change(
            subscriptions.get(who.tenant_id, webhook_id),
            url=given.url,
            events=given.events,
            description=given.description,
            enabled=given.enabled,
        )
        audit.record(who.tenant_id, f"credential:{who.key}", "webhook.changed", webhook.id, url=webhook.url)
        value = webhook_json(webhook)
    return answer(value)


@bp.delete("/webhooks/<webhook_id>")
@web.scope("rest")
@openapi.describe("Delete a webhook with its deliveries")
def delete_webhook(webhook_id: str) -> Response:
    who = web.principal()
    with unit_of_work():
        subscriptions.delete(subscriptions.get(who.tenant_id, webhook_id))
        audit.record(who.tenant_id, f"credential:{who.key}", "webhook.deleted", webhook_id)
    return nothing()


@bp.post("/webhooks/<webhook_id>/rotate")
@web.scope("rest")
@openapi.describe(
    "Give a webhook a new secret; messages carry both signatures for a while",
    body=RotateSecretBody,
    returns="WebhookSecret",
)
def rotate_webhook_secret(webhook_id: str) -> Response:
    who, given = web.principal(), body(RotateSecretBody)
    if not 0 <= given.grace_seconds <= 90 * 86_400:
        raise Invalid("graceSeconds must be 0 to 7776000", path="$.graceSeconds")
    grace = timedelta(seconds=given.grace_seconds)
    with unit_of_work():
        webhook = subscriptions.get(who.tenant_id, webhook_id)
        secret = subscriptions.rotate(webhook, grace=grace, secret=given.secret)
        audit.record(who.tenant_id, f"credential:{who.key}", "webhook.rotated", webhook_id)
    return answer({"secret": secret, "previousUntil": moment(clock.now() + grace)})


# --- deliveries -----------------------------------------------------------------------------------------------------


@bp.get("/webhooks/<webhook_id>/deliveries")
@web.scope("rest/read")
@openapi.describe(
    "Deliveries of a webhook, newest first", query={"status": "Only with this status", "more": openapi.PAGED["more"]},
    returns="DeliveryList",
)  # fmt: skip
def get_webhook_deliveries(webhook_id: str) -> Response:
    after = paging.resume()
    tenant_id = web.principal().tenant_id
    subscriptions.get(tenant_id, webhook_id)
    status = reading.word("status", list(DeliveryStatus))
    found = deliveries.find(
        tenant_id, webhook_id, status=status, before=after[0] if after else None, limit=paging.SIZE + 1
    )
    rows = found[: paging.SIZE]
    more = paging.token([rows[-1].id]) if len(found) > paging.SIZE else None
    return paging.listing("deliveries", paging.Page(rows, more), [delivery_json(row) for row in rows])


@bp.get("/webhooks/<webhook_id>/deliveries/<delivery_id>")
@web.scope("rest/read")
@openapi.describe("A delivery with what was sent and every answer", returns="Delivery")
def get_webhook_delivery(webhook_id: str, delivery_id: str) -> Response:
    tenant_id = web.principal().tenant_id
    delivery = deliveries.get(tenant_id, webhook_id, delivery_id)
    event = session().get(Event, (tenant_id, delivery.event_id))
    value = delivery_json(delivery)
    if event is not None:
        value["payload"] = deliveries.message(event)
    value["attempts"] = [
        compact(
            number=attempt.number,
            time=moment(attempt.time),
            status=attempt.status,
            seconds=round(attempt.seconds, 3),
            answer=attempt.answer,
            error=attempt.error,
        )
        for attempt in deliveries.attempts(delivery)
    ]
    return answer(value)


@bp.post("/webhooks/<webhook_id>/deliveries/<delivery_id>/replay")
@web.scope("rest")
@openapi.describe("Send a delivery again, under the same message id")
def replay_webhook_delivery(webhook_id: str, delivery_id: str) -> Response:
    with unit_of_work():
        deliveries.replay(deliveries.get(web.principal().tenant_id, webhook_id, delivery_id))
    return nothing()


@bp.post("/webhooks/<webhook_id>/replay")
@web.scope("rest")
@openapi.describe("Send again what was given up, at most a thousand at a time", body=ReplayBody, returns="ReplayResult")
def replay_webhook(webhook_id: str) -> Response:
    given, tenant_id = body(ReplayBody), web.principal().tenant_id
    since = reading.moment(given.since, "since") if given.since else None
    with unit_of_work():
        subscriptions.get(tenant_id, webhook_id)
        count = deliveries.replay_dead(tenant_id, webhook_id, since=since)
    return answer({"replayed": count})
