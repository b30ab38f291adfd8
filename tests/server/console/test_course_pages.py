"""The pages of one course beyond its overview: fetching, describing, files, moving learners, deleting."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from core.audit import AuditEntry
from core.db import unit_of_work
from course_packages import catalogue, importing
from course_packages.models import Course, ImportJob
from registrations import registrations
from registrations.models import Registration
from scorm_runtime import upgrading_many
from server import jobs
from server.console import access
from tests.conftest import TestTenant
from tests.course_packages.pictures import colour_of, image
from tests.scorm_runtime.packages import MANIFEST_12, MANIFEST_2004, launch, load, register, stored
from tests.scorm_runtime.packages import package as course
from tests.server.console.conftest import (
    HOSTILE,
    Browser,
    browser_of,
    complete,
    drain,
    make_course,
    make_registration,
    package,
    present,
)
from tests.serving import serving


@pytest.fixture
def may_fetch(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine counts as one that may be reached."""
    monkeypatch.setitem(app.config, "REKAM", replace(app.config["REKAM"], webhook_networks="127.0.0.0/8"))


# --- fetching -----------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("may_fetch")
def test_a_package_is_fetched_from_an_address(tenant: TestTenant, admin: Browser) -> None:
    with serving(package("Fetched").getvalue()) as address:
        begun = admin.post("/courses/fetch", {"url": f"{address}Fire%20safety.zip", "new": "yes"})
        assert begun.status_code == 302, begun.text
        waiting = admin.get(begun.location).text
        assert "Waiting for a worker" in waiting
        assert "Cancel the import" in waiting
        drain()
    assert "The course is ready." in admin.get(begun.location).text
    assert "Fetched" in admin.get("/course?id=fire-safety").text
    # The same address again: a new version of the course, or refused as a course of the same id.
    form = admin.get("/courses/fetch?course_id=fire-safety").text
    assert 'name="course_id" value="fire-safety"' in form
    taken = admin.post("/courses/fetch", {"url": f"{address}x.zip", "new": "yes", "course_id": "fire-safety"})
    assert (taken.status_code, "already is a course" in taken.text) == (422, True)
    with serving(package("Second").getvalue()) as address:
        admin.post("/courses/fetch", {"url": f"{address}x.zip", "course_id": "fire-safety"})
        drain()
    assert [v.status for v in catalogue.list_versions(tenant.id, "fire-safety")] == ["ready", "ready"]


@pytest.mark.usefixtures("may_fetch")
def test_what_is_not_there_is_told_on_the_page_of_the_import(admin: Browser) -> None:
    with serving(b"gone", status=404) as address:
        begun = admin.post("/courses/fetch", {"url": f"{address}a.zip", "new": "yes"})
        drain()
    page = admin.get(begun.location).text
    assert "The package was rejected." in page
    assert "404" in page


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://127.0.0.1:9/a.zip", "not public"),
        ("file:///etc/passwd", "https://"),
        ("", "https://"),
        ("http://[", "URL"),
        ("http://user:pw@example.org/a.zip", "user name"),
        (HOSTILE, "&lt;script&gt;"),
    ],
)
def test_an_address_that_may_not_be_reached_is_refused_in_the_form(
    tenant: TestTenant, admin: Browser, url: str, said: str
) -> None:
    answer = admin.post("/courses/fetch", {"url": url, "new": "yes", "course_id": "kept"})
    assert answer.status_code == 422
    assert said in answer.text
    assert 'value="kept"' in answer.text, "what was written stays"
    assert "<script>alert" not in answer.text
    assert present().scalar(select(func.count()).where(ImportJob.tenant_id == tenant.id)) == 0


def test_a_percentage_that_is_none_is_refused(admin: Browser) -> None:
    answer = admin.post("/courses/fetch", {"url": "http://192.0.2.1/a.zip", "threshold": "101", "new": "yes"})
    assert answer.status_code == 422


# --- describing ---------------------------------------------------------------------------------------------------


def test_a_course_is_described(tenant: TestTenant, admin: Browser) -> None:
    make_course(tenant.id, "c", "Of the package")
    said = {
        "id": "c",
        "title": "Ours",
        "description": f"About {HOSTILE}",
        "tags": "fire, safety, fire",
        "minutes": "1,5",
    }
    assert admin.post("/course/edit", said).status_code == 302
    present()
    found = catalogue.get_course(tenant.id, "c")
    assert (found.title, found.tags, found.duration, found.own_title) == ("Ours", ["fire", "safety"], 90.0, True)
    page = admin.get("/course?id=c").text
    assert "About &lt;script&gt;" in page
    assert "1 min 30 s" in page
    form = admin.get("/course/edit?id=c").text
    assert 'value="1.5"' in form
    assert 'value="fire, safety"' in form
    assert "In the package: Of the package" in form
    # Emptied, the package decides again; a title that was not touched is not made the course's own.
    make_course(tenant.id, "d", "Of the package")
    assert admin.post("/course/edit", {"id": "d", "title": "Of the package"}).status_code == 302
    present()
    other = catalogue.get_course(tenant.id, "d")
    assert (other.own_title, other.description, other.duration, other.tags) == (False, None, None, [])


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"title": " "}, "needs a title"),
        ({"minutes": "long"}, "number of minutes"),
        ({"minutes": "-1"}, "number of minutes"),
        ({"minutes": "9999999"}, "duration"),
        ({"minutes": "1.2.3"}, "number of minutes"),
        ({"tags": ",".join(map(str, range(101)))}, "100 tags"),
        ({"tags": "x" * 256}, "100 tags"),
    ],
)
def test_what_cannot_be_said_of_a_course(tenant: TestTenant, admin: Browser, wrong: dict[str, str], said: str) -> None:
    make_course(tenant.id, "c", "Before")
    answer = admin.post("/course/edit", {"id": "c", "title": "After", "description": "Kept in the form", **wrong})
    assert answer.status_code == 422
    assert said in answer.text
    assert "Kept in the form" in answer.text
    present()
    found = catalogue.get_course(tenant.id, "c")
    assert (found.title, found.description) == ("Before", None), "nothing half done"


def picture(browser: Browser, path: str) -> bytes:
    with browser.get(path) as answer:
        assert (answer.status_code, answer.mimetype) == (200, "image/jpeg")
        return answer.data


def test_a_picture_is_put_shown_and_taken_back(app: Flask, tenant: TestTenant, admin: Browser) -> None:
    make_course(tenant.id, "c")
    assert "<img" not in admin.get("/courses").text
    assert "This course has no picture." in admin.get("/course/edit?id=c").text
    assert admin.get("/course/thumbnail?id=c").status_code == 404
    sent = {"id": "c", "csrf": admin.csrf, "file": (io.BytesIO(image()), "a.png")}
    assert admin.post("/course/thumbnail", sent, content_type="multipart/form-data").status_code == 302
    for path in ("/courses", "/course?id=c", "/course/edit?id=c"):
        found = re.search(r'<img class="\w+" src="([^"]+)"', admin.get(path).text)
        assert found is not None, path
        assert colour_of(picture(admin, found[1].replace("&amp;", "&")))[0] == (640, 427)
    # The learner sees it too, and not that of a course they are not registered for.
    mine, _uuid = make_registration(tenant.id, "c", "me")
    other, _uuid = make_registration(tenant.id, "c", "somebody")
    learner = browser_of(app, "learner", tenant.id, learner_id="me")
    assert f"/my-courses/picture?id={mine}" in learner.get("/my-courses").text
    assert picture(learner, f"/my-courses/picture?id={mine}")[:2] == b"\xff\xd8"
    assert learner.get(f"/my-courses/picture?id={other}").status_code == 404
    assert admin.post("/course/thumbnail", {"id": "c", "remove": "yes"}).status_code == 302
    assert "<img" not in admin.get("/courses").text


@pytest.mark.parametrize(("data", "status"), [(b"no picture", 422), (b"", 422), (bytes(9000), 413)])
def test_what_is_no_picture_is_refused(
    tenant: TestTenant, admin: Browser, monkeypatch: pytest.MonkeyPatch, data: bytes, status: int
) -> None:
    make_course(tenant.id, "c")
    monkeypatch.setitem(access.UPLOADS, "console.course_thumbnail_save", 8000)
    sent = {"id": "c", "file": (io.BytesIO(data), "a.png")}
    headers = {"Origin": "http://localhost", "X-CSRF-Token": admin.csrf}
    answer = admin.post("/course/thumbnail", sent, content_type="multipart/form-data", headers=headers)
    assert answer.status_code == status
    assert present().scalars(select(Course.thumbnail).where(Course.tenant_id == tenant.id)).all() == [None]


# --- files --------------------------------------------------------------------------------------------------------


def test_files_are_listed_searched_and_downloaded(tenant: TestTenant, admin: Browser, instructor: Browser) -> None:
    make_course(tenant.id, "c")
    page = admin.get("/course/files?id=c").text
    assert "imsmanifest.xml" in page
    assert "index.html" in page
    assert "imsmanifest.xml" not in admin.get("/course/files?id=c&q=INDEX").text
    assert "No file matches" in admin.get("/course/files?id=c&q=%25").text
    shown = instructor.get("/course/file?id=c&path=index.html").text
    assert "text/html" in shown
    assert "Put another file" not in shown
    with instructor.get("/course/file/content?id=c&path=index.html") as got:
        assert got.data == b"<p>content"
        assert got.headers["Content-Disposition"].startswith("attachment")
        assert got.mimetype == "application/octet-stream"
    for path in ("id=c&path=none", "id=none&path=index.html", "id=c&version=7&path=index.html", "id=c&version=x"):
        assert admin.get(f"/course/file?{path}").status_code == 404, path
        assert admin.get(f"/course/file/content?{path}").status_code == 404, path


def content(browser: Browser, query: str) -> bytes:
    """A file as it is downloaded."""
    with browser.get(f"/course/file/content?{query}") as answer:
        assert answer.status_code == 200, query
        return answer.data


def put(browser: Browser, data: bytes, name: str = "new.html", **form: str) -> TestResponse:
    """Send a file in place of another as the script does."""
    return browser.post(
        "/course/file",
        {"file": (io.BytesIO(data), name), **form},
        headers={"Origin": "http://localhost", "X-CSRF-Token": browser.csrf, "Accept": "application/json"},
        content_type="multipart/form-data",
    )


def test_a_file_is_replaced_as_a_new_version(tenant: TestTenant, admin: Browser) -> None:
    make_course(tenant.id, "c")
    answer = put(admin, b"<p>better", id="c", path="index.html")
    assert answer.status_code == 201
    drain()
    assert "The course is ready." in admin.get(answer.get_json()["location"]).text
    assert content(admin, "id=c&path=index.html") == b"<p>better"
    assert content(admin, "id=c&version=1&path=index.html") == b"<p>content"
    # In an older version there is nothing to replace, but a way to the newest.
    old = admin.get("/course/file?id=c&version=1&path=index.html").text
    assert "Put another file" not in old
    assert "Files of version 2" in old
    # Ending with a slash, the path is a folder.
    assert put(admin, b"more", "a.png", id="c", path="media/").status_code == 201
    drain()
    assert content(admin, "id=c&path=media/a.png") == b"more"
    actions = present().scalars(select(AuditEntry.action).where(AuditEntry.tenant_id == tenant.id)).all()
    assert actions.count("course.asset_replaced") == 2


@pytest.mark.parametrize("path", ["../up.html", "/", "a//b", "a\\b", ""])
def test_a_path_that_leads_out_of_the_package_is_refused(tenant: TestTenant, admin: Browser, path: str) -> None:
    make_course(tenant.id, "c")
    assert put(admin, b"x", "..", id="c", path=path).status_code == 400
    assert len(catalogue.list_versions(tenant.id, "c")) == 1


def test_the_file_of_a_media_course_is_not_replaced_alone(tenant: TestTenant, admin: Browser) -> None:
    blob = importing.stage(io.BytesIO(b"%PDF-1.4\n"))
    with unit_of_work():
        importing.start_import(tenant.id, "m", blob, "a.pdf")
    drain()
    assert "Add a file" not in admin.get("/course/files?id=m").text
    refused = put(admin, b"%PDF", id="m", path="a.pdf")
    assert refused.status_code == 409
    assert "single file" in refused.get_json()["error"]["message"]
    with admin.get("/course/zip?id=m") as got:
        assert got.mimetype == "application/pdf"


# --- moving -------------------------------------------------------------------------------------------------------


@pytest.fixture
def two_versions(app: Flask, tenant: TestTenant) -> dict[str, str]:
    """Three learners on version 1 of the course `safety`: one who tracked what version 2 has not, one who did not, one new."""
    load(tenant.id, course(MANIFEST_2004, {"one": "", "two": ""}))
    found = {name: register(tenant.id, "safety", name) for name in ("goes-on", "begins-anew", "new")}
    launch(app, tenant.id, found["begins-anew"]).send({"cmi.location": "3", "cmi.exit": "suspend"})
    load(tenant.id, course(MANIFEST_2004, {"two": "", "three": ""}))
    return found


def versions(tenant: TestTenant, found: dict[str, str]) -> list[int]:
    present()
    return [stored(tenant.id, id_).course_version for id_ in found.values()]


def test_the_dry_run_tells_what_is_kept_and_changes_nothing(
    tenant: TestTenant, admin: Browser, two_versions: dict[str, str]
) -> None:
    page = admin.get("/course/move?id=safety").text
    figures = re.findall(r'<dd class="value">(\d+)</dd>', page)
    assert figures == ["3", "2", "1"]
    assert "Who would begin anew" in page
    assert f"registration?id={two_versions['begins-anew']}" in page
    assert "<bdi>Three</bdi>" in page, "the new part by its title"
    assert "<bdi>One</bdi>" in page, "the one that goes"
    assert versions(tenant, two_versions) == [1, 1, 1]
    assert "There is only one version" not in page
    assert "Nobody is on version 2" in admin.get("/course/move?id=safety&before=2&after=1").text


@pytest.mark.parametrize(("who", "expected"), [("keeping", [2, 1, 2]), ("all", [2, 2, 2])])
def test_learners_are_moved_by_a_job(
    tenant: TestTenant, admin: Browser, two_versions: dict[str, str], who: str, expected: list[int]
) -> None:
    admin.get("/course/move?id=safety")
    moved = admin.post("/course/move", {"id": "safety", "before": "1", "after": "2", "who": who})
    assert moved.status_code == 302
    assert "are being moved" in admin.get(moved.location).text
    present()
    assert upgrading_many.is_running(tenant.id, "safety")
    drain()
    assert versions(tenant, two_versions) == expected
    assert not upgrading_many.is_running(tenant.id, "safety")
    # Who began anew keeps what was as an earlier attempt.
    instance = registrations.get(tenant.id, two_versions["begins-anew"]).instance
    assert instance == (1 if who == "all" else 0)
    entries = present().scalars(select(AuditEntry).where(AuditEntry.tenant_id == tenant.id)).all()
    assert [e.action for e in entries].count("registration.moved") == expected.count(2)
    assert {e.actor for e in entries if e.action == "registration.moved"} == {
        e.actor for e in entries if e.action == "course.learners_moved"
    }


@pytest.mark.usefixtures("two_versions")
@pytest.mark.parametrize("data", [{"before": "1", "after": "1"}, {"before": "9", "after": "2"}, {"before": "1"}, {}])
def test_versions_that_are_none_are_refused(admin: Browser, data: dict[str, str]) -> None:
    admin.get("/courses")
    assert admin.post("/course/move", {"id": "safety", **data}).status_code == 400
    assert admin.post("/course/move", {"id": "none", "before": "1", "after": "2"}).status_code == 404


def test_a_version_deleted_meanwhile_leaves_everybody_where_they_are(
    tenant: TestTenant, two_versions: dict[str, str]
) -> None:
    with unit_of_work():
        upgrading_many.start(tenant.id, "safety", 1, 2, actor="system", only_keeping=False)
    with unit_of_work():
        catalogue.delete_version(tenant.id, "safety", 2)
    while jobs.drain(50):
        pass
    assert versions(tenant, two_versions) == [1, 1, 1]


def test_one_registration_is_moved_after_a_look(
    tenant: TestTenant, admin: Browser, two_versions: dict[str, str]
) -> None:
    goes_on, anew = two_versions["goes-on"], two_versions["begins-anew"]
    assert f"/registration/move?id={goes_on}" in admin.get(f"/registration?id={goes_on}").text
    assert "The progress is kept." in admin.get(f"/registration/move?id={goes_on}").text
    assert "The learner begins anew." in admin.get(f"/registration/move?id={anew}&after=2").text
    assert admin.post("/registration/move", {"id": goes_on, "after": "2"}).status_code == 302
    assert versions(tenant, two_versions) == [2, 1, 1]
    again = admin.post("/registration/move", {"id": goes_on, "after": "2"})
    assert (again.status_code, "on this version already" in again.text) == (409, True)
    assert admin.post("/registration/move", {"id": goes_on, "after": "7"}).status_code == 400


def test_other_standards_begin_anew(app: Flask, tenant: TestTenant, admin: Browser) -> None:
    load(tenant.id, course(MANIFEST_12, {"one": ""}))
    registration = register(tenant.id, "safety")
    launch(app, tenant.id, registration)
    load(tenant.id, course(MANIFEST_2004, {"one": ""}))
    assert "The learner begins anew." in admin.get(f"/registration/move?id={registration}").text


# --- deleting -----------------------------------------------------------------------------------------------------


def test_what_depends_on_a_course_is_shown_before_it_is_deleted(tenant: TestTenant, admin: Browser) -> None:
    make_course(tenant.id, "c", "A course")
    one, _uuid = make_registration(tenant.id, "c", "one")
    make_registration(tenant.id, "c", "two")
    complete(tenant.id, one)
    page = admin.get("/course/delete?id=c").text
    assert re.findall(r'<dd class="value">(\d+)</dd>', page)[:3] == ["2", "1", "0"]
    refused = admin.post("/course/delete", {"id": "c", "confirm": "yes"})
    assert refused.status_code == 422
    assert "Write the id of the course" in refused.text
    done = admin.post("/course/delete", {"id": "c", "confirm": "c"})
    assert done.status_code == 302
    assert "with 2 registrations" in admin.get(done.location).text
    assert admin.get("/course?id=c").status_code == 404
    assert present().scalar(select(func.count()).where(Registration.tenant_id == tenant.id)) == 0


def test_a_version_goes_when_nobody_is_on_it(tenant: TestTenant, admin: Browser) -> None:
    make_course(tenant.id, "c", "One")
    only = admin.post("/course/delete", {"id": "c", "version": "1"})
    assert (only.status_code, "only version" in only.text) == (409, True)
    registration, _uuid = make_registration(tenant.id, "c")
    make_course(tenant.id, "c", "Two")
    page = admin.get("/course/delete?id=c&version=1").text
    assert "Learners are on this version." in page
    assert "/course/move?id=c&amp;before=1" in page
    refused = admin.post("/course/delete", {"id": "c", "version": "1"})
    assert (refused.status_code, "1 registration is on this version" in refused.text) == (409, True)
    assert admin.post("/registration/move", {"id": registration, "after": "2"}).status_code == 302
    assert admin.post("/course/delete", {"id": "c", "version": "1"}).status_code == 302
    present()
    assert [v.number for v in catalogue.list_versions(tenant.id, "c")] == [2]
    assert admin.post("/course/delete", {"id": "c", "version": "1"}).status_code == 400


def test_another_tenant_reaches_none_of_these_pages(
    app: Flask, tenant: TestTenant, other_tenant: TestTenant, two_versions: dict[str, str]
) -> None:
    stranger = browser_of(app, "tenant_administrator", other_tenant.id)
    registration = two_versions["new"]
    for path in (
        "/course/edit?id=safety",
        "/course/files?id=safety",
        "/course/file?id=safety&path=one.html",
        "/course/file/content?id=safety&path=one.html",
        "/course/move?id=safety",
        "/course/delete?id=safety",
        "/course/thumbnail?id=safety",
        f"/registration/move?id={registration}",
    ):
        assert stranger.get(path).status_code == 404, path
    posts: dict[str, dict[str, Any]] = {
        "/course/edit": {"id": "safety", "title": "Mine"},
        "/course/move": {"id": "safety", "before": "1", "after": "2"},
        "/course/delete": {"id": "safety", "confirm": "safety"},
        "/registration/move": {"id": registration, "after": "2"},
    }
    for path, data in posts.items():
        assert stranger.post(path, data).status_code == 404, path
    assert stranger.post("/course/delete", {"id": "safety", "version": "1"}).status_code == 404
    assert put(stranger, b"x", id="safety", path="one.html").status_code == 404
    assert versions(tenant, two_versions) == [1, 1, 1]
