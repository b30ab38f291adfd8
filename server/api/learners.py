"""Learners: changing who they are, and forgetting them."""

from __future__ import annotations

from flask import Response
from sqlalchemy import delete, select

import core.web as web
from core import audit, clock
from core.db import session, unit_of_work
from registrations import learners, registrations
from registrations.models import Registration
from server.api import openapi
from server.api.answers import nothing
from server.api.blueprint import bp
from server.api.reading import Body, body
from server.api.tags import Tags


class LearnerInfoBody(Body):
    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None


class DeleteInformationBody(Body):
    user_email: str | None = None


@bp.post("/learner/<learner_id>/updateInfo")
@web.scope("rest")
@openapi.describe("Change name and email of a learner", body=LearnerInfoBody)
def update_learner_info(learner_id: str) -> Response:
    given, tenant_id = body(LearnerInfoBody), web.principal().tenant_id
    with unit_of_work():
        learners.get(tenant_id, learner_id)
        learners.put(tenant_id, learner_id, first_name=given.first_name, last_name=given.last_name, email=given.email)
    return nothing()


@bp.post("/learner/<learner_id>/delete-information")
@web.scope("rest")
@openapi.describe(
    "Forget a learner: registrations, runtime data, tags, name and email. Statements stay: they are a record store's purpose",
    body=DeleteInformationBody,
)
def delete_all_learner_data(learner_id: str) -> Response:
    who, given = web.principal(), body(DeleteInformationBody)
    with unit_of_work() as current:
        learner = learners.get(who.tenant_id, learner_id)
        query = select(Registration).where(
            Registration.tenant_id == who.tenant_id, Registration.learner_id == learner_id
        )
        for registration in current.scalars(query).all():
            registrations.delete(registration)
        learner = learners.get(who.tenant_id, learner_id)
        learner.first_name = learner.last_name = ""
        learner.email, learner.updated = None, clock.now()
        session().execute(
            delete(Tags).where(Tags.tenant_id == who.tenant_id, Tags.kind == "learner", Tags.subject == learner_id)
        )
        audit.record(who.tenant_id, f"credential:{who.key}", "learner.forgotten", learner_id, asked_by=given.user_email)
    return nothing()
