"""Signing in and out, the password, language and appearance, the tenant in view."""

from __future__ import annotations

from typing import Any

from flask import flash, g, redirect, render_template, request, url_for
from flask import session as cookie
from flask_babel import gettext as _

from core import audit
from core.db import unit_of_work
from core.errors import Invalid, RateLimited, Unauthenticated
from core.tenants import get as get_tenant
from server import people
from server.console import locales
from server.console.access import (
    begin_session,
    bp,
    console_view,
    local_target,
    me,
    open_view,
    visitor,
)
from server.console.messages import say


@bp.get("/login")
@open_view("the sign-in page")
def login() -> Any:
    target = local_target(request.args.get("next"))
    if visitor() is not None:
        return redirect(target)
    return render_template("console/login.html", next=target, email="", error="")


@bp.post("/login")
@open_view("signing in; forgery is checked before")
def sign_in() -> Any:
    email, target = request.form.get("email", ""), local_target(request.form.get("next"))
    try:
        signed = people.sign_in(email, request.form.get("password", ""), request.remote_addr or "unknown")
    except (Unauthenticated, RateLimited) as error:
        limited = isinstance(error, RateLimited)
        page = render_template("console/login.html", next=target, email=email, error=say(error))
        return page, 429 if limited else 401, {"Retry-After": str(error.details["retry_after"])} if limited else {}
    begin_session(signed)
    return redirect(url_for("console.password") if signed.must_change else target)


@bp.post("/logout")
@console_view("learner", needs_tenant=False)
def logout() -> Any:
    who = me()
    with unit_of_work():
        people.end_session(who.home_id, cookie["token"])
        audit.record(who.home_id, who.actor, "person.logged_out", who.email)
    cookie.clear()
    return redirect(url_for("console.login"))


@bp.route("/password", methods=["GET", "POST"])
@console_view("learner", needs_tenant=False)
def password() -> Any:
    if request.method == "GET":
        return render_template("console/password.html", error="")
    who = me()
    try:
        if request.form.get("new") != request.form.get("again"):
            raise Invalid(_("The two new passwords differ."), code="password_differs")
        people.confirm_password(who.home_id, who.person_id, request.form.get("current", ""), request.remote_addr or "")
        with unit_of_work():
            person = people.get(who.home_id, who.person_id)
            people.change_password(person, request.form.get("new", ""), by=who.actor)
            signed = people.SignedIn(person.tenant_id, person.id, people.open_session(person), False)
    except (Invalid, Unauthenticated, RateLimited) as error:
        text = _("The current password is wrong.") if error.code == "login_failed" else say(error)
        return render_template("console/password.html", error=text), 422
    begin_session(signed)
    flash(_("Your password was changed. You were signed out everywhere else."), "good")
    return redirect(url_for("console.home"))


@bp.post("/preferences")
@open_view("language and appearance of this browser")
def preferences() -> Any:
    language, theme = request.form.get("language"), request.form.get("theme")
    response = redirect(local_target(request.form.get("next")))
    if language in locales.LANGUAGES:
        locales.remember(response, locales.LOCALE_COOKIE, language)
        who = visitor()
        if who is not None and who.locale != language:
            with unit_of_work():
                people.get(who.home_id, who.person_id).locale = language
    if theme in locales.THEMES:
        locales.remember(response, locales.THEME_COOKIE, theme)
    return response


@bp.post("/tenant")
@console_view("system_administrator", needs_tenant=False)
def switch_tenant() -> Any:
    given = request.form.get("tenant", "")
    if not (given.isascii() and given.isdigit() and len(given) < 10):
        raise Invalid(_("Choose a tenant."))
    cookie["tenant"] = get_tenant(int(given)).id
    g.pop("console_visitor", None)
    return redirect(url_for("console.home"))
