"""Compatibility settings: of one course, and the defaults of the tenant for all its courses, each with where its value comes from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from core import audit, tenants
from core.db import session, unit_of_work
from core.errors import Invalid
from course_packages import catalogue
from registrations import settings
from registrations.settings import SETTINGS, Setting
from server.console import indonesian
from server.console.access import bp, console_view, me, tenant_id

# Sixteen settings that only say what happens after a part has ended stand apart from the others.
LATE = "ExitAction"


@bp.get("/course/settings")
@console_view("instructor")
def course_settings() -> Any:
    found = catalogue.get_course(tenant_id(), request.args.get("id", ""))
    return _page(found.settings, course=found)


@bp.get("/courses/settings")
@console_view("tenant_administrator")
def course_defaults() -> Any:
    return _page(tenants.get(tenant_id()).settings)


def _page(own: Mapping[str, Any], course: Any = None, error: str = "", status: int = 200) -> Any:
    tenant = {name: value for name, value in tenants.get(tenant_id()).settings.items() if name in SETTINGS}
    # What would be in force without the values of this level.
    inherited = settings.resolve(tenant if course else {}, {}, {})
    shown = render_template(
        "console/course_settings.html",
        course=course,
        own=own,
        inherited=inherited,
        settings=SETTINGS,
        setting_help=indonesian.setting_help,
        early=[name for name in SETTINGS if not name.endswith(LATE)],
        late=[name for name in SETTINGS if name.endswith(LATE)],
        error=error,
        form=request.form,
    )
    return shown, status


@bp.post("/course/settings")
@console_view("tenant_administrator")
def course_settings_save() -> Any:
    course_id = request.form.get("id", "")
    try:
        with unit_of_work():
            before = catalogue.lock_course(tenant_id(), course_id).settings
            values = _merged(before)
            catalogue.set_settings(tenant_id(), course_id, settings.check(values))
            audit.record(tenant_id(), me().actor, "course.configured", course_id, settings=values)
    except Invalid as error:
        found = catalogue.get_course(tenant_id(), course_id)
        return _page(found.settings, found, error.message, 422)
    flash(_("The settings were saved. They hold from the next launch."), "good")
    return redirect(url_for("console.course_settings", id=course_id))


@bp.post("/courses/settings")
@console_view("tenant_administrator")
def course_defaults_save() -> Any:
    try:
        with unit_of_work():
            tenant = tenants.lock(tenant_id())
            values = _merged(tenant.settings)
            settings.check({name: value for name, value in values.items() if name in SETTINGS})
            tenant.settings = values
            session().flush()
            audit.record(tenant_id(), me().actor, "tenant.configured", tenant.app_id, settings=values)
    except Invalid as error:
        return _page(tenants.get(tenant_id()).settings, None, error.message, 422)
    flash(_("The settings were saved. They hold from the next launch."), "good")
    return redirect(url_for("console.course_defaults"))


def _merged(before: Mapping[str, Any]) -> dict[str, Any]:
    """``before`` with what the form says; an empty field takes a setting back, one the form does not have stays."""
    kept = dict(before)
    for name, setting in SETTINGS.items():
        if name not in request.form:
            continue
        text = request.form[name].strip()
        if text:
            kept[name] = _typed(name, setting, text)
        else:
            kept.pop(name, None)
    return kept


def _typed(name: str, setting: Setting, text: str) -> bool | int | str:
    if isinstance(setting.default, bool):
        return text == "true"
    if isinstance(setting.default, int):
        if not (text.isascii() and text.isdigit() and len(text) < 10):
            raise Invalid(_("%(name)s needs a whole number.", name=name))
        return int(text)
    return text
