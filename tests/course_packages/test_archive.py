from __future__ import annotations

import io
import random
import stat
import struct
import zipfile
import zlib

import pytest

from course_packages.archive import Limits
from course_packages.problems import Rejected
from course_packages.zip_directory import BadZip
from tests.course_packages.building import (
    CENTRAL,
    LOCAL,
    central_entry,
    end,
    inspected,
    local_entry,
    manifest_12,
    opened,
    package,
    patched,
    zipped,
)

MIB = 1 << 20


def rejection(data: bytes, limits: Limits | None = None) -> str:
    """The code of the error for which the zip is rejected."""
    found = inspected(data, limits)
    assert found.package is None
    assert len(found.report.errors) == 1
    return found.report.errors[0].code


def with_info(name: str, **attributes: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        info = zipfile.ZipInfo(name)
        for key, value in attributes.items():
            setattr(info, key, value)
        archive.writestr(info, "/etc/passwd")
    return buffer.getvalue()


def renamed(before: bytes, after: bytes) -> bytes:
    """A zip whose only entry has the raw name ``after`` in both headers."""
    assert len(before) == len(after)
    return zipped({before.decode(): "x"}).replace(before, after)


@pytest.mark.parametrize("name", ["../evil.html", "a/../../evil.html", "..\\evil.html", "a/.."])
def test_slip_is_rejected(name: str) -> None:
    assert rejection(zipped({name: "x"})) == "zip_slip"


@pytest.mark.parametrize("name", ["/etc/passwd", "C:\\boot.ini", "c:/boot.ini", "\\\\server\\share"])
def test_absolute_paths_are_rejected(name: str) -> None:
    assert rejection(zipped({name: "x"})) == "zip_absolute_path"


def test_an_empty_zip_has_no_manifest() -> None:
    assert rejection(zipped({})) == "manifest_missing"


@pytest.mark.parametrize("raw", [b"a\x00b.html", b"a\nb.html", b"a\x7fb.html"])
def test_control_characters_in_names_are_rejected(raw: bytes) -> None:
    assert rejection(renamed(b"a_b.html", raw)) == "zip_control_character"


def test_symlink_is_rejected_whatever_system_made_it() -> None:
    for system in (0, 3):
        data = with_info("link.html", create_system=system, external_attr=(stat.S_IFLNK | 0o777) << 16)
        assert rejection(data) == "zip_symlink"


def test_pipe_is_rejected() -> None:
    assert rejection(with_info("pipe", create_system=3, external_attr=stat.S_IFIFO << 16)) == "zip_special_file"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("a.html", "A.HTML"),
        ("caf\u00e9.html", "cafe\u0301.html"),
        ("stra\u00dfe.html", "STRASSE.html"),
        ("a/b", "a//b"),
    ],
)
def test_duplicates_after_folding_are_rejected(first: str, second: str) -> None:
    assert rejection(zipped({first: "1", second: "2"})) == "zip_duplicate"


def test_encrypted_entry_is_rejected() -> None:
    data = patched(zipped({"a.html": "x"}), LOCAL, 6, b"\x01\x00")
    assert rejection(patched(data, CENTRAL, 8, b"\x01\x00")) == "zip_encrypted"


@pytest.mark.parametrize(
    ("offset", "value"),
    [(6, b"\x01\x00"), (8, b"\x00\x00"), (14, b"\0\0\0\0"), (22, b"\x09\0\0\0"), (30, b"b")],
    ids=["encryption", "method", "checksum", "size", "name"],
)
def test_local_header_that_contradicts_the_directory_is_rejected(offset: int, value: bytes) -> None:
    assert rejection(patched(zipped({"a.html": "text " * 9}), LOCAL, offset, value)) == "zip_header_mismatch"


def test_missing_local_header_is_rejected() -> None:
    assert rejection(patched(zipped({"a.html": "x"}), LOCAL, 0, b"XXXX")) == "zip_header_mismatch"


def test_quoted_overlap_is_rejected() -> None:
    inner_data = b"kernel"
    inner = local_entry(b"b.html", inner_data, zlib.crc32(inner_data))
    outer = local_entry(b"a.html", inner, zlib.crc32(inner))
    directory = central_entry(b"a.html", len(inner), zlib.crc32(inner), 0)
    directory += central_entry(b"b.html", len(inner_data), zlib.crc32(inner_data), outer.index(b"PK", 4))
    assert rejection(outer + directory + end(2, len(directory), len(outer))) == "zip_overlap"


def test_entry_that_reaches_into_the_directory_is_rejected() -> None:
    data = b"short"
    entry = local_entry(b"a.html", data, 0)
    size = len(data) + 20
    entry = entry[:18] + struct.pack("<LL", size, size) + entry[26:]
    directory = central_entry(b"a.html", size, 0, 0)
    assert rejection(entry + directory + end(1, len(directory), len(entry))) == "zip_overlap"


def test_bomb_is_rejected_by_its_ratio() -> None:
    assert rejection(zipped({"bomb.html": bytes(8 * MIB)})) == "zip_ratio"


def test_total_size_is_limited() -> None:
    data = zipped({"a": bytes(600), "b": bytes(600)}, method=zipfile.ZIP_STORED)
    assert rejection(data, Limits(total_size=1000)) == "zip_too_large"


def test_number_of_entries_is_limited() -> None:
    data = zipped({f"{n}.html": "x" for n in range(11)})
    assert rejection(data, Limits(entries=10)) == "zip_too_many_entries"
    # The announced number may lie: what counts is what is there.
    at = data.rindex(b"PK\x05\x06")
    lying = data[: at + 8] + b"\x01\x00\x01\x00" + data[at + 12 :]
    assert rejection(lying, Limits(entries=10)) == "zip_too_many_entries"
    assert rejection(lying) == "zip_broken"


def test_entry_longer_than_announced_stops_at_the_announced_size() -> None:
    content = b"0123456789" * 100
    data = zipped({"a.html": content})
    short = struct.pack("<L", 10)
    data = patched(patched(data, LOCAL, 22, short), CENTRAL, 24, short)
    archive, _ = opened(data)
    entry = archive.find("a.html")
    assert entry is not None
    with pytest.raises(BadZip, match="zip_lies_about_size"), archive.open(entry) as reader:
        reader.read()


def test_damaged_data_is_found_by_checksum() -> None:
    data = zipped({"a.html": "hello"}, method=zipfile.ZIP_STORED).replace(b"hello", b"hallo")
    archive, findings = opened(data)
    entry = archive.find("a.html")
    assert entry is not None
    with pytest.raises(Rejected):
        archive.read(entry, 100)
    assert findings.report().errors[0].code == "zip_damaged"


def test_not_a_zip_and_cut_zips_are_told_apart() -> None:
    assert rejection(b"hello world" * 10) == "zip_not_a_zip"
    assert rejection(b"") == "zip_not_a_zip"
    assert rejection(zipped({"a.html": "x" * 2000}, method=zipfile.ZIP_STORED)[:500]) == "zip_truncated"


def test_part_of_a_split_zip_is_rejected() -> None:
    data = zipped({"a.html": "x"})
    at = data.rindex(b"PK\x05\x06")
    assert rejection(data[: at + 4] + b"\x01\x00" + data[at + 6 :]) == "zip_multipart"


def test_unknown_compression_is_rejected() -> None:
    assert rejection(zipped({"a.html": "x" * 99}, method=zipfile.ZIP_LZMA)) == "zip_compression"


def test_path_too_long_is_rejected() -> None:
    assert rejection(zipped({"a" * 1025: "x"})) == "zip_path_too_long"
    archive, _ = opened(zipped({"a" * 1024: "x"}))
    assert archive.find("A" * 1024)


def test_reader_streams_in_the_pieces_asked_for() -> None:
    content = random.Random(1).randbytes(700_000) + bytes(700_000)
    archive, _ = opened(zipped({"a.bin": content}))
    entry = archive.find("a.bin")
    assert entry is not None
    with archive.open(entry) as reader:
        pieces = list(iter(lambda: reader.read(1000), b""))
    assert b"".join(pieces) == content
    assert max(map(len, pieces)) <= 1000


def test_streamed_zip_with_data_descriptors_is_read() -> None:
    class Pipe(io.RawIOBase):
        data = b""

        def writable(self) -> bool:
            return True

        def write(self, more: bytes) -> int:  # type: ignore[override]
            self.data += bytes(more)
            return len(more)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.html", "first")
        archive.writestr("b.html", "second")
    made, _ = opened(pipe.data)
    assert [made.read(e, 100) for e in made.entries.values()] == [b"first", b"second"]


def test_zip64_entry_and_bytes_before_the_zip_are_read() -> None:
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("a.html", "w", force_zip64=True) as file,
    ):
        file.write(b"big")
    made, _ = opened(b"#!/bin/sh\n" + buffer.getvalue())
    entry = made.find("a.html")
    assert entry is not None
    assert made.read(entry, 100) == b"big"


def test_names_without_encoding_are_read_as_utf8_or_code_page_437() -> None:
    archive, findings = opened(renamed(b"caf__.html", "café.html".encode()))
    assert [e.path for e in archive.entries.values()] == ["café.html"]
    assert [r.code for r in findings.report().repairs] == ["name_utf8"]
    archive, findings = opened(renamed(b"caf_.html", "café.html".encode("cp437")))
    assert [e.path for e in archive.entries.values()] == ["café.html"]
    assert [r.code for r in findings.report().repairs] == ["name_cp437"]


def test_unicode_path_field_is_believed_when_its_checksum_fits() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        info = zipfile.ZipInfo("_.html")
        name = "日.html".encode()
        info.extra = struct.pack("<HHBL", 0x7075, 5 + len(name), 1, zlib.crc32(b"_.html")) + name
        archive.writestr(info, "x")
    made, _ = opened(buffer.getvalue())
    assert [e.path for e in made.entries.values()] == ["日.html"]


def test_junk_of_operating_systems_is_ignored_and_named() -> None:
    data = {"__MACOSX/._a.html": "x", ".DS_Store": "x", "img/Thumbs.db": "x", "a.html": "y", "img/": ""}
    archive, findings = opened(zipped(data))
    assert [e.path for e in archive.entries.values()] == ["a.html"]
    (repair,) = findings.report().repairs
    assert (repair.code, repair.count) == ("junk_ignored", 3)


def test_backslashes_are_repaired() -> None:
    archive, findings = opened(renamed(b"dir_a.html", b"dir\\a.html"))
    assert archive.find("dir/a.html")
    assert [r.code for r in findings.report().repairs] == ["path_backslash"]


def test_mutated_packages_are_judged_and_never_crash() -> None:
    good = package(manifest_12())
    chance = random.Random(20261121)
    verdicts = set()
    for _ in range(400):
        data = bytearray(good)
        for _ in range(chance.randint(1, 6)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        if chance.random() < 0.2:
            del data[chance.randrange(len(data)) :]
        found = inspected(bytes(data))
        assert found.package is not None or found.report.errors
        verdicts |= {p.code for p in found.report.errors}
    assert len(verdicts) > 5
