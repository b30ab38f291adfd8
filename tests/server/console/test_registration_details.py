"""What an administrator looks at beside the list: answers and objectives of a registration, the CSV file, outcomes."""

from __future__ import annotations

import csv
import io
import re

from flask import Flask

from core.db import unit_of_work
from registrations import registrations
from scorm_runtime import lms_comments
from tests.conftest import TestTenant
from tests.scorm_runtime.packages import MANIFEST_12, MANIFEST_2004, launch, load, package, register
from tests.server.console.conftest import HOSTILE, Browser, complete, make_course, make_registration

ANSWERS = {
    "cmi.interactions.0.id": "urn:q:order",
    "cmi.interactions.0.type": "sequencing",
    "cmi.interactions.0.correct_responses.0.pattern": "think[,]grip[,]rise",
    "cmi.interactions.0.learner_response": "grip[,]think[,]rise",
    "cmi.interactions.0.result": "incorrect",
    "cmi.interactions.0.latency": "PT1M5S",
    "cmi.interactions.0.description": "{lang=en}Put the steps into their order.",
    "cmi.objectives.0.id": "urn:o:lift",
    "cmi.objectives.0.success_status": "failed",
    "cmi.objectives.0.score.scaled": "0.25",
    "cmi.comments_from_learner.0.comment": "{lang=en}Too <fast> for me",
}


def test_answers_objectives_and_comments_of_a_part(app: Flask, tenant: TestTenant, instructor: Browser) -> None:
    registration = register(tenant.id, load(tenant.id, package(MANIFEST_2004, {"quiz": ""})))
    launch(app, tenant.id, registration).send(ANSWERS)
    page = instructor.get(f"/registration?id={registration}").text
    for text in (
        "Put the steps into their order.", "grip, think, rise", "think, grip, rise", "Wrong", "1 min 5 s", "0 of 1 right",
        "urn:o:lift", "25 %", "Too &lt;fast&gt; for me",
    ):  # fmt: skip
        assert text in page, text


def test_a_part_that_told_nothing_more_has_no_empty_table(app: Flask, tenant: TestTenant, instructor: Browser) -> None:
    registration = register(tenant.id, load(tenant.id, package(MANIFEST_2004, {"quiz": ""})))
    assert "Answers and objectives" not in instructor.get(f"/registration?id={registration}").text


def rows(answer_text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answer_text.removeprefix("\ufeff"))))


def test_registrations_as_csv(tenant: TestTenant, instructor: Browser) -> None:
    make_course(tenant.id, "safety", "Keselamatan, dasar")
    done, _ = make_registration(tenant.id, "safety", "learner-1", first_name="Siti", last_name="Aminah")
    complete(tenant.id, done, 0.8)
    make_registration(tenant.id, "safety", "=cmd|calc", first_name="+1", email="x@example.org")
    answer = instructor.get("/registrations/export")
    assert answer.mimetype == "text/csv"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.text.startswith("\ufeff")
    found = {row["Learner id"]: row for row in rows(answer.text)}
    siti = found["learner-1"]
    assert (siti["First name"], siti["Course"], siti["Completion"], siti["Success"]) == (
        "Siti", "Keselamatan, dasar", "completed", "passed",
    )  # fmt: skip
    assert (siti["Score (percent)"], siti["Time (seconds)"], siti["Raw score"]) == ("80.0", "754", "80.0")
    assert siti["Completed"].endswith("Z")
    # A spreadsheet must not run what a learner's name says.
    assert found["'=cmd|calc"]["First name"] == "'+1"


def test_the_csv_follows_the_filters_and_the_language(tenant: TestTenant, instructor: Browser) -> None:
    make_course(tenant.id, "safety")
    done, _ = make_registration(tenant.id, "safety", "learner-1")
    complete(tenant.id, done)
    make_registration(tenant.id, "safety", "learner-2")
    page = instructor.get("/registrations?state=passed").text
    assert "/registrations/export?state=passed" in page
    answer = instructor.get("/registrations/export?state=passed", headers={"Accept-Language": "id"})
    found = rows(answer.text)
    assert len(found) == 1
    assert found[0]["Nama depan"] == ""


def test_the_csv_holds_all_pages_of_this_tenant_alone(
    tenant: TestTenant, other_tenant: TestTenant, instructor: Browser
) -> None:
    for owner in (tenant, other_tenant):
        make_course(owner.id, "safety")
    for number in range(30):
        make_registration(tenant.id, "safety", f"learner-{number}")
    make_registration(other_tenant.id, "safety", "foreign")
    found = rows(instructor.get("/registrations/export").text)
    assert len(found) == 30
    assert "foreign" not in {row["Learner id"] for row in found}


def test_outcomes_on_the_first_page_and_on_the_course(tenant: TestTenant, instructor: Browser) -> None:
    make_course(tenant.id, "safety")
    assert "How far learners are" not in instructor.get("/course?id=safety").text
    done, _ = make_registration(tenant.id, "safety", "learner-1")
    complete(tenant.id, done, 0.8)
    make_registration(tenant.id, "safety", "learner-2")
    for path in ("/", "/course?id=safety"):
        page = instructor.get(path).text
        assert "How far learners are" in page
        assert "average score 80 %" in page
        assert page.count("50 %") >= 2


def test_an_instructor_leaves_and_deletes_a_comment(app: Flask, tenant: TestTenant, instructor: Browser) -> None:
    registration = register(tenant.id, load(tenant.id, package(MANIFEST_2004, {"one": "", "two": ""})))
    address = f"/registration?id={registration}"
    assert "Comments for the learner" in instructor.get(address).text
    answer = instructor.post(
        "/registration/comment", {"id": registration, "comment": HOSTILE + "\r\nbye", "activity": "two"}
    )
    assert (answer.status_code, answer.location) == (302, f"{address}#comments")
    page = instructor.get(address).text
    assert "The comment was saved." in page
    assert HOSTILE not in page
    assert "&lt;script&gt;" in page
    player = launch(app, tenant.id, registration)
    player.send(end="terminate", navigate="continue")
    assert player.activity["cmi"]["cmi.comments_from_lms.0.comment"] == HOSTILE + "\nbye"
    (comment,) = re.findall(r'name="comment" value="([^"]+)"', page)
    instructor.post("/registration/comment/delete", {"id": registration, "comment": comment})
    assert "&lt;script&gt;" not in instructor.get(address).text


def test_comments_that_cannot_be_kept_say_why(app: Flask, tenant: TestTenant, instructor: Browser) -> None:
    registration = register(tenant.id, load(tenant.id, package(MANIFEST_2004, {"one": ""})))
    instructor.get("/")
    for form, said in (
        ({"comment": "  "}, "A comment needs a text."),
        ({"comment": "x" * 4001}, "4000 are possible"),
        ({"comment": "x", "activity": "nowhere"}, "no part &#39;nowhere&#39;"),
    ):
        assert instructor.post("/registration/comment", {"id": registration, **form}).status_code == 302
        assert said in instructor.get(f"/registration?id={registration}").text


def test_comments_of_another_tenant_are_out_of_reach(
    app: Flask, tenant: TestTenant, other_tenant: TestTenant, instructor: Browser
) -> None:
    registration = register(other_tenant.id, load(other_tenant.id, package(MANIFEST_2004, {"one": ""})))
    instructor.get("/")
    assert instructor.post("/registration/comment", {"id": registration, "comment": "x"}).status_code == 404
    with unit_of_work():
        kept = lms_comments.add(registrations.get(other_tenant.id, registration), "theirs").id
    form = {"id": registration, "comment": kept}
    assert instructor.post("/registration/comment/delete", form).status_code == 404
    assert [c.comment for c in lms_comments.find(registrations.get(other_tenant.id, registration))] == ["theirs"]


def test_why_a_part_is_locked(app: Flask, tenant: TestTenant, instructor: Browser) -> None:
    locked = '<adlcp:prerequisites type="aicc_script">one</adlcp:prerequisites>'
    registration = register(tenant.id, load(tenant.id, package(MANIFEST_12, {"one": "", "two": locked})))
    page = instructor.get(f"/registration?id={registration}").text
    assert "Locked: <bdi>“Two” opens when these are done: “One”.</bdi>" in page
    page = instructor.get(f"/registration?id={registration}", headers={"Accept-Language": "id"}).text
    assert "Terkunci: <bdi>“Two” terbuka setelah ini selesai: “One”.</bdi>" in page
    launch(app, tenant.id, registration).send({"cmi.core.lesson_status": "completed"}, end="terminate")
    assert "Locked" not in instructor.get(f"/registration?id={registration}").text
