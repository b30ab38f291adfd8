"""Rejected requests in the console: who, when, why and where; filters, sorting, paging; stored after all; deleted."""

from __future__ import annotations

import html
import json
import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from core import credentials
from core.audit import AuditEntry
from core.db import session, unit_of_work
from lrs import rejections, removal
from tests.conftest import TestTenant
from tests.lrs.builders import agent, new_uuid, statement
from tests.server.console.conftest import HOSTILE, Browser, browser_of, present
from tests.server.console.test_forwarders import text_of
from tests.server.test_rejected import BAD, full_bucket, send
from tests.server.test_transfer import found, post

__all__ = ["full_bucket"]


def only(tenant: TestTenant) -> rejections.Rejection:
    present()
    (one,) = rejections.find(tenant.id)
    return one


def test_who_why_and_where(client: FlaskClient, tenant: TestTenant, admin: Browser) -> None:
    assert "Nothing was rejected" in text_of(admin, "/rejected-requests")
    with unit_of_work():
        credentials.get(tenant.id, tenant.key).name = "Mobile app"
    assert send(client, tenant, BAD) == 400
    page = text_of(admin, "/rejected-requests")
    for word in ("Mobile app", "400", "statement 2 $.verb.id"):
        assert word in page, word
    page = text_of(admin, f"/rejected-request?id={only(tenant).id}")
    for word in ("Mobile app", tenant.key, "number 2 of the request", "$.verb.id", "no iri", "POST"):
        assert word in page, word


def test_hostile_bodies_stay_text(client: FlaskClient, tenant: TestTenant, admin: Browser) -> None:
    assert send(client, tenant, statement(verb={"id": f"</textarea>{HOSTILE}"})) == 400
    for path in ("/rejected-requests", f"/rejected-request?id={only(tenant).id}"):
        page = admin.get(path).text
        assert ("<script>alert" in page, "&lt;script&gt;alert" in page) == (False, True), path


def test_stored_as_it_was_once_the_reason_is_gone(client: FlaskClient, tenant: TestTenant, admin: Browser) -> None:
    taken, id_ = statement(id=new_uuid()), new_uuid()
    post(client, tenant, taken)
    assert send(client, tenant, [statement(id=id_), taken | {"actor": agent("ben")}]) == 409
    one = only(tenant)
    answer = admin.post("/rejected-request/replay", {"id": one.id})
    assert (answer.status_code, taken["id"] in answer.text) == (422, True)
    with unit_of_work():
        removal.delete(tenant.id, [taken["id"]])
    assert admin.post("/rejected-request/replay", {"id": one.id}).status_code == 302
    present()
    assert set(found(tenant)) == {id_, taken["id"]}
    assert "2 statements were stored." in text_of(admin, f"/rejected-request?id={one.id}")
    # Once: a statement without id would be there twice.
    page = admin.get(f"/rejected-request?id={one.id}").text
    assert ("/rejected-request/replay" in page, id_ in page) == (False, True)
    again = admin.post("/rejected-request/replay", {"id": one.id, "body": json.dumps(statement())})
    assert (again.status_code, "It was stored already; nothing was stored again." in again.text) == (422, True)
    present()
    assert set(found(tenant)) == {id_, taken["id"]}
    assert "Stored later" in text_of(admin, "/rejected-requests")


def test_stored_corrected(client: FlaskClient, tenant: TestTenant, admin: Browser) -> None:
    assert send(client, tenant, BAD) == 400
    one = only(tenant)
    shown = re.search(r"<textarea[^>]*>(.*?)</textarea>", admin.get(f"/rejected-request?id={one.id}").text, re.S)
    assert shown is not None
    text = html.unescape(shown[1])
    wrong = text.replace("no iri", "still no iri")
    answer = admin.post("/rejected-request/replay", {"id": one.id, "body": wrong})
    assert (answer.status_code, "It was refused again" in answer.text) == (422, True)
    assert "still no iri" in answer.text, "what was typed is not lost"
    assert admin.post("/rejected-request/replay", {"id": one.id, "body": "{"}).status_code == 422
    right = text.replace("no iri", "http://example.org/verbs/did")
    assert admin.post("/rejected-request/replay", {"id": one.id, "body": right}).status_code == 302
    present()
    assert len(found(tenant)) == 2
    query = select(AuditEntry.target).where(
        AuditEntry.tenant_id == tenant.id, AuditEntry.action == "rejected_request.replayed"
    )
    assert session().scalars(query).all() == [one.id]


def test_not_for_a_credential_that_is_gone(client: FlaskClient, tenant: TestTenant, admin: Browser) -> None:
    assert send(client, tenant, statement(verb={"id": "x"})) == 400
    with unit_of_work():
        credentials.revoke(tenant.id, tenant.key)
    answer = admin.post("/rejected-request/replay", {"id": only(tenant).id, "body": "[]"})
    assert (answer.status_code, "may not store statements any more" in answer.text) == (422, True)


def test_what_was_not_kept_whole(client: FlaskClient, tenant: TestTenant, admin: Browser) -> None:
    long = statement(verb={"id": "x"}, result={"response": "y" * rejections.BODY_LIMIT})
    assert send(client, tenant, long) == 400
    page = text_of(admin, f"/rejected-request?id={only(tenant).id}")
    assert ("Only the beginning was kept." in page, "Store what was sent" in page) == (True, False)


def test_filters_sorting_and_pages(client: FlaskClient, tenant: TestTenant, admin: Browser) -> None:
    with unit_of_work():
        credentials.get(tenant.id, tenant.key).name = "First"
        second, secret = credentials.create(tenant.id, ["statements/write"], name="Second")
    other = TestTenant(tenant.id, tenant.app_id, second.key, secret)
    for number in range(26):
        assert send(client, tenant, statement(verb={"id": f"bad-{number:02}"})) == 400
    taken = statement(id=new_uuid())
    post(client, tenant, taken)
    assert send(client, other, taken | {"actor": agent("ben")}) == 409

    def rows(query: str) -> int:
        return admin.get(f"/rejected-requests?{query}").text.count('href="/rejected-request?id=')

    assert [rows(q) for q in ("", "page=2", "status=409", f"key={second.key}", "q=BAD-07", "q=absent")] == [
        25,
        2,
        1,
        1,
        1,
        0,
    ]
    assert (rows("status=nonsense"), rows("page=99")) == (25, 2)
    assert "No rejected request matches" in admin.get("/rejected-requests?q=absent").text
    first = re.search(r'data-label="Credential"><bdi>(\w+)', admin.get("/rejected-requests").text)
    last = re.search(r'data-label="Credential"><bdi>(\w+)', admin.get("/rejected-requests?sort=time").text)
    assert (first and first[1], last and last[1]) == ("Second", "First")
    present()
    one = rejections.find(tenant.id, key=second.key)[0]
    admin.post("/rejected-request/replay", {"id": one.id, "body": "[]"})
    assert (rows("state=replayed"), rows("state=open&page=2")) == (1, 1)
    admin.post("/rejected-requests/delete", {"state": "open", "q": "bad-1"})
    present()
    assert len(rejections.find(tenant.id)) == 17
    admin.post("/rejected-requests/delete")
    present()
    assert rejections.find(tenant.id) == []


def test_deleting_one(client: FlaskClient, tenant: TestTenant, admin: Browser) -> None:
    send(client, tenant, {})
    send(client, tenant, [{}])
    present()
    first, second = [one.id for one in rejections.find(tenant.id)]
    assert admin.post("/rejected-request/delete", {"id": first}).status_code == 302
    assert only(tenant).id == second
    assert admin.get(f"/rejected-request?id={first}").status_code == 404


@pytest.mark.parametrize("whose", ["instructor", "stranger"])
def test_nobody_else_gets_there(
    app: Flask, client: FlaskClient, tenant: TestTenant, other_tenant: TestTenant, instructor: Browser, whose: str
) -> None:
    send(client, tenant, {})
    id_ = only(tenant).id
    stranger = browser_of(app, "tenant_administrator", other_tenant.id)
    browser, expected = (instructor, 403) if whose == "instructor" else (stranger, 404)
    assert browser.get(f"/rejected-request?id={id_}").status_code == expected
    for path in ("/rejected-request/replay", "/rejected-request/delete"):
        assert browser.post(path, {"id": id_, "body": "[]"}).status_code == expected
    browser.post("/rejected-requests/delete")
    assert only(tenant).id == id_
