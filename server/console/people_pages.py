"""People: who may sign in, with which role; one-time passwords; shutting accounts out."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select

from core.db import session, unit_of_work
from core.errors import Conflict, Forbidden, Invalid, NotFound
from server import people
from server.console.access import bp, console_view, me, tenant_id
from server.console.messages import say
from server.people import Person


def _assignable() -> list[str]:
    """Roles the visitor may give, the least powerful first."""
    return list(people.ROLES) if me().may("system_administrator") else list(people.ROLES[:-1])


@bp.get("/people")
@console_view("tenant_administrator")
def people_list() -> Any:
    return _page()


def _page(error: str = "", status: int = 200) -> Any:
    page = render_template(
        "console/people.html",
        rows=people.of_tenant(tenant_id()),
        installation=people.of_tenant(people.INSTALLATION) if me().may("system_administrator") else [],
        roles=_assignable(),
        error=error,
        form=request.form,
    )
    return page, status


@bp.post("/people")
@console_view("tenant_administrator")
def person_create() -> Any:
    form = request.form
    role = form.get("role", "")
    try:
        if role not in _assignable():
            raise Invalid(_("Choose a role."), field="role")
        learner = form.get("learner_id", "").strip()[:255] or None
        if role == "learner" and learner is None:
            raise Invalid(_("A learner needs the learner id under which their registrations are kept."))
        with unit_of_work():
            home = people.INSTALLATION if role == "system_administrator" else tenant_id()
            person, word = people.create_person(
                form.get("email", ""),
                role,
                home,
                name=form.get("name", ""),
                learner_id=learner if role == "learner" else None,
                by=me().actor,
            )
            email = person.email
    except (Invalid, Conflict) as error:
        known = {"conflict": _("There already is an account with this email address.")}
        return _page(known.get(error.code) or _bad_email(error) or say(error), 422)
    return render_template("console/person_password.html", email=email, word=word, created=True)


def _bad_email(error: Invalid | Conflict) -> str:
    return _("This is not an email address.") if error.details.get("field") == "email" else ""


def _found() -> Person:
    """The person the form names: of the tenant in view, or of the installation for a system administrator."""
    homes = [tenant_id()] + ([people.INSTALLATION] if me().may("system_administrator") else [])
    query = select(Person).where(Person.tenant_id.in_(homes), Person.id == request.form.get("id", ""))
    person = session().scalar(query)
    if person is None:
        raise NotFound(_("There is no such person."))
    if person.id == me().person_id:
        raise Forbidden(_("This is your own account; another administrator has to do that."))
    return person


@bp.post("/people/reset")
@console_view("tenant_administrator")
def person_reset() -> Any:
    with unit_of_work():
        person = _found()
        word, email = people.reset_password(person, by=me().actor), person.email
    return render_template("console/person_password.html", email=email, word=word, created=False)


@bp.post("/people/disable")
@console_view("tenant_administrator")
def person_disable() -> Any:
    disabled = request.form.get("disabled") == "yes"
    with unit_of_work():
        people.set_disabled(_found(), disabled, by=me().actor)
    flash(_("The account is shut out.") if disabled else _("The account may sign in again."), "good")
    return redirect(url_for("console.people_list"))


@bp.post("/people/role")
@console_view("tenant_administrator")
def person_role() -> Any:
    role = request.form.get("role", "")
    if role not in people.ROLES[:-1]:
        raise Invalid(_("Choose a role."), field="role")
    with unit_of_work():
        person = _found()
        if role == "learner" and not person.learner_id:
            raise Invalid(_("A learner needs the learner id under which their registrations are kept."))
        people.set_role(person, role, by=me().actor)
    flash(_("The role was changed. The person has to sign in again."), "good")
    return redirect(url_for("console.people_list"))
