"""The sweep of unused blobs: deletes what nothing names, never what is named or may be named soon."""

from __future__ import annotations

import io
import os
import time
from pathlib import Path

from core.blobs import BlobStore, blobs
from core.db import session, unit_of_work
from course_packages import catalogue, importing
from server import storage
from tests.conftest import TestTenant
from tests.course_packages.building import manifest_12, zipped
from tests.course_packages.pictures import image


def age(sha256: str, seconds: float = 100.0) -> None:
    """Make the blob as old as that."""
    path = blobs().local_path(sha256)
    assert path is not None
    os.utime(path, (time.time() - seconds,) * 2)


def test_only_what_nothing_names_goes(tenant: TestTenant) -> None:
    content = zipped({"imsmanifest.xml": manifest_12(), "index.html": f"page of {tenant.id}"})
    upload = importing.stage(io.BytesIO(content))
    with unit_of_work():
        job_id = importing.start_import(tenant.id, "course", upload, "course.zip").id
    importing.run_import(tenant.id, job_id)
    session().rollback()
    version = catalogue.current_version(tenant.id, "course")
    named = [upload.sha256, *(file.sha256 for file in catalogue.list_files(tenant.id, version.id))]
    orphan, young = (blobs().put(io.BytesIO(f"{word} {tenant.id}".encode())).sha256 for word in ("orphan", "young"))
    renewed = blobs().put(io.BytesIO(f"renewed {tenant.id}".encode())).sha256
    for sha256 in (*named, orphan, renewed):
        age(sha256)
    blobs().put(io.BytesIO(f"renewed {tenant.id}".encode()))
    assert storage.sweep(50) >= 1
    left = {sha256 for sha256 in (*named, orphan, young, renewed) if blobs().exists(sha256)}
    assert left == {*named, young, renewed}

    with unit_of_work():
        catalogue.delete_course(tenant.id, "course")
    for sha256 in named:
        if blobs().exists(sha256):
            age(sha256)
    storage.sweep(50)
    assert not blobs().exists(upload.sha256)


def test_what_a_dead_process_left_in_staging_goes(tenant: TestTenant) -> None:
    staged: Path = blobs().staging / "left-over"
    staged.write_bytes(b"half an upload")
    os.utime(staged, (time.time() - 100,) * 2)
    storage.sweep(50)
    assert not staged.exists()


def test_the_sweep_on_s3(tenant: TestTenant, on_s3: BlobStore) -> None:
    # No other test names these bytes in the database that all share.
    shown = image(size=(41, 43), colour=(11, tenant.id % 256, tenant.id // 256 % 256))
    manifest = f"{manifest_12()}<!-- {tenant.id} -->"
    content = zipped({"imsmanifest.xml": manifest, "index.html": f"on S3 {tenant.id}", "thumbnail.png": shown})
    upload = importing.stage(io.BytesIO(content))
    with unit_of_work():
        job_id = importing.start_import(tenant.id, "course", upload, "course.zip").id
    importing.run_import(tenant.id, job_id)
    session().rollback()
    version = catalogue.current_version(tenant.id, "course")
    assert version.thumbnail is not None
    named = {upload.sha256, version.thumbnail, *(f.sha256 for f in catalogue.list_files(tenant.id, version.id))}
    orphan = on_s3.put(io.BytesIO(b"orphan")).sha256
    staged = on_s3.staging / "left-over"
    staged.write_bytes(b"half an upload")
    assert storage.sweep(3600) == 0, "what is young may still be waited for"
    # An object's age cannot be set back: a grace below zero makes all of them old.
    assert storage.sweep(-3600) == 1
    assert {sha256 for sha256 in (*named, orphan) if on_s3.exists(sha256)} == named
    assert not staged.exists()
    with unit_of_work():
        catalogue.delete_course(tenant.id, "course")
    assert storage.sweep(-3600) == len(named)
    assert list(on_s3.list_old(-3600)) == []
