"""Packages made in memory for tests."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Mapping

from course_packages.archive import Archive, Limits
from course_packages.inspection import Inspection, inspect
from course_packages.model import CoursePackage
from course_packages.problems import Findings

LOCAL = b"PK\x03\x04"
CENTRAL = b"PK\x01\x02"

NAMESPACES_12 = (
    'xmlns="http://www.imsproject.org/xsd/imscp_rootv1p1p2" xmlns:adlcp="http://www.adlnet.org/xsd/adlcp_rootv1p2"'
)
NAMESPACES_2004 = (
    'xmlns="http://www.imsglobal.org/xsd/imscp_v1p1" xmlns:adlcp="http://www.adlnet.org/xsd/adlcp_v1p3" '
    'xmlns:adlseq="http://www.adlnet.org/xsd/adlseq_v1p3" xmlns:adlnav="http://www.adlnet.org/xsd/adlnav_v1p3" '
    'xmlns:imsss="http://www.imsglobal.org/xsd/imsss"'
)


def zipped(files: Mapping[str, bytes | str], *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return buffer.getvalue()


def patched(data: bytes, mark: bytes, offset: int, value: bytes, *, nth: int = 0) -> bytes:
    """``data`` with ``value`` written at ``offset`` of the nth header that starts with ``mark``."""
    at = -1
    for _ in range(nth + 1):
        at = data.index(mark, at + 1)
    return data[: at + offset] + value + data[at + offset + len(value) :]


def opened(data: bytes, limits: Limits | None = None) -> tuple[Archive, Findings]:
    findings = Findings()
    return Archive(io.BytesIO(data), limits or Limits(), findings), findings


def inspected(data: bytes, limits: Limits | None = None) -> Inspection:
    return inspect(io.BytesIO(data), limits)


def codes(found: Inspection) -> list[str]:
    return [p.code for p in found.report.problems] + [r.code for r in found.report.repairs]


def manifest_12(
    items: str = '<item identifier="i1" identifierref="r1"><title>One</title></item>',
    resources: str = '<resource identifier="r1" type="webcontent" adlcp:scormtype="sco" href="index.html"/>',
    *,
    metadata: str = "<metadata><schema>ADL SCORM</schema><schemaversion>1.2</schemaversion></metadata>",
    attributes: str = NAMESPACES_12,
    organization: str = "",
) -> str:
    return (
        f'<?xml version="1.0"?>\n<manifest identifier="m" {attributes}>\n{metadata}\n'
        f'<organizations default="o"><organization identifier="o"{organization}><title>Course</title>\n{items}\n'
        f"</organization></organizations>\n<resources>{resources}</resources>\n</manifest>"
    )


def manifest_2004(
    items: str = '<item identifier="i1" identifierref="r1"><title>One</title></item>',
    resources: str = '<resource identifier="r1" type="webcontent" adlcp:scormType="sco" href="index.html"/>',
    *,
    version: str = "2004 4th Edition",
    after: str = "",
    organization: str = "",
) -> str:
    return (
        f'<?xml version="1.0"?>\n<manifest identifier="m" {NAMESPACES_2004}>\n'
        f"<metadata><schema>ADL SCORM</schema><schemaversion>{version}</schemaversion></metadata>\n"
        f'<organizations default="o"><organization identifier="o"{organization}><title>Course</title>\n{items}\n'
        f"</organization></organizations>\n<resources>{resources}</resources>\n{after}</manifest>"
    )


def package(manifest: str | bytes, files: tuple[str, ...] = ("index.html",)) -> bytes:
    return zipped({"imsmanifest.xml": manifest} | dict.fromkeys(files, "<p>Hi</p>"))


def parsed(manifest: str | bytes, files: tuple[str, ...] = ("index.html",)) -> CoursePackage:
    found = inspected(package(manifest, files))
    assert found.package is not None, found.report.errors
    return found.package


def local_entry(name: bytes, content: bytes, crc: int) -> bytes:
    """A stored entry with its local header."""
    header = struct.pack("<4s5H3L2H", LOCAL, 20, 0, 0, 0, 0, crc, len(content), len(content), len(name), 0)
    return header + name + content


def central_entry(name: bytes, size: int, crc: int, offset: int) -> bytes:
    fields = (CENTRAL, 20, 20, 0, 0, 0, 0, crc, size, size, len(name), 0, 0, 0, 0, 0, offset)
    return struct.pack("<4s6H3L5H2L", *fields) + name


def end(entries: int, size: int, offset: int) -> bytes:
    return struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, entries, entries, size, offset, 0)
