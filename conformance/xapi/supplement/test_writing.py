"""Ids, whole batches, and statements that are no statements."""

from __future__ import annotations

import json
import re
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import pytest

from conformance.xapi.supplement.client import Answer, Lrs, activity, agent, fresh, moment, statement, voiding
from conformance.xapi.supplement.hostile import HOSTILE


def send(lrs: Lrs, body: Any) -> Answer:
    return lrs.request("POST", "/statements", body=body)


def test_the_same_batch_again_answers_all_ids_in_order(each: Lrs) -> None:
    what = activity()
    batch = [statement(object=what) for _ in range(5)]
    ids = [s["id"] for s in batch]
    for sent in (batch, batch, batch[::-1], [*batch, statement(id=ids[0].replace(ids[0], str(uuid.uuid4())))]):
        answer = send(each, sent)
        assert (answer.status, answer.json()) == (200, [s["id"] for s in sent])
    each.settle()
    assert sorted(each.find(activity=what["id"])) == sorted(ids)


def test_what_a_store_reads_back_is_the_same_statement(each: Lrs) -> None:
    (id_,) = each.store(statement(result={"duration": "PT1.23S"}, timestamp="2024-05-01T10:00:00.123+07:00"))
    read = each.one(id_).json()
    assert send(each, read).json() == [id_]


def test_another_statement_under_an_id_stores_nothing(each: Lrs) -> None:
    what = activity()
    (taken,) = each.store(statement())
    first, last = statement(object=what), statement(object=what)
    answer = send(each, [first, statement(id=taken, actor=agent()), last])
    assert answer.status == 409
    assert each.one(first["id"]).status == each.one(last["id"]).status == 404
    each.settle()
    assert each.find(activity=what["id"]) == []
    answer = each.request("PUT", "/statements", {"statementId": taken}, statement(id=taken, actor=agent()))
    assert answer.status == 409


def test_one_broken_statement_stores_nothing(each: Lrs) -> None:
    good, bad = statement(), statement(verb={})
    assert send(each, [good, bad]).status == 400
    assert each.one(good["id"]).status == 404


def test_an_id_twice_in_one_batch(each: Lrs) -> None:
    one = statement()
    assert send(each, [one, one | {"id": one["id"].upper()}]).status == 400
    assert each.one(one["id"]).status == 404


def test_writers_of_one_id_agree(lrs: Lrs) -> None:
    """Of different statements under one id, exactly one is stored; equal ones are all accepted."""
    one = statement()
    others = [one | {"actor": agent()} for _ in range(7)]
    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(a.status for a in pool.map(lambda s: send(lrs, [s]), [one, *others]))
    assert statuses == [200] + [409] * 7
    same = statement()
    with ThreadPoolExecutor(8) as pool:
        assert [a.status for a in pool.map(lambda s: send(lrs, [s]), [same] * 8)] == [200] * 8


def test_batches_that_share_ids_agents_and_activities_do_not_deadlock(lrs: Lrs) -> None:
    shared = [
        statement(
            actor=agent(f"shared{n}") | {"name": f"Name {n} {fresh()}"},
            object={"id": f"http://example.com/shared/{n}", "definition": {"name": {"en": fresh()}}},
        )
        for n in range(20)
    ]

    def write(number: int) -> list[int]:
        order = shared if number % 2 else shared[::-1]
        mine = [{**s, "id": str(uuid.uuid4())} for s in order]
        found = [send(lrs, mine).status, send(lrs, order).status]
        return [*found, send(lrs, [voiding(s["id"]) for s in mine[::-1]]).status]

    with ThreadPoolExecutor(8) as pool:
        for statuses in pool.map(write, range(16)):
            assert statuses == [200, 200, 200]


# --- what cannot be stored ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_json_is_refused(lrs: Lrs, name: str) -> None:
    answer = send(lrs, HOSTILE[name])
    assert 400 <= answer.status < 500, answer.body[:500]
    # And the store goes on.
    assert lrs.request("GET", "/about").status == 200


def test_large_numbers_come_back(lrs: Lrs) -> None:
    """What a store accepts, every format of it must be able to give back."""
    what = activity()
    ids = []
    for number in ("123456789012345678901234567890", "-0", "1.50", "1E2", "1e308", "0.1e-400", "9007199254740993"):
        value = statement(object=what)
        value["result"] = {"extensions": {"http://example.com/x": "HERE"}}
        answer = send(lrs, json.dumps(value).replace('"HERE"', number).encode())
        assert answer.status in (200, 400), number
        ids += answer.json() if answer.status == 200 else []
    lrs.settle()
    for word in ("exact", "ids", "canonical"):
        assert lrs.find(activity=what["id"], format=word) == ids[::-1]
    assert lrs.request("GET", "/statements", {"activity": what["id"], "attachments": "true"}).status == 200


QUERIES = [
    "activity=http%3A%2F%2Fexample.com%2F%00",
    "activity=%ED%A0%80",
    "activity=%FF%FE",
    "verb=http%3A%2F%2Fexample.com%2Fa%20b",
    "activity=not-an-iri",
    "agent=%7B%22mbox%22%3A%22mailto%3Aa%40example.com%22%2C%22mbox%22%3A%22mailto%3Ab%40example.com%22%7D",
    "agent=" + quote('{"mbox":"mailto:a@example.com","name":"\\ud800"}'),
    "agent=" + quote("[" * 1500),
    "agent=null",
    "agent=%7B%7D",
    "registration=1",
    "since=yesterday",
    "since=2024-13-01T00:00:00Z",
    "until=2024-01-01T00:00:00-00:00",
    "limit=-1",
    "limit=1.5",
    "limit=99999999999999999999",
    "limit=%D9%A3",
    "ascending=maybe",
    "format=xml",
    "Limit=1",
    "unknown=1",
    "statementId=1",
    "statementId=%00",
    "more=x",
]


@pytest.mark.parametrize("query", QUERIES)
def test_hostile_parameters_are_refused(each: Lrs, query: str) -> None:
    answer = each.fetch("GET", f"{each.url}/statements?{query}")
    assert answer.status == 400, answer.body[:300]


IRIS = [
    "http://example.com/caf%C3%A9",
    "http://example.com/café",
    "http://example.com/%25",
    "http://example.com/a%2Fb?c=%26&d=+e#%23",
    "urn:x:%F0%9F%98%80",
    "tag:example.com,2024:😀",
    "http://example.com/" + "x" * 1500,
]


@pytest.mark.parametrize("iri", IRIS)
def test_iris_are_found_as_they_were_sent(each: Lrs, iri: str) -> None:
    """Percent-encoded and other characters: an IRI is compared as it is, never decoded."""
    mark = fresh()
    (id_,) = each.store(statement(object={"id": iri + mark}, verb={"id": iri + mark}))
    each.settle()
    assert each.find(activity=iri + mark) == [id_]
    assert each.find(verb=iri + mark) == [id_]
    state = {"activityId": iri + mark, "agent": agent(), "stateId": iri}
    assert each.request("PUT", "/activities/state", state, b"{}", {"If-None-Match": "*"}).status == 204
    assert each.request("GET", "/activities/state", state).body == b"{}"
    answer = each.request("GET", "/activities", {"activityId": iri + mark})
    assert (answer.status, answer.json()["id"]) == (200, iri + mark)


def test_stored_has_the_precision_of_a_clock(lrs: Lrs) -> None:
    found = set()
    for _ in range(12):
        (id_,) = lrs.store(statement())
        found.add(lrs.one(id_).json()["stored"].partition(".")[2].rstrip("Z").rstrip("0"))
        time.sleep(0.003)
    assert len({f[:3] for f in found}) > 3, found


# --- versions and times -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("header", ["1.0", "1.0.0", "1.0.4", "1.0.10", "2.0", "2.0.1"])
def test_patches_to_come_are_served(lrs: Lrs, header: str) -> None:
    """1.0.3 Communication 3.3: every version that starts with 1.0.; 2.0 §4.1.7 rejects only below 2.0.0 and from 2.1.0 on."""
    answer = lrs.speaking(header).request("POST", "/statements", body=statement())
    assert answer.status == 200, answer.body
    assert answer.headers["X-Experience-API-Version"] == ("1.0.3" if header.startswith("1") else "2.0.0")


@pytest.mark.parametrize("header", ["0.9", "1.1.0", "1.0.x", "1.0.", "1.0.3.1", "2.1.0", "2", "3.0.0", "1.0.٣"])
def test_other_versions_are_not(lrs: Lrs, header: str) -> None:
    sent: Any = {"X-Experience-API-Version": header.encode()}
    answer = lrs.request("POST", "/statements", body=statement(), headers=sent)
    assert answer.status == 400
    assert answer.headers["X-Experience-API-Version"]


def test_a_statement_of_2_0_is_none_of_1_0(lrs: Lrs) -> None:
    """1.0.3 Data 2.4.10: a version that does not start with 1.0. is rejected (the official suite takes 1.0 all the same)."""
    old = lrs.speaking("1.0.3")
    for version, status in (("1.0.0", 200), ("1.0.7", 200), ("2.0.0", 400), ("2.0", 400)):
        one = statement(version=version)
        assert send(old, one).status == status, version
        assert lrs.one(one["id"]).status == (200 if status == 200 else 404)
    assert send(lrs, statement(version="2.0.0")).status == send(lrs, statement(version="1.0.3")).status == 200


TIMES = [
    ("2020-01-01T07:00:00.5+07:00", "2020-01-01T00:00:00.5Z"),
    ("20200101T000000Z", "2020-01-01T00:00:00Z"),
    ("2020-01-01T00Z", "2020-01-01T00:00:00Z"),
    ("2020-01-01T00:00:00,25Z", "2020-01-01T00:00:00.25Z"),
    ("2020-01-01 00:00:00z", "2020-01-01T00:00:00Z"),
    ("2020-01-01T00:00:00.123456789Z", "2020-01-01T00:00:00.123456Z"),
]
RFC_3339_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


@pytest.mark.parametrize(("sent", "meant"), TIMES)
def test_timestamps_of_2_0_are_utc(lrs: Lrs, sent: str, meant: str) -> None:
    """2.0 §4.2.7, also in a SubStatement, all else of which stays as it came."""
    sub = {k: v for k, v in statement(timestamp=sent).items() if k != "id"}
    sub |= {"objectType": "SubStatement", "result": {"score": {"raw": "HERE"}}}
    one = statement(timestamp=sent, object=sub)
    answer = send(lrs, json.dumps(one).replace('"HERE"', "1.50").encode())
    if answer.status == 400:
        return  # a store need not take the rarer forms of ISO 8601
    read = lrs.one(one["id"])
    for value in (read.json(), read.json()["object"]):
        assert RFC_3339_UTC.fullmatch(value["timestamp"])
        assert abs((moment(value["timestamp"]) - moment(meant)).total_seconds()) < 0.001
    assert read.json()["object"]["result"]["score"]["raw"] == 1.5
    assert send(lrs, one | {"object": sub | {"result": {"score": {"raw": 1.5}}}}).status == 200


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded; charset=UTF-8", "text/plain", None])
def test_forms_of_browsers_that_can_name_no_type(lrs: Lrs, kind: str | None) -> None:
    """1.0.3 Communication 1.3: the content type of a form is a SHOULD."""
    old, one = lrs.speaking("1.0.3"), statement()
    answer = old.form("PUT", "/statements", {"statementId": one["id"], "content": one}, kind)
    assert answer.status == 204, answer.body
    assert old.form("GET", "/statements", {"statementId": one["id"]}, kind).json()["id"] == one["id"]
