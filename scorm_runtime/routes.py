"""The content origin: opening a launch, the player page, course files, the runtime endpoint.

The token in the path is all that authorizes here. A course can read it, so it opens nothing but its own course.
"""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, current_app, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from core import web
from core.db import unit_of_work
from core.errors import TooLarge
from core.settings import get_settings
from registrations import launches, registrations
from registrations.models import Launch
from scorm_runtime import files, media_page, opening, player_page, sessions
from scorm_runtime.outline import outline
from scorm_runtime.player_texts import TEXTS

# Shared data and suspend data may be large; more than this is no SCO's word.
BODY_LIMIT = 16 << 20
# The page's own parts, the SCO in its frame, and what the SCO's address may be for external content.
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
    "frame-src 'self' https: http:; base-uri 'none'; form-action 'none'"
)

pages = web.blueprint("player", __name__, origin="content", template_folder="templates")
runtime = web.blueprint("runtime", __name__, origin="content")


@pages.get("/launch/<ticket>")
@web.public("the ticket is the credential")
def launch(ticket: str) -> BaseResponse:
    """Exchange the one-use ticket for the player's address."""
    if request.method == "HEAD":
        # Link checkers must not use the ticket up.
        return _page_headers(Response())
    with unit_of_work():
        token = opening.open_launch(ticket)
    response = redirect(f"/p/{token}/", 303)
    return _page_headers(response)


@pages.get("/p/<token>/")
@web.public("the token is the credential")
def player(token: str) -> BaseResponse:
    opened = launches.by_token(token)
    boot = opening.boot(opened)
    html = render_template(player_page.TEMPLATE, **player_page.context(boot, _locale(opened)))
    return _page_headers(make_response(html))


@pages.get("/p/<token>/c/<path:path>")
@web.public("the token is the credential")
def course_file(token: str, path: str) -> BaseResponse:
    return files.course_file(token, path)


@pages.get("/p/<token>/media/<activity>")
@web.public("the token is the credential")
def media(token: str, activity: str) -> BaseResponse:
    """The page of a course that is a single media file."""
    opened = launches.by_token(token)
    registration = registrations.get(opened.tenant_id, opened.registration_id)
    item = outline(registration.tenant_id, registration.version_id).item(activity)
    folder = current_app.jinja_env.globals["asset"]("vendor/pdfjs/pdf.min.mjs").rpartition("/")[0] + "/"  # type: ignore[operator]
    response = _page_headers(
        make_response(render_template(media_page.TEMPLATE, **media_page.context(item, _locale(opened), folder)))
    )
    response.headers["Content-Security-Policy"] = f"{media_page.POLICY}; {files.frame_ancestors()}"
    return response


@runtime.post("/p/<token>/runtime")
@web.public("the token is the credential")
def endpoint(token: str) -> BaseResponse:
    """See docs/architecture.md, "The runtime endpoint"."""
    if (request.content_length or 0) > BODY_LIMIT:
        raise TooLarge(f"a runtime request holds at most {BODY_LIMIT} bytes", limit=BODY_LIMIT)
    body = request.get_data(cache=False)
    if len(body) > BODY_LIMIT:
        raise TooLarge(f"a runtime request holds at most {BODY_LIMIT} bytes", limit=BODY_LIMIT)
    with unit_of_work():
        answer = sessions.handle(token, body, _locale(None))
    response = Response(answer, content_type="application/json")
    response.headers["Cache-Control"] = "no-store"
    return files.common_headers(response)


def _page_headers(response: BaseResponse) -> BaseResponse:
    response.headers["Cache-Control"] = "no-store"
    response.headers["Content-Security-Policy"] = f"{PAGE_POLICY}; {files.frame_ancestors()}"
    return files.common_headers(response)  # type: ignore[arg-type]


def _locale(opened: Launch | None) -> str:
    default = get_settings().default_locale
    if opened is not None and opened.locale:
        return player_page.choose_locale(opened.locale, default)
    return player_page.choose_locale(request.headers.get("Accept-Language"), default)


def _say(status: int, code: str, message: str, details: dict[str, Any]) -> Response:
    """An error of a page the learner looks at, as a page."""
    texts = TEXTS[_locale(None)]
    kinds = {"superseded": "superseded", "max_attempts": "attempts", "no_such_file": "missing"}
    kind = kinds.get(code, "expired" if status in (404, 410) else "other")
    html = render_template("closed.html", texts=texts, kind=kind, message=message, locale=_locale(None))
    return _page_headers(make_response(html))  # type: ignore[return-value]


def init_app(app: Flask) -> None:
    app.register_blueprint(pages)
    app.register_blueprint(runtime)
    web.dialects[pages.name] = _say
