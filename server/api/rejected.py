"""Rejected xAPI requests: who sent what, why it was refused, and sending it again. Rekam's own, in the style of the dialect."""

from __future__ import annotations

from typing import Any

from flask import Response

import core.web as web
from core import audit
from core.db import session, unit_of_work
from lrs import rejections
from lrs.rejections import Rejection
from server import replaying
from server.api import openapi, paging, reading
from server.api.answers import answer, compact, moment, nothing
from server.api.blueprint import bp
from server.api.reading import ExactBody, body


class ReplayRequestBody(ExactBody):
    """``body``: the request's JSON corrected; without it what was sent is tried again."""

    body: str | None = None


def rejection_json(rejection: Rejection, *, whole: bool = False) -> dict[str, Any]:
    return compact(
        id=rejection.id,
        time=moment(rejection.time),
        key=rejection.key,
        method=rejection.method,
        statementId=rejection.statement_id,
        version=rejection.version,
        contentType=rejection.content_type,
        status=rejection.status,
        code=rejection.code,
        message=rejection.message,
        statementIndex=rejection.statement_index,
        path=rejection.path,
        size=rejection.size,
        truncated=rejection.truncated,
        replayed=moment(rejection.replayed),
        body=rejection.body if whole else None,
    )


@bp.get("/rejectedRequests")
@web.scope("all/read")
@openapi.describe(
    "Requests to the Statement Resource that were refused, newest first",
    query={"key": "Only of the credential with this key", "more": openapi.PAGED["more"]},
    returns="RejectedRequestList",
)
def get_rejected_requests() -> Response:
    after = paging.resume()
    found = rejections.find(
        web.principal().tenant_id, key=reading.text("key"), before=after[0] if after else None, limit=paging.SIZE + 1
    )
    rows = found[: paging.SIZE]
    more = paging.token([rows[-1].id]) if len(found) > paging.SIZE else None
    return paging.listing("rejectedRequests", paging.Page(rows, more), [rejection_json(row) for row in rows])


@bp.get("/rejectedRequests/<rejected_request_id>")
@web.scope("all/read")
@openapi.describe("A rejected request with its body", returns="RejectedRequest")
def get_rejected_request(rejected_request_id: str) -> Response:
    found = rejections.get(web.principal().tenant_id, rejected_request_id)
    return answer(rejection_json(found, whole=True))


@bp.post("/rejectedRequests/<rejected_request_id>/replay")
@web.scope("all")
@openapi.describe(
    "Store what was refused, or a corrected body, as the program that sent it",
    body=ReplayRequestBody,
    returns="StatementIds",
)
def replay_rejected_request(rejected_request_id: str) -> Response:
    who, given = web.principal(), body(ReplayRequestBody)
    with unit_of_work():
        ids = replaying.replay(who.tenant_id, rejected_request_id, f"credential:{who.key}", given.body)
    return answer({"statementIds": ids})


@bp.delete("/rejectedRequests/<rejected_request_id>")
@web.scope("all")
@openapi.describe("Forget a rejected request")
def delete_rejected_request(rejected_request_id: str) -> Response:
    who = web.principal()
    with unit_of_work():
        session().delete(rejections.get(who.tenant_id, rejected_request_id))
        audit.record(
            who.tenant_id, f"credential:{who.key}", "rejected_request.deleted", rejected_request_id, requests=1
        )
    return nothing()
