"""Removing records: purging statements and erasing people, as jobs. Rekam's own, in the style of the dialect."""

from __future__ import annotations

from typing import Any

import msgspec
from flask import Response

import core.web as web
from core.db import unit_of_work
from core.errors import Invalid
from lrs import versions
from lrs.formats import is_iri, is_uuid
from lrs.identity import ifi
from lrs.validation import validate_actor
from server import removals
from server.api import openapi, reading
from server.api.answers import answer, compact, moment
from server.api.blueprint import bp
from server.api.reading import ExactBody, body
from server.removals import Removal


class StatementFilter(ExactBody):
    """What a statement must be like, as in the xAPI Statement Resource."""

    agent: dict[str, Any] | None = None
    verb: str | None = None
    activity: str | None = None
    registration: str | None = None
    related_agents: bool = False
    related_activities: bool = False


class PurgeBody(StatementFilter):
    """What is to go must fit all that is given; ``since`` and ``until`` look at ``stored``."""

    since: str | None = None
    until: str | None = None
    statement_ids: list[str] | None = None
    dry_run: bool = True


class ErasureBody(ExactBody):
    """``agents``: everything the person is known as. ``mode``: ``delete`` or ``pseudonymise`` what the person did."""

    agents: list[dict[str, Any]] = msgspec.field(default_factory=list)
    mode: str = "delete"
    dry_run: bool = True


def removal_json(removal: Removal) -> dict[str, Any]:
    return compact(
        jobId=removal.id,
        status=removal.status,
        dryRun=removal.dry,
        created=moment(removal.created),
        finished=moment(removal.finished),
        result=removal.result,
    )


@bp.post("/statements/purge")
@web.scope("all")
@openapi.describe(
    "Delete statements by time, query or id, in the background. dryRun (the default) only counts",
    body=PurgeBody,
    returns="RemovalJob",
)
def purge_statements() -> Response:
    who, given = web.principal(), body(PurgeBody)
    filters = _filters(given)
    with unit_of_work():
        made = removals.start_purge(
            who.tenant_id, f"credential:{who.key}", filters, given.statement_ids, dry=given.dry_run
        )
        removals.enqueue(made)
        value = removal_json(made)
    return answer(value)


def _filters(given: PurgeBody) -> dict[str, Any]:
    found = filter_values(given)
    for name in ("since", "until"):
        if (text := getattr(given, name)) is not None:
            found[name] = reading.moment(text, name).isoformat()
    return found


def filter_values(given: StatementFilter) -> dict[str, Any]:
    """What was given, checked, by the names of :class:`lrs.query.Filters`."""
    for name in ("verb", "activity"):
        if (iri := getattr(given, name)) is not None and not is_iri(iri):
            raise Invalid(f"{name} is not an IRI", path=f"$.{name}")
    if given.registration is not None and not is_uuid(given.registration):
        raise Invalid("registration is not a UUID", path="$.registration")
    if given.agent is not None:
        _check_agent(given.agent, "agent")
    found: dict[str, Any] = {
        "agent": given.agent, "verb": given.verb, "activity": given.activity, "registration": given.registration,
        "related_agents": given.related_agents, "related_activities": given.related_activities,
    }  # fmt: skip
    return {name: value for name, value in found.items() if value}


def _check_agent(agent: dict[str, Any], what: str) -> None:
    try:
        validate_actor(agent, what, versions.V2)
    except Invalid as error:
        raise Invalid(error.message, path=f"$.{what}") from None
    if ifi(agent) is None:
        raise Invalid(f"{what} has no identifier", path=f"$.{what}")


@bp.get("/statements/purge/<purge_id>")
@web.scope("all")
@openapi.describe("How far a purge came and what it deleted", returns="RemovalJob")
def get_purge(purge_id: str) -> Response:
    return answer(removal_json(removals.get(web.principal().tenant_id, purge_id, "purge")))


@bp.post("/erasures")
@web.scope("all")
@openapi.describe(
    "Forget a person in the record store, in the background. dryRun (the default) only counts",
    body=ErasureBody,
    returns="RemovalJob",
)
def create_erasure() -> Response:
    who, given = web.principal(), body(ErasureBody)
    if given.mode not in ("delete", "pseudonymise"):
        raise Invalid("mode must be delete or pseudonymise", path="$.mode")
    for number, agent in enumerate(given.agents):
        _check_agent(agent, f"agents[{number}]")
    with unit_of_work():
        made = removals.start_erasure(
            who.tenant_id,
            f"credential:{who.key}",
            given.agents,
            "delete" if given.mode == "delete" else "pseudonymise",
            dry=given.dry_run,
        )
        removals.enqueue(made)
        value = removal_json(made)
    return answer(value)


@bp.get("/erasures")
@web.scope("all")
@openapi.describe("Receipts of erasures, newest first (at most a hundred)", returns="RemovalJobList")
def get_erasures() -> Response:
    return answer({"erasures": [removal_json(r) for r in removals.find(web.principal().tenant_id, "erasure")]})


@bp.get("/erasures/<erasure_id>")
@web.scope("all")
@openapi.describe("How far an erasure came; once complete, its receipt", returns="RemovalJob")
def get_erasure(erasure_id: str) -> Response:
    return answer(removal_json(removals.get(web.principal().tenant_id, erasure_id, "erasure")))
