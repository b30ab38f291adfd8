"""Statement Resource (1.0.3 Communication 2.1; 2.0 §4.1.6.1)."""

from __future__ import annotations

from typing import Any

import msgspec
from flask import Response, g, request
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from core.blobs import blobs
from core.credentials import Principal
from core.db import again_after_deadlock, unit_of_work
from core.errors import Forbidden, Invalid, NotFound
from core.ids import new_secret
from core.settings import get_settings
from core.web import principal, scope
from lrs import (
    attachments,
    consistency,
    formatting,
    idempotency,
    metadata,
    multipart,
    parsing,
    query,
    rejections,
    rows,
    store,
)
from lrs.committing import Job, committer
from lrs.consistency import stored_time
from lrs.query import Filters
from lrs.resources import http, more
from lrs.resources.http import Answer, Parameters, xapi

PAGE = 100
PAGE_MOST = 1000
THROUGH = "X-Experience-API-Consistent-Through"
_FILTERS = ("agent", "verb", "activity", "registration", "related_activities", "related_agents", "since", "until")
_READ = (*_FILTERS, "limit", "format", "attachments", "ascending", "more")
_ONE = ("statementId", "voidedStatementId", "format", "attachments")


# --- writing ------------------------------------------------------------------------------------------------------


@xapi.post("/statements", endpoint="statements_post")
@scope("statements/write")
def post() -> Answer:
    """Store one statement or an array; the ids in order. A request sent again under its Idempotency-Key gets the same answer."""
    Parameters(())
    received, _, kept = _received()
    header = http.asked().header("Idempotency-Key")
    if header is None:
        return http.json_answer(_store(received, kept))
    key = idempotency.key(principal().key, header)
    return http.json_answer(_store(received, kept, (key, idempotency.fingerprint(received))))


@xapi.put("/statements", endpoint="statements_put")
@scope("statements/write")
def put() -> Answer:
    """Store one statement under the id of the parameter."""
    statement_id = Parameters(("statementId",), ("statementId",)).uuid("statementId") or ""
    received, several, kept = _received(statement_id)
    if several:
        raise Invalid("PUT takes one statement, not an array", code="statement")
    _store(received, kept)
    return http.no_content()


Batch = tuple[list[parsing.Received], bool, list[attachments.Kept]]


def _received(statement_id: str | None = None) -> Batch:
    """The statements of the body, valid, with their attachments stored as blobs."""
    kind = http.asked().header("Content-Type") or ""
    media = kind.partition(";")[0].strip().lower()
    if media == "application/json":
        received, several = parsing.statements(http.body())
        _ready(received, statement_id)
        attachments.require([r.value for r in received])
        return received, several, []
    if media != "multipart/mixed":
        raise Invalid(
            f"statements come as application/json or multipart/mixed, not {media[:60]!r}", code="content_type"
        )
    parts = iter(multipart.Reader(request.stream, multipart.boundary_of(kind)))
    first = next(parts, None)
    if first is None or not first.headers.get("content-type", "").lower().startswith("application/json"):
        raise Invalid("the first part must be application/json", code="multipart")
    g.xapi_body = first.read()
    received, several = parsing.statements(g.xapi_body)
    _ready(received, statement_id)
    return received, several, attachments.receive(parts, [r.value for r in received])


@scope("statements/write")
def post_plain() -> Answer:
    """:func:`post` of a body that has been read (:mod:`lrs.express`): writers wait a moment for it."""
    with committer.coming():
        return post()


def _ready(received: list[parsing.Received], statement_id: str | None) -> None:
    if statement_id is not None:
        for one in received:
            given = one.value.setdefault("id", statement_id)
            if "id" not in one.members:
                one.members["id"] = msgspec.Raw(msgspec.json.encode(statement_id))
            if not isinstance(given, str) or given.lower() != statement_id.lower():
                raise Invalid(
                    f"the parameter statementId is {statement_id}, but $.id is {str(given)[:50]}", code="statementId"
                )
    store.check(received, http.version())


def _store(
    received: list[parsing.Received], kept: list[attachments.Kept], once: tuple[str, str] | None = None
) -> list[str]:
    """``once`` is key and fingerprint of a request that may have been answered before."""
    who = principal()
    prepared = store.prepare_checked(received, http.version(), authority_of(who.key))
    job = Job(who.tenant_id, prepared, who.may("define"), kept)
    return committer.store(job) if once is None else again_after_deadlock(lambda: _store_once(job, *once))


def _store_once(job: Job, key: str, fingerprint: str) -> list[str]:
    with unit_of_work():
        before = idempotency.begin(job.tenant_id, key, fingerprint)
        if before is not None:
            return before
        attachments.record(job.tenant_id, job.kept)
        (ids,) = store.store_prepared(job.tenant_id, [job.statements], define=job.define)
        idempotency.finish(job.tenant_id, key, ids)
        return ids


def authority_of(key: str) -> dict[str, Any]:
    """The agent that stands for a credential."""
    return {"objectType": "Agent", "account": {"homePage": get_settings().base_url.rstrip("/"), "name": key}}


# --- reading ------------------------------------------------------------------------------------------------------


@xapi.get("/statements", endpoint="statements_read")
@scope("statements/read", "statements/read/mine")
def read() -> Answer:
    """One statement by id, or those that filters find."""
    if "statementId" in http.asked() or "voidedStatementId" in http.asked():
        return _read_one()
    parameters = Parameters(_READ)
    if "more" in parameters:
        return _continue(parameters)
    filters = _filters(parameters)
    wanted = more.Continuation(
        key=principal().key,
        references=tuple(query.wanted_references(filters)),
        since=filters.since,
        until=filters.until,
        limit=min(parameters.number("limit") or PAGE, PAGE_MOST),
        format=_format(parameters),
        attachments=parameters.boolean("attachments"),
        ascending=parameters.boolean("ascending"),
        after=None,
        through=None,
    )
    return _page(wanted)


def _continue(parameters: Parameters) -> Answer:
    if len(parameters.values) != 1:
        raise Invalid("a more link takes no other parameters", code="parameter")
    wanted = more.read(parameters.text("more"))
    if wanted.key != principal().key:
        raise Forbidden("this more link belongs to another credential")
    return _page(wanted)


def _filters(parameters: Parameters) -> Filters:
    return Filters(
        agent=parameters.agent(),
        verb=parameters.iri("verb"),
        activity=parameters.iri("activity"),
        registration=parameters.uuid("registration"),
        related_agents=parameters.boolean("related_agents"),
        related_activities=parameters.boolean("related_activities"),
        since=parameters.moment("since"),
        until=parameters.moment("until"),
    )


def _only_mine() -> int | None:
    who = principal()
    return None if who.may("statements/read") else query.authority_reference(authority_of(who.key))


def _format(parameters: Parameters) -> str:
    word = parameters.values.get("format", "exact")
    if word not in ("ids", "exact", "canonical"):
        raise Invalid(f"the parameter format must be ids, exact or canonical, not {word[:20]!r}", code="parameter")
    return word


def _page(wanted: more.Continuation) -> Answer:
    tenant_id = principal().tenant_id
    filters = Filters(references=wanted.references, since=wanted.since, until=wanted.until, authority=_only_mine())
    now_through = consistency.consistent_through(tenant_id)
    # Pages newest first stay within what the first one saw; oldest first they go on to what has come since.
    through = now_through if wanted.ascending or wanted.through is None else wanted.through
    after = None if wanted.after is None else consistency.position_of(wanted.after)
    found = query.page(tenant_id, filters, limit=wanted.limit, after=after, ascending=wanted.ascending, through=through)
    link = ""
    if found.more:
        link = more.link(
            msgspec.structs.replace(wanted, after=consistency.cursor_of(found.positions[-1]), through=through)
        )
    body = formatting.joined(_formatted(found.statements, wanted.format), link)
    headers = [(THROUGH, consistency.text_of(now_through))]
    if found.positions:
        headers.append(http.last_modified(stored_time(max(found.positions))))
    return _answer(body, headers, found.statements, wanted.attachments)


def _read_one() -> Answer:
    parameters = Parameters(_ONE)
    if "statementId" in parameters and "voidedStatementId" in parameters:
        raise Invalid("statementId and voidedStatementId exclude each other", code="parameter")
    voided = "voidedStatementId" in parameters
    statement_id = parameters.uuid("voidedStatementId" if voided else "statementId") or ""
    word = _format(parameters)
    with_attachments = parameters.boolean("attachments")
    tenant_id = principal().tenant_id
    now_through = consistency.consistent_through(tenant_id)
    found = query.one(tenant_id, statement_id)
    mine = _only_mine()
    if found is None or found.voided != voided or (mine is not None and found.authority != mine):
        raise NotFound(f"there is no {'voided ' if voided else ''}statement {statement_id}")
    headers = [(THROUGH, consistency.text_of(now_through)), http.last_modified(stored_time(found.position))]
    return _answer(_formatted([found.body], word)[0], headers, [found.body], with_attachments)


def _formatted(bodies: list[bytes], word: str) -> list[bytes]:
    if word == "exact":
        return bodies
    values = [msgspec.json.decode(body) for body in bodies]
    if word == "ids":
        without_display = http.version().ids_without_display
        return [formatting.ids(value, without_display=without_display) for value in values]
    mentioned = {activity["id"] for value in values for activity in rows.activities(value)}
    known = metadata.definitions(principal().tenant_id, mentioned)
    accepted = parse_accept_header(http.asked().header("Accept-Language"), LanguageAccept)
    languages = [tag for tag, quality in accepted if quality > 0]
    return [formatting.canonical(value, languages, known) for value in values]


def _answer(body: bytes, headers: list[tuple[str, str]], statements: list[bytes], with_attachments: bool) -> Answer:
    if not with_attachments:
        return Answer(body, 200, [("Content-Type", "application/json"), *headers])
    # Whoever may read all statements may read what is attached to any of them.
    brought = not principal().may("statements/read")
    found = attachments.find(principal().tenant_id, (msgspec.json.decode(s) for s in statements), brought=brought)
    boundary = new_secret()
    # The database is done with: the blobs may take long to send.
    kind = ("Content-Type", f"multipart/mixed; boundary={boundary}")
    return Answer(attachments.answer(boundary, body, found, blobs()), 200, [kind, *headers])


# --- refusals ---------------------------------------------------------------------------------------------------


@xapi.after_request
def _note_rejection(response: Response) -> Response:
    """What was refused is kept for its sender."""
    return rejections.note(response) if (request.endpoint or "").startswith("xapi.statements") else response


# --- Consistent-Through -------------------------------------------------------------------------------------------


@xapi.after_app_request
def _consistent_through(response: Response) -> Response:
    """On every answer of the resource, errors included (1.0.3 Communication 2.1).

    Clients wait for it by reading, so refused reads tell the present bound too; writers answer the last one known here.
    """
    if request.path == "/xapi/statements" and THROUGH not in response.headers:
        response.headers[THROUGH] = consistency.text_of(_bound(g.get("principal"), response.status_code))
    return response


def _bound(who: Principal | None, status: int) -> int:
    if who is None:
        return 0
    if request.method in ("GET", "HEAD") and 400 <= status < 500:
        return consistency.consistent_through(who.tenant_id)
    return consistency.told_writers(who.tenant_id)
