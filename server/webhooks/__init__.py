"""Webhooks: events to the tenants' own addresses, as Standard Webhooks (https://www.standardwebhooks.com)."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Declare the tables; the outbox handlers are registered by ``server.jobs``, the routes by ``server.api``."""
    from server.webhooks import models  # noqa: F401
