"""One attachment by its SHA-2, whole or in ranges (RFC 9110 14). Not of xAPI: there, attachments only come with their statements."""

from __future__ import annotations

from typing import cast

from flask import Response, request
from werkzeug.wsgi import wrap_file

from core.blobs import blobs
from core.errors import NotFound
from core.web import principal, scope
from lrs import attachments
from lrs.resources.http import Parameters, xapi


@xapi.get("/attachments/<sha2>", endpoint="attachment")
@scope("statements/read")
def read(sha2: str) -> Response:
    Parameters(())
    kept = attachments.one(principal().tenant_id, sha2)
    if kept is None:
        raise NotFound(f"there is no attachment {sha2[:128]!r}")
    # Never as the sender's media type, nor as a page of this origin.
    response = Response(
        wrap_file(request.environ, blobs().open(kept.blob)),
        content_type="application/octet-stream",
        direct_passthrough=True,
        headers={
            "Content-Disposition": f'attachment; filename="{kept.sha2}"',
            "Content-Security-Policy": "sandbox; default-src 'none'",
            "Content-Length": str(kept.size),
        },
    )
    response.set_etag(kept.sha2)
    return cast(Response, response.make_conditional(request.environ, accept_ranges=True, complete_length=kept.size))
