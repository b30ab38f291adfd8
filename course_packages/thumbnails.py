"""Thumbnails: found in a package, made of a video, a PDF or a picture, or uploaded; always a small JPEG among the blobs.

What decodes them is a process of its own with limits (:mod:`course_packages.thumbnail_maker`): a file that crashes or hangs
a decoder costs its thumbnail, nothing else.
"""

from __future__ import annotations

import io
import logging
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

from core.blobs import Blob, blobs
from core.errors import Invalid
from course_packages import thumbnail_maker
from course_packages.archive import fold

log = logging.getLogger("rekam.thumbnails")

SECONDS = 20.0
# A picture of more bytes is no thumbnail.
LARGEST = 20 << 20
_MISSING = 3
# Names under which authoring tools and authors put one, the most telling first, in the folders where they do.
_NAMES = ("thumbnail", "thumb", "course_thumbnail", "coursethumbnail", "cover", "poster", "preview", "icon", "logo")
_FOLDERS = ("", "story_content/", "assets/", "images/", "img/", "media/", "data/", "resources/", "shared/")
_EXTENSION = re.compile(r"\.(png|jpe?g|webp|gif)$")


class NotMade(Exception):
    """There is no thumbnail, and why."""


class Unsupported(NotMade):
    """A library that this installation does not have would be needed."""


def make(kind: str, source: Path) -> bytes:
    """The JPEG of a file; ``kind`` is image, pdf, mp4 or webm. :class:`NotMade` says why there is none."""
    with tempfile.NamedTemporaryFile(dir=blobs().staging, suffix=".jpg") as target:
        program = [sys.executable, "-I", thumbnail_maker.__file__, kind, str(source), target.name]
        try:
            # A program of ours; the foreign file is an argument, never a command.
            done = subprocess.run(  # noqa: S603
                program,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                timeout=SECONDS,
                env={},
            )
        except subprocess.TimeoutExpired:
            raise NotMade(f"it takes longer than {SECONDS:.0f} s") from None
        if done.returncode:
            # Where files lie on this machine is nobody's business.
            said = re.sub(rf":? ?'?{re.escape(str(source))}'?", "", done.stderr.decode(errors="replace"))
            raise _why(done.returncode, said)
        return Path(target.name).read_bytes()


def _why(code: int, said: str) -> NotMade:
    lines = said.strip().splitlines()
    if code == _MISSING:
        return Unsupported(lines[-1] if lines else "a library is missing")
    # A signal: out of its time, or the decoder crashed.
    return NotMade(lines[-1] if code > 0 and lines else "it cannot be decoded")


def of_media(path: Path, extension: str) -> Blob | None:
    """The thumbnail of a media file, stored; None for other files, sound too, and where the library is not installed."""
    kinds = {
        "pdf": "pdf",
        "mp4": "mp4",
        "webm": "webm",
        "png": "image",
        "jpg": "image",
        "gif": "image",
        "webp": "image",
    }
    kind = kinds.get(extension)
    if kind is None:
        return None
    try:
        return _store(make(kind, path))
    except Unsupported as missing:
        log.info("no thumbnail: %s", missing)
        return None


def find(paths: Iterable[str], named: str | None = None) -> str | None:
    """The file of a package that is its thumbnail: the one its metadata names, or one with a telling name."""
    by_folded = {fold(path): path for path in paths if _EXTENSION.search(fold(path))}
    if named is not None and fold(named) in by_folded:
        return by_folded[fold(named)]
    ranked = []
    for folded, path in by_folded.items():
        folder, slash, name = folded.rpartition("/")
        stem = _EXTENSION.sub("", name)
        if stem in _NAMES and folder + slash in _FOLDERS:
            ranked.append((_NAMES.index(stem), _FOLDERS.index(folder + slash), path))
    return min(ranked)[2] if ranked else None


def of_stored(file: dict[str, Any]) -> Blob | None:
    """The thumbnail of a picture among the files of a package (a row of ``package_files``), stored."""
    if file["size"] > LARGEST:
        raise NotMade(f"it is larger than {LARGEST} bytes")
    with blobs().as_file(file["sha256"]) as source:
        return of_media(source, "png")


def of_upload(source: IO[bytes]) -> Blob:
    """The thumbnail of an uploaded picture, stored; :class:`core.errors.Invalid` when it is none."""
    with tempfile.NamedTemporaryFile(dir=blobs().staging) as copy:
        data = source.read(LARGEST + 1)
        if len(data) > LARGEST:
            raise Invalid(f"the picture is larger than {LARGEST} bytes", code="thumbnail", field="file")
        copy.write(data)
        copy.flush()
        try:
            return _store(make("image", Path(copy.name)))
        except NotMade as reason:
            raise Invalid(
                f"the file is not a picture that can be used: {reason}", code="thumbnail", field="file"
            ) from None


def _store(jpeg: bytes) -> Blob:
    return blobs().put(io.BytesIO(jpeg))
