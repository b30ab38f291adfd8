"""Idempotency-Key on POST of statements."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from core import clock
from core.db import unit_of_work
from lrs import idempotency
from lrs.models import IdempotentRequest
from tests.conftest import TestTenant, make_tenant
from tests.lrs.builders import agent, statement
from tests.lrs.http import Xapi


@pytest.fixture
def xapi(client: FlaskClient, tenant: TestTenant) -> Xapi:
    return Xapi(client, tenant.auth)


def test_a_request_again_is_answered_as_before(xapi: Xapi) -> None:
    sent = [statement(), statement()]
    first = xapi("POST", "/statements", sent, {"Idempotency-Key": "k1"})
    again = xapi("POST", "/statements", sent, {"Idempotency-Key": "k1"})
    assert (again.status_code, again.get_json()) == (200, first.get_json())
    assert xapi.find(activity="http://example.com/activities/one") == first.get_json()[::-1]
    other = xapi("POST", "/statements", sent, {"Idempotency-Key": "k2"})
    assert set(other.get_json()).isdisjoint(first.get_json())


def test_other_statements_under_a_key_are_refused(xapi: Xapi) -> None:
    xapi("POST", "/statements", statement(), {"Idempotency-Key": "k"})
    answer = xapi("POST", "/statements", statement(actor=agent("eve")), {"Idempotency-Key": "k"})
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (409, "idempotency_key")


def test_a_refused_request_leaves_its_key_free(xapi: Xapi) -> None:
    (taken,) = xapi.store(statement())
    for bad in ([statement(), {}], statement(id=taken, actor=agent("eve"))):
        assert xapi("POST", "/statements", bad, {"Idempotency-Key": "k"}).status_code in (400, 409)
    assert xapi("POST", "/statements", statement(), {"Idempotency-Key": "k"}).status_code == 200


def test_keys_belong_to_a_credential(xapi: Xapi, client: FlaskClient, other_tenant: TestTenant) -> None:
    first = xapi("POST", "/statements", statement(), {"Idempotency-Key": "k"}).get_json()
    other = Xapi(client, other_tenant.auth)(
        "POST", "/statements", statement(actor=agent("eve")), {"Idempotency-Key": "k"}
    )
    assert other.status_code == 200
    assert other.get_json() != first


@pytest.mark.parametrize("key", ["", "x" * 256, "tab\there"])
def test_what_is_no_key(xapi: Xapi, key: str) -> None:
    assert xapi("POST", "/statements", statement(), {"Idempotency-Key": key}).status_code == 400


def test_twins_at_once_store_once(app: Flask, tenant: TestTenant) -> None:
    sent = [statement(), statement()]

    def post(_: int) -> list[str]:
        answer = Xapi(app.test_client(), tenant.auth)("POST", "/statements", sent, {"Idempotency-Key": "k"})
        assert answer.status_code == 200, answer.text
        return list(answer.get_json())

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(post, range(6)))
    assert answers == [answers[0]] * 6
    assert len(Xapi(app.test_client(), tenant.auth).find(activity="http://example.com/activities/one")) == 2


def test_old_keys_are_forgotten(app: Flask) -> None:
    tenant = make_tenant()
    with unit_of_work() as session:
        assert idempotency.begin(tenant.id, "old", "f") is None
        assert idempotency.begin(tenant.id, "new", "f") is None
        session.execute(
            update(IdempotentRequest)
            .where(IdempotentRequest.tenant_id == tenant.id, IdempotentRequest.key == "old")
            .values(created=clock.now() - timedelta(days=3))
        )
    with unit_of_work():
        assert idempotency.forget() == 1
        assert idempotency.begin(tenant.id, "new", "f") == []
        assert idempotency.begin(tenant.id, "old", "f") is None
