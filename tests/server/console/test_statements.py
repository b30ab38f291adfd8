"""A statement among others: lists of what is like it, its files, and the whole list as a spreadsheet."""

from __future__ import annotations

import csv
import html
import io
import re
from typing import Any
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from core.audit import AuditEntry
from server.console import statement_export
from tests.conftest import TestTenant
from tests.lrs.builders import agent, new_uuid, ref, statement
from tests.server.console.conftest import HOSTILE, Browser, make_statement, present
from tests.server.test_transfer import post, post_with_attachment


def rows(text: str) -> list[dict[str, str]]:
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


def shown(page: str) -> list[str]:
    """The ids of the statements of a page."""
    return re.findall(r'href="/statement\?id=([^"]+)">\1', page)


def link(page: str, text: str, tag: str = "a ") -> str:
    found = re.search(rf'<{tag}href="([^"]+)">{text}</a>', page)
    assert found, text
    return html.unescape(found[1])


@pytest.mark.parametrize(
    "actor",
    [
        {"mbox": "mailto:ada@example.org"},
        {"mbox_sha1sum": "0" * 40},
        {"openid": "https://ada.example.org/"},
        {"account": {"homePage": "http://localhost", "name": "learner-7"}},
        {"account": {"homePage": "http://localhost", "name": "ada@example.org"}},
        {"account": {"homePage": "https://other.example/lms", "name": 'ada & "co"'}},
        {"objectType": "Group", "mbox": "mailto:team@example.org"},
    ],
)
def test_what_is_like_it_is_a_click_away(
    client: FlaskClient, tenant: TestTenant, instructor: Browser, actor: dict[str, Any]
) -> None:
    registration, id_, verb = new_uuid(), new_uuid(), {"id": "http://example.com/verbs/saw"}
    context = {"registration": registration}
    one = statement(id=id_, actor=actor, verb=verb, object={"id": "http://example.com/deep/place"}, context=context)
    other = statement(id=new_uuid(), actor=agent("eve"), object={"id": "http://example.com/other"})
    post(client, tenant, one, other)
    page = instructor.get(f"/statement?id={id_}").text
    for text in ("this learner", "this verb", "this activity", "this registration"):
        assert shown(instructor.get(link(page, text)).text) == [id_], text
    assert "this registration" not in instructor.get(f"/statement?id={other['id']}").text


def test_what_it_points_at_is_a_click_away(client: FlaskClient, tenant: TestTenant, instructor: Browser) -> None:
    target, pointing = statement(id=new_uuid()), new_uuid()
    nobody = {"objectType": "Group", "member": [agent("ada")]}
    post(client, tenant, target, statement(id=pointing, actor=nobody, object=ref(target["id"])))
    page = instructor.get(f"/statement?id={pointing}").text
    assert "Points at" in page
    assert shown(instructor.get(link(page, target["id"], 'a class="mono" ')).text) == [target["id"]]
    assert "this learner" not in page, "a group without identifier cannot be asked for"


def test_files_of_a_statement(
    client: FlaskClient, tenant: TestTenant, other_tenant: TestTenant, instructor: Browser
) -> None:
    sha2 = post_with_attachment(client, tenant, b"<script>alert(1)</script>")
    page = instructor.get("/statements").text
    url = html.unescape(re.search(r'href="(/statement/file[^"]+)"', page)[1])  # type: ignore[index]
    assert "A photo" in page
    got = instructor.get(url)
    assert (got.status_code, got.data) == (200, b"<script>alert(1)</script>")
    assert got.mimetype == "application/octet-stream"
    assert got.headers["Content-Disposition"] == f"attachment; filename={sha2[:16]}.png"
    assert got.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    # By another statement, or of another application, it is not to be had.
    foreign = post_with_attachment(client, other_tenant, b"foreign")
    elsewhere = {"usageType": "http://example.com/x", "display": {"en": "Elsewhere"}, "contentType": "text/plain",
                 "length": 7, "sha2": foreign, "fileUrl": "https://files.example/x"}  # fmt: skip
    without = statement(id=new_uuid(), attachments=[elsewhere])
    post(client, tenant, without)
    page = instructor.get(f"/statement?id={without['id']}").text
    assert "Elsewhere" in page
    assert "kept elsewhere" in page
    assert "/statement/file" not in page
    for wrong in (
        f"id={without['id']}&sha2={foreign}",
        f"id={without['id']}&sha2={sha2}",
        f"id={new_uuid()}&sha2={sha2}",
    ):
        assert instructor.get(f"/statement/file?{wrong}").status_code == 404, wrong


def test_the_list_as_csv(client: FlaskClient, tenant: TestTenant, instructor: Browser) -> None:
    score = {"scaled": 0.815, "raw": 42}
    id_, registration = new_uuid(), new_uuid()
    one = statement(
        id=id_,
        actor={"account": {"homePage": "https://lms.example", "name": "7"}, "name": "=HYPERLINK()"},
        verb={"id": "http://adlnet.gov/expapi/verbs/passed", "display": {"en": "passed", "id": "lulus"}},
        object={"id": "http://example.com/a", "definition": {"name": {"en": "Safety, basics", "id": "Keselamatan"}}},
        result={"score": score, "success": True, "duration": "PT5M", "response": "-1"},
        context={"registration": registration},
        timestamp="2026-01-31T08:00:00Z",
    )
    post(client, tenant, one, statement(id=new_uuid(), object={"objectType": "Agent", **agent("bob")}))
    page = instructor.get("/statements?verb=passed&after=9000000000000000000").text
    url = html.unescape(re.search(r'href="(/statements/export[^"]*)"', page)[1])  # type: ignore[index]
    assert url == "/statements/export?verb=passed"
    answer = instructor.get(url)
    assert (answer.mimetype, answer.headers["Content-Disposition"][:32]) == (
        "text/csv",
        'attachment; filename="statements',
    )
    (row,) = rows(answer.text)
    assert row.pop("Stored")
    assert row == {
        "Id": id_, "Time": "2026-01-31T08:00:00Z", "Learner": "'=HYPERLINK()", "Identifier": "https://lms.example|7",
        "Verb": "passed", "Verb (IRI)": "http://adlnet.gov/expapi/verbs/passed", "Activity": "Safety, basics",
        "Activity (IRI)": "http://example.com/a", "Registration": registration, "Success": "True", "Completion": "",
        "Score (percent)": "81.5", "Raw score": "42", "Duration": "PT5M", "Answer": "'-1",
    }  # fmt: skip
    assert len(rows(instructor.get("/statements/export").text)) == 2
    # Who took records away is in the audit log, as for exports by command; agents are such as an erasure finds.
    instructor.get("/statements/export?learner=ada@example.org&until=2026-01-31")
    noted = select(AuditEntry.details).where(
        AuditEntry.tenant_id == tenant.id, AuditEntry.action == "statements.exported"
    )
    assert present().scalars(noted.order_by(AuditEntry.id)).all() == [
        {"filters": {"verb": "http://adlnet.gov/expapi/verbs/passed"}},
        {"filters": {}},
        {"filters": {"agent": {"mbox": "mailto:ada@example.org"}, "until": "2026-01-31T23:59:59.999000+00:00"}},
    ]
    instructor.post("/preferences", {"language": "id"})
    (row,) = rows(instructor.get(url).text)
    assert (row["Aktivitas"], row["Kata kerja"]) == ("Keselamatan", "lulus")


def test_the_csv_holds_all_pages_of_this_tenant_alone(
    tenant: TestTenant, other_tenant: TestTenant, instructor: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statement_export, "CHUNK", 2)
    ids = [make_statement(tenant.id) for _ in range(5)]
    make_statement(other_tenant.id)
    assert [row["Id"] for row in rows(instructor.get("/statements/export").text)] == ids[::-1]
    refused = instructor.get("/statements/export?registration=x")
    assert (refused.status_code, refused.location) == (302, "/statements?registration=x")


def test_addresses_that_mean_something_to_the_router(tenant: TestTenant, instructor: Browser) -> None:
    """They are no filters: they broke the page, or made links of another scheme."""
    for _ in range(51):
        make_statement(tenant.id)
    page = instructor.get(
        f"/statements?endpoint=x&_external=1&_scheme=javascript&_anchor={quote(HOSTILE)}&verb=completed"
    )
    assert page.status_code == 200
    assert "javascript:" not in page.text
    assert "/statements?verb=completed&amp;after=" in page.text


def test_a_statement_by_its_id(client: FlaskClient, tenant: TestTenant, instructor: Browser) -> None:
    id_ = make_statement(tenant.id)
    sent = instructor.get(f"/statements?learner=&verb=&id=+{id_}+")
    assert (sent.status_code, sent.location) == (302, f"/statement?id={id_}")
    assert shown(instructor.get(f"/statement?id={id_.upper()}").text) == [id_]
    for absent in (new_uuid(), "x", ""):
        answer = instructor.get(f"/statement?id={absent}")
        assert (answer.status_code, "There is no such statement" in answer.text) == (404, True), absent


def test_a_filter_that_is_wrong_is_all_that_is_said(tenant: TestTenant, instructor: Browser) -> None:
    make_statement(tenant.id)
    for query, said in (
        ("activity=safety", "An activity is an IRI"),
        ("verb=has%20passed", "A verb is a word"),
        ("learner={", "This is not the JSON of an agent."),
        ("since=31.12.2026", "A date looks like"),
    ):
        page = instructor.get(f"/statements?{query}").text
        assert said in page
        assert "No statement matches" not in page
    assert len(shown(instructor.get("/statements?verb=Completed").text)) == 1
