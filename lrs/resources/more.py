"""``more`` links: the whole query with an exact position, signed, so that nothing is kept between pages and nothing can be changed."""

from __future__ import annotations

import msgspec
from flask import current_app
from itsdangerous import BadData, URLSafeSerializer

from core.db import memory
from core.errors import Invalid


class Continuation(msgspec.Struct, frozen=True):
    """A query and where to go on. ``through`` is the bound (milliseconds) its first page had. Good for as long as the server's key."""

    key: str
    filters: dict[str, str]
    limit: int
    format: str
    attachments: bool
    ascending: bool
    after: int | None
    through: int | None


def _serializer() -> URLSafeSerializer:
    return memory("lrs.more", lambda: URLSafeSerializer(current_app.config["SECRET_KEY"], salt="xapi more"))


def link(continuation: Continuation) -> str:
    """Relative to the host, as both versions want it."""
    return f"/xapi/statements?more={_serializer().dumps(msgspec.to_builtins(continuation))}"


def read(token: str) -> Continuation:
    try:
        return msgspec.convert(_serializer().loads(token), Continuation)
    except (BadData, msgspec.ValidationError):
        raise Invalid("this more link was not made by this server or has been changed", code="parameter") from None


def arguments(continuation: Continuation) -> list[tuple[str, list[str]]]:
    """The parameters its first page was asked with, as :class:`lrs.resources.http.Asked` has them."""
    return [(name, [value]) for name, value in continuation.filters.items()]
