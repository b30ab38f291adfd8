"""The language and the theme of a page: the person's choice, then the cookie, then what the browser asks for."""

from __future__ import annotations

from flask import Flask, has_request_context, request
from flask_babel import Babel
from werkzeug import Response

from core.settings import get_settings
from server.console.access import visitor

LANGUAGES = {"en": "English", "id": "Bahasa Indonesia"}
THEMES = ("auto", "light", "dark")
LOCALE_COOKIE, THEME_COOKIE = "rekam_language", "rekam_theme"
YEAR = 31_536_000


def choose_locale() -> str:
    """``en`` or ``id`` for the request being answered."""
    if not has_request_context():
        return get_settings().default_locale
    who = visitor() if request.blueprint in ("console", None) else None
    for choice in (who.locale if who else None, request.cookies.get(LOCALE_COOKIE)):
        if choice in LANGUAGES:
            return choice
    return request.accept_languages.best_match(list(LANGUAGES)) or get_settings().default_locale


def choose_theme() -> str:
    theme = request.cookies.get(THEME_COOKIE)
    return theme if theme in THEMES else "auto"


def remember(response: Response, name: str, value: str) -> None:
    """Keep a choice in this browser for a year."""
    secure = get_settings().base_url.startswith("https:")
    response.set_cookie(name, value, max_age=YEAR, secure=secure, httponly=True, samesite="Lax")


def init_app(app: Flask) -> None:
    Babel(app, locale_selector=choose_locale, default_timezone="UTC")
