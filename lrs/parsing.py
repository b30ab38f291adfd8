"""JSON as received: parsed once with everything rejected that other readers would understand differently, and kept byte for byte.

Repeated keys, lone surrogates, NUL, NaN and deep nesting are errors (RFC 8259 leaves them open; PostgreSQL and most clients break on them).
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import Any

import msgspec

from core.errors import Invalid, TooLarge

DEPTH = 128
# More values than this in one body are refused before they are built: each takes up to a hundred bytes of memory, whatever it says.
VALUES = 2_000_000
# And no object has more properties: a table of millions takes far longer to build than many small ones.
WIDTH = 100_000
# Larger imports come in several requests.
BATCH = 50_000
# The slow way, which knows best what is wrong, takes seconds for tens of megabytes: what is longer is refused in fewer words.
EXPLAINED = 1 << 20
# No statement has so many properties; reading their bytes one by one would cost as much as everything else.
PROPERTIES = 1000
_NOT_BRACKETS = bytes(set(range(256)) - set(b"{}[]"))
_NOT_STRUCTURE = bytes(set(range(256)) - set(b'{}[],:"'))
_BOMB = re.compile(rb"[\[{]{%d}" % (DEPTH + 1))

Members = dict[str, msgspec.Raw]
_values = msgspec.json.Decoder()
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
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise Invalid(f"the JSON has the key {twice[:100]!r} twice in one object", code="json")
    return found


def _finite(text: str) -> float:
    """Python reads 1e999 as infinity, other readers refuse it."""
    number = float(text)
    if math.isinf(number):
        raise Invalid(f"the JSON has the number {text[:40]}, which is too large", code="json")
    return number


def _no_constant(word: str) -> Any:
    raise Invalid(f"{word} is not JSON", code="json")


_decoder = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_constant, parse_float=_finite)


def loads(data: bytes | str, what: str = "the body") -> Any:
    """Parse JSON strictly; :class:`Invalid` names ``what`` and the place."""
    try:
        text = data if isinstance(data, str) else data.decode("utf-8")
        _check_size(data.encode("utf-8") if isinstance(data, str) else data, what)
    except UnicodeDecodeError as error:
        raise Invalid(f"{what} is not UTF-8: byte {error.start}", code="json") from None
    except UnicodeEncodeError:
        raise Invalid(f"{what} contains half of a surrogate pair", code="json") from None
    if isinstance(data, bytes):
        quick = _quickly(data, what)
        if quick is not None:
            return quick
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


# U+0000, and escaped colons, which the counting below has to know of.
_SUSPECT = re.compile(rb"\\u00(?:00|3[aA])")
_HALF_PAIR = re.compile(rb"\\u[dD][89a-fA-F]")


def _quickly(data: bytes, what: str) -> Any:
    """The value, or None where the slow way has to say what is wrong (or that nothing is).

    msgspec refuses everything the slow way does but repeated keys and U+0000, in a tenth of the time. A repeated key loses its first
    value, so what is read has fewer colons than what came; nothing else takes a colon away or adds one.
    """
    colons = _colons(data)
    if colons is None:
        if len(data) <= EXPLAINED:
            return None
        raise Invalid(f"{what} contains the character U+0000, which cannot be stored", code="json")
    try:
        value = _values.decode(data)
    except (msgspec.MsgspecError, ValueError, OverflowError, RecursionError) as error:
        if len(data) <= EXPLAINED:
            return None
        reason = str(error).removeprefix("JSON is malformed: ")
        if "truncated" in reason and _HALF_PAIR.search(data):
            reason = "it ends too early, or contains half of a surrogate pair"
        raise Invalid(f"{what} is not JSON: {reason}", code="json") from None
    if msgspec.json.encode(value).count(b":") == colons:
        return value
    if len(data) > EXPLAINED:
        raise _repeated(data, value)
    return None


def _colons(data: bytes) -> int | None:
    """How many colons the value has where no key is repeated; None where it has U+0000."""
    found = data.count(b":")
    if b"\\" in data and _SUSPECT.search(data):
        escapes = _SUSPECT.findall(data.replace(b"\\\\", b""))
        if b"\\u0000" in escapes:
            return None
        found += len(escapes)
    return found


def _repeated(data: bytes, value: Any) -> Invalid:
    """What to say of a long body with a repeated key: where it is, and if that part is short, which key."""
    place = "the JSON"
    parts: list[tuple[str, Any, msgspec.Raw]] = []
    if isinstance(value, list):
        raws = _elements.decode(data)
        parts = [(f"$[{i}]", v, raw) for i, (v, raw) in enumerate(zip(value, raws, strict=True))]
    elif isinstance(value, dict) and len(value) <= PROPERTIES:
        parts = [(f"$.{name[:100]}", value[name], raw) for name, raw in _members.decode(data).items()]
    for name, part, raw in parts:
        if msgspec.json.encode(part).count(b":") != _colons(bytes(raw)):
            place = name
            if len(raw) <= EXPLAINED:
                try:
                    loads(bytes(raw))
                except Invalid as error:
                    return Invalid(f"{place}: {error.message}", code="json")
            break
    return Invalid(f"{place} has a key twice in one object", code="json")


def _check_size(text: bytes, what: str) -> None:
    """Bounds on depth, width and number of values, by counting outside of strings.

    Cheap bounds first: what is short has neither many values nor a wide object, and without that many brackets there cannot be that depth.
    """
    if len(text) < 2 * VALUES and (_is_shallow(text) if text[:1] == b"{" else _has_shallow_parts(text)):
        return
    if text.count(b'"') - text.count(b'\\"') > 4 * VALUES:
        raise _too_many(what)
    # Where it is JSON, backslashes are only inside strings; where it is not, the parser says so.
    structure = text.replace(b"\\\\", b"").replace(b'\\"', b"").translate(None, _NOT_STRUCTURE)
    # Most strings are empty now; the others hide what is between their quotes.
    outside = b"".join(structure.replace(b'""', b"").split(b'"')[::2])
    brackets = outside.translate(None, _NOT_BRACKETS)
    if outside.count(b",") + len(brackets) // 2 > VALUES:
        raise _too_many(what)
    if outside.count(b":") > WIDTH and _is_wide(outside.replace(b",", b"")):
        raise TooLarge(f"{what} has an object with more than {WIDTH} properties", code="json", limit=WIDTH)
    if _BOMB.search(brackets):
        raise _too_deep(what)
    for _ in range(DEPTH):
        fewer = brackets.replace(b"[]", b"").replace(b"{}", b"")
        if len(fewer) == len(brackets):
            return
        brackets = fewer
    if brackets:
        raise _too_deep(what)


def _is_shallow(text: bytes) -> bool:
    """Neither deep nor wide, as far as brackets and colons tell."""
    brackets = text.count(b"{") + text.count(b"[")
    # The shortest property has five bytes.
    return brackets < DEPTH and (len(text) < 5 * WIDTH or text.count(b":") <= WIDTH)


def _has_shallow_parts(text: bytes) -> bool:
    """Whether none is deep or wide of the parts of an array, or of what else it is. What is no JSON at all may pass: the parser says so."""
    try:
        return all([_is_shallow(part) for part in map(bytes, _elements.decode(text))])
    except (msgspec.MsgspecError, RecursionError):
        return _is_shallow(text)


def _is_wide(structure: bytes) -> bool:
    """Whether an object has more than WIDTH properties; ``structure`` is brackets and colons."""
    around: list[int] = []
    width = 0
    for sign in structure:
        if sign == 0x3A:
            width += 1
        elif sign in b"{[":
            around.append(width)
            width = 0
        elif width > WIDTH:
            break
        else:
            width = around.pop() if around else 0
    return width > WIDTH


def _too_many(what: str) -> TooLarge:
    return TooLarge(f"{what} has more than {VALUES} values", code="json", limit=VALUES)


def _too_deep(what: str) -> Invalid:
    return Invalid(f"{what} is nested deeper than {DEPTH} levels", code="json")


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
        _check_width(value, 0)
        return [Received(value, _members.decode(body))], False
    if not isinstance(value, list):
        raise Invalid("the body must be a statement object or an array of statements", code="json")
    if len(value) > BATCH:
        raise TooLarge(f"the body has more than {BATCH} statements", code="statement", limit=BATCH)
    for index, item in enumerate(value):
        if not isinstance(item, dict):
            raise Invalid(f"statement {index} is not an object", code="statement", index=index, path="$")
        _check_width(item, index)
    raws = _elements.decode(body)
    return [Received(item, _members.decode(raw)) for item, raw in zip(value, raws, strict=True)], True


def _check_width(statement: dict[str, Any], index: int) -> None:
    if len(statement) > PROPERTIES:
        text = f"statement {index}: $ has {len(statement)} properties, which no statement has"
        raise Invalid(text, code="statement", index=index, path="$")


def members(raw: msgspec.Raw) -> Members:
    """The exact bytes of each member of a JSON object."""
    return _members.decode(raw)


def from_values(values: list[dict[str, Any]]) -> list[Received]:
    """Statements built in this process, as if they had been received."""
    received = []
    for value in values:
        packed = msgspec.json.encode(value)
        received.append(Received(msgspec.json.decode(packed), _members.decode(packed)))
    return received
