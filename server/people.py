"""People who sign in to the console: accounts, passwords, the growing delay against guessing, and sessions.

A person belongs to one tenant; system administrators belong to tenant 0, the installation itself. An email address is
unique over the whole installation, because signing in names nothing else.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from flask import Flask, current_app
from sqlalchemy import Index, String, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from core import audit, clock, crypto
from core.db import Model, UtcDateTime, dialect, queue_at, session, unit_of_work
from core.errors import Conflict, Forbidden, Invalid, NotFound, RateLimited, Unauthenticated
from core.ids import new_id, new_secret

# From the least to the most that a person may do.
ROLES = ("learner", "instructor", "tenant_administrator", "system_administrator")
INSTALLATION = 0
PASSWORD_MIN, PASSWORD_MAX = 12, 256
# Tries an account has from one address before the delay begins; then 2, 4, 8 … seconds up to the longest.
FREE_TRIES = 3
LONGEST_DELAY = 900
FORGET_FAILURES = timedelta(days=1)
SESSION_IDLE = timedelta(hours=2)
SESSION_LIFETIME = timedelta(hours=12)
SEEN_RESOLUTION = timedelta(minutes=2)

_EMAIL = re.compile(r"[^@\s\x00-\x1f\x7f]{1,64}@[^@\s\x00-\x1f\x7f]{1,190}")


class Person(Model):
    """``must_change`` holds while the password is one that somebody else has seen. ``learner_id`` ties a person with
    the role learner to the learner of that id, whose registrations are the only ones they see."""

    __tablename__ = "people"

    tenant_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    email: Mapped[str] = mapped_column(String(255), unique=True)
    name: Mapped[str] = mapped_column(String(255), default="")
    role: Mapped[str] = mapped_column(String(32))
    password_hash: Mapped[str] = mapped_column(String(255))
    must_change: Mapped[bool] = mapped_column(default=True)
    locale: Mapped[str | None] = mapped_column(String(8))
    learner_id: Mapped[str | None] = mapped_column(String(255))
    created: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    last_login: Mapped[datetime | None] = mapped_column(UtcDateTime)
    disabled: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @property
    def actor(self) -> str:
        """How the audit trail names this person."""
        return f"person:{self.email}"

    def may(self, role: str) -> bool:
        """Whether this person may do what ``role`` may."""
        return ROLES.index(self.role) >= ROLES.index(role)


class PersonSession(Model):
    """A signed-in browser. The cookie carries the token, the table only its hash; deleting the row signs out."""

    __tablename__ = "people_sessions"

    tenant_id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    person_id: Mapped[str] = mapped_column(String(36))
    created: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    seen: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    expires: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (Index("ix_people_sessions_tenant_id_person_id", "tenant_id", "person_id"),)


class LoginFailure(Model):
    """Failed sign-ins of one account from one address. The installation's own: an unknown account has no tenant."""

    __tablename__ = "login_failures"

    mark: Mapped[str] = mapped_column(String(64), primary_key=True)
    failures: Mapped[int] = mapped_column(default=0)
    not_before: Mapped[datetime] = mapped_column(UtcDateTime)
    last: Mapped[datetime] = mapped_column(UtcDateTime)


# --- accounts ---------------------------------------------------------------------------------------------------------


def create_person(
    email: str,
    role: str,
    tenant_id: int = INSTALLATION,
    *,
    name: str = "",
    password: str | None = None,
    locale: str | None = None,
    learner_id: str | None = None,
    by: str = "system",
) -> tuple[Person, str]:
    """Make an account in the current unit of work; returns it with its password.

    Without ``password`` a one-time password is made, which must be changed at the first sign-in.
    :class:`Invalid` for a bad email, role or password, :class:`Conflict` when the email is taken.
    """
    email = normal_email(email)
    if role not in ROLES:
        raise Invalid(f"unknown role {role!r}; one of {', '.join(ROLES)}", field="role")
    if (role == "system_administrator") != (tenant_id == INSTALLATION):
        raise Invalid(
            "a system administrator belongs to the installation (tenant 0), everybody else to a tenant", field="role"
        )
    queue_at("person", email)
    if session().scalar(select(Person.id).where(Person.email == email)) is not None:
        raise Conflict(f"there already is an account {email!r}", field="email")
    if password is not None:
        check_password(password, email)
    word = password or one_time_password()
    person = Person(
        tenant_id=tenant_id,
        id=new_id(),
        email=email,
        name=name.strip()[:255],
        role=role,
        password_hash=_hasher().hash(word),
        must_change=password is None,
        locale=locale,
        learner_id=learner_id,
    )
    session().add(person)
    session().flush()
    audit.record(tenant_id, by, "person.created", email, role=role)
    return person, word


def normal_email(email: str) -> str:
    """The address as it is stored and compared; :class:`Invalid` when it is none."""
    email = email.strip().casefold()
    if not _EMAIL.fullmatch(email):
        raise Invalid(f"{email[:100]!r} is not an email address", field="email")
    return email


def one_time_password() -> str:
    """80 random bits in groups that can be read out aloud: no 0/O, 1/I/L."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(4)) for _ in range(4))


def check_password(password: str, email: str = "") -> None:
    """:class:`Invalid` says why a chosen password will not do."""
    if len(password) < PASSWORD_MIN:
        raise Invalid(f"a password needs at least {PASSWORD_MIN} characters", code="password_short", field="password")
    if len(password) > PASSWORD_MAX:
        raise Invalid(f"a password has at most {PASSWORD_MAX} characters", code="password_long", field="password")
    name = email.partition("@")[0]
    if len(set(password)) < 5 or (len(name) > 3 and name in password.casefold()):
        raise Invalid("this password is too easy to guess", code="password_weak", field="password")


def get(tenant_id: int, person_id: str) -> Person:
    person = session().get(Person, (tenant_id, person_id))
    if person is None:
        raise NotFound(f"no person {person_id!r}")
    return person


def of_email(email: str) -> Person:
    """The account with this address, of whatever tenant: addresses are unique in an installation."""
    person = session().scalar(select(Person).where(Person.email == normal_email(email)))
    if person is None:
        raise NotFound(f"no account {email!r}")
    return person


def of_tenant(tenant_id: int) -> list[Person]:
    """The people of a tenant by name and email; few enough to be listed whole."""
    return list(
        session().scalars(select(Person).where(Person.tenant_id == tenant_id).order_by(Person.name, Person.email))
    )


def count_administrators() -> int:
    """System administrators who can sign in."""
    query = select(func.count()).where(
        Person.tenant_id == INSTALLATION, Person.role == "system_administrator", Person.disabled.is_(None)
    )
    return session().scalar(query) or 0


def change_password(person: Person, password: str, *, by: str) -> None:
    """Set a password the person chose; every session of theirs ends."""
    check_password(password, person.email)
    if _matches(person.password_hash, password):
        raise Invalid("the new password must differ from the old one", code="password_same", field="password")
    person.password_hash, person.must_change = _hasher().hash(password), False
    end_sessions(person)
    audit.record(person.tenant_id, by, "person.password_changed", person.email)


def reset_password(person: Person, *, by: str) -> str:
    """Give a person a one-time password and return it; every session of theirs ends."""
    word = one_time_password()
    person.password_hash, person.must_change = _hasher().hash(word), True
    end_sessions(person)
    audit.record(person.tenant_id, by, "person.password_reset", person.email)
    return word


def set_disabled(person: Person, disabled: bool, *, by: str) -> None:
    """Shut an account out, or let it in again. The last system administrator cannot be shut out."""
    if disabled and person.role == "system_administrator":
        # Two who shut each other out at the same moment would both count two.
        queue_at("system administrators")
        if count_administrators() <= 1:
            raise Forbidden("the last system administrator cannot be disabled")
    person.disabled = clock.now() if disabled else None
    if disabled:
        end_sessions(person)
    audit.record(person.tenant_id, by, "person.disabled" if disabled else "person.enabled", person.email)


def set_role(person: Person, role: str, *, by: str) -> None:
    """Change a person's role within their tenant."""
    if role not in ROLES or "system_administrator" in (role, person.role):
        raise Invalid(f"{person.role} cannot become {role!r}", field="role")
    before, person.role = person.role, role
    end_sessions(person)
    audit.record(person.tenant_id, by, "person.role_changed", person.email, before=before, after=role)


# --- signing in -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SignedIn:
    tenant_id: int
    person_id: str
    token: str
    must_change: bool


def sign_in(email: str, password: str, address: str) -> SignedIn:
    """Check a password and open a session. Opens its own units of work, so that a failure is counted for good.

    :class:`Unauthenticated` for whatever is wrong, in the same words; :class:`RateLimited` while the delay runs.
    """
    mark = _mark(email, address)
    with unit_of_work():
        _count_try(mark)
    email = email.strip().casefold()[:255]
    person = session().scalar(select(Person).where(Person.email == email))
    # An unknown account costs the same time as a wrong password.
    good = _matches(person.password_hash if person else _nobody(), password[: PASSWORD_MAX + 1])
    if person is None or not good or person.disabled:
        with unit_of_work():
            audit.record(
                person.tenant_id if person else INSTALLATION, f"address:{address}", "person.login_failed", email
            )
        raise Unauthenticated("unknown email address or wrong password", code="login_failed")
    identity = (person.tenant_id, person.id)
    with unit_of_work():
        session().execute(delete(LoginFailure).where(LoginFailure.mark == mark))
        person = get(*identity)
        if _hasher().check_needs_rehash(person.password_hash):
            person.password_hash = _hasher().hash(password)
        person.last_login = clock.now()
        audit.record(person.tenant_id, person.actor, "person.logged_in", person.email, address=address)
        return SignedIn(person.tenant_id, person.id, open_session(person), person.must_change)


def confirm_password(tenant_id: int, person_id: str, password: str, address: str) -> None:
    """Check the password of somebody who is signed in, under the same delay as signing in."""
    email = get(tenant_id, person_id).email
    mark = _mark(email, address)
    with unit_of_work():
        _count_try(mark)
    if not _matches(get(tenant_id, person_id).password_hash, password[: PASSWORD_MAX + 1]):
        raise Unauthenticated("wrong password", code="login_failed")
    with unit_of_work():
        session().execute(delete(LoginFailure).where(LoginFailure.mark == mark))


def _mark(email: str, address: str) -> str:
    account = email.strip().casefold()[:255]
    return hashlib.sha256(f"{account}\n{address}".encode()).hexdigest()


def delay_after(failures: int) -> timedelta:
    """How long an account must wait, from one address, after that many failures in a row."""
    if failures < FREE_TRIES:
        return timedelta()
    return timedelta(seconds=min(LONGEST_DELAY, 2 ** min(failures - FREE_TRIES + 1, 20)))


def _count_try(mark: str) -> None:
    """Count the try as failed before the password is looked at, so that parallel guesses cannot share one delay."""
    now = clock.now()
    insert = postgresql.insert if dialect() == "postgresql" else sqlite.insert
    session().execute(
        insert(LoginFailure).values(mark=mark, failures=0, not_before=now, last=now).on_conflict_do_nothing()
    )
    row = session().execute(select(LoginFailure).where(LoginFailure.mark == mark).with_for_update()).scalar_one()
    if row.not_before > now:
        wait = max(1, round((row.not_before - now).total_seconds()))
        raise RateLimited(f"too many failed sign-ins; try again in {wait} s", retry_after=wait)
    row.failures = 1 if now - row.last > FORGET_FAILURES else row.failures + 1
    row.not_before, row.last = now + delay_after(row.failures), now
    session().flush()


def forget_failures() -> int:
    """Delete the traces of failed sign-ins that no longer matter; returns how many. Opens a unit of work."""
    with unit_of_work():
        result = session().execute(delete(LoginFailure).where(LoginFailure.last < clock.now() - FORGET_FAILURES))
        return int(getattr(result, "rowcount", 0))


# --- sessions ---------------------------------------------------------------------------------------------------------


def open_session(person: Person) -> str:
    """A new session in the current unit of work; returns its token. Sessions that ran out go at the same time."""
    now, token = clock.now(), new_secret()
    session().execute(
        delete(PersonSession).where(PersonSession.tenant_id == person.tenant_id, PersonSession.expires < now)
    )
    session().add(
        PersonSession(
            tenant_id=person.tenant_id,
            token_hash=_hash_token(token),
            person_id=person.id,
            created=now,
            seen=now,
            expires=now + SESSION_LIFETIME,
        )
    )
    session().flush()
    return token


def of_session(tenant_id: int, token: str) -> Person | None:
    """Who holds this token; None when the session has ended. Opens a unit of work now and then to note that it lives."""
    now = clock.now()
    row = session().get(PersonSession, (tenant_id, _hash_token(token)))
    if row is None or row.expires <= now or row.seen + SESSION_IDLE <= now:
        return None
    person = session().get(Person, (tenant_id, row.person_id))
    if person is None or person.disabled:
        return None
    if now - row.seen > SEEN_RESOLUTION:
        identity = (row.tenant_id, row.token_hash)
        with unit_of_work():
            session().execute(
                update(PersonSession)
                .where(PersonSession.tenant_id == identity[0], PersonSession.token_hash == identity[1])
                .values(seen=now)
            )
        person = session().get(Person, (tenant_id, person.id))
    return person


def end_session(tenant_id: int, token: str) -> None:
    session().execute(
        delete(PersonSession).where(
            PersonSession.tenant_id == tenant_id, PersonSession.token_hash == _hash_token(token)
        )
    )


def end_sessions(person: Person) -> None:
    """Sign a person out everywhere."""
    session().execute(
        delete(PersonSession).where(PersonSession.tenant_id == person.tenant_id, PersonSession.person_id == person.id)
    )
    session().flush()


def _hash_token(token: str) -> str:
    return crypto.keyed_hash(current_app.config["SECRET_KEY"], "person session", token)


# --- passwords --------------------------------------------------------------------------------------------------------


@lru_cache
def _hasher() -> PasswordHasher:
    """argon2id with the second recommended option of RFC 9106 (64 MiB, 3 passes)."""
    return PasswordHasher()


@lru_cache
def _nobody() -> str:
    return _hasher().hash(new_secret())


def _matches(hashed: str, password: str) -> bool:
    try:
        return _hasher().verify(hashed, password)
    except (VerificationError, InvalidHashError):
        return False


def init_app(app: Flask) -> None:
    """Configure the session cookie. ``__Host-`` binds it to this exact host, which needs HTTPS."""
    https = app.config["REKAM"].base_url.startswith("https:")
    app.config.update(
        SESSION_COOKIE_NAME="__Host-rekam" if https else "rekam",
        SESSION_COOKIE_SECURE=https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_PATH="/",
        SESSION_REFRESH_EACH_REQUEST=False,
        PERMANENT_SESSION_LIFETIME=SESSION_LIFETIME,
    )
