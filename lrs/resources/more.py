"""``more`` links: the whole query with an exact position, signed, so that nothing is kept between pages and nothing can be changed."""

from __future__ import annotations

import hashlib
from datetime import datetime

import msgspec
from flask import current_app
from itsdangerous import BadData, Signer, base64_decode, base64_encode

from core.db import memory
from core.errors import Invalid


class Continuation(msgspec.Struct, frozen=True):
    """A query and where to go on: after the cursor ``after`` (:mod:`lrs.consistency`). Good for as long as the server's key.

    ``through`` is the bound (milliseconds) its first page had.

    Filters are in it as their references (:func:`lrs.query.wanted_references`): whatever length they have, a link is short.
    """

    key: str
    references: tuple[tuple[int, ...], ...]
    since: datetime | None
    until: datetime | None
    limit: int
    format: str
    attachments: bool
    ascending: bool
    after: int | None
    through: int | None


def _signer() -> Signer:
    def make() -> Signer:
        return Signer(current_app.config["SECRET_KEY"], salt="xapi more", digest_method=hashlib.sha256)

    return memory("lrs.more", make)


def link(continuation: Continuation) -> str:
    """Relative to the host, as both versions want it."""
    signed = _signer().sign(base64_encode(msgspec.json.encode(continuation)))
    return f"/xapi/statements?more={signed.decode()}"


def read(token: str) -> Continuation:
    try:
        return msgspec.json.decode(base64_decode(_signer().unsign(token)), type=Continuation)
    except (BadData, msgspec.DecodeError):
        raise Invalid("this more link was not made by this server or has been changed", code="parameter") from None
