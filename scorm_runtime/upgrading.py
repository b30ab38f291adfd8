"""Moving a registration to another version of its course: what is kept, told before it is done."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from core import clock, events
from core.db import session
from core.errors import Conflict
from course_packages import catalogue
from course_packages.models import CourseVersion, VersionStatus
from registrations import launches, progress, registrations
from registrations.models import Launch, Registration
from scorm_runtime import moving, rollup
from scorm_runtime.models import CourseState
from scorm_runtime.outline import outline
from scorm_runtime.run import NORMAL, open_run
from scorm_runtime.sequencing import Sequencer


@dataclass(frozen=True)
class Plan:
    """What moving means. ``keeps_progress``: the learner goes on; otherwise a new instance begins and the old one is kept.

    ``kept``, ``added`` and ``removed`` are identifiers of the parts that can be launched.
    """

    before: int
    after: int
    keeps_progress: bool
    kept: tuple[str, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]


def plan(registration: Registration, number: int) -> Plan:
    """What moving to version ``number`` would do; nothing is changed. :class:`Conflict` where it cannot be done."""
    version = _target(registration, number)
    old = outline(registration.tenant_id, registration.version_id)
    new = outline(registration.tenant_id, version.id)
    parts = [item.identifier for item in new.launchable]
    before = [item.identifier for item in old.launchable]
    state = _state(registration)
    return Plan(
        before=registration.course_version,
        after=number,
        keeps_progress=old.standard == new.standard and (state is None or _fits(state, version)),
        kept=tuple(part for part in parts if part in before),
        added=tuple(part for part in parts if part not in before),
        removed=tuple(part for part in before if part not in parts),
    )


def move(registration: Registration, number: int) -> Plan:
    """Do it; needs a unit of work. Open launches are ended as if the learner had left."""
    registration = registrations.lock(registration.tenant_id, registration.id)
    version = _target(registration, number)
    _end_attempt(registration)
    found = plan(registration, number)
    registration.course_version, registration.version_id = version.number, version.id
    registration.course_title, registration.updated = catalogue.title_of(version), clock.now()
    session().flush()
    if found.keeps_progress:
        instance = registrations.instance_of(registration)
        told = progress.payload(registration, instance, cause="version")
        events.emit(registration.tenant_id, "registration.progressed", told)
    else:
        registrations.reset(registration)
    return found


def _target(registration: Registration, number: int) -> CourseVersion:
    version = catalogue.get_version(registration.tenant_id, registration.course_id, number)
    if version.status != VersionStatus.READY:
        raise Conflict(f"version {number} of course {registration.course_id!r} is not ready but {version.status}")
    if version.id == registration.version_id:
        raise Conflict(f"the registration is on version {number} already", code="same_version")
    return version


def _state(registration: Registration) -> CourseState | None:
    query = select(CourseState).where(
        CourseState.tenant_id == registration.tenant_id,
        CourseState.registration_id == registration.id,
        CourseState.instance == registration.instance,
        CourseState.mode == NORMAL,
    )
    return session().scalars(query).first()


def _fits(state: CourseState, version: CourseVersion) -> bool:
    """Whether the tracking of the old activity tree is one of the new tree."""
    new = outline(version.tenant_id, version.id)
    try:
        Sequencer.restore(new.organization, state.snapshot, edition=new.standard)
    except (ValueError, LookupError):
        # A part or an objective that has been tracked is gone.
        return False
    return True


def _end_attempt(registration: Registration) -> None:
    state = _state(registration)
    launches.revoke_all(registration)
    if state is None or state.status != "active":
        return
    launch = session().get(Launch, (registration.tenant_id, state.launch_id))
    if launch is None:
        return
    run = open_run(launch)
    moving.settle(run)
    if run.state.status == "active":
        run.state.status = "ended"
    rollup.roll_up(run)
    run.save()
    session().flush()
