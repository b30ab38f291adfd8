"""Forwarding in the console: adding, trying, pausing, changing, deleting; how far each is, and what was refused."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from core.audit import AuditEntry
from core.db import session, unit_of_work
from server import forwarding, outbound
from tests.conftest import TestTenant
from tests.lrs.builders import new_uuid, statement
from tests.server.console.conftest import HOSTILE, Browser, browser_of, present
from tests.server.test_forwarding import forwarder, other_store, run
from tests.server.test_transfer import found, post

__all__ = ["other_store"]
FORM = {"url": "https://other.example/xapi", "key": "k", "secret": "s", "version": "2.0.0"}


def text_of(browser: Browser, path: str) -> str:
    """What a page says, without its markup."""
    answer = browser.get(path)
    assert answer.status_code == 200, answer.text
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", answer.text)))


def only(tenant: TestTenant) -> forwarding.Forwarder:
    present()
    (one,) = forwarding.find(tenant.id)
    return one


def test_a_forwarder_is_added_and_sends(
    app: Flask,
    client: FlaskClient,
    tenant: TestTenant,
    other_tenant: TestTenant,
    other_store: list[int],
    admin: Browser,
) -> None:
    assert "Nothing is forwarded yet" in text_of(admin, "/forwarders")
    post(client, tenant, statement(), statement(verb={"id": "http://example.com/verbs/saw"}))
    given = {"key": other_tenant.key, "secret": other_tenant.secret, "name": "Ministry", "since": "2026-01-01"}
    answer = admin.post("/forwarders", FORM | given | {"verb": "http://example.com/verbs/saw"})
    assert answer.status_code == 302
    id_ = only(tenant).id
    page = text_of(admin, f"/forwarder?id={id_}")
    assert re.search(r"Waiting 1 ", page)
    assert "Verb http://example.com/verbs/saw" in page
    assert other_tenant.secret not in admin.get(f"/forwarder?id={id_}").text
    run(tenant)
    assert len(found(other_tenant)) == 1
    page = text_of(admin, "/forwarders")
    assert all(word in page for word in ("Ministry", "https://other.example/xapi", "Active"))
    assert re.search(r"Forwarded 1 ", text_of(admin, f"/forwarder?id={id_}"))


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"url": "ftp://x"}, "must begin with https://"),
        ({"url": ""}, "must begin with https://"),
        ({"key": "a:b"}, "no colon"),
        ({"secret": ""}, "The secret is needed."),
        ({"version": "3"}, "Choose a version."),
        ({"verb": "saw"}, "verb is not an IRI"),
        ({"registration": "x"}, "registration is not a UUID"),
        ({"agent": "{"}, "The learner"),
        ({"agent": "{}"}, "agent"),
        ({"agent": "nobody"}, "agent"),
        ({"since": "soon"}, "A date looks like"),
    ],
)
def test_what_cannot_be_saved_is_said_and_kept_in_the_form(
    tenant: TestTenant, admin: Browser, given: dict[str, str], reason: str
) -> None:
    answer = admin.post("/forwarders", FORM | given | {"name": "Typed before"})
    assert answer.status_code == 422
    assert reason in html.unescape(answer.text)
    assert 'value="Typed before"' in answer.text
    present()
    assert forwarding.find(tenant.id) == []


def test_a_date_that_has_not_come(tenant: TestTenant, admin: Browser) -> None:
    assert admin.post("/forwarders", FORM | {"since": "9999-01-01"}).status_code == 302
    assert text_of(admin, f"/forwarder?id={only(tenant).id}")


def test_changing_keeps_the_secret_and_the_place(
    client: FlaskClient, tenant: TestTenant, other_tenant: TestTenant, other_store: list[int], admin: Browser
) -> None:
    id_ = forwarder(tenant, other_tenant, filters={"agent": {"mbox": "mailto:ada@example.com"}, "related_agents": True})
    page = admin.get(f"/forwarder?id={id_}").text
    assert 'value="ada@example.com"' in page
    assert re.search(r'name="related_agents" value="yes" checked', page)
    before = only(tenant)
    given = FORM | {
        "id": id_,
        "key": other_tenant.key,
        "secret": "",
        "name": "New name",
        "agent": "",
        "activity": "http://e.org/a",
    }
    assert admin.post("/forwarder", given).status_code == 302
    after = only(tenant)
    assert (after.name, after.filters) == ("New name", {"activity": "http://e.org/a"})
    assert (after.sealed_secret, after.position) == (before.sealed_secret, before.position)
    answer = admin.post("/forwarder", given | {"url": "x"})
    assert (answer.status_code, 'value="x"' in answer.text) == (422, True)
    assert only(tenant).url == FORM["url"]


def test_pausing_loses_nothing(
    client: FlaskClient, tenant: TestTenant, other_tenant: TestTenant, other_store: list[int], admin: Browser
) -> None:
    id_ = forwarder(tenant, other_tenant)
    admin.post("/forwarder/pause", {"id": id_, "on": "no"})
    post(client, tenant, statement())
    run(tenant)
    assert found(other_tenant) == []
    page = text_of(admin, f"/forwarder?id={id_}")
    assert "This forwarder is paused." in page
    assert re.search(r"Waiting 1 ", page)
    admin.post("/forwarder/pause", {"id": id_, "on": "yes"})
    present()
    run(tenant)
    present()
    assert found(other_tenant) == found(tenant)


def test_failures_are_shown_and_the_connection_can_be_tried(
    client: FlaskClient, tenant: TestTenant, other_tenant: TestTenant, other_store: list[int], admin: Browser
) -> None:
    id_ = forwarder(tenant, other_tenant, secret="wrong")
    post(client, tenant, statement())
    run(tenant)
    for path in ("/forwarders", f"/forwarder?id={id_}"):
        page = text_of(admin, path)
        assert ("Failing" in page, "answered 401" in page) == (True, True)
    assert admin.post("/forwarder/test", {"id": id_}).status_code == 302
    assert "does not know this key" in text_of(admin, f"/forwarder?id={id_}")
    form = FORM | {"id": id_, "key": other_tenant.key, "secret": other_tenant.secret}
    admin.post("/forwarder", form)
    admin.post("/forwarder/test", {"id": id_})
    assert "answers, and knows the key" in text_of(admin, f"/forwarder?id={id_}")
    admin.post("/forwarder", form | {"url": "https://absent.example"})
    admin.post("/forwarder/test", {"id": id_})
    assert "cannot be reached: a forwarder of another test" in text_of(admin, f"/forwarder?id={id_}")


def test_refusals_are_listed_sorted_and_paged(
    app: Flask, tenant: TestTenant, other_tenant: TestTenant, admin: Browser
) -> None:
    id_ = forwarder(tenant, other_tenant)
    assert "None was refused" in text_of(admin, f"/forwarder?id={id_}")
    with unit_of_work() as current:
        for number in range(30):
            current.add(
                forwarding.Refusal(
                    tenant_id=tenant.id, forwarder_id=id_, statement_id=new_uuid(), time=forwarding.clock.now(),
                    status=400 + number % 2 * 9, answer=f"no. {number} {HOSTILE}",
                )
            )  # fmt: skip
    first = admin.get(f"/forwarder?id={id_}&sort=status").text
    assert ("<script>alert" in first, first.count("no. ")) == (False, 25)
    assert re.findall(r'data-label="HTTP status">(\d+)', first)[:15] == ["400"] * 15
    assert "26–30" in admin.get(f"/forwarder?id={id_}&sort=status&page=2").text


def test_many_forwarders_are_paged(tenant: TestTenant, admin: Browser) -> None:
    with unit_of_work():
        for number in range(27):
            forwarding.create(tenant.id, url=f"https://lrs{number:02}.example/xapi", key="k", secret="s")
    assert "lrs00.example" in admin.get("/forwarders").text
    last = admin.get("/forwarders?page=2").text
    assert ("lrs26.example" in last, "lrs00.example" in last) == (True, False)
    assert "lrs26.example" in admin.get("/forwarders?sort=-url").text
    for sort in ("state", "-through", "forwarded", "refused", "nonsense"):
        assert admin.get(f"/forwarders?sort={sort}").status_code == 200


def test_deleting_and_the_audit_log(tenant: TestTenant, other_tenant: TestTenant, admin: Browser) -> None:
    id_ = forwarder(tenant, other_tenant)
    admin.post("/forwarder/delete", {"id": id_})
    present()
    assert forwarding.find(tenant.id) == []
    query = select(AuditEntry).where(AuditEntry.tenant_id == tenant.id, AuditEntry.action == "forwarder.deleted")
    assert [entry.target for entry in session().scalars(query)] == [id_]


def test_nobody_else_gets_there(
    app: Flask, tenant: TestTenant, other_tenant: TestTenant, instructor: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    id_ = forwarder(tenant, other_tenant)

    def never(*_: Any, **__: Any) -> Any:
        raise AssertionError("a request went out")

    monkeypatch.setattr(outbound, "request", never)
    stranger = browser_of(app, "tenant_administrator", other_tenant.id)
    for browser, expected in ((instructor, 403), (stranger, 404)):
        answers = [browser.get(f"/forwarder?id={id_}").status_code]
        for path in ("/forwarder", "/forwarder/test", "/forwarder/pause", "/forwarder/delete"):
            answers.append(browser.post(path, FORM | {"id": id_}).status_code)
        assert answers == [expected] * 5
    assert only(tenant).enabled
