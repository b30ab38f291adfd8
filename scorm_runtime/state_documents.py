"""The State documents of the ADL SCORM profile: which attempts there are on a SCO, and how one of them was left.

They are read without a registration, as the profile identifies them by activity, agent and State id alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from lrs import documents
from scorm_runtime.durations import format_interval
from scorm_runtime.facts import number
from scorm_runtime.statements import PROFILE, Scene

ACTIVITY_STATE = f"{PROFILE}/activity-state"
ATTEMPT_STATE = f"{PROFILE}/attempt-state"
# What the profile's schema takes as a language.
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Z]{2,3}(?:-[a-zA-Z]{4})?)?")


def attempt_begun(tenant_id: int, scene: Scene) -> None:
    """Append the attempt of ``scene`` to those of its SCO, once."""

    def append(before: bytes | None) -> bytes:
        attempts = _attempts(before)
        if scene.attempt_iri not in attempts:
            attempts.append(scene.attempt_iri)
        return msgspec.json.encode({"attempts": attempts})

    documents.change(documents.state_place(tenant_id, scene.sco_iri, scene.actor), ACTIVITY_STATE, append)


def _attempts(content: bytes | None) -> list[str]:
    """A client may have written anything there."""
    try:
        found = msgspec.json.decode(content or b"{}")
    except msgspec.DecodeError:
        return []
    attempts = found.get("attempts") if isinstance(found, dict) else None
    return [each for each in attempts if isinstance(each, str)] if isinstance(attempts, list) else []


def attempt_ended(tenant_id: int, scene: Scene, cmi: Mapping[str, str], seconds: float) -> None:
    """Write how the attempt was left; ``seconds`` is its total time."""
    content = msgspec.json.encode(attempt_state(cmi, seconds))
    documents.put_state(tenant_id, scene.attempt_iri, scene.actor, ATTEMPT_STATE, content)


def attempt_state(cmi: Mapping[str, str], seconds: float) -> dict[str, Any]:
    """The attempt's document from the CMI of either data model; values that the profile's schema refuses are left out."""
    found: dict[str, Any] = {
        "credit": cmi.get("cmi.credit") or cmi.get("cmi.core.credit", "credit"),
        "mode": cmi.get("cmi.mode") or cmi.get("cmi.core.lesson_mode", "normal"),
        "total_time": format_interval(seconds),
    }
    location = cmi.get("cmi.location", cmi.get("cmi.core.lesson_location"))
    if location is not None:
        found["location"] = location
    if liked := preferences(cmi):
        found["preferences"] = liked
    if comments := _comments(cmi):
        found["comments_from_lms"] = comments
    return found


def _comments(cmi: Mapping[str, str]) -> list[dict[str, str]]:
    """What instructors left for the content, in its order (SCORM 1.2 has one text for all)."""
    if text := cmi.get("cmi.comments_from_lms"):
        return [{"comment": text}]
    found: list[dict[str, str]] = []
    while (prefix := f"cmi.comments_from_lms.{len(found)}.") + "comment" in cmi:
        found.append(
            {name: cmi[prefix + name] for name in ("comment", "location", "timestamp") if prefix + name in cmi}
        )
    return found


def preferences(cmi: Mapping[str, str]) -> dict[str, Any]:
    """The profile's Preferences Object. SCORM 1.2 counts loudness and speed differently: the profile's names are those of 2004."""
    found: dict[str, Any] = {}
    for name in ("audio_level", "delivery_speed"):
        value = number(cmi.get(f"cmi.learner_preference.{name}"))
        if value is not None and value >= 0:
            found[name] = value
    language = cmi.get("cmi.learner_preference.language", "")
    if _LANGUAGE.fullmatch(language):
        found["language"] = language
    captions = cmi.get("cmi.learner_preference.audio_captioning")
    if captions in ("-1", "0", "1"):
        found["audio_captioning"] = int(captions)
    return found
