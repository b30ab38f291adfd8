"""Registrations: the list with live status, one registration with what happened and why, and what can be done with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import get_locale, lazy_gettext
from flask_babel import gettext as _
from sqlalchemy import and_, func, or_, select

from core import audit
from core.db import session, unit_of_work
from core.errors import Conflict, Invalid, NotFound, RekamError
from course_packages import catalogue
from course_packages.models import Course
from registrations import launches, learners
from registrations import registrations as operations
from registrations.models import Instance, Launch, Learner, Registration
from scorm_runtime import lms_comments
from scorm_runtime.explaining import Situation
from scorm_runtime.sequencing import TocEntry
from server.console import activities, formats, statements
from server.console.access import bp, console_view, me, tenant_id
from server.console.listing import like, paginate, sort_of
from server.console.messages import say

_l = lazy_gettext
SORTS = {
    "updated": Registration.updated,
    "course": func.lower(Registration.course_title),
    "learner": Registration.learner_id,
    "score": Instance.score_scaled,
    "time": Instance.total_seconds,
}
STATES = {
    "not_started": (_l("Not started"), Instance.completion == "unknown"),
    "incomplete": (_l("In progress"), Instance.completion == "incomplete"),
    "completed": (_l("Completed"), Instance.completion == "completed"),
    "passed": (_l("Passed"), Instance.success == "passed"),
    "failed": (_l("Failed"), Instance.success == "failed"),
}
CAUSES = {
    "content": _l("The course said so itself."),
    "mastery_score": _l("The score was compared with the passing score of the package."),
    "threshold": _l("The progress was compared with the completion threshold of the package."),
    "rollup": _l("It follows from the parts of the course (rollup)."),
    "administrator": _l("An administrator set it."),
}
TICKET_SECONDS = 86_400


@bp.get("/registrations")
@console_view("instructor")
def registrations_list() -> Any:
    return _list_page()


def _list_page(error: str = "", status: int = 200) -> Any:
    sort = sort_of(SORTS, "-updated")
    column = SORTS[sort.column]
    order = [column.desc().nulls_last() if sort.descending else column.asc().nulls_first(), Registration.id]
    page = paginate(filtered(), order, scalars=False)
    courses = session().execute(
        select(Course.id, Course.title)
        .where(Course.tenant_id == tenant_id(), Course.current.is_not(None))
        .order_by(func.lower(Course.title))
        .limit(500)
    )
    shown = render_template(
        "console/registrations.html",
        page=page,
        sort=sort,
        word=request.args.get("q", ""),
        state=request.args.get("state", ""),
        course=request.args.get("course", ""),
        states=[(name, text) for name, (text, _condition) in STATES.items()],
        courses=[(id_, title or id_) for id_, title in courses],
        form=request.form,
        error=error,
    )
    return shown, status


def filtered() -> Any:
    """(registration, current instance, learner) of the tenant in view that the filters of the address let through."""
    current = and_(
        Instance.tenant_id == Registration.tenant_id,
        Instance.registration_id == Registration.id,
        Instance.number == Registration.instance,
    )
    learner = and_(Learner.tenant_id == Registration.tenant_id, Learner.id == Registration.learner_id)
    query = (
        select(Registration, Instance, Learner)
        .join(Instance, current)
        .join(Learner, learner)
        .where(Registration.tenant_id == tenant_id())
    )
    if course := request.args.get("course", ""):
        query = query.where(Registration.course_id == course)
    if request.args.get("state", "") in STATES:
        query = query.where(STATES[request.args["state"]][1])
    if word := request.args.get("q", "").strip()[:100]:
        fields = (Learner.first_name + " " + Learner.last_name, Learner.email, Learner.id, Registration.id)
        query = query.where(or_(*(func.lower(field).like(like(word), escape="\\") for field in fields)))
    return query


@bp.post("/registrations")
@console_view("tenant_administrator")
def registration_create() -> Any:
    form = request.form
    try:
        with unit_of_work():
            learner = learners.put(
                tenant_id(),
                form.get("learner_id", "").strip(),
                first_name=form.get("first_name", "").strip() or None,
                last_name=form.get("last_name", "").strip() or None,
                email=form.get("email", "").strip() or None,
            )
            made = operations.create(tenant_id(), course_id=form.get("course", ""), learner=learner)
            audit.record(tenant_id(), me().actor, "registration.created", made.id, course=made.course_id)
            target = url_for("console.registration", id=made.id)
    except (Invalid, NotFound, Conflict) as error:
        return _list_page(_form_error(error), 422)
    flash(_("The learner is registered."), "good")
    return redirect(target)


def _form_error(error: RekamError) -> Any:
    if not request.form.get("learner_id", "").strip():
        return _("A learner needs an id.")
    return _("Choose a course.") if isinstance(error, NotFound) else say(error)


# --- one registration -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Moment:
    """One entry of the timeline; ``tone`` colours its dot."""

    time: datetime
    text: str
    tone: str = ""


@bp.get("/registration")
@console_view("instructor")
def registration() -> Any:
    found = operations.get(tenant_id(), request.args.get("id", ""))
    return _page(found)


def _page(found: Registration, link: str = "") -> Any:
    instances = operations.instances(found)
    asked = request.args.get("instance", "")
    instance = next((i for i in instances if str(i.number) == asked), instances[-1])
    return render_template(
        "console/registration.html",
        registration=found,
        instance=instance,
        instances=instances[::-1],
        learner=learners.get(tenant_id(), found.learner_id),
        cause=CAUSES.get(instance.cause or ""),
        timeline=_timeline(found, instance),
        activities=activities.of_instance(tenant_id(), found, instance),
        statements=statements.of_registration(tenant_id(), instance.xapi_registration),
        locks=_locks(found) if instance.number == found.instance else {},
        comments=lms_comments.find(found),
        link=link,
        can_launch=_can_launch(found),
    )


def _locks(found: Registration) -> dict[str, TocEntry]:
    """Parts that the learner cannot choose or does not see now, by identifier, each with its reason."""
    if not _can_launch(found):
        return {}
    entries = Situation(found, str(get_locale())).contents()
    return {each.id: each for each in entries if each.reason and not each.current}


def _can_launch(found: Registration) -> bool:
    version = catalogue.version_by_id(tenant_id(), found.version_id)
    return version.status == "ready" and formats.playable(version.standard)


def _timeline(found: Registration, instance: Instance) -> list[Moment]:
    """What happened in an instance, newest first, from the rows that know it."""
    query = select(Launch).where(
        Launch.tenant_id == found.tenant_id, Launch.registration_id == found.id, Launch.instance == instance.number
    )
    first = _("Registered") if instance.number == 0 else _("Reset: a new attempt from the beginning")
    moments = [Moment(instance.created, first)]
    for launch in session().scalars(query.order_by(Launch.created.desc()).limit(50)):
        moments += _of_launch(launch)
    if instance.completed:
        moments.append(Moment(instance.completed, _("Completed"), "good"))
    moments += activities.moments(tenant_id(), found, instance)
    return sorted(moments, key=lambda m: m.time, reverse=True)[:80]


def _of_launch(launch: Launch) -> list[Moment]:
    reasons = {
        "exited": _("The learner left the course"),
        "superseded": _("The course was opened again elsewhere"),
        "revoked": _("The session was ended by an administrator"),
        "expired": _("The session timed out"),
    }
    moments = [Moment(launch.created, _("Launch link made"))]
    if launch.redeemed:
        moments.append(Moment(launch.redeemed, _("Opened by the learner"), "busy"))
    if launch.ended and launch.redeemed:
        moments.append(Moment(launch.ended, reasons.get(launch.end_reason or "", _("The session ended"))))
    return moments


def _named() -> Registration:
    return operations.get(tenant_id(), request.form.get("id", ""))


@bp.post("/registration/link")
@console_view("tenant_administrator")
def registration_link() -> Any:
    with unit_of_work():
        found = _named()
        _launch, ticket = launches.mint(found, ticket_seconds=TICKET_SECONDS)
        audit.record(tenant_id(), me().actor, "registration.link_made", found.id)
    return _page(operations.get(tenant_id(), request.form["id"]), link=launches.url(ticket))


@bp.post("/registration/open")
@console_view("tenant_administrator")
def registration_open() -> Any:
    """Look at the course as this learner would, without counting: mode review."""
    with unit_of_work():
        found = _named()
        back = url_for("console.registration", id=found.id)
        _launch, ticket = launches.mint(found, mode="review", redirect_url=back, locale=str(get_locale()))
        audit.record(tenant_id(), me().actor, "registration.reviewed", found.id)
    return redirect(launches.url(ticket), 303)


@bp.post("/registration/reset")
@console_view("tenant_administrator")
def registration_reset() -> Any:
    with unit_of_work():
        found = _named()
        operations.reset(found)
        audit.record(tenant_id(), me().actor, "registration.reset", found.id)
    flash(_("The registration begins anew. What was before is kept as an earlier attempt."), "good")
    return redirect(url_for("console.registration", id=request.form["id"]))


@bp.post("/registration/delete")
@console_view("tenant_administrator")
def registration_delete() -> Any:
    with unit_of_work():
        found = _named()
        audit.record(tenant_id(), me().actor, "registration.deleted", found.id, learner=found.learner_id)
        operations.delete(found)
    flash(_("The registration was deleted. Its statements stay in the record store."), "good")
    return redirect(url_for("console.registrations_list"))
