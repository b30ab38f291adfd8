"""JSON as received: parsed once with everything rejected that other readers would understand differently, and kept byte for byte.

Repeated keys, lone surrogates, NUL, NaN and deep nesting are errors (RFC 8259 leaves them open; PostgreSQL and most clients break on them).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

import msgspec

from core.errors import Invalid

DEPTH = 128
# Whole strings are skipped, so that brackets inside them do not count.
_STRUCTURE = re.compile(r'"(?:[^"\\]|\\.)*+"|[{}\[\]]', re.DOTALL)

Members = dict[str, msgspec.Raw]
_members = msgspec.json.Decoder(Members)
_elements = msgspec.json.Decoder(list[msgspec.Raw])


@dataclass(slots=True)
class Received:
    """One statement: ``value`` is its parsed object, ``members`` the exact bytes of each of its top-level members."""

    value: dict[str, Any]
    members: Members


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise Invalid(f"the JSON has the key {twice[:100]!r} twice in one object", code="json")
    return found


def _no_constant(word: str) -> Any:
    raise Invalid(f"{word} is not JSON", code="json")


_decoder = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_constant)


def loads(data: bytes | str, what: str = "the body") -> Any:
    """Parse JSON strictly; :class:`Invalid` names ``what`` and the place."""
    try:
        text = data if isinstance(data, str) else data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Invalid(f"{what} is not UTF-8: byte {error.start}", code="json") from None
    _check_depth(text, what)
    try:
        value = _decoder.decode(text)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno} column {error.colno}"
        raise Invalid(f"{what} is not JSON: {error.msg} at {place}", code="json") from None
    except (RecursionError, ValueError) as error:
        # ValueError: a number with thousands of digits.
        raise Invalid(f"{what} is not JSON this server reads: {type(error).__name__}", code="json") from None
    if "\\u" in text or isinstance(data, str):
        _check_text(value, what)
    return value


def _check_depth(text: str, what: str) -> None:
    """Cheap bound first: without that many brackets there cannot be that depth."""
    if text.count("{") + text.count("[") <= DEPTH:
        return
    depth = 0
    for match in _STRUCTURE.finditer(text):
        bracket = match.group()
        if bracket in "{[":
            depth += 1
            if depth > DEPTH:
                raise Invalid(f"{what} is nested deeper than {DEPTH} levels", code="json")
        elif bracket in "}]":
            depth -= 1


def _check_text(value: Any, what: str) -> None:
    """No NUL and no half surrogate pair in any string (iterative: the value may be deep)."""
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            if "\0" in item:
                raise Invalid(f"{what} contains the character U+0000, which cannot be stored", code="json")
            try:
                item.encode("utf-8")
            except UnicodeEncodeError:
                raise Invalid(f"{what} contains half of a surrogate pair", code="json") from None
        elif isinstance(item, dict):
            stack.extend(item)
            stack.extend(item.values())
        elif isinstance(item, list):
            stack.extend(item)


def statements(body: bytes) -> tuple[list[Received], bool]:
    """The statements of a request body, and whether they came as an array."""
    value = loads(body)
    if isinstance(value, dict):
        return [Received(value, _members.decode(body))], False
    if not isinstance(value, list):
        raise Invalid("the body must be a statement object or an array of statements", code="json")
    raws = _elements.decode(body)
    received = []
    for index, (item, raw) in enumerate(zip(value, raws, strict=True)):
        if not isinstance(item, dict):
            raise Invalid(f"statement {index} is not an object", code="statement", index=index, path="$")
        received.append(Received(item, _members.decode(raw)))
    return received, True


def from_values(values: list[dict[str, Any]]) -> list[Received]:
    """Statements built in this process, as if they had been received."""
    received = []
    for value in values:
        packed = msgspec.json.encode(value)
        received.append(Received(msgspec.json.decode(packed), _members.decode(packed)))
    return received
