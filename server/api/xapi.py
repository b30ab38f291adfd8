"""Statements by registration and by course, from the record store in the dialect's frame."""

from __future__ import annotations

from typing import Any

import msgspec
from flask import Response

import core.web as web
from lrs import query
from registrations import registrations
from registrations.models import Instance
from server.api import openapi, paging, reading
from server.api.answers import answer
from server.api.blueprint import bp

_QUERY = {
    "since": "Only what was stored after this ISO 8601 time",
    "until": "Only what was stored at or before this ISO 8601 time",
    "more": openapi.PAGED["more"],
}
# The dialect names the object by its kind; both names are there, so that xAPI libraries read it too.
_OBJECTS = {
    "Activity": "objectActivity",
    "Agent": "objectAgentGroup",
    "Group": "objectAgentGroup",
    "StatementRef": "objectStatementReference",
    "SubStatement": "objectSubStatement",
}


@bp.get("/registrations/<registration_id>/xAPIStatements")
@web.scope("rest/read")
@openapi.describe("Statements of a registration, newest first", query=_QUERY, returns="StatementResult")
def get_registration_statements(registration_id: str) -> Response:
    after = paging.resume()
    registration = registrations.get(web.principal().tenant_id, registration_id)
    return _of_instance(registrations.instance_of(registration), after)


@bp.get("/registrations/<registration_id>/instances/<instance_id>/xAPIStatements")
@web.scope("rest/read")
@openapi.describe("Statements of an instance, newest first", query=_QUERY, returns="StatementResult")
def get_registration_instance_statements(registration_id: str, instance_id: str) -> Response:
    after = paging.resume()
    registration = registrations.get(web.principal().tenant_id, registration_id)
    number = reading.whole(instance_id, "the instance")
    return _of_instance(registrations.instance_of(registration, number), after)


def _of_instance(instance: Instance, after: list[str] | None) -> Response:
    return _page({"registration": instance.xapi_registration}, after)


def _page(chosen: dict[str, Any], after: list[str] | None) -> Response:
    filters = query.Filters(**chosen, since=reading.time("since"), until=reading.time("until"))
    page = query.newest(web.principal().tenant_id, filters=filters, cursor=after[0] if after else None)
    found: dict[str, Any] = {"statements": [_statement(body) for body in page.statements]}
    if page.cursor is not None:
        found["more"] = paging.token([page.cursor])
    return answer(found)


def _statement(body: bytes) -> dict[str, Any]:
    statement: dict[str, Any] = msgspec.json.decode(body)
    target = statement.get("object", {})
    statement[_OBJECTS.get(target.get("objectType", "Activity"), "objectActivity")] = target
    return statement
