"""Bad input, as a table: each a clear error with the right status by every door, none a 5xx, nothing half stored."""

from __future__ import annotations

import io
import json
import stat
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import func, select

from core import credentials
from core.db import session, unit_of_work
from core.settings import Settings
from course_packages.models import Course, CourseVersion, PackageFile
from lrs.models import StatementRow
from registrations.models import Registration
from server.cli.commands import main
from tests.conftest import TestTenant, basic
from tests.course_packages.building import manifest_12, manifest_2004, package, zipped
from tests.scorm_runtime.packages import MANIFEST_2004, Player, launch, load, register, stored
from tests.scorm_runtime.packages import package as course
from tests.server.api.conftest import Api, work
from tests.server.console.conftest import Browser, browser_of

GOOD = package(manifest_2004())


def symlink() -> bytes:
    buffer = io.BytesIO(GOOD)
    with zipfile.ZipFile(buffer, "a") as archive:
        info = zipfile.ZipInfo("link.html")
        info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    return buffer.getvalue()


XXE = '<!DOCTYPE m [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
BROKEN = manifest_12().replace("</organization>", "</organisation>")
BROKEN_LINE = BROKEN[: BROKEN.index("</organisation>")].count("\n") + 1


@dataclass(frozen=True)
class Bad:
    """A package, the code of its rejection, and words that its message must have."""

    name: str
    data: bytes
    code: str
    words: tuple[str, ...]


PACKAGES = [
    Bad("not a zip", b"<html>This is a page, not a zip.", "zip_not_a_zip", ("zip",)),
    Bad("half a zip", GOOD[: len(GOOD) // 2], "zip_truncated", ()),
    Bad("no manifest", zipped({"index.html": "<p>Hi"}), "manifest_missing", ("imsmanifest.xml",)),
    Bad("zip slip", zipped({"../evil.html": "x", "imsmanifest.xml": manifest_12()}), "zip_slip", ("../evil.html",)),
    Bad("absolute path", zipped({"/etc/cron.d/x": "x"}), "zip_absolute_path", ("/etc/cron.d/x",)),
    Bad("symlink", symlink(), "zip_symlink", ("link.html",)),
    Bad("bomb", zipped({"imsmanifest.xml": manifest_12(), "a.html": bytes(16 << 20)}), "zip_ratio", ("a.html",)),
    Bad("XXE", package(manifest_12().replace("<manifest", f"{XXE}\n<manifest", 1)), "xml_doctype", ("line 2",)),
    Bad("broken XML", package(BROKEN), "xml_broken", ("imsmanifest.xml", f"line {BROKEN_LINE}")),
    Bad("no launch file", package(manifest_12(), ()), "launch_file_missing", ("index.html",)),
]  # fmt: skip
bad_packages = pytest.mark.parametrize("bad", PACKAGES, ids=lambda bad: bad.name)


def half_stored(tenant: TestTenant) -> list[Any]:
    """What a rejected import must not leave: files, a version that is ready, a course with a current version."""
    session().rollback()
    files = session().scalar(select(func.count()).where(PackageFile.tenant_id == tenant.id))
    ready = session().scalar(
        select(func.count()).where(CourseVersion.tenant_id == tenant.id, CourseVersion.status == "ready")
    )
    current = session().scalar(select(func.count()).where(Course.tenant_id == tenant.id, Course.current.is_not(None)))
    return [files, ready, current]


@pytest.fixture
def api(app: Flask, tenant: TestTenant) -> Api:
    return Api(app, tenant)


@bad_packages
def test_a_bad_package_by_rest(api: Api, tenant: TestTenant, bad: Bad) -> None:
    job = api.imported(bad.data, "bad")
    assert job["status"] == "ERROR"
    assert [error["code"] for error in job["report"]["errors"]] == [bad.code]
    assert [word for word in bad.words if word not in job["message"]] == [], job["message"]
    assert half_stored(tenant) == [0, 0, 0]
    assert api.get("/courses") == {"courses": []}
    refused = api.call("POST", "/registrations", body_for("bad"), status=404)
    assert "'bad'" in refused["message"]
    # The author's next try is a first version like any other.
    assert api.imported(GOOD, "bad", mayCreateNewVersion="true")["status"] == "COMPLETE"


def body_for(course_id: str) -> dict[str, Any]:
    return {"courseId": course_id, "registrationId": "r", "learner": {"id": "l"}}


def test_bad_packages_by_console(app: Flask, tenant: TestTenant) -> None:
    admin: Browser = browser_of(app, "tenant_administrator", tenant.id)
    admin.get("/courses")
    for bad in PACKAGES:
        form = {"file": (io.BytesIO(bad.data), f"{bad.name}.zip"), "course_id": bad.code, "new": "yes"}
        answer = admin.post("/courses/upload", form, content_type="multipart/form-data")
        assert (answer.status_code, bad.name) == (302, bad.name)
        work()
        page = admin.get(answer.location)
        assert (page.status_code, bad.name) == (200, bad.name)
        assert [word for word in bad.words if word not in page.text] == [], bad.name
    assert half_stored(tenant) == [0, 0, 0]


@bad_packages
def test_a_bad_package_by_command(settings: Settings, tenant: TestTenant, bad: Bad, tmp_path: Path) -> None:
    file = tmp_path / "bad.zip"
    file.write_bytes(bad.data)
    ran = CliRunner().invoke(
        main, ["import", "--tenant", tenant.app_id, "--json", str(file)], env=environment(settings)
    )
    assert ran.exit_code == 1, ran.output
    (result,) = json.loads(ran.stdout)
    assert (result["status"], result["course"]) == ("ERROR", "bad")
    assert [word for word in bad.words if word not in result["message"]] == [], result["message"]
    assert half_stored(tenant) == [0, 0, 0]


def environment(settings: Settings) -> dict[str, str]:
    """The installation of the tests, for the command."""
    return {
        "REKAM_DATABASE_URL": settings.database_url,
        "REKAM_DATA_DIR": settings.data_dir,
        "REKAM_SECRET_KEY": settings.secret_key,
        "REKAM_BASE_URL": settings.base_url,
        "REKAM_CONTENT_URL": settings.content_url,
    }


def test_an_upload_without_a_package(api: Api, tenant: TestTenant) -> None:
    assert "file" in api.upload(b"", "empty", status=400)["message"]
    path = "/courses/importJobs/upload"
    for query, options, word in (
        ("?courseId=x", {"data": {"other": "x"}, "content_type": "multipart/form-data"}, "file"),
        ("?courseId=x", {"data": b"{}", "content_type": "application/json"}, "multipart"),
        ("", {"data": GOOD, "content_type": "application/zip"}, "courseId"),
        ("?courseId=a%01b", {"data": GOOD, "content_type": "application/zip"}, "courseId"),
        (f"?courseId={'x' * 300}", {"data": GOOD, "content_type": "application/zip"}, "courseId"),
        ("?courseId=x&mayCreateNewVersion=perhaps", {"data": GOOD, "content_type": "application/zip"}, "true or false"),
        ("?courseId=x&postbackUrl=ftp://h/", {"data": GOOD, "content_type": "application/zip"}, "ftp"),
    ):
        found = api.call("POST", path + query, status=400, **options)
        assert word in found["message"], found
    assert half_stored(tenant) == [0, 0, 0]


# --- the runtime ------------------------------------------------------------------------------------------------------


@pytest.fixture
def player(app: Flask, tenant: TestTenant) -> Player:
    made = launch(
        app, tenant.id, register(tenant.id, load(tenant.id, course(MANIFEST_2004, {"intro": "", "quiz": ""})))
    )
    made.send({"cmi.location": "kept"})
    return made


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"cmi.score.scaled": "2"}, 407),
        ({"cmi.score.scaled": "much"}, 406),
        ({"cmi.completion_status": "done"}, 406),
        ({"cmi.learner_id": "somebody"}, 404),
        ({"cmi.nothing": "x"}, 401),
        ({"cmi.interactions.5.id": "x"}, 351),
        ({"cmi.session_time": "90 minutes"}, 406),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else str(value),
)
def test_a_bad_cmi_value(player: Player, changes: dict[str, str], code: int) -> None:
    body = {"session": player.session, "seq": 9, "key": "bad", "changes": {"cmi.location": "lost", **changes}}
    answer = player.post(body)
    assert answer.status_code == 400
    error = answer.json["error"]
    assert (error["code"], error["element"]) == ("cmi_value", next(iter(changes)))
    assert [e["code"] for e in error["elements"]] == [code]
    player.seq = 9
    assert player.send(initialized=False)["state"] == "content"
    again = player.again()
    assert again.cmi["cmi.location"] == "kept", "nothing of the refused request is stored"


def test_a_stale_sequence_number(player: Player) -> None:
    player.seq += 5
    player.send({"cmi.location": "newer"})
    answer = player.post({"session": player.session, "seq": 2, "key": "late", "changes": {"cmi.location": "older"}})
    assert (answer.status_code, answer.json["error"]["code"]) == (409, "stale_sequence")
    assert player.again().cmi["cmi.location"] == "newer"


def test_foreign_tokens(app: Flask, player: Player, other_tenant: TestTenant) -> None:
    """One that is none, and one of another tenant with this one's session."""
    stranger = launch(
        app, other_tenant.id, register(other_tenant.id, load(other_tenant.id, course(MANIFEST_2004, {"intro": ""})))
    )
    for path in ("", "runtime", "c/intro.html"):
        method = "POST" if path == "runtime" else "GET"
        body = {"session": player.session, "seq": 9, "key": "k", "changes": {}}
        answer = player.client.open(f"/p/{'A' * 43}/{path}", method=method, json=body)
        assert (answer.status_code, path) == (404, path)
    body = {"session": player.session, "seq": 9, "key": "k", "changes": {"cmi.location": "theirs"}}
    answer = stranger.post(body)
    assert (answer.status_code, answer.json["error"]["code"]) == (400, "unknown_session")
    assert stranger.client.get(f"/p/{stranger.token}/c/quiz.html").status_code == 404, "not in that package"
    assert player.again().cmi["cmi.location"] == "kept"


def test_what_is_no_request_of_the_runtime(player: Player) -> None:
    for body in (
        b"",
        b"[1",
        b"[]",
        b"null",
        b'{"seq": "one"}',
        b'{"seq": 9}',
        b'{"seq": 9, "key": "\xff"}',
        b"\0" * 99,
    ):
        answer = player.post(body)
        assert (answer.status_code, body) == (400, body)
        assert answer.json["error"]["message"]
    assert player.again().cmi["cmi.location"] == "kept"


# --- hosts, scopes, tenants -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["evil.example", "localhost:81", "localhost.evil.example", "127.0.0.1:9", "[::1]", ""])
def test_a_foreign_host_is_421(app: Flask, tenant: TestTenant, player: Player, host: str) -> None:
    headers = {**tenant.auth, "X-Experience-API-Version": "2.0.0", "Host": host}
    for path in ("/", "/login", "/api/v2/courses", "/xapi/statements", "/xapi/about", f"/p/{player.token}/"):
        answer = app.test_client().get(path, headers=headers)
        assert (answer.status_code, path) == (421, path)
        assert "does not answer for the host" in answer.text
        assert "Set-Cookie" not in answer.headers


STATEMENT = {
    "actor": {"account": {"homePage": "https://lms.example", "name": "ayu"}},
    "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
    "object": {"id": "https://lms.example/course"},
}


def count(tenant: TestTenant, table: Any) -> int:
    session().rollback()
    return session().scalar(select(func.count()).select_from(table).where(table.tenant_id == tenant.id)) or 0


def test_the_wrong_scope_is_403_and_stores_nothing(app: Flask, tenant: TestTenant) -> None:
    load(tenant.id, course(MANIFEST_2004, {"intro": ""}))
    with unit_of_work():
        reader, secret = credentials.create(tenant.id, ["rest/read", "statements/read"])
        headers = basic(reader.key, secret) | {"X-Experience-API-Version": "2.0.0"}
    client = app.test_client()
    state = (
        "/xapi/activities/state?activityId=https%3A%2F%2Fa&stateId=s&agent=%7B%22mbox%22%3A%22mailto%3Aa%40b.c%22%7D"
    )
    for method, path, body in (
        ("POST", "/api/v2/registrations", body_for("safety")),
        ("DELETE", "/api/v2/courses/safety", None),
        ("POST", "/xapi/statements", [STATEMENT]),
        ("PUT", state, {"a": 1}),
    ):
        answer = client.open(path, method=method, json=body, headers=headers)
        assert (answer.status_code, path) == (403, path)
        assert "lacks the scope" in answer.text
    assert (count(tenant, Registration), count(tenant, StatementRow), count(tenant, Course)) == (0, 0, 1)


def test_one_bad_statement_sinks_its_batch_by_name(app: Flask, tenant: TestTenant) -> None:
    bad = [STATEMENT, {**STATEMENT, "verb": {"id": "no iri"}}]
    headers = {**tenant.auth, "X-Experience-API-Version": "2.0.0"}
    answer = app.test_client().post("/xapi/statements", json=bad, headers=headers)
    assert answer.status_code == 400
    error = answer.json["error"]
    assert (error["index"], error["path"], error["rule"]) == (1, "$.verb.id", "format")
    assert count(tenant, StatementRow) == 0


def test_another_tenants_ids_on_every_side(
    app: Flask, tenant: TestTenant, other_tenant: TestTenant, player: Player
) -> None:
    """xAPI and the runtime; REST is in tests/server/api, the console in tests/server/console."""
    client = app.test_client()
    version = {"X-Experience-API-Version": "2.0.0"}
    (made,) = client.post("/xapi/statements", json=[STATEMENT], headers={**tenant.auth, **version}).json
    mine = stored(tenant.id, player.registration_id)
    theirs = {**other_tenant.auth, **version}
    assert client.get(f"/xapi/statements?statementId={made}", headers=theirs).status_code == 404
    assert client.get("/xapi/statements", headers=theirs).json["statements"] == []
    agent = json.dumps(STATEMENT["actor"])
    place = {"activityId": "https://lms.example/course", "stateId": "s", "agent": agent}
    written = client.put(
        "/xapi/activities/state", query_string=place, json={"a": 1}, headers={**tenant.auth, **version}
    )
    assert written.status_code == 204
    assert client.get("/xapi/activities/state", query_string=place, headers=theirs).status_code == 404
    # The same id is the other tenant's to use: no conflict tells that it exists here.
    again = client.put(f"/xapi/statements?statementId={made}", json=STATEMENT, headers=theirs)
    assert again.status_code == 204
    assert Api(app, other_tenant).call("GET", f"/registrations/{mine.id}", status=404)["code"] == "not_found"
