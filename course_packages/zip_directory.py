"""The central directory of a zip, read by ourselves: bounded in memory, every entry checked against its local header.

The standard library's reader loads the whole directory before anything can be counted, and before CPython 3.11.8 lets
entries overlap. Source: PKWARE APPNOTE 6.3.10.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

_EOCD = struct.Struct("<4s4H2LH")  # 4.3.16
_ZIP64_LOCATOR = struct.Struct("<4sLQL")  # 4.3.15
_ZIP64_EOCD = struct.Struct("<4sQ2H2L4Q")  # 4.3.14
_CENTRAL = struct.Struct("<4s6H3L5H2L")  # 4.3.12
_LOCAL = struct.Struct("<4s5H3L2H")  # 4.3.7
_MAX_COMMENT = 0xFFFF
_FULL_32 = 0xFFFFFFFF

ENCRYPTED = 0x1
DATA_DESCRIPTOR = 0x8
STRONG_ENCRYPTION = 0x40
UTF8 = 0x800
MASKED = 0x2000


class BadZip(Exception):
    """``code`` is a message code, ``entry`` the raw name of the entry at fault or None."""

    def __init__(self, code: str, entry: str | None = None, **values: str | int) -> None:
        super().__init__(code)
        self.code, self.entry = code, entry
        self.values: dict[str, Any] = values


@dataclass(frozen=True, slots=True)
class Record:
    """One entry of the central directory. ``header`` is the offset of its local header in the file."""

    raw_name: bytes
    unicode_name: str | None
    flags: int
    method: int
    crc: int
    compressed: int
    size: int
    header: int
    mode: int
    dos_attributes: int

    @property
    def shown(self) -> str:
        return self.unicode_name or self.raw_name.decode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class _Tail:
    entries: int
    size: int
    # Where the directory really starts: bytes may stand before the zip (self-extracting archives).
    start: int
    shift: int


def read_records(file: IO[bytes], most: int) -> tuple[list[Record], int]:
    """All entries, and the offset at which the directory starts. :class:`BadZip` over ``most`` entries."""
    tail = _find_tail(file)
    if tail.entries > most:
        raise BadZip("zip_too_many_entries", limit=most, found=tail.entries)
    records: list[Record] = []
    file.seek(tail.start)
    directory = _Bounded(file, tail.size)
    for record in _records(directory, tail.shift):
        records.append(record)
        if len(records) > most:
            raise BadZip("zip_too_many_entries", limit=most, found=len(records))
    if len(records) != tail.entries:
        raise BadZip("zip_broken", detail=f"{tail.entries} entries announced, {len(records)} found")
    return records, tail.start


class _Bounded:
    """Reads exactly what is asked for, within the ``left`` bytes of the directory."""

    def __init__(self, file: IO[bytes], left: int) -> None:
        self.file, self.left = io.BufferedReader(_Raw(file), 1 << 16), left

    def take(self, count: int) -> bytes:
        if count > self.left:
            raise BadZip("zip_broken", detail="the central directory ends in the middle of an entry")
        self.left -= count
        data = self.file.read(count)
        if len(data) != count:
            raise BadZip("zip_broken", detail="the file ends within the central directory")
        return data


class _Raw(io.RawIOBase):
    """A sequential view of ``file`` from where it stands, so that small reads are buffered."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def _find_tail(file: IO[bytes]) -> _Tail:
    file.seek(0, io.SEEK_END)
    length = file.tell()
    window = min(length, _EOCD.size + _MAX_COMMENT)
    file.seek(length - window)
    data = file.read(window)
    at = data.rfind(b"PK\x05\x06")
    if at < 0 or len(data) - at < _EOCD.size:
        file.seek(0)
        raise BadZip("zip_truncated" if file.read(4) == b"PK\x03\x04" else "zip_not_a_zip")
    _, disk, first_disk, _, entries, size, offset, _ = _EOCD.unpack_from(data, at)
    end = length - window + at
    if _FULL_32 in (size, offset) or entries == 0xFFFF:
        found = _zip64(file, end)
        if found is not None:
            entries, size, offset, end = found
            disk = first_disk = 0
    if disk or first_disk:
        raise BadZip("zip_multipart")
    start = end - size
    shift = start - offset
    if start < 0 or shift < 0:
        raise BadZip("zip_broken", detail="the central directory lies outside the file")
    return _Tail(entries, size, start, shift)


def _zip64(file: IO[bytes], end: int) -> tuple[int, int, int, int] | None:
    """(entries, size, offset, position) of the zip64 end record, or None when there is none."""
    if end < _ZIP64_LOCATOR.size:
        return None
    file.seek(end - _ZIP64_LOCATOR.size)
    mark, _, position, disks = _ZIP64_LOCATOR.unpack(file.read(_ZIP64_LOCATOR.size))
    if mark != b"PK\x06\x07":
        return None
    if disks > 1:
        raise BadZip("zip_multipart")
    # The locator's offset is wrong when bytes stand before the zip: the record then lies right before the locator.
    for candidate in (position, end - _ZIP64_LOCATOR.size - _ZIP64_EOCD.size):
        if not 0 <= candidate <= end - _ZIP64_LOCATOR.size - _ZIP64_EOCD.size:
            continue
        file.seek(candidate)
        fields = _ZIP64_EOCD.unpack(file.read(_ZIP64_EOCD.size))
        if fields[0] == b"PK\x06\x06":
            return fields[7], fields[8], fields[9], candidate
    raise BadZip("zip_broken", detail="the zip64 end record is missing")


def _records(directory: _Bounded, shift: int) -> Iterator[Record]:
    while directory.left:
        fields = _CENTRAL.unpack(directory.take(_CENTRAL.size))
        mark, _, _, flags, method, _, _, crc, compressed, size = fields[:10]
        name_length, extra_length, comment_length, _, _, external, header = fields[10:]
        if mark != b"PK\x01\x02":
            raise BadZip("zip_broken", detail="an entry of the central directory has no signature")
        name = directory.take(name_length)
        extra = directory.take(extra_length)
        directory.take(comment_length)
        unicode_name = None
        for tag, body in _extras(extra):
            if tag == 0x0001:
                size, compressed, header = _zip64_values(body, size, compressed, header)
            elif tag == 0x7075:
                unicode_name = _unicode_path(body, name)
        # The upper half of the external attributes is a Unix mode for most writers, whatever system they name.
        yield Record(
            name, unicode_name, flags, method, crc, compressed, size, header + shift, external >> 16, external & 0xFF
        )


def _extras(extra: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 4 <= len(extra):
        tag, length = struct.unpack_from("<HH", extra, at)
        yield tag, extra[at + 4 : at + 4 + length]
        at += 4 + length


def _zip64_values(body: bytes, size: int, compressed: int, header: int) -> tuple[int, int, int]:
    """4.5.3: only the fields that are full in the entry are in the extra field, in this order."""
    values = [size, compressed, header]
    at = 0
    for index, value in enumerate(values):
        if value == _FULL_32:
            if at + 8 > len(body):
                raise BadZip("zip_broken", detail="a zip64 field is cut short")
            values[index] = struct.unpack_from("<Q", body, at)[0]
            at += 8
    return values[0], values[1], values[2]


def _unicode_path(body: bytes, name: bytes) -> str | None:
    """4.6.9: the name in UTF-8, believed when its checksum is that of the raw name."""
    if len(body) < 5 or body[0] != 1 or struct.unpack_from("<L", body, 1)[0] != zlib.crc32(name):
        return None
    try:
        return body[5:].decode("utf-8")
    except UnicodeDecodeError:
        return None


def data_offset(file: IO[bytes], record: Record) -> tuple[int, bytes]:
    """Where the entry's data starts, and the name of its local header; :class:`BadZip` where the headers disagree."""
    file.seek(record.header)
    head = file.read(_LOCAL.size)
    if len(head) != _LOCAL.size or not head.startswith(b"PK\x03\x04"):
        raise BadZip("zip_header_mismatch", record.shown, detail="there is no local header")
    _, _, flags, method, _, _, crc, compressed, size, name_length, extra_length = _LOCAL.unpack(head)
    rest = file.read(name_length + extra_length)
    if len(rest) != name_length + extra_length:
        raise BadZip("zip_header_mismatch", record.shown, detail="the local header is cut short")
    if method != record.method:
        raise BadZip("zip_header_mismatch", record.shown, detail="the compression methods differ")
    if (flags ^ record.flags) & (ENCRYPTED | STRONG_ENCRYPTION):
        raise BadZip("zip_header_mismatch", record.shown, detail="only one header says encrypted")
    if not flags & DATA_DESCRIPTOR:
        for tag, body in _extras(rest[name_length:]):
            if tag == 0x0001:
                size, compressed, _ = _zip64_values(body, size, compressed, 0)
        if (crc, compressed, size) != (record.crc, record.compressed, record.size):
            raise BadZip("zip_header_mismatch", record.shown, detail="sizes or checksums differ")
    return record.header + _LOCAL.size + name_length + extra_length, rest[:name_length]
