"""Moving all registrations of a version by REST: told first, done by the job that the console uses."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from core.audit import AuditEntry
from core.db import session
from registrations import registrations
from tests.conftest import TestTenant
from tests.scorm_runtime.packages import MANIFEST_2004, launch, package
from tests.server.api.conftest import Api, work

PATH = "/courses/safety/versions/1/registrations/version"


@pytest.fixture
def learners(app: Flask, tenant: TestTenant, api: Api) -> dict[str, str]:
    """Three on version 1: one who tracked the part that version 2 has not, one who tracked the other, one new."""
    api.imported(package(MANIFEST_2004, {"one": "", "two": ""}), "safety")
    found = {name: api.register("safety", name) for name in ("anew", "goes-on", "new")}
    launch(app, tenant.id, found["anew"]).send({"cmi.location": "3", "cmi.exit": "suspend"})
    api.imported(package(MANIFEST_2004, {"two": "", "three": ""}), "safety", mayCreateNewVersion="true")
    return found


def versions(tenant: TestTenant, found: dict[str, str]) -> list[int]:
    session().rollback()
    return [registrations.get(tenant.id, id_).course_version for id_ in found.values()]


def test_a_dry_run_tells_and_changes_nothing(tenant: TestTenant, api: Api, learners: dict[str, str]) -> None:
    told = api.call("POST", PATH, {"version": 2, "dryRun": True}, status=200)
    assert told == {
        "fromVersion": 1,
        "toVersion": 2,
        "registrations": 3,
        "lookedAt": 3,
        "keepingProgress": 2,
        "beginningAnew": [learners["anew"]],
        "partsKept": ["two"],
        "partsAdded": ["three"],
        "partsRemoved": ["one"],
        "started": False,
    }
    work()
    assert versions(tenant, learners) == [1, 1, 1]


@pytest.mark.parametrize(("body", "expected", "left"), [({}, [1, 2, 2], 1), ({"beginAnew": True}, [2, 2, 2], 0)])
def test_all_are_moved_by_the_job(
    tenant: TestTenant, api: Api, learners: dict[str, str], body: dict[str, Any], expected: list[int], left: int
) -> None:
    told = api.call("POST", PATH, {"version": 2, **body}, status=200)
    assert (told["started"], told["registrations"]) == (True, 3)
    assert api.get(PATH) == {"version": 1, "registrations": 3, "running": True}
    work()
    assert versions(tenant, learners) == expected
    assert api.get(PATH) == {"version": 1, "registrations": left, "running": False}
    entries = session().scalars(select(AuditEntry).where(AuditEntry.tenant_id == tenant.id)).all()
    mine = [entry for entry in entries if entry.action in ("course.learners_moved", "registration.moved")]
    assert len(mine) == 1 + expected.count(2)
    assert {entry.actor for entry in mine} == {f"credential:{tenant.key}"}


@pytest.mark.usefixtures("learners")
@pytest.mark.parametrize(
    ("body", "status", "code"),
    [({"version": 1}, 400, "same_version"), ({"version": 9}, 404, "not_found"), ({}, 400, "invalid")],
)
@pytest.mark.parametrize("dry", [True, False])
def test_a_version_that_cannot_be_the_target_is_refused(
    api: Api, body: dict[str, Any], status: int, code: str, dry: bool
) -> None:
    assert api.call("POST", PATH, {**body, "dryRun": dry}, status=status)["code"] == code
    assert not api.get(PATH)["running"]


@pytest.mark.usefixtures("learners")
def test_a_rejected_version_is_no_target(api: Api) -> None:
    api.imported(b"PK no zip", "safety", mayCreateNewVersion="true")
    for dry in (True, False):
        found = api.call("POST", PATH, {"version": 3, "dryRun": dry}, status=409)
        assert "not ready but rejected" in found["message"]
