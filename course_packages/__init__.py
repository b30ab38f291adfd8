"""Course packages: reading zips safely, parsing manifests into ``model``, importing them as immutable versions."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask


def init_app(app: Flask) -> None:
    """Declare the tables and the outbox handler ``import_course``."""
    from course_packages import importing, models  # noqa: F401 - imported for what they register
