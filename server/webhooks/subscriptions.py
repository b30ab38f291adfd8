"""Subscriptions: creating, changing, rotating and finding webhooks. Writers need a unit of work and flush."""

from __future__ import annotations

import binascii
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from core import clock
from core.db import after_commit, memory, session
from core.errors import Invalid, NotFound
from core.events import CATALOGUE
from core.ids import new_id
from core.remembered import Remembered
from server import outbound, sealing
from server.webhooks import signing
from server.webhooks.models import Webhook

# Seconds a process goes on believing which events are wanted after webhooks changed on another machine.
TRUST = 5.0
# Old and new secret both sign this long after a rotation.
GRACE = timedelta(days=1)


def create(
    tenant_id: int,
    url: str,
    *,
    events: Sequence[str] = (),
    description: str = "",
    secret: str | None = None,
    enabled: bool = True,
) -> tuple[Webhook, str]:
    """A webhook and its secret, which is shown this once (``secret``: one brought along, ``whsec_`` + base64)."""
    secret = _check_secret(secret) if secret else signing.new_secret()
    webhook = Webhook(
        tenant_id=tenant_id,
        id=new_id(),
        url=check_url(url),
        events=check_events(events),
        description=description[:255],
        enabled=enabled,
    )
    webhook.secrets = [_sealed(webhook, secret, None)]
    session().add(webhook)
    _changed()
    return webhook, secret


def change(
    webhook: Webhook,
    *,
    url: str | None = None,
    events: Sequence[str] | None = None,
    description: str | None = None,
    enabled: bool | None = None,
) -> Webhook:
    """Change what is given. Enabling clears the reason for which it was disabled."""
    if url is not None:
        webhook.url = check_url(url)
    if events is not None:
        webhook.events = check_events(events)
    if description is not None:
        webhook.description = description[:255]
    if enabled is not None:
        webhook.enabled = enabled
        webhook.disabled_reason = None if enabled else "disabled by its owner"
    webhook.updated = clock.now()
    _changed()
    return webhook


def disable(webhook: Webhook, reason: str) -> None:
    webhook.enabled, webhook.disabled_reason, webhook.updated = False, reason, clock.now()
    _changed()


def rotate(webhook: Webhook, *, grace: timedelta = GRACE, secret: str | None = None) -> str:
    """Give the webhook a new secret and return it; the present one signs too until ``grace`` is over."""
    secret = _check_secret(secret) if secret else signing.new_secret()
    now = clock.now()
    kept = [s for s in webhook.secrets if _alive(s, now)][:3]
    until = (now + grace).isoformat()
    webhook.secrets = [_sealed(webhook, secret, None)] + [{**s, "until": s["until"] or until} for s in kept]
    webhook.updated = now
    session().flush()
    return secret


def secrets(webhook: Webhook) -> list[str]:
    """Every secret that signs now, newest first."""
    now = clock.now()
    return [sealing.unseal(s["sealed"], _place(webhook)) for s in webhook.secrets if _alive(s, now)]


def get(tenant_id: int, webhook_id: str) -> Webhook:
    webhook = session().get(Webhook, (tenant_id, webhook_id))
    if webhook is None:
        raise NotFound(f"no webhook {webhook_id!r}")
    return webhook


def find(tenant_id: int) -> list[Webhook]:
    """All webhooks of the tenant, oldest first."""
    return list(session().scalars(select(Webhook).where(Webhook.tenant_id == tenant_id).order_by(Webhook.id)))


def delete(webhook: Webhook) -> None:
    """Delete the webhook with its deliveries."""
    session().delete(webhook)
    _changed()


def _wanted() -> Remembered[int, list[list[str]]]:
    """Tenant → the types that each of its enabled webhooks wants."""
    return memory("webhooks.wanted", lambda: Remembered("webhooks.changed", TRUST))


def _changed() -> None:
    session().flush()
    after_commit(_wanted().forget)


def listens(tenant_id: int, event_type: str) -> bool:
    """Whether any enabled webhook of the tenant wants this type. Asked by each transaction that stores statements: costs no query."""
    wanted = _wanted()
    state = wanted.state()
    found = wanted.find(tenant_id)
    if found is None:
        query = select(Webhook.events).where(Webhook.tenant_id == tenant_id, Webhook.enabled.is_(True))
        found = list(session().scalars(query))
        wanted.keep(tenant_id, found, state)
    return any(_lets_through(types, event_type) for types in found)


def wants(webhook: Webhook, event_type: str) -> bool:
    """Whether the filter of ``webhook`` lets this type through."""
    return _lets_through(webhook.events, event_type)


def _lets_through(types: Sequence[str], event_type: str) -> bool:
    return not types or any(
        event_type == wanted or (wanted.endswith(".*") and event_type.startswith(wanted[:-1])) for wanted in types
    )


def check_events(types: Sequence[str]) -> list[str]:
    """``types`` without repetition; :class:`Invalid` names the one that is not in the catalogue."""
    groups = {t.split(".")[0] + ".*" for t in CATALOGUE}
    for index, type_ in enumerate(types):
        if type_ not in CATALOGUE and type_ not in groups:
            known = ", ".join(sorted(groups) + sorted(CATALOGUE))
            raise Invalid(f"unknown event type {type_!r}; one of {known}", path=f"$.events[{index}]")
    return list(dict.fromkeys(types))


def check_url(url: str) -> str:
    """The address if it has the form of one we would call; where it leads is checked at each request."""
    if len(url) > 2000:
        raise Invalid("the address has more than 2000 characters", path="$.url")
    outbound.check_url(url)
    return url


def _check_secret(secret: str) -> str:
    try:
        signing.key_of(secret)
    except (ValueError, binascii.Error):
        raise Invalid("a webhook secret is whsec_ and then base64 of 24 to 64 bytes", path="$.secret") from None
    return secret


def _place(webhook: Webhook) -> str:
    return f"webhook {webhook.tenant_id}/{webhook.id}"


def _sealed(webhook: Webhook, secret: str, until: str | None) -> dict[str, Any]:
    return {"sealed": sealing.seal(secret, _place(webhook)), "until": until}


def _alive(secret: dict[str, Any], now: datetime) -> bool:
    return secret["until"] is None or datetime.fromisoformat(secret["until"]) > now
