"""Tickets and tokens. What they open is tested in tests/scorm_runtime/test_routes.py."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from core import clock
from core.db import session, unit_of_work
from core.errors import Conflict, Gone, Invalid, NotFound
from registrations import launches, registrations
from registrations.models import Launch
from tests.conftest import TestTenant
from tests.scorm_runtime.packages import MANIFEST_2004, load, package, register, ticket


@pytest.fixture
def registration_id(app: Flask, tenant: TestTenant) -> str:
    return register(tenant.id, load(tenant.id, package(MANIFEST_2004, {"intro": ""})))


def redeem(secret: str) -> str:
    with unit_of_work():
        return launches.redeem(secret)[1]


def test_only_hashes_are_stored(tenant: TestTenant, registration_id: str) -> None:
    secret = ticket(tenant.id, registration_id)
    token = redeem(secret)
    row = session().scalars(select(Launch).where(Launch.tenant_id == tenant.id)).one()
    texts = [str(getattr(row, column.name)) for column in Launch.__table__.columns]
    assert not any(secret in text or token in text for text in texts)
    assert len(token) == 43


def test_a_ticket_works_once(tenant: TestTenant, registration_id: str) -> None:
    secret = ticket(tenant.id, registration_id)
    redeem(secret)
    with pytest.raises(Gone, match="already used"):
        redeem(secret)
    with pytest.raises(NotFound):
        redeem("never minted")


def test_a_longer_ticket(tenant: TestTenant, registration_id: str) -> None:
    secret = ticket(tenant.id, registration_id, ticket_seconds=3600)
    with clock.frozen(clock.now() + timedelta(minutes=59)):
        redeem(secret)
    late = ticket(tenant.id, registration_id, ticket_seconds=1)
    with clock.frozen(clock.now() + timedelta(seconds=2)), pytest.raises(Gone, match="expired"):
        redeem(late)


def test_the_newest_wins_and_a_link_not_yet_opened_stays(tenant: TestTenant, registration_id: str) -> None:
    first = redeem(ticket(tenant.id, registration_id))
    waiting = ticket(tenant.id, registration_id)
    second = redeem(ticket(tenant.id, registration_id))
    with pytest.raises(Conflict) as told:
        launches.by_token(first)
    assert told.value.code == "superseded"
    assert launches.by_token(second).registration_id == registration_id
    redeem(waiting)


def test_revoking_closes_links_too(tenant: TestTenant, registration_id: str) -> None:
    token, waiting = redeem(ticket(tenant.id, registration_id)), ticket(tenant.id, registration_id)
    with unit_of_work():
        assert launches.revoke_all(registrations.get(tenant.id, registration_id)) == 2
    with pytest.raises(Gone, match="administrator"):
        launches.by_token(token)
    with pytest.raises(Gone, match="revoked"):
        redeem(waiting)


@pytest.mark.parametrize(
    "options",
    [
        {"mode": "fast"},
        {"ticket_seconds": 0},
        {"ticket_seconds": 86_401},
        {"redirect_url": "javascript:alert(1)"},
        {"redirect_url": "//elsewhere.example/"},
        {"redirect_url": "/\\elsewhere.example"},
        {"redirect_url": "data:text/html,x"},
        {"redirect_url": "https://lms.example/\0"},
        {"redirect_url": "http://[broken"},
        {"start_activity": "a\0"},
    ],
)
def test_bad_options(tenant: TestTenant, registration_id: str, options: dict[str, object]) -> None:
    with pytest.raises(Invalid):
        ticket(tenant.id, registration_id, **options)


def test_exit_addresses(tenant: TestTenant, registration_id: str) -> None:
    for given, kept in (("/done?x=1", "http://localhost/done?x=1"), ("https://lms.example/a", "https://lms.example/a")):
        token = redeem(ticket(tenant.id, registration_id, redirect_url=given))
        assert launches.by_token(token).redirect_url == kept
