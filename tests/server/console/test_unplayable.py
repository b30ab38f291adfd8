"""Courses of standards that are imported but not played: every way to launch them says so, and none pretends."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from core.db import session
from registrations.models import Launch
from tests.conftest import TestTenant
from tests.course_packages.building import zipped
from tests.course_packages.test_aicc import AU as AICC_AU
from tests.course_packages.test_aicc import CRS, CST, DES
from tests.course_packages.test_cmi5 import ABOUT, PLAIN
from tests.course_packages.test_tincan import ACTIVITY
from tests.scorm_runtime.packages import load, register
from tests.server.console.conftest import browser_of

CMI5 = (
    '<courseStructure xmlns="https://w3id.org/xapi/profiles/cmi5/v1/CourseStructure.xsd">'
    f'<course id="urn:c">{ABOUT}</course>{PLAIN}</courseStructure>'
)
PACKAGES = {
    "cmi5": {"cmi5.xml": CMI5, "index.html": ""},
    "xapi": {
        "tincan.xml": f'<tincan xmlns="http://projecttincan.com/tincan.xsd"><activities>{ACTIVITY}</activities></tincan>',
        "story.html": "",
    },
    "aicc": {"c.crs": CRS, "c.au": AICC_AU, "c.des": DES, "c.cst": CST, "one.html": "", "two.html": ""},
}


@pytest.mark.parametrize("standard", PACKAGES)
def test_rest_answers_a_conflict_that_names_the_standard(
    app: Flask, tenant: TestTenant, client: FlaskClient, standard: str
) -> None:
    registration = register(tenant.id, load(tenant.id, zipped(PACKAGES[standard])))
    answer = client.post(f"/api/v2/registrations/{registration}/launchLink", json={}, headers=tenant.auth)
    assert answer.status_code == 409
    assert standard in answer.json["message"]
    assert "SCORM 1.2 and SCORM 2004" in answer.json["message"]
    assert session().scalars(select(Launch).where(Launch.tenant_id == tenant.id)).all() == []


def test_the_console_says_so_and_offers_no_launch(app: Flask, tenant: TestTenant) -> None:
    registration = register(tenant.id, load(tenant.id, zipped(PACKAGES["cmi5"])))
    browser = browser_of(app, "tenant_administrator", tenant.id)
    course = browser.get("/course?id=safety")
    assert "This course cannot be launched." in course.text
    assert "/course/try" not in course.text
    assert "/registration/link" not in browser.get(f"/registration?id={registration}").text
    for path in ("/registration/link", "/registration/open"):
        answer = browser.post(path, {"id": registration})
        assert answer.status_code == 409
        assert "plays SCORM 1.2 and SCORM 2004, and this is cmi5" in answer.text
    assert browser.post("/course/try", {"id": "safety"}).status_code == 409


def test_the_learner_reads_it_in_their_language(app: Flask, tenant: TestTenant) -> None:
    registration = register(tenant.id, load(tenant.id, zipped(PACKAGES["aicc"])))
    browser = browser_of(app, "learner", tenant.id, learner_id="ayu")
    answer = browser.post("/my-courses/open", {"id": registration}, headers={
        "Origin": "http://localhost", "Accept-Language": "id",
    })  # fmt: skip
    assert answer.status_code == 409
    assert "Kursus ini tidak dapat dijalankan" in answer.text
