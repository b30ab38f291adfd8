"""Webhooks: who is told what, every delivery with every answer, replay of what did not get through."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import func, select

from core import audit, clock, outbox
from core.db import session, unit_of_work
from core.errors import Invalid
from core.events import CATALOGUE, Event
from core.ids import new_id
from server.console.access import bp, console_view, me, tenant_id
from server.console.messages import say
from server.webhooks import deliveries, subscriptions
from server.webhooks.models import Delivery, DeliveryStatus, Webhook

SHOWN = 50
GROUPS = tuple(dict.fromkeys(type_.split(".")[0] for type_ in CATALOGUE))


@bp.get("/webhooks")
@console_view("tenant_administrator")
def webhooks_list() -> Any:
    return _list_page()


def _list_page(error: str = "", status: int = 200) -> Any:
    page = render_template(
        "console/webhooks.html",
        rows=subscriptions.find(tenant_id()),
        last=_last_deliveries(),
        catalogue=CATALOGUE,
        groups=GROUPS,
        chosen=request.form.getlist("events"),
        error=error,
        form=request.form,
    )
    return page, status


def _last_deliveries() -> dict[str, Delivery]:
    """The newest delivery of each webhook."""
    newest = select(func.max(Delivery.id)).where(Delivery.tenant_id == tenant_id()).group_by(Delivery.webhook_id)
    query = select(Delivery).where(Delivery.tenant_id == tenant_id(), Delivery.id.in_(newest))
    return {d.webhook_id: d for d in session().scalars(query)}


@bp.post("/webhooks")
@console_view("tenant_administrator")
def webhook_create() -> Any:
    form = request.form
    try:
        with unit_of_work():
            made, secret = subscriptions.create(
                tenant_id(),
                form.get("url", "").strip(),
                events=form.getlist("events"),
                description=form.get("description", "").strip(),
            )
            id_, url = made.id, made.url
            audit.record(tenant_id(), me().actor, "webhook.created", url, events=made.events)
    except Invalid as error:
        return _list_page(_refusal(error), 422)
    return render_template("console/webhook_secret.html", id=id_, url=url, secret=secret, rotated=False)


def _refusal(error: Invalid) -> str:
    # The only thing that can be wrong with the field itself; where it leads has words of its own.
    long = error.code == "invalid" and error.details.get("path") == "$.url"
    reason = _("The address has more than 2000 characters.") if long else say(error)
    return str(_("This webhook cannot be saved: %(reason)s", reason=reason))


@bp.get("/webhook")
@console_view("tenant_administrator")
def webhook() -> Any:
    return _page(_named(request.args.get("id", "")))


def _named(webhook_id: str) -> Webhook:
    return subscriptions.get(tenant_id(), webhook_id)


def _page(found: Webhook, error: str = "", status: int = 200) -> Any:
    state = request.args.get("state", "")
    state = state if state in [s.value for s in DeliveryStatus] else ""
    rows = deliveries.find(
        tenant_id(), found.id, status=state or None, before=request.args.get("before") or None, limit=SHOWN + 1
    )
    page = render_template(
        "console/webhook.html",
        webhook=found,
        rows=rows[:SHOWN],
        more=len(rows) > SHOWN,
        state=state,
        counts=_counts(found),
        catalogue=CATALOGUE,
        groups=GROUPS,
        chosen=request.form.getlist("events") if error else found.events,
        error=error,
        form=request.form,
    )
    return page, status


def _counts(found: Webhook) -> dict[str, int]:
    query = (
        select(Delivery.status, func.count())
        .where(Delivery.tenant_id == tenant_id(), Delivery.webhook_id == found.id)
        .group_by(Delivery.status)
    )
    return {status: count for status, count in session().execute(query)}


@bp.post("/webhook")
@console_view("tenant_administrator")
def webhook_change() -> Any:
    form = request.form
    try:
        with unit_of_work():
            found = subscriptions.change(
                _named(form.get("id", "")),
                url=form.get("url", "").strip(),
                events=form.getlist("events"),
                description=form.get("description", "").strip(),
                enabled=form.get("enabled") == "yes",
            )
            audit.record(tenant_id(), me().actor, "webhook.changed", found.url, enabled=found.enabled)
    except Invalid as error:
        return _page(_named(form.get("id", "")), _refusal(error), 422)
    flash(_("The webhook was saved."), "good")
    return redirect(url_for("console.webhook", id=form["id"]))


@bp.post("/webhook/rotate")
@console_view("tenant_administrator")
def webhook_rotate() -> Any:
    with unit_of_work():
        found = _named(request.form.get("id", ""))
        secret = subscriptions.rotate(found)
        id_, url = found.id, found.url
        audit.record(tenant_id(), me().actor, "webhook.rotated", url)
    return render_template("console/webhook_secret.html", id=id_, url=url, secret=secret, rotated=True)


@bp.post("/webhook/delete")
@console_view("tenant_administrator")
def webhook_delete() -> Any:
    with unit_of_work():
        found = _named(request.form.get("id", ""))
        audit.record(tenant_id(), me().actor, "webhook.deleted", found.url)
        subscriptions.delete(found)
    flash(_("The webhook was deleted."), "good")
    return redirect(url_for("console.webhooks_list"))


@bp.post("/webhook/test")
@console_view("tenant_administrator")
def webhook_test() -> Any:
    """Send a message of the type ``webhook.test`` to this webhook alone, whatever its filter says."""
    with unit_of_work():
        found = _named(request.form.get("id", ""))
        if not found.enabled:
            raise Invalid(_("Switch the webhook on first."))
        id_, delivery = found.id, _test_delivery(found)
        audit.record(tenant_id(), me().actor, "webhook.tested", found.url)
    return redirect(url_for("console.webhook_delivery", webhook=id_, id=delivery))


def _test_delivery(found: Webhook) -> str:
    """An event that nobody else subscribes to, with its delivery; returns the delivery's id."""
    now = clock.now()
    event = Event(
        tenant_id=found.tenant_id,
        id=new_id(),
        type="webhook.test",
        time=now,
        payload={"webhook": found.id, "message": "This is a test. A real event has its data here."},
    )
    delivery = Delivery(
        tenant_id=found.tenant_id,
        id=new_id(),
        webhook_id=found.id,
        event_id=event.id,
        event_type=event.type,
        next_try=now,
    )
    session().add_all([event, delivery])
    session().flush()
    outbox.enqueue(found.tenant_id, "webhook", {"delivery": delivery.id})
    return delivery.id


@bp.get("/webhook/delivery")
@console_view("tenant_administrator")
def webhook_delivery() -> Any:
    found = _named(request.args.get("webhook", ""))
    delivery = deliveries.get(tenant_id(), found.id, request.args.get("id", ""))
    event = session().get(Event, (tenant_id(), delivery.event_id))
    return render_template(
        "console/delivery.html",
        webhook=found,
        delivery=delivery,
        attempts=deliveries.attempts(delivery)[::-1],
        message=deliveries.message(event) if event else None,
    )


@bp.post("/webhook/replay")
@console_view("tenant_administrator")
def webhook_replay() -> Any:
    """Replay one delivery, or (without ``delivery``) all that were given up."""
    found, delivery = request.form.get("id", ""), request.form.get("delivery", "")
    with unit_of_work():
        url = _named(found).url
        if delivery:
            deliveries.replay(deliveries.get(tenant_id(), found, delivery))
            count = 1
        else:
            count = deliveries.replay_dead(tenant_id(), found)
        audit.record(tenant_id(), me().actor, "webhook.replayed", url, deliveries=count)
    flash(ngettext("%(num)d delivery is sent again.", "%(num)d deliveries are sent again.", count), "good")
    if delivery:
        return redirect(url_for("console.webhook_delivery", webhook=found, id=delivery))
    return redirect(url_for("console.webhook", id=found))
