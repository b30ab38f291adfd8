"""How long a learner may stay in a part of the course, and what the player does when that time is up.

Sources: SCORM 2004 4th Edition RTE 4.2.12, 4.2.25; SCORM 1.2 RTE 3.4.4 (cmi.student_data). Both ask it of the content, most of
which does not look at the clock; the player acts on what the manifest says once the content has had its chance.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from core.db import session
from course_packages.model import Item
from scorm_runtime.models import RuntimeSession
from scorm_runtime.run import Run


def of(run: Run, item: Item, row: RuntimeSession) -> dict[str, Any] | None:
    """What the player has to watch in the session ``row``: seconds left, whether it exits and tells; None for nothing."""
    limit = item.max_time_allowed if run.outline.scorm_12 else item.sequencing.attempt_absolute_duration_limit
    # Without an action the content goes on and nothing is said (RTE 4.2.25).
    act, _, message = (item.time_limit_action or "continue,no message").partition(",")
    if limit is None or not run.normal or not run.setting("enforceTimeLimits"):
        return None
    exits, tells = act == "exit", message == "message"
    if not (exits or tells):
        return None
    return {"seconds": max(limit - _spent(run, row), 0.0), "exits": exits, "tells": tells}


def _spent(run: Run, row: RuntimeSession) -> float:
    """Seconds of the earlier sessions of this attempt: those that ``row`` resumes, one after the other."""
    if row.entry != "resume":
        return 0.0
    query = select(RuntimeSession.seconds, RuntimeSession.entry).where(
        RuntimeSession.tenant_id == run.tenant_id,
        RuntimeSession.course_state_id == run.state.id,
        RuntimeSession.activity == row.activity,
        RuntimeSession.number == row.number,
        RuntimeSession.id != row.id,
    )
    spent = 0.0
    for seconds, entry in session().execute(query.order_by(RuntimeSession.started.desc(), RuntimeSession.id.desc())):
        spent += seconds
        if entry != "resume":
            break
    return spent
