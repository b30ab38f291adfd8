"""The only place where a registration becomes complete, passed or failed."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from core.db import session, unit_of_work
from core.errors import Invalid
from core.events import Event
from registrations import progress
from registrations.progress import Report, Score
from tests.conftest import TestTenant
from tests.scorm_runtime.packages import MANIFEST_2004, load, package, register, stored


@pytest.fixture
def registration_id(app: Flask, tenant: TestTenant) -> str:
    return register(tenant.id, load(tenant.id, package(MANIFEST_2004, {"intro": ""})))


def record(tenant: TestTenant, registration_id: str, **report: Any) -> progress.Change:
    values = {"completion": "unknown", "success": "unknown", "cause": "content"} | report
    with unit_of_work():
        return progress.record(stored(tenant.id, registration_id), Report(**values))


def events(tenant: TestTenant) -> list[str]:
    session().rollback()
    query = select(Event.type).where(Event.tenant_id == tenant.id).order_by(Event.time, Event.id)
    wanted = ("progressed", "completed", "passed", "failed")
    return [
        t.split(".")[1] for t in session().scalars(query) if t.startswith("registration.") and t.split(".")[1] in wanted
    ]


def test_each_status_is_told_once(tenant: TestTenant, registration_id: str) -> None:
    done = {"completion": "completed", "success": "passed", "score": Score(scaled=0.9)}
    change = record(tenant, registration_id, **done)
    assert (change.completed, change.passed, change.failed) == (True, True, False)
    assert record(tenant, registration_id, **done).fields == frozenset()
    assert events(tenant) == ["progressed", "completed", "passed"]
    found = progress.summary(stored(tenant.id, registration_id))
    assert (found["cause"], found["score"]["scaled"]) == ("content", 0.9)
    assert found["completed"].endswith("Z")


def test_time_alone_is_progress(tenant: TestTenant, registration_id: str) -> None:
    assert record(tenant, registration_id, total_seconds=12.5).fields == {"total_seconds"}
    assert events(tenant) == ["progressed"]


def test_the_best_is_kept(tenant: TestTenant, registration_id: str) -> None:
    record(tenant, registration_id, completion="completed", success="passed", score=Score(scaled=0.9))
    record(tenant, registration_id, completion="incomplete", success="failed", score=Score(scaled=0.1))
    found = progress.summary(stored(tenant.id, registration_id))
    assert (found["completion"], found["success"], found["score"]["scaled"]) == ("completed", "passed", 0.9)
    assert events(tenant) == ["progressed", "completed", "passed"]


def test_failed_may_become_passed(tenant: TestTenant, registration_id: str) -> None:
    record(tenant, registration_id, completion="completed", success="failed", score=Score(scaled=0.1))
    record(tenant, registration_id, completion="completed", success="passed", score=Score(scaled=0.8))
    assert progress.summary(stored(tenant.id, registration_id))["score"]["scaled"] == 0.8
    assert events(tenant) == ["progressed", "completed", "failed", "progressed", "passed"]


def test_status_may_fall_back_where_that_is_wanted(tenant: TestTenant, registration_id: str) -> None:
    record(tenant, registration_id, completion="completed", success="passed", score=Score(scaled=0.9))
    record(tenant, registration_id, completion="incomplete", keep_best=False)
    found = progress.summary(stored(tenant.id, registration_id))
    assert (found["completion"], found["success"], found["score"], found["completed"]) == (
        "incomplete", "unknown", None, None,
    )  # fmt: skip


def test_an_administrator_decides(tenant: TestTenant, registration_id: str) -> None:
    record(tenant, registration_id, completion="incomplete", score=Score(raw=7, min=0, max=10))
    with unit_of_work():
        progress.set_by_administrator(stored(tenant.id, registration_id), "completed", "passed")
    found = progress.summary(stored(tenant.id, registration_id))
    assert (found["completion"], found["cause"], found["score"]["raw"]) == ("completed", "administrator", 7)
    with pytest.raises(Invalid, match="completion"), unit_of_work():
        progress.set_by_administrator(stored(tenant.id, registration_id), "done", "passed")


def test_a_cause_that_is_none(tenant: TestTenant, registration_id: str) -> None:
    with pytest.raises(ValueError, match="mood"):
        record(tenant, registration_id, cause="mood")
