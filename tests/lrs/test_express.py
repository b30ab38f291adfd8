"""The short way of plain posts answers as the framework does, and leaves everything else to it."""

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
from lrs import query
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
    builder = EnvironBuilder("/xapi/statements", "http://localhost", method="POST", data=data, headers=headers)
    answer, status, found = run_wsgi_app(application, builder.get_environ())
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
