"""Statements as clients ask for them: exact bytes, reduced to ids, or with canonical definitions. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

# Activity id → canonical definition, of those that have one.
Definitions = Mapping[str, dict[str, Any]]
_MAPS = ("name", "description")
_LISTS = ("choices", "scale", "source", "target", "steps")


def joined(statements: Iterable[bytes], more: str) -> bytes:
    """A StatementResult of stored bytes."""
    return b'{"statements":[' + b",".join(statements) + b'],"more":' + msgspec.json.encode(more) + b"}"


def ids(value: dict[str, Any], *, without_display: bool) -> bytes:
    """The least that identifies agents, groups, verb and activities (1.0.3 Communication 2.1.3 `ids`)."""
    return msgspec.json.encode(_ids(value, without_display))


def _ids(value: dict[str, Any], without_display: bool) -> dict[str, Any]:
    out = dict(value)
    out["actor"] = _bare_actor(value["actor"])
    out["object"] = _bare_object(value["object"], without_display)
    if without_display:
        out["verb"] = {"id": value["verb"]["id"]}
    if "authority" in value:
        out["authority"] = _bare_actor(value["authority"])
    if "context" in value:
        out["context"] = _bare_context(value["context"])
    return out


def _bare_actor(actor: dict[str, Any]) -> dict[str, Any]:
    names = ("objectType", "mbox", "mbox_sha1sum", "openid", "account")
    out = {k: actor[k] for k in names if k in actor}
    # Only an anonymous group needs its members to be known.
    if "member" in actor and len(out) == 1:
        out["member"] = [_bare_actor(m) for m in actor["member"]]
    return out


def _bare_object(target: dict[str, Any], without_display: bool) -> dict[str, Any]:
    kind = target.get("objectType", "Activity")
    if kind == "Activity":
        return {"id": target["id"]}
    if kind in ("Agent", "Group"):
        return _bare_actor(target)
    return _ids(target, without_display) if kind == "SubStatement" else target


def _bare_context(context: dict[str, Any]) -> dict[str, Any]:
    out = dict(context)
    for name in ("instructor", "team"):
        if name in context:
            out[name] = _bare_actor(context[name])
    for name, part in (("contextAgents", "agent"), ("contextGroups", "group")):
        if name in context:
            out[name] = [item | {part: _bare_actor(item[part])} for item in context[name]]
    if "contextActivities" in context:
        out["contextActivities"] = {k: [{"id": a["id"]} for a in v] for k, v in context["contextActivities"].items()}
    return out


def canonical(value: dict[str, Any], languages: list[str], definitions: Definitions) -> bytes:
    """Canonical activity definitions, and one language in every language map (1.0.3 Communication 2.1.3 `canonical`). Changes ``value``."""
    _canonical(value, languages, definitions)
    return msgspec.json.encode(value)


def _canonical(value: dict[str, Any], languages: list[str], definitions: Definitions) -> None:
    _pick(value["verb"], ("display",), languages)
    for attachment in value.get("attachments", ()):
        _pick(attachment, ("display", "description"), languages)
    target = value["object"]
    kind = target.get("objectType", "Activity")
    if kind == "Activity":
        _define(target, languages, definitions)
    elif kind == "SubStatement":
        _canonical(target, languages, definitions)
    for items in value.get("context", {}).get("contextActivities", {}).values():
        for activity in items:
            _define(activity, languages, definitions)


def _define(activity: dict[str, Any], languages: list[str], definitions: Definitions) -> None:
    known = definitions.get(activity["id"])
    if known:
        activity["definition"] = known
    if "definition" not in activity:
        return
    definition = activity["definition"] = dict(activity["definition"])
    _pick(definition, _MAPS, languages)
    for name in _LISTS:
        if name in definition:
            definition[name] = [dict(component) for component in definition[name]]
            for component in definition[name]:
                _pick(component, ("description",), languages)


def _pick(holder: dict[str, Any], names: tuple[str, ...], languages: list[str]) -> None:
    for name in names:
        if holder.get(name):
            holder[name] = best(holder[name], languages)


def best(words: dict[str, str], languages: list[str]) -> dict[str, str]:
    """The entry of a language map that suits ``languages`` (best first) most, else the first."""
    tags = {tag.lower(): tag for tag in words}
    found = (tag for wanted in languages if (tag := _lookup(tags, wanted.lower())) is not None)
    tag = next(found, next(iter(words)))
    return {tag: words[tag]}


def _lookup(tags: dict[str, str], wanted: str) -> str | None:
    """The tag for a language range: itself or the longest beginning of it (RFC 4647 §3.4), else another form of the language."""
    part = wanted
    while part:
        if part in tags:
            return tags[part]
        part = part.rpartition("-")[0]
        if part[-2:-1] == "-":
            part = part[:-2]
    primary = wanted.partition("-")[0]
    return next((tag for low, tag in tags.items() if low.partition("-")[0] == primary), None)
