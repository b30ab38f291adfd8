"""The inbox of rejected requests: who, why, where in the JSON; bounded, expiring, replayed; good requests leave no trace."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from core import clock, credentials
from core.audit import AuditEntry
from core.db import session, unit_of_work
from lrs import rejections
from tests.conftest import TestTenant
from tests.lrs.builders import V2, agent, new_uuid, statement
from tests.server.conftest import Run
from tests.server.test_transfer import found, post

BAD: list[dict[str, Any]] = [statement(), statement(verb={"id": "no iri"})]


@pytest.fixture(autouse=True)
def full_bucket(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rejections, "_bucket", rejections._Bucket())


def send(client: FlaskClient, tenant: TestTenant, body: Any, **options: Any) -> int:
    data = body if isinstance(body, (str, bytes)) else json.dumps(body)
    options = {"content_type": "application/json", "headers": tenant.auth | V2} | options
    return client.post("/xapi/statements", data=data, **options).status_code


def inbox(client: FlaskClient, tenant: TestTenant, query: str = "") -> list[dict[str, Any]]:
    value: list[dict[str, Any]] = client.get(f"/api/v2/rejectedRequests{query}", headers=tenant.auth).json[
        "rejectedRequests"
    ]
    return value


def test_who_why_and_where(client: FlaskClient, tenant: TestTenant, other_tenant: TestTenant) -> None:
    post(client, tenant, statement())
    assert inbox(client, tenant) == []
    assert send(client, tenant, BAD) == 400
    (one,) = inbox(client, tenant)
    assert (one["key"], one["status"], one["statementIndex"], one["path"]) == (tenant.key, 400, 1, "$.verb.id")
    whole = client.get(f"/api/v2/rejectedRequests/{one['id']}", headers=tenant.auth).json
    assert json.loads(whole["body"]) == BAD
    assert inbox(client, other_tenant) == []
    assert (inbox(client, tenant, "?key=x"), inbox(client, tenant, f"?key={tenant.key}")) == ([], [one])
    # Whatever the body is, it is kept as text; without a version header, and by PUT.
    assert send(client, tenant, b'{"a": "\xff\0"}') == 400
    assert send(client, tenant, statement(), headers=tenant.auth) == 400
    put = client.put("/xapi/statements?statementId=x", json=statement(), headers=tenant.auth | V2)
    assert [put.status_code, *[r["method"] for r in inbox(client, tenant)]] == [400, "PUT", "POST", "POST", "POST"]


@pytest.mark.parametrize("query", [b"statementId=%FFa", b"statementId=\xffa", b"statementId=\xc3\xa9a&\xff=%00"])
def test_kept_whatever_bytes_the_query_has(client: FlaskClient, tenant: TestTenant, query: bytes) -> None:
    raw = {"QUERY_STRING": query.decode("latin-1")}
    for method in ("POST", "PUT"):
        answer = client.open(
            "/xapi/statements", method=method, json=statement(), headers=tenant.auth | V2, environ_overrides=raw
        )
        assert answer.status_code == 400
    told = inbox(client, tenant)
    assert [(one["method"], one["status"]) for one in told] == [("PUT", 400), ("POST", 400)]
    assert told[0]["statementId"] == query.split(b"=")[1].split(b"&")[0].replace(b"%FF", b"\xff").decode(
        "utf-8", "replace"
    )


def test_replay_as_it_was_and_corrected(client: FlaskClient, tenant: TestTenant) -> None:
    taken, id_ = statement(id=new_uuid()), new_uuid()
    post(client, tenant, taken)
    assert send(client, tenant, [taken | {"actor": agent("other")}, statement(id=id_)]) == 409
    (one,) = inbox(client, tenant)
    address = f"/api/v2/rejectedRequests/{one['id']}/replay"
    again = client.post(address, json={}, headers=tenant.auth)
    assert (again.status_code, found(tenant)) == (409, [taken["id"]])
    mended = client.post(address, json={"body": json.dumps([taken, statement(id=id_)])}, headers=tenant.auth)
    assert (mended.status_code, mended.json) == (200, {"statementIds": [taken["id"], id_]})
    assert found(tenant) == [id_, taken["id"]]
    assert "replayed" in inbox(client, tenant)[0]
    once_more = client.post(address, json={"body": json.dumps(statement())}, headers=tenant.auth)
    assert (once_more.status_code, once_more.json["code"]) == (409, "replayed")
    assert found(tenant) == [id_, taken["id"]]
    stored = client.get(f"/xapi/statements?statementId={id_}", headers=tenant.auth | V2).json
    assert stored["authority"]["account"]["name"] == tenant.key
    with unit_of_work():
        credentials.create(tenant.id, ["all"], key=f"admin-{tenant.id}-{tenant.app_id}", secret="s" * 40)
        credentials.revoke(tenant.id, tenant.key)
    admin = TestTenant(tenant.id, tenant.app_id, f"admin-{tenant.id}-{tenant.app_id}", "s" * 40)
    assert client.post(address, json={}, headers=admin.auth).status_code == 403


@pytest.mark.parametrize("version", [None, "0.95", "3.0.0"])
def test_replay_where_the_version_header_was_the_fault(
    client: FlaskClient, tenant: TestTenant, version: str | None
) -> None:
    id_ = new_uuid()
    headers = tenant.auth | ({"X-Experience-API-Version": version} if version else {})
    assert send(client, tenant, statement(id=id_), headers=headers) == 400
    (one,) = inbox(client, tenant)
    again = client.post(f"/api/v2/rejectedRequests/{one['id']}/replay", json={}, headers=tenant.auth)
    assert (again.status_code, again.json) == (200, {"statementIds": [id_]})


def test_bounded_and_expiring(client: FlaskClient, tenant: TestTenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rejections, "BODY_LIMIT", 100)
    assert send(client, tenant, BAD) == 400
    (one,) = inbox(client, tenant)
    whole = client.get(f"/api/v2/rejectedRequests/{one['id']}", headers=tenant.auth).json
    assert (whole["truncated"], len(whole["body"]), whole["size"]) == (True, 100, len(json.dumps(BAD)))
    assert client.post(f"/api/v2/rejectedRequests/{one['id']}/replay", json={}, headers=tenant.auth).status_code == 409
    for _ in range(rejections.BURST + 5):
        assert send(client, tenant, "[") == 400
    assert rejections.BURST <= len(inbox(client, tenant)) <= rejections.BURST + 10
    with clock.frozen(clock.now() + timedelta(days=15)), unit_of_work():
        rejections.sweep()
    assert inbox(client, tenant) == []


def test_it_goes_with_a_person(rekam: Run, client: FlaskClient, tenant: TestTenant) -> None:
    assert send(client, tenant, [BAD[0], BAD[1] | {"actor": agent("Eve")}]) == 400
    assert send(client, tenant, [BAD[1] | {"actor": agent("ben")}]) == 400
    assert rekam("erase", "--agent", "eve@example.com", "--tenant", tenant.app_id, "--yes").exit_code == 0
    assert len(inbox(client, tenant)) == 1


def test_forgetting_one_is_in_the_audit_log(client: FlaskClient, tenant: TestTenant) -> None:
    assert send(client, tenant, BAD) == 400
    (one,) = inbox(client, tenant)
    assert client.delete(f"/api/v2/rejectedRequests/{one['id']}", headers=tenant.auth).status_code == 204
    session().rollback()
    query = select(AuditEntry).where(AuditEntry.tenant_id == tenant.id, AuditEntry.action == "rejected_request.deleted")
    assert [(e.actor, e.target) for e in session().scalars(query)] == [(f"credential:{tenant.key}", one["id"])]
