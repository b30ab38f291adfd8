"""The trace of a registration: calls of its content and decisions of the server, as JSON to keep and to compare."""

from __future__ import annotations

from flask import Response

import core.web as web
from core.errors import NotFound
from registrations import registrations
from scorm_runtime import trace
from server.api import openapi, reading
from server.api.answers import answer, moment
from server.api.blueprint import bp


@bp.get("/registrations/<registration_id>/trace")
@web.scope("rest/read")
@openapi.describe(
    "Recorded API calls and decisions, newest launch first; the setting traceCalls switches recording on",
    query={"launchId": "Only of this launch (launchHistoryId of the launch history)"},
    returns="Trace",
)
def get_registration_trace(registration_id: str) -> Response:
    registration = registrations.get(web.principal().tenant_id, registration_id)
    launch_id = reading.text("launchId")
    found = trace.recordings(registration.tenant_id, registration_id=registration.id)
    if launch_id and launch_id not in [each.launch_id for each in found]:
        raise NotFound(f"nothing was recorded of launch {launch_id!r}")
    return answer(
        {
            "registrationId": registration.id,
            "recordings": [
                {
                    "launchHistoryId": each.launch_id,
                    "instance": each.instance,
                    "began": moment(each.began),
                    "entries": trace.entries(registration.tenant_id, each.launch_id, registration.id),
                }
                for each in found
                if launch_id in (None, "", each.launch_id)
            ],
        }
    )
