"""Documents under races: the check of a precondition and the write are one step."""

from __future__ import annotations

import gzip
import json
import time
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode

import pytest

from conformance.xapi.supplement.client import Answer, Lrs, activity, agent, fresh

KINDS = ("/activities/state", "/activities/profile", "/agents/profile")


def place(kind: str) -> dict[str, Any]:
    """Parameters of a new document of this resource."""
    if kind == "/activities/state":
        return {"activityId": activity()["id"], "agent": agent(), "stateId": "s"}
    if kind == "/activities/profile":
        return {"activityId": activity()["id"], "profileId": "p"}
    return {"agent": agent(), "profileId": "p"}


def race(
    lrs: Lrs, method: str, kind: str, where: dict[str, Any], headers: dict[str, str], bodies: list[Any]
) -> list[Answer]:
    with ThreadPoolExecutor(len(bodies)) as pool:
        return list(pool.map(lambda body: lrs.request(method, kind, where, body, headers), bodies))


@pytest.mark.parametrize("kind", KINDS)
def test_one_creator_wins(each: Lrs, kind: str) -> None:
    for _ in range(5):
        where = place(kind)
        answers = race(each, "PUT", kind, where, {"If-None-Match": "*"}, [{"n": n} for n in range(8)])
        assert Counter(a.status for a in answers) == {204: 1, 412: 7}
        winner = next(n for n, a in enumerate(answers) if a.status == 204)
        assert each.request("GET", kind, where).json() == {"n": winner}


@pytest.mark.parametrize("kind", KINDS)
def test_one_of_those_who_saw_the_same_wins(each: Lrs, kind: str) -> None:
    where = place(kind)
    assert each.request("PUT", kind, where, {"n": -1}, {"If-None-Match": "*"}).status == 204
    for method in ("PUT", "POST", "PUT"):
        tag = each.request("GET", kind, where).headers["ETag"]
        assert tag.startswith('"')
        assert tag.endswith('"')
        answers = race(each, method, kind, where, {"If-Match": tag}, [{"n": n} for n in range(8)])
        assert Counter(a.status for a in answers) == {204: 1, 412: 7}
    tag = each.request("GET", kind, where).headers["ETag"]
    answers = race(each, "DELETE", kind, where, {"If-Match": tag}, [None] * 8)
    assert Counter(a.status for a in answers) == {204: 1, 412: 7}
    assert each.request("GET", kind, where).status == 404


@pytest.mark.parametrize("kind", KINDS)
def test_merges_do_not_lose_each_other(each: Lrs, kind: str) -> None:
    where = place(kind)
    answers = race(each, "POST", kind, where, {}, [{f"k{n}": n} for n in range(12)])
    assert {a.status for a in answers} == {204}
    assert each.request("GET", kind, where).json() == {f"k{n}": n for n in range(12)}


def test_a_state_without_registration_is_one_document(lrs: Lrs) -> None:
    """A null in a unique key does not keep twins out of many databases. Clients of 1.0.x send no preconditions."""
    old = lrs.speaking("1.0.3")
    for _ in range(3):
        where = place("/activities/state")
        answers = race(old, "PUT", "/activities/state", where, {}, [{"n": n} for n in range(8)])
        assert {a.status for a in answers} == {204}
        del where["stateId"]
        assert old.request("GET", "/activities/state", where).json() == ["s"]


def test_unconditional_puts(lrs: Lrs) -> None:
    """2.0 §4.1.4: 409 with a message for what exists, which stays as it was. 1.0.3: State is overwritten."""
    for kind in KINDS:
        where = place(kind)
        assert lrs.request("PUT", kind, where, {"n": 1}).status == 204
        answer = lrs.request("PUT", kind, where, {"n": 2})
        assert answer.status == 409
        assert answer.body
        assert lrs.request("GET", kind, where).json() == {"n": 1}
        old = lrs.speaking("1.0.3").request("PUT", kind, where, {"n": 3})
        assert old.status == (204 if kind == "/activities/state" else 409)


@pytest.mark.parametrize("kind", KINDS)
def test_preconditions_of_every_method(each: Lrs, kind: str) -> None:
    where = place(kind)
    for method in ("PUT", "POST", "DELETE"):
        body = None if method == "DELETE" else {"n": 1}
        assert each.request(method, kind, where, body, {"If-Match": '"none"'}).status == 412
        assert each.request(method, kind, where, body, {"If-Match": "*"}).status == 412
    assert each.request("GET", kind, where).status == 404
    assert each.request("PUT", kind, where, {"n": 1}, {"If-None-Match": '"none"'}).status == 204
    tag = each.request("GET", kind, where).headers["ETag"]
    for method in ("PUT", "POST", "DELETE"):
        body = None if method == "DELETE" else {"n": 2}
        assert each.request(method, kind, where, body, {"If-None-Match": "*"}).status == 412
        assert each.request(method, kind, where, body, {"If-None-Match": f'"x", {tag}'}).status == 412
        assert each.request(method, kind, where, body, {"If-Match": '"none", "neither"'}).status == 412
    assert each.request("GET", kind, where).json() == {"n": 1}
    assert each.request("PUT", kind, where, {"n": 3}, {"If-Match": f'"x", {tag}'}).status == 204
    assert each.request("POST", kind, where, {"m": 4}, {"If-Match": "*"}).status == 204
    assert each.request("GET", kind, where).json() == {"n": 3, "m": 4}


def test_the_list_of_states_honours_registration_and_since(each: Lrs) -> None:
    who, what, one, two = agent(), activity()["id"], str(uuid.uuid4()), str(uuid.uuid4())
    base = {"activityId": what, "agent": who}
    for registration, id_ in (("", "none"), (one, "a"), (one, "b"), (two, "c")):
        where = base | {"stateId": id_} | ({"registration": registration} if registration else {})
        assert each.request("PUT", "/activities/state", where, {}, {"If-None-Match": "*"}).status == 204
    assert sorted(each.request("GET", "/activities/state", base | {"registration": one}).json()) == ["a", "b"]
    assert each.request("GET", "/activities/state", base | {"registration": two.upper()}).json() == ["c"]
    assert each.request("GET", "/activities/state", base | {"registration": str(uuid.uuid4())}).json() == []
    assert {"none", "a", "b", "c"} >= set(each.request("GET", "/activities/state", base).json()) >= {"none"}
    later = each.request("GET", "/activities/state", base | {"since": "2100-01-01T00:00:00Z"})
    assert later.json() == []
    gone = each.request("DELETE", "/activities/state", base | {"registration": one})
    assert gone.status == 204
    assert each.request("GET", "/activities/state", base | {"registration": one}).json() == []
    assert each.request("GET", "/activities/state", base | {"registration": two}).json() == ["c"]


@pytest.mark.parametrize("kind", KINDS)
def test_last_modified_of_documents_and_their_lists(each: Lrs, kind: str) -> None:
    where = place(kind)
    name = "stateId" if "stateId" in where else "profileId"
    each.request("PUT", kind, where, {}, {"If-None-Match": "*"})
    time.sleep(1.1)
    each.request("PUT", kind, where | {name: "later"}, {}, {"If-None-Match": "*"})
    times = [
        parsedate_to_datetime(each.request("GET", kind, where | {name: id_}).headers["Last-Modified"])
        for id_ in (where[name], "later")
    ]
    assert times[0] < times[1]
    del where[name]
    listed = each.request("GET", kind, where)
    assert parsedate_to_datetime(listed.headers["Last-Modified"]) == times[1]


@pytest.mark.parametrize("kind", KINDS)
def test_bytes_come_back_as_they_were_sent(each: Lrs, kind: str) -> None:
    for content_type, content in (
        ("application/octet-stream", bytes(range(256)) * 20),
        ("text/plain; charset=utf-8", "naïve ☃".encode()),
        ("application/json", b' {"a" : 1.0 }\n'),
        ("image/png", b"\x89PNG\r\n\x1a\n\0"),
        ("text/plain", b""),
    ):
        where = place(kind)
        sent = {"If-None-Match": "*", "Content-Type": content_type}
        assert each.request("PUT", kind, where, content, sent).status == 204
        answer = each.request("GET", kind, where)
        assert (answer.headers["Content-Type"], answer.body) == (content_type, content)
        head = each.request("HEAD", kind, where)
        assert (head.status, head.body, head.headers["Content-Length"]) == (200, b"", str(len(content)))
        assert head.headers["ETag"] == answer.headers["ETag"]


@pytest.mark.parametrize("kind", KINDS)
def test_only_objects_are_merged(each: Lrs, kind: str) -> None:
    where = place(kind)
    each.request("PUT", kind, where, [1], {"If-None-Match": "*"})
    assert each.request("POST", kind, where, {"a": 1}).status == 400
    assert each.request("GET", kind, where).json() == [1]
    where = place(kind)
    each.request("PUT", kind, where, {"a": {"x": 1}, "b": 1}, {"If-None-Match": "*"})
    for bad in (b"[1]", b"{", b'{"a":1,"a":2}', b'"x"', b"null"):
        assert each.request("POST", kind, where, bad).status == 400
    assert each.request("POST", kind, where, b"x", {"Content-Type": "text/plain"}).status == 400
    assert each.request("POST", kind, where, {"a": {"y": 2}}).status == 204
    assert each.request("GET", kind, where).json() == {"a": {"y": 2}, "b": 1}


IDS = [
    "a/b",
    "a b",
    "%2F",
    "ä☃😀",
    "?",
    "#&=",
    "'; DROP TABLE documents; --",
    "x" * 1000,
    ".",
    "..",
    "http://example.com/x",
]


@pytest.mark.parametrize("id_", IDS)
def test_ids_of_documents_are_any_text(each: Lrs, id_: str) -> None:
    for kind in KINDS:
        where = place(kind)
        name = "stateId" if "stateId" in where else "profileId"
        assert each.request("PUT", kind, where | {name: id_}, {"id": id_}, {"If-None-Match": "*"}).status == 204
        assert each.request("GET", kind, where | {name: id_}).json() == {"id": id_}
        listed = {k: v for k, v in where.items() if k != name}
        assert each.request("GET", kind, listed).json() == [id_]


def test_documents_of_agents_are_by_identifier(each: Lrs) -> None:
    """Names and member lists do not tell agents apart; identifiers do."""
    account = {"homePage": "http://example.com", "name": fresh()}
    where = {"agent": {"account": account}, "profileId": "p"}
    assert each.request("PUT", "/agents/profile", where, {"n": 1}, {"If-None-Match": "*"}).status == 204
    for same in (
        {"objectType": "Agent", "name": "Ani", "account": account},
        json.loads(json.dumps({"account": dict(reversed(account.items()))})),
    ):
        assert each.request("GET", "/agents/profile", where | {"agent": same}).status == 200
    other = {"account": account | {"homePage": "http://example.com/"}}
    assert each.request("GET", "/agents/profile", where | {"agent": other}).status == 404


@pytest.mark.parametrize("kind", ["text/plain; n=€", "text/plain\r\nX: y", "text/plain; n=\x01"])
def test_a_type_that_no_header_can_have_is_refused(lrs: Lrs, kind: str) -> None:
    """By the form syntax of 1.0.3 Communication 1.3 any text may come as Content-Type; stored, it could never be sent."""
    old, where = lrs.speaking("1.0.3"), place("/activities/state")
    fields = where | {"Content-Type": kind, "content": "hi"}
    assert old.form("PUT", "/activities/state", fields).status == 400
    assert old.request("GET", "/activities/state", where).status == 404


@pytest.mark.parametrize("kind", KINDS)
def test_ids_that_are_not_utf_8_are_refused(each: Lrs, kind: str) -> None:
    """Whatever a store made of such bytes, another id might be the same."""
    where = place(kind)
    name = "stateId" if "stateId" in where else "profileId"
    del where[name]
    url = f"{each.url}{kind}?{urlencode({k: v if isinstance(v, str) else json.dumps(v) for k, v in where.items()})}&{name}="
    for bad in ("%FF", "%C3%28", "%ED%A0%80", "%C0%80"):
        assert each.fetch("PUT", url + bad, {}, {"If-None-Match": "*"}).status == 400
        assert each.fetch("GET", url + bad).status == 400
    # U+FFFD is a character like others.
    assert each.fetch("PUT", url + "%EF%BF%BD", {}, {"If-None-Match": "*"}).status == 204
    assert each.request("GET", kind, where).json() == ["\ufffd"]


@pytest.mark.parametrize("kind", KINDS)
def test_packed_documents_come_back_as_they_are_or_are_refused(each: Lrs, kind: str) -> None:
    """Kept as they came, they must be handed out with their Content-Encoding (RFC 9110 §8.4)."""
    where, content = place(kind), gzip.compress(b'{"n": 1}')
    sent = {"If-None-Match": "*", "Content-Encoding": "gzip"}
    answer = each.request("PUT", kind, where, content, sent)
    if answer.status != 415:
        assert answer.status == 204
        assert each.request("GET", kind, where).json() == {"n": 1}
    assert each.request("PUT", kind, where, b"{}", {"If-None-Match": "*", "Content-Encoding": "identity"}).status in (
        204,
        412,
    )
