"""What strict reading of JSON refuses, and that it keeps the bytes."""

from __future__ import annotations

import time

import pytest

from core.errors import Invalid
from lrs import parsing


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"a": 1, "a": 2}', "'a' twice"),
        (b'{"x": {"b": 1, "c": {"d": 1, "d": 1}}}', "'d' twice"),
        (b'{"a": "\\ud800"}', "surrogate"),
        (b'{"\\udc00x": 1}', "surrogate"),
        (b'{"a": "x\\u0000y"}', "U+0000"),
        (b'{"a": NaN}', "NaN"),
        (b'{"a": -Infinity}', "-Infinity"),
        (b'{"a": "\xff"}', "UTF-8"),
        (b'{"a": "line\nbreak"}', "line 1 column"),
        (b"{", "line 1 column"),
        (b"", "line 1 column"),
        (b"\xef\xbb\xbf{}", "not JSON"),
        (b'{"a": 1}{}', "Extra data"),
        (b"[" * 200 + b"]" * 200, "nested deeper"),
        (b'{"a":' + b"9" * 5000 + b"}", "not JSON"),
    ],
)
def test_refuses(body: bytes, words: str) -> None:
    with pytest.raises(Invalid, match="(?i)" + words.replace("+", "\\+")):
        parsing.loads(body)


def test_brackets_inside_strings_are_not_depth() -> None:
    assert parsing.loads(b'{"a": "' + b"[" * 500 + b'\\"["}')["a"].startswith("[[[")


def test_pairs_of_surrogates_and_escaped_backslashes_are_text() -> None:
    assert parsing.loads(b'["\\ud83d\\ude00", "\\\\u0000"]') == ["\U0001f600", "\\u0000"]


@pytest.mark.parametrize("body", [b"[" * 5_000_000, b'{"a":' * 1_000_000, b'"' + b"\\u" * 3_000_000])
def test_hostile_size_is_refused_quickly(body: bytes) -> None:
    began = time.perf_counter()
    with pytest.raises(Invalid):
        parsing.loads(body)
    assert time.perf_counter() - began < 3


def test_members_keep_their_bytes() -> None:
    received, several = parsing.statements(b'[{"a": 1.0, "b":{ "c" : 1e400 }}]')
    assert several
    assert {k: bytes(v) for k, v in received[0].members.items()} == {"a": b"1.0", "b": b'{ "c" : 1e400 }'}


@pytest.mark.parametrize("body", [b'"x"', b"1", b"null", b"[1]", b"[[]]"])
def test_only_objects_are_statements(body: bytes) -> None:
    with pytest.raises(Invalid, match="object"):
        parsing.statements(body)
