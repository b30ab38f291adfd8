"""Bodies that nobody can store: to be refused at once, whatever their size."""

from __future__ import annotations

import json

from conformance.xapi.supplement.client import statement

DEEP = 2_000_000


def extended(text: str) -> bytes:
    """A statement with ``text`` as the JSON of an extension."""
    value = statement(result={"extensions": {"http://example.com/x": "HERE"}})
    return json.dumps(value).replace('"HERE"', text).encode("utf-8", "surrogatepass")


# What it is → the body of a POST to /statements.
HOSTILE = {
    "NUL, escaped": extended('"a\\u0000b"'),
    "NUL, raw": extended('"a\0b"'),
    "NUL in a key": extended('{"a\\u0000": 1}'),
    "half a surrogate pair": extended('"\\ud800"'),
    "half a surrogate pair, raw": extended('"\ud800"'),
    "the other half": extended('"x\\udfff"'),
    "a key twice": extended('{"a": 1, "a": 2}'),
    "verb twice": json.dumps(statement()).replace('"verb"', '"verb": {"id": "http://example.com/v"}, "verb"').encode(),
    "infinity": extended("1e999"),
    "minus infinity": extended("-1e999"),
    "NaN": extended("NaN"),
    "the word Infinity": extended("Infinity"),
    "a million digits": extended("1" * 1_000_000),
    "not UTF-8": extended('"X"').replace(b'"X"', b'"\xc3\x28"'),
    "UTF-16": json.dumps(statement()).encode("utf-16"),
    "a comma too many": extended("[1,]"),
    "two values": json.dumps(statement()).encode() * 2,
    "nothing": b"",
    "10 MB of arrays": b"[" * 5 * DEEP,
    "10 MB of objects": b'{"a":' * DEEP,
    "deep and closed": extended("[" * DEEP + "]" * DEEP),
    "a string without end": b"{" * 500 + b'"' + b'\\"' * DEEP,
    "a batch of numbers": b"[1,2,3]",
    "null": b"null",
}
