"""The busiest xAPI requests without the framework: three quarters of what a small request costs are HTTP in Python.

It only ever gives good answers. Whatever is out of the ordinary goes through the framework untouched; a request in which something is
wrong goes there with what was found, and is refused in the framework's words. Both ways call the same views, and
``tests/lrs/test_express.py`` holds their answers against each other.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from flask import Flask
from werkzeug.wsgi import ClosingIterator

from core import web
from core.errors import RekamError
from core.settings import Settings
from lrs import consistency, versions
from lrs.resources import http, state, statements
from lrs.resources.http import Answer

Environ = dict[str, Any]
Application = Callable[[Environ, Any], Iterable[bytes]]
View = Callable[[], Answer]

# Status, headers, content, and what is to be done once it is sent.
Answered = tuple[int, list[tuple[str, str]], Iterable[bytes], Callable[[], None]]

STATEMENTS, STATE = "/xapi/statements", "/xapi/activities/state"
VIEWS: dict[tuple[str, str], View] = {
    ("POST", STATEMENTS): statements.post_plain,
    ("GET", STATEMENTS): statements.read,
    ("GET", STATE): state.read,
    ("PUT", STATE): state.put,
}
# Larger bodies gain nothing here: the framework reads them after it has looked at the credential, and parses them once if they are refused.
LARGE = 1 << 20
_STATUS = {200: "200 OK", 204: "204 No Content", 304: "304 Not Modified"}


class Express:
    """WSGI middleware."""

    def __init__(self, application: Application, app: Flask) -> None:
        self.application = application
        self.app = app
        settings: Settings = app.config["REKAM"]
        self.hosts = web.base_hosts(settings)
        self.most = min(settings.statement_request_limit, LARGE)

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        view = VIEWS.get((environ["REQUEST_METHOD"], environ["PATH_INFO"]))
        if view is None or not self._is_plain(environ):
            return self.application(environ, start_response)
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body = environ["wsgi.input"].read(length) if length else b""
        answer = self._answer(view, environ, body)
        if answer is None:
            environ["wsgi.input"] = io.BytesIO(body)
            return self.application(environ, start_response)
        status, headers, content, tell = answer
        start_response(_STATUS[status], headers)
        # What is told of an answer need not hold it up.
        return ClosingIterator(content, tell)

    def _is_plain(self, environ: Environ) -> bool:
        """A body of modest, known length where one belongs; nothing that other parts of the framework look at."""
        return (
            environ.get("HTTP_HOST") in self.hosts
            and "HTTP_TRANSFER_ENCODING" not in environ
            and "HTTP_CONTENT_ENCODING" not in environ
            and "HTTP_IDEMPOTENCY_KEY" not in environ
            and "attachments" not in environ.get("QUERY_STRING", "")
            and self._has_plain_body(environ)
        )

    def _has_plain_body(self, environ: Environ) -> bool:
        length = environ.get("CONTENT_LENGTH") or ""
        if environ["REQUEST_METHOD"] == "GET":
            return length in ("", "0")
        json = environ["REQUEST_METHOD"] != "POST" or environ.get("CONTENT_TYPE") == "application/json"
        return json and len(length) < 10 and length.isdecimal() and int(length) <= self.most

    def _answer(self, view: View, environ: Environ, body: bytes) -> Answered | None:
        """None where the framework has to say what is wrong."""
        started = time.perf_counter()
        with self.app.app_context() as context:
            g: Any = context.g  # without the proxy
            g.request_id = web.request_id(environ.get("HTTP_X_REQUEST_ID", ""))
            try:
                scopes = view.rekam_scopes  # type: ignore[attr-defined]
                g.principal = web.permitted(environ.get("HTTP_AUTHORIZATION"), *scopes)
                g.xapi_version = versions.negotiate(environ.get("HTTP_X_EXPERIENCE_API_VERSION"))
                arguments = http.arguments(environ.get("QUERY_STRING", ""))
                g.xapi_asked = http.Asked(arguments, lambda name: _header(environ, name), lambda: body)
                answer = view()
            except RekamError as error:
                if "principal" in g:
                    environ[http.FAILED] = error  # nothing is stored; to find out again what is wrong may take long
                return None
            except Exception as error:
                environ[http.FAILED] = error  # something may have been stored: not to be tried again
                return None
            headers = _headers(environ["PATH_INFO"], answer, g)
        method, path, seconds = environ["REQUEST_METHOD"], environ["PATH_INFO"], time.perf_counter() - started
        tell = partial(web.answered, method, path, path, answer.status, seconds, g.principal, g.request_id)
        content = [answer.content] if isinstance(answer.content, bytes) else answer.content
        return answer.status, headers, content, tell


def _header(environ: Environ, name: str) -> str | None:
    key = name.upper().replace("-", "_")
    value: str | None = environ.get(key if key == "CONTENT_TYPE" else f"HTTP_{key}")
    return value


def _headers(path: str, answer: Answer, g: Any) -> list[tuple[str, str]]:
    found = answer.headers
    if isinstance(answer.content, bytes) and answer.status == 200:
        found.append(("Content-Length", str(len(answer.content))))
    if path == STATEMENTS and not any(name == statements.THROUGH for name, _ in found):
        found.append((statements.THROUGH, consistency.text_of(consistency.told_writers(g.principal.tenant_id))))
    found += [(versions.HEADER, g.xapi_version.name), *http.FOR_BROWSERS, ("X-Request-Id", g.request_id), *web.SAFE]
    return found
