"""One file of a version put in place of another: a new version, put together by the import job."""

from __future__ import annotations

import io
import zipfile

import pytest

from core.blobs import blobs
from core.db import session, unit_of_work
from core.errors import Conflict, Invalid
from course_packages import assets, catalogue, importing
from course_packages.import_progress import Progress
from course_packages.models import CourseVersion, ImportJob
from tests.conftest import TestTenant
from tests.course_packages.building import manifest_12, package, zipped
from tests.course_packages.pictures import pdf
from tests.course_packages.test_thumbnails import imported

COURSE = zipped(
    {"imsmanifest.xml": manifest_12(), "index.html": "<p>", "film.bin": bytes(3 << 20)}, method=zipfile.ZIP_STORED
)


@pytest.fixture
def version(tenant: TestTenant) -> CourseVersion:
    return imported(tenant, COURSE, "c.zip")


def replacing(version: CourseVersion, path: str, content: bytes) -> str:
    """The id of the job that replaces a file; it is not run yet."""
    assets.check(version, path)
    tenant_id = version.tenant_id
    replacement = assets.Replacement(version.id, path, importing.stage(io.BytesIO(content)).sha256)
    with unit_of_work():
        return importing.start_import(tenant_id, "c", replacement, "c.zip").id


def over(tenant: TestTenant, job_id: str) -> ImportJob:
    importing.run_import(tenant.id, job_id)
    session().rollback()
    return importing.get_job(tenant.id, job_id)


def texts(version: CourseVersion) -> dict[str, bytes]:
    return {f.path: blobs().read(f.sha256) for f in catalogue.list_files(version.tenant_id, version.id)}


@pytest.mark.parametrize("path", ["INDEX.html", "new/one.html"])
def test_one_file_is_replaced_or_added_as_a_new_version(tenant: TestTenant, version: CourseVersion, path: str) -> None:
    before = texts(version)
    job_id = replacing(version, path, b"<p>Corrected")
    assert importing.get_job(tenant.id, job_id).status == "RUNNING"
    assert over(tenant, job_id).status == "COMPLETE"
    after = catalogue.current_version(tenant.id, "c")
    assert (after.number, after.zip_size > 3 << 20) == (2, True)
    kept = {name: data for name, data in before.items() if name.lower() != path.lower()}
    assert texts(after) == kept | {path: b"<p>Corrected"}
    session().rollback()
    assert texts(catalogue.get_version(tenant.id, "c", 1)) == before


def test_the_job_tells_how_far_it_is(
    tenant: TestTenant, version: CourseVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[int, str]] = []
    report = Progress.report

    def told(self: Progress, percent: int, message: str, *, force: bool = False) -> None:
        seen.append((percent, message))
        report(self, percent, message, force=force)

    monkeypatch.setattr(Progress, "report", told)
    assert over(tenant, replacing(version, "index.html", b"<p>")).status == "COMPLETE"
    packing = [percent for percent, message in seen if message == "putting the file into the package"]
    assert packing[0] == 1
    assert len(set(packing)) > 3
    percents = [percent for percent, _ in seen]
    assert percents == sorted(percents)


def test_a_new_manifest_is_judged_like_any_other(tenant: TestTenant, version: CourseVersion) -> None:
    job = over(tenant, replacing(version, "imsmanifest.xml", b"<manifest"))
    assert (job.status, "imsmanifest.xml" in job.message) == ("ERROR", True)
    assert catalogue.current_version(tenant.id, "c").number == 1


def test_a_version_deleted_while_the_job_waited_is_said(tenant: TestTenant, version: CourseVersion) -> None:
    job_id = replacing(version, "index.html", b"<p>")
    imported(tenant, package(manifest_12()), "c.zip")
    with unit_of_work():
        catalogue.delete_version(tenant.id, "c", 1)
    job = over(tenant, job_id)
    assert (job.status, "deleted meanwhile" in job.message) == ("ERROR", True)
    report = catalogue.version_by_id(tenant.id, job.version_id).report
    assert [error["code"] for error in report["errors"]] == ["base_version_gone"]


def test_another_tenants_version_is_no_base(
    tenant: TestTenant, other_tenant: TestTenant, version: CourseVersion
) -> None:
    mine = imported(other_tenant, COURSE, "c.zip")
    replacement = assets.Replacement(version.id, "index.html", mine.zip_sha256)
    with unit_of_work():
        job_id = importing.start_import(other_tenant.id, "c", replacement, "c.zip").id
    assert "deleted meanwhile" in over(other_tenant, job_id).message


def test_cancelled_while_it_is_put_together(
    tenant: TestTenant, version: CourseVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = replacing(version, "index.html", b"<p>")
    repack = assets.repack

    def cancelled_meanwhile(*args: object) -> None:
        with unit_of_work():
            importing.cancel(tenant.id, job_id)
        repack(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(assets, "repack", cancelled_meanwhile)
    assert over(tenant, job_id).message == "The import was cancelled."
    assert catalogue.current_version(tenant.id, "c").number == 1


@pytest.mark.parametrize("path", ["", "../x", "/etc/x", "a//b", "a\\b", "a\0b"])
def test_a_file_outside_the_package_is_refused(version: CourseVersion, path: str) -> None:
    with pytest.raises(Invalid):
        assets.check(version, path)


def test_a_media_course_has_one_file(tenant: TestTenant) -> None:
    with pytest.raises(Conflict, match="one file"):
        assets.check(imported(tenant, pdf(), "a.pdf"), "b.pdf")
