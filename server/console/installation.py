"""The installation as its system administrators see it: tenants, and the settings in force."""

from __future__ import annotations

import platform
from importlib.metadata import version
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask import session as cookie
from flask_babel import gettext as _
from sqlalchemy import select

from core import audit, outbox, tenants
from core.db import dialect, session, unit_of_work
from core.errors import Conflict, Invalid
from core.settings import get_settings
from core.tenants import Tenant
from server import doctor
from server.console import indonesian
from server.console.access import bp, console_view, me
from server.people import INSTALLATION


@bp.get("/tenants")
@console_view("system_administrator", needs_tenant=False)
def tenants_list() -> Any:
    return _page()


def _page(error: str = "", status: int = 200) -> Any:
    rows = list(session().scalars(select(Tenant).order_by(Tenant.name, Tenant.id)))
    return render_template("console/tenants.html", rows=rows, error=error, form=request.form), status


@bp.post("/tenants")
@console_view("system_administrator", needs_tenant=False)
def tenant_create() -> Any:
    name = request.form.get("name", "").strip()[:255]
    app_id = request.form.get("app_id", "").strip()
    try:
        if not name:
            raise Invalid(_("A tenant needs a name."))
        if len(app_id) > 255 or any(ord(c) < 33 for c in app_id):
            raise Invalid(_("An application id has no blanks and at most 255 characters."))
        with unit_of_work():
            tenant = tenants.create(name, app_id or None)
            made = tenant.id
            audit.record(INSTALLATION, me().actor, "tenant.created", tenant.app_id, name=name)
    except Conflict:
        return _page(_("There already is a tenant with this application id."), 422)
    except Invalid as error:
        return _page(error.message, 422)
    cookie["tenant"] = made
    flash(_("The tenant was created. You are looking at it now."), "good")
    return redirect(url_for("console.home"))


@bp.get("/settings")
@console_view("system_administrator", needs_tenant=False)
def settings() -> Any:
    waiting, oldest = outbox.depth()
    facts = {
        "Rekam": version("rekam"),
        "Python": platform.python_version(),
        _("Database"): "PostgreSQL" if dialect() == "postgresql" else "SQLite",
        _("Jobs"): "RQ + Redis" if get_settings().redis_url else _("threads of the web processes"),
        _("Console and interfaces"): get_settings().base_url,
        _("Player and courses"): get_settings().content_url,
    }
    return render_template(
        "console/settings.html",
        facts=facts,
        rows=[(name, value, indonesian.variable_help(name, help_)) for name, value, help_ in get_settings().describe()],
        waiting=waiting,
        oldest=oldest,
        checks=doctor.examine(get_settings()),
        check_name=indonesian.check_name,
        check_text=indonesian.check_text,
    )
