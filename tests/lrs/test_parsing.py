"""What strict reading of JSON refuses, and that it keeps the bytes."""

from __future__ import annotations

import pytest

from core.errors import Invalid, TooLarge
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
        (b'{"a":1e999}', "too large"),
        (b'{"a":-1e999}', "too large"),
        (b'{"a":' * 129 + b"1" + b"}" * 129, "nested deeper"),
    ],
)
def test_refuses(body: bytes, words: str) -> None:
    with pytest.raises(Invalid, match="(?i)" + words.replace("+", "\\+")):
        parsing.loads(body)


def test_brackets_inside_strings_are_not_depth() -> None:
    assert parsing.loads(b'{"a": "' + b"[" * 500 + b'\\"["}')["a"].startswith("[[[")


def test_pairs_of_surrogates_and_escaped_backslashes_are_text() -> None:
    assert parsing.loads(b'["\\ud83d\\ude00", "\\\\u0000"]') == ["\U0001f600", "\\u0000"]


# Each of these once took a reader of JSON seconds, gigabytes or the stack.
BOMBS = {
    "depth": b"[" * 5_000_000,
    "depth of objects": b'{"a":' * 1_000_000,
    "depth that ends": b'[{"a":' * 500_000 + b"1" + b"}]" * 500_000,
    "escapes": b'"' + b"\\u" * 3_000_000,
    "a string without end": b"{" * 129 + b'"' + b'\\"' * 3_000_000,
    "quotes": b'"' * 10_000_000,
    "backslashes": b'"' + b"\\" * 5_000_001,
    "small values": b"[" + b"[]," * 3_000_000 + b"[]]",
    "small strings": b"[" + b'"ab",' * 5_000_000 + b'""]',
    "digits": b"9" * 5_000_000,
    "an exponent": b"1e" + b"9" * 5_000_000,
    "a key again after many": b"{" + b",".join(b'"%d":1' % n for n in range(200_000)) + b',"199999":2}',
}


KEYS = b",".join(b'"k%07d":1' % n for n in range(90_000))
OTHERS = KEYS.replace(b"k", b"l")
STATEMENT = b'{"actor":{"mbox":"mailto:a@example.com"},"verb":{"id":"http://e.com/v"},"object":{"id":"http://e.com/a"}'
# Long bodies with what is wrong at their end: once it took seconds to find the words.
LATE: dict[str, tuple[bytes, str]] = {
    "a key": (b"{" + KEYS + b',"k0000001":2}', "has a key twice"),
    "a key within": (STATEMENT + b',"result":{"extensions":{' + KEYS + b',"k0000001":2}}}', r"\$\.result has a key twice"),
    "an object too wide": (b'{"a":{"b":1},' + KEYS + b',"c":[{}],' + OTHERS + b" " * 3_000_000 + b"}", "100000 properties"),
    "a key of the last statement": (
        b"[" + (STATEMENT + b"},") * 12_000 + STATEMENT + b',"verb":{}}]', r"\$\[12000\]: .*'verb' twice"
    ),
    "a key behind escaped colons": (b'{"\\u003a\\\\u003a":1,' + KEYS + b',"k0000001":2}', "has a key twice"),
    "U+0000": (b"{" + KEYS + b',"a":"\\u0000"}', r"U\+0000"),
    "half a pair": (b"{" + KEYS + b',"a":"\\ud800"}', "surrogate"),
    "a comma": (b"{" + KEYS + b",}", r"trailing comma .*byte \d+"),
    "no end": (b"{" + KEYS, "not JSON"),
    "a number": (b"{" + KEYS + b',"a":' + b"9" * 9000 + b"}", "out of range"),
    "a property too many": (b"{" + KEYS + b"}", "90000 properties"),
}  # fmt: skip


@pytest.mark.parametrize("what", LATE)
def test_what_is_wrong_at_the_end_of_a_long_body(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Found by the quick way alone."""
    body, words = LATE[what]
    slow: list[int] = []
    decoder = parsing.json.JSONDecoder.decode
    monkeypatch.setattr(
        parsing.json.JSONDecoder, "decode", lambda self, text: slow.append(len(text)) or decoder(self, text)
    )
    assert len(body) > parsing.EXPLAINED
    with pytest.raises((Invalid, TooLarge), match=words):
        parsing.statements(body)
    assert max(slow, default=0) < 1000


def test_a_long_body_of_escaped_colons_is_read() -> None:
    body = b'{"\\u003A":"\\u003a\\\\u003a",' + KEYS + b"}"
    assert parsing.loads(body)[":"] == ":\\u003a"


@pytest.mark.parametrize("bomb", BOMBS)
def test_bombs_are_refused(bomb: str) -> None:
    with pytest.raises((Invalid, TooLarge)):
        parsing.loads(BOMBS[bomb])


@pytest.mark.parametrize(
    "around", [(b"", b""), (b"[", b"]"), (b'[{"a":"]]"},', b",1]"), (b"[" + b"[],{}," * 100, b"]")]
)
def test_depth_within_the_limit_is_read(around: tuple[bytes, bytes]) -> None:
    before, after = around
    most = 128 if before == b"" else 127
    assert parsing.loads(before + b"[" * most + b"]" * most + after)
    with pytest.raises(Invalid, match="nested deeper"):
        parsing.loads(before + b"[" * (most + 1) + b"]" * (most + 1) + after)


def test_statements_of_one_request_are_bounded() -> None:
    with pytest.raises(TooLarge, match="50000 statements"):
        parsing.statements(b"[" + b"{}," * parsing.BATCH + b"{}]")


def test_members_keep_their_bytes() -> None:
    received, several = parsing.statements(b'[{"a": 1.0, "b":{ "c" : 1.50e3 }}]')
    assert several
    assert {k: bytes(v) for k, v in received[0].members.items()} == {"a": b"1.0", "b": b'{ "c" : 1.50e3 }'}


@pytest.mark.parametrize("body", [b'"x"', b"1", b"null", b"[1]", b"[[]]"])
def test_only_objects_are_statements(body: bytes) -> None:
    with pytest.raises(Invalid, match="object"):
        parsing.statements(body)
