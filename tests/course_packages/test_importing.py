"""Import jobs on both databases: versions, files, rejection, crashes, events."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from core import outbox
from core.blobs import blobs
from core.db import session, unit_of_work
from core.errors import Conflict, Invalid, TooLarge, Unavailable
from core.events import Event
from core.outbox import OutboxRow
from course_packages import catalogue, import_outcome, import_reading, importing
from course_packages.models import ImportJob, JobStatus, PackageFile, VersionStatus
from tests.conftest import TestTenant
from tests.course_packages.building import manifest_12, manifest_2004, package, patched, zipped


def start(tenant: TestTenant, data: bytes, course: str = "course", **options: Any) -> str:
    blob = importing.stage(io.BytesIO(data))
    with unit_of_work():
        return importing.start_import(tenant.id, course, blob, "My Course.zip", **options).id


def imported(tenant: TestTenant, data: bytes, course: str = "course") -> ImportJob:
    job_id = start(tenant, data, course)
    importing.run_import(tenant.id, job_id)
    session().rollback()
    return importing.get_job(tenant.id, job_id)


def events_of(tenant: TestTenant) -> list[Event]:
    return list(session().scalars(select(Event).where(Event.tenant_id == tenant.id).order_by(Event.id)))


def test_a_good_package_becomes_a_ready_version(tenant: TestTenant) -> None:
    job_id = start(tenant, package(manifest_2004(), ("index.html", "js/a.js")))
    assert importing.get_job(tenant.id, job_id).status == JobStatus.RUNNING
    assert catalogue.get_course(tenant.id, "course").current is None
    importing.run_import(tenant.id, job_id)
    session().rollback()
    job = importing.get_job(tenant.id, job_id)
    assert (job.status, job.progress, job.message, job.parser_warnings) == ("COMPLETE", 100, "imported", [])
    version = catalogue.current_version(tenant.id, "course")
    assert (version.number, version.status, version.standard, version.title) == (1, "ready", "scorm_2004_4", "Course")
    assert (version.file_count, version.filename, version.report["errors"]) == (3, "My Course.zip", [])
    assert catalogue.package(tenant.id, version.id).organization.items[0].href == "index.html"
    assert catalogue.get_course(tenant.id, "course").title == "Course"
    file = catalogue.find_file(tenant.id, version.id, "JS/A.js")
    assert file is not None
    assert (file.path, file.mime, file.size) == ("js/a.js", "text/javascript", 9)
    assert blobs().read(file.sha256) == b"<p>Hi</p>"
    (event,) = events_of(tenant)
    assert (event.type, event.payload["course_id"], event.payload["version"]) == ("course.imported", "course", 1)


def test_the_job_is_handed_to_the_outbox(tenant: TestTenant) -> None:
    job_id = start(tenant, package(manifest_12()))
    rows = session().scalars(
        select(OutboxRow).where(OutboxRow.tenant_id == tenant.id, OutboxRow.kind == "import_course")
    )
    assert [row.payload for row in rows] == [{"job": job_id}]


def test_the_outbox_runs_the_job(tenant: TestTenant) -> None:
    job_id = start(tenant, package(manifest_12()))
    row_id = session().scalar(
        select(OutboxRow.id).where(OutboxRow.tenant_id == tenant.id, OutboxRow.kind == "import_course")
    )
    assert row_id is not None
    for identity in outbox.claim(only=(tenant.id, row_id)):
        assert outbox.run(identity)
    session().rollback()
    assert importing.get_job(tenant.id, job_id).status == JobStatus.COMPLETE


def test_a_bad_package_is_rejected_with_reasons(tenant: TestTenant) -> None:
    job = imported(tenant, package(manifest_12(), ()))
    assert job.status == JobStatus.ERROR
    assert "index.html" in job.message
    version = catalogue.version_by_id(tenant.id, job.version_id)
    assert (version.status, version.package, version.file_count) == (VersionStatus.REJECTED, None, 0)
    assert [e["code"] for e in version.report["errors"]] == ["launch_file_missing"]
    assert catalogue.list_files(tenant.id, version.id) == []
    assert catalogue.list_courses(tenant.id) == []
    assert [c.id for c in catalogue.list_courses(tenant.id, only_ready=False)] == ["course"]
    (event,) = events_of(tenant)
    assert (event.type, event.payload["errors"][0]["code"]) == ("course.import_failed", "launch_file_missing")


@pytest.mark.parametrize("data", [b"", b"no zip", b"PK\x03\x04", package(manifest_12())[:-30]])
def test_garbage_is_rejected(tenant: TestTenant, data: bytes) -> None:
    assert imported(tenant, data).status == JobStatus.ERROR


def test_damage_within_a_file_rejects_and_stores_no_path(tenant: TestTenant) -> None:
    content = {"imsmanifest.xml": manifest_12(), "index.html": "content of the page"}
    data = zipped(content, method=zipfile.ZIP_STORED).replace(b"content of the page", b"c0ntent of the page")
    job = imported(tenant, data)
    assert job.status == JobStatus.ERROR
    assert "index.html" in job.message
    rows = session().scalars(select(PackageFile).where(PackageFile.tenant_id == tenant.id))
    assert list(rows) == []


def test_warnings_and_repairs_are_the_parser_warnings(tenant: TestTenant) -> None:
    text = "\ufeff" + manifest_12().replace('href="index.html"', 'href="Index.html"')
    job = imported(tenant, package(text))
    assert job.status == JobStatus.COMPLETE
    assert len(job.parser_warnings) == 2
    report = catalogue.version_by_id(tenant.id, job.version_id).report
    assert [r["code"] for r in report["repairs"]] == ["xml_bom", "href_case"]


def test_a_second_upload_is_the_next_version_and_the_first_stays(tenant: TestTenant) -> None:
    imported(tenant, package(manifest_12()))
    first = catalogue.current_version(tenant.id, "course").id
    imported(tenant, package(manifest_12().replace("Course", "Better course")))
    second = catalogue.current_version(tenant.id, "course")
    assert (second.number, second.title) == (2, "Better course")
    assert catalogue.package(tenant.id, first).title == "Course"
    imported(tenant, b"broken")
    assert catalogue.current_version(tenant.id, "course").id == second.id
    numbers = [(v.number, v.status) for v in catalogue.list_versions(tenant.id, "course")]
    assert numbers == [(1, "ready"), (2, "ready"), (3, "rejected")]


def test_new_version_can_be_forbidden(tenant: TestTenant) -> None:
    start(tenant, package(manifest_12()), may_create_version=False)
    with pytest.raises(Conflict, match="course"):
        start(tenant, package(manifest_12()), may_create_version=False)
    imported(tenant, b"broken", "other")
    # A course that never imported is as good as new.
    start(tenant, package(manifest_12()), "other", may_create_version=False)


def test_an_older_upload_that_ends_later_does_not_become_current(tenant: TestTenant) -> None:
    slow = start(tenant, package(manifest_12()))
    fast = start(tenant, package(manifest_12()))
    importing.run_import(tenant.id, fast)
    importing.run_import(tenant.id, slow)
    session().rollback()
    assert catalogue.get_course(tenant.id, "course").current == 2
    assert [v.status for v in catalogue.list_versions(tenant.id, "course")] == ["ready", "ready"]


def test_running_again_after_the_end_or_a_crash_changes_nothing_more(
    tenant: TestTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = start(tenant, package(manifest_12(), ("index.html", "b.html")))
    finish = import_outcome.finish

    def die(*args: Any) -> None:
        raise SystemExit(9)

    monkeypatch.setattr(import_outcome, "finish", die)
    with pytest.raises(SystemExit):
        importing.run_import(tenant.id, job_id)
    session().rollback()
    assert importing.get_job(tenant.id, job_id).status == JobStatus.RUNNING
    monkeypatch.setattr(import_outcome, "finish", finish)
    for _ in range(2):
        importing.run_import(tenant.id, job_id)
    session().rollback()
    version = catalogue.current_version(tenant.id, "course")
    assert [f.path for f in catalogue.list_files(tenant.id, version.id)] == ["b.html", "imsmanifest.xml", "index.html"]
    assert len(events_of(tenant)) == 1


def test_storage_that_fails_is_tried_again_and_told_at_last(
    tenant: TestTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = start(tenant, package(manifest_12()))

    def broken(self: object, source: object) -> None:
        raise Unavailable("cannot store a file: no space left on device")

    monkeypatch.setattr("core.blobs.Batch.put", broken)
    with pytest.raises(Unavailable):
        importing.run_import(tenant.id, job_id)
    session().rollback()
    assert importing.get_job(tenant.id, job_id).status == JobStatus.RUNNING
    importing.run_import(tenant.id, job_id, last_try=True)
    session().rollback()
    version = catalogue.version_by_id(tenant.id, importing.get_job(tenant.id, job_id).version_id)
    assert [e["code"] for e in version.report["errors"]] == ["import_given_up"]


def test_our_own_fault_ends_the_job_without_a_riddle(tenant: TestTenant, monkeypatch: pytest.MonkeyPatch) -> None:
    job_id = start(tenant, package(manifest_12()))

    def fault(*args: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(import_reading, "inspect", fault)
    importing.run_import(tenant.id, job_id)
    session().rollback()
    assert "error of this server" in importing.get_job(tenant.id, job_id).message


def test_a_deleted_course_ends_its_job(tenant: TestTenant) -> None:
    job_id = start(tenant, package(manifest_12()))
    with unit_of_work():
        catalogue.delete_course(tenant.id, "course")
    importing.run_import(tenant.id, job_id)
    session().rollback()
    assert catalogue.list_courses(tenant.id, only_ready=False) == []


@pytest.mark.parametrize("course", ["", "   ", "a\nb", "x" * 256])
def test_course_ids_that_cannot_be(tenant: TestTenant, course: str) -> None:
    with pytest.raises(Invalid):
        start(tenant, package(manifest_12()), course)


def test_upload_over_the_limit_stops_while_it_flows(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    class Endless(io.RawIOBase):
        count = 0

        def read(self, size: int | None = -1) -> bytes:
            assert size is not None
            self.count += size
            return bytes(size)

    monkeypatch.setitem(app.config, "REKAM", replace(app.config["REKAM"], upload_limit=4 << 20))
    endless = Endless()
    with pytest.raises(TooLarge):
        importing.stage(endless)
    assert endless.count < 8 << 20


def test_same_files_are_stored_once(tenant: TestTenant) -> None:
    imported(tenant, package(manifest_12(), ("index.html", "copy.html")))
    version = catalogue.current_version(tenant.id, "course")
    files = {f.path: f.sha256 for f in catalogue.list_files(tenant.id, version.id)}
    assert files["index.html"] == files["copy.html"]


def test_other_tenants_see_nothing(tenant: TestTenant, other_tenant: TestTenant) -> None:
    imported(tenant, package(manifest_12()))
    assert catalogue.list_courses(other_tenant.id) == []
    version = catalogue.current_version(tenant.id, "course")
    assert catalogue.find_file(other_tenant.id, version.id, "index.html") is None


def test_names_in_the_zip_never_reach_the_file_system(tenant: TestTenant) -> None:
    def names() -> Iterator[str]:
        root = blobs().local
        assert root is not None
        return (path.name for path in root.rglob("*") if path.is_file())

    before = set(names())
    imported(tenant, package(manifest_12(), ("index.html", "a name/of=mine.html")))
    job = imported(tenant, patched(package(manifest_12()), b"PK\x03\x04", 30, b"../x"), "slip")
    assert job.status == JobStatus.ERROR
    assert all(len(name) == 64 for name in set(names()) - before)
