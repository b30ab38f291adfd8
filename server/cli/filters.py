"""Options that choose statements, in the words of the xAPI Statement Resource."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import click

from core.errors import Invalid
from lrs import parsing, versions
from lrs.formats import is_iri, is_uuid, parse_timestamp
from lrs.identity import ifi
from lrs.query import Filters
from lrs.validation import validate_actor
from server.removals import check_filters, filters_of

_OPTIONS = (
    click.option("--since", metavar="TIME", help="Stored after this time, like 2026-01-31 or 2026-01-31T08:00:00Z."),
    click.option("--until", metavar="TIME", help="Stored at or before it."),
    click.option("--agent", metavar="JSON", help="With this actor or object: agent as JSON, or mail address."),
    click.option("--verb", metavar="IRI", help="With this verb, like http://adlnet.gov/expapi/verbs/completed."),
    click.option("--activity", metavar="IRI", help="About this activity."),
    click.option("--registration", metavar="UUID", help="Of this registration."),
    click.option("--related-agents", is_flag=True, help="The agent in any role."),
    click.option("--related-activities", is_flag=True, help="The activity in any role."),
)


def options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options; the command takes them as ``**given`` for :func:`read`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def read(given: dict[str, Any]) -> tuple[Filters | None, dict[str, Any]]:
    """(filters or None where nothing is chosen, the same as JSON values)."""
    described = chosen(given)
    return (filters_of(described) if described else None), described


def chosen(given: dict[str, Any]) -> dict[str, Any]:
    """What was chosen, checked, as JSON values by the names of :class:`lrs.query.Filters`."""
    found = {name: value for name, value in given.items() if value}
    for name, good in (("verb", is_iri), ("activity", is_iri), ("registration", is_uuid)):
        if name in found and not good(found[name]):
            raise Invalid(f"--{name} {found[name][:100]!r} is not {'a UUID' if good is is_uuid else 'an IRI'}")
    if "agent" in found:
        found["agent"] = agent(found["agent"], "--agent")
    for name in ("since", "until"):
        if name in found:
            found[name] = moment(found[name], f"--{name}").isoformat()
    check_filters(found)
    return found


def agent(text: str, what: str) -> dict[str, Any]:
    """An agent with an identifier; a mail address stands for the one with that mbox."""
    address = not text.lstrip().startswith("{")
    value: Any = {"mbox": f"mailto:{text.removeprefix('mailto:')}"} if address else parsing.loads(text, what)
    try:
        validate_actor(value, what, versions.V2)
    except Invalid:
        if address:
            raise Invalid(f"{what} {text[:100]!r} is neither a mail address nor the JSON of an agent") from None
        raise
    if ifi(value) is None:
        raise Invalid(f"{what} has no identifier")
    found: dict[str, Any] = value
    return found


def moment(text: str, what: str) -> datetime:
    """An RFC 3339 time, or a day, which begins in UTC."""
    found = parse_timestamp(text if "T" in text or len(text) > 10 else f"{text}T00:00:00Z")
    if found is None:
        raise Invalid(f"{what} {text[:50]!r} is not a time like 2026-01-31 or 2026-01-31T08:00:00Z")
    return found
