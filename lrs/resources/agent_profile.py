"""Agent Profile Resource (1.0.3 Communication 2.6; 2.0 §4.1.6.5)."""

from __future__ import annotations

from core.web import scope
from lrs.documents import Place
from lrs.identity import ifi
from lrs.resources.document import DocumentResource, tenant
from lrs.resources.http import Answer, Parameters, xapi


def _place(parameters: Parameters) -> Place:
    return Place(tenant(), "agent_profile", agent=ifi(parameters.agent() or {}))


_resource = DocumentResource(_place, "profileId", ("agent",))


@xapi.get("/agents/profile", endpoint="agent_profile_read")
@scope("agents_profile", "agents_profile/read")
def read() -> Answer:
    return _resource.read()


@xapi.put("/agents/profile", endpoint="agent_profile_put")
@scope("agents_profile")
def put() -> Answer:
    return _resource.put()


@xapi.post("/agents/profile", endpoint="agent_profile_post")
@scope("agents_profile")
def post() -> Answer:
    return _resource.post()


@xapi.delete("/agents/profile", endpoint="agent_profile_delete")
@scope("agents_profile")
def remove() -> Answer:
    return _resource.remove()
