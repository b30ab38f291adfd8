"""Storing: ids, conflicts, whole batches, voiding and references in every order of arrival."""

from __future__ import annotations

import itertools
import threading
import uuid
from typing import Any

import msgspec
import pytest
from flask import Flask
from sqlalchemy import func, select, text

from core import events as core_events
from core import prepared
from core.db import dialect, driver_sql, session, unit_of_work
from core.errors import Conflict, Invalid
from core.events import Event
from lrs import linking, query, removal, sql
from lrs.models import StatementReference, StatementRow
from lrs.query import Filters
from lrs.store import store
from tests.conftest import TestTenant, problems_of
from tests.counting import counted
from tests.lrs.builders import AUTHORITY, agent, new_uuid, ref, statement, voiding


def put(tenant: TestTenant, *statements: dict[str, Any]) -> list[str]:
    with unit_of_work():
        return store(tenant.id, list(statements), AUTHORITY)


def found(tenant: TestTenant, **filters: Any) -> list[str]:
    page = query.newest(tenant.id, filters=Filters(**filters))
    return [msgspec.json.decode(s)["id"] for s in page.statements]


def count(tenant: TestTenant, table: Any = StatementRow) -> int:
    return session().scalar(select(func.count()).select_from(table).where(table.tenant_id == tenant.id)) or 0


def test_ids_are_made_and_kept_in_order(app: Flask, tenant: TestTenant) -> None:
    own = new_uuid()
    ids = put(tenant, statement(), statement(id=own), statement())
    assert ids[1] == own
    assert len(set(ids)) == 3
    assert found(tenant) == ids[::-1]


def test_ids_it_makes_are_such_as_old_clients_take(app: Flask, tenant: TestTenant) -> None:
    first, second = (uuid.UUID(put(tenant, statement())[0]) for _ in range(2))
    assert (first.version, first.variant) == (4, uuid.RFC_4122)
    assert first.int >> 88 <= second.int >> 88


def test_what_the_store_adds(app: Flask, tenant: TestTenant) -> None:
    (id_,) = put(tenant, statement(authority=agent("liar"), stored="2001-01-01T00:00:00Z"))
    one = query.one(tenant.id, id_)
    assert one is not None
    value = msgspec.json.decode(one.body)
    assert value["authority"] == AUTHORITY
    assert value["version"] == "2.0.0"
    assert value["timestamp"] == value["stored"]
    assert value["stored"] > "2020"


def test_same_statement_again_is_accepted_once(app: Flask, tenant: TestTenant) -> None:
    one, two = statement(id=new_uuid()), statement(id=new_uuid())
    assert put(tenant, one) == put(tenant, one)
    # Old and new in one batch: all ids, in order, the new one stored.
    assert put(tenant, two, one) == [two["id"], one["id"]]
    assert count(tenant) == 2


def test_other_statement_under_an_id_stores_nothing_of_the_batch(app: Flask, tenant: TestTenant) -> None:
    one = statement(id=new_uuid())
    put(tenant, one)
    before = count(tenant), count(tenant, StatementReference), count(tenant, Event)
    with pytest.raises(Conflict, match=one["id"]):
        put(tenant, statement(), one | {"actor": agent("other")})
    assert (count(tenant), count(tenant, StatementReference), count(tenant, Event)) == before


def test_one_id_twice_in_a_batch(app: Flask, tenant: TestTenant) -> None:
    one = statement(id=new_uuid())
    with pytest.raises(Invalid, match=r"statement 1: .*twice"):
        put(tenant, one, one | {"id": one["id"].upper()})


def test_case_of_an_id_does_not_matter(app: Flask, tenant: TestTenant) -> None:
    one = statement(id=new_uuid())
    put(tenant, one)
    put(tenant, one | {"id": one["id"].upper()})
    assert count(tenant) == 1
    assert query.one(tenant.id, one["id"].upper()) is not None


def test_tenants_do_not_share_ids(app: Flask, tenant: TestTenant, other_tenant: TestTenant) -> None:
    one = statement(id=new_uuid())
    put(tenant, one)
    put(other_tenant, one | {"actor": agent("other")})
    assert found(tenant, agent=agent()) == [one["id"]]
    assert found(other_tenant, agent=agent()) == []


@pytest.mark.parametrize("together", [False, True])
@pytest.mark.parametrize("order", list(itertools.permutations(range(2))))
def test_voiding_in_any_order(app: Flask, tenant: TestTenant, order: tuple[int, ...], together: bool) -> None:
    target = statement(id=new_uuid())
    void = voiding(target["id"], id=new_uuid(), actor=agent("admin"))
    sent = [[target, void][i] for i in order]
    if together:
        put(tenant, *sent)
    else:
        for one in sent:
            put(tenant, one)
    assert found(tenant) == [void["id"]]
    one = query.one(tenant.id, target["id"])
    assert one is not None
    assert one.voided


def test_voiding_statements_cannot_be_voided(app: Flask, tenant: TestTenant) -> None:
    first = voiding(new_uuid(), id=new_uuid())
    put(tenant, first)
    put(tenant, voiding(first["id"]))
    # Also when the attempt comes before it.
    second = new_uuid()
    put(tenant, voiding(second))
    put(tenant, voiding(new_uuid(), id=second))
    for id_ in (first["id"], second):
        one = query.one(tenant.id, id_)
        assert one is not None
        assert not one.voided


def test_unknown_target_is_not_a_statement_yet(app: Flask, tenant: TestTenant) -> None:
    target = new_uuid()
    put(tenant, statement(object=ref(target)))
    assert query.one(tenant.id, target) is None
    assert len(found(tenant)) == 1


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_filters_follow_chains_in_any_order(app: Flask, tenant: TestTenant, order: tuple[int, ...]) -> None:
    base = statement(
        id=new_uuid(),
        verb={"id": "http://example.com/verbs/base"},
        context={"registration": new_uuid(), "contextActivities": {"parent": [{"id": "http://example.com/parent"}]}},
    )
    middle = statement(
        id=new_uuid(), actor=agent("m"), verb={"id": "http://example.com/verbs/m"}, object=ref(base["id"])
    )
    top = statement(
        id=new_uuid(), actor=agent("t"), verb={"id": "http://example.com/verbs/t"}, object=ref(middle["id"])
    )
    for i in order:
        put(tenant, [base, middle, top][i])
    expected = {base["id"], middle["id"], top["id"]}
    for filters in (
        {"verb": "http://example.com/verbs/base"},
        {"agent": agent()},
        {"activity": "http://example.com/activities/one"},
        {"registration": base["context"]["registration"]},
        {"activity": "http://example.com/parent", "related_activities": True},
        {"agent": agent(), "verb": "http://example.com/verbs/base"},
    ):
        assert set(found(tenant, **filters)) == expected, filters
    assert set(found(tenant, agent=agent("m"))) == {middle["id"], top["id"]}
    # Each condition may be met by another link of the chain.
    assert found(tenant, agent=agent("t"), verb="http://example.com/verbs/base") == [top["id"]]


def test_statements_that_point_at_each_other(app: Flask, tenant: TestTenant) -> None:
    one, two = new_uuid(), new_uuid()
    put(tenant, statement(id=one, object=ref(two), actor=agent("a")))
    put(tenant, statement(id=two, object=ref(one), actor=agent("b")))
    put(tenant, statement(id=(three := new_uuid()), object=ref(three), actor=agent("c")))
    assert set(found(tenant, agent=agent("a"))) == {one, two}
    assert found(tenant, agent=agent("c")) == [three]


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("together", [False, True])
def test_long_chains_reach_so_far_and_no_further(
    app: Flask, tenant: TestTenant, together: bool, backwards: bool
) -> None:
    ids = [new_uuid() for _ in range(linking.DEPTH + 4)]
    chain = [statement(id=ids[0], actor=agent("end"))]
    chain += [statement(id=id_, object=ref(before)) for before, id_ in itertools.pairwise(ids)]
    if backwards:
        chain.reverse()
    for part in [chain] if together else [[one] for one in chain]:
        put(tenant, *part)
    assert set(found(tenant, agent=agent("end"))) == set(ids[: linking.DEPTH])
    with unit_of_work():
        removal.delete(tenant.id, [ids[0]])
    assert found(tenant, agent=agent("end")) == []


def test_what_a_batch_of_references_asks_does_not_grow_with_it(app: Flask, tenant: TestTenant) -> None:
    def asked(size: int) -> int:
        ids = [new_uuid() for _ in range(size)]
        chain = [statement(id=ids[0]), *(statement(id=b, object=ref(a)) for a, b in itertools.pairwise(ids))]
        star = [voiding(new_uuid()) for _ in range(size)]
        with counted() as seen:
            put(tenant, *chain, *star)
        return len(seen)

    few = asked(20)
    assert asked(200) <= few


def test_voided_target_still_finds_what_points_at_it(app: Flask, tenant: TestTenant) -> None:
    (target,) = put(tenant, statement())
    (comment,) = put(tenant, statement(object=ref(target), actor=agent("c")))
    (void,) = put(tenant, voiding(target, actor=agent("admin")))
    assert set(found(tenant, agent=agent())) == {comment, void}


@pytest.fixture
def listening(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if a webhook wanted the events of statements."""
    monkeypatch.setattr(core_events, "listeners", [lambda tenant_id, type_: True])


def test_without_a_listener_there_are_no_events(app: Flask, tenant: TestTenant) -> None:
    put(tenant, statement())
    assert count(tenant, Event) == 0


@pytest.mark.usefixtures("listening")
def test_events(app: Flask, tenant: TestTenant) -> None:
    ids = put(tenant, statement(), statement(context={"registration": (registration := new_uuid())}))
    put(tenant, voiding(ids[0]))
    events = list(session().scalars(select(Event).where(Event.tenant_id == tenant.id).order_by(Event.id)))
    stored = [e.payload for e in events if e.type == "statements.stored"]
    assert stored[0]["ids"] == ids
    assert stored[0]["registrations"] == [registration]
    assert [e.payload for e in events if e.type == "statements.voided"] == [{"id": ids[0]}]


@pytest.mark.usefixtures("listening")
def test_nothing_new_is_no_event(app: Flask, tenant: TestTenant) -> None:
    one = statement(id=new_uuid())
    put(tenant, one)
    before = count(tenant, Event)
    put(tenant, one)
    assert count(tenant, Event) == before


def test_given_dicts_are_not_changed(app: Flask, tenant: TestTenant) -> None:
    one = statement(context={"contextActivities": {"parent": {"id": "http://example.com/p"}}})
    kept = msgspec.json.encode(one)
    put(tenant, one)
    assert msgspec.json.encode(one) == kept


def test_the_plan_kept_for_inserts_takes_time_in_proportion_to_the_rows(app: Flask) -> None:
    if dialect() != "postgresql":
        pytest.skip("the plans of PostgreSQL")
    words = prepared.words(session().connection().connection, sql._INSERT_PG)
    session().execute(text("SET LOCAL plan_cache_mode = force_generic_plan"))
    parameters = (1, "{}", "{}", "{}", "", 1, "{}", "{}")
    plan = "\n".join(line for (line,) in driver_sql(f"EXPLAIN {words}", parameters))
    session().rollback()
    assert "Nested Loop" not in plan, plan
    assert "Hash Semi Join" in plan, plan


@pytest.mark.parametrize("what", ["statement", "target"])
def test_what_is_deleted_while_it_is_being_stored(
    app: Flask, tenant: TestTenant, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """Between the look at what is there and the lock on it: nothing that is answered may be missing."""
    if dialect() == "sqlite":
        pytest.skip("writers are alone")
    old = statement(id=new_uuid(), actor=agent("old"))
    pointing = statement(id=new_uuid(), object=ref(old["id"]))
    put(tenant, old)
    insert = sql.insert_statements

    def delete() -> None:
        with app.app_context(), unit_of_work():
            removal.delete(tenant.id, [old["id"]])

    def meanwhile(tenant_id: int, rows: list[sql.NewRow]) -> set[str]:
        inserted = insert(tenant_id, rows)
        monkeypatch.setattr(sql, "insert_statements", insert)
        thread = threading.Thread(target=delete)
        thread.start()
        thread.join(10)
        return inserted

    monkeypatch.setattr(sql, "insert_statements", meanwhile)
    put(tenant, old if what == "statement" else pointing)
    assert problems_of(tenant.id) == []
    assert found(tenant) == [old["id"] if what == "statement" else pointing["id"]]
    put(tenant, old)
    assert problems_of(tenant.id) == []
    assert len(found(tenant, agent=agent("old"))) == (1 if what == "statement" else 2)
