"""Courses: the list, one course with its versions and structure, its package, trying it out."""

from __future__ import annotations

from typing import Any

from flask import redirect, render_template, request, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from sqlalchemy import and_, func, select

from core.db import session, unit_of_work
from core.errors import NotFound
from course_packages import catalogue
from course_packages.mime import mime_of
from course_packages.models import Course, CourseVersion, ImportJob, VersionStatus
from registrations import launches, learners
from registrations import registrations as registrations_of
from registrations.models import Registration
from server.console import outcomes
from server.console.access import bp, console_view, me, tenant_id
from server.console.course_imports import report_of
from server.console.listing import Page, like, paginate, sort_of
from server.downloads import send_blob

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
        "console/courses.html",
        page=page,
        sort=sort,
        word=word,
        newest=_newest(page),
        counts=_registrations(page),
        picture=catalogue.thumbnail_of,
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
        report=report_of(shown) if shown else None,
        outcomes=outcomes.of(tenant_id(), found.id),
        jobs=_jobs(found),
        picture=catalogue.thumbnail_of(found, next((v for v in versions if v.number == found.current), None)),
    )


def _jobs(found: Course) -> dict[str, str]:
    """The import that made each version, by the id of the version."""
    query = select(ImportJob.version_id, ImportJob.id)
    rows = session().execute(query.where(ImportJob.tenant_id == tenant_id(), ImportJob.course_id == found.id))
    return {version: job for version, job in rows}


def _asked_version(found: Course) -> int | None:
    text = request.args.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 8 else found.current


@bp.get("/course/zip")
@console_view("instructor")
def course_zip() -> Any:
    """What was uploaded; always a download, since its content is foreign."""
    found = catalogue.get_course(tenant_id(), request.args.get("id", ""))
    version = next(
        (v for v in catalogue.list_versions(tenant_id(), found.id) if v.number == _asked_version(found)), None
    )
    if version is None:
        raise NotFound(_("There is no such version of the course."))
    return send_blob(catalogue.uploaded(version), mime_of(version.filename), version.filename)


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
