"""Registrations: one learner in one course version, in one or more instances."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select, tuple_, update

from core import clock, events
from core.db import hold, queue_at, session
from core.errors import Conflict, NotFound
from core.ids import new_id
from course_packages import catalogue
from course_packages.models import CourseVersion, VersionStatus
from registrations import launches, learners, progress, settings
from registrations.models import Instance, Learner, Registration


def create(
    tenant_id: int,
    *,
    course_id: str,
    learner: Learner,
    registration_id: str | None = None,
    version: int | None = None,
    overrides: Mapping[str, Any] | None = None,
    xapi_registration: str | None = None,
) -> Registration:
    """Register ``learner`` for a course; without ``version`` for its newest ready one, to which it stays pinned.

    ``overrides`` are settings for this registration only; ``xapi_registration`` is the UUID of its first instance in
    statements. :class:`Conflict` when the id is taken.
    """
    registration_id = learners.check_id(registration_id, "registration id") if registration_id else new_id()
    queue_at("registration", tenant_id, registration_id)
    if session().get(Registration, (tenant_id, registration_id)) is not None:
        raise Conflict(f"there already is a registration {registration_id!r}")
    pinned = _pin(tenant_id, course_id, version)
    registration = Registration(
        tenant_id=tenant_id,
        id=registration_id,
        learner_id=learner.id,
        course_id=course_id,
        course_version=pinned.number,
        version_id=pinned.id,
        course_title=catalogue.title_of(pinned),
        instance=0,
        settings=settings.check(overrides or {}),
    )
    session().add(registration)
    session().flush()
    instance = _new_instance(registration)
    if xapi_registration is not None:
        instance.xapi_registration = xapi_registration
    session().flush()
    events.emit(tenant_id, "registration.created", progress.payload(registration, instance))
    return registration


def _pin(tenant_id: int, course_id: str, number: int | None) -> CourseVersion:
    if number is None:
        return catalogue.current_version(tenant_id, course_id)
    version = catalogue.get_version(tenant_id, course_id, number)
    if version.status != VersionStatus.READY:
        raise Conflict(f"version {number} of course {course_id!r} is not ready but {version.status}")
    return version


def _new_instance(registration: Registration) -> Instance:
    """The row for the number the registration has now."""
    instance = Instance(
        tenant_id=registration.tenant_id,
        registration_id=registration.id,
        number=registration.instance,
        xapi_registration=_xapi_registration(registration),
        completion="unknown",
        success="unknown",
        total_seconds=0.0,
    )
    session().add(instance)
    return instance


def _xapi_registration(registration: Registration) -> str:
    """xAPI wants a UUID: the registration's own id where it is one (first instance only), else a new one."""
    if registration.instance == 0:
        try:
            return str(uuid.UUID(registration.id))
        except ValueError:
            pass
    return str(uuid.uuid4())


def get(tenant_id: int, registration_id: str) -> Registration:
    registration = session().get(Registration, (tenant_id, registration_id))
    if registration is None:
        raise NotFound(f"no registration {registration_id!r}")
    return hold(registration)


def lock(tenant_id: int, registration_id: str) -> Registration:
    """The registration with its row locked until the unit of work ends: whoever changes runtime state holds it."""
    query = _of_tenant(tenant_id).where(Registration.id == registration_id).with_for_update()
    registration = session().scalars(query, execution_options={"populate_existing": True}).one_or_none()
    if registration is None:
        raise NotFound(f"no registration {registration_id!r}")
    return registration


def instance_of(registration: Registration, number: int | None = None) -> Instance:
    """The instance ``number``, or the current one."""
    number = registration.instance if number is None else number
    instance = session().get(Instance, (registration.tenant_id, registration.id, number))
    if instance is None:
        raise NotFound(f"registration {registration.id!r} has no instance {number}")
    return hold(instance)


def learner_of(registration: Registration) -> Learner:
    return session().get_one(Learner, (registration.tenant_id, registration.learner_id))


def instances(registration: Registration) -> Sequence[Instance]:
    """All instances, oldest first."""
    query = select(Instance).where(
        Instance.tenant_id == registration.tenant_id, Instance.registration_id == registration.id
    )
    return session().scalars(query.order_by(Instance.number)).all()


def find(
    tenant_id: int,
    *,
    course_id: str | None = None,
    learner_id: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    after: tuple[datetime, str] | None = None,
    limit: int = 100,
) -> Sequence[Registration]:
    """Registrations by (updated, id), oldest change first; ``after`` is that pair of the last one of the page before."""
    query = _of_tenant(tenant_id).order_by(Registration.updated, Registration.id).limit(limit)
    if course_id is not None:
        query = query.where(Registration.course_id == course_id)
    if learner_id is not None:
        query = query.where(Registration.learner_id == learner_id)
    if since is not None:
        query = query.where(Registration.updated >= since)
    if until is not None:
        query = query.where(Registration.updated <= until)
    if after is not None:
        query = query.where(tuple_(Registration.updated, Registration.id) > tuple_(*after))
    return session().scalars(query).all()


def _of_tenant(tenant_id: int) -> Select[Registration]:
    return select(Registration).where(Registration.tenant_id == tenant_id)


def configure(registration: Registration, overrides: Mapping[str, Any]) -> Registration:
    """Set settings of this registration; a value of None takes the override back."""
    registration = lock(registration.tenant_id, registration.id)
    kept = {**registration.settings, **overrides}
    registration.settings = settings.check({name: value for name, value in kept.items() if value is not None})
    registration.updated = clock.now()
    session().flush()
    return registration


def reset(registration: Registration) -> Instance:
    """Start a new instance with no progress; what was is kept as the instance before. Open launches are revoked."""
    registration = lock(registration.tenant_id, registration.id)
    launches.revoke_all(registration)
    registration.instance += 1
    registration.updated = clock.now()
    instance = _new_instance(registration)
    session().flush()
    events.emit(
        registration.tenant_id, "registration.progressed", progress.payload(registration, instance, cause="reset")
    )
    return instance


def rename_course(tenant_id: int, course_id: str, title: str) -> None:
    """Give a course a title of its own, which its registrations carry too."""
    course = catalogue.set_title(tenant_id, course_id, title)
    session().execute(
        update(Registration)
        .where(Registration.tenant_id == tenant_id, Registration.course_id == course_id)
        .values(course_title=course.title)
    )


def delete(registration: Registration) -> None:
    """Delete the registration with all its instances, launches and runtime state. Its statements stay in the LRS."""
    tenant_id = registration.tenant_id
    registration = lock(tenant_id, registration.id)
    payload = progress.payload(registration, instance_of(registration))
    session().delete(registration)
    session().flush()
    # The database deleted what belongs to it by cascade.
    session().expire_all()
    events.emit(tenant_id, "registration.deleted", payload)
