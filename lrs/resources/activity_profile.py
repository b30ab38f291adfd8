"""Activity Profile Resource (1.0.3 Communication 2.7; 2.0 §4.1.6.6)."""

from __future__ import annotations

from core.web import scope
from lrs.documents import Place
from lrs.resources.document import DocumentResource, tenant
from lrs.resources.http import Answer, Parameters, xapi


def _place(parameters: Parameters) -> Place:
    return Place(tenant(), "activity_profile", parameters.iri("activityId"))


_resource = DocumentResource(_place, "profileId", ("activityId",))


@xapi.get("/activities/profile", endpoint="activity_profile_read")
@scope("activities_profile", "activities_profile/read")
def read() -> Answer:
    return _resource.read()


@xapi.put("/activities/profile", endpoint="activity_profile_put")
@scope("activities_profile")
def put() -> Answer:
    return _resource.put()


@xapi.post("/activities/profile", endpoint="activity_profile_post")
@scope("activities_profile")
def post() -> Answer:
    return _resource.post()


@xapi.delete("/activities/profile", endpoint="activity_profile_delete")
@scope("activities_profile")
def remove() -> Answer:
    return _resource.remove()
