"""New statements as Server-Sent Events, in the stored order, none missed and none twice. Rekam's own.

Each event's id is the statement's place in the stored order (a cursor of :mod:`lrs.consistency`), so ``Last-Event-ID`` continues
exactly there. Only what is below Consistent-Through is sent: a statement whose writer commits late is sent late, but before everything
that follows it.

A stream occupies a thread of its web process, so their number is bounded and each ends after a while; clients reconnect by themselves.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime

import msgspec
from flask import Flask, Response, current_app, request

import core.web as web
from core import clock, credentials, errors
from core.credentials import Principal
from core.settings import get_settings
from lrs import consistency, parsing, query, versions
from lrs.formats import is_iri, is_uuid
from lrs.identity import ifi
from lrs.query import Filters, Page
from lrs.resources.statements import authority_of
from lrs.validation import validate_actor
from server import health
from server.api import openapi, reading
from server.api.blueprint import bp

POLL_SECONDS = 0.5
# An idle stream says this often how far it is: the client knows that it lives, and we notice when the client does not.
BEAT_SECONDS = 10.0
LIFE_SECONDS = 300
BATCH = 200
# When every place is taken: streams end after LIFE_SECONDS at the latest.
RETRY_AFTER = 30

_LINE_END = re.compile(rb"\r\n|\n|\r")


class Places:
    """How many streams this process has open."""

    def __init__(self) -> None:
        self._taken = 0
        self._lock = threading.Lock()

    def take(self, most: int) -> Callable[[], None] | None:
        """What gives the place back, however often it is called; None when all are taken."""
        with self._lock:
            if self._taken >= most:
                return None
            self._taken += 1
        mine = [True]

        def free() -> None:
            with self._lock:
                if mine:
                    mine.clear()
                    self._taken -= 1

        return free


places = Places()


PARAMETERS = {
    "agent": "Only statements of this agent (JSON)",
    "verb": "Only with this verb",
    "activity": "Only about this activity",
    "registration": "Only of this registration",
    "relatedAgents": "The agent in any role",
    "relatedActivities": "The activity in any role",
    "since": "Begin with what was stored after this ISO 8601 time",
    "lastEventId": "As the header, for clients that cannot send it",
    "seconds": "End after this time, at most 300",
}


@bp.get("/statements/stream")
@web.scope("statements/read", "statements/read/mine")
@openapi.describe(
    "New statements as Server-Sent Events; the header Last-Event-ID continues where an earlier stream ended. "
    "503 with Retry-After when too many streams are open",
    query=PARAMETERS,
    file=True,
)
def stream_statements() -> Response:
    who = web.principal()
    reading.refuse_unknown(PARAMETERS)
    filters, after = _filters(who), _begin(who)
    seconds = reading.number("seconds", LIFE_SECONDS, most=LIFE_SECONDS)
    free = places.take(get_settings().streams)
    if free is None:
        raise errors.Unavailable("too many streams are open; try again later", retry_after=RETRY_AFTER)
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    response = Response(_events(app, who, filters, after, seconds or 0), content_type="text/event-stream")
    response.call_on_close(free)
    response.headers["Cache-Control"] = "no-store"
    # Proxies would else collect events.
    response.headers["X-Accel-Buffering"] = "no"
    return response


@bp.after_request
def _for_browsers(response: Response) -> Response:
    """Pages of other hosts may follow the stream with ``fetch``: who they are they say by Authorization, never by a cookie."""
    if request.path == f"{bp.url_prefix}/statements/stream":
        response.headers["Access-Control-Allow-Origin"] = "*"
        response.headers["Access-Control-Expose-Headers"] = "Retry-After, X-Request-Id"
        if request.method == "OPTIONS":
            # The version and Cache-Control are sent by xAPI clients and by what stands in for EventSource.
            response.headers["Access-Control-Allow-Headers"] = (
                "Authorization, Cache-Control, Last-Event-ID, X-Experience-API-Version, X-Request-Id"
            )
            response.headers["Access-Control-Max-Age"] = "86400"
    return response


def _filters(who: Principal) -> Filters:
    text = reading.text("agent")
    agent = None
    if text is not None:
        agent = parsing.loads(text, "the parameter agent")
        validate_actor(agent, "the parameter agent", versions.V2)
        if ifi(agent) is None:
            raise errors.Invalid("the parameter agent has no identifier", parameter="agent")
    for name, good in (("verb", is_iri), ("activity", is_iri), ("registration", is_uuid)):
        value = reading.text(name)
        if value is not None and not good(value):
            raise errors.Invalid(f"the parameter {name} is not right: {value[:100]!r}", parameter=name)
    return Filters(
        agent=agent,
        verb=reading.text("verb"),
        activity=reading.text("activity"),
        registration=reading.text("registration"),
        related_agents=reading.flag("relatedAgents"),
        related_activities=reading.flag("relatedActivities"),
        authority=None if who.may("statements/read") else query.authority_reference(authority_of(who.key)),
    )


def _begin(who: Principal) -> int:
    """The position behind which the stream begins."""
    last = request.headers.get("Last-Event-ID") or reading.text("lastEventId")
    if last:
        return reading.whole_position(last)
    since: datetime | None = reading.time("since")
    if since is not None:
        return consistency.end_of(consistency.milliseconds(since))
    return consistency.end_of(consistency.consistent_through(who.tenant_id))


def _events(app: Flask, who: Principal, filters: Filters, after: int, seconds: float) -> Iterator[bytes]:
    end, beat = time.monotonic() + seconds, 0.0
    yield b"retry: 2000\n\n"
    while True:
        # A context, and so a connection to the database, for each look only.
        with app.app_context():
            page, through = _look(who.tenant_id, filters, after)
            if not page.statements and time.monotonic() >= beat and not _good(who):
                return
        for position, body in zip(page.positions, page.statements, strict=True):
            data = b"\ndata: ".join(_LINE_END.split(body))
            yield b"id: %d\nevent: statement\ndata: %b\n\n" % (consistency.cursor_of(position), data)
            after = position
        if not page.statements:
            after = max(after, consistency.end_of(through))
            if time.monotonic() >= beat:
                beat = time.monotonic() + BEAT_SECONDS
                told = msgspec.json.encode({"consistentThrough": consistency.text_of(through)})
                yield b"id: %d\nevent: through\ndata: %b\n\n" % (consistency.cursor_of(after), told)
        if time.monotonic() >= end or health.is_draining():
            return
        if not page.more:
            time.sleep(min(POLL_SECONDS, max(0.0, end - time.monotonic())))


def _look(tenant_id: int, filters: Filters, after: int) -> tuple[Page, int]:
    """What is new, and up to when it is complete. The bound is taken before the data are read."""
    through = consistency.consistent_through(tenant_id)
    if consistency.end_of(through) <= after:
        return Page([], [], False), through
    return query.page(tenant_id, filters, limit=BATCH, after=after, ascending=True, through=through), through


def _good(who: Principal) -> bool:
    """Whether the credential may still read."""
    try:
        held = credentials.get(who.tenant_id, who.key)
    except errors.NotFound:
        return True  # not a stored credential: its token ended nothing, the stream's own end comes
    return not held.revoked and not (held.expires and held.expires <= clock.now())
