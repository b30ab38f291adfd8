"""Whether two statements under one id are the same statement (1.0.3 Data 2.3.1; 2.0 §4.2.3). Pure."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from lrs.formats import parse_timestamp
from lrs.identity import ifi

# Set by the store, or describing rather than stating; attachments are not considered (1.0.3 Data 2.3.1; 2.0 §4.2).
_NOT_COMPARED = ("id", "stored", "authority", "version", "timestamp", "attachments")
_FRACTION = re.compile(r"(\d+)[.,](\d+)(?=[A-Z])")


def same(stored: dict[str, Any], given: dict[str, Any]) -> bool:
    """``stored`` has everything the store adds; ``given`` is as received."""
    # A store may set `timestamp`, so that it might be left out here. But another one than is stored is something that the sender says and
    # the store would silently drop: it is told so (409). Where the store has set it, a repetition has none.
    if "timestamp" in given:
        one, two = parse_timestamp(stored["timestamp"]), parse_timestamp(given["timestamp"])
        # Precision below the millisecond may be lost on the way (1.0.3 Data 2.4.7).
        if one is None or two is None or abs((one - two).total_seconds()) >= 0.001:
            return False
    return _statement(stored) == _statement(given)


def _statement(value: dict[str, Any]) -> dict[str, Any]:
    out = {k: v for k, v in value.items() if k not in _NOT_COMPARED}
    out["actor"] = _actor(value["actor"])
    out["verb"] = value["verb"]["id"]
    out["object"] = _object(value["object"])
    context = _context(out.pop("context", {}))
    if context:
        out["context"] = context
    if "result" in value and "duration" in value["result"]:
        out["result"] = value["result"] | {"duration": _duration(value["result"]["duration"])}
    return out


def _actor(value: dict[str, Any]) -> dict[str, Any]:
    out = {"objectType": "Agent"} | value
    if "member" in value:
        out["member"] = sorted((_actor(m) for m in value["member"]), key=lambda m: ifi(m) or "")
    return out


def _object(value: dict[str, Any]) -> dict[str, Any]:
    kind = value.get("objectType", "Activity")
    if kind == "Activity":
        return {"objectType": kind, "id": value["id"]}
    if kind in ("Agent", "Group"):
        return _actor(value)
    if kind == "SubStatement":
        # Its timestamp is the sender's own.
        return _statement(value) | {"timestamp": _moment(value["timestamp"]) if "timestamp" in value else None}
    return value | {"id": value["id"].lower()}


def _context(value: dict[str, Any]) -> dict[str, Any]:
    out = dict(value)
    if "registration" in out:
        out["registration"] = out["registration"].lower()
    for name in ("instructor", "team"):
        if name in out:
            out[name] = _actor(out[name])
    for name, part in (("contextAgents", "agent"), ("contextGroups", "group")):
        if name in out:
            out[name] = [item | {part: _actor(item[part])} for item in out[name]]
    if "statement" in out:
        out["statement"] = _object(out["statement"])
    groups = {
        k: sorted(a["id"] for a in ([v] if isinstance(v, dict) else v))
        for k, v in out.pop("contextActivities", {}).items()
        if v  # an empty array says nothing
    }
    return out | {"contextActivities": groups} if groups else out


def _moment(text: str) -> datetime | None:
    found = parse_timestamp(text)
    return found and found.replace(microsecond=found.microsecond // 1000 * 1000)


def _duration(text: str) -> str:
    """Seconds count to 0.01, cut and not rounded (1.0.3 Data 4.6)."""

    def cut(match: re.Match[str]) -> str:
        digits = match.group(2)[:2].rstrip("0")
        return match.group(1) + (f".{digits}" if digits else "")

    return _FRACTION.sub(cut, text)


def signed(statement: dict[str, Any], payload: dict[str, Any]) -> bool:
    """Whether the payload of a signature is the statement (1.0.3 Data 2.6), before attachments and what a store sets."""
    try:
        one, two = _statement(statement), _statement(payload)
    except (KeyError, TypeError, AttributeError):
        return False
    return one == two
