"""What a registration page shows of the runtime: each part of the course with its status, score and time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from flask_babel import gettext as _
from sqlalchemy import select

from core.db import session
from core.errors import NotFound
from course_packages import catalogue
from course_packages.model import Item, Standard
from registrations.models import Instance, Registration
from scorm_runtime import facts
from scorm_runtime.facts import InteractionFacts, ObjectiveFacts
from scorm_runtime.models import ActivityState, CourseState, RuntimeSession

if TYPE_CHECKING:
    from server.console.registrations import Moment


@dataclass(frozen=True)
class ActivityLine:
    """One item of the course with the words the console shows; ``scaled`` is −1 to 1, ``raw`` as the content gave it."""

    id: str
    title: str
    depth: int
    launchable: bool
    status: str
    success: str
    scaled: float | None
    raw: float | None
    seconds: float
    updated: datetime | None
    objectives: tuple[ObjectiveFacts, ...] = ()
    interactions: tuple[InteractionFacts, ...] = ()
    comments: tuple[str, ...] = ()

    @property
    def told_more(self) -> bool:
        """Whether the content reported more than status, score and time."""
        return bool(self.objectives or self.interactions or self.comments)


def _courses(tenant_id: int, registration: Registration, instance: Instance) -> list[CourseState]:
    """The state of the course in this instance, and those of reviews and browsing."""
    query = select(CourseState).where(
        CourseState.tenant_id == tenant_id,
        CourseState.registration_id == registration.id,
        CourseState.instance == instance.number,
    )
    return list(session().scalars(query.order_by(CourseState.id.desc()).limit(20)))


def of_instance(tenant_id: int, registration: Registration, instance: Instance) -> list[ActivityLine]:
    """Every item of the course with what its newest attempt knows of it."""
    try:
        package = catalogue.package(tenant_id, registration.version_id)
    except NotFound:
        return []
    states: dict[str, ActivityState] = {}
    counted = next((c for c in _courses(tenant_id, registration, instance) if c.mode == "normal"), None)
    if counted is not None:
        query = select(ActivityState).where(
            ActivityState.tenant_id == tenant_id, ActivityState.course_state_id == counted.id
        )
        states = {s.activity: s for s in session().scalars(query.order_by(ActivityState.number))}
    lines: list[ActivityLine] = []
    for item in package.organization.items:
        _add(lines, item, 0, states, package.standard == Standard.SCORM_12)
    return lines


def _add(lines: list[ActivityLine], item: Item, depth: int, states: dict[str, ActivityState], scorm_12: bool) -> None:
    lines.append(_line(item, depth, states.get(item.identifier), scorm_12))
    for child in item.children:
        _add(lines, child, depth + 1, states, scorm_12)


def _line(item: Item, depth: int, state: ActivityState | None, scorm_12: bool) -> ActivityLine:
    said = facts.read(scorm_12, state.cmi if state else {})
    # An activity that was delivered but said nothing has begun all the same.
    unsaid = "incomplete" if state else "not_started"
    return ActivityLine(
        id=item.identifier,
        title=item.title or item.identifier,
        depth=min(depth, 8),
        launchable=item.launchable,
        status=unsaid if said.completion in ("unknown", "not attempted") else said.completion,
        success=said.success,
        scaled=said.score.scaled,
        raw=said.score.raw,
        seconds=state.seconds if state else 0.0,
        updated=state.updated if state else None,
        objectives=said.objectives,
        interactions=said.interactions,
        comments=said.comments,
    )


def moments(tenant_id: int, registration: Registration, instance: Instance) -> list[Moment]:
    """Starts and ends of the parts, for the timeline."""
    from server.console.registrations import Moment

    titles = _titles(tenant_id, registration)
    found: list[Moment] = []
    for course in _courses(tenant_id, registration, instance)[:5]:
        query = select(RuntimeSession).where(
            RuntimeSession.tenant_id == tenant_id, RuntimeSession.course_state_id == course.id
        )
        for run in session().scalars(query.order_by(RuntimeSession.started.desc()).limit(40)):
            title = titles.get(run.activity, run.activity)
            found.append(Moment(run.started, _("Began “%(title)s”", title=title)))
            if run.ended:
                text = {
                    "terminate": _("Finished “%(title)s”", title=title),
                    "unload": _("Left “%(title)s”", title=title),
                }.get(run.end or "", _("“%(title)s” was closed by the server", title=title))
                found.append(Moment(run.ended, text))
    return found


def _titles(tenant_id: int, registration: Registration) -> dict[str, str]:
    try:
        package = catalogue.package(tenant_id, registration.version_id)
    except NotFound:
        return {}
    return {item.identifier: item.title for item in package.organization.walk()}
