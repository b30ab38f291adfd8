"""Player, runtime endpoint, CMI tracking, sequencing and statements of SCORM 1.2 and 2004."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Declare the tables and register the routes of the content origin."""
    from scorm_runtime import models, routes  # noqa: F401

    routes.init_app(app)
