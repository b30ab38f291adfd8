"""The xAPI record store: statements, documents, activities and agents at ``/xapi``, for 1.0.x and 2.0."""

from __future__ import annotations

from flask import Flask

from lrs import erasure, models  # noqa: F401 - for their tables
from lrs.alternate import AlternateSyntax
from lrs.express import Express
from lrs.resources import (  # noqa: F401 - each adds its routes
    about,
    activities,
    activity_profile,
    agent_profile,
    agents,
    attachment,
    state,
    statements,
)
from lrs.resources.http import xapi


def init_app(app: Flask) -> None:
    """Register the resources (declared by importing them), the 1.0.x form syntax of requests and the short way of plain posts."""
    app.register_blueprint(xapi)
    app.wsgi_app = AlternateSyntax(Express(app.wsgi_app, app))  # type: ignore[method-assign]
