"""The REST API: ``/api/v2`` in the dialect of the SCORM Cloud API v2, and beside it in the same style what Rekam adds."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

import core.web as web
from core import events
from server.api.answers import answer
from server.api.blueprint import PREFIX, bp


def init_app(app: Flask) -> None:
    # Each module adds its routes to the blueprint when it is imported.
    from server.api import (  # noqa: F401
        applications,
        bearer,
        comments,
        configuration,
        courses,
        forwarders,
        imports,
        learners,
        moves,
        oauth,
        openapi,
        records,
        registrations,
        rejected,
        sequencing,
        service,
        slashes,
        stream,
        tags,
        trace,
        versions,
        webhooks,
        xapi,
    )

    if tags.follow not in events.followers:
        events.followers.append(tags.follow)
    web.dialects[bp.name] = _error
    web.schemes["bearer"] = bearer.authenticate
    app.register_blueprint(bp)
    slashes.init_app(app)
    for status in (404, 405):
        app.register_error_handler(status, _unrouted)


def _error(status: int, code: str, message: str, details: dict[str, Any]) -> Response:
    body: dict[str, Any] = {"message": message, "code": code}
    if details:
        body["details"] = details
    return answer(body, status)


def _unrouted(error: HTTPException) -> Any:
    """A path or method without a route belongs to no blueprint; below our prefix it is answered in the dialect still."""
    if not request.path.startswith(f"{PREFIX}/"):
        return web._http_error(error)
    status = error.code or 404
    message = f"there is no {request.path}" if status == 404 else f"{request.path} does not take {request.method}"
    response = _error(status, "not_found" if status == 404 else "method_not_allowed", message, {})
    for name, value in error.get_headers():
        if name.lower() == "allow":
            response.headers[name] = value
    return response
