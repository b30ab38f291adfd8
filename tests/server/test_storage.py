"""The sweep of unused blobs: deletes what nothing names, never what is named or may be named soon."""

from __future__ import annotations

import io
import os
import time
from pathlib import Path

from core.blobs import blobs
from core.db import session, unit_of_work
from course_packages import catalogue, importing
from server import storage
from tests.conftest import TestTenant
from tests.course_packages.building import manifest_12, zipped


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
