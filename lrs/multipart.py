"""multipart/mixed (RFC 2046 §5.1) in constant memory: parts are read from a stream one after another, and written likewise. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Protocol

from core.errors import Invalid

CHUNK = 1 << 16
HEADERS_LIMIT = 16 << 10


class Readable(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...


def boundary_of(content_type: str) -> bytes:
    """The boundary parameter of a multipart/mixed Content-Type."""
    match = re.search(r';\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))', content_type, re.IGNORECASE)
    if match is None:
        raise Invalid("multipart/mixed needs a boundary of 1 to 70 characters", code="multipart")
    boundary: str = match.group(1) or match.group(2)
    if not boundary.isascii() or boundary.endswith(" "):
        raise Invalid("the multipart boundary has characters that RFC 2046 does not allow", code="multipart")
    return boundary.encode()


class Part:
    """One part: ``headers`` by lower-case name; :meth:`read` gives its bytes until they end."""

    def __init__(self, reader: Reader, headers: dict[str, str]) -> None:
        self.headers = headers
        self._reader = reader

    def read(self, size: int = -1, /) -> bytes:
        if size < 0:
            pieces = []
            while piece := self._reader.content(CHUNK):
                pieces.append(piece)
            return b"".join(pieces)
        return self._reader.content(size)


class Reader:
    """Iterates over the parts of ``source``. A part must be read before the next is asked for; what is left of it is skipped."""

    def __init__(self, source: Readable, boundary: bytes) -> None:
        self._source = source
        self._delimiter = b"\r\n--" + boundary
        # So that the first boundary looks like the others.
        self._buffer = b"\r\n"
        self._ended = False
        self._in_part = False

    def __iter__(self) -> Iterator[Part]:
        self._in_part = True
        self._skip()  # the preamble
        while self._next():
            headers = self._headers()
            self._in_part = True
            yield Part(self, headers)
            self._skip()

    def _skip(self) -> None:
        while self.content(CHUNK):
            pass

    def _fill(self) -> bool:
        piece = b"" if self._ended else self._source.read(CHUNK)
        if not piece:
            self._ended = True
            return False
        self._buffer += piece
        return True

    def content(self, size: int) -> bytes:
        """Up to ``size`` bytes of the present part; empty at its end."""
        if not self._in_part:
            return b""
        size = max(1, size)
        while True:
            at = self._buffer.find(self._delimiter)
            if at == 0:
                self._buffer = self._buffer[len(self._delimiter) :]
                self._in_part = False
                return b""
            # The last bytes may be the beginning of a delimiter.
            safe = at if at > 0 else len(self._buffer) - len(self._delimiter) + 1
            if safe > 0:
                taken, self._buffer = self._buffer[: min(safe, size)], self._buffer[min(safe, size) :]
                return taken
            if not self._fill():
                raise Invalid("the multipart body ends without its closing boundary", code="multipart")

    def _next(self) -> bool:
        """After a delimiter: whether another part follows."""
        while len(self._buffer) < 2 and self._fill():
            pass
        if self._buffer.startswith(b"--"):
            return False
        self._line_end()
        return True

    def _line_end(self) -> None:
        while b"\r\n" not in self._buffer:
            if len(self._buffer) > 1000 or not self._fill():
                raise Invalid("a multipart boundary is not followed by a line end", code="multipart")
        padding, _, self._buffer = self._buffer.partition(b"\r\n")
        if padding.strip(b" \t"):
            raise Invalid("a multipart boundary is not followed by a line end", code="multipart")

    def _headers(self) -> dict[str, str]:
        headers: dict[str, str] = {}
        for line in self._unfolded():
            name, colon, value = line.partition(":")
            if not colon:
                raise Invalid("a part has a malformed header", code="multipart")
            headers[name.strip().lower()] = value.strip()
        return headers

    def _unfolded(self) -> list[str]:
        """Header lines up to the empty one; those that begin with a blank belong to the one before (RFC 5322 §2.2.3)."""
        lines: list[str] = []
        total = 0
        while True:
            while b"\r\n" not in self._buffer:
                if len(self._buffer) > HEADERS_LIMIT or not self._fill():
                    raise Invalid("the headers of a part do not end", code="multipart")
            line, _, rest = self._buffer.partition(b"\r\n")
            if not line:
                # The line end also begins the delimiter of an empty part.
                self._buffer = self._buffer if rest.startswith(self._delimiter[2:]) else rest
                return lines
            self._buffer = rest
            total += len(line)
            if total > HEADERS_LIMIT:
                raise Invalid("the headers of a part are too long", code="multipart")
            if lines and line[:1] in (b" ", b"\t"):
                lines[-1] += line.decode("latin-1")
            else:
                lines.append(line.decode("latin-1"))


def head(boundary: str, headers: dict[str, str]) -> bytes:
    """What precedes the content of a part."""
    lines = [f"--{boundary}", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    return "\r\n".join(lines).encode("utf-8")


def tail(boundary: str) -> bytes:
    return f"--{boundary}--\r\n".encode()
