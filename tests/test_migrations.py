"""The migrations and the models describe the same schema, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, select, text

from core import clock
from core.db import Model, db, dialect, session, unit_of_work
from lrs import query
from lrs.consistency import FIRST, LAST, cursor_of, end_of, position_of
from lrs.identity import identities, reference
from lrs.models import StatementReference, StatementRow, StatementTarget
from lrs.rows import activities, actors
from lrs.store import store
from server import forwarding, removals
from server.database import _config, pending, upgrade
from tests.conftest import TestTenant
from tests.lrs.builders import AUTHORITY, V2, agent, new_uuid, statement, voiding


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
        before = {(r, position_of(p)) for r, p in _references(tenant)}
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


# The last position there was, of 2039.
LARGEST = (1 << 63) - 1


@pytest.fixture
def places(client: FlaskClient, tenant: TestTenant) -> dict[str, dict[str, Any]]:
    """Statements, what points at them, a forwarder that has sent them, and removals; returns the places of the latter, by their ids."""
    target = new_uuid()
    with unit_of_work():
        waiting = {"objectType": "StatementRef", "id": new_uuid()}
        store(tenant.id, [statement(id=target), voiding(target), statement(object=waiting), statement()], AUTHORITY)
        for since in (clock.now(), datetime(1, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)):
            forwarding.create(
                tenant.id, url="https://lrs.example/xapi", key="k", secret="s", since=since, enabled=False
            )
    there = query.newest(tenant.id).positions[0]
    kept: list[dict[str, Any]] = [
        {"after": FIRST},
        {"after": there},
        {"step": "statements", "identifier": 1, "after": there},
        {"step": "spellings", "after": FIRST},
        {"step": "traces", "table": "forwarders", "after": ["an id"]},
        {"step": "attachments", "orphans": "ab"},
        {},
    ]
    with unit_of_work() as current:
        made = [
            removals.Removal(
                tenant_id=tenant.id, id=new_uuid(), kind="purge", status="FAILED", actor="", dry=False, request={},
                place=place, result={}, created=clock.now(),
            )
            for place in kept
        ]  # fmt: skip
        current.add_all(made)
    return {row.id: row.place for row in made}


def test_places_in_the_stored_order_become_those_of_today(
    app: Flask, client: FlaskClient, tenant: TestTenant, places: dict[str, dict[str, Any]]
) -> None:
    """0018: they were 2**63 more, as clients still know them."""
    today, answers = _positions(tenant), _removals(tenant)
    assert answers == places
    link = client.get("/xapi/statements?limit=1", headers=tenant.auth | V2).json["more"]
    try:
        command.downgrade(_config(), "0017_indirect_references")
        before, removals_before = _positions(tenant), _removals(tenant)
        upgrade()
        assert (_positions(tenant), _removals(tenant)) == (today, answers)
    finally:
        upgrade()
    assert before == [(table, LARGEST if p == LAST else None if p is None else cursor_of(p)) for table, p in today]
    assert {table for table, _ in today} == {"statements", "statement_references", "statement_targets", "forwarders"}
    assert {("statements", None), ("forwarders", FIRST), ("forwarders", LAST)} <= set(today)
    for id_, place in places.items():
        shifted = "after" in place and place.get("step") != "traces"
        assert removals_before[id_] == (place | {"after": cursor_of(place["after"])} if shifted else place)
    # Links outlive the migration.
    assert len(client.get(link, headers=tenant.auth | V2).json["statements"]) == 1


def test_statements_of_after_2039_keep_the_schema(app: Flask, tenant: TestTenant) -> None:
    with unit_of_work() as current:
        (id_,) = store(tenant.id, [statement()], AUTHORITY)
        current.get_one(StatementRow, (tenant.id, id_)).position = end_of(1 << 42)
    try:
        with pytest.raises(RuntimeError, match="have no place in the version before"):
            command.downgrade(_config(), "0017_indirect_references")
        assert pending() == []
    finally:
        with unit_of_work() as current:
            current.delete(current.get_one(StatementRow, (tenant.id, id_)))
            current.execute(delete(StatementReference).where(StatementReference.tenant_id == tenant.id))


def test_tables_written_anew_are_vacuumed(app: Flask) -> None:
    if dialect() != "postgresql":
        pytest.skip("SQLite has no visibility map")
    try:
        command.downgrade(_config(), "0017_indirect_references")
        assert _visible_pages() == 0
    finally:
        upgrade()
    assert _visible_pages() > 0


def _visible_pages() -> int:
    session().rollback()
    words = "SELECT sum(relallvisible) FROM pg_class WHERE relname IN ('statements', 'statement_references')"
    found = int(session().scalar(text(words)) or 0)
    session().rollback()
    return found


def _positions(tenant: TestTenant) -> list[tuple[str, int | None]]:
    """(table, position) of every row, in order."""
    session().rollback()
    found: list[tuple[str, int | None]] = []
    for row in (StatementRow, StatementReference, StatementTarget, forwarding.Forwarder):
        query_ = select(row.position).where(row.tenant_id == tenant.id).order_by(row.position)
        found += [(row.__tablename__, position) for position in session().scalars(query_)]
    session().rollback()
    return found


def _removals(tenant: TestTenant) -> dict[str, dict[str, Any]]:
    session().rollback()
    row = removals.Removal
    found = session().execute(select(row.id, row.place).where(row.tenant_id == tenant.id)).all()
    session().rollback()
    return {id_: dict(place) for id_, place in found}


def _references(tenant: TestTenant) -> set[tuple[int, int]]:
    row = StatementReference
    session().rollback()
    found = session().execute(select(row.reference, row.position).where(row.tenant_id == tenant.id)).all()
    session().rollback()
    return {(r, p) for r, p in found}
