"""Syntax of interaction responses and correct response patterns (RTE 4.2.9.1 and 4.2.9.2; SCORM 1.2 CMIFeedback).

Which shape each interaction type has is in ``interactionTypes`` of the tables.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Sequence
from typing import Any, Literal

from scorm_runtime.cmi_types import Checker, real

_FLAG = re.compile(r"\{(case_matters|order_matters)=([^}]*)\}")
Syntax = dict[str, Any]


def check_response(checker: Checker, role: Literal["response", "pattern"], interaction_type: str, value: str) -> str:
    """ "" or "type". ``interaction_type`` is "" while the interaction has none: then any text will do."""
    if reason := checker.check(role, value):
        return reason
    if not interaction_type or not checker.settings["validateInteractionResponses"]:
        return ""
    syntax = checker.table.data["interactionTypes"][interaction_type][role]
    body = _without_flags(value, syntax.get("flags", ()))
    if body is None:
        return "type"
    if syntax.get("braces") and body.startswith("{") and body.endswith("}"):
        body = body[1:-1]
    if body == "" and syntax.get("empty"):
        return ""
    return "" if _SHAPES[syntax["shape"]](checker, syntax, body) else "type"


def pattern_forms(checker: Checker, pattern: str) -> tuple[Hashable, Hashable]:
    """What of a pattern is compared with others: its text, and its items as a set."""
    return pattern, frozenset(pattern.split(checker.table.data["delimiters"]["item"]))


def distinct_form(checker: Checker, interaction_type: str, pattern: str) -> Hashable | None:
    """Which of :func:`pattern_forms` no other pattern of the interaction may have: the set for choice, else the text, or neither (None)."""
    rule = checker.table.data["interactionTypes"].get(interaction_type, {}).get("uniquePatterns")
    if rule is None or not checker.settings["validateInteractionResponses"]:
        return None
    text, items = pattern_forms(checker, pattern)
    return text if rule == "text" else items


def max_patterns(checker: Checker, interaction_type: str) -> int | None:
    """How many correct responses the type may have; None: any number."""
    if not checker.settings["validateInteractionResponses"]:
        return None
    limit = checker.table.data["interactionTypes"].get(interaction_type, {}).get("maxPatterns")
    return None if limit is None else int(limit)


def _without_flags(value: str, names: Sequence[str]) -> str | None:
    """The value without its leading {case_matters=…}{order_matters=…}; None when one is neither true nor false."""
    left = list(names)
    while (flag := _FLAG.match(value)) and flag[1] in left:
        if flag[2] not in ("true", "false"):
            return None
        left.remove(flag[1])
        value = value[flag.end() :]
    return value


def _one(checker: Checker, syntax: Syntax, body: str) -> bool:
    return not checker.check(syntax["item"], body)


def _list(checker: Checker, syntax: Syntax, body: str) -> bool:
    items = body.split(checker.table.data["delimiters"]["item"])
    if syntax.get("unique") and len(set(items)) < len(items):
        return False
    return all(not checker.check(syntax["item"], item) for item in items)


def _pairs(checker: Checker, syntax: Syntax, body: str) -> bool:
    marks = checker.table.data["delimiters"]
    pairs = [item.split(marks["pair"]) for item in body.split(marks["item"])]
    return all(len(pair) == 2 and all(not checker.check(syntax["item"], half) for half in pair) for pair in pairs)


def _steps(checker: Checker, syntax: Syntax, body: str) -> bool:
    marks = checker.table.data["delimiters"]
    return all(_step(checker, syntax, item.split(marks["pair"])) for item in body.split(marks["item"]))


def _step(checker: Checker, syntax: Syntax, step: list[str]) -> bool:
    """name[.]answer, one of which may be left out (RTE 4.2.9.1, performance)."""
    if len(step) != 2 or step == ["", ""]:
        return False
    name, answer = step
    if name and checker.check(syntax["item"], name):
        return False
    ends = answer.split(checker.table.data["delimiters"]["range"])
    numbers = [real(end) for end in ends]
    return not (syntax.get("ranges") and len(ends) == 2 and None not in numbers) or _rising(numbers)


def _range(checker: Checker, syntax: Syntax, body: str) -> bool:
    ends = body.split(checker.table.data["delimiters"]["range"])
    numbers = [real(end) for end in ends]
    fits = all(number is not None or end == "" for number, end in zip(numbers, ends, strict=True))
    return len(ends) == 2 and fits and _rising(numbers)


def _rising(numbers: Sequence[float | None]) -> bool:
    low, high = numbers
    return low is None or high is None or low <= high


_SHAPES: dict[str, Callable[[Checker, Syntax, str], bool]] = {
    "one": _one,
    "list": _list,
    "pairs": _pairs,
    "steps": _steps,
    "range": _range,
}
