"""Agents Resource (1.0.3 Communication 2.4; 2.0 §4.1.6.3): everything known of an agent, as a Person."""

from __future__ import annotations

from typing import Any

from core.errors import Invalid
from core.web import principal, scope
from lrs import metadata
from lrs.identity import ifi
from lrs.resources import http
from lrs.resources.http import Answer, Parameters


@http.xapi.get("/agents")
@scope("statements/read", "statements/read/mine", "agents_profile/read", "state/read")
def agents() -> Answer:
    """A Person has arrays where an Agent has single values."""
    agent = Parameters(("agent",), ("agent",)).agent() or {}
    if agent.get("objectType", "Agent") != "Agent":
        raise Invalid("the parameter agent must be an Agent, not a Group", code="parameter")
    person: dict[str, Any] = {"objectType": "Person"}
    names = set(metadata.agent_names(principal().tenant_id, ifi(agent) or ""))
    if "name" in agent:
        names.add(agent["name"])
    if names:
        person["name"] = sorted(names)
    for name in ("mbox", "mbox_sha1sum", "openid", "account"):
        if name in agent:
            person[name] = [agent[name]]
    return http.json_answer(person)
