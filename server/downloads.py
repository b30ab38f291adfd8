"""A blob as an answer, from a folder as from S3: with its length, as a whole or in parts, not at all when it is known."""

from __future__ import annotations

from flask import Response, request, send_file

from core.blobs import blobs


def send_blob(sha256: str, mime: str, name: str | None = None) -> Response:
    """``name`` makes it a download of that name; :class:`core.errors.NotFound` when the store does not have it."""
    handle = blobs().open(sha256)
    size = handle.seek(0, 2)
    handle.seek(0)
    # Of a stream Flask does not know the length, so what depends on it comes afterwards.
    response = send_file(
        handle, mimetype=mime, as_attachment=name is not None, download_name=name, conditional=False, etag=False
    )
    response.content_length = size
    response.set_etag(sha256)
    response.make_conditional(request.environ, accept_ranges=True, complete_length=size)
    return response
