"""Activities Resource (1.0.3 Communication 2.5; 2.0 §4.1.6.4): the canonical definition of an activity."""

from __future__ import annotations

from typing import Any

from core.web import principal, scope
from lrs import metadata
from lrs.resources import http
from lrs.resources.http import Answer, Parameters


@http.xapi.get("/activities")
@scope("statements/read", "statements/read/mine", "activities_profile/read", "state/read", "define")
def activities() -> Answer:
    """Also for activities never seen: the object with just the id."""
    activity_id = Parameters(("activityId",), ("activityId",)).iri("activityId") or ""
    activity: dict[str, Any] = {"objectType": "Activity", "id": activity_id}
    definition = metadata.definition(principal().tenant_id, activity_id)
    if definition:
        activity["definition"] = definition
    return http.json_answer(activity)
