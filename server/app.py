"""Assembly: settings in, one Flask application out. Importing this module has no effect."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import timedelta

from flask import Flask
from flask_migrate import Migrate
from werkzeug.middleware.proxy_fix import ProxyFix

from core import blobs, crypto, db, logs, web
from core.settings import Settings


def create_app(settings: Settings | None = None, environ: Mapping[str, str] | None = None) -> Flask:
    """The application for ``settings`` (default: read from ``environ``, default ``os.environ``).

    Nothing is migrated or connected here; ``core.errors.Invalid`` is raised for wrong settings.
    """
    settings = settings or Settings.from_env(os.environ if environ is None else environ)
    app = Flask("server", static_folder=None)
    app.config["REKAM"] = settings
    app.config["SECRET_KEY"] = crypto.secret_key(settings.secret_key, settings.data_path)
    app.config["MAX_CONTENT_LENGTH"] = settings.upload_limit + (1 << 20)
    app.config["MAX_FORM_MEMORY_SIZE"] = 16 << 20
    app.config["PERMANENT_SESSION_LIFETIME"] = timedelta(hours=12)
    logs.configure(settings.log_level)
    db.init_app(app, settings)
    app.extensions["rekam_blobs"] = blobs.make_store(settings)
    web.init_app(app)
    _register(app)
    Migrate(app, db.db, directory=os.path.join(os.path.dirname(__file__), "migrations"), render_as_batch=True)
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    return app


def _register(app: Flask) -> None:
    """Every part that has routes, handlers or tables. Imports are here so that the module stays free of effects."""
    import course_packages
    import lrs
    import registrations
    import scorm_runtime
    from core import audit, credentials, events, outbox, tenants  # noqa: F401 - for their tables
    from server import api, assets, console, fetching, health, jobs, people, webhooks

    packages = (course_packages, registrations, scorm_runtime)
    # lrs last: its short way is put around everything else that is put around the application.
    for part in (assets, health, *packages, fetching, jobs, webhooks, api, people, console, lrs):
        part.init_app(app)
