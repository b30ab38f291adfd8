"""What the filters of GET /statements find: roles, references and voiding in any order of arrival."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from conformance.xapi.supplement.client import Lrs, activity, agent, fresh, group, pointing, statement, voiding

ACCOUNT = {"account": {"homePage": "http://example.com", "name": "x"}}


def identifiers() -> list[dict[str, Any]]:
    """A new agent under each kind of identifier."""
    name = fresh()
    return [
        {"mbox": f"mailto:{name}@example.com"},
        {"mbox_sha1sum": f"{name}00000000"},
        {"openid": f"http://example.com/id/{name}"},
        {"account": {"homePage": "http://example.com", "name": name}},
    ]


@pytest.mark.parametrize("kind", range(4))
def test_agent_matches_actor_and_object(each: Lrs, kind: int) -> None:
    """1.0.3 Communication 2.1.3, 2.0 §4.1.6.1: `agent` compares with Actor or Object, whatever names and object types they have."""
    who = identifiers()[kind]
    ids = each.store(
        statement(actor=who),
        statement(actor=who | {"objectType": "Agent", "name": "Ani"}),
        statement(object=who | {"objectType": "Agent"}),
        statement(actor=agent(), object=activity()),
    )
    each.settle()
    assert each.find(agent=who) == ids[2::-1]
    assert each.find(agent=who | {"name": "another name"}) == ids[2::-1]


def test_agent_matches_groups_and_their_members(each: Lrs) -> None:
    member, team = agent(), agent()
    ids = each.store(
        statement(actor=group(member, **team)),
        statement(actor=group(member, agent())),
        statement(object=group(member)),
        statement(actor=group(**team)),
        statement(actor=group(agent())),
    )
    each.settle()
    assert each.find(agent=member) == [ids[2], ids[1], ids[0]]
    assert each.find(agent=team | {"objectType": "Group"}) == [ids[3], ids[0]]


def sub(**members: Any) -> dict[str, Any]:
    value = statement(**members) | {"objectType": "SubStatement"}
    del value["id"]
    return value


ROLES: dict[str, Any] = {
    "instructor": lambda who: {"context": {"instructor": who}},
    "team": lambda who: {"context": {"team": group(**who)}},
    "member of the team": lambda who: {"context": {"team": group(who)}},
    "member of the instructors": lambda who: {"context": {"instructor": group(who)}},
    "actor of a SubStatement": lambda who: {"object": sub(actor=who)},
    "object of a SubStatement": lambda who: {"object": sub(object=who | {"objectType": "Agent"})},
    "member in a SubStatement": lambda who: {"object": sub(actor=group(who))},
    "instructor of a SubStatement": lambda who: {"object": sub(context={"instructor": who})},
    "team of a SubStatement": lambda who: {"object": sub(context={"team": group(who)})},
}
ROLES_2 = {
    "contextAgents": lambda who: {"context": {"contextAgents": [{"objectType": "contextAgent", "agent": who}]}},
    "contextGroups": lambda who: {"context": {"contextGroups": [{"objectType": "contextGroup", "group": group(who)}]}},
    "contextAgents of a SubStatement": lambda who: {
        "object": sub(context={"contextAgents": [{"objectType": "contextAgent", "agent": who}]})
    },
    "contextGroups of a SubStatement": lambda who: {
        "object": sub(context={"contextGroups": [{"objectType": "contextGroup", "group": group(who)}]})
    },
}


@pytest.mark.parametrize("role", [*ROLES, *ROLES_2])
def test_related_agents_finds_every_role(lrs: Lrs, role: str) -> None:
    who = agent()
    (id_,) = lrs.store(statement(**(ROLES | ROLES_2)[role](who)))
    lrs.settle()
    assert lrs.find(agent=who, related_agents="true") == [id_]
    assert lrs.find(agent=who, related_agents="false") == []
    assert lrs.find(agent=who) == []


def test_related_agents_finds_the_authority(each: Lrs) -> None:
    (id_,) = each.store(statement())
    authority = each.one(id_).json()["authority"]
    each.settle()
    assert id_ in each.find(agent=authority, related_agents="true", limit="5")


PLACES = {
    "parent": lambda a: {"context": {"contextActivities": {"parent": [a]}}},
    "grouping": lambda a: {"context": {"contextActivities": {"grouping": [a]}}},
    "category": lambda a: {"context": {"contextActivities": {"category": [a]}}},
    "other": lambda a: {"context": {"contextActivities": {"other": [a]}}},
    "alone": lambda a: {"context": {"contextActivities": {"other": a}}},
    "object of a SubStatement": lambda a: {"object": sub(object=a)},
    "context of a SubStatement": lambda a: {"object": sub(context={"contextActivities": {"parent": [a]}})},
}


@pytest.mark.parametrize("place", PLACES)
def test_related_activities_finds_every_place(lrs: Lrs, place: str) -> None:
    lrs = lrs.speaking("1.0.3")  # 2.0 has no single activities
    what = activity()
    (id_,) = lrs.store(statement(**PLACES[place](what)))
    lrs.settle()
    assert lrs.find(activity=what["id"], related_activities="true") == [id_]
    assert lrs.find(activity=what["id"]) == []


# --- voiding --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("together", [True, False], ids=["one request", "two requests"])
@pytest.mark.parametrize("void_first", [False, True], ids=["target first", "void first"])
def test_a_void_counts_whenever_it_comes(each: Lrs, void_first: bool, together: bool) -> None:
    """1.0.3 Data 2.3.2, 2.0 §4.2.5: a store must not reject a void for an unknown target."""
    what = activity()
    target = statement(object=what)
    void = voiding(target["id"])
    sent = [void, target] if void_first else [target, void]
    if together:
        each.store(*sent)
    else:
        for one in sent:
            each.store(one)
    each.settle()
    assert each.one(target["id"]).status == 404
    assert each.one(target["id"], voided=True).status == 200
    assert each.one(void["id"]).status == 200
    assert each.one(void["id"], voided=True).status == 404
    # Statements that target a voided one are still found by what finds it (1.0.3 Communication 2.1.3).
    assert each.find(activity=what["id"]) == [void["id"]]


def test_a_voiding_statement_cannot_be_voided(each: Lrs) -> None:
    what = activity()
    target = statement(object=what)
    void = voiding(target["id"])
    again = voiding(void["id"])
    for one in (target, void, again):
        each.store(one)
    each.settle()
    assert each.one(void["id"]).status == 200
    assert each.one(target["id"], voided=True).status == 200


def test_voids_of_one_target_race(each: Lrs) -> None:
    target = statement()
    each.store(target)
    first, second = voiding(target["id"]), voiding(target["id"])
    assert each.request("POST", "/statements", body=[first, second]).status == 200
    assert each.one(target["id"], voided=True).status == 200


# --- references -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_references_are_followed_whenever_they_come(each: Lrs, order: tuple[int, ...]) -> None:
    """1.0.3 Communication 2.1.3 "Filter Conditions for StatementRefs": along chains of any length."""
    what, who = activity(), agent()
    target = statement(object=what, actor=who)
    reply = pointing(target["id"])
    reply_to_reply = pointing(reply["id"])
    chain = [target, reply, reply_to_reply]
    for i in order:
        each.store(chain[i])
    each.settle()
    expected = {s["id"] for s in chain}
    assert set(each.find(activity=what["id"])) == expected
    assert set(each.find(agent=who)) == expected
    assert set(each.find(agent=who, activity=what["id"])) == expected


def test_references_are_followed_with_limit(each: Lrs) -> None:
    what = activity()
    target = statement(object=what)
    replies = [pointing(target["id"]) for _ in range(5)]
    each.store(target, *replies)
    each.settle()
    pages = each.pages({"activity": what["id"], "limit": "2"})
    assert [len(p) for p in pages] == [2, 2, 2]
    assert set(itertools.chain(*pages)) == {target["id"], *(r["id"] for r in replies)}
    assert each.find(activity=what["id"], limit="1") == pages[0][:1]


def test_a_circle_of_references_ends(each: Lrs) -> None:
    what = activity()
    one = pointing("00000000-0000-4000-8000-000000000000", context={"contextActivities": {"other": [what]}})
    two = pointing(one["id"])
    one["object"]["id"] = two["id"]
    each.store(one, two)
    each.settle()
    assert set(each.find(activity=what["id"], related_activities="true")) == {one["id"], two["id"]}


def test_since_and_until_are_of_the_pointing_statement(each: Lrs) -> None:
    what = activity()
    target = statement(object=what)
    each.store(target)
    stored = each.one(target["id"]).json()["stored"]
    each.settle()
    reply = pointing(target["id"])
    each.store(reply)
    each.settle()
    assert each.find(activity=what["id"], since=stored) == [reply["id"]]
    assert each.find(activity=what["id"], until=stored) == [target["id"]]


def test_times_of_filters_are_written_as_those_of_statements(each: Lrs) -> None:
    """A blank between date and time is one (RFC 3339 §5.6), a blank before an offset an unencoded plus sign."""
    what = activity()
    (id_,) = each.store(statement(object=what))
    each.settle()
    for since in (
        "2020-01-01T00:00:00Z",
        "2020-01-01 00:00:00Z",
        "2020-01-01T00:00:00+07:00",
        "2020-01-01 00:00:00+07:00",
    ):
        assert each.find(activity=what["id"], since=since) == [id_]
        raw = f"{each.url}/statements?since={since}&activity={what['id']}".replace(" ", "+")
        assert each.fetch("GET", raw).ids == [id_]
