"""What every template of the console can use."""

from __future__ import annotations

from typing import Any

from flask import Flask
from sqlalchemy import select

from core.db import session
from core.tenants import Tenant
from server.console import access, formats, listing, locales
from server.console.navigation import navigation

# A switch with more entries than this is no longer a help; the page of tenants has them all.
MOST_TENANTS = 200


def install(app: Flask) -> None:
    app.jinja_env.filters.update(formats.FILTERS)
    app.jinja_env.globals.update(
        csrf_token=access.csrf_token, csp_nonce=access.nonce, here=listing.here, person_name=formats.person_name
    )


@access.bp.context_processor
def values() -> dict[str, Any]:
    """The visitor, their language and theme, and the menu; of no use to the templates of the player."""
    who = access.visitor()
    return {
        "me": who,
        "locale": locales.choose_locale(),
        "theme": locales.choose_theme(),
        "languages": locales.LANGUAGES,
        "navigation": navigation(),
        "tenants_to_choose": _tenants() if who and who.role == "system_administrator" else [],
    }


def _tenants() -> list[Tenant]:
    return list(session().scalars(select(Tenant).order_by(Tenant.name, Tenant.id).limit(MOST_TENANTS)))
