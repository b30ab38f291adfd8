"""Forwarding to another record store: everything wanted, in order, with attachments; refusals, failures, and the guard."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from core import clock, credentials
from core.blobs import blobs
from core.db import session, unit_of_work
from core.outbox import OutboxRow
from lrs import attachments, query
from server import forwarding, outbound
from server.outbound import Answer
from tests.conftest import TestTenant
from tests.lrs.builders import agent, new_uuid, statement
from tests.server.api.conftest import work
from tests.server.test_transfer import found, post, post_with_attachment


@pytest.fixture
def other_store(app: Flask, other_tenant: TestTenant, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The other tenant's endpoint stands for a server elsewhere; returns the status of each answer it gave."""
    answers: list[int] = []

    def request(method: str, url: str, *, headers: dict[str, str], body: bytes = b"", **_: Any) -> Answer:
        outbound.check_url(url)
        if not url.startswith("https://other.example/"):
            raise outbound.Failed("a forwarder of another test")
        with app.app_context():
            answer = app.test_client().open(
                url.removeprefix("https://other.example"), method=method, headers=headers, data=body
            )
        answers.append(answer.status_code)
        return Answer(answer.status_code, dict(answer.headers), answer.data, 0.1)

    monkeypatch.setattr(outbound, "request", request)
    return answers


def forwarder(tenant: TestTenant, into: TestTenant, **more: Any) -> str:
    given = {"url": "https://other.example/xapi", "key": into.key, "secret": into.secret, "version": "2.0.0"}
    with unit_of_work():
        since = clock.now() - timedelta(days=1)
        return forwarding.create(tenant.id, **(given | {"since": since} | more)).id


def run(tenant: TestTenant) -> None:
    """As the look of each second and the outbox do, until there is nothing left."""
    while True:
        session().rollback()
        queued = forwarding.look()
        work()
        if not queued:
            return


def test_new_statements_arrive_once_in_order_with_their_attachments(
    app: Flask, client: FlaskClient, tenant: TestTenant, other_tenant: TestTenant, other_store: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(forwarding, "BATCH", 3)
    id_ = forwarder(tenant, other_tenant)
    post(client, tenant, *[statement(id=new_uuid()) for _ in range(7)])
    sha2 = post_with_attachment(client, tenant, b"photo" + tenant.app_id.encode())
    run(tenant)
    assert found(other_tenant) == found(tenant)
    assert len(other_store) == 3
    everything = [statement(attachments=[{"sha2": sha2}])]
    assert [kept.sha2 for _, kept in attachments.find(other_tenant.id, everything)] == [sha2]
    post(client, tenant, statement())
    run(tenant)
    assert found(other_tenant) == found(tenant)
    told = client.get(f"/api/v2/forwarders/{id_}", headers=tenant.auth).json
    assert (told["forwarded"], told["refused"], told["failures"]) == (9, 0, 0)
    assert len(other_store) == 4
    # Everything again from the beginning is harmless.
    since = (clock.now() - timedelta(days=1)).isoformat()
    assert client.put(f"/api/v2/forwarders/{id_}", json={"since": since}, headers=tenant.auth).status_code == 200
    run(tenant)
    assert found(other_tenant) == found(tenant)


def test_large_statements_are_sent_in_several_requests(
    app: Flask, client: FlaskClient, tenant: TestTenant, other_tenant: TestTenant, other_store: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(query, "PAGE_BYTES", 10_000)
    forwarder(tenant, other_tenant)
    ids = [new_uuid() for _ in range(7)]
    post(client, tenant, *[statement(id=i, result={"response": "x" * 4_000}) for i in ids])
    run(tenant)
    assert len(other_store) == 3
    monkeypatch.undo()
    assert found(other_tenant) == found(tenant) == ids[::-1]


def test_only_what_the_filter_lets_through(
    app: Flask, client: FlaskClient, tenant: TestTenant, other_tenant: TestTenant, other_store: list[int]
) -> None:
    forwarder(tenant, other_tenant, filters={"verb": "http://example.com/verbs/saw"})
    wanted = new_uuid()
    post(client, tenant, statement(), statement(id=wanted, verb={"id": "http://example.com/verbs/saw"}), statement())
    run(tenant)
    assert found(other_tenant) == [wanted]
    calls = len(other_store)
    post(client, tenant, statement())
    run(tenant)
    assert len(other_store) == calls


def test_a_refused_statement_is_kept_with_the_answer_and_passed_over(
    app: Flask, client: FlaskClient, tenant: TestTenant, other_tenant: TestTenant, other_store: list[int]
) -> None:
    ids = [new_uuid() for _ in range(6)]
    post(client, other_tenant, statement(id=ids[2], verb={"id": "http://example.com/verbs/other"}))
    id_ = forwarder(tenant, other_tenant)
    post(client, tenant, *[statement(id=i) for i in ids])
    run(tenant)
    assert set(found(other_tenant)) == set(ids)
    told = client.get(f"/api/v2/forwarders/{id_}/refusals", headers=tenant.auth).json["refusals"]
    assert [(r["statementId"], r["status"]) for r in told] == [(ids[2], 409)]
    assert ids[2] in told[0]["answer"]


def test_failures_are_tried_again_until_it_is_switched_off_and_nothing_is_lost(
    app: Flask, client: FlaskClient, tenant: TestTenant, other_tenant: TestTenant, other_store: list[int]
) -> None:
    id_ = forwarder(tenant, other_tenant, secret="wrong")
    post(client, tenant, statement())
    # What is stored in the present millisecond is not yet forwarded, and a frozen clock never leaves it: `run` would not end.
    now = clock.now() + timedelta(seconds=1)
    for _ in range(15):
        with clock.frozen(now):
            run(tenant)
        now += timedelta(days=2)
    told = client.get(f"/api/v2/forwarders/{id_}", headers=tenant.auth).json
    assert (told["enabled"], "answered 401" in told["disabledReason"]) == (False, True)
    assert set(other_store) == {401}
    assert len(other_store) == 10
    change = {"secret": other_tenant.secret, "enabled": True}
    assert client.put(f"/api/v2/forwarders/{id_}", json=change, headers=tenant.auth).status_code == 200
    run(tenant)
    assert found(other_tenant) == found(tenant)


def test_the_guard_holds(app: Flask, client: FlaskClient, tenant: TestTenant, other_tenant: TestTenant) -> None:
    id_ = forwarder(tenant, other_tenant, url="http://127.0.0.1:9/xapi")
    post(client, tenant, statement())
    run(tenant)
    told = client.get(f"/api/v2/forwarders/{id_}", headers=tenant.auth).json
    assert "not public" in told["lastError"]
    bad = {"url": "ftp://x", "key": "k", "secret": "s"}
    assert client.post("/api/v2/forwarders", json=bad, headers=tenant.auth).status_code == 400
    assert (
        client.post(
            "/api/v2/forwarders", json=bad | {"url": "https://e.com", "version": "9"}, headers=tenant.auth
        ).status_code
        == 400
    )
    for key, secret in (("k", ""), ("", "s")):
        empty = bad | {"url": "https://e.com", "key": key, "secret": secret}
        assert client.post("/api/v2/forwarders", json=empty, headers=tenant.auth).status_code == 400
    text = json.dumps(client.get("/api/v2/forwarders", headers=tenant.auth).json)
    assert other_tenant.secret not in text


def test_a_misspelt_filter_forwards_nothing(client: FlaskClient, tenant: TestTenant, other_tenant: TestTenant) -> None:
    """Left out it would send everything to somebody else."""
    made = {"url": "https://other.example/xapi", "key": "k", "secret": "s", "filter": {"verbs": "http://example.com/v"}}
    refused = client.post("/api/v2/forwarders", json=made, headers=tenant.auth)
    assert (refused.status_code, refused.json["details"]["path"]) == (400, "$.filter")
    assert "`verbs`" in refused.json["message"]
    id_ = forwarder(tenant, other_tenant)
    change = {"filter": {"related_agents": True}}
    assert client.put(f"/api/v2/forwarders/{id_}", json=change, headers=tenant.auth).status_code == 400


def test_trying_the_connection(
    app: Flask, client: FlaskClient, tenant: TestTenant, other_tenant: TestTenant, other_store: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    with unit_of_work():
        writer, secret = credentials.create(other_tenant.id, ["statements/write"])
        writes = {"key": writer.key, "secret": secret}
    cases: list[tuple[dict[str, Any], bool, str]] = [
        ({}, True, "ok"),
        (writes, True, "may_not_read"),
        ({"secret": "wrong"}, False, "unauthenticated"),
        ({"url": "https://other.example/nothing"}, False, "no_endpoint"),
        ({"url": "https://absent.example/xapi"}, False, "unreachable"),
    ]
    for given, ok, code in cases:
        id_ = forwarder(tenant, other_tenant, **given)
        said = client.post(f"/api/v2/forwarders/{id_}/test", headers=tenant.auth).json
        assert (said["ok"], said["code"]) == (ok, code), said
    for status, body, code in ((200, b"<html>", "no_endpoint"), (503, b"busy", "other")):
        monkeypatch.setattr(outbound, "request", lambda *_, s=status, b=body, **__: Answer(s, {}, b, 0.1))
        assert client.post(f"/api/v2/forwarders/{id_}/test", headers=tenant.auth).json["code"] == code
    monkeypatch.undo()
    id_ = forwarder(tenant, other_tenant, url="http://127.0.0.1:9/xapi")
    said = client.post(f"/api/v2/forwarders/{id_}/test", headers=tenant.auth).json
    assert (said["code"], "not public" in said["message"]) == ("refused", True)


def test_the_backlog(
    app: Flask, client: FlaskClient, tenant: TestTenant, other_tenant: TestTenant, other_store: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    everything = forwarder(tenant, other_tenant)
    some = forwarder(tenant, other_tenant, filters={"verb": "http://example.com/verbs/saw"})
    post(client, tenant, statement(), statement(verb={"id": "http://example.com/verbs/saw"}), statement())

    def waiting() -> list[int]:
        return [client.get(f"/api/v2/forwarders/{i}", headers=tenant.auth).json["backlog"] for i in (everything, some)]

    assert waiting() == [3, 1]
    monkeypatch.setattr(forwarding, "BACKLOG", 1)
    assert waiting() == [2, 1]
    run(tenant)
    assert waiting() == [0, 0]


def test_a_statement_whose_attachment_is_lost_is_passed_over(
    app: Flask, client: FlaskClient, tenant: TestTenant, other_tenant: TestTenant, other_store: list[int]
) -> None:
    id_ = forwarder(tenant, other_tenant)
    post(client, tenant, statement())
    sha2 = post_with_attachment(client, tenant, b"lost" + tenant.app_id.encode())
    lost = found(tenant)[0]
    post(client, tenant, statement())
    blobs().delete(sha2)
    run(tenant)
    assert set(found(other_tenant)) == set(found(tenant)) - {lost}
    (told,) = client.get(f"/api/v2/forwarders/{id_}/refusals", headers=tenant.auth).json["refusals"]
    assert (told["statementId"], "bytes of an attachment" in told["answer"]) == (lost, True)


def test_what_nobody_expected_is_shown_and_tried_again(
    app: Flask, client: FlaskClient, tenant: TestTenant, other_tenant: TestTenant, other_store: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    id_ = forwarder(tenant, other_tenant)
    post(client, tenant, statement())
    with monkeypatch.context() as broken:
        broken.setattr(forwarding, "_post", lambda *_: 1 / 0)
        run(tenant)
    told = client.get(f"/api/v2/forwarders/{id_}", headers=tenant.auth).json
    assert (told["failures"], told["lastError"]) == (1, "ZeroDivisionError: division by zero")
    assert "nextTry" in told
    with clock.frozen(clock.now() + timedelta(seconds=10)):
        run(tenant)
    assert found(other_tenant) == found(tenant)


def test_switched_on_again_it_starts_whatever_became_of_its_row(
    app: Flask, client: FlaskClient, tenant: TestTenant, other_tenant: TestTenant, other_store: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    id_ = forwarder(tenant, other_tenant)
    post(client, tenant, statement())
    assert forwarding.look() >= 1
    with unit_of_work() as current:
        for row in current.scalars(select(OutboxRow).where(OutboxRow.tenant_id == tenant.id)):
            row.status = "dead"
    run(tenant)
    assert found(other_tenant) == []
    for enabled in (False, True):
        change = client.put(f"/api/v2/forwarders/{id_}", json={"enabled": enabled}, headers=tenant.auth)
        assert change.status_code == 200
    run(tenant)
    assert found(other_tenant) == found(tenant)
    # What cannot even note its failure switches the forwarder off in the end.
    post(client, tenant, statement())
    monkeypatch.setattr(forwarding, "_fail", lambda *_: 1 / 0)
    monkeypatch.setattr(forwarding, "_post", lambda *_: 1 / 0)
    now = clock.now() + timedelta(seconds=1)  # as above
    for _ in range(12):
        with clock.frozen(now):
            run(tenant)
        now += timedelta(days=2)
    told = client.get(f"/api/v2/forwarders/{id_}", headers=tenant.auth).json
    assert (told["enabled"], "ZeroDivisionError" in told["disabledReason"]) == (False, True)


def test_statements_of_2_0_reach_stores_that_speak_1_0(
    app: Flask, client: FlaskClient, tenant: TestTenant, other_tenant: TestTenant, other_store: list[int]
) -> None:
    id_ = forwarder(tenant, other_tenant, version="1.0.3")
    extension = {"http://example.com/says": '"version":"2'}
    post(client, tenant, statement(context={"extensions": extension}))
    post(client, tenant, statement(version="1.0.2", context={"extensions": extension}))
    only_there = {"contextAgents": [{"objectType": "contextAgent", "agent": agent("x")}]}
    post(client, tenant, statement(id=(refused := new_uuid()), context=only_there))
    run(tenant)
    there, here = ({s["id"]: s for s in map(json.loads, query.newest(t.id).statements)} for t in (other_tenant, tenant))
    assert there.keys() == here.keys() - {refused}
    assert sorted(s["version"] for s in there.values()) == ["1.0.0", "1.0.2"]
    assert all(there[id_]["context"] == here[id_]["context"] for id_ in there)
    (told,) = client.get(f"/api/v2/forwarders/{id_}/refusals", headers=tenant.auth).json["refusals"]
    assert (told["statementId"], told["status"]) == (refused, 400)


def test_it_may_begin_at_a_moment_that_has_not_come(
    app: Flask, client: FlaskClient, tenant: TestTenant, other_tenant: TestTenant, other_store: list[int]
) -> None:
    body = {"url": "https://other.example/xapi", "key": other_tenant.key, "secret": other_tenant.secret}
    for since in ("2999-01-01T00:00:00Z", "9999-12-31T23:59:59Z", (clock.now() + timedelta(hours=1)).isoformat()):
        made = client.post("/api/v2/forwarders", json=body | {"since": since}, headers=tenant.auth)
        assert (made.status_code, made.json["backlog"]) == (200, 0), made.text
    post(client, tenant, statement())
    run(tenant)
    assert found(other_tenant) == []
    long_ago = client.put(
        f"/api/v2/forwarders/{made.json['id']}", json={"since": "0001-01-01T00:00:00Z"}, headers=tenant.auth
    )
    assert (long_ago.status_code, long_ago.json["backlog"]) == (200, 1)
    run(tenant)
    assert found(other_tenant) == found(tenant)
