"""multipart/mixed under every split of the stream."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from lrs import multipart


class Dribble:
    """A stream that gives a few bytes at a time, as sockets do."""

    def __init__(self, data: bytes, size: int) -> None:
        self.stream, self.size = io.BytesIO(data), size

    def read(self, size: int = -1, /) -> bytes:
        return self.stream.read(self.size)


def body(parts: list[bytes], boundary: str = "b") -> bytes:
    head = [multipart.head(boundary, {"Content-Type": "x/y", "N": str(i)}) + p + b"\r\n" for i, p in enumerate(parts)]
    return b"".join(head) + multipart.tail(boundary)


@given(st.lists(st.binary(max_size=200), min_size=1, max_size=4), st.integers(1, 50))
def test_parts_come_back(parts: list[bytes], size: int) -> None:
    boundary = "a-long-boundary-that-is-not-in-the-data"
    read = [p.read() for p in multipart.Reader(Dribble(body(parts, boundary), size), boundary.encode())]
    assert read == parts


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_lookalikes_of_the_boundary_are_content(size: int) -> None:
    tricky = b"\r\n--\r\n--a\r\n-\r\r\n--"
    read = [p.read(3) + p.read() for p in multipart.Reader(Dribble(body([tricky, b""]), size), b"b")]
    assert read == [tricky, b""]


def test_preamble_unread_parts_and_epilogue_are_skipped() -> None:
    data = b"hello\r\n" + body([b"one", b"two"]) + b"bye"
    assert [p.headers["n"] for p in multipart.Reader(io.BytesIO(data), b"b")] == ["0", "1"]


@pytest.mark.parametrize("size", [1, 2, 3, 1000])
def test_folded_headers(size: int) -> None:
    data = b"--b\r\nA:\r\n one\r\n\ttwo\r\nB: x\r\n y\r\n\r\ncontent\r\n--b--"
    assert [p.headers for p in multipart.Reader(Dribble(data, size), b"b")] == [{"a": "one\ttwo", "b": "x y"}]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"--b\r\n continued\r\n\r\n\r\n--b--",
        b"--b\r\n",
        b"--b\r\nA: 1\r\n\r\ncontent",
        b"--b\r\nno colon\r\n\r\n\r\n--b--",
        b"--bX\r\nA: 1\r\n\r\n\r\n--b--",
        b"--b\r\n" + b"A: " + b"x" * 20_000 + b"\r\n\r\n\r\n--b--",
    ],
)
def test_broken_bodies(data: bytes) -> None:
    with pytest.raises(Invalid):
        [p.read() for p in multipart.Reader(io.BytesIO(data), b"b")]


@pytest.mark.parametrize(
    "value", ["multipart/mixed", "multipart/mixed; boundary=", 'multipart/mixed; boundary="' + "x" * 71 + '"']
)
def test_boundary_is_needed(value: str) -> None:
    with pytest.raises(Invalid):
        multipart.boundary_of(value)


def test_boundary_quoted_or_not() -> None:
    assert multipart.boundary_of('multipart/mixed; charset=x; boundary="a b"') == b"a b"
    assert multipart.boundary_of("Multipart/Mixed;Boundary=abc; x=y") == b"abc"
