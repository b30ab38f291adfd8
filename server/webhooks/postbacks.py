"""Postbacks of the REST dialect: the state of one registration (or import) posted to the address its creator gave.

Older and simpler than webhooks: no signature, but a user name and password of the receiver's choice.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import msgspec
from sqlalchemy import delete

from core import outbox
from core.db import session
from core.errors import Invalid, NotFound
from core.events import Event
from core.outbox import OutboxRow, RetryAt
from server import outbound, sealing
from server.webhooks.models import Postback

AUTH_TYPES = ("UNDEFINED", "FORM", "HTTPBASIC")
RESULTS_FORMATS = ("UNDEFINED", "COURSE", "ACTIVITY", "FULL")
# Emitted with every change of a registration, beside the event that names what became true.
_REGISTRATION_EVENTS = ("registration.progressed",)
_IMPORT_EVENTS = ("course.imported", "course.import_failed")


@dataclass(frozen=True, kw_only=True)
class Target:
    """An address with the way to sign in there; a Postback that is not stored."""

    url: str
    auth_type: str = "UNDEFINED"
    user_name: str | None = None
    password: str | None = None
    results_format: str = "COURSE"

    def check(self) -> None:
        outbound.check_url(self.url)
        if self.auth_type not in AUTH_TYPES:
            raise Invalid(f"authType must be one of {', '.join(AUTH_TYPES)}, not {self.auth_type!r}", path="$.authType")
        if self.results_format not in RESULTS_FORMATS:
            words = ", ".join(RESULTS_FORMATS)
            raise Invalid(f"resultsFormat must be one of {words}, not {self.results_format!r}", path="$.resultsFormat")
        if self.auth_type == "HTTPBASIC" and ":" in (self.user_name or ""):
            raise Invalid("a user name cannot contain a colon (RFC 7617)", path="$.userName")


def put(tenant_id: int, subject: str, target: Target) -> Postback:
    """Store where the state of ``subject`` goes, in place of what was there. Needs a unit of work."""
    target.check()
    postback = session().get(Postback, (tenant_id, subject))
    if postback is None:
        postback = Postback(tenant_id=tenant_id, subject=subject)
        session().add(postback)
    postback.url, postback.auth_type, postback.user_name = target.url, target.auth_type, target.user_name
    postback.sealed_password = None
    if target.password is not None:
        postback.sealed_password = sealing.seal(target.password, _place(tenant_id, subject))
    postback.results_format = target.results_format
    session().flush()
    return postback


def enqueue(event: Event) -> None:
    """Write the outbox row for the postback this event calls for, if somebody asked for one."""
    subject = _subject(event)
    if subject is not None and session().get(Postback, (event.tenant_id, subject)) is not None:
        outbox.enqueue(event.tenant_id, "postback", {"subject": subject})


def _subject(event: Event) -> str | None:
    if event.type in _REGISTRATION_EVENTS:
        return f"registration:{event.payload['registration']}"
    if event.type in _IMPORT_EVENTS:
        return f"import:{event.payload['job_id']}"
    return None


def follow(event: Event) -> None:
    """The postback of a registration goes with it: another one of the same id has nothing to do with it."""
    if event.type == "registration.deleted":
        subject = f"registration:{event.payload['registration']}"
        session().execute(delete(Postback).where(Postback.tenant_id == event.tenant_id, Postback.subject == subject))


def deliver(row: OutboxRow) -> None:
    """Handler of the outbox kind ``postback``: posts the state as it is now."""
    tenant_id, subject, tries = row.tenant_id, row.payload["subject"], row.tries
    postback = session().get(Postback, (tenant_id, subject))
    if postback is None:
        return
    password = postback.sealed_password
    target = Target(
        url=postback.url,
        auth_type=postback.auth_type,
        user_name=postback.user_name,
        password=sealing.unseal(password, _place(tenant_id, subject)) if password else None,
        results_format=postback.results_format,
    )
    try:
        state = state_of(tenant_id, subject, target.results_format)
    except NotFound:
        return
    session().close()
    problem = send(target, state)
    if problem is not None:
        raise RetryAt(outbox.next_try(tries), problem)


def state_of(tenant_id: int, subject: str, results_format: str) -> dict[str, Any]:
    """What is posted: the registration schema or the import job of the REST dialect."""
    # The formats of the REST API; imported here because the API itself imports this module.
    from server.api.courses import job_state
    from server.api.registrations import state

    kind, _, name = subject.partition(":")
    if kind == "import":
        return job_state(tenant_id, name)
    return state(
        tenant_id,
        name,
        children=results_format in ("ACTIVITY", "FULL"),
        details=results_format == "FULL",
        runtime=results_format == "FULL",
    )


def send(target: Target, state: dict[str, Any]) -> str | None:
    """Post ``state``; None when it was taken, else why not."""
    headers, body = _encode(target, state)
    try:
        answer = outbound.request("POST", target.url, headers=headers, body=body)
    except (outbound.Refused, outbound.Failed) as failure:
        return str(failure)
    return None if 200 <= answer.status < 300 else f"answered {answer.status}"


def _encode(target: Target, state: dict[str, Any]) -> tuple[dict[str, str], bytes]:
    body = msgspec.json.encode(state)
    if target.auth_type == "FORM":
        fields = {"username": target.user_name or "", "password": target.password or "", "data": body.decode()}
        return {"Content-Type": "application/x-www-form-urlencoded"}, urlencode(fields).encode()
    headers = {"Content-Type": "application/json"}
    if target.auth_type == "HTTPBASIC":
        pair = f"{target.user_name or ''}:{target.password or ''}".encode()
        headers["Authorization"] = "Basic " + base64.b64encode(pair).decode()
    return headers, body


def _place(tenant_id: int, subject: str) -> str:
    return f"postback {tenant_id}/{subject}"
