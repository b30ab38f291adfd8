"""Launches: a one-use ticket, exchanged for the token that opens one registration's player, files and runtime."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol
from urllib.parse import urlsplit

from flask import current_app
from sqlalchemy import select, update

from core import clock, crypto, events
from core.db import hold, session
from core.errors import Conflict, Gone, Invalid, NotFound
from core.ids import new_id, new_secret
from core.settings import get_settings
from course_packages import catalogue
from course_packages.model import Standard
from registrations import progress
from registrations.models import Instance, Launch, Registration

MODES = ("normal", "review", "browse")
TICKET_SECONDS = 120
# A day: longer lived links belong to a session of the client system, which can mint again.
TICKET_MOST_SECONDS = 86_400
# Writing `last_seen` on every file of a course would be a write per request; a minute of slack is nothing in 30.
SEEN_SLACK = timedelta(seconds=60)


class Times(Protocol):
    """A launch, or those columns of it that decide how long it is open."""

    @property
    def ticket_expires(self) -> datetime: ...
    @property
    def token_expires(self) -> datetime | None: ...
    @property
    def last_seen(self) -> datetime | None: ...


def mint(
    registration: Registration,
    *,
    mode: str = "normal",
    redirect_url: str | None = None,
    locale: str | None = None,
    start_activity: str | None = None,
    ticket_seconds: int = TICKET_SECONDS,
) -> tuple[Launch, str]:
    """A launch of the current instance and its one-use ticket (kept only as a hash).

    ``redirect_url`` is where the player goes on exit: http(s), or a path of the base origin.
    ``start_activity`` is the identifier of the activity to begin with. :class:`Conflict` ``not_playable`` for a course
    of a standard that the runtime does not play.
    """
    check_playable(registration)
    if mode not in MODES:
        raise Invalid(f"mode must be one of {', '.join(MODES)}, not {mode!r}", field="mode")
    if not 1 <= ticket_seconds <= TICKET_MOST_SECONDS:
        raise Invalid(
            f"a launch link may live 1 to {TICKET_MOST_SECONDS} seconds, not {ticket_seconds}", field="expiry"
        )
    for name, value in (("locale", locale), ("start_activity", start_activity)):
        if value is not None and "\0" in value:
            raise Invalid(f"{name} contains U+0000", field=name)
    ticket = new_secret()
    now = clock.now()
    launch = Launch(
        tenant_id=registration.tenant_id,
        id=new_id(),
        registration_id=registration.id,
        instance=registration.instance,
        mode=mode,
        locale=locale[:16] if locale else None,
        redirect_url=_check_redirect(redirect_url),
        start_activity=start_activity,
        ticket_hash=_hash("ticket", ticket),
        ticket_expires=now + timedelta(seconds=ticket_seconds),
        created=now,
    )
    session().add(launch)
    session().flush()
    return launch, ticket


def check_playable(registration: Registration) -> None:
    """:class:`Conflict` ``not_playable`` names the standard of a course that the runtime does not play."""
    standard = catalogue.version_by_id(registration.tenant_id, registration.version_id).standard
    if standard is None or not Standard(standard).playable:
        raise Conflict(
            f"course {registration.course_id!r} cannot be launched: it is a course of the standard {standard}, "
            "and only SCORM 1.2 and SCORM 2004 courses can be played",
            code="not_playable",
            standard=standard,
        )


def url(ticket: str) -> str:
    """The address that opens the player, on the content origin."""
    return f"{get_settings().content_url.rstrip('/')}/launch/{ticket}"


def _check_redirect(given: str | None) -> str | None:
    if not given:
        return None
    try:
        parts = urlsplit(given)
    except ValueError:
        raise Invalid(f"the exit address is not a URL: {given[:200]!r}", field="redirectOnExitUrl") from None
    if any(ord(c) < 32 for c in given):
        raise Invalid("the exit address contains a control character", field="redirectOnExitUrl")
    if parts.scheme in ("http", "https") and parts.hostname:
        return given
    if not parts.scheme and not parts.netloc and given.startswith("/") and "\\" not in given:
        return get_settings().base_url.rstrip("/") + given
    raise Invalid(f"the exit address must be http(s) or begin with /, not {given[:200]!r}", field="redirectOnExitUrl")


def redeem(ticket: str) -> tuple[Launch, str]:
    """Exchange a ticket for a token. Older launches of the registration end as superseded: the newest wins."""
    query = select(Launch).where(Launch.ticket_hash == _hash("ticket", ticket)).with_for_update()
    launch = session().scalars(query).one_or_none()
    if launch is None:
        raise NotFound("this launch link is not known", code="unknown_ticket")
    now = clock.now()
    if launch.redeemed is not None:
        raise Gone("this launch link was already used; ask for a new one", code="ticket_used")
    if launch.ended is not None:
        raise Gone("this launch link was revoked; ask for a new one", code="ticket_revoked")
    if launch.ticket_expires <= now:
        raise Gone("this launch link has expired; ask for a new one", code="ticket_expired")
    registration = hold(session().get_one(Registration, (launch.tenant_id, launch.registration_id)))
    _end_all(registration, "superseded", but=launch.id, redeemed_only=True)
    token = new_secret()
    launch.token_hash = token_hash(token)
    launch.token_expires = now + timedelta(seconds=get_settings().launch_absolute_timeout)
    launch.redeemed = launch.last_seen = now
    instance = hold(session().get_one(Instance, (launch.tenant_id, registration.id, launch.instance)))
    progress.touch(instance)
    session().flush()
    events.emit(launch.tenant_id, "registration.launched", progress.payload(registration, instance))
    return launch, token


def by_token(token: str) -> Launch:
    """The open launch of a token. :class:`Conflict` ``superseded`` or :class:`Gone` say why it is closed."""
    launch = find(token)
    check_open(launch)
    return launch


def find(token: str) -> Launch:
    """The launch of a token, open or not."""
    launch = session().scalars(select(Launch).where(Launch.token_hash == token_hash(token))).one_or_none()
    if launch is None:
        raise NotFound("this launch is not known", code="unknown_launch")
    return launch


def token_hash(token: str) -> str:
    """How the launch of ``token`` is found."""
    return _hash("token", token)


def check_open(launch: Launch) -> None:
    """:class:`Conflict` ``superseded`` or :class:`Gone` when the launch is over."""
    if launch.ended is not None:
        if launch.end_reason == "superseded":
            raise Conflict("this course was opened again elsewhere; that session goes on", code="superseded")
        if launch.end_reason == "exited":
            raise Gone("this session has ended", code="launch_ended")
        if launch.end_reason == "revoked":
            raise Gone("this session was ended by an administrator", code="launch_revoked")
    if launch.ended is not None or expiry(launch) <= clock.now():
        raise Gone("this session has timed out; open the course again", code="launch_expired")


def expiry(launch: Times) -> datetime:
    """When an open launch ends without further requests."""
    if launch.last_seen is None or launch.token_expires is None:
        return launch.ticket_expires
    return min(launch.token_expires, launch.last_seen + timedelta(seconds=get_settings().launch_idle_timeout))


def seen(launch: Launch) -> bool:
    """Move the idle limit; returns whether anything had to be written (see :data:`SEEN_SLACK`)."""
    if not needs_seen(launch):
        return False
    launch.last_seen = clock.now()
    return True


def needs_seen(launch: Times) -> bool:
    """Whether :func:`seen` would write."""
    return launch.last_seen is None or clock.now() - launch.last_seen >= SEEN_SLACK


def end(launch: Launch, reason: str) -> None:
    """Close a launch: exited, superseded, revoked or expired. One that is closed stays as it is."""
    if launch.ended is None:
        launch.ended, launch.end_reason = clock.now(), reason


def revoke_all(registration: Registration) -> int:
    """Close every launch of the registration, links not yet opened included; returns how many."""
    return _end_all(registration, "revoked")


def _end_all(registration: Registration, reason: str, *, but: str = "", redeemed_only: bool = False) -> int:
    command = update(Launch).where(
        Launch.tenant_id == registration.tenant_id,
        Launch.registration_id == registration.id,
        Launch.ended.is_(None),
        Launch.id != but,
    )
    if redeemed_only:
        command = command.where(Launch.redeemed.is_not(None))
    result = session().execute(command.values(ended=clock.now(), end_reason=reason))
    return int(getattr(result, "rowcount", 0))


def _hash(purpose: str, secret: str) -> str:
    return crypto.keyed_hash(current_app.config["SECRET_KEY"], f"launch-{purpose}", secret)
