"""OAuth: a credential's key and secret exchanged for a bearer token that may do less and ends by itself.

Tokens are signed, not stored. They end with their credential: revoking or expiring it ends them at once.
"""

from __future__ import annotations

import re

from flask import Response, current_app, g, request
from itsdangerous import BadSignature, URLSafeSerializer

import core.web as web
from core import clock, credentials
from core.credentials import Credential, Principal, expand
from core.db import session
from core.errors import Forbidden, Invalid, Unauthenticated
from server.api import openapi
from server.api.answers import answer
from server.api.blueprint import bp

LIFETIME = 3600
LONGEST = 7 * 86_400
# The dialect's scopes: what may be done, and to which kind of thing if not to all.
_SCOPE = re.compile(r"(read|write|delete|admin)(?::([a-zA-Z]+))?")
RESOURCES = {
    "courses": "course",
    "registrations": "registration",
    "learner": "learner",
    "appManagement": "application",
    "xapi": "xapi",
    "webhooks": "webhook",
}
_MARK = "oauth:"


@bp.post("/oauth/authenticate/application/token")
@web.scope("rest/read", "rest", *credentials.SCOPES)
@openapi.describe(
    "Exchange key and secret for a bearer token",
    form={
        "scope": "Space-separated scopes: read, write, delete or admin, each alone or with a resource (read:course)",
        "expiration": "Seconds until the token ends",
    },
    returns="ApplicationToken",
)
def authenticate_application() -> Response:
    who = web.principal()
    if any(s.startswith(_MARK) for s in who.scopes):
        raise Forbidden("a token cannot be exchanged for another one; use key and secret")
    given = (request.form.get("scope") or request.args.get("scope") or "").split()
    if not given:
        raise Invalid("the form field scope is needed, for instance read:course", field="scope")
    for scope in given:
        if not _SCOPE.fullmatch(scope) and scope not in credentials.SCOPES:
            raise Invalid(
                f"unknown scope {scope[:100]!r}; for instance read:course or write:registration", field="scope"
            )
    seconds = _lifetime(request.form.get("expiration") or request.args.get("expiration"))
    until = int(clock.now().timestamp()) + seconds
    token = _serializer().dumps([who.tenant_id, who.key, given, until])
    return answer({"access_token": token, "token_type": "bearer", "expires_in": seconds, "scope": " ".join(given)})


def _lifetime(text: str | None) -> int:
    if not text:
        return LIFETIME
    if not re.fullmatch(r"[0-9]{1,9}", text, re.ASCII) or not 1 <= int(text) <= LONGEST:
        raise Invalid(f"expiration must be 1 to {LONGEST} seconds, not {text[:20]!r}", field="expiration")
    return int(text)


def _serializer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.config["SECRET_KEY"], salt="rest bearer")


def authenticate(token: str) -> Principal:
    """The principal of a bearer token: its credential, with no more than the token's scopes."""
    try:
        tenant_id, key, scopes, until = _serializer().loads(token)
    except (BadSignature, ValueError, TypeError):
        raise Unauthenticated("the bearer token is not one of ours") from None
    if until <= clock.now().timestamp():
        raise Unauthenticated("the bearer token has expired")
    credential = session().get(Credential, (tenant_id, key))
    now = clock.now()
    if credential is None or credential.revoked or (credential.expires and credential.expires <= now):
        raise Unauthenticated("the credential of this bearer token is gone")
    return Principal(tenant_id, key, credential.name or key, _granted(scopes, expand(credential.scopes)))


def _granted(scopes: list[str], held: frozenset[str]) -> frozenset[str]:
    """What the token's words mean in our scopes, as far as the credential holds them, and the words themselves."""
    ours = expand([s for s in scopes if s in credentials.SCOPES])
    words = [s for s in scopes if _SCOPE.fullmatch(s)]
    if not words or "rest/read" in ours:
        return ours & held
    reach = {"rest/read"} if all(w.startswith("read") for w in words) else {"rest/read", "rest"}
    return ((ours | reach) & held) | {_MARK + w for w in words}


@bp.before_request
def _check_words() -> None:
    """A token with the dialect's scopes reaches only the things they name."""
    who = g.get("principal")
    words = [s.removeprefix(_MARK) for s in who.scopes if s.startswith(_MARK)] if who else []
    if not words:
        return
    first = request.path.removeprefix(bp.url_prefix or "").strip("/").partition("/")[0]
    resource = RESOURCES.get(first)
    deed = {"GET": "read", "HEAD": "read", "DELETE": "delete"}.get(request.method, "write")
    for word in words:
        allowed, _, where = word.partition(":")
        if where and resource is not None and where != resource:
            continue
        if allowed == "admin" or allowed == deed or (allowed == "write" and deed == "delete") or resource is None:
            return
    raise Forbidden(f"the token's scopes do not allow to {deed} {resource}s", needed=[f"{deed}:{resource}"])
