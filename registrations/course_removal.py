"""Deleting courses and versions with what depends on them, and telling it before."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select

from core.db import session
from core.errors import Conflict
from course_packages import catalogue
from registrations import registrations
from registrations.models import Instance, Launch, Registration


@dataclass(frozen=True)
class Dependents:
    """Registrations of a course or version, how many of them are complete, how many launches are open now."""

    registrations: int
    completed: int
    open_launches: int


def dependents(tenant_id: int, course_id: str, number: int | None = None) -> Dependents:
    """What depends on a course, or on version ``number`` of it."""
    mine = _mine(tenant_id, course_id, number)
    instance = (
        (Instance.tenant_id == Registration.tenant_id)
        & (Instance.registration_id == Registration.id)
        & (Instance.number == Registration.instance)
    )
    launch = (Launch.tenant_id == Registration.tenant_id) & (Launch.registration_id == Registration.id)
    count = select(func.count()).select_from(Registration)
    complete = count.join(Instance, instance).where(*mine, Instance.completion == "completed")
    opened = count.join(Launch, launch).where(*mine, Launch.redeemed.is_not(None), Launch.ended.is_(None))
    return Dependents(
        registrations=session().scalar(count.where(*mine)) or 0,
        completed=session().scalar(complete) or 0,
        open_launches=session().scalar(opened) or 0,
    )


def delete_version(tenant_id: int, course_id: str, number: int) -> None:
    """Delete a version; needs a unit of work. :class:`Conflict` while registrations are on it, and for the only one."""
    version = catalogue.get_version(tenant_id, course_id, number)
    used = dependents(tenant_id, course_id, number).registrations
    if used:
        raise Conflict(
            f"{used} registrations are on version {number} of course {course_id!r}", code="version_in_use", count=used
        )
    if len(catalogue.list_versions(tenant_id, course_id)) == 1:
        raise Conflict(
            f"version {number} is the only one of course {course_id!r}; delete the course", code="only_version"
        )
    catalogue.delete_version(tenant_id, course_id, version.number)


def delete_course(tenant_id: int, course_id: str) -> None:
    """Delete a course with its versions and registrations; needs a unit of work. Statements stay in the record store."""
    catalogue.get_course(tenant_id, course_id)
    for registration in list(session().scalars(select(Registration).where(*_mine(tenant_id, course_id, None)))):
        registrations.delete(registration)
    catalogue.delete_course(tenant_id, course_id)


def _mine(tenant_id: int, course_id: str, number: int | None) -> list[ColumnElement[bool]]:
    mine: list[ColumnElement[bool]] = [Registration.tenant_id == tenant_id, Registration.course_id == course_id]
    return mine if number is None else [*mine, Registration.course_version == number]
