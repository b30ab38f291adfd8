"""SCORM 1.2: what its manifests add to content packaging (SCORM 1.2 CAM 2.3.2.5)."""

from __future__ import annotations

from typing import Any

from course_packages import xml
from course_packages.model import Sequencing, Standard
from course_packages.parsers.manifest import Edition
from course_packages.parsers.values import Values
from course_packages.xml import Element, child, text

TIME_LIMIT_ACTIONS = ("exit,message", "exit,no message", "continue,message", "continue,no message")

# SCORM 1.2 knows no rules: the learner goes where he likes, forwards and backwards as well.
_FREE = Sequencing(choice=True, flow=True)


def launch_data(item: Element) -> str | None:
    """The text of ``dataFromLMS`` as it stands, without space around it; None when absent or empty."""
    return xml.raw_text(child(item, "datafromlms")).strip() or None


def time_limit_action(element: Element, values: Values) -> str | None:
    action = child(element, "timelimitaction")
    if action is None or not text(action):
        return None
    value = text(action).replace(", ", ",")
    return values.to_token(action, "timeLimitAction", value, TIME_LIMIT_ACTIONS, "none")


def _item(element: Element, values: Values) -> dict[str, Any]:
    mastery, longest = child(element, "masteryscore"), child(element, "maxtimeallowed")
    found: dict[str, Any] = {
        "sequencing": _FREE,
        "data_from_lms": launch_data(element),
        "time_limit_action": time_limit_action(element, values),
        "prerequisites": text(child(element, "prerequisites")) or None,
    }
    if mastery is not None and text(mastery):
        score = values.to_number(mastery, "masteryscore", text(mastery), -1.0, 0, 100)
        found["mastery_score"] = None if score < 0 else score
    if longest is not None and text(longest):
        found["max_time_allowed"] = values.duration(longest, "maxtimeallowed", text(longest))
    return found


def _organization(element: Element, values: Values) -> dict[str, Any]:
    return {"sequencing": _FREE}


EDITION = Edition(Standard.SCORM_12, _item, _organization)
