"""Import jobs: a package uploaded in the request, or fetched from an address."""

from __future__ import annotations

import tempfile
from typing import IO

from flask import Response, request

import core.web as web
from core import audit
from core.db import unit_of_work
from core.errors import Invalid, TooLarge
from core.settings import get_settings
from course_packages import catalogue, importing
from server import outbound
from server.api import openapi, reading
from server.api.answers import answer
from server.api.blueprint import bp
from server.api.courses import job_state
from server.api.reading import Body, body
from server.webhooks import postbacks

# The client waits for the fetch; what takes longer should be uploaded.
FETCH_SECONDS = 100.0
_QUERY = {
    "courseId": "The id of the course, chosen by the client",
    "mayCreateNewVersion": "Whether a known course gets a new version; else it is a conflict",
    "postbackUrl": "Where the job is posted once it is done",
    "tags": "Tags for the course (comma-separated)",
}


class FetchRequest(Body):
    url: str
    content_type: str | None = None


class ImportRequest(Body):
    fetch_request: FetchRequest


@bp.post("/courses/importJobs/upload")
@web.scope("rest")
@openapi.describe(
    "Upload a package and start its import", query=_QUERY, form={"file": "The zip"}, returns="StringResult"
)
def create_upload_and_import_course_job() -> Response:
    course_id = _course_id()
    upload = request.files.get("file")
    if upload is not None:
        source: IO[bytes] = upload.stream
        name = upload.filename or "package.zip"
    elif request.mimetype in ("application/zip", "application/x-zip-compressed", "application/octet-stream"):
        source, name = request.stream, "package.zip"
    else:
        raise Invalid("the package must be the part `file` of a multipart/form-data body", field="file")
    return _start(course_id, source, name)


@bp.post("/courses/importJobs")
@web.scope("rest")
@openapi.describe(
    "Fetch a package from an address and start its import", query=_QUERY, body=ImportRequest, returns="StringResult"
)
def create_fetch_and_import_course_job() -> Response:
    course_id, url = _course_id(), body(ImportRequest).fetch_request.url
    limit = get_settings().upload_limit
    with tempfile.TemporaryFile() as copy:
        try:
            got = outbound.request("GET", url, limit=limit + 1, seconds=FETCH_SECONDS, into=copy)
        except outbound.Failed as failure:
            raise Invalid(f"cannot fetch {url}: {failure}", path="$.fetchRequest.url") from None
        if got.status != 200:
            raise Invalid(f"cannot fetch {url}: it answered {got.status}", path="$.fetchRequest.url")
        if copy.tell() > limit:
            raise TooLarge(f"the package is larger than {limit} bytes", limit=limit)
        copy.seek(0)
        return _start(course_id, copy, url.partition("?")[0].rpartition("/")[2] or "package.zip")


def _course_id() -> str:
    """Checked before the body is read, so that a wrong request does not cost an upload."""
    course_id = reading.check_id(reading.needed("courseId"), "courseId")
    if url := reading.text("postbackUrl"):
        outbound.check_url(url)
    return course_id


def _start(course_id: str, source: IO[bytes], name: str) -> Response:
    who = web.principal()
    # In the dialect an existing course is an error unless the client says otherwise.
    may = reading.flag("mayCreateNewVersion")
    blob = importing.stage(source)
    if not blob.size:
        raise Invalid("the uploaded file is empty", field="file")
    with unit_of_work():
        job = importing.start_import(who.tenant_id, course_id, blob, name, may_create_version=may)
        if tags := reading.many("tags"):
            course = catalogue.get_course(who.tenant_id, course_id)
            catalogue.set_tags(who.tenant_id, course_id, [*course.tags, *tags])
        if url := reading.text("postbackUrl"):
            postbacks.put(who.tenant_id, f"import:{job.id}", postbacks.Target(url=url))
        audit.record(who.tenant_id, f"credential:{who.key}", "course.import_started", course_id, job=job.id)
        job_id = job.id
    return answer({"result": job_id})


@bp.get("/courses/importJobs/<import_job_id>")
@web.scope("rest/read")
@openapi.describe("How an import is going", returns="ImportJob")
def get_import_job_status(import_job_id: str) -> Response:
    return answer(job_state(web.principal().tenant_id, import_job_id))
