"""Moving all registrations of a version to another one: a survey of what is kept, then a job that does it one by one."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, select

from core import audit, outbox
from core.db import session, unit_of_work
from core.errors import Conflict, Invalid, NotFound
from core.outbox import Continued, OutboxRow
from course_packages import catalogue
from course_packages.models import VersionStatus
from registrations import registrations
from registrations.models import Registration
from scorm_runtime import upgrading

log = logging.getLogger("rekam.upgrading")

KIND = "move_registrations"
# So many registrations are looked at for a survey; a course with more shows the first ones.
SURVEYED = 500
_BATCH = 100
# One run of the job; then it queues up again behind the others.
_RUN_SECONDS = 300.0


@dataclass(frozen=True)
class Survey:
    """``total`` registrations are on the old version; of the ``looked`` at, ``keeping`` go on and ``anew`` begin again.

    ``plan`` tells of the parts of the two versions, the same for all; None without registrations.
    """

    total: int
    looked: int
    keeping: int
    anew: tuple[Registration, ...]
    plan: upgrading.Plan | None


def survey(tenant_id: int, course_id: str, before: int, after: int) -> Survey:
    """What moving from version ``before`` to ``after`` would do; nothing is changed. Refuses what :func:`start` refuses."""
    _check(tenant_id, course_id, before, after)
    mine = select(Registration).where(*_on(tenant_id, course_id, before))
    total = count(tenant_id, course_id, before)
    found = list(session().scalars(mine.order_by(Registration.id).limit(SURVEYED)))
    plans = [upgrading.plan(registration, after) for registration in found]
    anew = tuple(r for r, told in zip(found, plans, strict=True) if not told.keeps_progress)
    return Survey(total, len(found), len(found) - len(anew), anew, plans[0] if plans else None)


def start(tenant_id: int, course_id: str, before: int, after: int, *, actor: str, only_keeping: bool) -> None:
    """Have them moved in the background; needs a unit of work. ``only_keeping``: those that would begin anew stay.

    :class:`Invalid` for one version twice, :class:`NotFound` for one that is none, :class:`Conflict` for one that is not ready.
    """
    _check(tenant_id, course_id, before, after)
    audit.record(tenant_id, actor, "course.learners_moved", course_id, before=before, after=after)
    outbox.enqueue(
        tenant_id,
        KIND,
        {"course": course_id, "from": before, "to": after, "actor": actor, "only_keeping": only_keeping},
    )


def _check(tenant_id: int, course_id: str, before: int, after: int) -> None:
    catalogue.get_version(tenant_id, course_id, before)
    if before == after:
        raise Invalid(f"the registrations are on version {after} already", code="same_version")
    target = catalogue.get_version(tenant_id, course_id, after)
    if target.status != VersionStatus.READY:
        raise Conflict(f"version {after} of course {course_id!r} is not ready but {target.status}")


def count(tenant_id: int, course_id: str, number: int) -> int:
    """How many registrations are on a version."""
    query = select(func.count()).select_from(Registration).where(*_on(tenant_id, course_id, number))
    return session().scalar(query) or 0


def _on(tenant_id: int, course_id: str, number: int) -> tuple[ColumnElement[bool], ...]:
    return (
        Registration.tenant_id == tenant_id,
        Registration.course_id == course_id,
        Registration.course_version == number,
    )


def is_running(tenant_id: int, course_id: str) -> bool:
    """Whether registrations of the course are being moved."""
    query = select(OutboxRow.id).where(*outbox.unfinished(tenant_id, KIND, course=course_id))
    return session().scalar(query.limit(1)) is not None


@outbox.handler(KIND, lease=timedelta(minutes=10))
def _work(row: OutboxRow) -> None:
    """Each in a transaction of its own. Run again after a crash it goes on: who was moved is not on the old version."""
    tenant_id, wanted = row.tenant_id, dict(row.payload)
    until, after = time.monotonic() + _RUN_SECONDS, ""
    while ids := _next(tenant_id, wanted, after):
        for registration_id in ids:
            _move(tenant_id, registration_id, wanted)
        after = ids[-1]
        if time.monotonic() > until:
            raise Continued


def _next(tenant_id: int, wanted: dict[str, Any], after: str) -> list[str]:
    mine = _on(tenant_id, wanted["course"], wanted["from"])
    query = select(Registration.id).where(*mine, Registration.id > after)
    found = list(session().scalars(query.order_by(Registration.id).limit(_BATCH)))
    session().rollback()
    return found


def _move(tenant_id: int, registration_id: str, wanted: dict[str, Any]) -> None:
    try:
        with unit_of_work():
            registration = registrations.lock(tenant_id, registration_id)
            if registration.course_version != wanted["from"]:
                return
            if wanted["only_keeping"] and not upgrading.plan(registration, wanted["to"]).keeps_progress:
                return
            upgrading.move(registration, wanted["to"])
            audit.record(tenant_id, wanted["actor"], "registration.moved", registration_id, version=wanted["to"])
    except (NotFound, Conflict) as error:
        # Deleted meanwhile, or the version is gone: nothing to move, or nowhere to go.
        log.warning("registration not moved: %s", error.message, extra={"registration": registration_id})
