"""Finding: every filter, roles, pages in both directions, and the plans PostgreSQL makes for them."""

from __future__ import annotations

import itertools
import os
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from flask import Flask
from sqlalchemy import text

from core.db import dialect, driver_sql, read, session, unit_of_work
from core.errors import Invalid
from lrs import query, rows
from lrs.consistency import FIRST, stored_time
from lrs.query import Filters
from lrs.store import store
from tests.conftest import TestTenant
from tests.lrs.builders import AUTHORITY, agent, new_uuid, statement, voiding


def put(tenant: TestTenant, *statements: dict[str, Any]) -> list[str]:
    with unit_of_work():
        return store(tenant.id, list(statements), AUTHORITY)


def found(tenant: TestTenant, **filters: Any) -> set[str]:
    page = query.newest(tenant.id, filters=Filters(**filters), limit=1000)
    return {msgspec.json.decode(s)["id"] for s in page.statements}


GROUP = {"objectType": "Group", "mbox": "mailto:group@example.com", "member": [agent("member")]}
ROLES: dict[str, dict[str, Any]] = {
    "actor": {"actor": agent("x")},
    "member": {"actor": GROUP | {"member": [agent("x")]}},
    "group": {"actor": {"objectType": "Group", "name": "g", **agent("x")}},
    "object": {"object": {"objectType": "Agent", **agent("x")}},
    "instructor": {"context": {"instructor": agent("x")}},
    "team": {"context": {"team": {"objectType": "Group", **agent("x")}}},
    "team member": {"context": {"team": {"objectType": "Group", "member": [agent("x")]}}},
    "contextAgents": {"context": {"contextAgents": [{"objectType": "contextAgent", "agent": agent("x")}]}},
    "contextGroups": {
        "context": {"contextGroups": [{"objectType": "contextGroup", "group": {"objectType": "Group", **agent("x")}}]}
    },
    "sub actor": {"object": {"objectType": "SubStatement", **statement(actor=agent("x"))}},
    "sub object": {"object": {"objectType": "SubStatement", **statement(object={"objectType": "Agent", **agent("x")})}},
    "sub instructor": {"object": {"objectType": "SubStatement", **statement(context={"instructor": agent("x")})}},
}


@pytest.mark.parametrize("role", ROLES)
def test_roles_of_an_agent(app: Flask, tenant: TestTenant, role: str) -> None:
    (id_, _) = put(tenant, statement(**ROLES[role]), statement())
    direct = role in ("actor", "member", "group", "object")
    assert found(tenant, agent=agent("x")) == ({id_} if direct else set())
    assert found(tenant, agent=agent("x"), related_agents=True) == {id_}


def test_direct_and_other_roles_are_one_find(app: Flask, tenant: TestTenant) -> None:
    """By itself, and with what it points at: pages with `related` filters tell each statement once."""
    course = {"id": "http://example.com/course"}
    everywhere = {"instructor": agent("x"), "contextActivities": {"parent": [course], "grouping": [course]}}
    (first, second) = put(
        tenant,
        statement(actor=agent("x"), object=course, context=everywhere),
        statement(context=everywhere),
    )
    (third,) = put(
        tenant, statement(object={"objectType": "StatementRef", "id": first}, context={"instructor": agent("x")})
    )
    (fourth,) = put(tenant, statement(object={"objectType": "StatementRef", "id": second}, actor=agent("x")))
    both = Filters(agent=agent("x"), related_agents=True, activity=course["id"], related_activities=True)
    for filters in (Filters(agent=agent("x"), related_agents=True), both):
        for ascending in (False, True):
            seen: list[str] = []
            after = None
            while len(seen) < 9:
                page = query.page(tenant.id, filters, limit=1, after=after, ascending=ascending)
                seen += [msgspec.json.decode(s)["id"] for s in page.statements]
                after = page.positions[-1]
                if not page.more:
                    break
            assert seen == ([first, second, third, fourth] if ascending else [fourth, third, second, first])
        assert query.count(tenant.id, filters, after=FIRST, most=9) == 4
        assert query.count(tenant.id, filters, after=FIRST, most=3) == 3
    assert found(tenant, agent=agent("x")) == {first, third, fourth}
    assert found(tenant, activity=course["id"]) == {first, third}


def test_who_is_in_the_direct_role_has_one_reference() -> None:
    in_both = rows.references(statement(actor=agent("x"), context={"instructor": agent("x"), "contextActivities": {}}))
    assert in_both == rows.references(statement(actor=agent("x")))
    assert rows.references(statement(context={"instructor": agent("x")})) - in_both


def test_authority_is_related(app: Flask, tenant: TestTenant) -> None:
    ids = put(tenant, statement(), statement())
    assert found(tenant, agent=AUTHORITY, related_agents=True) == set(ids)
    assert found(tenant, agent=AUTHORITY) == set()
    assert found(tenant, authority=query.authority_reference(AUTHORITY)) == set(ids)
    assert found(tenant, authority=query.authority_reference(agent())) == set()


def test_identifiers_of_other_kinds_do_not_match(app: Flask, tenant: TestTenant) -> None:
    account = {"account": {"homePage": "http://example.com", "name": "x"}}
    put(tenant, statement(actor=account))
    assert found(tenant, agent={"openid": "http://example.com"}) == set()
    assert len(found(tenant, agent=account)) == 1


@pytest.mark.parametrize("kind", ["parent", "grouping", "category", "other", "sub", "sub parent"])
def test_related_activities(app: Flask, tenant: TestTenant, kind: str) -> None:
    wanted = {"id": "http://example.com/wanted"}
    if kind == "sub":
        one = statement(object={"objectType": "SubStatement", **statement(object=wanted)})
    elif kind == "sub parent":
        inner = statement(context={"contextActivities": {"parent": [wanted]}})
        one = statement(object={"objectType": "SubStatement", **inner})
    else:
        one = statement(context={"contextActivities": {kind: wanted}})
    (id_, _) = put(tenant, one, statement())
    assert found(tenant, activity=wanted["id"]) == set()
    assert found(tenant, activity=wanted["id"], related_activities=True) == {id_}


def test_pages_both_ways_see_each_once(app: Flask, tenant: TestTenant) -> None:
    ids = [i for _ in range(4) for i in put(tenant, *[statement() for _ in range(5)])]
    for ascending in (False, True):
        seen: list[str] = []
        after = None
        while True:
            page = query.page(tenant.id, Filters(agent=agent()), limit=3, after=after, ascending=ascending)
            seen += [msgspec.json.decode(s)["id"] for s in page.statements]
            if not page.more:
                break
            after = page.positions[-1]
            put(tenant, statement(actor=agent("new")))
        assert seen == (ids if ascending else ids[::-1])


def test_a_page_is_bounded_in_bytes_too(app: Flask, tenant: TestTenant, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways, with one way to find a statement and with several: nothing is missed, nothing comes twice."""
    monkeypatch.setattr(query, "PAGE_BYTES", 20_000)
    course = {"id": "http://example.com/course"}
    sizes = (100, 30_000, 100, 6_000, 6_000, 6_000, 50_000, 100, 100, 9_000)
    roles: list[dict[str, Any]] = [{"object": course}, {"context": {"contextActivities": {"parent": [course]}}}]
    ids = put(
        tenant,
        *[statement(**roles[n % 2], result={"response": "x" * size}) for n, size in enumerate(sizes)],
    )
    for filters in (
        Filters(),
        Filters(agent=agent()),
        Filters(activity=course["id"], related_activities=True),
        Filters(activity=course["id"], related_activities=True, agent=agent(), related_agents=True),
    ):
        for ascending in (False, True):
            pages = _all_pages(tenant, filters, ascending)
            assert [id_ for page in pages for id_ in _ids(page)] == (ids if ascending else ids[::-1])
            for page in pages:
                # Not more than the last one over it.
                assert sum(map(len, page.statements[:-1])) < 20_000
            assert 3 <= len(pages) <= 5


def test_voided_statements_are_found_where_they_are_asked_for(app: Flask, tenant: TestTenant) -> None:
    (first, second) = put(tenant, statement(), statement())
    (third,) = put(tenant, voiding(first))
    assert _ids(query.page(tenant.id, Filters(), limit=9, ascending=True)) == [second, third]
    assert _ids(query.page(tenant.id, Filters(), limit=9, ascending=True, voided=True)) == [first, second, third]


def _ids(page: query.Page) -> list[str]:
    return [msgspec.json.decode(s)["id"] for s in page.statements]


def _all_pages(tenant: TestTenant, filters: Filters, ascending: bool) -> list[query.Page]:
    pages = [query.page(tenant.id, filters, limit=8, ascending=ascending)]
    while pages[-1].more:
        after = pages[-1].positions[-1]
        pages.append(query.page(tenant.id, filters, limit=8, after=after, ascending=ascending))
    return pages


def test_exact_page_has_no_more(app: Flask, tenant: TestTenant) -> None:
    put(tenant, statement(), statement())
    assert query.newest(tenant.id, limit=2).cursor is None
    assert query.newest(tenant.id, limit=1).cursor is not None


def test_since_excludes_and_until_includes(app: Flask, tenant: TestTenant) -> None:
    (id_,) = put(tenant, statement())
    one = query.one(tenant.id, id_)
    assert one is not None
    stored = stored_time(one.position)
    tick = timedelta(milliseconds=1)
    assert found(tenant, since=stored) == set()
    assert found(tenant, since=stored - tick) == {id_}
    assert found(tenant, until=stored) == {id_}
    assert found(tenant, until=stored - tick) == set()
    assert found(tenant, since=stored - tick, until=stored, verb="http://example.com/verbs/did") == {id_}


def test_bytes_are_those_received(app: Flask, tenant: TestTenant) -> None:
    put(tenant, statement(result={"score": {"raw": 1.50}}, context={"extensions": {"http://x.y/z": [1, None, "é"]}}))
    (body,) = query.newest(tenant.id).statements
    assert '{"http://x.y/z":[1,null,"é"]}'.encode() in body


def test_bad_cursor_and_id(app: Flask, tenant: TestTenant) -> None:
    with pytest.raises(Invalid):
        query.newest(tenant.id, cursor="x")
    with pytest.raises(Invalid):
        query.one(tenant.id, "x")


# Every combination of what each filter may be.
FILTERS: list[dict[str, Any]] = [
    {name: value for part in parts for name, value in part.items()}
    for parts in itertools.product(
        ({}, {"agent": agent("7")}, {"agent": agent("7"), "related_agents": True}, {"agent": agent("nobody")}),
        (
            {},
            {"activity": "http://example.com/activities/5"},
            {"activity": "http://example.com/parents/1", "related_activities": True},
        ),
        ({}, {"verb": "http://example.com/verbs/3"}),
        ({}, {"registration": "ec531277-b57b-4c15-8d91-000000000007"}),
    )
]


def test_every_filter_reads_an_index(app: Flask, tenant: TestTenant) -> None:
    """No filter combination may read a whole table or sort: its cost must not grow with the store (`make plans-xapi`: of a million)."""
    if dialect() != "postgresql":
        pytest.skip("the plans of PostgreSQL")
    for start in range(0, int(os.environ.get("TEST_PLANS", "4000")), 500):
        put(tenant, *[_spread(i) for i in range(start, start + 500)])
    session().execute(text("ANALYZE statements"))
    session().execute(text("ANALYZE statement_references"))
    middle = session().scalar(text("SELECT max(position) FROM statements WHERE tenant_id = :t"), {"t": tenant.id})
    moment = stored_time(middle)
    ranges: list[dict[str, Any]] = [{}, {"since": moment - timedelta(hours=1)}, {"until": moment}]
    # Ends of the order: whatever the numbers are, PostgreSQL must read them as bigints.
    ranges += [{"since": datetime(1, 1, 1, tzinfo=UTC)}, {"until": datetime(1, 1, 1, tzinfo=UTC)}]
    ranges += [{"since": datetime(9000, 1, 1, tzinfo=UTC)}]
    ranges += [
        {"since": moment - timedelta(minutes=1), "until": moment},
        {"authority": query.authority_reference(AUTHORITY)},
    ]
    for filters, within, ascending in itertools.product(FILTERS, ranges, (False, True)):
        plan = _plan(tenant, filters | within, ascending)
        assert "Seq Scan" not in plan, (filters, within, plan)
        assert "Sort" not in plan, (filters, within, plan)
        assert "Index" in plan, (filters, within, plan)


def test_plans_do_not_depend_on_statistics(app: Flask, tenant: TestTenant) -> None:
    """A store that has just been filled has none for a minute or more: no filter may read the whole range of another one for each row."""
    if dialect() != "postgresql":
        pytest.skip("the plans of PostgreSQL")
    for start in range(0, 4000, 500):
        put(tenant, *[_spread(i) for i in range(start, start + 500)])
    unknown = "DELETE FROM pg_statistic WHERE starelid IN ('statements'::regclass, 'statement_references'::regclass)"
    session().execute(text(unknown))
    for filters, ascending in itertools.product(FILTERS, (False, True)):
        words, parameters = query.page_sql(tenant.id, Filters(**filters), 26, None, ascending, 1 << 41)
        plan = [str(line) for (line,) in driver_sql(f"EXPLAIN {words}", tuple(parameters))]
        ranges = [line for line in plan if "Index Cond" in line and '"position" = ' not in line]
        assert len(ranges) == words.count("LIMIT"), (filters, plan)
    session().rollback()


def test_every_filter_searches_an_index_of_sqlite(app: Flask, tenant: TestTenant) -> None:
    if dialect() != "sqlite":
        pytest.skip("the plans of SQLite")
    put(tenant, *[_spread(i) for i in range(200)])
    mine = {"authority": query.authority_reference(AUTHORITY)}
    for filters, within, ascending in itertools.product(FILTERS, ({}, mine), (False, True)):
        plan = _plan(tenant, filters | within, ascending)
        # What one way to find has found is no table.
        assert "SCAN" not in plan.replace("SCAN way", ""), (filters, plan)
        assert "TEMP B-TREE" not in plan, (filters, plan)


def _plan(tenant: TestTenant, filters: dict[str, Any], ascending: bool) -> str:
    words, parameters = query.page_sql(tenant.id, Filters(**filters), 26, None, ascending, 1 << 41)
    explain = "EXPLAIN" if dialect() == "postgresql" else "EXPLAIN QUERY PLAN"
    return "\n".join(str(row[-1]) for row in read(f"{explain} {words}", parameters))


def _spread(i: int) -> dict[str, Any]:
    return statement(
        actor=agent(str(i % 100)),
        verb={"id": f"http://example.com/verbs/{i % 7}"},
        object={"id": f"http://example.com/activities/{i % 40}"},
        context={
            "registration": f"ec531277-b57b-4c15-8d91-{i % 100:012d}",
            "contextActivities": {"parent": [{"id": f"http://example.com/parents/{i % 4}"}]},
        },
    )


def test_registration_in_any_case(app: Flask, tenant: TestTenant) -> None:
    registration = new_uuid()
    put(tenant, statement(context={"registration": registration.upper()}))
    assert len(found(tenant, registration=registration)) == 1
