"""The web console on the base origin: pages for administrators and instructors, and for learners their own courses."""

from __future__ import annotations

from importlib import import_module

from flask import Flask

from core import web

# Each declares its routes on the blueprint when it is imported.
PAGES = (
    "sign_in",
    "dashboard",
    "courses",
    "course_imports",
    "course_facts",
    "course_files",
    "course_versions",
    "course_settings",
    "registrations",
    "traces",
    "comments",
    "registration_export",
    "learners",
    "statements",
    "statement_parts",
    "statement_export",
    "my_courses",
    "webhooks",
    "forwarders",
    "rejected",
    "credentials",
    "people_pages",
    "audit_log",
    "installation",
)


def init_app(app: Flask) -> None:
    """Register the pages, their filters and the languages."""
    from server.console import access, context, locales, messages

    for page in PAGES:
        import_module(f"server.console.{page}")
    locales.init_app(app)
    context.install(app)
    for name in ("console", ""):
        web.dialects[name] = messages.speak
    app.register_blueprint(access.bp)
