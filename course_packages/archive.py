"""Reading an uploaded zip without trusting it. Pure: nothing is written anywhere.

All entries are checked when the archive is opened; the bytes of an entry are streamed and counted when it is read.
Anything that could hurt is rejected, anything merely clumsy is repaired by name.
"""

from __future__ import annotations

import io
import re
import stat
import unicodedata
import zlib
from dataclasses import dataclass
from typing import IO

from course_packages import zip_directory
from course_packages.problems import Findings
from course_packages.zip_directory import BadZip, Record

CHUNK = 1 << 18
# Longest path in UTF-8: PostgreSQL can index about 2,700 bytes, and no author writes more.
LONGEST_PATH = 1024
# Ratios below this size cannot exhaust anything.
_RATIO_FROM = 1 << 20
_STORED, _DEFLATED = 0, 8
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_DRIVE = re.compile(r"[A-Za-z]:")
_JUNK = re.compile(r"(^|/)(__MACOSX/|\.DS_Store$|Thumbs\.db$|desktop\.ini$|\._[^/]*$)", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a package may be at most; sizes in bytes. The defaults are those of the settings."""

    entries: int = 20_000
    total_size: int = 4 << 30
    ratio: int = 200
    manifest_size: int = 8 << 20
    manifest_elements: int = 50_000


@dataclass(frozen=True, slots=True)
class Entry:
    """A regular file of the archive under its cleaned path."""

    path: str
    size: int
    record: Record
    data: int


def fold(path: str) -> str:
    """The form in which two paths are the same file: NFC and without case."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


class Archive:
    """The checked files of a zip, found by path without case. ``file`` must be seekable and stay open."""

    def __init__(self, file: IO[bytes], limits: Limits, findings: Findings) -> None:
        """Check the whole directory; :class:`course_packages.problems.Rejected` with the reason among the findings."""
        self._file = file
        self._findings = findings
        try:
            records, directory = zip_directory.read_records(file, limits.entries)
            self.entries = self._check(records, directory, limits)
        except BadZip as bad:
            findings.fail(bad.code, file=bad.entry, **bad.values)

    def _check(self, records: list[Record], directory: int, limits: Limits) -> dict[str, Entry]:
        entries: dict[str, Entry] = {}
        spans: list[tuple[int, int, str]] = []
        total = 0
        for record in records:
            _check_kind(record)
            data, local_name = zip_directory.data_offset(self._file, record)
            spans.append((record.header, data + record.compressed, record.shown))
            path = self._clean(record)
            if local_name != record.raw_name and _slashed(local_name) != _slashed(record.raw_name):
                raise BadZip("zip_header_mismatch", record.shown, detail="the names differ")
            total += record.size
            if total > limits.total_size:
                raise BadZip("zip_too_large", limit=limits.total_size)
            if record.size > _RATIO_FROM and record.size > limits.ratio * max(record.compressed, 1):
                raise BadZip("zip_ratio", record.shown, limit=limits.ratio)
            if path is None:
                continue
            if (folded := fold(path)) in entries:
                raise BadZip("zip_duplicate", path, other=entries[folded].path)
            entries[folded] = Entry(path, record.size, record, data)
        _check_overlap(spans, directory)
        return entries

    def _clean(self, record: Record) -> str | None:
        """The path of an entry; None for folders and for what operating systems leave behind."""
        path = self._decode(record)
        if "\0" in path or _CONTROL.search(path):
            raise BadZip("zip_control_character", record.shown.encode("unicode_escape").decode("ascii"))
        if "\\" in path:
            self._findings.repair("path_backslash", file=path)
            path = path.replace("\\", "/")
        if path.startswith("/") or _DRIVE.match(path):
            raise BadZip("zip_absolute_path", path)
        folder = path.endswith("/")
        parts = [part for part in path.split("/") if part not in ("", ".")]
        if ".." in parts:
            raise BadZip("zip_slip", path)
        if folder or (record.dos_attributes & 0x10 and record.size == 0) or not parts:
            return None
        path = "/".join(parts)
        if max(len(path.encode()), len(fold(path).encode())) > LONGEST_PATH:
            raise BadZip("zip_path_too_long", path, limit=LONGEST_PATH)
        if _JUNK.search(path):
            self._findings.repair("junk_ignored", file=path)
            return None
        return path

    def _decode(self, record: Record) -> str:
        if record.unicode_name is not None:
            return record.unicode_name
        if record.raw_name.isascii():
            return record.raw_name.decode("ascii")
        try:
            path = record.raw_name.decode("utf-8")
        except UnicodeDecodeError:
            path = record.raw_name.decode("cp437")
            self._findings.repair("name_cp437", file=path)
            return path
        if not record.flags & zip_directory.UTF8:
            self._findings.repair("name_utf8", file=path)
        return path

    def find(self, path: str) -> Entry | None:
        return self.entries.get(fold(path))

    def open(self, entry: Entry) -> EntryReader:
        """Stream an entry; the reader raises :class:`BadZip` where the data is not what the directory says."""
        return EntryReader(self._file, entry)

    def read(self, entry: Entry, most: int) -> bytes:
        """The whole entry, at most ``most`` bytes, rejected otherwise."""
        if entry.size > most:
            self._findings.fail("file_too_large", file=entry.path, size=entry.size, limit=most)
        try:
            with self.open(entry) as reader:
                return reader.read()
        except BadZip as bad:
            self._findings.fail(bad.code, file=bad.entry, **bad.values)


def _check_kind(record: Record) -> None:
    if record.flags & (zip_directory.ENCRYPTED | zip_directory.STRONG_ENCRYPTION | zip_directory.MASKED):
        raise BadZip("zip_encrypted", record.shown)
    kind = stat.S_IFMT(record.mode)
    if kind == stat.S_IFLNK:
        raise BadZip("zip_symlink", record.shown)
    if kind in (stat.S_IFCHR, stat.S_IFBLK, stat.S_IFIFO, stat.S_IFSOCK):
        raise BadZip("zip_special_file", record.shown)
    if record.method not in (_STORED, _DEFLATED):
        raise BadZip("zip_compression", record.shown, method=record.method)
    if record.method == _STORED and record.compressed != record.size:
        raise BadZip("zip_header_mismatch", record.shown, detail="a stored file has two sizes")


def _slashed(name: bytes) -> bytes:
    return name.replace(b"\\", b"/")


def _check_overlap(spans: list[tuple[int, int, str]], directory: int) -> None:
    """No byte of the file may belong to two entries, or to an entry and the directory."""
    spans.sort()
    followers = [*spans[1:], (directory, 0, "")] if spans else []
    for (_, end, name), (start, _, other) in zip(spans, followers, strict=True):
        if end > start:
            raise BadZip("zip_overlap", name, other=other or "central directory")


class EntryReader(io.RawIOBase):
    """The bytes of one entry, decompressed in pieces; size and checksum are verified at the end."""

    def __init__(self, file: IO[bytes], entry: Entry) -> None:
        self._file, self._entry = file, entry
        self._position, self._left = entry.data, entry.record.compressed
        self._inflate = zlib.decompressobj(-zlib.MAX_WBITS) if entry.record.method == _DEFLATED else None
        self._pending = b""
        self._crc = self._count = 0
        self._done = False

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1) -> bytes:
        """Up to ``size`` bytes; b"" at the end."""
        if size is None or size < 0:
            return b"".join(iter(lambda: self._next(CHUNK), b""))
        # zlib takes 0 for "without bound".
        return self._next(size) if size else b""

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def _next(self, size: int) -> bytes:
        while not self._done:
            data = self._piece(size)
            self._count += len(data)
            if self._count > self._entry.size:
                raise BadZip("zip_lies_about_size", self._entry.path)
            self._crc = zlib.crc32(data, self._crc)
            if data:
                return data
        return b""

    def _piece(self, size: int) -> bytes:
        """Some of the entry's bytes, or b"" when another round is needed or the end was reached."""
        if not self._pending and self._left:
            self._file.seek(self._position)
            self._pending = self._file.read(min(self._left, CHUNK))
            if not self._pending:
                raise BadZip("zip_truncated", self._entry.path)
            self._position += len(self._pending)
            self._left -= len(self._pending)
        if self._inflate is None:
            data, self._pending = self._pending[:size], self._pending[size:]
            ended = not self._pending and not self._left
        else:
            had = bool(self._pending)
            try:
                data = self._inflate.decompress(self._pending, size)
            except zlib.error as error:
                raise BadZip("zip_damaged", self._entry.path, detail=str(error)) from None
            self._pending = self._inflate.unconsumed_tail
            ended = self._inflate.eof or not (had or data or self._left)
        if ended:
            self._finish(data)
        return data

    def _finish(self, last: bytes) -> None:
        self._done = True
        if self._count + len(last) != self._entry.size:
            raise BadZip("zip_lies_about_size", self._entry.path)
        if zlib.crc32(last, self._crc) != self._entry.record.crc:
            raise BadZip("zip_damaged", self._entry.path, detail="the checksum is wrong")
