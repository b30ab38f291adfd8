"""The migrations and the models describe the same schema, on both databases."""

from __future__ import annotations

import msgspec
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from sqlalchemy import select

from core.db import Model, db, session, unit_of_work
from lrs.identity import identities, reference
from lrs.models import StatementReference, StatementRow
from lrs.rows import activities, actors
from lrs.store import store
from server.database import _config, pending, upgrade
from tests.conftest import TestTenant
from tests.lrs.builders import AUTHORITY, agent, new_uuid, statement


def test_nothing_is_pending_after_upgrade(app: Flask) -> None:
    assert pending() == []


def test_models_equal_migrated_schema(app: Flask) -> None:
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "target_metadata": Model.metadata})
        assert compare_metadata(context, Model.metadata) == []


def test_references_of_statements_stored_before_are_those_of_today(app: Flask, tenant: TestTenant) -> None:
    """0017: agents and activities in the direct role had a second reference, which each kept in every role."""
    pointed, pointing = new_uuid(), new_uuid()
    course = {"id": "http://example.com/course"}
    with unit_of_work():
        store(
            tenant.id,
            [
                statement(id=pointed, actor=agent("x"), context={"instructor": agent("y")}),
                statement(
                    id=pointing,
                    actor=agent("y"),
                    object={"objectType": "StatementRef", "id": pointed},
                    context={"team": {"objectType": "Group", "member": [agent("x"), agent("z")]}},
                ),
                statement(object={"objectType": "StatementRef", "id": pointing}),
                statement(object=course, context={"contextActivities": {"parent": [course], "grouping": [course]}}),
                statement(object={"objectType": "SubStatement", **statement(actor=agent("x"), object=course)}),
                statement(actor=AUTHORITY, object={"objectType": "Agent", **agent("x")}),
            ],
            AUTHORITY,
        )
    today = _references(tenant)
    try:
        command.downgrade(_config(), "0016_buckets")
        before = _references(tenant)
        upgrade()
        after = _references(tenant)
    finally:
        upgrade()
    bodies = session().execute(
        select(StatementRow.position, StatementRow.body).where(StatementRow.tenant_id == tenant.id)
    )
    for position, body in bodies:
        value = msgspec.json.decode(body or "")
        everybody = [i for actor in (*actors(value), value["authority"]) for i in identities(actor)]
        assert {(reference("A", i), position) for i in everybody} <= before
        assert {(reference("O", a["id"]), position) for a in activities(value)} <= before
    assert today < before
    assert after == today


def _references(tenant: TestTenant) -> set[tuple[int, int]]:
    row = StatementReference
    session().rollback()
    found = session().execute(select(row.reference, row.position).where(row.tenant_id == tenant.id)).all()
    session().rollback()
    return {(r, p) for r, p in found}
