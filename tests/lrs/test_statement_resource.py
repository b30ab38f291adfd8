"""GET, HEAD, PUT and POST of statements over HTTP: every parameter, who may, and what the answers carry."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask
from flask.testing import FlaskClient

from core import credentials
from core.db import unit_of_work
from tests.conftest import TestTenant, basic
from tests.lrs.builders import V1, V2, agent, new_uuid, ref, statement
from tests.lrs.http import THROUGH, Xapi

VERB = {"id": "http://example.com/verbs/did", "display": {"en-US": "did", "id": "melakukan"}}


@pytest.fixture
def xapi(client: FlaskClient, tenant: TestTenant) -> Xapi:
    return Xapi(client, tenant.auth)


def credential(tenant: TestTenant, *scopes: str) -> dict[str, str]:
    """Headers of another credential of the tenant."""
    with unit_of_work():
        made, secret = credentials.create(tenant.id, list(scopes))
        return basic(made.key, secret)


def test_put_and_get_by_id(xapi: Xapi) -> None:
    id_ = new_uuid()
    assert xapi("PUT", "/statements", statement(), statementId=id_).status_code == 204
    assert xapi("PUT", "/statements", statement(id=id_), statementId=id_).status_code == 204
    assert xapi("PUT", "/statements", statement(actor=agent("eve")), statementId=id_).status_code == 409
    assert xapi("PUT", "/statements", statement(id=new_uuid()), statementId=id_).status_code == 400
    assert xapi("PUT", "/statements", [statement()], statementId=new_uuid()).status_code == 400
    assert xapi("PUT", "/statements", statement()).status_code == 400
    answer = xapi("GET", "/statements", statementId=id_.upper())
    assert answer.get_json()["id"] == id_
    assert xapi("GET", "/statements", statementId=new_uuid()).status_code == 404
    assert xapi("GET", "/statements", statementId=id_, voidedStatementId=id_).status_code == 400
    assert xapi("GET", "/statements", statementId=id_, limit="1").status_code == 400


def test_only_the_time_of_a_substatement_is_rewritten(xapi: Xapi) -> None:
    inner = '{"objectType":"SubStatement","actor":{"mbox":"mailto:a@b.c"},"verb":{"id":"http://v"},"object":{"id":"http://o"},'
    inner += '"result":{"score":{"raw":1.50}},"timestamp":"HERE"}'
    body = json.dumps(statement(object="HERE")).replace('"HERE"', inner)
    for sent, kept in (
        ("2020-01-01T00:00:00.123456789Z", "2020-01-01T00:00:00.123456789Z"),
        ("2020-01-01T07:00:00+07:00", "2020-01-01T00:00:00.000Z"),
    ):
        (id_,) = xapi("POST", "/statements", body.replace("HERE", sent).encode()).get_json()
        assert inner.replace("HERE", kept) in xapi("GET", "/statements", statementId=id_).text
        (id_,) = Xapi(xapi.client, xapi.auth, V1)("POST", "/statements", body.replace("HERE", sent).encode()).get_json()
        assert inner.replace("HERE", sent) in xapi("GET", "/statements", statementId=id_).text


def test_filters_are_anded(xapi: Xapi) -> None:
    registration = new_uuid()
    base: dict[str, Any] = {
        "actor": agent("ani"),
        "verb": {"id": "http://example.com/v"},
        "object": {"id": "http://example.com/a"},
        "context": {"registration": registration},
    }
    (wanted,) = xapi.store(statement(**base))
    for other in (
        {"actor": agent("budi")},
        {"verb": {"id": "http://example.com/w"}},
        {"object": {"id": "http://example.com/b"}},
        {"context": {"registration": new_uuid()}},
    ):
        xapi.store(statement(**(base | other)))
    query = {
        "agent": agent("ani"),
        "verb": "http://example.com/v",
        "activity": "http://example.com/a",
        "registration": registration,
    }
    assert xapi.find(**query) == [wanted]
    for name in query:
        assert len(xapi.find(**{k: v for k, v in query.items() if k != name})) == 2


def test_since_until_limit_ascending_and_more(xapi: Xapi) -> None:
    ids = [xapi.store(statement())[0] for _ in range(5)]
    times = [xapi("GET", "/statements", statementId=i).get_json()["stored"] for i in ids]
    query = {"activity": "http://example.com/activities/one"}
    assert xapi.find(**query) == ids[::-1]
    assert xapi.find(**query, ascending="true") == ids
    assert set(ids) - set(xapi.find(**query, since=times[2])) == {
        i for i, t in zip(ids, times, strict=True) if t <= times[2]
    }
    assert set(ids) - set(xapi.find(**query, until=times[2])) == {
        i for i, t in zip(ids, times, strict=True) if t > times[2]
    }
    first = xapi("GET", "/statements", **query, limit="2").get_json()
    second = xapi.client.get(first["more"], headers=xapi.auth | xapi.version).get_json()
    third = xapi.client.get(second["more"], headers=xapi.auth | xapi.version).get_json()
    assert [s["id"] for page in (first, second, third) for s in page["statements"]] == ids[::-1]
    assert third["more"] == ""
    with_more = xapi.client.get(f"{first['more']}&limit=1", headers=xapi.auth | xapi.version)
    assert with_more.status_code == 400
    assert xapi.find(**query, limit="0") == ids[::-1]  # as many as the server likes


@pytest.mark.parametrize("parameters", [{}, {"attachments": "true"}, {"ascending": "true", "format": "ids"}])
def test_pages_of_large_statements_are_short(
    xapi: Xapi, monkeypatch: pytest.MonkeyPatch, parameters: dict[str, str]
) -> None:
    monkeypatch.setattr("lrs.query.PAGE_BYTES", 100_000)
    ids = xapi.store(*[statement(result={"response": "x" * 40_000}) for _ in range(7)])
    xapi.find()  # what has been stored is to be seen
    answer = xapi("GET", "/statements", activity="http://example.com/activities/one", **parameters)
    pages = []
    while True:
        text = answer.get_data(as_text=True)
        result = json.loads(text[text.index('{"statements"') :].partition("\r\n")[0])
        pages.append([s["id"] for s in result["statements"]])
        if not result["more"]:
            break
        answer = xapi.client.get(result["more"], headers=xapi.auth | xapi.version)
    found = [id_ for page in pages for id_ in page]
    assert found == (ids if "ascending" in parameters else ids[::-1])
    assert [len(page) for page in pages] == [3, 3, 1]


def test_formats(xapi: Xapi) -> None:
    activity = {"id": f"http://example.com/{new_uuid()}"}
    definition = {"name": {"en": "One", "id": "Satu"}, "description": {"en": "First", "id": "Pertama"}}
    group = {"objectType": "Group", "name": "Team", "member": [agent("ani") | {"name": "Ani"}]}
    (id_,) = xapi.store(statement(verb=VERB, actor=group, object=activity | {"definition": definition}))

    def read(**parameters: str) -> Any:
        headers = {"Accept-Language": parameters.pop("language", "*")}
        return xapi("GET", "/statements", None, headers, statementId=id_, **parameters).get_json()

    assert read()["actor"] == group
    short = read(format="ids")
    assert short["actor"] == {"objectType": "Group", "member": [agent("ani")]}
    assert short["object"] == {"id": activity["id"]}
    assert short["verb"] == {"id": VERB["id"]}
    xapi.version = V1
    assert read(format="ids")["verb"] == VERB
    xapi.version = V2
    xapi.store(statement(object=activity | {"definition": {"name": {"fr": "Un"}}}))
    canonical = read(format="canonical", language="id-ID, en;q=0.5")
    assert canonical["object"]["definition"]["name"] == {"id": "Satu"}
    assert canonical["verb"]["display"] == {"id": "melakukan"}
    assert read(format="canonical", language="fr")["object"]["definition"]["name"] == {"fr": "Un"}
    assert read(format="canonical", language="fr")["object"]["definition"]["description"] == {"en": "First"}
    assert read()["object"]["definition"] == definition
    assert xapi("GET", "/statements", statementId=id_, format="short").status_code == 400
    whole = xapi("GET", "/activities", activityId=activity["id"]).get_json()
    assert whole["definition"]["name"] == {"en": "One", "id": "Satu", "fr": "Un"}


def test_statements_of_2_0_are_refused_under_1_0(xapi: Xapi) -> None:
    context = {"contextAgents": [{"objectType": "contextAgent", "agent": agent("ani")}]}
    xapi.version = V1
    answer = xapi("POST", "/statements", statement(context=context))
    assert answer.status_code == 400
    assert "contextAgents" in answer.text
    xapi.version = V2
    (id_,) = xapi.store(statement(context=context, timestamp="2024-05-01T10:00:00.5+07:00"))
    stored = xapi("GET", "/statements", statementId=id_).get_json()
    assert stored["version"] == "2.0.0"
    assert stored["timestamp"] == "2024-05-01T03:00:00.500Z"
    assert xapi.find(agent=agent("ani"), related_agents="true") == [id_]


def test_an_error_names_the_place(xapi: Xapi) -> None:
    answer = xapi("POST", "/statements", [statement(), statement(result={"score": {"scaled": 2}})])
    error = answer.get_json()["error"]
    assert (answer.status_code, error["index"], error["path"]) == (400, 1, "$.result.score.scaled")


def test_every_answer_has_version_and_consistent_through(xapi: Xapi) -> None:
    for version in (V1, V2):
        xapi.version = version
        for answer in (
            xapi("GET", "/statements"),
            xapi("HEAD", "/statements"),
            xapi("GET", "/statements", limit="x"),
            xapi("POST", "/statements", b"{"),
            xapi("PUT", "/statements", statement()),
        ):
            assert answer.headers["X-Experience-API-Version"] == version["X-Experience-API-Version"]
            assert answer.headers[THROUGH].endswith("Z")


@pytest.mark.parametrize("header", ["2.1.0", "0.95", "1.1", "3", "x", "1.0.x", ""])
def test_other_versions_are_refused(xapi: Xapi, header: str) -> None:
    xapi.version = {"X-Experience-API-Version": header}
    answer = xapi("GET", "/statements")
    assert answer.status_code == 400
    assert answer.headers["X-Experience-API-Version"]
    about = xapi("GET", "/about")
    assert about.status_code == 200
    assert about.get_json()["version"] == ["2.0.0", "1.0.3", "1.0.2", "1.0.1", "1.0.0"]


def test_head_is_get_without_a_body(xapi: Xapi) -> None:
    (id_,) = xapi.store(statement())
    xapi("PUT", "/activities/profile", {}, {"If-None-Match": "*"}, activityId="http://example.com/h", profileId="p")
    for path, query in (
        ("/statements", {"statementId": id_}),
        ("/about", {}),
        ("/activities", {"activityId": "http://example.com/h"}),
        ("/agents", {"agent": agent()}),
        ("/activities/profile", {"activityId": "http://example.com/h"}),
        ("/activities/profile", {"activityId": "http://example.com/h", "profileId": "p"}),
    ):
        got, head = xapi("GET", path, **query), xapi("HEAD", path, **query)
        assert (head.status_code, head.data) == (200, b"")
        for name in ("Content-Length", "Content-Type", "ETag", "Last-Modified", "X-Experience-API-Version"):
            assert head.headers.get(name) == got.headers.get(name), (path, name)
    assert xapi("HEAD", "/statements", statementId=new_uuid()).status_code == 404


def test_browsers_may_call_from_anywhere(client: FlaskClient, xapi: Xapi) -> None:
    preflight = client.options(
        "/xapi/statements",
        headers={
            "Origin": "https://lms.example.org",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,content-type,x-experience-api-version",
        },
    )
    assert preflight.status_code in (200, 204)
    assert preflight.headers["Access-Control-Allow-Origin"] == "*"
    allowed = preflight.headers["Access-Control-Allow-Headers"].lower()
    assert all(h in allowed for h in ("authorization", "content-type", "x-experience-api-version", "if-match"))
    assert "PUT" in preflight.headers["Access-Control-Allow-Methods"]
    answer = xapi("GET", "/statements", None, {"Origin": "https://lms.example.org"})
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in answer.headers
    exposed = answer.headers["Access-Control-Expose-Headers"]
    assert all(h in exposed for h in ("ETag", "Last-Modified", THROUGH, "X-Experience-API-Version"))
    for method, path, status in (("DELETE", "/statements", 405), ("PUT", "/about", 405), ("GET", "/nothing", 404)):
        answer = xapi(method, path)
        assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (status, "*")


# --- who may --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header",
    [
        None,
        "Basic",
        "Basic !!!",
        "Basic " + base64.b64encode(b"nobody").decode(),
        "Basic " + base64.b64encode(b"nobody:x").decode(),
        "Basic " + base64.b64encode(b"a\0b:x").decode(),
        "Basic " + base64.b64encode(b"\xff:\xff").decode(),
        "Bearer x",
        "Digest x",
    ],
)
def test_bad_credentials(client: FlaskClient, header: str | None) -> None:
    headers = V2 | ({} if header is None else {"Authorization": header})
    for path in (
        "/statements",
        "/activities/state",
        "/agents",
        "/activities",
        "/agents/profile",
        "/activities/profile",
    ):
        answer = client.get(f"/xapi{path}", headers=headers)
        assert answer.status_code == 401
        assert "Basic" in answer.headers["WWW-Authenticate"]
        assert answer.headers["X-Experience-API-Version"] == "2.0.0"


def test_scopes_of_statements(client: FlaskClient, tenant: TestTenant) -> None:
    one = statement(id=new_uuid())
    for scope, may_write, may_read in (
        ("statements/write", 200, 403),
        ("statements/read", 403, 200),
        ("statements/read/mine", 403, 200),
        ("all/read", 403, 200),
        ("all", 200, 200),
        ("state", 403, 403),
        ("rest", 403, 403),
        ("define", 403, 403),
    ):
        xapi = Xapi(client, credential(tenant, scope))
        assert xapi("POST", "/statements", one).status_code == may_write, scope
        assert xapi("PUT", "/statements", one, statementId=one["id"]).status_code in (may_write, 204), scope
        assert xapi("GET", "/statements").status_code == may_read, scope


def test_scopes_of_documents(client: FlaskClient, tenant: TestTenant) -> None:
    state = {"activityId": "http://example.com/s", "agent": agent(), "stateId": "s"}
    about = {"activityId": "http://example.com/s", "profileId": "p"}
    profile = {"agent": agent(), "profileId": "p"}
    for path, query, name in (
        ("/activities/state", state, "state"),
        ("/activities/profile", about, "activities_profile"),
        ("/agents/profile", profile, "agents_profile"),
    ):
        for scope, writes, reads in (
            (name, True, True),
            (f"{name}/read", False, True),
            ("statements/read", False, False),
        ):
            xapi = Xapi(client, credential(tenant, scope))
            for method in ("PUT", "POST", "DELETE"):
                answer = xapi(method, path, {}, {"If-None-Match": "*"}, **query)
                assert (answer.status_code != 403) == writes, (scope, method)
            assert (xapi("GET", path, **query).status_code != 403) == reads, scope


def test_mine_is_what_the_credential_stored(client: FlaskClient, tenant: TestTenant) -> None:
    everyone = Xapi(client, tenant.auth)
    mine = Xapi(client, credential(tenant, "statements/read/mine", "statements/write"))
    (theirs,) = everyone.store(statement())
    (own,) = mine.store(statement())
    (reply,) = mine.store(statement(object=ref(theirs)))
    found = everyone.find(activity="http://example.com/activities/one")
    assert found == [reply, own, theirs]
    assert mine.find(activity="http://example.com/activities/one") == [reply, own]
    assert mine("GET", "/statements", statementId=theirs).status_code == 404
    assert mine("GET", "/statements", statementId=own).status_code == 200
    assert mine("GET", "/statements", agent=agent(), limit="1").get_json()["statements"][0]["id"] != theirs


def test_only_define_changes_definitions(client: FlaskClient, tenant: TestTenant) -> None:
    activity = {"id": "http://example.com/defined"}
    for scopes, name in ((("statements/write", "define"), "One"), (("statements/write",), "Two")):
        Xapi(client, credential(tenant, *scopes)).store(
            statement(object=activity | {"definition": {"name": {"en": name}}})
        )
    known = Xapi(client, tenant.auth)("GET", "/activities", activityId=activity["id"]).get_json()
    assert known["definition"] == {"name": {"en": "One"}}


def test_another_tenant_sees_and_hinders_nothing(
    client: FlaskClient, tenant: TestTenant, other_tenant: TestTenant
) -> None:
    ours, theirs = Xapi(client, tenant.auth), Xapi(client, other_tenant.auth)
    one = statement(id=new_uuid(), actor=agent("secret") | {"name": "Secret"})
    ours.store(one)
    assert theirs("GET", "/statements", statementId=one["id"]).status_code == 404
    assert theirs.find(agent=agent("secret")) == []
    assert "name" not in theirs("GET", "/agents", agent=agent("secret")).get_json()
    # The same id is free there, and a void reaches nobody else's statement.
    theirs.store(one | {"actor": agent("other")})
    theirs.store(statement(verb={"id": "http://adlnet.gov/expapi/verbs/voided"}, object=ref(one["id"])))
    assert ours("GET", "/statements", statementId=one["id"]).get_json()["actor"]["name"] == "Secret"
    place = {"activityId": "http://example.com/s", "agent": agent("secret"), "stateId": "s"}
    assert ours("PUT", "/activities/state", {"a": 1}, {"If-None-Match": "*"}, **place).status_code == 204
    assert theirs("GET", "/activities/state", **place).status_code == 404
    assert theirs("DELETE", "/activities/state", **place).status_code == 204
    assert ours("GET", "/activities/state", **place).get_json() == {"a": 1}
    link = ours("GET", "/statements", limit="1").get_json()["more"]
    assert link == "" or client.get(link, headers=theirs.auth | V2).status_code == 403


def test_authority_is_the_credential(xapi: Xapi, tenant: TestTenant) -> None:
    (id_,) = xapi.store(statement(authority={"objectType": "Agent", "mbox": "mailto:liar@example.com"}))
    authority = xapi("GET", "/statements", statementId=id_).get_json()["authority"]
    assert authority == {"objectType": "Agent", "account": {"homePage": "http://localhost", "name": tenant.key}}


def test_bearer_tokens(client: FlaskClient, tenant: TestTenant) -> None:
    """OAuth 2.0: key and secret for a token that may do less."""
    got = client.post(
        "/api/v2/oauth/authenticate/application/token", headers=tenant.auth, data={"scope": "statements/read"}
    )
    xapi = Xapi(client, {"Authorization": f"Bearer {got.get_json()['access_token']}"})
    assert xapi("GET", "/statements").status_code == 200
    assert xapi("POST", "/statements", statement()).status_code == 403
    assert xapi("GET", "/activities/state").status_code == 403
    with unit_of_work():
        credentials.revoke(tenant.id, tenant.key)
    assert xapi("GET", "/statements").status_code == 401


# --- alternate request syntax ---------------------------------------------------------------------------------------


def form(client: FlaskClient, tenant: TestTenant, path: str, method: str, fields: dict[str, str]) -> Any:
    sent = {"Authorization": tenant.auth["Authorization"], "X-Experience-API-Version": "1.0.3"} | fields
    return client.post(
        f"/xapi{path}?method={method}",
        data=urlencode(sent),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )


def test_alternate_syntax(client: FlaskClient, tenant: TestTenant) -> None:
    """1.0.3 Communication 1.3: for browsers that can only send forms."""
    id_ = new_uuid()
    content = '{"actor":{"mbox":"mailto:ada@example.com","name":"Ä & + ="},"verb":{"id":"http://example.com/v"},"object":{"id":"http://example.com/a"}}'
    fields = {"statementId": id_, "content": content, "Content-Type": "application/json"}
    assert form(client, tenant, "/statements", "PUT", fields).status_code == 204
    got = form(client, tenant, "/statements", "GET", {"statementId": id_})
    assert got.get_json()["actor"]["name"] == "Ä & + ="
    assert form(client, tenant, "/statements", "POST", {"content": content}).status_code == 200
    place = {"activityId": "http://example.com/alt", "agent": '{"mbox":"mailto:ada@example.com"}', "stateId": "a b"}
    put = form(client, tenant, "/activities/state", "PUT", place | {"content": "text", "Content-Type": "text/plain"})
    assert put.status_code == 204
    got = form(client, tenant, "/activities/state", "GET", place)
    assert (got.text, got.headers["Content-Type"]) == ("text", "text/plain")
    assert form(client, tenant, "/activities/state", "HEAD", place).data == b""
    stale = form(client, tenant, "/activities/state", "DELETE", place | {"If-Match": '"x"'})
    assert stale.status_code == 412
    assert form(client, tenant, "/activities/state", "DELETE", place).status_code == 204
    assert form(client, tenant, "/activities/state", "GET", place).status_code == 404
    for method, more in (("PATCH", {}), ("GET", {"X-Experience-API-Version": "2.0.0"}), ("GET", {"unknown": "1"})):
        assert form(client, tenant, "/statements", method, more).status_code == 400
    assert form(client, tenant, "/statements", "GET&limit=1", {}).status_code == 400
    assert form(client, tenant, "/statements", "GET", {"Authorization": "Basic eDp5"}).status_code == 401
    refused = client.post("/xapi/statements?method=GET", headers=tenant.auth | V2, json=statement())
    assert (refused.status_code, "of xAPI 1.0.x only" in refused.text) == (400, True)


# --- agents and activities ------------------------------------------------------------------------------------------


def test_agents_are_persons(xapi: Xapi, app: Flask) -> None:
    account = {"homePage": "http://example.com", "name": "7"}
    xapi.store(
        statement(actor={"account": account, "name": "Ani"}), statement(actor={"account": account, "name": "Ani L."})
    )
    person = xapi("GET", "/agents", agent={"account": account, "name": "A."}).get_json()
    assert person == {"objectType": "Person", "name": ["A.", "Ani", "Ani L."], "account": [account]}
    assert xapi("GET", "/agents", agent=agent("never seen")).status_code == 400  # a space in an address
    assert xapi("GET", "/agents", agent=agent("unseen")).get_json() == {
        "objectType": "Person",
        "mbox": ["mailto:unseen@example.com"],
    }
    assert xapi("GET", "/agents").status_code == 400
    assert xapi("GET", "/agents", agent={"objectType": "Group", "mbox": "mailto:g@example.com"}).status_code == 400


def test_unknown_activities_are_activities(xapi: Xapi) -> None:
    answer = xapi("GET", "/activities", activityId="http://example.com/never")
    assert answer.get_json() == {"objectType": "Activity", "id": "http://example.com/never"}
    assert xapi("GET", "/activities").status_code == 400
    assert xapi("GET", "/activities", activityId="never").status_code == 400
