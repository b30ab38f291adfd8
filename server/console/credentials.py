"""Credentials of programs: made with scopes, shown once, rotated, revoked."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy import select

from core import audit, clock, credentials, events
from core.credentials import Credential
from core.db import session, unit_of_work
from core.errors import Invalid
from core.settings import get_settings
from server.console.access import bp, console_view, me, tenant_id
from server.console.messages import say

_l = lazy_gettext
MEANINGS = {
    "all": _l("Everything"),
    "all/read": _l("Read everything"),
    "statements/write": _l("Store statements"),
    "statements/read": _l("Read all statements"),
    "statements/read/mine": _l("Read the statements it stored itself"),
    "state": _l("Read and write activity state"),
    "state/read": _l("Read activity state"),
    "define": _l("Change activity definitions"),
    "activities_profile": _l("Read and write activity profiles"),
    "activities_profile/read": _l("Read activity profiles"),
    "agents_profile": _l("Read and write agent profiles"),
    "agents_profile/read": _l("Read agent profiles"),
    "rest": _l("REST interface: courses, registrations, learners"),
    "rest/read": _l("REST interface, reading only"),
}
GRACE_HOURS = (0, 1, 24, 168)
DAYS = (30, 90, 365)


@bp.get("/credentials")
@console_view("tenant_administrator")
def credentials_list() -> Any:
    return _page()


def _page(error: str = "", status: int = 200) -> Any:
    query = select(Credential).where(Credential.tenant_id == tenant_id())
    rows = session().scalars(query.order_by(Credential.revoked.is_not(None), Credential.created.desc()))
    page = render_template(
        "console/credentials.html",
        rows=list(rows),
        now=clock.now(),
        meanings=MEANINGS,
        days=DAYS,
        error=error,
        form=request.form,
    )
    return page, status


@bp.post("/credentials")
@console_view("tenant_administrator")
def credential_create() -> Any:
    days = request.form.get("days", "")
    expires = clock.now() + timedelta(days=int(days)) if days in map(str, DAYS) else None
    name = request.form.get("name", "").strip()[:255]
    try:
        if not request.form.getlist("scopes"):
            raise Invalid(_("Choose at least one thing the credential may do."))
        with unit_of_work():
            made, secret = credentials.create(tenant_id(), request.form.getlist("scopes"), name=name, expires=expires)
            key = made.key
            audit.record(tenant_id(), me().actor, "credential.created", key, scopes=made.scopes)
            events.emit(tenant_id(), "credential.created", {"key": key, "name": name, "scopes": made.scopes})
    except Invalid as error:
        return _page(say(error), 422)
    return _shown(key, name, secret, rotated=False)


def _shown(key: str, name: str, secret: str, *, rotated: bool) -> str:
    return render_template(
        "console/credential_secret.html",
        key=key,
        name=name,
        secret=secret,
        rotated=rotated,
        xapi=get_settings().base_url.rstrip("/") + "/xapi",
        rest=get_settings().base_url.rstrip("/") + "/api/v2",
    )


@bp.post("/credentials/rotate")
@console_view("tenant_administrator")
def credential_rotate() -> Any:
    hours = request.form.get("hours", "24")
    grace = timedelta(hours=int(hours) if hours in map(str, GRACE_HOURS) else 24)
    with unit_of_work():
        found = credentials.get(tenant_id(), request.form.get("key", ""))
        if found.revoked:
            raise Invalid(_("A revoked credential cannot be rotated."))
        key, name = found.key, found.name
        secret = credentials.rotate(tenant_id(), key, grace=grace)
        audit.record(tenant_id(), me().actor, "credential.rotated", key, grace_hours=grace.total_seconds() / 3600)
        events.emit(tenant_id(), "credential.rotated", {"key": key, "name": name})
    return _shown(key, name, secret, rotated=True)


@bp.post("/credentials/revoke")
@console_view("tenant_administrator")
def credential_revoke() -> Any:
    with unit_of_work():
        found = credentials.get(tenant_id(), request.form.get("key", ""))
        key, name = found.key, found.name
        credentials.revoke(tenant_id(), key)
        audit.record(tenant_id(), me().actor, "credential.revoked", key)
        events.emit(tenant_id(), "credential.revoked", {"key": key, "name": name})
    flash(_("The credential no longer works."), "good")
    return redirect(url_for("console.credentials_list"))
