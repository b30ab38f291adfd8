"""Documents below HTTP: places, merging, preconditions, races."""

from __future__ import annotations

import json
import threading

import pytest
from flask import Flask
from flask.testing import FlaskClient

from core.db import unit_of_work
from core.errors import Conflict, Invalid
from lrs import documents, importing
from lrs.documents import Content, Place
from tests.conftest import TestTenant
from tests.lrs.builders import V2, agent, new_uuid

ACTIVITY = "http://example.com/a"


def place(tenant: TestTenant, registration: str | None = None) -> Place:
    return documents.state_place(tenant.id, ACTIVITY, agent(), registration)


@pytest.mark.parametrize(
    "path",
    [
        "about",
        "statements",
        "statements?attachments=true",
        "agents?agent=%7B%22mbox%22%3A%22mailto%3Aa%40example.com%22%7D",
        "activities?activityId=http%3A%2F%2Fexample.com%2Fa",
        "activities/profile?activityId=http%3A%2F%2Fexample.com%2Fa",
        "activities/profile?activityId=http%3A%2F%2Fexample.com%2Fa&profileId=p",
    ],
)
def test_no_browser_takes_an_answer_for_fresh_unasked(client: FlaskClient, tenant: TestTenant, path: str) -> None:
    """With a Last-Modified and no Cache-Control it may for a tenth of their age (RFC 9111 §4.2.2)."""
    with unit_of_work():
        documents.put(Place(tenant.id, "activity_profile", ACTIVITY, None, None), "p", b"one", "text/plain")
    answer = client.get(f"/xapi/{path}", headers=tenant.auth | V2)
    assert (answer.status_code, answer.headers.getlist("Cache-Control")) == (200, ["private, no-cache"])


def test_put_get_and_replace(app: Flask, tenant: TestTenant) -> None:
    with unit_of_work():
        documents.put_state(tenant.id, ACTIVITY, agent(), "bookmark", b"one", "text/plain")
    with unit_of_work():
        after = documents.put_state(tenant.id, ACTIVITY, agent(), "bookmark", b"two", "text/plain")
    stored = documents.get_state(tenant.id, ACTIVITY, agent(), "bookmark")
    assert stored is not None
    assert (stored.content, stored.etag) == (b"two", after.etag)
    assert documents.get_state(tenant.id, ACTIVITY, agent("other"), "bookmark") is None
    assert documents.get_state(tenant.id, ACTIVITY, agent(), "bookmark", new_uuid()) is None


def test_registrations_keep_apart_and_none_is_one_place(app: Flask, tenant: TestTenant) -> None:
    registration = new_uuid()
    with unit_of_work():
        documents.put(place(tenant), "a", b"1", "x/y")
        documents.put(place(tenant), "a", b"2", "x/y")
        documents.put(place(tenant, registration), "a", b"3", "x/y")
        documents.put(place(tenant, registration.upper()), "b", b"4", "x/y")
    assert documents.ids(place(tenant)) == ["a", "b"]
    assert documents.ids(place(tenant, registration)) == ["a", "b"]
    with unit_of_work():
        documents.delete_all(place(tenant, registration))
    assert documents.ids(place(tenant)) == ["a"]


def test_merge_joins_top_level_members(app: Flask, tenant: TestTenant) -> None:
    with unit_of_work():
        documents.put(place(tenant), "a", b'{"x": {"deep": 1}, "y": 1.0}', "application/json")
        documents.merge(place(tenant), "a", b'{"x": 2, "z": null}', "application/json; charset=utf-8")
    stored = documents.get(place(tenant), "a")
    assert stored is not None
    assert stored.content == b'{"x":2,"y":1.0,"z":null}'


@pytest.mark.parametrize(
    ("before", "kind", "sent", "sent_kind"),
    [
        (b"text", "text/plain", b"{}", "application/json"),
        (b"{}", "application/json", b"text", "text/plain"),
        (b"{}", "application/json", b"[]", "application/json"),
        (b"[]", "application/json", b"{}", "application/json"),
        (b"{}", "application/json", b"{", "application/json"),
    ],
)
def test_what_cannot_be_merged_changes_nothing(
    app: Flask, tenant: TestTenant, before: bytes, kind: str, sent: bytes, sent_kind: str
) -> None:
    with unit_of_work():
        documents.put(place(tenant), "a", before, kind)
    with pytest.raises(Invalid), unit_of_work():
        documents.merge(place(tenant), "a", sent, sent_kind)
    stored = documents.get(place(tenant), "a")
    assert stored is not None
    assert stored.content == before


def test_long_names(app: Flask, tenant: TestTenant) -> None:
    long = Place(tenant.id, "state", "http://example.com/" + "x" * 9000, "mbox\x1f" + "y" * 9000)
    with unit_of_work():
        documents.put(long, "z" * 9000, b"1", "x/y")
    assert documents.ids(long) == ["z" * 9000]


def test_one_of_many_creators_wins(app: Flask, tenant: TestTenant) -> None:
    """If-None-Match: * from eight threads at once: the check and the write are one step."""
    outcomes: list[str] = []

    def refuse_existing(stored: Content | None) -> None:
        if stored is not None:
            raise Conflict("exists")

    def create(number: int) -> None:
        with app.app_context():
            try:
                with unit_of_work():
                    documents.put(place(tenant), "race", str(number).encode(), "x/y", refuse_existing)
                outcomes.append("created")
            except Conflict:
                outcomes.append("refused")

    threads = [threading.Thread(target=create, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["created"] + ["refused"] * 7


@pytest.mark.parametrize("kind", ["text/plain; n=€", "text/plain\r\nX: y", "x/" + "y" * 300])
def test_a_type_that_no_header_can_have_is_not_imported(kind: str) -> None:
    line = {
        "kind": "activity_profile",
        "activityId": "http://a.b",
        "id": "x",
        "content": "x",
        "updated": "2020-01-01T00:00:00Z",
    }
    importing.read_document(1, json.dumps(line | {"contentType": "text/plain; n=é"}).encode(), "line 1")
    with pytest.raises(Invalid, match=r"line 1: \$\.contentType"):
        importing.read_document(1, json.dumps(line | {"contentType": kind}).encode(), "line 1")
