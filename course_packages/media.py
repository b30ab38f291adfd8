"""A single media file as a course: what it is by its first bytes, and the course of one part made of it. Pure.

The part is tracked as a SCORM 2004 4th Edition SCO: the viewer page of the player reports ``cmi.progress_measure`` (share of
pages seen or of time watched), and the completion threshold decides when that is enough.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO, Literal
from urllib.parse import quote

from course_packages.model import (
    CompletionThreshold,
    CoursePackage,
    Item,
    Organization,
    Sequencing,
    Standard,
)

Kind = Literal["pdf", "video", "audio", "image"]
THRESHOLD = 0.9
_HEAD = 1024


@dataclass(frozen=True)
class MediaType:
    """A kind of file the viewer shows; ``extension`` decides the MIME type it is served with."""

    kind: Kind
    extension: str


_MARKS: tuple[tuple[re.Pattern[bytes], MediaType], ...] = (
    # Readers accept junk before the header (ISO 32000-1, annex H.3.4.1).
    (re.compile(rb".{0,1019}%PDF-", re.S), MediaType("pdf", "pdf")),
    (re.compile(rb".{4}ftypM4[AB] ", re.S), MediaType("audio", "m4a")),
    (re.compile(rb".{4}ftyp(?!heic|heix|mif1|msf1|avif|avis|qt  )", re.S), MediaType("video", "mp4")),
    (re.compile(rb"\x1aE\xdf\xa3.{0,60}webm", re.S), MediaType("video", "webm")),
    (re.compile(rb"ID3|\xff[\xe2\xe3\xf2\xf3\xfa\xfb][\x10-\xeb]"), MediaType("audio", "mp3")),
    (re.compile(rb"OggS"), MediaType("audio", "ogg")),
    (re.compile(rb"RIFF.{4}WAVE", re.S), MediaType("audio", "wav")),
    (re.compile(rb"RIFF.{4}WEBP", re.S), MediaType("image", "webp")),
    (re.compile(rb"\x89PNG\r\n\x1a\n"), MediaType("image", "png")),
    (re.compile(rb"\xff\xd8\xff"), MediaType("image", "jpg")),
    (re.compile(rb"GIF8[79]a"), MediaType("image", "gif")),
)


def recognise(file: IO[bytes]) -> MediaType | None:
    """What a seekable file is by its first bytes; None for anything that is not one of the media shown."""
    file.seek(0)
    head = file.read(_HEAD)
    file.seek(0)
    return next((found for mark, found in _MARKS if mark.match(head)), None)


def course_of(found: MediaType, filename: str, threshold: float = THRESHOLD) -> CoursePackage:
    """The course of one part for a file; complete from ``threshold`` (0 to 1) of its pages or time on."""
    path = _path(found, filename)
    title = PurePosixPath(path).stem
    item = Item(
        identifier="media",
        title=title,
        resource="media",
        href=quote(path),
        scorm_type="sco",
        completion_threshold=CompletionThreshold(completed_by_measure=True, min_progress_measure=threshold),
        launch_facts={"media": found.kind, "path": path},
    )
    return CoursePackage(
        standard=Standard.MEDIA,
        identifier="course",
        title=title,
        organizations=(
            Organization(identifier="course", title=title, items=(item,), sequencing=Sequencing(flow=True)),
        ),
        default_organization="course",
        manifest_path="",
        facts={"media": found.kind},
    )


def _path(found: MediaType, filename: str) -> str:
    """The name the file is stored under: its own, with the extension of what it really is."""
    stem = re.sub(r"\s+", " ", PurePosixPath(filename).stem).strip(" .")[:200] or "media"
    return f"{stem}.{found.extension}"
