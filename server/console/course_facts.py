"""What administrators say of a course: title, description, tags, duration, and its picture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from core import audit
from core.db import session, unit_of_work
from core.errors import Invalid, NotFound
from course_packages import catalogue, thumbnails
from course_packages.model import CoursePackage
from course_packages.models import Course, CourseVersion
from registrations import registrations
from server.console.access import bp, console_view, me, tenant_id
from server.console.messages import say
from server.downloads import send_blob

_LONGEST_TITLE = 500
_LONGEST_DESCRIPTION = 10_000


@bp.get("/course/edit")
@console_view("tenant_administrator")
def course_edit() -> Any:
    found = catalogue.get_course(tenant_id(), request.args.get("id", ""))
    return _page(found, _shown(found))


def _shown(found: Course) -> dict[str, str]:
    return {
        "title": found.title,
        "description": found.description or "",
        "tags": ", ".join(found.tags),
        "minutes": f"{found.duration / 60:g}" if found.duration is not None else "",
    }


def _page(found: Course, shown: Mapping[str, str], error: str = "", status: int = 200) -> Any:
    package: CoursePackage | None = None
    version: CourseVersion | None = None
    if found.current is not None:
        version = catalogue.current_version(tenant_id(), found.id)
        package = catalogue.package(tenant_id(), version.id)
    page = render_template(
        "console/course_edit.html",
        course=found,
        shown=shown,
        package=package,
        error=error,
        picture=catalogue.thumbnail_of(found, version),
    )
    return page, status


@bp.post("/course/edit")
@console_view("tenant_administrator")
def course_edit_save() -> Any:
    form = request.form
    course_id = form.get("id", "")
    try:
        with unit_of_work():
            found = catalogue.get_course(tenant_id(), course_id)
            title = form.get("title", "").strip()[:_LONGEST_TITLE]
            if not title:
                raise Invalid(_("A course needs a title."))
            if title != found.title:
                registrations.rename_course(tenant_id(), course_id, title)
            description = form.get("description", "").strip()[:_LONGEST_DESCRIPTION]
            catalogue.set_facts(tenant_id(), course_id, description=description or None, duration=_seconds())
            catalogue.set_tags(tenant_id(), course_id, form.get("tags", "").split(","))
            audit.record(
                tenant_id(), me().actor, "course.described", course_id,
                title=title, tags=list(found.tags), duration=found.duration,
            )  # fmt: skip
    except Invalid as error:
        return _page(catalogue.get_course(tenant_id(), course_id), form, say(error), 422)
    flash(_("What is said of the course was changed."), "good")
    return redirect(url_for("console.course", id=course_id))


# --- thumbnail ----------------------------------------------------------------------------------------------------


@bp.get("/course/thumbnail")
@console_view("instructor")
def course_thumbnail() -> Response:
    found = catalogue.get_course(tenant_id(), request.args.get("id", ""))
    version = catalogue.current_version(tenant_id(), found.id) if found.current is not None else None
    return thumbnail(catalogue.thumbnail_of(found, version))


def thumbnail(sha256: str | None) -> Response:
    """A JPEG that this server made: the only file of a course that opens on this origin."""
    if sha256 is None:
        raise NotFound(_("This course has no picture."))
    answer = send_blob(sha256, "image/jpeg")
    # Its address carries the hash: another picture has another address.
    answer.headers["Cache-Control"] = "private, max-age=86400"
    return answer


@bp.post("/course/thumbnail")
@console_view("tenant_administrator")
def course_thumbnail_save() -> Any:
    course_id = request.form.get("id", "")
    found = catalogue.get_course(tenant_id(), course_id)
    given = request.files.get("file")
    try:
        if request.form.get("remove") == "yes":
            made = None
        elif given is None or not given.filename:
            raise Invalid(_("Choose a file first."))
        else:
            made = thumbnails.of_upload(given.stream).sha256
    except Invalid as error:
        return _page(found, _shown(found), say(error), 422)
    session().rollback()
    with unit_of_work():
        catalogue.set_thumbnail(tenant_id(), course_id, made)
        audit.record(tenant_id(), me().actor, "course.thumbnail_set", course_id, own=bool(made))
    flash(_("The picture was changed."), "good")
    return redirect(url_for("console.course_edit", id=course_id))


def _seconds() -> float | None:
    """The minutes of the form, with point or comma, as seconds."""
    text = request.form.get("minutes", "").strip().replace(",", ".")
    if not text:
        return None
    plain = text.replace(".", "", 1)
    if not (plain.isascii() and plain.isdigit() and len(text) < 10):
        raise Invalid(_("The duration is a number of minutes."))
    return float(text) * 60
