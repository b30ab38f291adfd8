"""The language and the theme of a page: the person's choice, then the cookie, then what the browser asks for."""

from __future__ import annotations

from functools import cache
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask import Flask, has_request_context, request
from flask_babel import Babel, Domain, get_locale
from werkzeug import Response

from core.settings import get_settings
from server.console.access import visitor

LANGUAGES = {"en": "English", "id": "Bahasa Indonesia"}
THEMES = ("auto", "light", "dark")
LOCALE_COOKIE, THEME_COOKIE = "rekam_language", "rekam_theme"
YEAR = 31_536_000
CATALOGUES = Path(__file__).parent.parent / "translations"


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


@cache
def translations(language: str) -> NullTranslations:
    """The catalogue of one language, made from its .po file so that there is no compiled twin to keep in step."""
    source = CATALOGUES / language / "LC_MESSAGES" / "messages.po"
    if not source.exists():
        return NullTranslations()
    compiled = BytesIO()
    with source.open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return Translations(compiled)


class Catalogue(Domain):  # type: ignore[misc]
    def get_translations(self) -> NullTranslations:
        return translations(str(get_locale()))


class Translator(Babel):  # type: ignore[misc]
    domain_instance = Catalogue()


def init_app(app: Flask) -> None:
    Translator(app, locale_selector=choose_locale, default_timezone="UTC")
