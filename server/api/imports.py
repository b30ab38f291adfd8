"""Import jobs: a package uploaded in the request, or fetched from an address."""

from __future__ import annotations

from typing import IO

from flask import Response, request

import core.web as web
from core import audit
from core.blobs import Blob
from core.db import unit_of_work
from core.errors import Invalid
from course_packages import importing
from server import fetching, outbound
from server.api import openapi, reading, tags
from server.api.answers import answer, nothing
from server.api.blueprint import bp
from server.api.courses import job_state
from server.api.reading import Body, body
from server.webhooks import postbacks

# Bodies that are the package itself rather than a form.
_BODIES = (
    "application/zip",
    "application/x-zip-compressed",
    "application/octet-stream",
    "application/pdf",
    "application/xml",
    "text/xml",
)
_FILE = "The zip, or a PDF, MP4, WebM, MP3, PNG, JPEG, GIF or WebP file, or a cmi5 course structure (cmi5.xml)"
_QUERY = {
    "courseId": "The id of the course, chosen by the client",
    "mayCreateNewVersion": "Whether a known course gets a new version; else it is a conflict",
    "postbackUrl": "Where the job is posted once it is done",
    "tags": "Tags for the course (comma-separated)",
    "completionThreshold": "A PDF, video, sound or picture: complete from this share (0 to 1) of its pages or time on; 0.9",
    "strict": "true: what breaks the rules of the standard rejects the package; else it is repaired where it can be",
    "filename": "The name of the file where the body is the file itself",
}


class FetchRequest(Body):
    url: str
    content_type: str | None = None


class ImportRequest(Body):
    """Published clients name the address in ``url`` or, for ``noUpload`` and in older versions, in ``fetchRequest``."""

    url: str | None = None
    fetch_request: FetchRequest | None = None

    def address(self) -> str:
        url = self.fetch_request.url if self.fetch_request else self.url
        if not url:
            raise Invalid("the address of the package is needed", path="$.url")
        return url


@bp.post("/courses/importJobs/upload")
@web.scope("rest")
@openapi.describe(
    "Upload a package and start its import",
    query=_QUERY,
    form={"file": _FILE},
    returns="StringResult",
)
def create_upload_and_import_course_job() -> Response:
    course_id = _course_id()
    upload = request.files.get("file")
    if upload is not None:
        source: IO[bytes] = upload.stream
        name = upload.filename or "package.zip"
    elif request.mimetype in _BODIES or request.mimetype.partition("/")[0] in ("video", "audio", "image"):
        source, name = request.stream, reading.text("filename") or "package.zip"
    else:
        raise Invalid("the package must be the part `file` of a multipart/form-data body", field="file")
    blob = importing.stage(source)
    if not blob.size:
        raise Invalid("the uploaded file is empty", field="file")
    return _start(course_id, blob, name)


@bp.post("/courses/importJobs/noUpload")
@web.scope("rest")
@openapi.describe(
    "Fetch a package from an address and start its import", query=_QUERY, body=ImportRequest, returns="StringResult"
)
def create_no_upload_and_import_course_job() -> Response:
    return create_fetch_and_import_course_job()


@bp.post("/courses/importJobs")
@web.scope("rest")
@openapi.describe(
    "Fetch a package from an address and start its import", query=_QUERY, body=ImportRequest, returns="StringResult"
)
def create_fetch_and_import_course_job() -> Response:
    course_id, url = _course_id(), body(ImportRequest).address()
    fetching.check(url)
    return _start(course_id, url, fetching.name_of(url))


def _course_id() -> str:
    """Checked before the body is read, so that a wrong request does not cost an upload."""
    course_id = reading.check_id(reading.needed("courseId"), "courseId")
    if url := reading.text("postbackUrl"):
        outbound.check_url(url)
    return course_id


def _start(course_id: str, source: Blob | str, name: str) -> Response:
    who = web.principal()
    # In the dialect an existing course is an error unless the client says otherwise.
    may = reading.flag("mayCreateNewVersion")
    threshold, strict = reading.share("completionThreshold"), reading.flag("strict")
    with unit_of_work():
        job = importing.start_import(
            who.tenant_id, course_id, source, name, may_create_version=may, threshold=threshold, strict=strict
        )
        if words := reading.many("tags"):
            tags.change(who.tenant_id, "course", course_id, add=words)
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


@bp.delete("/courses/importJobs/<import_job_id>")
@web.scope("rest")
@openapi.describe("Cancel an import that is not over yet")
def cancel_import_job(import_job_id: str) -> Response:
    who = web.principal()
    with unit_of_work():
        job = importing.cancel(who.tenant_id, import_job_id)
        audit.record(who.tenant_id, f"credential:{who.key}", "course.import_cancelled", job.course_id, job=job.id)
    return nothing()
