"""Consistent-Through: what the locks of writers tell, and that no answer tells less than one before it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import msgspec
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from core import clock
from core.db import db, dialect, session, unit_of_work
from core.settings import Settings
from lrs import consistency
from lrs.consistency import bound
from lrs.store import store
from server.app import create_app
from tests.conftest import TestTenant
from tests.lrs.builders import AUTHORITY, V2, new_uuid, statement

# 31 bits of milliseconds turn over every 25 days; NOW is shortly after such a turn.
TURN = 800 << 31
NOW = TURN + 5


def key(moment: int) -> int:
    return moment & 0x7FFFFFFF


@pytest.mark.parametrize(
    ("writers", "expected"),
    [
        ([], NOW),
        ([NOW], NOW),
        ([NOW - 3], NOW - 3),
        ([NOW - 3, NOW - 60_000], NOW - 60_000),
        ([NOW - 10], NOW - 10),  # before the turn
        ([NOW + 2], NOW),  # took its lock after the reader had looked at the clock
        ([NOW + 2, NOW - 1], NOW - 1),
    ],
)
def test_bound(writers: list[int], expected: int) -> None:
    assert bound(NOW, [key(w) for w in writers]) == expected


# --- several processes --------------------------------------------------------------------------------------------


@pytest.fixture
def neighbour(app: Flask, settings: Settings) -> Iterator[Flask]:
    """Another process of the server: the same database and data folder, a memory of its own."""
    made = create_app(settings)
    yield made
    with made.app_context():
        db.engine.dispose()


@contextmanager
def writing(app: Flask, milliseconds_ago: int) -> Iterator[None]:
    """A writer at work for so long, as others see it."""
    begun, done = threading.Event(), threading.Event()

    def write() -> None:
        with app.app_context(), unit_of_work():
            if dialect() == "postgresql":
                moment = consistency.milliseconds(clock.now()) - milliseconds_ago
                key = {"klass": consistency.LOCK_CLASS, "moment": moment & 0x7FFFFFFF}
                session().execute(text("SELECT pg_advisory_xact_lock_shared(:klass, :moment)"), key)
            begun.set()
            assert done.wait(60)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        assert begun.wait(60)
        yield
    finally:
        done.set()
        thread.join()


def through(app: Flask, tenant_id: int) -> int:
    with app.app_context():
        return consistency.consistent_through(tenant_id)


def test_another_process_does_not_tell_less(app: Flask, neighbour: Flask, tenant: TestTenant) -> None:
    before = consistency.milliseconds(clock.now())
    time.sleep(0.02)
    said = through(app, tenant.id)
    assert said >= before
    # Alone it would know less now: a writer that it sees may have begun before.
    with writing(app, 60_000):
        with neighbour.app_context():
            assert consistency._computed(tenant.id)[1] < said
        assert through(neighbour, tenant.id) == said
    time.sleep(consistency._FRESH / 1_000_000)
    assert through(neighbour, tenant.id) > said


def test_a_bound_is_told_again_until_somebody_stores(
    app: Flask, neighbour: Flask, tenant: TestTenant, other_tenant: TestTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By all processes, to readers of that tenant, and for a moment only: other machines store, too."""
    looked: list[int] = []
    compute = consistency._computed

    def counted(tenant_id: int) -> tuple[int, int]:
        looked.append(tenant_id)
        return compute(tenant_id)

    monkeypatch.setattr(consistency, "_computed", counted)
    begun = clock.now().replace(microsecond=0)
    with clock.frozen(begun):
        said = through(app, tenant.id)
        assert (through(app, tenant.id), through(neighbour, tenant.id)) == (said, said)
        assert looked == [tenant.id]
    with clock.frozen(begun + timedelta(microseconds=1)), neighbour.app_context(), unit_of_work():
        store(tenant.id, [statement()], AUTHORITY)
    for later in (1002, 1003):  # nobody has stored since the first of these
        with clock.frozen(begun + timedelta(microseconds=later)):
            through(app, tenant.id)
    assert looked == [tenant.id] * 2
    with clock.frozen(begun + timedelta(microseconds=1002 + consistency._FRESH)):
        through(neighbour, tenant.id)
        assert looked == [tenant.id] * 3
        through(neighbour, other_tenant.id)
    assert looked == [tenant.id] * 3 + [other_tenant.id]


def test_every_answer_of_every_process(app: Flask, neighbour: Flask, client: FlaskClient, tenant: TestTenant) -> None:
    """Those that do not look, too: what was stored, what was refused."""
    said = ""
    for _ in range(3):
        for process in (client, neighbour.test_client()):
            for method, path, body in (
                ("GET", "/xapi/statements", None),
                ("POST", "/xapi/statements", statement()),
                ("POST", "/xapi/statements", {}),
                ("GET", "/xapi/statements?limit=x", None),
            ):
                answer = process.open(path, method=method, json=body, headers=tenant.auth | V2)
                now = answer.headers["X-Experience-API-Consistent-Through"]
                assert now >= said
                said = now
    assert said > "2026"


def test_what_is_answered_is_found_at_once(app: Flask, client: FlaskClient, tenant: TestTenant) -> None:
    """Also within the millisecond that is not over yet."""
    for _ in range(200):
        id_ = new_uuid()
        client.post("/xapi/statements", json=statement(id=id_), headers=tenant.auth | V2)
        found = client.get("/xapi/statements?limit=1", headers=tenant.auth | V2).json["statements"]
        assert [s["id"] for s in found] == [id_]


@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-8"])
def test_the_first_answer_of_all_tells_of_the_present(
    app: Flask, client: FlaskClient, tenant: TestTenant, kind: str
) -> None:
    data = msgspec.json.encode(statement())
    answer = client.post("/xapi/statements", data=data, content_type=kind, headers=tenant.auth | V2)
    assert answer.status_code == 200
    assert answer.headers["X-Experience-API-Consistent-Through"] > "2026"


def test_each_tenant_has_its_own(app: Flask, tenant: TestTenant, other_tenant: TestTenant) -> None:
    assert through(app, tenant.id) > 0 == consistency.last_known(other_tenant.id)


def test_a_clock_set_back(app: Flask, tenant: TestTenant, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a little: nothing is stored where a reader was told that all is there. By much: the bound is not believed for years."""
    if dialect() == "postgresql":
        pytest.skip("the clock is the database's")
    said, now = through(app, tenant.id), clock.now()
    monkeypatch.setattr(clock, "now", lambda: now - timedelta(seconds=3))
    with unit_of_work():
        assert consistency.moment_of(consistency.stamp(tenant.id).base) > said
    assert through(app, tenant.id) == said
    monkeypatch.setattr(clock, "now", lambda: now - timedelta(days=3))
    assert through(app, tenant.id) < said - 86_400_000
    with unit_of_work():
        assert consistency.moment_of(consistency.stamp(tenant.id).base) < said - 86_400_000
