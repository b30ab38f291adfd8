"""Courses: the list, the upload, one course with its versions and structure, trying it out."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import Any

from flask import flash, jsonify, redirect, render_template, request, send_file, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from sqlalchemy import and_, func, select

from core import audit
from core.blobs import blobs
from core.db import session, unit_of_work
from core.errors import Conflict, Invalid, NotFound
from course_packages import catalogue, importing
from course_packages.models import Course, CourseVersion, VersionStatus
from course_packages.problems import localized
from registrations import launches, learners
from registrations import registrations as registrations_of
from registrations.models import Registration
from server.console import outcomes
from server.console.access import bp, console_view, me, tenant_id
from server.console.listing import Page, like, paginate, sort_of
from server.console.messages import wants_json

SORTS = {"title": func.lower(Course.title), "id": Course.id, "updated": Course.updated}


@bp.get("/courses")
@console_view("instructor")
def courses_list() -> Any:
    word = request.args.get("q", "").strip()[:100]
    sort = sort_of(SORTS, "-updated")
    current = and_(
        CourseVersion.tenant_id == Course.tenant_id,
        CourseVersion.course_id == Course.id,
        CourseVersion.number == Course.current,
    )
    query = select(Course, CourseVersion).outerjoin(CourseVersion, current).where(Course.tenant_id == tenant_id())
    if word:
        pattern = like(word)
        query = query.where(
            func.lower(Course.title).like(pattern, escape="\\") | func.lower(Course.id).like(pattern, escape="\\")
        )
    column = SORTS[sort.column]
    page = paginate(query, [column.desc() if sort.descending else column, Course.id], scalars=False)
    return render_template(
        "console/courses.html", page=page, sort=sort, word=word, newest=_newest(page), counts=_registrations(page)
    )


def _ids(page: Page) -> list[str]:
    return [course.id for course, _version in page.rows]


def _newest(page: Page) -> dict[str, CourseVersion]:
    """The newest version of each course of the page, whatever became of it."""
    newest = (
        select(CourseVersion.course_id, func.max(CourseVersion.number).label("number"))
        .where(CourseVersion.tenant_id == tenant_id(), CourseVersion.course_id.in_(_ids(page)))
        .group_by(CourseVersion.course_id)
        .subquery()
    )
    query = select(CourseVersion).join(
        newest, and_(CourseVersion.course_id == newest.c.course_id, CourseVersion.number == newest.c.number)
    )
    return {v.course_id: v for v in session().scalars(query.where(CourseVersion.tenant_id == tenant_id()))}


def _registrations(page: Page) -> dict[str, int]:
    query = (
        select(Registration.course_id, func.count())
        .where(Registration.tenant_id == tenant_id(), Registration.course_id.in_(_ids(page)))
        .group_by(Registration.course_id)
    )
    return {course: count for course, count in session().execute(query)}


# --- upload -----------------------------------------------------------------------------------------------------------


@bp.post("/courses/upload")
@console_view("tenant_administrator")
def course_upload() -> Any:
    given = request.files.get("file")
    if given is None or not given.filename:
        raise Invalid(_("Choose a file first."))
    name = _plain(PurePath(given.filename.replace("\\", "/")).name)[-255:] or "package.zip"
    blob = importing.stage(given.stream)
    course_id = _plain(request.form.get("course_id", "").strip())
    known = session().get(Course, (tenant_id(), course_id)) is not None
    if request.form.get("new") == "yes" and known:
        raise Conflict(_("There already is a course with this id. Open it to upload a new version."))
    with unit_of_work():
        job = importing.start_import(
            tenant_id(),
            course_id or _free_id(name),
            blob,
            name,
            may_create_version=request.form.get("new") != "yes",
            threshold=_threshold(),
        )
        audit.record(tenant_id(), me().actor, "course.uploaded", job.course_id, file=name)
        target = url_for("console.course_import", id=job.id)
    return (jsonify({"location": target}), 201) if wants_json() else redirect(target)


def _threshold() -> float | None:
    """The percentage of the form as a share."""
    given = request.form.get("threshold", "").strip()
    if not given:
        return None
    if not (given.isascii() and given.isdigit() and 1 <= int(given[:4]) <= 100):
        raise Invalid(_("The percentage must be a whole number from 1 to 100."))
    return int(given) / 100


@bp.post("/courses/import/cancel")
@console_view("tenant_administrator")
def course_import_cancel() -> Any:
    with unit_of_work():
        job = importing.cancel(tenant_id(), request.form.get("id", ""))
        audit.record(tenant_id(), me().actor, "course.import_cancelled", job.course_id, job=job.id)
    return redirect(url_for("console.course_import", id=job.id))


def _plain(text: str) -> str:
    """Without control characters."""
    return "".join(c for c in text if c.isprintable())


def _free_id(filename: str) -> str:
    """A course id made from the name of the file, with a number when there already is such a course."""
    stem = re.sub(r"[^A-Za-z0-9]+", "-", PurePath(filename).stem).strip("-").lower()[:80] or "course"
    wanted, number = stem, 1
    while session().get(Course, (tenant_id(), wanted)) is not None:
        number += 1
        wanted = f"{stem}-{number}"
    return wanted


@bp.get("/courses/import")
@console_view("instructor")
def course_import() -> Any:
    job = importing.get_job(tenant_id(), request.args.get("id", ""))
    version = catalogue.version_by_id(tenant_id(), job.version_id)
    return render_template("console/course_import.html", job=job, version=version, report=_report(version))


def _report(version: CourseVersion) -> dict[str, Any]:
    """The findings in the reader's language; empty lists while there is no report yet."""
    found = localized(version.report or {}, str(get_locale()))
    return {"errors": [], "warnings": [], "repairs": []} | found


# --- one course -------------------------------------------------------------------------------------------------------


@bp.get("/course")
@console_view("instructor")
def course() -> Any:
    found = catalogue.get_course(tenant_id(), request.args.get("id", ""))
    versions = catalogue.list_versions(tenant_id(), found.id)[::-1]
    shown = next((v for v in versions if v.number == _asked_version(found)), versions[0] if versions else None)
    ready = shown is not None and shown.status == VersionStatus.READY
    return render_template(
        "console/course.html",
        course=found,
        versions=versions,
        shown=shown,
        package=catalogue.package(tenant_id(), shown.id) if shown and ready else None,
        report=_report(shown) if shown else None,
        outcomes=outcomes.of(tenant_id(), found.id),
    )


def _asked_version(found: Course) -> int | None:
    text = request.args.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 8 else found.current


@bp.get("/course/zip")
@console_view("instructor")
def course_zip() -> Any:
    """The package as it was uploaded; always a download, since its content is foreign."""
    found = catalogue.get_course(tenant_id(), request.args.get("id", ""))
    version = next(
        (v for v in catalogue.list_versions(tenant_id(), found.id) if v.number == _asked_version(found)), None
    )
    if version is None:
        raise NotFound(_("There is no such version of the course."))
    source = blobs().local_path(version.zip_sha256) or blobs().open(version.zip_sha256)
    return send_file(source, mimetype="application/zip", as_attachment=True, download_name=version.filename)


@bp.post("/course/rename")
@console_view("tenant_administrator")
def course_rename() -> Any:
    title = request.form.get("title", "").strip()[:500]
    if not title:
        raise Invalid(_("A course needs a title."))
    with unit_of_work():
        found = catalogue.set_title(tenant_id(), request.form.get("id", ""), title)
        audit.record(tenant_id(), me().actor, "course.renamed", found.id, title=title)
    flash(_("The title was changed."), "good")
    return redirect(url_for("console.course", id=request.form.get("id")))


@bp.post("/course/delete")
@console_view("tenant_administrator")
def course_delete() -> Any:
    course_id = request.form.get("id", "")
    with unit_of_work():
        found = catalogue.get_course(tenant_id(), course_id)
        first = select(Registration.id).where(
            Registration.tenant_id == tenant_id(), Registration.course_id == course_id
        )
        if session().scalar(first.limit(1)) is not None:
            raise Conflict(_("Learners are registered for this course. Delete their registrations first."))
        title = found.title
        catalogue.delete_course(tenant_id(), course_id)
        audit.record(tenant_id(), me().actor, "course.deleted", course_id, title=title)
    flash(_("The course was deleted."), "good")
    return redirect(url_for("console.courses_list"))


@bp.post("/course/try")
@console_view("instructor")
def course_try() -> Any:
    """Launch the course as the visitor's test learner: one test registration a course, made when it is needed."""
    course_id = request.form.get("id", "")
    with unit_of_work():
        catalogue.current_version(tenant_id(), course_id)
        learner_id = f"test:{me().person_id}"
        learner = learners.put(tenant_id(), learner_id, first_name=_("Test learner"), last_name=me().name or me().email)
        query = select(Registration).where(
            Registration.tenant_id == tenant_id(),
            Registration.course_id == course_id,
            Registration.learner_id == learner_id,
        )
        newest = session().scalar(query.order_by(Registration.created.desc()).limit(1))
        current = catalogue.get_course(tenant_id(), course_id).current
        if newest is None or newest.course_version != current or request.form.get("again") == "yes":
            newest = registrations_of.create(tenant_id(), course_id=course_id, learner=learner)
        back = url_for("console.registration", id=newest.id)
        _launch, ticket = launches.mint(newest, redirect_url=back, locale=str(get_locale()))
    return redirect(launches.url(ticket), 303)
