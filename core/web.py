"""HTTP plumbing every edge shares: origins, scopes, authentication, request ids, and the one table error → status.

A blueprint belongs to an origin: ``base`` (console, REST, xAPI), ``content`` (player, course files) or ``any`` (health).
Every view declares who may call it with :func:`scope` or :func:`public`.
"""

from __future__ import annotations

import base64
import logging
import re
import time
from collections.abc import Callable
from typing import Any, TypeVar, cast

from flask import Blueprint, Flask, Request, Response, current_app, g, jsonify, redirect, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from core import credentials, errors
from core.credentials import Principal
from core.db import session
from core.ids import new_id
from core.settings import Settings, get_settings

log = logging.getLogger("rekam.web")

View = TypeVar("View", bound=Callable[..., Any])

STATUS: dict[type[errors.RekamError], int] = {
    errors.Invalid: 400,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.Gone: 410,
    errors.PreconditionFailed: 412,
    errors.TooLarge: 413,
    errors.UnsupportedMedia: 415,
    errors.RateLimited: 429,
    errors.Unavailable: 503,
}


def status_of(error: errors.RekamError) -> int:
    """The status code of an error; a subclass counts as its nearest listed ancestor."""
    return next((STATUS[c] for c in type(error).__mro__ if c in STATUS), 500)


# --- declaring routes ---------------------------------------------------------------------------------------------


def blueprint(name: str, import_name: str, *, origin: str, url_prefix: str | None = None, **options: Any) -> Blueprint:
    """A blueprint whose routes exist on one origin only: ``base``, ``content`` or ``any``."""
    if origin not in ("base", "content", "any"):
        raise ValueError(f"origin {origin!r}")
    made = Blueprint(name, import_name, url_prefix=url_prefix, **options)
    made.rekam_origin = origin  # type: ignore[attr-defined]
    return made


def scope(*names: str) -> Callable[[View], View]:
    """The view needs a credential that holds one of ``names``. Several: any of them."""

    def mark(view: View) -> View:
        view.rekam_scopes = names  # type: ignore[attr-defined]
        return view

    return mark


def public(why: str) -> Callable[[View], View]:
    """The view needs no credential, for the reason given (it has its own check, or there is nothing to protect)."""

    def mark(view: View) -> View:
        view.rekam_public = why  # type: ignore[attr-defined]
        return view

    return mark


def principal() -> Principal:
    """The authenticated program of this request (views marked with :func:`scope` only)."""
    return cast(Principal, g.principal)


# --- authentication -----------------------------------------------------------------------------------------------

# Further ways to authenticate, each `(scheme in lower case, value) -> Principal`; server.api registers "bearer".
schemes: dict[str, Callable[[str], Principal]] = {}


def authenticate(header: str | None) -> Principal:
    """The principal of an Authorization header; :class:`Unauthenticated` says what is wrong with it."""
    if not header:
        raise errors.Unauthenticated("this needs an Authorization header (HTTP Basic with key and secret)")
    scheme, _, value = header.partition(" ")
    if scheme.lower() == "basic":
        key, secret = basic(value)
        return credentials.authenticate(key, secret)
    if scheme.lower() in schemes:
        return schemes[scheme.lower()](value.strip())
    raise errors.Unauthenticated(f"unknown authorization scheme {scheme[:20]!r}; use Basic")


def basic(value: str) -> tuple[str, str]:
    """(key, secret) of what stands behind ``Basic`` in an Authorization header."""
    try:
        text = base64.b64decode(value.strip(), validate=True).decode("utf-8")
    except ValueError:  # not base64, not UTF-8, not even ASCII
        raise errors.Unauthenticated("the Basic credentials are not base64 of UTF-8 text (RFC 7617)") from None
    key, colon, secret = text.partition(":")
    if not colon or "\0" in text:
        raise errors.Unauthenticated("the Basic credentials are not key:secret (RFC 7617)")
    return key, secret


def authorize(*scopes: str) -> Principal:
    """Authenticate this request and check that it holds one of ``scopes``."""
    g.principal = permitted(request.headers.get("Authorization"), *scopes)
    return principal()


def permitted(header: str | None, *scopes: str) -> Principal:
    """The principal of an Authorization header, who holds one of ``scopes``."""
    who = authenticate(header)
    if not any(who.may(s) for s in scopes):
        raise errors.Forbidden(f"credential {who.key!r} lacks the scope {' or '.join(scopes)}", needed=list(scopes))
    return who


# --- per request --------------------------------------------------------------------------------------------------

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
# Machines call these by either name of the host; a redirect would drop their Authorization or body.
_NO_REDIRECT = ("/xapi", "/api/")


def init_app(app: Flask) -> None:
    """Install host dispatch, authentication, request ids and error answers."""
    app.session_interface = _Sessions()
    app.before_request(_begin)
    app.before_request(_check_origin)
    app.before_request(_check_scope)
    app.after_request(_finish)
    app.register_error_handler(errors.RekamError, _rekam_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(OperationalError, _database_error)
    app.register_error_handler(PoolTimeout, _database_error)
    app.register_error_handler(Exception, _unexpected)


class _Sessions(SecureCookieSessionInterface):
    """Only people's browsers bring cookies: nothing is signed or verified for programs."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        return super().open_session(app, request) if "HTTP_COOKIE" in request.environ else self.session_class()

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        if session or session.modified or session.accessed:
            super().save_session(app, session, response)


def request_id(given: str) -> str:
    """The caller's own where it is usable, else a new one."""
    return given if _REQUEST_ID.fullmatch(given) else new_id()


def _begin() -> None:
    g.request_id = request_id(request.headers.get("X-Request-Id", ""))
    g.started = time.perf_counter()


def _check_origin() -> Any:
    """Unknown hosts get 421; each origin has only its own routes."""
    origin = _origin_of_view()
    if origin == "any":
        return None
    settings = get_settings()
    host = request.host.lower()
    if host == settings.content_host:
        here = "content"
    elif host == settings.base_host:
        here = "base"
    elif host in base_hosts(settings):
        here = "base"
        if not request.path.startswith(_NO_REDIRECT) and request.method in ("GET", "HEAD"):
            return redirect(settings.base_url.rstrip("/") + request.full_path.rstrip("?"), 308)
    else:
        return _answer(421, "unknown_host", f"this server does not answer for the host {host[:100]!r}")
    if origin not in (here, None):
        raise errors.NotFound(f"{request.path} is not on this origin")
    return None


def _origin_of_view() -> str | None:
    found = current_app.blueprints.get(request.blueprint or "")
    return getattr(found, "rekam_origin", None)


def base_hosts(settings: Settings) -> tuple[str, ...]:
    """Hosts the base origin answers for: for ``localhost:8000`` also the same port on 127.0.0.1, which people type."""
    name, _, port = settings.base_host.partition(":")
    return (settings.base_host, f"127.0.0.1:{port}") if name == "localhost" else (settings.base_host,)


def _check_scope() -> None:
    view = current_app.view_functions.get(request.endpoint or "")
    if view is None or hasattr(view, "rekam_public") or request.method == "OPTIONS":
        return
    needed = getattr(view, "rekam_scopes", None)
    if needed is None:
        raise errors.Forbidden("this route declares no scope")
    authorize(*needed)


# Told of every answer: (method, route, status, seconds).
observers: list[Callable[[str, str, int, float], None]] = []
# On every answer that does not say otherwise.
SAFE = (("X-Content-Type-Options", "nosniff"),)


def _finish(response: Response) -> Response:
    id_ = response.headers["X-Request-Id"] = g.get("request_id", "")
    for name, value in SAFE:
        response.headers.setdefault(name, value)
    route = request.url_rule.rule if request.url_rule else "(none)"
    seconds = time.perf_counter() - g.started if "started" in g else 0.0
    answered(request.method, request.path, route, response.status_code, seconds, g.get("principal"), id_)
    return response


def answered(method: str, path: str, route: str, status: int, seconds: float, who: Principal | None, id_: str) -> None:
    """Log an answer and tell the observers. Needs no context; ``id_`` is the request's."""
    for observe in observers:
        observe(method, route, status, seconds)
    if log.isEnabledFor(logging.INFO):
        log.info(
            "request",
            extra={
                "request_id": id_,
                "method": method,
                "path": _without_token(path),
                "status": status,
                "ms": round(seconds * 1000, 1),
                "tenant": who.tenant_id if who else None,
                "key": who.key if who else None,
            },
        )


def _without_token(path: str) -> str:
    """Launch tokens and tickets are secrets: keep them out of the logs."""
    return re.sub(r"^/(p|launch)/[^/]+", r"/\1/***", path) if path.startswith(("/p/", "/launch/")) else path


# --- error answers ------------------------------------------------------------------------------------------------

# Blueprint name → function that words an error in the dialect of its API: (status, code, message, details) → Response.
dialects: dict[str, Callable[[int, str, str, dict[str, Any]], Response]] = {}


def _answer(status: int, code: str, message: str, details: dict[str, Any] | None = None) -> Response:
    speak = dialects.get(request.blueprint or "")
    if speak is not None:
        response = speak(status, code, message, details or {})
    else:
        response = jsonify({"error": {"code": code, "message": message, **(details or {})}})
    response.status_code = status
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Basic realm="Rekam", charset="UTF-8"'
    if status in (429, 503):
        response.headers["Retry-After"] = str((details or {}).get("retry_after", 2))
    return response


def _rekam_error(error: errors.RekamError) -> Response:
    return _answer(status_of(error), error.code, error.message, error.details)


def _http_error(error: HTTPException) -> Any:
    if error.code is None or error.code < 400:
        return error
    response = _answer(error.code, (error.name or "error").lower().replace(" ", "_"), error.description or error.name)
    for name, value in error.get_headers():
        if name.lower() in ("allow", "content-range"):
            response.headers[name] = value
    return response


def _database_error(error: Exception) -> Response:
    log.error("database unavailable", exc_info=error)
    session().rollback()
    return _answer(503, "unavailable", "the database cannot be used just now; try again")


def _unexpected(error: Exception) -> Response:
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return _database_error(error)
    log.error("unexpected error", exc_info=error, extra={"path": _without_token(request.path)})
    session().rollback()
    return _answer(500, "internal", f"internal error; the log has it under request id {g.get('request_id', '')}")
