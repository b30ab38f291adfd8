"""POST /xapi/statements of plain JSON, without the framework: three quarters of what a single statement costs are HTTP in Python.

It only ever answers 200. Whatever is out of the ordinary goes through the framework untouched, and so does a request in which anything is
wrong: there it is refused in the framework's words. Both ways call the same operations (:mod:`lrs.resources.statements`), and
``tests/lrs/test_express.py`` holds their answers against each other.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterable
from typing import Any

import msgspec
from flask import Flask, g

from core import web
from core.errors import RekamError
from core.settings import Settings
from lrs import consistency, versions
from lrs.resources import http, statements

Environ = dict[str, Any]
Application = Callable[[Environ, Any], Iterable[bytes]]

ROUTE = "/xapi/statements"
# Larger bodies gain nothing here: the framework reads them after it has looked at the credential, and parses them once if they are refused.
LARGE = 1 << 20


class Express:
    """WSGI middleware."""

    def __init__(self, application: Application, app: Flask) -> None:
        self.application = application
        self.app = app
        settings: Settings = app.config["REKAM"]
        self.hosts = web.base_hosts(settings)
        self.most = min(settings.statement_request_limit, LARGE)

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        if not self._is_plain(environ):
            return self.application(environ, start_response)
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        answer = self._store(environ, body)
        if answer is None:
            environ["wsgi.input"] = io.BytesIO(body)
            return self.application(environ, start_response)
        content, headers = answer
        start_response("200 OK", headers)
        return [content]

    def _is_plain(self, environ: Environ) -> bool:
        length = environ.get("CONTENT_LENGTH", "")
        return (
            environ["REQUEST_METHOD"] == "POST"
            and environ["PATH_INFO"] == ROUTE
            and not environ.get("QUERY_STRING")
            and environ.get("CONTENT_TYPE") == "application/json"
            and len(length) < 10
            and length.isdecimal()
            and int(length) <= self.most
            and environ.get("HTTP_HOST") in self.hosts
            and "HTTP_IDEMPOTENCY_KEY" not in environ
            and "HTTP_TRANSFER_ENCODING" not in environ
            and "HTTP_CONTENT_ENCODING" not in environ
        )

    def _store(self, environ: Environ, body: bytes) -> tuple[bytes, list[tuple[str, str]]] | None:
        """The answer, or None where the framework has to say what is wrong."""
        started = time.perf_counter()
        with self.app.app_context():
            g.request_id = web.request_id(environ.get("HTTP_X_REQUEST_ID", ""))
            try:
                who = web.permitted(environ.get("HTTP_AUTHORIZATION"), "statements/write")
                version = versions.negotiate(environ.get("HTTP_X_EXPERIENCE_API_VERSION"))
                ids = statements.store_body(body, who, version)
            except RekamError:
                return None  # and nothing is stored
            except Exception as error:
                environ[http.FAILED] = error  # something may have been stored: not to be tried again
                return None
            content = msgspec.json.encode(ids)
            web.answered("POST", ROUTE, ROUTE, 200, started, who)
            return content, [
                ("Content-Type", "application/json"),
                ("Content-Length", str(len(content))),
                (statements.THROUGH, consistency.text_of(consistency.last_known(who.tenant_id))),
                (versions.HEADER, version.name),
                *http.FOR_BROWSERS,
                ("X-Request-Id", g.request_id),
                *web.SAFE,
            ]
