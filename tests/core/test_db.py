from __future__ import annotations

import threading
import uuid
import weakref
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import psycopg2
import pysqlite3
import pytest
from flask import Flask
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from core import tenants
from core.db import (
    after_commit,
    again_after_deadlock,
    db,
    dialect,
    hold,
    in_unit_of_work,
    read,
    session,
    unit_of_work,
    write,
)
from core.settings import Settings
from core.tenants import Tenant
from server.app import create_app
from tests.conftest import TestTenant


def names(tenant_id: int) -> list[str]:
    return list(session().scalars(select(Tenant.name).where(Tenant.id == tenant_id)))


def test_commits_at_the_end(app: Flask, tenant: TestTenant) -> None:
    with unit_of_work():
        tenants.get(tenant.id).name = "Changed"
    session().rollback()
    assert names(tenant.id) == ["Changed"]


def test_rolls_everything_back_on_an_error(app: Flask, tenant: TestTenant) -> None:
    ran: list[int] = []
    with pytest.raises(RuntimeError, match="half way"), unit_of_work() as current:
        after_commit(lambda: ran.append(1))
        tenants.get(tenant.id).name = "Lost"
        current.flush()
        raise RuntimeError("half way")
    assert names(tenant.id) == ["Test"]
    assert ran == []
    assert not in_unit_of_work()


def test_refuses_to_nest(app: Flask) -> None:
    with pytest.raises(RuntimeError, match="does not nest"), unit_of_work(), unit_of_work():
        pass
    with unit_of_work():
        pass  # and recovers


def test_hooks_run_after_the_commit(app: Flask, tenant: TestTenant) -> None:
    seen: list[bool] = []
    with unit_of_work():
        after_commit(lambda: seen.append(in_unit_of_work()))
        assert seen == []
    assert seen == [False]


def test_after_commit_needs_a_unit_of_work(app: Flask) -> None:
    with pytest.raises(RuntimeError, match="outside"):
        after_commit(lambda: None)


def test_concurrent_read_modify_write_loses_nothing(app: Flask, tenant: TestTenant) -> None:
    """Writers that read before they write must see each other's work."""

    def add() -> None:
        for _ in range(20):
            with app.app_context(), unit_of_work() as current:
                row = current.get_one(Tenant, tenant.id, with_for_update=True)
                row.settings = {"count": row.settings.get("count", 0) + 1}

    threads = [threading.Thread(target=add) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    session().rollback()
    assert tenants.get(tenant.id).settings == {"count": 120}


def test_a_reader_is_not_blocked_by_a_writer(app: Flask, tenant: TestTenant) -> None:
    done = threading.Event()

    def read() -> None:
        with app.app_context():
            assert names(tenant.id) == ["Test"]
        done.set()

    with unit_of_work() as current:
        tenants.get(tenant.id).name = "Not yet"
        current.flush()
        threading.Thread(target=read).start()
        assert done.wait(60)


def test_times_come_back_aware_in_utc(app: Flask, tenant: TestTenant) -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, 678901, UTC)
    with unit_of_work():
        tenants.get(tenant.id).created = moment
    session().rollback()
    assert tenants.get(tenant.id).created == moment


def test_naive_times_are_refused(app: Flask, tenant: TestTenant) -> None:
    with pytest.raises(Exception, match="naive datetime"), unit_of_work() as current:
        tenants.get(tenant.id).created = datetime(2026, 1, 1)
        current.flush()


def test_sqlite_is_durable_and_fixed(app: Flask) -> None:
    if dialect() != "sqlite":
        assert session().scalar(text("SHOW synchronous_commit")) == "on"
        return
    assert pysqlite3.sqlite_version_info > (3, 51, 2)
    assert session().scalar(text("PRAGMA journal_mode")) == "wal"
    assert session().scalar(text("PRAGMA synchronous")) == 2
    assert session().scalar(text("PRAGMA foreign_keys")) == 1


def test_a_connection_that_died_while_idle_is_replaced(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    if dialect() == "sqlite":
        pytest.skip("SQLite has no connections that die")
    monkeypatch.setattr("core.db.PING_AFTER", 0.0)
    db.engine.dispose()
    old = session().scalar(text("SELECT pg_backend_pid()"))
    session().close()
    with psycopg2.connect(app.config["REKAM"].effective_database_url.replace("+psycopg2", "")) as killer:
        killer.cursor().execute("SELECT pg_terminate_backend(%s)", (old,))
    killer.close()
    assert session().scalar(text("SELECT pg_backend_pid()")) != old


def test_a_read_alone_sees_what_is_committed_and_what_its_unit_of_work_wrote(app: Flask) -> None:
    count = "SELECT count(*) FROM tenants WHERE name = %s"
    name = uuid.uuid4().hex
    with unit_of_work():
        tenants.create(name)
        assert read(count, (name,))[0][0] == 1
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(_read_elsewhere, app, count, name).result() == 0
    assert read(count, (name,))[0][0] == 1
    with pytest.raises(DBAPIError):
        read("SELECT nothing FROM nowhere")
    assert read(count, (name,))[0][0] == 1


def _read_elsewhere(app: Flask, words: str, name: str) -> int:
    with app.app_context():
        return int(read(words, (name,))[0][0])


def test_a_raw_read_gives_bytes_and_leaves_the_connection_as_it_was(app: Flask) -> None:
    words = "SELECT CAST(%s AS text), 7"

    def texts() -> list[object]:
        return [read(words, ("é☃",), raw=raw)[0][0] for raw in (True, False, True)]

    with unit_of_work():
        assert texts() == ["é☃".encode(), "é☃", "é☃".encode()]
    with pytest.raises(DBAPIError):
        read("SELECT nothing FROM nowhere", raw=True)
    assert texts() == ["é☃".encode(), "é☃", "é☃".encode()]


def test_the_environment_does_not_change_what_a_raw_read_gives(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")
    other = create_app(settings)
    with other.app_context():
        assert read("SELECT CAST(%s AS text)", ("é",), raw=True) == [("é".encode(),)]
        db.engine.dispose()


def test_a_write_alone_is_durable_and_stays_alone(app: Flask) -> None:
    with unit_of_work():
        tenant = tenants.create("before")
    write("UPDATE tenants SET name = %s WHERE id = %s", ("after", tenant.id))
    assert read("SELECT name FROM tenants WHERE id = %s", (tenant.id,)) == [("after",)]
    with unit_of_work(), pytest.raises(RuntimeError, match="unit of work"):
        write("UPDATE tenants SET name = %s WHERE id = %s", ("never", tenant.id))


def test_what_is_held_stays_in_the_session_until_the_unit_of_work_ends(app: Flask, tenant: TestTenant) -> None:
    session().rollback()
    session().expunge_all()
    with unit_of_work():
        found = weakref.ref(tenants.get(tenant.id))
        assert found() is not None
        for number in range(100):
            hold(Tenant(name=str(number)))
        assert found() is None
        found = weakref.ref(tenants.get(tenant.id))
    assert found() is None


def test_sqlite_knows_lower_case_beyond_ascii(app: Flask) -> None:
    if dialect() == "sqlite":
        assert session().execute(select(func.lower("ÉLAN Тест"), func.lower(None))).one() == ("élan тест", None)


def test_a_deadlock_ends_by_itself(app: Flask, tenant: TestTenant, other_tenant: TestTenant) -> None:
    """Two that lock the same rows the other way round: one is ended, and done again."""
    both = threading.Barrier(2, timeout=10)
    runs: list[int] = []

    def rename(first: int, second: int) -> None:
        def work() -> None:
            with unit_of_work() as current:
                runs.append(first)
                tenants.lock(first).name += "x"
                if len(runs) <= 2 and dialect() == "postgresql":
                    both.wait()
                tenants.lock(second).name += "x"
                current.flush()

        with app.app_context():
            again_after_deadlock(work)

    with ThreadPoolExecutor(2) as pool:
        for done in [
            pool.submit(rename, *pair) for pair in ((tenant.id, other_tenant.id), (other_tenant.id, tenant.id))
        ]:
            done.result(20)
    session().rollback()
    assert [*names(tenant.id), *names(other_tenant.id)] == ["Testxx"] * 2
    assert len(runs) == (3 if dialect() == "postgresql" else 2)


def test_what_is_no_deadlock_is_not_done_again(app: Flask) -> None:
    runs: list[int] = []

    def work() -> None:
        runs.append(1)
        with unit_of_work() as current:
            current.execute(text("SELECT * FROM nowhere"))

    with pytest.raises(DBAPIError):
        again_after_deadlock(work)
    assert len(runs) == 1
