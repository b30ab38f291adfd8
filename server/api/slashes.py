"""Ids with a slash in addresses. Clients send it as %2F, of which WSGI makes a slash before routes are looked for."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote, unquote_to_bytes

from flask import Flask, url_for

from server.api.blueprint import PREFIX, bp

# Stands for %2F from the server to the view; a character without a meaning of its own.
_STAND_IN = "\ue000"
_ENCODED = re.compile("%2f", re.IGNORECASE)


def init_app(app: Flask) -> None:
    inner = app.wsgi_app

    def keeping(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        raw = environ.get("RAW_URI", "").partition("?")[0]
        if raw.startswith(f"{PREFIX}/") and _ENCODED.search(raw):
            environ["PATH_INFO"] = unquote_to_bytes(_ENCODED.sub(quote(_STAND_IN), raw)).decode("latin-1")
        return inner(environ, start_response)

    app.wsgi_app = keeping  # type: ignore[method-assign]


@bp.url_value_preprocessor
def _restore(endpoint: str | None, values: dict[str, Any] | None) -> None:
    for name, value in (values or {}).items():
        if isinstance(value, str):
            values[name] = value.replace(_STAND_IN, "/")  # type: ignore[index]


def address(view: str, **ids: str) -> str:
    """The path of a view of the API for these ids."""
    kept: dict[str, Any] = {name: value.replace("/", _STAND_IN) for name, value in ids.items()}
    return url_for(f"{bp.name}.{view}", **kept).replace(quote(_STAND_IN), "%2F")
