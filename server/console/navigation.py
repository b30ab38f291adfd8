"""The menu: which pages there are, for whom, and which of them is in view."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import request
from flask_babel import lazy_gettext

from server.console.access import Visitor, visitor

_ = lazy_gettext


@dataclass(frozen=True)
class Entry:
    """``section`` is the start of the endpoints that count as this entry's."""

    endpoint: str
    title: Any
    icon: str
    role: str
    section: str

    @property
    def current(self) -> bool:
        return (request.endpoint or "").removeprefix("console.").startswith(self.section)


@dataclass(frozen=True)
class Group:
    title: Any
    entries: tuple[Entry, ...]


def _entry(name: str, title: Any, icon: str, role: str, section: str = "") -> Entry:
    return Entry(f"console.{name}", title, icon, role, section or name)


GROUPS = (
    Group(
        None,
        (
            _entry("home", _("Overview"), "home", "instructor"),
            _entry("my_courses", _("My courses"), "book", "learner", "my_"),
        ),
    ),
    Group(
        _("Learning"),
        (
            _entry("courses_list", _("Courses"), "book", "instructor", "course"),
            _entry("registrations_list", _("Registrations"), "ticket", "instructor", "registration"),
            _entry("learners_list", _("Learners"), "people", "instructor", "learner"),
            _entry("statements_list", _("Statements"), "list", "instructor", "statement"),
        ),
    ),
    Group(
        _("Connections"),
        (
            _entry("webhooks_list", _("Webhooks"), "hook", "tenant_administrator", "webhook"),
            _entry("forwarders_list", _("Forwarding"), "forward", "tenant_administrator", "forwarder"),
            _entry("rejected_list", _("Rejected requests"), "warn", "tenant_administrator", "rejected"),
            _entry("credentials_list", _("Credentials"), "key", "tenant_administrator", "credential"),
        ),
    ),
    Group(
        _("Administration"),
        (
            _entry("people_list", _("People"), "user", "tenant_administrator", "pe"),
            _entry("audit_log", _("Audit log"), "shield", "tenant_administrator"),
            _entry("tenants_list", _("Tenants"), "building", "system_administrator", "tenant"),
            _entry("settings", _("Settings"), "gear", "system_administrator"),
        ),
    ),
)


def navigation() -> list[Group]:
    """What the visitor may open; groups without entries are left out."""
    who = visitor()
    if who is None:
        return []
    groups = [Group(g.title, tuple(e for e in g.entries if _shown(e, who))) for g in GROUPS]
    return [group for group in groups if group.entries]


def _shown(entry: Entry, who: Visitor) -> bool:
    if entry.role == "learner":
        return who.role == "learner"
    return who.may(entry.role)
