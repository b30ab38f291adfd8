"""Webhooks: events to the tenants' own addresses, as Standard Webhooks (https://www.standardwebhooks.com)."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Declare the tables and listen; the outbox handlers are registered by ``server.jobs``, the routes by ``server.api``."""
    from core import events
    from server.webhooks import models, postbacks, subscriptions  # noqa: F401

    if subscriptions.listens not in events.listeners:
        events.listeners.append(subscriptions.listens)
    if postbacks.follow not in events.followers:
        events.followers.append(postbacks.follow)
