"""Lines of NDJSON in batches, and the mark at which an interrupted import goes on."""

from __future__ import annotations

import codecs
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

from core.blobs import CHUNK
from core.errors import Invalid

BATCH = 500
BATCH_BYTES = 8 << 20
LINE_LIMIT = 64 << 20


@dataclass(frozen=True)
class Line:
    """``number`` and ``where`` name it to people."""

    data: bytes
    where: str
    number: int | None


class Lines:
    """Lines of ``source``, which people know as ``name``; ``offset`` and ``number`` say how far they are read."""

    def __init__(self, source: IO[bytes], name: str) -> None:
        self._source, self._name = source, name
        self.offset = self.number = 0
        self._hash = hashlib.sha256()

    def batches(self) -> Iterator[list[Line]]:
        """Bounded in number and bytes; empty lines are left out."""
        batch: list[Line] = []
        size = 0
        while data := self._next():
            if data.strip():
                batch.append(Line(data.strip(), self._where(), self.number))
                size += len(data)
            if len(batch) >= BATCH or size >= BATCH_BYTES:
                yield batch
                batch, size = [], 0
        if batch:
            yield batch

    def _next(self) -> bytes:
        data = self._source.readline(LINE_LIMIT + 1)
        self.number += bool(data)
        self.offset += len(data)
        self._hash.update(data)
        if len(data) > LINE_LIMIT:
            raise Invalid(f"{self._where()} is longer than {LINE_LIMIT >> 20} MiB")
        # Some programs begin a text with a byte order mark; it is no part of the JSON.
        return data.removeprefix(codecs.BOM_UTF8) if self.number == 1 else data

    def _where(self) -> str:
        return f"{self._name} line {self.number}"

    def mark(self) -> dict[str, Any]:
        """Where we are, and by its hash what stands before: another file may come under the same name."""
        return {"offset": self.offset, "line": self.number, "sha256": self._hash.hexdigest()}

    def go_on(self, mark: dict[str, Any]) -> bool:
        """Go to where ``mark`` was made. False, and nothing is read, where something else stands before it now."""
        left, found = int(mark["offset"]), hashlib.sha256()
        while left and (piece := self._source.read(min(CHUNK, left))):
            found.update(piece)
            left -= len(piece)
        if left or found.hexdigest() != mark.get("sha256"):
            self._source.seek(0)
            return False
        self.offset, self.number, self._hash = int(mark["offset"]), int(mark["line"]), found
        return True
