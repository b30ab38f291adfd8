"""Settings of the player in the console, and the package as it was uploaded."""

from __future__ import annotations

import io
import zipfile

import pytest

from core import tenants
from course_packages import catalogue
from registrations.settings import SETTINGS
from tests.conftest import TestTenant
from tests.server.console.conftest import Browser, make_course, present


def settings_of(tenant: TestTenant, course: str) -> dict[str, object]:
    present()
    return catalogue.get_course(tenant.id, course).settings


def test_every_setting_is_there_and_what_is_set_comes_back(tenant: TestTenant, admin: Browser) -> None:
    make_course(tenant.id, "safety")
    page = admin.get("/course/settings?id=safety").text
    for name in SETTINGS:
        assert f'name="{name}"' in page
    form = {
        "id": "safety",
        "maxAttempts": "3",
        "showProgressBar": "false",
        "statementLevel": "rollup",
        "scaleRawScore": "",
    }
    answer = admin.post("/course/settings", form)
    assert answer.status_code == 302
    assert settings_of(tenant, "safety") == {"maxAttempts": 3, "showProgressBar": False, "statementLevel": "rollup"}
    page = admin.get("/course/settings?id=safety").text
    assert page.count(">set here</span>") == 3
    assert '<option value="false" selected>' in page
    admin.post("/course/settings", {"id": "safety", "maxAttempts": ""})
    assert settings_of(tenant, "safety") == {"showProgressBar": False, "statementLevel": "rollup"}


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("maxAttempts", "many", "whole number"),
        ("maxAttempts", "9999999", "1000000"),
        ("statementLevel", "none", "one of"),
    ],
)
def test_a_wrong_value_is_named_and_nothing_is_stored(
    tenant: TestTenant, admin: Browser, name: str, value: str, said: str
) -> None:
    make_course(tenant.id, "safety")
    for path, more in (("/course/settings", {"id": "safety"}), ("/courses/settings", {})):
        admin.get("/courses/settings")
        answer = admin.post(path, {name: value, **more})
        assert answer.status_code == 422
        assert said in answer.text
    assert settings_of(tenant, "safety") == {}
    assert tenants.get(tenant.id).settings == {}


def test_defaults_of_the_tenant_show_on_its_courses(tenant: TestTenant, admin: Browser, instructor: Browser) -> None:
    make_course(tenant.id, "safety")
    admin.get("/courses/settings")
    assert admin.post("/courses/settings", {"maxAttempts": "5"}).status_code == 302
    present()
    assert tenants.get(tenant.id).settings == {"maxAttempts": 5}
    page = instructor.get("/course/settings?id=safety").text
    assert "as inherited: 5" in page
    assert "from the settings of all courses" in page
    # An instructor looks and cannot change.
    assert "Save</button>" not in page
    assert instructor.post("/course/settings", {"id": "safety", "maxAttempts": "1"}).status_code == 403
    assert instructor.get("/courses/settings").status_code == 403


def test_the_uploaded_package_is_downloaded_again(tenant: TestTenant, instructor: Browser) -> None:
    make_course(tenant.id, "safety")
    assert "/course/zip?id=safety" in instructor.get("/course?id=safety").text
    with instructor.get("/course/zip?id=safety&version=1") as answer:
        assert answer.headers["Content-Disposition"] == "attachment; filename=safety.zip"
        assert "imsmanifest.xml" in zipfile.ZipFile(io.BytesIO(answer.data)).namelist()
    assert instructor.get("/course/zip?id=safety&version=7").status_code == 404
    assert instructor.get("/course/zip?id=nothing").status_code == 404


def test_the_settings_page_tells_the_health(system: Browser) -> None:
    page = system.get("/settings").text
    assert "Health" in page
    assert "migrations" in page
    assert "up to date" in page
