"""What the player page is made of: its language, its texts, and the data `static/player.js` starts from. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from scorm_runtime.player_texts import TEXTS

TEMPLATE = "player.html"
# The compatibility settings (registrations.settings) that are about the page itself, and whether it records calls.
SETTINGS = ("playerLaunchType", "showTableOfContents", "showNavigation", "showProgressBar", "traceCalls")


@dataclass(frozen=True, kw_only=True)
class Boot:
    """The JSON in the page's ``script#boot``.

    ``tables`` are the tables of ``scorm_runtime/data_model`` by the names ``static/scorm_api.js`` expects, ``journal`` names
    the browser's journal (the registration; never a token). ``endpoint`` is the runtime endpoint relative to the page,
    ``pages`` are the activities by the launch file (relative to ``c/``) that a link of another one may lead to,
    ``first`` the request the player begins with (``start``: the server resumes a suspended attempt, or goes on where an
    open one stands). ``elapsed`` is the time (seconds) tracked before this launch. ``alive`` are the seconds of silence after
    which a page in use says that it is there; 0: never. ``settings`` are those of :data:`SETTINGS` that are in force.
    """

    title: str
    learner_name: str
    journal: str
    tables: Mapping[str, Any]
    mode: str = "normal"
    endpoint: str = "runtime"
    first: str = "start"
    elapsed: float = 0.0
    alive: float = 0.0
    pages: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)


def choose_locale(accept_language: str | None, default: str = "en") -> str:
    """``en`` or ``id``: the language of an Accept-Language header that we have and the reader likes best (RFC 9110 12.5.4)."""
    best, best_weight = default, 0.0
    for part in (accept_language or "").split(","):
        tag, _, parameters = part.strip().partition(";")
        language = tag.strip().lower().split("-")[0]
        # "in" is what old Java and Android programs call Indonesian.
        language = "id" if language == "in" else language
        weight = _weight(parameters)
        if language in TEXTS and weight > best_weight:
            best, best_weight = language, weight
    return best


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip().lower() != "q":
        return 1.0
    try:
        return max(0.0, min(1.0, float(value)))
    except ValueError:
        return 0.0


def context(boot: Boot, locale: str) -> dict[str, Any]:
    """The template context: ``render_template(TEMPLATE, **context(boot, locale))``."""
    texts = TEXTS[locale]
    return {"locale": locale, "texts": texts, "boot": {**vars(boot), "locale": locale, "texts": texts}}
