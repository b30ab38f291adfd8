"""Course files on the content origin: immutable bytes with the headers that active foreign content needs."""

from __future__ import annotations

import gzip
import re
from functools import lru_cache
from typing import IO, Any

from flask import Response, request
from sqlalchemy import select
from werkzeug.wsgi import wrap_file

from core.blobs import BlobStore, blobs
from core.db import session
from core.errors import Forbidden, NotFound
from core.settings import get_settings
from course_packages import catalogue
from course_packages.models import PackageFile
from registrations import launches
from registrations.models import Registration
from scorm_runtime.outline import has_pdf

# A PDF shows in no sandboxed document; packages that hold one go without.
SANDBOX = "sandbox allow-scripts allow-same-origin allow-forms allow-popups allow-modals allow-downloads"
# What gzip makes smaller, and for which sizes (bytes) that is worth the time.
_TEXTS = ("text/", "application/json", "application/xhtml+xml", "application/manifest+json", "image/svg+xml")
_SMALLEST, _LARGEST = 1400, 4 << 20
# `unload` is being phased out, and old content saves its work there: keep it as long as browsers let us.
PERMISSIONS = "unload=(self), payment=(), usb=(), serial=(), bluetooth=(), hid=()"
_ONE_RANGE = re.compile(r"bytes\s*=\s*(\d+\s*-\s*\d*|-\s*\d+)\s*", re.ASCII | re.IGNORECASE)


def frame_ancestors() -> str:
    """Who may show player and course in a frame."""
    settings = get_settings()
    origins = [settings.base_url.rstrip("/"), *settings.frame_ancestors.split()]
    return f"frame-ancestors 'self' {' '.join(origins)}"


def common_headers(response: Response) -> Response:
    """Headers of everything on the content origin."""
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["Origin-Agent-Cluster"] = "?1"
    response.headers["Permissions-Policy"] = PERMISSIONS
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    return response


def course_file(token: str, path: str) -> Response:
    """The file at ``path`` of the course that ``token`` opens."""
    if request.headers.get("Service-Worker") == "script":
        # It would outlive the launch and see the requests of other courses.
        raise Forbidden("service workers are not available to courses")
    launch = launches.by_token(token)
    version_id = session().scalar(
        select(Registration.version_id).where(
            Registration.tenant_id == launch.tenant_id, Registration.id == launch.registration_id
        )
    )
    found = catalogue.find_file(launch.tenant_id, version_id or "", path) if "\0" not in path else None
    if found is None:
        raise NotFound(f"the course has no file {path!r}", code="no_such_file", path=path)
    return _serve(found, sandboxed=not has_pdf(launch.tenant_id, version_id or ""))


def _serve(found: PackageFile, *, sandboxed: bool) -> Response:
    squeezed = _squeezable(found)
    if squeezed:
        data = _squeezed(blobs(), found.sha256)
        response, size, tag = Response(data), len(data), f"{found.sha256}-gzip"
        response.headers["Content-Encoding"] = "gzip"
    else:
        handle = blobs().open(found.sha256)
        response, size, tag = _streamed(handle), found.size, found.sha256
    if found.mime.startswith(_TEXTS):
        response.headers["Vary"] = "Accept-Encoding"
    # Not `mimetype=`: that would claim UTF-8 for pages that say otherwise in their head.
    response.headers["Content-Type"] = found.mime
    response.content_length = size
    response.set_etag(tag)
    response.headers["Cache-Control"] = "private, max-age=3600"
    policy = frame_ancestors()
    response.headers["Content-Security-Policy"] = f"{SANDBOX}; {policy}" if sandboxed else policy
    common_headers(response)
    # 304 for a known ETag, 206 or 416 for a Range (RFC 9110 13, 14).
    response.make_conditional(_asked(), accept_ranges=not squeezed, complete_length=size)
    return response


def _asked() -> dict[str, Any]:
    """The request without a Range that is not one range of bytes: the whole file answers it (RFC 9110 14.2)."""
    plain = _ONE_RANGE.fullmatch(request.headers.get("Range", "")) is not None
    return {name: value for name, value in request.environ.items() if plain or name != "HTTP_RANGE"}


def _streamed(handle: IO[bytes]) -> Response:
    response = Response(wrap_file(request.environ, handle, 64 * 1024), direct_passthrough=True)
    response.call_on_close(handle.close)
    return response


def _squeezable(found: PackageFile) -> bool:
    """Whether gzip helps: texts of some size, for a browser that takes it and wants the whole file."""
    return (
        _SMALLEST <= found.size <= _LARGEST
        and found.mime.startswith(_TEXTS)
        and "Range" not in request.headers
        and request.accept_encodings["gzip"] > 0
    )


@lru_cache(maxsize=64)
def _squeezed(store: BlobStore, sha256: str) -> bytes:
    """The file as gzip; the last ones stay in memory, as learners of one course ask for the same files."""
    return gzip.compress(store.read(sha256), 5, mtime=0)
