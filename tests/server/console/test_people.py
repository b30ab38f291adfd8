"""Accounts, passwords, the growing delay, sessions."""

from __future__ import annotations

import threading
import time
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from core import clock
from core.audit import AuditEntry
from core.db import session, unit_of_work
from core.errors import Conflict, Forbidden, Invalid, NotFound, RateLimited, Unauthenticated
from server import people
from server.people import Person
from tests.conftest import TestTenant
from tests.server.console.conftest import PASSWORD, make_person


def now() -> datetime:
    return clock.now()


def test_the_one_time_password_works_and_must_be_changed(tenant: TestTenant) -> None:
    with unit_of_work():
        person, word = people.create_person("  New.Person@Example.ORG ", "instructor", tenant.id, name="New")
        assert person.email == "new.person@example.org"
    signed = people.sign_in("new.person@EXAMPLE.org", word, "10.0.0.1")
    assert signed.must_change
    assert signed.tenant_id == tenant.id
    with unit_of_work():
        session().delete(people.get(tenant.id, signed.person_id))


def test_the_password_is_kept_as_argon2id_only(tenant: TestTenant, real_hashes: None) -> None:
    account = make_person("instructor", tenant.id)
    stored = people.get(tenant.id, account.id).password_hash
    assert stored.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert PASSWORD not in stored


@pytest.mark.parametrize(
    ("email", "role", "installation", "error"),
    [
        ("no address", "instructor", False, Invalid),
        ("a@b@c", "instructor", False, Invalid),
        ("a\n@b", "instructor", False, Invalid),
        ("x@example.org", "emperor", False, Invalid),
        ("x@example.org", "system_administrator", False, Invalid),
        ("x@example.org", "instructor", True, Invalid),
    ],
)
def test_what_makes_no_account(
    tenant: TestTenant, email: str, role: str, installation: bool, error: type[Exception]
) -> None:
    with pytest.raises(error), unit_of_work():
        people.create_person(email, role, people.INSTALLATION if installation else tenant.id)


def test_an_address_has_one_account_over_all_tenants(tenant: TestTenant, other_tenant: TestTenant) -> None:
    account = make_person("instructor", tenant.id)
    with pytest.raises(Conflict), unit_of_work():
        people.create_person(account.email.upper(), "instructor", other_tenant.id)


@pytest.mark.parametrize("password", ["short", "a" * 40, "x" * 257, "abababababababab"])
def test_passwords_that_will_not_do(password: str) -> None:
    with pytest.raises(Invalid):
        people.check_password(password)


def test_a_password_may_not_contain_the_name_of_the_account() -> None:
    with pytest.raises(Invalid):
        people.check_password("my-siti.aminah-2026", "siti.aminah@example.org")


def test_unknown_account_wrong_password_and_shut_out_say_the_same(tenant: TestTenant) -> None:
    account, shut = make_person("instructor", tenant.id), make_person("instructor", tenant.id)
    with unit_of_work():
        people.set_disabled(people.get(tenant.id, shut.id), True, by="test")
    told = set()
    for email, password in ((account.email, "wrong"), ("nobody@example.org", "wrong"), (shut.email, PASSWORD)):
        with pytest.raises(Unauthenticated) as caught:
            people.sign_in(email, password, "10.0.0.2")
        told.add((caught.value.message, caught.value.code))
    assert len(told) == 1


def test_the_delay_grows_and_holds_even_against_the_right_password(tenant: TestTenant) -> None:
    account, moment, waits = make_person("instructor", tenant.id), now(), []
    for _try in range(6):
        with clock.frozen(moment):
            with pytest.raises(Unauthenticated):
                people.sign_in(account.email, "wrong", "10.0.0.3")
            try:
                # Right, but too early: refused without a look at the password.
                people.sign_in(account.email, PASSWORD, "10.0.0.3") if len(waits) >= 2 else None
            except RateLimited as limited:
                waits.append(limited.details["retry_after"])
            else:
                waits.append(0)
        moment += timedelta(seconds=waits[-1])
    assert waits == [0, 0, 2, 4, 8, 16]
    with clock.frozen(moment):
        people.sign_in(account.email, PASSWORD, "10.0.0.3")
        # Success forgets the failures.
        with pytest.raises(Unauthenticated):
            people.sign_in(account.email, "wrong", "10.0.0.3")
        people.sign_in(account.email, PASSWORD, "10.0.0.3")


def test_the_delay_is_of_one_account_and_one_address(tenant: TestTenant) -> None:
    account, other = make_person("instructor", tenant.id), make_person("instructor", tenant.id)
    with clock.frozen(now()):
        for _try in range(3):
            with pytest.raises(Unauthenticated):
                people.sign_in(account.email, "wrong", "10.0.0.4")
        with pytest.raises(RateLimited):
            people.sign_in(account.email, PASSWORD, "10.0.0.4")
        people.sign_in(account.email, PASSWORD, "10.0.0.5")
        people.sign_in(other.email, PASSWORD, "10.0.0.4")


def test_the_delay_has_an_end() -> None:
    assert [people.delay_after(n).total_seconds() for n in (1, 2, 3, 11, 12, 1000)] == [0, 0, 2, 512, 900, 900]


def test_old_failures_are_forgotten(tenant: TestTenant) -> None:
    account, moment = make_person("instructor", tenant.id), now() - timedelta(days=3)
    with clock.frozen(moment):
        for _try in range(3):
            with pytest.raises(Unauthenticated):
                people.sign_in(account.email, "wrong", "10.0.0.6")
    assert people.forget_failures() >= 1


def test_a_session_ends_when_idle_at_its_end_and_when_ended(app: Flask, tenant: TestTenant) -> None:
    account, moment = make_person("instructor", tenant.id), now()
    with clock.frozen(moment):
        token = people.sign_in(account.email, PASSWORD, "10.0.0.7").token
    with clock.frozen(moment + timedelta(minutes=119)):
        assert people.of_session(tenant.id, token) is not None  # and is noted as seen
    with clock.frozen(moment + timedelta(minutes=119 + 119)):
        assert people.of_session(tenant.id, token) is not None
    with clock.frozen(moment + timedelta(minutes=119 + 119 + 121)):
        assert people.of_session(tenant.id, token) is None
    with clock.frozen(moment + timedelta(hours=12, seconds=1)):
        assert people.of_session(tenant.id, token) is None
    assert people.of_session(tenant.id, token + "x") is None
    assert people.of_session(tenant.id + 1, token) is None
    with unit_of_work():
        people.end_session(tenant.id, token)
    with clock.frozen(moment):
        assert people.of_session(tenant.id, token) is None


@pytest.mark.parametrize("how", ["change", "reset", "disable", "role"])
def test_what_changes_an_account_signs_it_out_everywhere(tenant: TestTenant, how: str) -> None:
    account = make_person("instructor", tenant.id)
    tokens = [people.sign_in(account.email, PASSWORD, "10.0.0.8").token for _ in range(2)]
    with unit_of_work():
        person = people.get(tenant.id, account.id)
        {
            "change": lambda: people.change_password(person, "another good sentence", by="test"),
            "reset": lambda: people.reset_password(person, by="test"),
            "disable": lambda: people.set_disabled(person, True, by="test"),
            "role": lambda: people.set_role(person, "tenant_administrator", by="test"),
        }[how]()
    assert [people.of_session(tenant.id, token) for token in tokens] == [None, None]
    actions = session().scalars(select(AuditEntry.action).where(AuditEntry.tenant_id == tenant.id)).all()
    assert len([a for a in actions if a.startswith("person.")]) == 4


def test_a_new_password_must_be_new(tenant: TestTenant) -> None:
    account = make_person("instructor", tenant.id)
    with pytest.raises(Invalid), unit_of_work():
        people.change_password(people.get(tenant.id, account.id), PASSWORD, by="test")


def test_the_last_system_administrator_stays(tenant: TestTenant) -> None:
    account = make_person("system_administrator", tenant.id)
    with pytest.raises(Forbidden), unit_of_work():
        query = select(Person).where(Person.tenant_id == people.INSTALLATION, Person.disabled.is_(None))
        for person in session().scalars(query):
            if person.id != account.id:
                person.disabled = clock.now()
        session().flush()
        people.set_disabled(people.get(people.INSTALLATION, account.id), True, by="test")
    # Rolled back as a whole.
    assert people.get(people.INSTALLATION, account.id).disabled is None


def test_two_system_administrators_cannot_shut_each_other_out_at_the_same_moment(
    app: Flask, tenant: TestTenant
) -> None:
    with unit_of_work():
        others = select(Person).where(Person.tenant_id == people.INSTALLATION, Person.disabled.is_(None))
        shut_out = [person.id for person in session().scalars(others)]
        for person_id in shut_out:
            people.get(people.INSTALLATION, person_id).disabled = clock.now()
    first, second = (make_person("system_administrator", tenant.id).id for _ in range(2))
    written = threading.Event()

    def shut_out_second() -> None:
        with app.app_context(), unit_of_work():
            people.set_disabled(people.get(people.INSTALLATION, second), True, by="first")
            written.set()
            time.sleep(0.5)  # the other one is at it now

    thread = threading.Thread(target=shut_out_second)
    thread.start()
    assert written.wait(10)
    try:
        with pytest.raises(Forbidden), unit_of_work():
            people.set_disabled(people.get(people.INSTALLATION, first), True, by="second")
    finally:
        thread.join()
        with unit_of_work():
            for person_id in shut_out:
                people.get(people.INSTALLATION, person_id).disabled = None


def test_nobody_becomes_system_administrator_by_a_change_of_role(tenant: TestTenant) -> None:
    account = make_person("tenant_administrator", tenant.id)
    with pytest.raises(Invalid), unit_of_work():
        people.set_role(people.get(tenant.id, account.id), "system_administrator", by="test")


def test_a_person_is_found_in_their_own_tenant_only(tenant: TestTenant, other_tenant: TestTenant) -> None:
    account = make_person("instructor", tenant.id)
    with pytest.raises(NotFound):
        people.get(other_tenant.id, account.id)
