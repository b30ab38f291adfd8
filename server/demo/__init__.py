"""The demo course: our own SCORM 2004 4th edition package about lifting and workplaces, in English and Bahasa Indonesia.

`course/` is the package as authors would write it; :func:`build_zip` is what would be uploaded.
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

COURSE_ID = "demo-ergonomics"
FOLDER = Path(__file__).parent / "course"


def build_zip() -> bytes:
    """The package as a zip; the same bytes on every machine (entries sorted, dated alike and stored uncompressed)."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(FOLDER.rglob("*"), key=lambda p: p.relative_to(FOLDER).as_posix()):
            if path.is_file():
                entry = zipfile.ZipInfo(path.relative_to(FOLDER).as_posix(), date_time=(2024, 1, 1, 0, 0, 0))
                entry.create_system = 3
                entry.external_attr = 0o100644 << 16
                archive.writestr(entry, path.read_bytes())
    return buffer.getvalue()
