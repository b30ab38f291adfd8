"""About Resource (1.0.3 Communication 2.8; 2.0 §4.1.6.7): which versions this store speaks."""

from __future__ import annotations

from core.web import public
from lrs.resources import http
from lrs.resources.http import Answer
from lrs.versions import SUPPORTED


@http.xapi.get("/about")
@public("clients ask before they know anything; the answer is the same for all")
def about() -> Answer:
    return http.json_answer({"version": SUPPORTED, "extensions": {}})
