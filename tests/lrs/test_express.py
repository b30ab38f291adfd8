"""The short way of the busiest requests answers as the framework does, and leaves everything else to it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError
from werkzeug.test import EnvironBuilder, run_wsgi_app

from core import credentials
from core.db import unit_of_work
from lrs import query, rejections, validation
from lrs.committing import committer
from lrs.express import Express
from tests.conftest import TestTenant, basic
from tests.lrs.builders import V1, V2, agent, new_uuid, statement

PLAIN = {"Content-Type": "application/json"}
# The framework takes this form of the same media type; the short way leaves it alone.
FRAMEWORK = {"Content-Type": "application/json; charset=utf-8"}
ATTACHED = {
    "usageType": "http://example.com/file",
    "display": {"en": "file"},
    "contentType": "text/plain",
    "length": 3,
    "sha2": "0" * 64,
}


def post(application: Any, body: Any, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return ask(application, "POST", "/xapi/statements", headers, data)


def ask(
    application: Any,
    method: str,
    path: str,
    headers: dict[str, str],
    data: bytes | None = None,
    query: dict[str, str] | str | None = None,
) -> tuple[int, dict[str, str], bytes]:
    """Status, headers (each once) and body."""
    builder = EnvironBuilder(
        path, "http://localhost", method=method, data=data, headers=headers, query_string=query or ""
    )
    answer, status, found = run_wsgi_app(application, builder.get_environ())
    names = [name for name, _ in found]
    assert sorted(names) == sorted(set(names))
    return int(status.split()[0]), dict(found), b"".join(answer)


def only_express(app: Flask) -> Express:
    """What it does not answer itself becomes 501."""

    def nobody(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response("501 Not Implemented", [])
        return [b""]

    return Express(nobody, app)


@pytest.mark.parametrize("version", [V1, V2])
@pytest.mark.parametrize("several", [False, True])
def test_the_answer_is_that_of_the_framework(
    app: Flask, tenant: TestTenant, version: dict[str, str], several: bool
) -> None:
    ids = new_uuid(), new_uuid()

    def body(id_: str) -> Any:
        return [statement(id=id_), statement()] if several else statement(id=id_)

    headers = tenant.auth | version | {"X-Request-Id": "mine"}
    express = post(only_express(app), body(ids[0]), headers | PLAIN)
    framework = post(app, body(ids[1]), headers | FRAMEWORK)
    assert express[0] == framework[0] == 200
    assert express[1].keys() == framework[1].keys()
    different = {"X-Experience-API-Consistent-Through"}
    assert {k: v for k, v in express[1].items() if k not in different} == {
        k: v for k, v in framework[1].items() if k not in different
    }
    assert json.loads(express[2])[0] == ids[0]
    assert len(json.loads(express[2])) == len(json.loads(framework[2])) == 1 + several
    stored = [json.loads(found.body) for found in (query.one(tenant.id, i) for i in ids) if found is not None]
    assert [s["authority"]["account"]["name"] for s in stored] == [tenant.key] * 2
    assert stored[0].keys() == stored[1].keys()


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"{", {}),
        (b"", {}),
        ({}, {}),
        ([statement(), {"actor": 1}], {}),
        (statement(attachments=[ATTACHED]), {}),
        (statement(), {"Authorization": "Basic bm9ib2R5Ondyb25n"}),
        (statement(), {"Authorization": ""}),
        (statement(), {"X-Experience-API-Version": "0.9"}),
        (statement(), {"Content-Type": "text/plain"}),
        (statement(), {"Host": "elsewhere.example"}),
    ],
)
def test_it_refuses_nothing_itself(app: Flask, tenant: TestTenant, body: Any, headers: dict[str, str]) -> None:
    sent = tenant.auth | V2 | PLAIN | headers
    assert post(only_express(app), body, sent)[0] == 501
    status, found, text = post(app, body, sent)
    assert 400 <= status < 500
    assert json.loads(text)["error"]["message"]
    assert found["X-Request-Id"]


def test_what_is_wrong_is_found_once(app: Flask, tenant: TestTenant, monkeypatch: pytest.MonkeyPatch) -> None:
    found = []

    def counting(*arguments: Any) -> tuple[str, str, str]:
        found.append(arguments)
        return fault(*arguments)

    fault = validation._fault
    monkeypatch.setattr(validation, "_fault", counting)
    body = b" " * 1000 + json.dumps(statement(verb={})).encode()
    assert post(app, body, tenant.auth | V2 | PLAIN)[0] == 400
    assert len(found) == 1
    (kept,) = rejections.find(tenant.id)
    assert (kept.body, kept.path, kept.truncated) == (body.decode(), "$.verb", False)


def test_a_length_of_thousands_of_digits_is_not_read_here(app: Flask) -> None:
    environ = EnvironBuilder("/xapi/statements", "http://localhost", method="POST", headers=PLAIN).get_environ()
    environ["CONTENT_LENGTH"] = "9" * 5000
    assert run_wsgi_app(only_express(app), environ)[1] == "501 Not Implemented"


def test_who_may_not_write_is_refused(app: Flask, tenant: TestTenant) -> None:
    with unit_of_work():
        reader, secret = credentials.create(tenant.id, ["statements/read"])
    headers = basic(reader.key, secret) | V2 | PLAIN
    assert post(only_express(app), statement(), headers)[0] == 501
    assert post(app, statement(), headers)[0] == 403


def test_a_taken_id_is_a_conflict(app: Flask, tenant: TestTenant) -> None:
    id_ = new_uuid()
    headers = tenant.auth | V2 | PLAIN
    assert post(app, statement(id=id_), headers)[0] == 200
    assert post(only_express(app), statement(id=id_), headers)[0] == 200
    status, _, text = post(app, [statement(), statement(id=id_, actor=agent("eve"))], headers)
    assert (status, id_ in text.decode()) == (409, True)


def test_what_may_have_been_stored_is_not_tried_again(
    app: Flask, tenant: TestTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection may be lost between the commit and its answer: without an id in the statement, a second try stores it twice."""
    store, tries = committer.store, []

    def lost(job: Any) -> list[str]:
        tries.append(store(job))
        raise OperationalError("COMMIT", None, Exception("connection lost"))

    monkeypatch.setattr(committer, "store", lost)
    status, found, _ = post(app, statement(), tenant.auth | V2 | PLAIN)
    assert (status, len(tries), found["Retry-After"]) == (503, 1, "2")


# ── reading, and State documents ──

STATE = {"activityId": "http://example.com/course", "agent": json.dumps(agent("ada")), "stateId": "place"}
BOUND = "X-Experience-API-Consistent-Through"
Answer = tuple[int, dict[str, str], bytes]


def both(
    app: Flask, method: str, path: str, headers: dict[str, str], *queries: dict[str, str], data: bytes | None = None
) -> tuple[Answer, Answer]:
    """The answers of the short way and of the framework alone, to the first and the last of ``queries``, found to be alike."""
    sent = headers | {"X-Request-Id": "mine"}
    express = ask(only_express(app), method, path, sent, data, queries[0])
    # The application as it is before the short way is put around it.
    inner = app.wsgi_app.application.application  # type: ignore[attr-defined]
    framework = ask(inner, method, path, sent, data, queries[-1])
    assert express[0] == framework[0]
    # What has to do with the moment; the length of a link to more depends on it.
    moments = {BOUND: "", "Content-Length": "", "Last-Modified": ""}
    assert express[1].keys() == framework[1].keys()
    assert express[1] | moments == framework[1] | moments
    assert express[1].get("Content-Length", "0") == str(len(express[2]))
    return express, framework


@pytest.mark.parametrize("version", [V1, V2])
def test_reading_statements(app: Flask, tenant: TestTenant, version: dict[str, str]) -> None:
    headers = tenant.auth | version
    ids = [new_uuid() for _ in range(3)]
    assert post(app, [statement(id=i, actor=agent("ada")) for i in ids], headers | PLAIN)[0] == 200
    who = json.dumps(agent("ada"))
    for asked in (
        {"statementId": ids[0]},
        {"limit": "2"},
        {"agent": who, "ascending": "true"},
        {"agent": who, "format": "ids"},
        {"agent": who, "format": "canonical"},
        {"since": "2020-01-01T00:00:00+00:00", "limit": "1"},
    ):
        express, framework = both(app, "GET", "/xapi/statements", headers | {"Accept-Language": "id, en;q=0.5"}, asked)
        assert (express[0], json.loads(express[2]).keys()) == (200, json.loads(framework[2]).keys())
        if "statementId" in asked:
            assert express[2] == framework[2]
        else:
            assert json.loads(express[2])["statements"] == json.loads(framework[2])["statements"] != []
        assert "T" in express[1][BOUND]


def test_walking_on_by_more(app: Flask, tenant: TestTenant) -> None:
    headers = tenant.auth | V2
    ids = [new_uuid() for _ in range(5)]
    post(app, [statement(id=i) for i in ids], headers | PLAIN)
    found, query = [], "limit=2"
    while query:
        status, _, body = ask(only_express(app), "GET", "/xapi/statements", headers, query=query)
        assert status == 200
        found += [s["id"] for s in json.loads(body)["statements"]]
        query = json.loads(body)["more"].partition("?")[2]
    assert found == ids[::-1]


@pytest.mark.parametrize("version", [V1, V2])
def test_state_documents(app: Flask, tenant: TestTenant, version: dict[str, str]) -> None:
    headers = tenant.auth | version
    kind = {"Content-Type": "text/plain; charset=utf-8"}
    other = STATE | {"stateId": "other"}
    put, _ = both(app, "PUT", "/xapi/activities/state", headers | kind, STATE, other, data="größer".encode())
    assert (put[0], put[2]) == (204, b"")
    got, framework = both(app, "GET", "/xapi/activities/state", headers, STATE)
    assert got[2] == framework[2] == "größer".encode()
    assert (got[1]["Content-Type"], got[1]["ETag"]) == (kind["Content-Type"], put[1]["ETag"])
    known, _ = both(app, "GET", "/xapi/activities/state", headers | {"If-None-Match": got[1]["ETag"]}, STATE)
    assert (known[0], known[2], known[1]["ETag"]) == (304, b"", got[1]["ETag"])
    for other_tag in ('"other"', "*"):
        asked = headers | {"If-None-Match": other_tag}
        assert ask(app, "GET", "/xapi/activities/state", asked, query=STATE)[2] == "größer".encode()
    everything = {name: value for name, value in STATE.items() if name != "stateId"}
    listed, _ = both(app, "GET", "/xapi/activities/state", headers, everything)
    assert json.loads(listed[2]) == ["other", "place"]
    matching = headers | kind | {"If-Match": got[1]["ETag"]}
    assert ask(only_express(app), "PUT", "/xapi/activities/state", matching, b"second", STATE)[0] == 204
    assert ask(only_express(app), "PUT", "/xapi/activities/state", matching, b"third", STATE)[0] == 501
    assert ask(app, "PUT", "/xapi/activities/state", matching, b"third", STATE)[0] == 412
    assert ask(app, "GET", "/xapi/activities/state", headers, query=STATE)[2] == b"second"


@pytest.mark.parametrize(
    ("method", "path", "query"),
    [
        ("GET", "/xapi/statements", "statementId=nonsense"),
        ("GET", "/xapi/statements", "limit=1&limit=2"),
        ("GET", "/xapi/statements", "unknown=1"),
        ("GET", "/xapi/statements", "more=nonsense"),
        ("GET", "/xapi/activities/state", {**STATE, "agent": "{"}),
        ("GET", "/xapi/activities/state", {**STATE, "stateId": "absent"}),
        ("PUT", "/xapi/activities/state", {**STATE, "agent": "[]"}),
        ("HEAD", "/xapi/statements", ""),
        ("GET", "/xapi/statements", "attachments=true"),
    ],
)
def test_everything_else_is_left_to_the_framework(
    app: Flask, tenant: TestTenant, method: str, path: str, query: Any
) -> None:
    data = b"{}" if method == "PUT" else None
    assert ask(only_express(app), method, path, tenant.auth | V2, data, query)[0] == 501
    status, _, body = ask(app, method, path, tenant.auth | V2, data, query)
    if method == "HEAD" or "attachments" in query:
        assert status == 200
    else:
        assert 400 <= status < 500
        assert json.loads(body)["error"]["message"]


def test_each_scope_is_asked_for(app: Flask, tenant: TestTenant) -> None:
    with unit_of_work():
        reader, secret = credentials.create(tenant.id, ["state/read"])
    headers = basic(reader.key, secret) | V2
    assert (
        ask(
            only_express(app),
            "GET",
            "/xapi/activities/state",
            headers,
            query={k: STATE[k] for k in ("activityId", "agent")},
        )[0]
        == 200
    )
    assert ask(app, "GET", "/xapi/statements", headers)[0] == 403
    assert ask(app, "PUT", "/xapi/activities/state", headers, b"{}", STATE)[0] == 403


@pytest.mark.parametrize(("raw", "status"), [("é".encode(), 200), (b"\xe9", 400), (b"%E9", 400), (b"%C3%A9", 200)])
def test_bytes_of_the_query_are_utf_8(app: Flask, tenant: TestTenant, raw: bytes, status: int) -> None:
    builder = EnvironBuilder("/xapi/statements", "http://localhost", headers=tenant.auth | V2)
    for path, asked in (("/xapi/statements", b"activity=http://a.b/"), ("/xapi/activities", b"activityId=http://a.b/")):
        environ = builder.get_environ() | {"PATH_INFO": path, "QUERY_STRING": (asked + raw).decode("latin-1")}
        answer, answered, _ = run_wsgi_app(app, environ)
        assert int(answered.split()[0]) == status
        assert b"http://a.b/\xc3\xa9" in b"".join(answer) or status != 200 or "statements" in path
