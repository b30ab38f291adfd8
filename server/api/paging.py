"""Pages: a ``more`` token carries the whole query and the place where the next page begins, so it is sent alone.

Lists are read by keyset in the order asked for, ties broken by id.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from flask import Response, current_app, request
from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy import ColumnElement, Select, and_, func, or_, select, true
from werkzeug.datastructures import ImmutableMultiDict

from core.db import session
from core.errors import Invalid
from server.api import reading
from server.api.answers import answer

SIZE = 100

Row = TypeVar("Row")


@dataclass(frozen=True)
class Order:
    """A column to sort by; ``key`` reads the same value from a row, ``parse`` from a token."""

    column: Any
    key: Callable[[Any], Any]
    parse: Callable[[str], Any] = str


def time_order(column: Any, key: Callable[[Any], datetime]) -> Order:
    return Order(column, lambda row: key(row).isoformat(), datetime.fromisoformat)


@dataclass(frozen=True)
class Page:
    """``more`` is the token of the next page; ``total`` counts all pages where it was asked for."""

    rows: list[Any]
    more: str | None
    total: int | None = None


def _serializer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.config["SECRET_KEY"], salt="rest more")


def resume() -> list[str] | None:
    """With a ``more`` token: put its query in place of the request's and return where the page begins."""
    token = request.args.get("more")
    if not token:
        return None
    try:
        path, pairs, after = _serializer().loads(token)
    except (BadSignature, ValueError, TypeError):
        raise Invalid("the more token is not one of ours", parameter="more") from None
    if path != request.path:
        raise Invalid("the more token belongs to another list", parameter="more")
    request.args = ImmutableMultiDict([(str(k), str(v)) for k, v in pairs])
    return [str(part) for part in after]


def token(after: Sequence[Any]) -> str:
    """The token that continues this request's list after a row."""
    pairs = [(k, v) for k, v in request.args.items(multi=True) if k != "more"]
    return str(_serializer().dumps([request.path, pairs, [str(part) for part in after]]))


def read(
    query: Select[Any],
    *,
    orders: dict[str, Order],
    default: str,
    identity: Any,
    id_of: Callable[[Any], str],
    after: list[str] | None,
    size: int = SIZE,
) -> Page:
    """One page of ``query``, sorted by the parameter orderBy (``name_asc`` or ``name_desc``)."""
    words = [f"{name}_{way}" for name in orders for way in ("asc", "desc")]
    chosen = reading.word("orderBy", words, default) or default
    name, _, way = chosen.rpartition("_")
    order, descending = orders[name], way == "desc"
    total = None
    if after is None and reading.flag("includeTotalCount"):
        total = session().scalar(select(func.count()).select_from(query.order_by(None).subquery()))
    sorts = (order.column.desc(), identity.desc()) if descending else (order.column.asc(), identity.asc())
    beyond = _beyond(order, identity, descending, _parse(order, after))
    found = list(session().scalars(query.where(beyond).order_by(*sorts).limit(size + 1)))
    rows = found[:size]
    more = token([order.key(rows[-1]), id_of(rows[-1])]) if len(found) > size else None
    return Page(rows, more, total)


def _parse(order: Order, after: list[str] | None) -> tuple[Any, str] | None:
    if after is None:
        return None
    try:
        value, identity = after
        return order.parse(value), identity
    except ValueError:
        raise Invalid("the more token is not one of ours", parameter="more") from None


def _beyond(order: Order, identity: Any, descending: bool, place: tuple[Any, str] | None) -> ColumnElement[bool]:
    if place is None:
        return true()
    value, last = place
    if descending:
        return or_(order.column < value, and_(order.column == value, identity < last))
    return or_(order.column > value, and_(order.column == value, identity > last))


def listing(name: str, page: Page, items: Sequence[Any]) -> Response:
    """The answer of a list: items under ``name``, the token if there is more, the total as a header."""
    body: dict[str, Any] = {name: list(items)}
    if page.more:
        body["more"] = page.more
    response = answer(body)
    if page.total is not None:
        response.headers["X-Total-Count"] = str(page.total)
    return response
