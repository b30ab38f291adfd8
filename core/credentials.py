"""Credentials: key + secret of a program, with scopes, expiry and rotation.

Scopes are the enumeration of the open LRSs (xAPI), ``rest`` and ``rest/read`` for ``/api/v2``,
and ``all`` and ``all/read``, which hold the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import current_app
from sqlalchemy import ForeignKey, String, bindparam, or_, select, update
from sqlalchemy.orm import Mapped, mapped_column

from core import clock, crypto, verified
from core.db import Json, Model, UtcDateTime, after_commit, session, unit_of_work
from core.errors import Conflict, Invalid, NotFound, Unauthenticated
from core.ids import new_secret

SCOPES = (
    "all",
    "all/read",
    "statements/write",
    "statements/read",
    "statements/read/mine",
    "state",
    "state/read",
    "define",
    "activities_profile",
    "activities_profile/read",
    "agents_profile",
    "agents_profile/read",
    "rest",
    "rest/read",
)
# What a scope holds beside itself.
_IMPLIED = {
    "all": set(SCOPES),
    "all/read": {s for s in SCOPES if s.endswith("/read")} | {"statements/read/mine"},
    "statements/read": {"statements/read/mine"},
    "state": {"state/read"},
    "activities_profile": {"activities_profile/read"},
    "agents_profile": {"agents_profile/read"},
    "rest": {"rest/read"},
}


class Credential(Model):
    """``previous_hash`` stays good until ``previous_until`` after a rotation."""

    __tablename__ = "credentials"

    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id"), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True, unique=True)
    name: Mapped[str] = mapped_column(String(255), default="")
    secret_hash: Mapped[str] = mapped_column(String(64))
    previous_hash: Mapped[str | None] = mapped_column(String(64))
    previous_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    scopes: Mapped[list[str]] = mapped_column(Json)
    created: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    expires: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_used: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked: Mapped[datetime | None] = mapped_column(UtcDateTime)


@dataclass(frozen=True)
class Principal:
    """Who is asking: a program (``key``) of one tenant and everything it may do, implied scopes included."""

    tenant_id: int
    key: str
    name: str
    scopes: frozenset[str]

    def may(self, scope: str) -> bool:
        return scope in self.scopes


def expand(scopes: list[str]) -> frozenset[str]:
    return frozenset(scopes).union(*(_IMPLIED.get(s, set()) for s in scopes))


def create(
    tenant_id: int,
    scopes: list[str],
    *,
    name: str = "",
    key: str | None = None,
    secret: str | None = None,
    expires: datetime | None = None,
) -> tuple[Credential, str]:
    """Make a credential; returns it with its secret, which is not kept and cannot be shown again."""
    unknown = [s for s in scopes if s not in SCOPES]
    if unknown or not scopes:
        raise Invalid(
            f"unknown scope {unknown[0]!r}; one of {', '.join(SCOPES)}" if unknown else "a credential needs a scope"
        )
    # A command would take a dash at the beginning for an option.
    key = key or new_secret()[:22].replace("-", "_")
    if ":" in key:
        raise Invalid("a key cannot contain a colon (RFC 7617)")
    if expires is not None and expires <= clock.now():
        raise Invalid(f"the expiry {expires:%Y-%m-%dT%H:%M:%SZ} has passed: the credential would never work")
    # Keys are unique over tenants: Basic auth names only the key.
    if session().scalar(select(Credential.key).where(Credential.key == key)) is not None:
        raise Conflict(f"there already is a credential {key!r}")
    secret = secret or new_secret()
    credential = Credential(
        tenant_id=tenant_id, key=key, name=name, secret_hash=_hash(secret), scopes=scopes, expires=expires
    )
    session().add(credential)
    session().flush()
    return credential, secret


def rotate(tenant_id: int, key: str, *, grace: timedelta = timedelta(days=1)) -> str:
    """Give a credential a new secret and return it; the old one stays good for ``grace``."""
    credential = get(tenant_id, key)
    if credential.revoked:
        raise Conflict(f"credential {key!r} is revoked for good; make a new one")
    secret = new_secret()
    credential.previous_hash, credential.previous_until = credential.secret_hash, clock.now() + grace
    credential.secret_hash = _hash(secret)
    session().flush()
    after_commit(verified.memory().forget)
    return secret


def revoke(tenant_id: int, key: str) -> None:
    get(tenant_id, key).revoked = clock.now()
    session().flush()
    after_commit(verified.memory().forget)


def get(tenant_id: int, key: str) -> Credential:
    credential = session().get(Credential, (tenant_id, key))
    if credential is None:
        raise NotFound(f"no credential {key!r}")
    return credential


def authenticate(key: str, secret: str) -> Principal:
    """The principal behind key and secret; :class:`Unauthenticated` for whatever is wrong, in the same words."""
    memory = verified.memory()
    name = (key, _hash(secret))
    who = memory.find(name)
    if not isinstance(who, Principal):
        state = memory.state()
        who, expires = _verify(*name)
        memory.keep(name, who, state, expires)
    memory.used(who.tenant_id, who.key)
    return who


def _verify(key: str, hashed: str) -> tuple[Principal, datetime | None]:
    """Who that is by the database, and when it stops being good."""
    credential = session().scalar(select(Credential).where(Credential.key == key))
    now = clock.now()
    if credential is None or credential.revoked or (credential.expires and credential.expires <= now):
        raise Unauthenticated("unknown key or wrong secret")
    who = Principal(credential.tenant_id, credential.key, credential.name or credential.key, expand(credential.scopes))
    if crypto.same(credential.secret_hash, hashed):
        return who, credential.expires
    previous, until = credential.previous_hash, credential.previous_until
    if previous and until and until > now and crypto.same(previous, hashed):
        return who, min(until, credential.expires or until)
    raise Unauthenticated("unknown key or wrong secret")


_USED = (
    update(Credential)
    .where(
        Credential.tenant_id == bindparam("of_tenant"),
        Credential.key == bindparam("of_key"),
        or_(Credential.last_used.is_(None), Credential.last_used < bindparam("when")),
    )
    .values(last_used=bindparam("when"))
)


def write_usage() -> int:
    """Write ``last_used`` of credentials used in this process since the last call; returns how many. Opens a unit of work."""
    used = verified.memory().take_used()
    if used:
        values = [{"of_tenant": tenant_id, "of_key": key, "when": when} for tenant_id, key, when in used]
        with unit_of_work() as current:
            current.connection().execute(_USED, values)
    return len(used)


def _hash(secret: str) -> str:
    return crypto.keyed_hash(current_app.config["SECRET_KEY"], "credential", secret)
