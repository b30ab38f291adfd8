"""`kill -9` of a worker in the middle of an import: the job is taken up again when the lease has run out."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys

import msgspec
from flask import Flask
from sqlalchemy import select, update

from core import clock, outbox
from core.db import session, unit_of_work
from core.outbox import OutboxRow
from course_packages import catalogue, importing
from course_packages.models import JobStatus
from tests.conftest import TestTenant
from tests.course_packages.building import manifest_12, package

# A worker that has stored every file and is killed before anything is published.
WORKER = """
import sys, time
import msgspec
from core import blobs, outbox
from core.settings import Settings
from server.app import create_app

def stuck(batch):
    print("stuck", flush=True)
    time.sleep(600)

blobs.Batch.publish = stuck
app = create_app(msgspec.json.decode(sys.argv[1], type=Settings))
with app.app_context():
    for identity in outbox.claim(only=(int(sys.argv[2]), sys.argv[3])):
        outbox.run(identity)
"""


def test_an_import_survives_its_worker(app: Flask, tenant: TestTenant) -> None:
    blob = importing.stage(io.BytesIO(package(manifest_12(), ("index.html", "a.js"))))
    with unit_of_work():
        job_id = importing.start_import(tenant.id, "course", blob, "course.zip").id
    query = select(OutboxRow.id).where(OutboxRow.tenant_id == tenant.id, OutboxRow.kind == importing.KIND)
    row_id = str(session().scalar(query))
    session().rollback()
    arguments = [msgspec.json.encode(app.config["REKAM"]).decode(), str(tenant.id), row_id]
    worker = subprocess.Popen([sys.executable, "-c", WORKER, *arguments], stdout=subprocess.PIPE, text=True)
    assert worker.stdout is not None
    assert worker.stdout.readline().strip() == "stuck"
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()
    worker.stdout.close()

    assert importing.get_job(tenant.id, job_id).status == JobStatus.RUNNING
    assert outbox.claim(only=(tenant.id, row_id)) == []
    with unit_of_work() as current:
        mine = (OutboxRow.tenant_id == tenant.id, OutboxRow.id == row_id)
        current.execute(update(OutboxRow).where(*mine).values(due=clock.now()))
    for identity in outbox.claim(only=(tenant.id, row_id)):
        assert outbox.run(identity)
    session().rollback()
    assert importing.get_job(tenant.id, job_id).status == JobStatus.COMPLETE
    version = catalogue.current_version(tenant.id, "course")
    assert [file.path for file in catalogue.list_files(tenant.id, version.id)] == [
        "a.js",
        "imsmanifest.xml",
        "index.html",
    ]
