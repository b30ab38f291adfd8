"""What a person with the role learner sees: their own registrations, and nothing of anybody else."""

from __future__ import annotations

from typing import Any

from flask import Response, redirect, render_template, request, url_for
from flask_babel import get_locale
from flask_babel import gettext as _

from core.db import unit_of_work
from core.errors import NotFound
from course_packages import catalogue
from registrations import launches
from registrations import registrations as operations
from registrations.models import Registration
from server.console.access import bp, console_view, me, tenant_id
from server.console.course_facts import thumbnail
from server.console.learners import registrations_of


@bp.get("/my-courses")
@console_view("learner")
def my_courses() -> Any:
    mine = me().learner_id
    rows = registrations_of(tenant_id(), mine) if mine else []
    return render_template("console/my_courses.html", rows=rows, pictures={row.id: _picture(row) for row, _i in rows})


def _picture(registration: Registration) -> str | None:
    course = catalogue.get_course(tenant_id(), registration.course_id)
    return catalogue.thumbnail_of(course, catalogue.version_by_id(tenant_id(), registration.version_id))


@bp.get("/my-courses/picture")
@console_view("learner")
def my_course_picture() -> Response:
    found = operations.get(tenant_id(), request.args.get("id", ""))
    if not me().learner_id or found.learner_id != me().learner_id:
        raise NotFound(_("There is no such course for you."))
    return thumbnail(_picture(found))


@bp.post("/my-courses/open")
@console_view("learner")
def my_course_open() -> Any:
    with unit_of_work():
        found = operations.get(tenant_id(), request.form.get("id", ""))
        if not me().learner_id or found.learner_id != me().learner_id:
            raise NotFound(_("There is no such course for you."))
        back = url_for("console.my_courses")
        _launch, ticket = launches.mint(found, redirect_url=back, locale=str(get_locale()))
    return redirect(launches.url(ticket), 303)
