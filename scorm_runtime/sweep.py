"""The sweep that ends attempts whose page is gone for good, so that their registrations tell the truth."""

from __future__ import annotations

import logging
from datetime import timedelta

from sqlalchemy import delete, or_, select

from core import clock
from core.db import session, unit_of_work
from core.errors import NotFound
from core.settings import get_settings
from registrations import launches
from registrations.models import Launch
from scorm_runtime import moving, rollup, trace
from scorm_runtime.models import CourseState, TracePart
from scorm_runtime.run import NORMAL, open_run

log = logging.getLogger("rekam.scorm")

# A page that was just opened has not sent its first request yet.
GRACE = timedelta(seconds=60)


def close_dead_sessions(limit: int = 100) -> int:
    """End the active attempts of launches that are over, oldest first; how many. Opens a unit of work for each."""
    dead = _candidates(limit)
    closed = 0
    for tenant_id, state_id, launch_id in dead:
        try:
            with unit_of_work():
                closed += _close(tenant_id, state_id, launch_id)
        except NotFound:
            # Deleted meanwhile.
            continue
        except Exception:
            log.exception("cannot end a dead session", extra={"tenant": tenant_id, "state": state_id})
    return closed


def forget_traces() -> None:
    """Delete what was traced more than :data:`trace.KEPT` ago, of all tenants. Opens a unit of work."""
    with unit_of_work():
        session().execute(delete(TracePart).where(TracePart.time < clock.now() - trace.KEPT))


def _candidates(limit: int) -> list[tuple[int, str, str]]:
    """(tenant, state, launch) over all tenants, as this is the installation's own housekeeping."""
    now = clock.now()
    idle = now - timedelta(seconds=get_settings().launch_idle_timeout)
    query = (
        select(CourseState.tenant_id, CourseState.id, Launch.id)
        .join(Launch, (Launch.tenant_id == CourseState.tenant_id) & (Launch.id == CourseState.launch_id))
        .where(
            CourseState.status == "active",
            CourseState.mode == NORMAL,
            CourseState.updated < now - GRACE,
            or_(Launch.ended.is_not(None), Launch.last_seen < idle, Launch.token_expires <= now),
        )
        .order_by(CourseState.updated)
        .limit(limit)
    )
    session().rollback()
    return [(tenant_id, state_id, launch_id) for tenant_id, state_id, launch_id in session().execute(query)]


def _over(launch: Launch) -> bool:
    return launch.ended is not None or launches.expiry(launch) <= clock.now()


def _close(tenant_id: int, state_id: str, launch_id: str) -> bool:
    launch = session().get(Launch, (tenant_id, launch_id))
    if launch is None:
        return False
    run = open_run(launch)
    if (
        run.state.id != state_id
        or run.state.status != "active"
        or run.state.launch_id != launch_id
        or not _over(launch)
    ):
        return False
    moving.settle(run)
    if run.state.status == "active":
        run.state.status = "ended"
    rollup.roll_up(run)
    run.save()
    launches.end(launch, "expired")
    return True
