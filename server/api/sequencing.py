"""Why the parts of a course are open, locked or hidden, and its controls on or off, for a learner now."""

from __future__ import annotations

from typing import Any

from flask import Response

import core.web as web
from registrations import registrations
from scorm_runtime.explaining import CONTROLS, Situation, Verdict
from scorm_runtime.sequencing import TocEntry
from server.api import openapi, reading
from server.api.answers import answer, compact
from server.api.blueprint import bp


@bp.get("/registrations/<registration_id>/sequencing")
@web.scope("rest/read")
@openapi.describe(
    "Which parts of the course the learner could choose now, which controls work, and why not: the code and the steps "
    "of the sequencing book that decided",
    query={"culture": "Language of the reasons: en or id"},
    returns="Sequencing",
)
def get_registration_sequencing(registration_id: str) -> Response:
    registration = registrations.get(web.principal().tenant_id, registration_id)
    situation = Situation(registration, reading.word("culture", ("en", "id"), "en") or "en")
    return answer(
        {
            "registrationId": registration.id,
            "instance": registration.instance,
            "state": situation.state,
            "controls": [{"request": name, **_control(situation.control(name))} for name in CONTROLS],
            "activities": [_activity(entry, situation.choice(entry)) for entry in situation.contents()],
        }
    )


def _control(verdict: Verdict) -> dict[str, Any]:
    return {"allowed": verdict.allowed, **_why(verdict)}


def _activity(entry: TocEntry, verdict: Verdict) -> dict[str, Any]:
    return {
        "id": entry.id,
        "title": entry.title,
        "depth": entry.depth,
        "launchable": entry.launchable,
        "visible": entry.visible,
        "selectable": entry.selectable,
        "current": entry.current,
        "status": entry.status,
        **_why(verdict),
    }


def _why(verdict: Verdict) -> dict[str, Any]:
    return compact(
        code=verdict.code,
        reason=verdict.reason or None,
        steps=[{"code": step.code, "text": step.text} for step in verdict.steps],
    )
