"""Options of an import by REST."""

from __future__ import annotations

import pytest

from core.db import unit_of_work
from course_packages import importing
from tests.course_packages.building import manifest_12, package
from tests.course_packages.test_course_structure import TWO
from tests.server.api.conftest import Api, work
from tests.server.console.conftest import browser_of

UNTITLED = package(manifest_12().replace("<title>Course</title>", ""))


@pytest.mark.parametrize(("query", "status"), [({}, "COMPLETE"), ({"strict": "true"}, "ERROR")])
def test_a_strict_import_repairs_nothing(api: Api, query: dict[str, str], status: str) -> None:
    job = api.imported(UNTITLED, "untitled", **query)
    assert job["status"] == status
    kind = "errors" if query else "repairs"
    assert [entry["code"] for entry in job["report"][kind]] == ["course_title_missing"]


def test_strict_is_true_or_false(api: Api) -> None:
    assert "strict" in api.upload(UNTITLED, "untitled", status=400, strict="very")["message"]


@pytest.mark.parametrize("form", [True, False])
def test_a_course_structure_without_a_zip(api: Api, form: bool) -> None:
    if form:
        job = api.imported(TWO.encode(), "cmi5")
    else:
        path = "/courses/importJobs/upload?courseId=cmi5&filename=my%20course.xml"
        sent = api.call("POST", path, status=200, data=TWO.encode(), content_type="application/xml")
        work()
        job = api.get(f"/courses/importJobs/{sent['result']}")
    assert job["status"] == "COMPLETE", job
    assert api.get("/courses/cmi5")["courseLearningStandard"] == "CMI5"
    assert [file["path"] for file in api.get("/courses/cmi5/asset/list")["files"]] == ["cmi5.xml"]
    given = api.get("/courses/cmi5/zip")
    assert given.data == TWO.encode()
    assert form or given.mimetype == "text/xml"
    registration = api.register("cmi5")
    refused = api.call("POST", f"/registrations/{registration}/launchLink", {}, status=409)
    assert "cmi5" in refused["message"]


def test_a_package_that_was_not_fetched_cannot_be_downloaded(api: Api) -> None:
    with unit_of_work():
        importing.start_import(api.tenant.id, "away", "https://example.org/course.zip", "course.zip")
    assert "no package" in api.call("GET", "/courses/away/versions/1/zip", status=404)["message"]
    browser = browser_of(api.app, "instructor", api.tenant.id)
    assert browser.get("/course/zip?id=away&version=1").status_code == 404
    assert "/course/zip" not in browser.get("/course?id=away").text
