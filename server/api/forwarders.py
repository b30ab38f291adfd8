"""Forwarders: where new statements are sent on to. Rekam's own, in the style of the dialect."""

from __future__ import annotations

from typing import Any

import msgspec
from flask import Response

import core.web as web
from core import audit
from core.db import session, unit_of_work
from lrs import consistency
from server import forwarding
from server.api import openapi, reading
from server.api.answers import answer, compact, moment, nothing
from server.api.blueprint import bp
from server.api.reading import ExactBody, body
from server.api.records import StatementFilter, filter_values
from server.forwarding import Forwarder


class ForwarderBody(ExactBody):
    """``url``: the xAPI endpoint, like ``https://lrs.example/xapi``. ``since``: send what was stored after it, too."""

    url: str
    key: str
    secret: str
    name: str = ""
    version: str = "1.0.3"
    filter: StatementFilter = msgspec.field(default_factory=StatementFilter)
    since: str | None = None
    enabled: bool = True


class ChangeForwarderBody(ExactBody):
    url: str | None = None
    key: str | None = None
    secret: str | None = None
    name: str | None = None
    version: str | None = None
    filter: StatementFilter | None = None
    since: str | None = None
    enabled: bool | None = None


def forwarder_json(forwarder: Forwarder) -> dict[str, Any]:
    return compact(
        id=forwarder.id,
        name=forwarder.name,
        url=forwarder.url,
        key=forwarder.key,
        version=forwarder.version,
        filter=forwarder.filters,
        enabled=forwarder.enabled,
        disabledReason=forwarder.disabled_reason,
        forwardedThrough=consistency.stored_text(forwarder.position),
        backlog=forwarding.backlog(forwarder),
        forwarded=forwarder.forwarded,
        refused=forwarder.refused,
        failures=forwarder.failures,
        lastSuccess=moment(forwarder.last_success),
        lastError=forwarder.last_error,
        nextTry=moment(forwarder.next_try),
        created=moment(forwarder.created),
        updated=moment(forwarder.updated),
    )


@bp.get("/forwarders")
@web.scope("rest/read")
@openapi.describe("The forwarders of the application", returns="ForwarderList")
def get_forwarders() -> Response:
    return answer({"forwarders": [forwarder_json(f) for f in forwarding.find(web.principal().tenant_id)]})


@bp.post("/forwarders")
@web.scope("all")
@openapi.describe("Forward new statements to another record store", body=ForwarderBody, returns="Forwarder")
def create_forwarder() -> Response:
    who, given = web.principal(), body(ForwarderBody)
    with unit_of_work():
        made = forwarding.create(
            who.tenant_id,
            url=given.url,
            key=given.key,
            secret=given.secret,
            name=given.name,
            version=given.version,
            filters=filter_values(given.filter),
            since=reading.moment(given.since, "since") if given.since else None,
            enabled=given.enabled,
        )
        audit.record(who.tenant_id, f"credential:{who.key}", "forwarder.created", made.id, url=made.url)
        value = forwarder_json(made)
    return answer(value)


@bp.get("/forwarders/<forwarder_id>")
@web.scope("rest/read")
@openapi.describe("A forwarder and how far it is", returns="Forwarder")
def get_forwarder(forwarder_id: str) -> Response:
    return answer(forwarder_json(forwarding.get(web.principal().tenant_id, forwarder_id)))


@bp.put("/forwarders/<forwarder_id>")
@web.scope("all")
@openapi.describe(
    "Change what is given; since sends everything stored after it again", body=ChangeForwarderBody, returns="Forwarder"
)
def update_forwarder(forwarder_id: str) -> Response:
    who, given = web.principal(), body(ChangeForwarderBody)
    with unit_of_work():
        found = forwarding.get(who.tenant_id, forwarder_id)
        forwarding.change(
            found,
            url=given.url,
            key=given.key,
            secret=given.secret,
            name=given.name,
            version=given.version,
            filters=filter_values(given.filter) if given.filter is not None else None,
            since=reading.moment(given.since, "since") if given.since else None,
            enabled=given.enabled,
        )
        forwarding.wake(found)
        audit.record(who.tenant_id, f"credential:{who.key}", "forwarder.changed", found.id, url=found.url)
        value = forwarder_json(found)
    return answer(value)


@bp.post("/forwarders/<forwarder_id>/test")
@web.scope("all")
@openapi.describe(
    "Ask the other store for one statement: whether address, key and version are right. Nothing is stored there",
    returns="ForwarderTest",
)
def test_forwarder(forwarder_id: str) -> Response:
    tried = forwarding.try_connection(forwarding.get(web.principal().tenant_id, forwarder_id))
    return answer(compact(ok=tried.ok, code=tried.code, message=tried.message, status=tried.status))


@bp.delete("/forwarders/<forwarder_id>")
@web.scope("all")
@openapi.describe("Delete a forwarder")
def delete_forwarder(forwarder_id: str) -> Response:
    who = web.principal()
    with unit_of_work():
        session().delete(forwarding.get(who.tenant_id, forwarder_id))
        audit.record(who.tenant_id, f"credential:{who.key}", "forwarder.deleted", forwarder_id)
    return nothing()


@bp.get("/forwarders/<forwarder_id>/refusals")
@web.scope("rest/read")
@openapi.describe(
    "Statements the other store refused, with its answer; newest first (at most a hundred)", returns="RefusalList"
)
def get_forwarder_refusals(forwarder_id: str) -> Response:
    rows = forwarding.refusals(forwarding.get(web.principal().tenant_id, forwarder_id))
    found = [
        {"statementId": r.statement_id, "time": moment(r.time), "status": r.status, "answer": r.answer} for r in rows
    ]
    return answer({"refusals": found})
