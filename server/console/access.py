"""Who may see a console page: the session cookie, roles, the tenant in view, forgery checks and the headers of a page.

Every view of the console is marked by :func:`console_view` (a role is needed) or :func:`open_view` (signing in). A
request reaches a view only when its session holds the role, so that no page has to remember to ask.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar, cast

from flask import Response, g, redirect, request, url_for
from flask import session as cookie
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from core import crypto, web
from core.db import session
from core.errors import Forbidden, Invalid, Unauthenticated
from core.settings import get_settings
from core.tenants import Tenant
from course_packages import thumbnails
from server import people
from server.console.formats import word

bp = web.blueprint("console", __name__, origin="base", template_folder="templates")

View = TypeVar("View", bound=Callable[..., Any])
SAFE = ("GET", "HEAD", "OPTIONS")
# The forms that send a file, with the most they send (None: what the server takes at all).
UPLOADS = {
    "console.course_upload": None,
    "console.course_file_save": None,
    "console.course_thumbnail_save": thumbnails.LARGEST + (1 << 20),
}
FORM_LIMIT = 1 << 20
# A path of this host. "//" leads to another one; browsers read "\\" as "/" and drop control characters before they look.
LOCAL_TARGET = re.compile(r"/(?!/)[^\\\x00-\x20\x7f]*")


@dataclass(frozen=True)
class Visitor:
    """The person behind this request and the tenant whose data they look at (None: the installation has none yet)."""

    home_id: int
    person_id: str
    email: str
    name: str
    role: str
    locale: str | None
    learner_id: str | None
    must_change: bool
    tenant_id: int | None
    tenant_name: str

    @property
    def actor(self) -> str:
        return f"person:{self.email}"

    def may(self, role: str) -> bool:
        return people.ROLES.index(self.role) >= people.ROLES.index(role)


def visitor() -> Visitor | None:
    """The signed-in person, looked up once a request."""
    if "console_visitor" not in g:
        g.console_visitor = _find_visitor()
    return cast("Visitor | None", g.console_visitor)


def me() -> Visitor:
    """The signed-in person of a view that needs one."""
    found = visitor()
    assert found is not None, "only in views marked by console_view"
    return found


def tenant_id() -> int:
    """The tenant in view. It comes from the session, never from the address or the form."""
    found = me().tenant_id
    assert found is not None, "only in views that need a tenant"
    return found


def _find_visitor() -> Visitor | None:
    home, token = cookie.get("home"), cookie.get("token")
    if not isinstance(home, int) or not isinstance(token, str):
        return None
    person = people.of_session(home, token)
    if person is None:
        return None
    tenant = _tenant_in_view(person)
    return Visitor(
        home_id=person.tenant_id,
        person_id=person.id,
        email=person.email,
        name=person.name,
        role=person.role,
        locale=person.locale,
        learner_id=person.learner_id,
        must_change=person.must_change,
        tenant_id=tenant.id if tenant else None,
        tenant_name=tenant.name if tenant else "",
    )


def _tenant_in_view(person: people.Person) -> Tenant | None:
    """The person's own tenant; for a system administrator the one they switched to, or else the first."""
    if person.role != "system_administrator":
        return session().get(Tenant, person.tenant_id)
    chosen = session().get(Tenant, cookie["tenant"]) if isinstance(cookie.get("tenant"), int) else None
    return chosen or session().scalar(select(Tenant).order_by(Tenant.id).limit(1))


# --- marking views ----------------------------------------------------------------------------------------------------


def console_view(role: str, *, needs_tenant: bool = True) -> Callable[[View], View]:
    """The view needs a session whose person may do what ``role`` may, and, unless told otherwise, a tenant in view."""
    if role not in people.ROLES:
        raise ValueError(f"role {role!r}")

    def mark(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            who = visitor()
            if who is None:
                raise Unauthenticated("sign in first")
            if not who.may(role):
                raise Forbidden(_("This page is for another role: %(role)s.", role=word(role)))
            if who.must_change and request.endpoint != "console.password":
                return redirect(url_for("console.password"))
            if needs_tenant and who.tenant_id is None:
                return redirect(url_for("console.tenants_list"))
            if request.endpoint in UPLOADS:
                # Read only now: a large form costs whoever may not send it nothing.
                _refuse_nul(request.form)
            return view(*args, **kwargs)

        guarded.rekam_public = "session cookie checked by console"  # type: ignore[attr-defined]
        guarded.rekam_console_role = role  # type: ignore[attr-defined]
        return cast(View, guarded)

    return mark


def open_view(why: str) -> Callable[[View], View]:
    """The view is for people who have not signed in."""
    return web.public(why)


# --- forgery ----------------------------------------------------------------------------------------------------------


def csrf_token() -> str:
    """The token every form of this session carries."""
    if "csrf" not in cookie:
        cookie["csrf"] = secrets.token_urlsafe(24)
    return cast(str, cookie["csrf"])


@bp.before_request
def check_forgery() -> None:
    """Unsafe methods need the exact Origin of the console and the token of the session."""
    _refuse_nul(request.args)
    if request.method in SAFE:
        return
    origin = request.headers.get("Origin", "")
    if origin.lower() != get_settings().base_url.rstrip("/").lower():
        raise Forbidden("this form was not sent from the console", code="wrong_origin")
    # Nobody but those who may upload gets to send much, or to send it before they have signed in.
    limit = UPLOADS.get(request.endpoint or "", FORM_LIMIT)
    if limit is not None:
        request.max_content_length = limit
    if request.endpoint in UPLOADS and visitor() is None:
        raise Unauthenticated("sign in first")
    expected = cookie.get("csrf", "")
    given = request.headers.get("X-CSRF-Token") or request.form.get("csrf", "")
    if not expected or not crypto.same(expected, given):
        raise Forbidden("this form is too old; load the page again and repeat", code="stale_form")
    if request.endpoint not in UPLOADS:
        _refuse_nul(request.form)


def _refuse_nul(values: MultiDict[str, str]) -> None:
    """PostgreSQL takes no text with U+0000, and no browser sends one."""
    if any("\0" in value for many in values.listvalues() for value in many):
        raise Invalid("a value contains the character U+0000", code="nul")


def begin_session(signed: people.SignedIn) -> None:
    """Start from an empty cookie: nothing of the time before signing in goes over."""
    cookie.clear()
    cookie.permanent = True
    cookie["home"], cookie["token"] = signed.tenant_id, signed.token
    csrf_token()
    g.pop("console_visitor", None)


def local_target(target: str | None) -> str:
    """``target`` when it is a path of this console, the first page otherwise."""
    if target and LOCAL_TARGET.fullmatch(target):
        return target
    return url_for("console.home")


# --- headers ----------------------------------------------------------------------------------------------------------


def nonce() -> str:
    """Of this answer's Content-Security-Policy."""
    if "console_nonce" not in g:
        g.console_nonce = secrets.token_urlsafe(16)
    return cast(str, g.console_nonce)


@bp.after_request
def secure(response: Response) -> Response:
    """The headers of every console answer."""
    settings = get_settings()
    # Forms that launch a course are redirected to the content origin, and form-action covers redirects.
    policy = (
        "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'; img-src 'self' data:; "
        f"style-src 'self'; script-src 'nonce-{nonce()}'; connect-src 'self'; "
        f"form-action 'self' {settings.content_url.rstrip('/')}"
    )
    headers = {
        "Content-Security-Policy": policy,
        "X-Frame-Options": "DENY",
        # Not `no-referrer`: browsers would then send `Origin: null` with forms.
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        "Cache-Control": "no-store",
    }
    if settings.base_url.startswith("https:"):
        headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
    for name, value in headers.items():
        response.headers.setdefault(name, value)
    response.vary.add("Cookie")
    return response
