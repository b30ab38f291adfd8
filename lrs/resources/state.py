"""State Resource (1.0.3 Communication 2.3; 2.0 §4.1.6.2): what an activity remembers of an agent."""

from __future__ import annotations

from core.web import scope
from lrs.documents import Place
from lrs.identity import ifi
from lrs.resources.document import DocumentResource, tenant
from lrs.resources.http import Answer, Parameters, xapi


def _place(parameters: Parameters) -> Place:
    return Place(
        tenant(),
        "state",
        parameters.iri("activityId"),
        ifi(parameters.agent() or {}),
        parameters.uuid("registration"),
    )


_resource = DocumentResource(_place, "stateId", ("activityId", "agent"), ("registration",), state=True)


@xapi.get("/activities/state", endpoint="state_read")
@scope("state", "state/read")
def read() -> Answer:
    return _resource.read()


@xapi.put("/activities/state", endpoint="state_put")
@scope("state")
def put() -> Answer:
    return _resource.put()


@xapi.post("/activities/state", endpoint="state_post")
@scope("state")
def post() -> Answer:
    return _resource.post()


@xapi.delete("/activities/state", endpoint="state_delete")
@scope("state")
def remove() -> Answer:
    return _resource.remove()
