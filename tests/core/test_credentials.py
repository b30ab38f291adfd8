from __future__ import annotations

import time
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import update

from core import clock, credentials, remembered, verified
from core.credentials import Credential
from core.db import session, unit_of_work
from core.errors import Conflict, Invalid, NotFound, Unauthenticated
from tests.conftest import TestTenant


def test_the_secret_is_not_kept(app: Flask, tenant: TestTenant) -> None:
    row = credentials.get(tenant.id, tenant.key)
    assert tenant.secret not in str(vars(row))


def test_authenticates_with_all_implied_scopes(app: Flask, tenant: TestTenant) -> None:
    who = credentials.authenticate(tenant.key, tenant.secret)
    assert (who.tenant_id, who.key) == (tenant.id, tenant.key)
    assert who.may("statements/read/mine")
    with unit_of_work():
        reader, secret = credentials.create(tenant.id, ["all/read"])
    reading = credentials.authenticate(reader.key, secret)
    assert reading.may("statements/read")
    assert reading.may("rest/read")
    assert not reading.may("statements/write")
    assert not reading.may("rest")


def test_wrong_unknown_expired_revoked_sound_the_same(app: Flask, tenant: TestTenant) -> None:
    with unit_of_work():
        short, short_secret = credentials.create(tenant.id, ["all"], expires=clock.now() + timedelta(minutes=1))
        gone, gone_secret = credentials.create(tenant.id, ["all"])
        credentials.revoke(tenant.id, gone.key)
    said = set()
    with clock.frozen(clock.now() + timedelta(minutes=2)):
        for key, secret in [
            (tenant.key, "wrong"),
            ("nobody", "x"),
            (short.key, short_secret),
            (gone.key, gone_secret),
        ]:
            with pytest.raises(Unauthenticated) as caught:
                credentials.authenticate(key, secret)
            said.add(caught.value.message)
    assert len(said) == 1


def test_rotation_keeps_the_old_secret_for_the_grace_time(app: Flask, tenant: TestTenant) -> None:
    with unit_of_work():
        fresh = credentials.rotate(tenant.id, tenant.key, grace=timedelta(hours=1))
    assert credentials.authenticate(tenant.key, fresh).key == tenant.key
    assert credentials.authenticate(tenant.key, tenant.secret).key == tenant.key
    with clock.frozen(clock.now() + timedelta(hours=2)), pytest.raises(Unauthenticated):
        credentials.authenticate(tenant.key, tenant.secret)


def test_unknown_scope_and_taken_key_are_named(app: Flask, tenant: TestTenant, other_tenant: TestTenant) -> None:
    with pytest.raises(Invalid, match="unknown scope 'everything'"), unit_of_work():
        credentials.create(tenant.id, ["everything"])
    with pytest.raises(Conflict, match="already is a credential"), unit_of_work():
        credentials.create(other_tenant.id, ["all"], key=tenant.key)


def test_a_tenant_does_not_see_anothers(app: Flask, tenant: TestTenant, other_tenant: TestTenant) -> None:
    session().rollback()
    with pytest.raises(NotFound):
        credentials.get(other_tenant.id, tenant.key)


def test_use_is_written_once_in_a_while(app: Flask, tenant: TestTenant) -> None:
    credentials.write_usage()
    credentials.authenticate(tenant.key, tenant.secret)
    with pytest.raises(Unauthenticated):
        credentials.authenticate(tenant.key, "wrong")
    assert last_used(tenant) is None
    assert credentials.write_usage() == 1
    first = last_used(tenant)
    assert first is not None
    assert credentials.write_usage() == 0
    with clock.frozen(first - timedelta(minutes=1)):  # another process may be late with what it knows
        credentials.authenticate(tenant.key, tenant.secret)
    credentials.write_usage()
    assert last_used(tenant) == first


def last_used(tenant: TestTenant) -> datetime | None:
    session().rollback()
    return credentials.get(tenant.id, tenant.key).last_used


def test_a_verified_credential_costs_no_query(app: Flask, tenant: TestTenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verified.memory()._known, "_trust", 3600.0)
    credentials.authenticate(tenant.key, tenant.secret)
    session().rollback()
    credentials.authenticate(tenant.key, tenant.secret)
    assert not session().in_transaction()


def test_revocation_reaches_other_processes_at_once(
    app: Flask, tenant: TestTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, name = verified.memory(), "credentials.verified"
    credentials.authenticate(tenant.key, tenant.secret)
    # Another process of this machine: its own memory, the same data folder.
    monkeypatch.setitem(app.extensions["rekam.memory"], name, verified.Verified())
    with unit_of_work():
        credentials.revoke(tenant.id, tenant.key)
    monkeypatch.setitem(app.extensions["rekam.memory"], name, ours)
    with pytest.raises(Unauthenticated):
        credentials.authenticate(tenant.key, tenant.secret)


def test_memory_ends_by_itself(app: Flask, tenant: TestTenant, monkeypatch: pytest.MonkeyPatch) -> None:
    credentials.authenticate(tenant.key, tenant.secret)
    with unit_of_work() as current:  # somebody on another machine, whose file is not ours
        current.execute(update(Credential).where(Credential.key == tenant.key).values(revoked=clock.now()))
    monkeypatch.setattr(remembered.time, "monotonic", lambda: time.monotonic_ns() / 1e9 + verified.TRUST + 1)
    with pytest.raises(Unauthenticated):
        credentials.authenticate(tenant.key, tenant.secret)


def test_a_revoked_credential_gets_no_new_secret(app: Flask, tenant: TestTenant) -> None:
    with unit_of_work():
        credentials.revoke(tenant.id, tenant.key)
    with pytest.raises(Conflict, match="for good"), unit_of_work():
        credentials.rotate(tenant.id, tenant.key)
