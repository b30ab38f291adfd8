"""Reading requests: bodies into typed objects, query parameters into values; every refusal names the place."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec
from flask import request

from core.errors import Invalid, NotFound
from lrs import consistency
from server.api.blueprint import bp

T = TypeVar("T")

# A body is a handful of members or a list of ids; packages and pictures are sent as forms.
LARGEST = 8 << 20
_PATH = re.compile(r"^(.*?)(?: - at `(.*)`)?$", re.DOTALL)


class Body(msgspec.Struct, rename="camel", kw_only=True):
    """Base of request bodies. Members we do not know are ignored, as clients of several versions send them."""


class ExactBody(Body, forbid_unknown_fields=True):
    """Base of bodies that narrow what is deleted or goes out: a misspelt filter would let everything through."""


@bp.before_request
def _refuse_nul() -> None:
    """PostgreSQL takes no text with U+0000; nothing that is stored has such an id."""
    if "\0" in request.path:
        raise NotFound(f"there is no {request.path!r}")


def body(kind: type[T]) -> T:
    """The request's JSON as ``kind``; :class:`Invalid` with the JSON path where it does not fit."""
    request.max_content_length = LARGEST
    data = request.get_data(cache=False)
    if not data.strip():
        raise Invalid("the body is empty; it must be a JSON object", path="$")
    try:
        text = data.decode()
        found = msgspec.json.decode(text, type=kind)
        place = _nul_in(msgspec.json.decode(text)) if "\\u0000" in text else None
    except RecursionError:
        raise Invalid("the body is nested too deeply", path="$") from None
    except msgspec.ValidationError as error:
        text, path = _split(str(error))
        raise Invalid(f"the body is not right at {path}: {text}", path=path) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Invalid(f"the body is not JSON: {error}", path="$") from None
    if place is not None:
        raise Invalid(f"the text at {place} contains U+0000", path=place)
    return found


def _nul_in(value: Any, path: str = "$") -> str | None:
    """The JSON path of a text with U+0000, which PostgreSQL cannot store."""
    if isinstance(value, str):
        return path if "\0" in value else None
    if isinstance(value, dict):
        if any("\0" in name for name in value):
            return path
        inner = [(each, f"{path}.{name}") for name, each in value.items()]
    elif isinstance(value, list):
        inner = [(each, f"{path}[{index}]") for index, each in enumerate(value)]
    else:
        return None
    return next((found for each, place in inner if (found := _nul_in(each, place))), None)


def _split(text: str) -> tuple[str, str]:
    match = _PATH.match(text)
    assert match is not None, "matches any text"
    return match[1], match[2] or "$"


def text(name: str, default: str | None = None, *, most: int = 2000) -> str | None:
    """A query parameter as it is; one that is empty counts as absent."""
    value = request.args.get(name) or default
    if value is not None and (len(value) > most or "\0" in value):
        raise Invalid(f"the parameter {name} is too long or holds a null character", parameter=name)
    return value


def needed(name: str) -> str:
    value = text(name)
    if value is None:
        raise Invalid(f"the parameter {name} is needed", parameter=name)
    return value


def refuse_unknown(known: Collection[str]) -> None:
    """:class:`Invalid` for a parameter that is none of these: a misspelt filter would let everything through."""
    for name in request.args:
        if name not in known:
            raise Invalid(
                f"unknown parameter {name[:50]!r}; this resource takes {', '.join(sorted(known))}", parameter=name[:50]
            )


def flag(name: str, default: bool = False) -> bool:
    value = text(name)
    if value is None:
        return default
    if value.lower() not in ("true", "false"):
        raise Invalid(f"the parameter {name} must be true or false, not {value[:50]!r}", parameter=name)
    return value.lower() == "true"


def number(name: str, default: int | None = None, *, least: int = 0, most: int = 1 << 31) -> int | None:
    value = text(name)
    if value is None:
        return default
    return whole(value, f"the parameter {name}", least=least, most=most)


def whole(value: str, what: str, *, least: int = 0, most: int = (1 << 31) - 1) -> int:
    """A decimal number in a path or query."""
    if not re.fullmatch(r"-?[0-9]{1,12}", value, re.ASCII) or not least <= int(value) <= most:
        raise Invalid(f"{what} must be a whole number from {least} to {most}, not {value[:50]!r}")
    return int(value)


def share(name: str) -> float | None:
    """A number above 0 and up to 1."""
    value = text(name)
    if value is None:
        return None
    if not re.fullmatch(r"[0-9]?\.?[0-9]{1,6}", value, re.ASCII) or not 0 < float(value) <= 1:
        raise Invalid(f"the parameter {name} must be a number above 0 and up to 1, not {value[:50]!r}", parameter=name)
    return float(value)


def whole_position(value: str) -> int:
    """The position that the id of an event of a stream stands for."""
    if not re.fullmatch(r"[0-9]{1,20}", value, re.ASCII) or int(value) >= 1 << 64:
        raise Invalid(f"the Last-Event-ID {value[:50]!r} is not one of ours", parameter="lastEventId")
    return consistency.position_of(int(value))


def word(name: str, words: Sequence[str], default: str | None = None) -> str | None:
    """One of ``words``, which the dialect compares without case."""
    value = text(name)
    if value is None:
        return default
    known = {w.lower(): w for w in words}
    if value.lower() not in known:
        raise Invalid(f"the parameter {name} must be one of {', '.join(words)}, not {value[:50]!r}", parameter=name)
    return known[value.lower()]


def many(name: str) -> list[str]:
    """A list, comma-separated or repeated."""
    found = [part.strip() for value in request.args.getlist(name) for part in value.split(",") if part.strip()]
    if any("\0" in part for part in found):
        raise Invalid(f"the parameter {name} holds a null character", parameter=name)
    return found


def time(name: str) -> datetime | None:
    """ISO 8601; without an offset it is UTC, as in the dialect."""
    value = text(name)
    return None if value is None else moment(value, f"the parameter {name}")


def moment(value: str, what: str) -> datetime:
    try:
        found = datetime.fromisoformat(value.replace(" ", "+") if "T" in value else value)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Invalid(f"{what} must be an ISO 8601 time like 2026-01-31T08:00:00Z, not {value[:50]!r}") from None


def check_id(value: str, what: str) -> str:
    """An id chosen by a client: 1 to 255 characters, no control characters."""
    if not value.strip() or len(value) > 255 or any(ord(c) < 32 or ord(c) == 127 for c in value):
        raise Invalid(f"the {what} must have 1 to 255 characters and no control characters")
    return value


def only(values: Mapping[str, object]) -> dict[str, object]:
    """The members that were given."""
    return {name: value for name, value in values.items() if value is not None}
