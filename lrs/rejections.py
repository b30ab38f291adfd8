"""Requests to the Statement Resource that were refused: who sent what, and why, for a while, so that they can be mended and replayed.

Nothing of this touches a good request. Bodies are cut at :data:`BODY_LIMIT`, rows expire, and a process keeps only so many a minute of a
tenant: somebody who sends nothing but rubbish must not fill the database.
"""

from __future__ import annotations

import logging
import time
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

from flask import Response, g, request
from sqlalchemy import BigInteger, Boolean, Index, Select, String, Text, delete, or_, select
from sqlalchemy.orm import Mapped, mapped_column

from core import clock
from core.credentials import Principal
from core.db import Model, UtcDateTime, session, unit_of_work
from core.errors import Conflict, Invalid, NotFound
from core.ids import new_id
from core.settings import get_settings
from lrs import attachments, parsing, store, versions
from lrs.parsing import Received

log = logging.getLogger("rekam.rejections")

STATUSES = (400, 409, 412, 413)
BODY_LIMIT = 256 << 10
# Of one tenant in one process: at most BURST at once and then one in REFILL_SECONDS.
BURST = 30
REFILL_SECONDS = 2.0


class Rejection(Model):
    """``path`` and ``statement_index`` say which property of which statement; ``truncated``: the body was longer (``size``)."""

    __tablename__ = "rejected_requests"

    tenant_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    time: Mapped[datetime] = mapped_column(UtcDateTime)
    key: Mapped[str] = mapped_column(String(255))
    method: Mapped[str] = mapped_column(String(8))
    statement_id: Mapped[str | None] = mapped_column(String(64))
    version: Mapped[str] = mapped_column(String(32))
    content_type: Mapped[str] = mapped_column(String(255))
    status: Mapped[int]
    code: Mapped[str] = mapped_column(String(64))
    message: Mapped[str] = mapped_column(Text)
    statement_index: Mapped[int | None]
    path: Mapped[str | None] = mapped_column(Text)
    size: Mapped[int] = mapped_column(BigInteger)
    body: Mapped[str] = mapped_column(Text)
    truncated: Mapped[bool] = mapped_column(Boolean)
    replayed: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (Index("ix_rejected_requests_time", "time"),)


class _Bucket:
    """How many more rejections of each tenant this process keeps."""

    def __init__(self) -> None:
        self._left: dict[int, tuple[float, float]] = {}

    def take(self, tenant_id: int) -> bool:
        now = time.monotonic()
        if len(self._left) > 10_000:
            self._left.clear()
        left, since = self._left.get(tenant_id, (float(BURST), now))
        left = min(float(BURST), left + (now - since) / REFILL_SECONDS)
        self._left[tenant_id] = (max(0.0, left - 1), now)
        return left >= 1


_bucket = _Bucket()


def note(response: Response) -> Response:
    """Keep the present request if it was refused; for ``after_request`` of the Statement Resource."""
    if response.status_code not in STATUSES or request.method not in ("POST", "PUT"):
        return response
    who: Principal | None = g.get("principal")
    if who is None or not get_settings().rejections_kept or not _bucket.take(who.tenant_id):
        return response
    try:
        with unit_of_work():
            _keep(who, response)
    except Exception:
        # The answer is what matters.
        log.exception("cannot keep a rejected request")
    return response


def _keep(who: Principal, response: Response) -> None:
    told = response.get_json(silent=True) or {}
    error: dict[str, Any] = told.get("error", {}) if isinstance(told, dict) else {}
    data = _body()
    index, path = error.get("index"), error.get("path")
    session().add(
        Rejection(
            tenant_id=who.tenant_id,
            id=new_id(),
            time=clock.now(),
            key=who.key,
            method=request.method,
            statement_id=_clean(_statement_id())[:64] or None,
            version=_clean(request.headers.get(versions.HEADER, ""))[:32],
            content_type=_clean(request.headers.get("Content-Type", ""))[:255],
            status=response.status_code,
            code=str(error.get("code", ""))[:64],
            message=_clean(str(error.get("message", "")))[:2000],
            statement_index=index if isinstance(index, int) else None,
            path=_clean(path)[:1000] if isinstance(path, str) else None,
            size=max(len(data), request.content_length or 0),
            body=_clean(data[:BODY_LIMIT].decode("utf-8", "replace")),
            truncated=len(data) > BODY_LIMIT or (request.content_length or 0) > len(data),
        )
    )


def _statement_id() -> str:
    """The parameter as far as it can be read: Flask reads no query that has bytes which are not UTF-8."""
    return dict(parse_qsl(request.query_string.decode("utf-8", "replace"))).get("statementId", "")


def _body() -> bytes:
    """What was read of the body, or all of it where nobody read it and it is short."""
    read: bytes | None = g.get("xapi_body")
    if read is not None:
        return read
    if (request.content_length or 0) > BODY_LIMIT:
        return b""
    return bytes(request.get_data(cache=False))


def _clean(text: str) -> str:
    """Text that both databases can keep."""
    return text.replace("\0", "�").encode("utf-8", "replace").decode()


# --- reading and replaying ----------------------------------------------------------------------------------------


def search(
    tenant_id: int, *, key: str | None = None, status: int | None = None, text: str = "", replayed: bool | None = None
) -> Select[Any]:
    """The query for those of a credential, with a status, with ``text`` in reason, path or body, that were replayed or not."""
    query = select(Rejection).where(Rejection.tenant_id == tenant_id)
    if key is not None:
        query = query.where(Rejection.key == key)
    if status is not None:
        query = query.where(Rejection.status == status)
    if text:
        places = (Rejection.message, Rejection.path, Rejection.body)
        query = query.where(or_(*(column.icontains(text, autoescape=True) for column in places)))
    if replayed is not None:
        query = query.where(Rejection.replayed.is_not(None) if replayed else Rejection.replayed.is_(None))
    return query


def find(tenant_id: int, *, key: str | None = None, before: str | None = None, limit: int = 100) -> list[Rejection]:
    """Newest first; ``before`` is the id of the last one of the page before."""
    query = search(tenant_id, key=key)
    if before is not None:
        query = query.where(Rejection.id < before)
    return list(session().scalars(query.order_by(Rejection.id.desc()).limit(limit)))


def get(tenant_id: int, rejection_id: str, *, lock: bool = False) -> Rejection:
    """:class:`NotFound` when there is none. ``lock``: until the end of the unit of work nobody else replays it."""
    found = session().get(Rejection, (tenant_id, rejection_id), populate_existing=lock, with_for_update=lock or None)
    if found is None:
        raise NotFound(f"no rejected request {rejection_id!r}")
    return found


def is_whole(rejection: Rejection) -> bool:
    """Whether all of what was sent is there, so that it can be replayed as it was."""
    return not rejection.truncated and rejection.content_type.lower().startswith("application/json")


def replay(rejection: Rejection, authority: dict[str, Any], body: bytes | None, *, define: bool) -> list[str]:
    """Store what was refused, or the corrected ``body``, as the same program; refused again it raises as before. Needs a unit of work."""
    if body is None:
        if not is_whole(rejection):
            raise Conflict("not all of this request was kept (it was long or had attachments): send a corrected body")
        body = rejection.body.encode()
    rules = _rules(rejection.version)
    received, _ = parsing.statements(body)
    if rejection.method == "PUT" and rejection.statement_id and len(received) == 1 and "id" not in received[0].value:
        received = [_with_id(received[0], rejection.statement_id)]
    store.check(received, rules)
    attachments.require([r.value for r in received])
    prepared = store.prepare_checked(received, rules, authority)
    (ids,) = store.store_prepared(rejection.tenant_id, [prepared], define=define)
    rejection.replayed = clock.now()
    return ids


def _rules(version: str) -> versions.Version:
    """Those that were asked for; where that was the fault, those of the newest version, which also take what 1.0.x has."""
    try:
        return versions.negotiate(version)
    except Invalid:
        return versions.of(versions.SUPPORTED[0])


def _with_id(one: Received, statement_id: str) -> Received:
    return parsing.from_values([one.value | {"id": statement_id}])[0]


def sweep() -> int:
    """Delete what has expired; returns how many. Needs a unit of work."""
    limit = clock.now() - timedelta(days=get_settings().rejections_kept)
    return int(getattr(session().execute(delete(Rejection).where(Rejection.time < limit)), "rowcount", 0))
