"""Learner, registration, instance, launch, progress: the words all standards share."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Declare the tables; registrations have no routes of their own."""
    from course_packages import models as course_models  # noqa: F401 - foreign keys point there
    from registrations import models  # noqa: F401
