"""Bearer tokens: had for a credential's key and secret (:mod:`server.api.oauth`), they may do less and end by themselves.

Tokens are signed, not stored. They end with their credential: revoking or expiring it ends them at once.
"""

from __future__ import annotations

import re

from flask import current_app, g, request
from itsdangerous import BadSignature, URLSafeSerializer

from core import clock, credentials
from core.credentials import Credential, Principal, expand
from core.db import session
from core.errors import Forbidden, Unauthenticated
from server.api.blueprint import bp

# The dialect's scopes: what may be done, and to which kind of thing if not to all.
WORD = re.compile(r"(read|write|delete|admin)(?::([a-zA-Z]+))?")
RESOURCES = {
    "courses": "course",
    "registrations": "registration",
    "learner": "learner",
    "appManagement": "application",
    "xapi": "xapi",
    "webhooks": "webhook",
}
_MARK = "oauth:"


def issue(who: Principal, scopes: list[str], seconds: int) -> str:
    """A token of the credential ``who`` for ``scopes`` (ours and the dialect's), good for so long."""
    until = int(clock.now().timestamp()) + seconds
    token: str = _serializer().dumps([who.tenant_id, who.key, scopes, until])
    return token


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
    words = [s for s in scopes if WORD.fullmatch(s)]
    if not words or "rest" in ours:
        return ours & held
    if "rest/read" in ours:
        words.append("read")
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
