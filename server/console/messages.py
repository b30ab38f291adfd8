"""Errors in the words of the console: a sentence in the reader's language and, as a page, a way on."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from flask import Response, current_app, g, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.exc import SQLAlchemyError

from core import web
from core.errors import RekamError, Unauthenticated
from core.settings import get_settings
from server.console import access, context, formats

log = logging.getLogger("rekam.console")


def say(error: RekamError) -> str:
    """The error as people read it. What has no translation is said as the operation said it."""
    details = error.details
    texts: dict[str, Callable[[], Any]] = {
        "password_short": lambda: _("A password needs at least 12 characters."),
        "password_long": lambda: _("This password is too long."),
        "password_weak": lambda: _("This password is too easy to guess."),
        "password_same": lambda: _("The new password must differ from the old one."),
        "login_failed": lambda: _("Unknown email address or wrong password."),
        "rate_limited": lambda: _(
            "Too many failed attempts. Try again in %(seconds)s seconds.", seconds=details.get("retry_after", 1)
        ),
        "stale_form": lambda: _("This form was open for too long. Load the page again and repeat."),
        "wrong_origin": lambda: _("This form was not sent from the console."),
        "unauthenticated": lambda: _("Sign in first."),
        "not_playable": lambda: _(
            "This course cannot be launched: Rekam plays SCORM 1.2 and SCORM 2004, and this is %(standard)s.",
            standard=formats.standard(details.get("standard")),
        ),
        "version_in_use": lambda: ngettext(
            "%(num)s registration is on this version. Move it to another version first.",
            "%(num)s registrations are on this version. Move them to another version first.",
            details.get("count", 0),
        ),
        "only_version": lambda: _("This is the only version. Delete the course instead."),
        "same_version": lambda: _("The registration is on this version already."),
        "course_exists": lambda: _("There already is a course with this id. Open it to upload a new version."),
        "job_over": lambda: _("This import is over already."),
        "not_found": lambda: _("It does not exist here, or no longer."),
        "statement_id": lambda: _("There is another statement with the id %(id)s.", id=details.get("id", "")),
        "json": lambda: _("This is not JSON that can be read (%(reason)s).", reason=error.message),
        "media": lambda: _("This course is a single file. Upload the new file as a new version."),
        "tags": lambda: _("At most 100 tags of at most 255 characters."),
        "thumbnail": lambda: _("This picture cannot be used: %(reason)s", reason=error.message),
        "too_large": lambda: _("This is larger than the server allows: %(reason)s", reason=error.message),
        "url_refused": lambda: _address(error),
    }
    if error.code in texts:
        return str(texts[error.code]())
    return _statement(error) if "index" in details else error.message


def _address(error: RekamError) -> str:
    """What :mod:`server.outbound` has against an address."""
    host, address = error.details.get("host", ""), error.details.get("address", "")
    faults = {
        "form": _("This is not a URL."),
        "scheme": _("The address must begin with https:// or http:// and name a server."),
        "user": _("The address must not contain a user name or password."),
        "character": _("The address contains a character or port that cannot be used."),
        "letters": _(
            "The address contains letters beyond ASCII. Write them percent-encoded, and in the name of a server as xn--…"
        ),
        "private": _(
            "%(host)s has the address %(address)s, which is not public. The operator can allow its network with %(setting)s.",
            host=host,
            address=address,
            setting="REKAM_WEBHOOK_NETWORKS",
        ),
        "unknown_host": _("No server with the name %(host)s can be found.", host=host),
    }
    return str(faults.get(str(error.details.get("fault")), error.message))


def _statement(error: RekamError) -> str:
    """Which property of which statement breaks a rule: the rule in the reader's language, and what the validator says of it."""
    index, path = int(error.details["index"]), str(error.details.get("path", "$"))
    rules = {
        "format": _("it does not have the form it must have"),
        "pattern": _("it does not have the form it must have"),
        "type": _("it is another kind of value than it must be"),
        "enum": _("it is none of the values it may have"),
        "const": _("it is none of the values it may have"),
        "required": _("a property is missing"),
        "additionalProperties": _("it has a property that is not known there"),
        "oneOf": _("it must have exactly one of mbox, mbox_sha1sum, openid and account"),
    }
    said = without_number(error.message, index).removeprefix(f"{path} ")
    rule = rules.get(str(error.details.get("rule")))
    reason = f"{rule} ({said})" if rule else said
    return str(_("statement %(number)s, %(path)s: %(reason)s", number=index + 1, path=path, reason=reason))


def without_number(message: str, index: int | None) -> str:
    """The message about a statement without its number, which pages say in words and count from one."""
    return message.removeprefix(f"statement {index}: ")


def wants_json() -> bool:
    return request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json"


@access.bp.errorhandler(Unauthenticated)
def not_signed_in(error: Unauthenticated) -> Any:
    """Lead to the sign-in page and back; a program that asked for JSON is told so."""
    if wants_json():
        return jsonify({"error": {"code": error.code, "message": say(error)}}), 401
    target = request.full_path.rstrip("?") if request.method == "GET" else None
    return redirect(url_for("console.login", next=target if target != "/" else None))


@access.bp.errorhandler(RekamError)
def refused(error: RekamError) -> Any:
    if error.code in ("unavailable", "storage_full"):
        log.error("unavailable", extra={"error": error.message})
    return page(web.status_of(error), error.code, say(error), error.details)


def page(status: int, code: str, message: str, details: dict[str, Any]) -> Response:
    """An error as a page of the console, or as JSON for the script."""
    if wants_json():
        response = jsonify({"error": {"code": code, "message": message}})
    else:
        titles = {
            403: _("Not allowed"),
            404: _("Not found"),
            409: _("That contradicts what is stored"),
            410: _("No longer there"),
            413: _("Too large"),
            429: _("Too many attempts"),
            503: _("Not available just now"),
        }
        title = titles.get(status, _("Something is wrong with the request") if status < 500 else _("Internal error"))
        try:
            # Outside the blueprint (an unknown address) its context processor does not run.
            shown = {**context.values(), "title": title, "message": message, "request_id": g.get("request_id", "")}
            text = render_template("console/error.html", **shown)
        except SQLAlchemyError:
            # The page names the visitor, who is in the database that cannot be reached.
            text = f"<!doctype html><title>Rekam</title><h1>{status}</h1>"
        response = current_app.response_class(text, mimetype="text/html")
    response.status_code = status
    if status in (429, 503):
        response.headers["Retry-After"] = str(details.get("retry_after", 2))
    return response


def speak(status: int, code: str, message: str, details: dict[str, Any]) -> Response:
    """The dialect of errors raised outside the console's own handlers (unknown address, wrong method, crash)."""
    machine = request.path.startswith(("/xapi", "/api/", "/static/")) or not request.accept_mimetypes.accept_html
    if machine or request.host.lower() != urlsplit(get_settings().base_url).netloc.lower():
        return jsonify({"error": {"code": code, "message": message, **details}})
    if status == 404:
        message = _("There is no page at this address.")
    return access.secure(page(status, code, message, details))
