"""The token endpoint: OAuth 2.0 client credentials (RFC 6749 section 4.4), which is also the dialect's ``application/token``.

A credential's key and secret come by HTTP Basic or as ``client_id`` and ``client_secret`` of the form. Errors are those of RFC 6749
section 5.2; ``message`` repeats the sentence for clients of the dialect.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote_plus

from flask import Response, g, request

import core.web as web
from core import credentials
from core.credentials import Principal
from core.errors import RekamError, Unauthenticated
from server.api import bearer, openapi
from server.api.answers import answer
from server.api.blueprint import bp

LIFETIME = 3600
LONGEST = 7 * 86_400
_FIELDS = ("grant_type", "scope", "expiration", "client_id", "client_secret")


class _Refused(RekamError):
    """``code`` is a word of RFC 6749 section 5.2."""


@bp.post("/oauth/authenticate/application/token")
@web.public("it checks key and secret itself: they may be in the form")
@openapi.describe(
    "Exchange key and secret for a bearer token (OAuth 2.0 client credentials)",
    form={
        "grant_type": "client_credentials; may be left out",
        "scope": "Space-separated: scopes of credentials, or read, write, delete or admin, each alone or with a resource"
        " (read:course); left out: whatever the credential may",
        "expiration": f"Seconds until the token ends, at most {LONGEST}; {LIFETIME} where left out",
        "client_id": "The key, where it does not come by HTTP Basic",
        "client_secret": "The secret, likewise",
    },
    returns="ApplicationToken",
    refusal="TokenError",
)
def authenticate_application() -> Response:
    try:
        response = answer(_token())
    except _Refused as refused:
        told = {"error": refused.code, "error_description": refused.message, "message": refused.message}
        response = answer(told, 401 if refused.code == "invalid_client" else 400)
        if response.status_code == 401:
            response.headers["WWW-Authenticate"] = 'Basic realm="Rekam", charset="UTF-8"'
    # RFC 6749 5.1
    response.headers["Cache-Control"] = "no-store"
    response.headers["Pragma"] = "no-cache"
    return response


def _token() -> dict[str, Any]:
    given = _fields()
    grant = given.get("grant_type", "client_credentials")
    if grant != "client_credentials":
        raise _Refused(
            f"grant_type {grant[:50]!r}: this server knows client_credentials only", code="unsupported_grant_type"
        )
    who = g.principal = _client(given)
    scopes = given.get("scope", "").split() or sorted(credentials.get(who.tenant_id, who.key).scopes)
    for scope in scopes:
        _check_scope(scope, who)
    seconds = _lifetime(given.get("expiration"))
    return {
        "access_token": bearer.issue(who, scopes, seconds),
        "token_type": "bearer",
        "expires_in": seconds,
        "scope": " ".join(scopes),
    }


def _fields() -> dict[str, str]:
    """What was sent of what we know; the dialect's clients may name scope and expiration in the address."""
    if request.content_length and request.mimetype != "application/x-www-form-urlencoded":
        raise _Refused("the body must be application/x-www-form-urlencoded", code="invalid_request")
    if "client_secret" in request.args or "client_id" in request.args:
        # RFC 6749 2.3.1: addresses end up in logs.
        raise _Refused(
            "client_id and client_secret belong into the body, never into the address", code="invalid_request"
        )
    found: dict[str, str] = {}
    for name in _FIELDS:
        values = [*request.form.getlist(name), *request.args.getlist(name)]
        if len(values) > 1:
            raise _Refused(f"{name} is given more than once", code="invalid_request")
        if values and values[0]:
            found[name] = values[0]
    return found


def _client(given: dict[str, str]) -> Principal:
    header = request.headers.get("Authorization", "")
    in_body = "client_id" in given or "client_secret" in given
    if header and in_body:
        raise _Refused("key and secret are given twice, by Authorization and in the body", code="invalid_request")
    if not header and not in_body:
        raise _Refused(
            "key and secret are needed, by HTTP Basic or as client_id and client_secret", code="invalid_client"
        )
    try:
        if in_body:
            if "\0" in given.get("client_id", ""):
                raise _Refused("no key contains a NUL character", code="invalid_client")
            return credentials.authenticate(given.get("client_id", ""), given.get("client_secret", ""))
        if not header.lower().startswith("basic "):
            raise _Refused(
                "a token is had for key and secret (HTTP Basic), not for another token", code="invalid_client"
            )
        return _by_basic(header)
    except Unauthenticated as error:
        raise _Refused(error.message, code="invalid_client") from None


def _by_basic(header: str) -> Principal:
    """RFC 6749 2.3.1 wants both form-encoded within Basic; few clients do, and for keys that we make it is the same."""
    try:
        return web.authenticate(header)
    except Unauthenticated:
        key, secret = map(unquote_plus, web.basic(header.partition(" ")[2]))
        if "\0" in key:
            raise
        return credentials.authenticate(key, secret)


def _check_scope(scope: str, who: Principal) -> None:
    word = bearer.WORD.fullmatch(scope)
    if word is None and scope not in credentials.SCOPES:
        raise _Refused(
            f"unknown scope {scope[:100]!r}; for instance statements/read, read:course or write:registration",
            code="invalid_scope",
        )
    needed = scope if word is None else "rest/read" if word[1] == "read" else "rest"
    if not who.may(needed):
        raise _Refused(
            f"credential {who.key!r} lacks the scope {needed} that {scope[:100]!r} needs", code="invalid_scope"
        )


def _lifetime(text: str | None) -> int:
    if not text:
        return LIFETIME
    if not re.fullmatch(r"[0-9]{1,9}", text, re.ASCII) or not 1 <= int(text) <= LONGEST:
        raise _Refused(f"expiration must be 1 to {LONGEST} seconds, not {text[:20]!r}", code="invalid_request")
    return int(text)
