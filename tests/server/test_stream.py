"""The stream of new statements: complete under concurrent writers, continued by Last-Event-ID, bound to scope, bounded in number."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from core import credentials
from core.db import unit_of_work
from lrs import consistency, query
from server.api import stream
from tests.conftest import TestTenant, basic
from tests.lrs.builders import V2, agent, new_uuid, statement
from tests.server.test_transfer import post


class Reader:
    """Reads a stream event by event, as a browser would."""

    def __init__(self, app: Flask, tenant: TestTenant, query: str = "", last: str | None = None) -> None:
        headers = tenant.auth | ({"Last-Event-ID": last} if last else {})
        self.response = app.test_client().get(f"/api/v2/statements/stream?{query}", headers=headers)
        assert self.response.status_code == 200, self.response.text
        assert self.response.content_type == "text/event-stream"
        self.last = last

    def events(self) -> Iterator[tuple[str, Any]]:
        fields: dict[str, str] = {}
        for line in self._lines():
            text = line.decode()
            if not text and "event" in fields:
                self.last = fields["id"]
                yield fields["event"], json.loads(fields["data"])
                fields = {}
            elif text:
                name, _, value = text.partition(": ")
                fields[name] = f"{fields['data']}\n{value}" if name == "data" and "data" in fields else value

    def _lines(self) -> Iterator[bytes]:
        for chunk in self.response.response:
            yield from chunk.split(b"\n")[:-1]
        self.response.close()

    def statements(self, count: int) -> list[str]:
        """The ids of the next ``count`` statements."""
        found: list[str] = []
        for kind, value in self.events():
            if kind == "statement":
                found.append(value["id"])
            if len(found) == count:
                break
        self.response.close()
        return found


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "POLL_SECONDS", 0.02)


def test_what_is_stored_comes_in_order_and_goes_on_after_the_last_id(
    app: Flask, client: FlaskClient, tenant: TestTenant, other_tenant: TestTenant
) -> None:
    first = [new_uuid() for _ in range(3)]
    post(client, tenant, *[statement(id=i) for i in first])
    post(client, other_tenant, statement())
    reader = Reader(app, tenant, "since=2020-01-01T00:00:00Z")
    assert reader.statements(2) == first[:2]
    second = [new_uuid() for _ in range(2)]
    post(client, tenant, *[statement(id=i) for i in second])
    assert Reader(app, tenant, last=reader.last).statements(3) == [first[2], *second]
    # Without any of these it begins now.
    quiet = Reader(app, tenant, "seconds=0")
    assert [kind for kind, _ in quiet.events()] == ["through"]
    later = new_uuid()
    post(client, tenant, statement(id=later))
    assert Reader(app, tenant, last=quiet.last).statements(1) == [later]


@pytest.mark.parametrize("since", ["2999-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"])
def test_any_moment_can_be_begun_with(app: Flask, client: FlaskClient, tenant: TestTenant, since: str) -> None:
    post(client, tenant, statement())
    reader = Reader(app, tenant, f"since={since}&seconds=0")
    assert [kind for kind, _ in reader.events()][:1] == ["through" if since > "2000" else "statement"]
    assert [kind for kind, _ in Reader(app, tenant, "seconds=0", last=reader.last).events()] == ["through"]


def test_ids_are_the_same_numbers_for_ever(app: Flask, client: FlaskClient, tenant: TestTenant) -> None:
    """Milliseconds since 1970 shifted by 22 bits: what a client kept from when these were the positions themselves leads on."""
    first, second = new_uuid(), new_uuid()
    post(client, tenant, statement(id=first))
    reader = Reader(app, tenant, "since=2020-01-01T00:00:00Z")
    assert reader.statements(1) == [first]
    stored = query.one(tenant.id, first)
    assert stored is not None
    assert int(reader.last or 0) >> 22 == consistency.milliseconds(consistency.stored_time(stored.position))
    post(client, tenant, statement(id=second))
    assert Reader(app, tenant, last=str((int(reader.last or 0) >> 22 << 22) - 1)).statements(2) == [first, second]
    assert Reader(app, tenant, last=reader.last).statements(1) == [second]
    assert Reader(app, tenant, last="0").statements(2) == [first, second]
    far = (1 << 64) - 1  # the last one there is, in 2109
    ended = Reader(app, tenant, "seconds=0", last=str(far))
    assert ([kind for kind, _ in ended.events()], ended.last) == (["through"], str(far))
    for bad in (str(far + 1), "1" * 21, "-5", "0x1"):
        answer = client.get("/api/v2/statements/stream", headers=tenant.auth | {"Last-Event-ID": bad})
        assert answer.status_code == 400, bad


def test_nothing_is_missed_or_doubled_under_concurrent_writers(app: Flask, tenant: TestTenant) -> None:
    writers, each = 4, 12
    sent: list[str] = []

    def write(number: int) -> None:
        for _ in range(each):
            id_ = new_uuid()
            with app.app_context():
                post(app.test_client(), tenant, statement(id=id_, actor=agent(f"writer{number}")))
            sent.append(id_)

    last = Reader(app, tenant, "seconds=0")
    list(last.events())
    threads = [threading.Thread(target=write, args=(n,)) for n in range(writers)]
    for thread in threads:
        thread.start()
    got: list[str] = []
    at = last.last
    while len(got) < writers * each:  # connections end again and again; each goes on where the last one was
        reader = Reader(app, tenant, last=at)
        got += reader.statements(min(7, writers * each - len(got)))
        at = reader.last
    for thread in threads:
        thread.join()
    assert sorted(got) == sorted(sent)
    assert [kind for kind, _ in Reader(app, tenant, "seconds=0", last=at).events()] == ["through"]


def test_large_statements_come_in_several_looks(
    app: Flask, client: FlaskClient, tenant: TestTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And without a pause between them."""
    monkeypatch.setattr(query, "PAGE_BYTES", 10_000)
    monkeypatch.setattr(stream, "POLL_SECONDS", 3600)
    ids = [new_uuid() for _ in range(7)]
    post(client, tenant, *[statement(id=i, result={"response": "x" * 4_000}) for i in ids])
    assert Reader(app, tenant, "since=2020-01-01T00:00:00Z").statements(7) == ids


def test_filters_scope_and_line_ends(app: Flask, client: FlaskClient, tenant: TestTenant) -> None:
    with unit_of_work():
        mine = credentials.create(tenant.id, ["statements/write", "statements/read/mine"])
        writer = credentials.create(tenant.id, ["statements/write"])
        reader = replace(tenant, key=mine[0].key, secret=mine[1])
        blind = basic(writer[0].key, writer[1])
    own, others, pretty = new_uuid(), new_uuid(), new_uuid()
    post(client, reader, statement(id=own))
    post(client, tenant, statement(id=others, verb={"id": "http://example.com/verbs/saw"}))
    body = json.dumps(statement(id=pretty, actor=agent("ben")), indent=2).replace("\n", "\r\n")
    answer = client.post("/xapi/statements", data=body, headers=tenant.auth | V2, content_type="application/json")
    assert answer.status_code == 200
    since = "since=2020-01-01T00:00:00Z&seconds=0"

    def ids(who: TestTenant, query: str) -> list[str]:
        return [v["id"] for kind, v in Reader(app, who, f"{since}&{query}").events() if kind == "statement"]

    assert ids(tenant, "") == [own, others, pretty]
    assert ids(reader, "") == [own]
    assert ids(tenant, "verb=http://example.com/verbs/saw") == [others]
    assert ids(tenant, "agent=" + json.dumps(agent("ben"))) == [pretty]
    assert client.get("/api/v2/statements/stream", headers=blind).status_code == 403
    for bad in ("agent=x", "agent={}", "verb=x", "registration=x", "lastEventId=-1", "seconds=301", "since=soon"):
        assert client.get(f"/api/v2/statements/stream?{bad}", headers=tenant.auth).status_code == 400, bad
    # A misspelt filter must not let everything through.
    misspelt = client.get("/api/v2/statements/stream?related_agents=true", headers=tenant.auth)
    assert (misspelt.status_code, misspelt.json["details"]) == (400, {"parameter": "related_agents"})


def test_a_page_of_another_host_may_follow_the_stream(app: Flask, client: FlaskClient, tenant: TestTenant) -> None:
    asks = {"Origin": "https://app.example", "Access-Control-Request-Method": "GET"}
    allowed = client.options("/api/v2/statements/stream", headers=asks).headers
    assert allowed["Access-Control-Allow-Origin"] == "*"
    assert {"Authorization", "Last-Event-ID"} <= set(allowed["Access-Control-Allow-Headers"].split(", "))
    reader = Reader(app, tenant, "seconds=0")
    assert reader.response.headers["Access-Control-Allow-Origin"] == "*"
    assert client.get("/api/v2/statements/stream").headers["Access-Control-Allow-Origin"] == "*", "a refusal, too"
    assert "Access-Control-Allow-Origin" not in client.options("/api/v2/ping", headers=asks).headers
    reader.response.close()


def test_the_number_of_streams_is_bounded(app: Flask, client: FlaskClient, tenant: TestTenant) -> None:
    most = app.config["REKAM"].streams
    open_ones = [Reader(app, tenant) for _ in range(most)]
    full = client.get("/api/v2/statements/stream", headers=tenant.auth)
    assert (full.status_code, full.headers["Retry-After"]) == (503, str(stream.RETRY_AFTER))
    assert client.get("/api/v2/ping", headers=tenant.auth).status_code == 200
    for reader in open_ones:
        reader.response.close()
    Reader(app, tenant, "seconds=0").response.close()


def test_a_stream_ends_with_its_credential(app: Flask, tenant: TestTenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "BEAT_SECONDS", 0.01)
    reader = Reader(app, tenant)
    events = reader.events()
    assert next(events)[0] == "through"
    with unit_of_work():
        credentials.revoke(tenant.id, tenant.key)
    assert sum(1 for _ in events) < 1000  # it ends
    reader.response.close()
