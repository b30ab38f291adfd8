"""The first page: how much there is, what happened lately, and what needs somebody's attention."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import redirect, render_template, url_for
from flask_babel import lazy_gettext
from sqlalchemy import and_, func, select
from sqlalchemy.orm import aliased

from core import outbox
from core.db import session
from core.events import Event
from course_packages.models import Course, CourseVersion, VersionStatus
from registrations.models import Instance, Learner, Registration
from server.console import daily, outcomes
from server.console.access import bp, console_view, me, tenant_id
from server.console.learners import current_instance
from server.webhooks.models import Webhook

_l = lazy_gettext
# Events worth telling, with their sentence and the colour of their dot.
SENTENCES = {
    "registration.created": (_l("%(learner)s was registered for %(course)s"), ""),
    "registration.launched": (_l("%(learner)s opened %(course)s"), "busy"),
    "registration.completed": (_l("%(learner)s completed %(course)s"), "good"),
    "registration.passed": (_l("%(learner)s passed %(course)s"), "good"),
    "registration.failed": (_l("%(learner)s failed %(course)s"), "bad"),
    "registration.deleted": (_l("The registration of %(learner)s for %(course)s was deleted"), ""),
    "course.imported": (_l("%(course)s was imported"), "good"),
    "course.import_failed": (_l("The import of %(course)s failed"), "bad"),
    "course.deleted": (_l("%(course)s was deleted"), ""),
    "credential.created": (_l("The credential %(key)s was created"), ""),
    "credential.rotated": (_l("The credential %(key)s got a new secret"), ""),
    "credential.revoked": (_l("The credential %(key)s was revoked"), ""),
}
LOOK_BACK = 300
SHOWN = 9


@dataclass(frozen=True)
class News:
    time: datetime
    text: str
    tone: str
    link: str | None


@bp.get("/")
@console_view("learner")
def home() -> Any:
    if not me().may("instructor"):
        return redirect(url_for("console.my_courses"))
    tenant = tenant_id()
    return render_template(
        "console/dashboard.html",
        figures=_figures(tenant),
        outcomes=outcomes.of(tenant),
        days=daily.last_days(tenant),
        news=_news(tenant),
        latest=_latest(tenant),
        problems=_problems(tenant),
        webhooks=_stopped_webhooks(tenant),
        waiting=outbox.depth() if me().may("system_administrator") else None,
    )


def _latest(tenant: int) -> list[Any]:
    """The registrations that changed last, with instance and learner."""
    learner = and_(Learner.tenant_id == Registration.tenant_id, Learner.id == Registration.learner_id)
    query = (
        select(Registration, Instance, Learner)
        .join(Instance, current_instance())
        .join(Learner, learner)
        .where(Registration.tenant_id == tenant)
        .order_by(Registration.updated.desc(), Registration.id.desc())
    )
    return list(session().execute(query.limit(6)))


def _figures(tenant: int) -> dict[str, int]:
    return {
        "courses": _count(Course.tenant_id == tenant, Course.current.is_not(None)),
        "learners": _count(Learner.tenant_id == tenant),
    }


def _count(*conditions: Any) -> int:
    return session().scalar(select(func.count()).where(*conditions)) or 0


def _news(tenant: int) -> list[News]:
    """The latest events worth telling among the newest; their ids are in the order of time."""
    newest = session().execute(
        select(Event.id, Event.type).where(Event.tenant_id == tenant).order_by(Event.id.desc()).limit(LOOK_BACK)
    )
    chosen = [id_ for id_, type_ in newest if type_ in SENTENCES][:SHOWN]
    query = select(Event).where(Event.tenant_id == tenant, Event.id.in_(chosen)).order_by(Event.id.desc())
    return [_tell(event) for event in session().scalars(query)]


def _tell(event: Event) -> News:
    found = event.payload
    learner, course = found.get("learner") or {}, found.get("course")
    name = f"{learner.get('firstName') or ''} {learner.get('lastName') or ''}".strip() or learner.get("id", "–")
    if isinstance(course, dict):
        course_id, title = course.get("id"), course.get("title") or course.get("id")
    else:
        course_id = found.get("course_id") or found.get("courseId") or course
        title = found.get("title") or course_id
    sentence, tone = SENTENCES[event.type]
    text = str(sentence) % {"learner": name, "course": title or "–", "key": found.get("name") or found.get("key", "–")}
    link = None
    if "registration" in found and event.type != "registration.deleted":
        link = url_for("console.registration", id=found["registration"])
    elif event.type in ("course.imported", "course.import_failed") and course_id:
        link = url_for("console.course", id=course_id)
    return News(event.time, text, tone, link)


def _problems(tenant: int) -> list[CourseVersion]:
    """Courses whose newest upload was rejected."""
    later = aliased(CourseVersion)
    newer = (
        select(later.id)
        .where(
            and_(
                later.tenant_id == CourseVersion.tenant_id,
                later.course_id == CourseVersion.course_id,
                later.number > CourseVersion.number,
            )
        )
        .exists()
    )
    query = select(CourseVersion).where(
        CourseVersion.tenant_id == tenant, CourseVersion.status == VersionStatus.REJECTED, ~newer
    )
    return list(session().scalars(query.order_by(CourseVersion.created.desc()).limit(5)))


def _stopped_webhooks(tenant: int) -> list[Webhook]:
    query = select(Webhook).where(
        Webhook.tenant_id == tenant, Webhook.enabled.is_(False), Webhook.disabled_reason != "disabled by its owner"
    )
    return list(session().scalars(query.limit(5)))
