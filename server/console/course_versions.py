"""Versions and those who depend on them: moving learners to another version, deleting a version or a course."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import func, select

from core import audit
from core.db import session, unit_of_work
from core.errors import Conflict, Invalid
from course_packages import catalogue
from course_packages.models import Course, CourseVersion
from registrations import course_removal, learners
from registrations import registrations as operations
from registrations.models import Learner, Registration
from scorm_runtime import upgrading, upgrading_many
from server.console.access import bp, console_view, me, tenant_id
from server.console.messages import say

# So many learners who would begin anew are named.
_NAMED = 25


# --- moving -----------------------------------------------------------------------------------------------------------


@bp.get("/course/move")
@console_view("tenant_administrator")
def course_move() -> Any:
    course = catalogue.get_course(tenant_id(), request.args.get("id", ""))
    versions = catalogue.list_versions(tenant_id(), course.id, only_ready=True)
    counts = _counts(course)
    before, after = _asked("before", versions), _asked("after", versions)
    if before is None:
        before = next((v for v in versions if counts.get(v.number) and v.number != course.current), None)
    if after is None:
        after = next((v for v in versions if v.number == course.current), None)
    survey = None
    if before is not None and after is not None and before.number != after.number:
        survey = upgrading_many.survey(tenant_id(), course.id, before.number, after.number)
    return render_template(
        "console/course_move.html",
        course=course,
        versions=versions,
        counts=counts,
        before=before,
        after=after,
        survey=survey,
        parts=_parts(survey.plan, course) if survey else None,
        anew=_learners(survey.anew[:_NAMED]) if survey else [],
        running=upgrading_many.is_running(tenant_id(), course.id),
    )


def _counts(course: Course) -> dict[int, int]:
    """How many registrations are on each version."""
    query = (
        select(Registration.course_version, func.count())
        .where(Registration.tenant_id == tenant_id(), Registration.course_id == course.id)
        .group_by(Registration.course_version)
    )
    return {number: count for number, count in session().execute(query)}


def _asked(name: str, versions: list[CourseVersion]) -> CourseVersion | None:
    return next((v for v in versions if str(v.number) == request.values.get(name, "")), None)


def _learners(found: tuple[Registration, ...]) -> list[tuple[Registration, Learner]]:
    return [(registration, learners.get(tenant_id(), registration.learner_id)) for registration in found]


@dataclass(frozen=True)
class Parts:
    """Titles of the parts that stay, come and go."""

    kept: list[str]
    added: list[str]
    removed: list[str]


def _parts(plan: upgrading.Plan | None, course: Course) -> Parts | None:
    if plan is None:
        return None
    titles: dict[str, str] = {}
    for number in (plan.before, plan.after):
        version = catalogue.get_version(tenant_id(), course.id, number)
        package = catalogue.package(tenant_id(), version.id)
        titles |= {item.identifier: item.title or item.identifier for item in package.organization.walk()}
    named = [[titles.get(part, part) for part in parts] for parts in (plan.kept, plan.added, plan.removed)]
    return Parts(*named)


@bp.post("/course/move")
@console_view("tenant_administrator")
def course_move_start() -> Any:
    course_id = request.form.get("id", "")
    versions = catalogue.list_versions(tenant_id(), course_id, only_ready=True)
    catalogue.get_course(tenant_id(), course_id)
    before, after = _asked("before", versions), _asked("after", versions)
    if before is None or after is None or before.number == after.number:
        raise Invalid(_("Choose two different versions of the course."))
    with unit_of_work():
        upgrading_many.start(
            tenant_id(),
            course_id,
            before.number,
            after.number,
            actor=me().actor,
            only_keeping=request.form.get("who") != "all",
        )
        target = url_for("console.course_move", id=course_id, before=before.number, after=after.number)
    flash(_("The learners are being moved. You may leave this page."), "good")
    return redirect(target)


@bp.get("/registration/move")
@console_view("tenant_administrator")
def registration_move() -> Any:
    found = operations.get(tenant_id(), request.args.get("id", ""))
    course = catalogue.get_course(tenant_id(), found.course_id)
    versions = catalogue.list_versions(tenant_id(), course.id, only_ready=True)
    after = _asked("after", versions) or next((v for v in versions if v.number == course.current), None)
    plan = upgrading.plan(found, after.number) if after and after.number != found.course_version else None
    return render_template(
        "console/registration_move.html",
        registration=found,
        course=course,
        learner=learners.get(tenant_id(), found.learner_id),
        versions=[v for v in versions if v.number != found.course_version],
        after=after,
        plan=plan,
        parts=_parts(plan, course),
    )


@bp.post("/registration/move")
@console_view("tenant_administrator")
def registration_move_now() -> Any:
    with unit_of_work():
        found = operations.get(tenant_id(), request.form.get("id", ""))
        after = _asked("after", catalogue.list_versions(tenant_id(), found.course_id, only_ready=True))
        if after is None:
            raise Invalid(_("Choose a version of the course."))
        upgrading.move(found, after.number)
        audit.record(tenant_id(), me().actor, "registration.moved", found.id, version=after.number)
        target = url_for("console.registration", id=found.id)
    flash(_("The registration was moved."), "good")
    return redirect(target)


# --- deleting ---------------------------------------------------------------------------------------------------------


@bp.get("/course/delete")
@console_view("tenant_administrator")
def course_delete_ask() -> Any:
    """What goes with a course, or with the version that the address names, before it is deleted."""
    return _delete_page(catalogue.get_course(tenant_id(), request.args.get("id", "")))


def _delete_page(course: Course, error: str = "", status: int = 200) -> Any:
    versions = catalogue.list_versions(tenant_id(), course.id)
    version = _asked("version", versions) if request.values.get("version") else None
    shown = render_template(
        "console/course_delete.html",
        course=course,
        versions=versions,
        version=version,
        dependents=course_removal.dependents(tenant_id(), course.id, version.number if version else None),
        size=sum(v.total_size for v in versions if version is None or v.number == version.number),
        error=error,
    )
    return shown, status


@bp.post("/course/delete")
@console_view("tenant_administrator")
def course_delete() -> Any:
    if request.form.get("version"):
        return _delete_version()
    course = catalogue.get_course(tenant_id(), request.form.get("id", ""))
    used = course_removal.dependents(tenant_id(), course.id).registrations
    if used and request.form.get("confirm", "").strip() != course.id:
        return _delete_page(course, _("Write the id of the course to show that you mean it."), 422)
    course_id, title = course.id, course.title
    session().rollback()
    with unit_of_work():
        course_removal.delete_course(tenant_id(), course_id)
        audit.record(tenant_id(), me().actor, "course.deleted", course_id, title=title, registrations=used)
    if used:
        flash(
            ngettext(
                "The course was deleted with %(num)s registration. Statements stay in the record store.",
                "The course was deleted with %(num)s registrations. Statements stay in the record store.",
                used,
            ),
            "good",
        )
    else:
        flash(_("The course was deleted."), "good")
    return redirect(url_for("console.courses_list"))


def _delete_version() -> Any:
    course_id = request.form.get("id", "")
    version = _asked("version", catalogue.list_versions(tenant_id(), course_id))
    catalogue.get_course(tenant_id(), course_id)
    if version is None:
        raise Invalid(_("There is no such version of the course."))
    number = version.number
    try:
        session().rollback()
        with unit_of_work():
            course_removal.delete_version(tenant_id(), course_id, number)
            audit.record(tenant_id(), me().actor, "course.version_deleted", course_id, version=number)
    except Conflict as error:
        return _delete_page(catalogue.get_course(tenant_id(), course_id), say(error), 409)
    flash(_("Version %(number)s was deleted.", number=number), "good")
    return redirect(url_for("console.course", id=course_id))
