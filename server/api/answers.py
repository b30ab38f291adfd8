"""Answers in the dialect: camelCase JSON without nulls, times with milliseconds in UTC."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
from flask import Response


def answer(value: Any, status: int = 200) -> Response:
    """``value`` as JSON."""
    return Response(msgspec.json.encode(value, enc_hook=_text), status, content_type="application/json")


def nothing() -> Response:
    """204, as the dialect ends most writes."""
    return Response(status=204)


def compact(**members: Any) -> dict[str, Any]:
    """An object of the members that have a value; generated clients take absent and null for the same."""
    return {name: value for name, value in members.items() if value is not None}


def moment(value: datetime | None) -> str | None:
    """RFC 3339 with milliseconds."""
    return None if value is None else value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _text(value: Any) -> Any:
    if isinstance(value, datetime):
        return moment(value)
    raise NotImplementedError(f"{type(value).__name__} has no JSON form")
