"""Single media files: recognised by what they are, made a course of one part, stored without a copy."""

from __future__ import annotations

import io

import pytest

from core.blobs import blobs
from core.db import session, unit_of_work
from core.errors import Conflict, Invalid
from course_packages import catalogue, import_reading, import_source, importing, media
from course_packages.model import Standard, from_json, to_json
from tests.conftest import TestTenant
from tests.course_packages.building import inspected, manifest_12, package

HEADS = {
    "pdf": b"%PDF-1.7\n",
    "mp4": b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00",
    "m4a": b"\x00\x00\x00\x20ftypM4A \x00\x00\x02\x00",
    "webm": b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\xf7\x81\x01B\xf2\x81\x04B\xf3\x81\x08B\x82\x84webm",
    "mp3": b"ID3\x04\x00\x00",
    "ogg": b"OggS\x00\x02",
    "wav": b"RIFF\x24\x00\x00\x00WAVEfmt ",
    "webp": b"RIFF\x24\x00\x00\x00WEBPVP8 ",
    "png": b"\x89PNG\r\n\x1a\n",
    "jpg": b"\xff\xd8\xff\xe0",
    "gif": b"GIF89a",
}


@pytest.mark.parametrize("extension", HEADS)
def test_a_file_is_known_by_its_first_bytes_whatever_its_name(extension: str) -> None:
    found = media.recognise(io.BytesIO(HEADS[extension] + b"\0" * 50))
    assert found is not None
    assert found.extension == extension
    course = media.course_of(found, "My  file.zip", 0.5)
    (item,) = course.organization.items
    assert (course.standard, item.href) == (Standard.MEDIA, f"My%20file.{extension}")
    assert item.completion_threshold is not None
    assert (item.completion_threshold.min_progress_measure, item.completion_threshold.completed_by_measure) == (
        0.5,
        True,
    )
    assert from_json(to_json(course)) == course


@pytest.mark.parametrize(
    "head",
    [b"", b"PK\x03\x04", b"<svg xmlns=", b"<html>", b"\x1aE\xdf\xa3 matroska", b"\0\0\0\x20ftypqt  ", b"\xff\xfe<\0"],
)
def test_everything_else_is_no_media(head: bytes) -> None:
    assert media.recognise(io.BytesIO(head)) is None


def test_a_package_with_junk_before_it_is_still_a_zip() -> None:
    assert inspected(package(manifest_12())).package is not None


def test_the_upload_itself_is_the_course_file(tenant: TestTenant) -> None:
    blob = importing.stage(io.BytesIO(HEADS["pdf"]))
    with unit_of_work():
        job_id = importing.start_import(tenant.id, "rules", blob, "Safety rules.PDF", threshold=0.25).id
    importing.run_import(tenant.id, job_id)
    session().rollback()
    version = catalogue.current_version(tenant.id, "rules")
    assert (version.standard, version.title, version.file_count) == ("media", "Safety rules", 1)
    (file,) = catalogue.list_files(tenant.id, version.id)
    assert (file.path, file.mime, file.sha256, file.size) == (
        "Safety rules.pdf",
        "application/pdf",
        blob.sha256,
        len(HEADS["pdf"]),
    )
    assert blobs().read(file.sha256) == HEADS["pdf"]
    threshold = catalogue.package(tenant.id, version.id).organization.items[0].completion_threshold
    assert threshold is not None
    assert threshold.min_progress_measure == 0.25


@pytest.mark.parametrize("threshold", [0.0, -1.0, 1.01, float("nan")])
def test_a_threshold_is_a_share(tenant: TestTenant, threshold: float) -> None:
    blob = importing.stage(io.BytesIO(HEADS["gif"]))
    with pytest.raises(Invalid), unit_of_work():
        importing.start_import(tenant.id, "a", blob, "a.gif", threshold=threshold)


def test_a_job_is_cancelled_while_it_is_worked_on(tenant: TestTenant, monkeypatch: pytest.MonkeyPatch) -> None:
    blob = importing.stage(io.BytesIO(package(manifest_12())))
    with unit_of_work():
        job_id = importing.start_import(tenant.id, "a", blob, "a.zip").id
    inspect = import_reading.inspect

    def cancelled_meanwhile(*args: object, **options: object) -> object:
        with unit_of_work():
            importing.cancel(tenant.id, job_id)
        return inspect(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(import_reading, "inspect", cancelled_meanwhile)
    importing.run_import(tenant.id, job_id)
    session().rollback()
    job = importing.get_job(tenant.id, job_id)
    version = catalogue.version_by_id(tenant.id, job.version_id)
    assert (job.status, job.message, version.status) == ("ERROR", "The import was cancelled.", "rejected")
    assert catalogue.list_files(tenant.id, version.id) == []
    with pytest.raises(Conflict), unit_of_work():
        importing.cancel(tenant.id, job_id)


def test_a_package_is_fetched_by_the_job(tenant: TestTenant, monkeypatch: pytest.MonkeyPatch) -> None:
    data = package(manifest_12())

    def fetch(url: str, into: io.BytesIO) -> None:
        if url.endswith("gone.zip"):
            raise import_source.FetchFailed("the server answered 404")
        into.write(data)

    monkeypatch.setattr(import_source, "fetcher", fetch)
    for name in ("course", "gone"):
        with unit_of_work():
            job_id = importing.start_import(tenant.id, name, f"https://example.org/{name}.zip", f"{name}.zip").id
        importing.run_import(tenant.id, job_id)
        session().rollback()
    assert catalogue.current_version(tenant.id, "course").zip_size == len(data)
    job = importing.get_job(tenant.id, job_id)
    assert job.status == "ERROR"
    assert "gone.zip: the server answered 404" in job.message
