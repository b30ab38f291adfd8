"""Static files of player and console: ``/static/{fingerprint}/{name}``, cached for good, on both origins."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from flask import Flask, Response, send_from_directory, url_for

import core.web as web

FOLDER = Path(__file__).resolve().parent.parent / "static"

bp = web.blueprint("assets", __name__, origin="any", url_prefix="/static")


@lru_cache
def fingerprint() -> str:
    """Changes whenever any static file does."""
    digest = hashlib.sha256()
    for path in sorted(FOLDER.rglob("*")):
        if path.is_file():
            digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def asset(name: str) -> str:
    """The address of a static file; in templates ``{{ asset('console.css') }}``."""
    return url_for("assets.file", mark=fingerprint(), name=name)


@bp.get("/<mark>/<path:name>")
@web.public("the same files for everybody")
def file(mark: str, name: str) -> Response:
    response = send_from_directory(FOLDER, name, conditional=True)
    if mark == fingerprint():
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


def init_app(app: Flask) -> None:
    app.register_blueprint(bp)
    app.jinja_env.globals["asset"] = asset
