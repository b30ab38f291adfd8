"""The pages: what they show, what they do, that hostile text stays text and other tenants stay apart."""

from __future__ import annotations

import io
import re
import time
from datetime import datetime, timedelta
from urllib.parse import quote

import pytest
from flask import Flask
from sqlalchemy import select

from core import audit, clock, credentials
from core.audit import AuditEntry
from core.db import unit_of_work
from course_packages.models import Course
from lrs import query
from lrs.consistency import stored_time
from registrations.models import Registration
from server.console import daily
from tests.conftest import TestTenant
from tests.course_packages.building import manifest_12, zipped
from tests.course_packages.test_course_structure import TWO
from tests.server.console.conftest import (
    HOSTILE,
    Browser,
    authenticate,
    browser_of,
    complete,
    drain,
    make_course,
    make_person,
    make_registration,
    make_statement,
    make_statements,
    package,
    present,
)

LISTS = (
    "/",
    "/courses",
    "/registrations",
    "/learners",
    "/statements",
    "/webhooks",
    "/credentials",
    "/people",
    "/audit",
)


def test_every_page_of_an_empty_tenant_says_what_to_do_next(system: Browser) -> None:
    expected = {
        "/": "Welcome to Rekam",
        "/courses": "No courses yet",
        "/registrations": "No registrations yet",
        "/learners": "No learners yet",
        "/statements": "No statements yet",
        "/webhooks": "No webhooks yet",
        "/people": "Nobody of this tenant can sign in yet",
        "/credentials": "New credential",
        "/audit": "Audit log",
        "/tenants": "New tenant",
        "/settings": "REKAM_BASE_URL",
    }
    for path, text in expected.items():
        answer = system.get(path)
        assert answer.status_code == 200, path
        assert text in answer.text, path


def test_hostile_text_stays_text_on_every_page(app: Flask, tenant: TestTenant, system: Browser) -> None:
    make_course(tenant.id, "evil", HOSTILE, item=HOSTILE)
    names = {"first_name": HOSTILE, "last_name": HOSTILE, "email": f"{HOSTILE}@x"}
    registration, uuid = make_registration(tenant.id, "evil", f"l-{HOSTILE}", **names)
    statement = make_statement(
        tenant.id,
        name=HOSTILE,
        verb="answered",
        object={"id": "http://example.org/x", "definition": {"name": {"en": HOSTILE}}},
        result={"response": HOSTILE, "success": False},
        context={"registration": uuid, "extensions": {"http://example.org/e": HOSTILE}},
    )
    make_statement(tenant.id, verb=quote(HOSTILE), context={"registration": uuid})
    make_person("instructor", tenant.id, name=HOSTILE)
    with unit_of_work():
        credentials.create(tenant.id, ["rest"], name=HOSTILE)
    system.post("/webhooks", {"url": "https://example.org/hook", "description": HOSTILE})
    webhook = re.search(r"/webhook\?id=[0-9a-f-]+", system.get("/webhooks").text)
    assert webhook is not None
    learner = quote(f"l-{HOSTILE}")
    pages = [
        *LISTS,
        webhook[0],
        "/course?id=evil",
        f"/registration?id={registration}",
        f"/learner?id={learner}",
        f"/statement?id={statement}",
        f"/statements?learner={learner}",
        f"/courses?q={quote(HOSTILE)}",
        f"/learners?q={quote(HOSTILE)}",
        f"/audit?q={quote(HOSTILE)}",
        f"/registrations?q={quote(HOSTILE)}&course={quote(HOSTILE)}",
        f"/course?id={quote(HOSTILE)}",
        f"/statements?since={quote(HOSTILE)}",
    ]
    seen = 0
    for path in pages:
        answer = system.get(path)
        assert answer.status_code in (200, 404), path
        assert "<script>alert" not in answer.text, path
        assert "<img" not in answer.text, path
        seen += "&lt;script&gt;alert" in answer.text
    assert seen >= 15, "the probe did reach the pages"


def test_another_tenant_sees_nothing(app: Flask, tenant: TestTenant, other_tenant: TestTenant, admin: Browser) -> None:
    make_course(tenant.id, "hidden-thing-course", "Hidden-thing title")
    registration, _uuid = make_registration(
        tenant.id, "hidden-thing-course", "hidden-thing-learner", last_name="Hidden-thing-name"
    )
    statement = make_statement(tenant.id, name="Hidden-thing-name")
    admin.post("/webhooks", {"url": "https://hidden-thing.example/hook"})
    webhook = re.search(r"/webhook\?id=([0-9a-f-]+)", admin.get("/webhooks").text)
    assert webhook is not None
    stranger = browser_of(app, "tenant_administrator", other_tenant.id)
    for path in LISTS:
        assert "hidden-thing" not in stranger.get(path).text.lower(), path
    found = stranger.get(f"/statement?id={statement}")
    assert "There is no such statement" in found.text
    for path in (
        "/course?id=hidden-thing-course",
        f"/registration?id={registration}",
        "/learner?id=hidden-thing-learner",
        webhook[0],
    ):
        assert stranger.get(path).status_code == 404, path
    for path, data in (
        ("/course/delete", {"id": "hidden-thing-course"}),
        ("/course/edit", {"id": "hidden-thing-course", "title": "Mine"}),
        ("/course/try", {"id": "hidden-thing-course"}),
        ("/registration/reset", {"id": registration}),
        ("/registration/delete", {"id": registration}),
        ("/registration/link", {"id": registration}),
        ("/registration/open", {"id": registration}),
        ("/credentials/rotate", {"key": tenant.key}),
        ("/credentials/revoke", {"key": tenant.key}),
        ("/webhook/rotate", {"id": webhook[1]}),
        ("/webhook/delete", {"id": webhook[1]}),
        ("/webhook/test", {"id": webhook[1]}),
        ("/webhook/replay", {"id": webhook[1]}),
        ("/webhook", {"id": webhook[1], "url": "https://evil.example"}),
    ):
        assert stranger.post(path, data).status_code == 404, path
    victim = make_person("instructor", tenant.id)
    for path in ("/people/reset", "/people/disable", "/people/role"):
        data = {"id": victim.id, "disabled": "yes", "role": "instructor"}
        assert stranger.post(path, data).status_code == 404, path
    assert authenticate(tenant.key, tenant.secret).tenant_id == tenant.id


def test_only_system_administrators_change_tenants(
    app: Flask, tenant: TestTenant, other_tenant: TestTenant, admin: Browser, system: Browser
) -> None:
    make_course(tenant.id, "here", "Title of here")
    make_course(other_tenant.id, "there", "Title of there")
    assert admin.post("/tenant", {"tenant": str(other_tenant.id)}).status_code == 403
    assert "Title of there" not in admin.get("/courses").text
    assert "Title of here" in system.get("/courses").text
    assert system.post("/tenant", {"tenant": str(other_tenant.id)}).status_code == 302
    page = system.get("/courses").text
    assert "Title of there" in page
    assert "Title of here" not in page
    for bad in ("", "x", "-1", "9" * 12, "²"):
        assert system.post("/tenant", {"tenant": bad}).status_code == 400, bad
    assert system.post("/tenant", {"tenant": "999999999"}).status_code == 404


def test_a_new_tenant_is_looked_at_at_once(system: Browser) -> None:
    assert system.post("/tenants", {"name": ""}).status_code == 422
    app_id = f"app-{time.time_ns()}"
    assert system.post("/tenants", {"name": "Balai Diklat", "app_id": app_id}).status_code == 302
    assert "Balai Diklat" in system.get("/").text
    again = system.post("/tenants", {"name": "Twice", "app_id": app_id})
    assert again.status_code == 422
    assert "already is a tenant" in again.text


# --- courses ----------------------------------------------------------------------------------------------------------


def upload(browser: Browser, content: io.BytesIO, name: str, **data: str) -> str:
    """Send a package as the script does; returns the address of the import."""
    answer = browser.post(
        "/courses/upload",
        {"file": (content, name), "new": "yes", **data},
        headers={"Origin": "http://localhost", "X-CSRF-Token": browser.csrf, "Accept": "application/json"},
        content_type="multipart/form-data",
    )
    assert answer.status_code == 201, answer.text
    location: str = answer.get_json()["location"]
    return location


def test_a_package_is_uploaded_imported_and_tried(app: Flask, tenant: TestTenant, admin: Browser) -> None:
    import_page = upload(admin, package("Safety first"), "Safety & health.zip")
    drain()
    page = admin.get(import_page)
    assert "The course is ready." in page.text
    shown = admin.get("/course?id=safety-health").text
    assert "Safety first" in shown
    assert "A lesson" in shown
    assert "SCORM 1.2" in shown
    launched = admin.post("/course/try", {"id": "safety-health"})
    assert launched.status_code == 303
    assert launched.location.startswith("http://content.localhost/launch/")
    first = present().scalars(select(Registration).where(Registration.tenant_id == tenant.id)).all()
    assert len(first) == 1
    # The next try goes on with the same registration.
    assert admin.post("/course/try", {"id": "safety-health"}).status_code == 303
    assert len(present().scalars(select(Registration.id).where(Registration.tenant_id == tenant.id)).all()) == 1
    assert "Test learner" in admin.get("/registrations").text


@pytest.mark.parametrize(
    ("strict", "said"), [({}, "The course is ready."), ({"strict": "yes"}, "The course has no title")]
)
def test_an_author_may_ask_for_a_strict_import(admin: Browser, strict: dict[str, str], said: str) -> None:
    untitled = zipped({"imsmanifest.xml": manifest_12().replace("<title>Course</title>", ""), "index.html": ""})
    import_page = upload(admin, io.BytesIO(untitled), "a.zip", **strict)
    drain()
    assert said in admin.get(import_page).text
    assert 'name="strict"' in admin.get("/courses").text
    assert 'name="strict"' in admin.get("/courses/fetch").text


def test_a_course_structure_without_a_zip_is_a_course_that_is_not_played_yet(admin: Browser) -> None:
    import_page = upload(admin, io.BytesIO(TWO.encode()), "cmi5.xml")
    drain()
    assert "The course is ready." in admin.get(import_page).text
    shown = admin.get("/course?id=cmi5").text
    assert "<bdi>T</bdi>" in shown
    assert "This course cannot be launched." in shown
    assert "cmi5.xml" in admin.get("/course/files?id=cmi5").text
    assert ".xml" in admin.get("/courses").text


def test_the_same_file_again_is_a_course_of_its_own_and_an_id_is_not_taken_twice(admin: Browser) -> None:
    upload(admin, package(), "a.zip")
    upload(admin, package(), "a.zip")
    drain()
    assert admin.get("/course?id=a-2").status_code == 200
    taken = admin.post(
        "/courses/upload",
        {"file": (package(), "b.zip"), "new": "yes", "course_id": "a"},
        content_type="multipart/form-data",
    )
    assert taken.status_code == 409
    assert "already is a course" in taken.text


def test_a_new_version_is_uploaded_to_a_course(admin: Browser) -> None:
    upload(admin, package("One"), "a.zip")
    drain()
    admin.post(
        "/courses/upload", {"file": (package("Two"), "a.zip"), "course_id": "a"}, content_type="multipart/form-data"
    )
    drain()
    page = admin.get("/course?id=a").text
    assert "version 2" in page
    assert "One" in admin.get("/course?id=a&version=1").text


@pytest.mark.parametrize(
    ("content", "said"), [(io.BytesIO(b"no zip at all"), "zip"), (package(missing=True), "index.html")]
)
def test_a_rejected_package_says_why_and_what_to_do(admin: Browser, content: io.BytesIO, said: str) -> None:
    content.seek(0)
    import_page = upload(admin, io.BytesIO(content.read()), "bad.zip")
    drain()
    page = admin.get(import_page)
    assert "The package was rejected." in page.text
    assert said in page.text
    assert "What to do" in page.text
    assert "bad.zip" in admin.get("/").text, "the first page points at it"
    assert "Rejected" in admin.get("/courses").text
    in_indonesian = admin.get(import_page, headers={"Accept-Language": "id"}).text
    assert "Yang perlu dilakukan" in in_indonesian


def test_an_upload_without_a_file_or_a_session_is_refused(app: Flask, admin: Browser) -> None:
    assert admin.post("/courses/upload", {}).status_code == 400
    stranger = Browser(app)
    stranger.get("/login")
    assert stranger.post("/courses/upload", {"file": (package(), "a.zip")}).status_code == 302
    assert admin.get("/courses/import?id=none").status_code == 404


def test_courses_are_searched_sorted_and_paged(app: Flask, tenant: TestTenant, admin: Browser) -> None:
    with unit_of_work() as current:
        for number in range(27):
            current.add(Course(tenant_id=tenant.id, id=f"c{number:02}", title=f"Course {number:02} 100%"))
    titles = re.findall(r"Course (\d\d) 100%", admin.get("/courses?sort=title").text)
    assert titles == [f"{n:02}" for n in range(25)]
    assert re.findall(r"Course (\d\d) 100%", admin.get("/courses?sort=title&page=2").text) == ["25", "26"]
    assert re.findall(r"Course (\d\d) 100%", admin.get("/courses?sort=-title").text)[0] == "26"
    assert re.findall(r"Course (\d\d) 100%", admin.get("/courses?q=course%2007").text) == ["07"]
    assert "No course matches" in admin.get("/courses?q=1005").text, "% is no wildcard"
    for odd in ("/courses?page=0", "/courses?page=" + "9" * 4400, "/courses?page=-1", "/courses?sort=password_hash"):
        assert admin.get(odd).status_code == 200
    assert 'aria-sort="ascending"' in admin.get("/courses?sort=title").text


def test_a_course_is_renamed_and_deleted(tenant: TestTenant, admin: Browser) -> None:
    make_course(tenant.id, "c", "Old")
    assert admin.post("/course/edit", {"id": "c", "title": "New name"}).status_code == 302
    assert "New name" in admin.get("/course?id=c").text
    registration, _uuid = make_registration(tenant.id, "c")
    assert admin.post("/registration/delete", {"id": registration}).status_code == 302
    assert admin.post("/course/delete", {"id": "c"}).status_code == 302
    assert admin.get("/course?id=c").status_code == 404
    actions = present().scalars(select(AuditEntry.action).where(AuditEntry.tenant_id == tenant.id)).all()
    assert {"course.described", "registration.deleted", "course.deleted"} <= set(actions)


# --- registrations and learners ---------------------------------------------------------------------------------------


def test_a_registration_from_the_form_to_its_completion(tenant: TestTenant, admin: Browser) -> None:
    make_course(tenant.id, "c", "Safety")
    for data, said in (
        ({"course": "c", "learner_id": " "}, "needs an id"),
        ({"course": "none", "learner_id": "l"}, "Choose a course"),
        ({"course": "c", "learner_id": "x" * 256}, "255"),
    ):
        answer = admin.post("/registrations", data)
        assert answer.status_code == 422
        assert said in answer.text
    made = admin.post("/registrations", {"course": "c", "learner_id": "siti/1 ü", "first_name": "Siti"})
    assert made.status_code == 302
    registration = present().scalars(select(Registration).where(Registration.tenant_id == tenant.id)).one()
    page = admin.get(made.location).text
    assert "Not started" in page
    assert "Nothing was reported yet." in page
    complete(tenant.id, registration.id)
    page = admin.get(made.location).text
    assert "Passed" in page
    assert "80 %" in page
    assert "12 min 34 s" in page
    assert "passing score of the package" in page
    assert "Siti" in admin.get("/registrations?state=passed").text
    assert "No registration matches" in admin.get("/registrations?state=failed").text
    assert "Siti" in admin.get("/registrations?q=siti%2F1").text
    assert "80 %" in admin.get(f"/learner?id={quote('siti/1 ü')}").text
    news = admin.get("/").text
    assert "completed Safety" in news


def test_reset_keeps_what_was_and_a_launch_link_is_shown_once(tenant: TestTenant, admin: Browser) -> None:
    make_course(tenant.id, "c")
    registration, _uuid = make_registration(tenant.id, "c")
    complete(tenant.id, registration)
    linked = admin.post("/registration/link", {"id": registration})
    link = re.search(r"http://content\.localhost/launch/[\w-]+", linked.text)
    assert link is not None
    assert link[0] not in admin.get(f"/registration?id={registration}").text
    assert admin.post("/registration/reset", {"id": registration}).status_code == 302
    page = admin.get(f"/registration?id={registration}").text
    assert "Attempt 2" in page
    assert "Passed" in admin.get(f"/registration?id={registration}&instance=0").text
    opened = admin.post("/registration/open", {"id": registration})
    assert opened.location.startswith("http://content.localhost/launch/")


def test_an_instructor_looks_but_does_not_change(tenant: TestTenant, instructor: Browser) -> None:
    make_course(tenant.id, "c")
    registration, _uuid = make_registration(tenant.id, "c")
    for path in ("/course?id=c", f"/registration?id={registration}"):
        page = instructor.get(path).text
        for button in ("Delete", "Reset", "Make a launch link", "Upload a new version"):
            assert button not in page, (path, button)
    assert instructor.post("/registration/reset", {"id": registration}).status_code == 403
    assert instructor.post("/course/delete", {"id": "c"}).status_code == 403


def test_a_learner_sees_and_opens_their_own_courses_only(app: Flask, tenant: TestTenant) -> None:
    make_course(tenant.id, "c", "Mine to learn")
    make_course(tenant.id, "d", "Of somebody else")
    mine, _uuid = make_registration(tenant.id, "c", "me")
    other, _uuid = make_registration(tenant.id, "d", "somebody")
    learner = browser_of(app, "learner", tenant.id, learner_id="me")
    assert learner.get("/").location == "/my-courses"
    page = learner.get("/my-courses").text
    assert "Mine to learn" in page
    assert "Of somebody else" not in page
    assert learner.post("/my-courses/open", {"id": other}).status_code == 404
    assert learner.post("/my-courses/open", {"id": mine}).location.startswith("http://content.localhost/launch/")
    for path in LISTS[1:]:
        assert learner.get(path).status_code == 403, path


# --- statements -------------------------------------------------------------------------------------------------------


def test_statements_are_sentences_in_both_languages(tenant: TestTenant, admin: Browser) -> None:
    make_statement(tenant.id, name="Siti", result={"score": {"scaled": 0.8}})
    english = " ".join(re.sub(r"<[^>]+>", "", admin.get("/statements").text).split())
    assert "Siti completed Safety · score 80 %" in english
    admin.post("/preferences", {"language": "id"})
    indonesian = " ".join(re.sub(r"<[^>]+>", "", admin.get("/statements").text).split())
    assert "Siti menyelesaikan Keselamatan · skor 80 %" in indonesian


def stored_at(tenant_id: int, id_: str) -> datetime:
    found = query.one(tenant_id, id_)
    assert found is not None
    return stored_time(found.position)


def test_statements_are_filtered(tenant: TestTenant, admin: Browser) -> None:
    uuid = "9a1f8c3e-6d4b-4b0a-9b57-3f6c7d1f2a10"
    ids = [
        make_statement(tenant.id, name="Ayu", actor={"mbox": "mailto:ayu@example.org", "name": "Ayu"}),
        make_statement(tenant.id, name="Budi", verb="failed", context={"registration": uuid}),
    ]

    def names(query: str) -> set[str]:
        return set(re.findall(r"\b(Ayu|Budi)\b", re.sub(r"<pre.*?</pre>", "", admin.get(query).text, flags=re.S)))

    assert names("/statements") == {"Ayu", "Budi"}
    assert names("/statements?learner=ayu@example.org") == {"Ayu"}
    assert names("/statements?learner=learner-1") == {"Budi"}
    assert names('/statements?learner={"mbox":"mailto:ayu@example.org"}') == {"Ayu"}
    assert names("/statements?verb=failed") == {"Budi"}
    assert names("/statements?verb=http%3A%2F%2Fadlnet.gov%2Fexpapi%2Fverbs%2Fcompleted") == {"Ayu"}
    assert names(f"/statements?registration={uuid.upper()}") == {"Budi"}
    assert names("/statements?activity=http%3A%2F%2Fexample.org%2Factivity") == {"Ayu", "Budi"}
    assert names("/statements?activity=http%3A%2F%2Fexample.org%2Fother") == set()
    # At midnight they may be of two days.
    first, last = (stored_at(tenant.id, id_).date() for id_ in ids)
    assert names(f"/statements?since={first}&until={last}") == {"Ayu", "Budi"}
    assert names(f"/statements?until={first - timedelta(days=1)}") == set()


@pytest.mark.parametrize(
    "query",
    [
        "registration=1",
        "since=yesterday",
        "until=2026-02-30",
        "learner=%7B",
        "learner=%7B%22account%22%3A1%7D",
        "after=x",
    ],
)
def test_a_filter_that_is_none_is_said(admin: Browser, query: str) -> None:
    answer = admin.get(f"/statements?{query}")
    assert answer.status_code == 200
    assert 'role="alert"' in answer.text


def test_statements_are_paged_by_position(tenant: TestTenant, admin: Browser) -> None:
    make_statements(tenant.id, [f"Number{number:02}" for number in range(53)])
    first = admin.get("/statements").text
    older = re.search(r'href="(/statements\?after=\d+)"', first)
    assert older is not None
    second = admin.get(older[1]).text
    assert "Number52" in first
    assert "Number02" not in re.sub(r"<pre.*?</pre>", "", first, flags=re.S)
    assert all(f"Number{n:02}" in second for n in range(3))


def test_the_json_shown_is_the_statement(tenant: TestTenant, admin: Browser) -> None:
    id_ = make_statement(tenant.id, result={"response": "a < b & c"})
    page = admin.get(f"/statement?id={id_}").text
    assert "a &lt; b &amp; c" in page
    assert admin.get("/statement?id=none").status_code == 404


def test_the_days_of_the_chart(tenant: TestTenant, app: Flask) -> None:
    today = stored_at(tenant.id, make_statement(tenant.id))
    with clock.frozen(today):
        days = daily.last_days(tenant.id)
    assert len(days) == 14
    assert days[-1].statements == 1
    assert sum(d.statements for d in days) == 1
    with clock.frozen(today + timedelta(days=1)):
        tomorrow = daily.last_days(tenant.id)
        assert [d.statements for d in tomorrow[-2:]] == [1, 0]
        # Counted once and kept: the day that is over is not looked at again.
        kept = present().scalars(select(daily.DayCount).where(daily.DayCount.tenant_id == tenant.id)).all()
        assert len(kept) == 14


# --- credentials, webhooks, people ------------------------------------------------------------------------------------


def test_a_credential_is_shown_once_works_rotates_and_ends(tenant: TestTenant, admin: Browser) -> None:
    assert admin.post("/credentials", {"name": "x"}).status_code == 422
    assert admin.post("/credentials", {"scopes": "emperor"}).status_code == 422
    page = admin.post("/credentials", {"name": "Panel", "scopes": ["rest", "statements/read"], "days": "30"}).text
    key, secret = re.findall(r'data-copy="([^"]+)"', page)
    who = authenticate(key, secret)
    assert who.tenant_id == tenant.id
    assert who.may("rest")
    assert not who.may("all")
    listed = admin.get("/credentials").text
    assert key in listed
    assert secret not in listed
    rotated = admin.post("/credentials/rotate", {"key": key, "hours": "24"}).text
    new = re.findall(r'data-copy="([^"]+)"', rotated)[1]
    assert new != secret
    assert authenticate(key, new).key == authenticate(key, secret).key == key
    assert admin.post("/credentials/revoke", {"key": key}).status_code == 302
    with pytest.raises(Exception, match="unknown key"):
        authenticate(key, new)
    assert admin.post("/credentials/rotate", {"key": key}).status_code == 400
    entries = (
        present().execute(select(AuditEntry.action, AuditEntry.details).where(AuditEntry.tenant_id == tenant.id)).all()
    )
    assert {"credential.created", "credential.rotated", "credential.revoked"} <= {action for action, _ in entries}
    assert secret not in str(entries)


def test_a_webhook_from_its_making_to_its_end(tenant: TestTenant, admin: Browser) -> None:
    refused = admin.post("/webhooks", {"url": "ftp://example.org"})
    assert refused.status_code == 422
    assert "cannot be saved" in refused.text
    assert admin.post("/webhooks", {"url": "https://example.org/h", "events": "no.such"}).status_code == 422
    page = admin.post("/webhooks", {"url": "https://example.org/h", "events": "registration.*"}).text
    secret = re.findall(r'data-copy="(whsec_[^"]+)"', page)
    assert len(secret) == 1
    target = re.search(r'href="(/webhook\?id=([0-9a-f-]+))"', page)
    assert target is not None
    assert secret[0] not in admin.get(target[1]).text
    rotated = admin.post("/webhook/rotate", {"id": target[2]}).text
    assert re.findall(r'data-copy="(whsec_[^"]+)"', rotated) not in ([], secret)
    tested = admin.post("/webhook/test", {"id": target[2]})
    assert "webhook.test" in admin.get(tested.location).text
    assert "webhook.test" in admin.get(target[1]).text
    replayed = admin.post("/webhook/replay", {"id": target[2], "delivery": tested.location.rpartition("id=")[2]})
    assert replayed.status_code == 302
    saved = admin.post("/webhook", {"id": target[2], "url": "https://example.org/other", "description": "Panel"})
    assert saved.status_code == 302
    page = admin.get(target[1]).text
    assert "This webhook is switched off." in page, "the box was not ticked"
    assert "https://example.org/other" in page
    assert admin.post("/webhook/test", {"id": target[2]}).status_code == 400
    assert admin.post("/webhook/delete", {"id": target[2]}).status_code == 302
    assert admin.get(target[1]).status_code == 404


def test_people_are_added_changed_and_shut_out(app: Flask, tenant: TestTenant, admin: Browser) -> None:
    for data, said in (
        ({"email": "x", "role": "instructor"}, "not an email address"),
        ({"email": "a@example.org", "role": "system_administrator"}, "Choose a role"),
        ({"email": "a@example.org", "role": "learner"}, "learner id"),
    ):
        answer = admin.post("/people", data)
        assert answer.status_code == 422
        assert said in answer.text
    email = f"p{time.time_ns()}@example.org"
    page = admin.post("/people", {"email": email, "role": "instructor", "name": "New one"}).text
    _email, word = re.findall(r'data-copy="([^"]+)"', page)
    assert admin.post("/people", {"email": email, "role": "instructor"}).status_code == 422
    person = Browser(app)
    assert person.sign_in(email, word).location == "/password"
    person.post("/password", {"current": word, "new": "four good long words", "again": "four good long words"})
    assert person.get("/courses").status_code == 200
    listed = admin.get("/people").text
    id_ = re.search(r'id="r-([0-9a-f-]+)"', listed)
    assert id_ is not None
    assert admin.post("/people/role", {"id": id_[1], "role": "tenant_administrator"}).status_code == 302
    assert person.get("/courses").status_code == 302, "has to sign in again"
    assert admin.post("/people/role", {"id": id_[1], "role": "system_administrator"}).status_code == 400
    assert admin.post("/people/role", {"id": id_[1], "role": "learner"}).status_code == 400
    assert "data-copy" in admin.post("/people/reset", {"id": id_[1]}).text
    assert admin.post("/people/disable", {"id": id_[1], "disabled": "yes"}).status_code == 302
    person = Browser(app)
    assert person.sign_in(email, "four good long words").status_code == 401


def test_nobody_shuts_out_themselves_and_no_administrator_reaches_the_installation(
    app: Flask, tenant: TestTenant, admin: Browser
) -> None:
    system = make_person("system_administrator", tenant.id)
    assert admin.post("/people/reset", {"id": system.id}).status_code == 404
    own = make_person("tenant_administrator", tenant.id)
    browser = Browser(app)
    browser.sign_in(own.email)
    assert browser.post("/people/disable", {"id": own.id, "disabled": "yes"}).status_code == 403


def test_the_audit_log_is_the_tenants_own(app: Flask, tenant: TestTenant, admin: Browser, system: Browser) -> None:
    system.post("/tenants", {"name": "Audited tenant"})
    assert "tenant.created" in system.get("/audit?of=installation").text
    assert "tenant.created" not in admin.get("/audit?of=installation").text
    with unit_of_work():
        audit.record(tenant.id, "system", "x.y", "", statements={"stored": 3}, problems=[], rejected=0, reason=None)
    shown = " ".join(re.sub(r"<[^>]+>", "", admin.get("/audit?q=x.y").text).split())
    assert "x.y rejected 0 statements stored 3" in shown, "what is empty says nothing"


def test_language_and_appearance_are_remembered(app: Flask, tenant: TestTenant, admin: Browser) -> None:
    assert 'lang="en"' in admin.get("/").text
    admin.post("/preferences", {"language": "id", "theme": "dark"})
    page = admin.get("/", headers={"Accept-Language": "en"}).text
    assert '<html lang="id" data-theme="dark">' in page
    assert "Ikhtisar" in page
    admin.post("/preferences", {"language": "xx", "theme": "url(javascript:1)"})
    assert '<html lang="id" data-theme="dark">' in admin.get("/").text
    stranger = Browser(app)
    assert "Masuk" in stranger.get("/login", headers={"Accept-Language": "id,en;q=0.5"}).text
    assert "Sign in" in stranger.get("/login", headers={"Accept-Language": "fr"}).text


def test_every_page_in_indonesian_has_no_english_heading(tenant: TestTenant, system: Browser) -> None:
    make_course(tenant.id, "c", "Kursus")
    registration, _uuid = make_registration(tenant.id, "c")
    system.post("/preferences", {"language": "id"})
    for path in (*LISTS, "/tenants", "/settings", "/course?id=c", f"/registration?id={registration}"):
        page = system.get(path).text
        for word in ("Courses", "Overview", "Learners", "Search", "Not started", "Show all", "Settings"):
            assert not re.search(rf">\s*{word}\s*<", page), (path, word)


def test_pages_are_well_formed_for_assistive_technology(tenant: TestTenant, system: Browser) -> None:
    make_course(tenant.id, "c")
    registration, _uuid = make_registration(tenant.id, "c")
    make_statement(tenant.id)
    for path in (*LISTS, "/tenants", "/settings", "/password", "/course?id=c", f"/registration?id={registration}"):
        page = system.get(path).text
        assert page.count("<h1>") == 1, path
        assert 'class="skip" href="#main"' in page
        ids = re.findall(r'\sid="([^"]+)"', page)
        assert len(ids) == len(set(ids)), (path, "an id stands twice")
        for table in re.findall(r"<table.*?</table>", page, flags=re.S):
            assert "<caption" in table, path
        for field in re.findall(r"<(?:input|select)\b[^>]*>", page):
            if 'type="hidden"' in field or 'type="checkbox"' in field:
                continue
            id_ = re.search(r'\sid="([^"]+)"', field)
            assert id_ is not None, (path, field)
            assert f'for="{id_[1]}"' in page, (path, field)
        for image in re.findall(r"<svg[^>]*>", page):
            assert 'aria-hidden="true"' in image, path
