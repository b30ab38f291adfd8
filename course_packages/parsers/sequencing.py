"""Sequencing definitions: ``imsss``, ``adlseq`` and the sequencing collection, with every default of the schemas.

Sources: SCORM 2004 4th Edition CAM 5.1, SN 3; IMS Simple Sequencing 1.0 Information Model.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, cast

from course_packages import xml
from course_packages.model import Sequencing
from course_packages.parsers.sequencing_objectives import objectives
from course_packages.parsers.sequencing_rules import rollup_rules, sequencing_rules
from course_packages.parsers.values import Values
from course_packages.xml import Element, attribute, child, children, line_of

_TIMINGS = ("never", "once", "onEachNewAttempt")
_CONSIDERATIONS = ("always", "ifAttempted", "ifNotSkipped", "ifNotSuspended")

_Timing = Literal["never", "once", "onEachNewAttempt"]


class SequencingReader:
    """Reads the ``sequencing`` of activities; knows the reusable ones of the manifest's collections."""

    def __init__(self, root: Element, budget: int) -> None:
        """``budget``: how many sequencing elements all activities together may have once IDRefs are resolved."""
        self._shared: dict[str, Element] = {}
        self._budget = budget
        for collection in _everywhere(root, "sequencingcollection"):
            for sequencing in children(collection, "sequencing"):
                identifier = attribute(sequencing, "ID")
                if identifier:
                    self._shared.setdefault(identifier, sequencing)

    def of(self, activity: Element, values: Values) -> Sequencing:
        """The definition of an item or organization; all defaults when it has none."""
        element = child(activity, "sequencing")
        if element is None:
            return Sequencing()
        parts = _parts(element)
        reference = attribute(element, "IDRef")
        if reference:
            shared = self._shared.get(reference)
            if shared is None:
                values.findings.add(
                    "sequencing_reference", file=values.file, line=line_of(element), reference=reference
                )
            else:
                # CAM 5.1: what the activity says itself replaces the same element of the collection as a whole.
                parts = _parts(shared) | parts
        self._budget -= sum(1 for part in parts.values() for _ in part.iter())
        if self._budget < 0:
            values.findings.fail("sequencing_too_much", file=values.file, line=line_of(element))
        return _sequencing(parts, values)


def _everywhere(root: Element, wanted: str) -> Iterator[Element]:
    return (e for e in root.iter() if isinstance(e.tag, str) and xml.name(e) == wanted)


def _parts(element: Element) -> dict[str, Element]:
    """Child elements by name; ``adlseq:objectives`` is another thing than ``imsss:objectives``."""
    parts: dict[str, Element] = {}
    for part in element:
        if not isinstance(part.tag, str):
            continue
        key = xml.name(part)
        if key == "objectives" and "adlseq" in xml.namespace(part):
            key = "adlseq:objectives"
        parts.setdefault(key, part)
    return parts


def _sequencing(parts: dict[str, Element], values: Values) -> Sequencing:
    found: dict[str, Any] = {}
    for key, read in _READERS.items():
        if key in parts:
            found |= read(parts[key], values)
    if "objectives" in parts or "adlseq:objectives" in parts:
        found["objectives"] = objectives(parts.get("objectives"), parts.get("adlseq:objectives"), values)
    return Sequencing(**found)


def _control_mode(element: Element, values: Values) -> dict[str, Any]:
    return {
        "choice": values.boolean(element, "choice", True),
        "choice_exit": values.boolean(element, "choiceExit", True),
        "flow": values.boolean(element, "flow", False),
        "forward_only": values.boolean(element, "forwardOnly", False),
        "use_current_attempt_objective_info": values.boolean(element, "useCurrentAttemptObjectiveInfo", True),
        "use_current_attempt_progress_info": values.boolean(element, "useCurrentAttemptProgressInfo", True),
    }


def _limits(element: Element, values: Values) -> dict[str, Any]:
    absolute = attribute(element, "attemptAbsoluteDurationLimit")
    return {
        "attempt_limit": values.count(element, "attemptLimit"),
        "attempt_absolute_duration_limit": values.duration(element, "attemptAbsoluteDurationLimit", absolute)
        if absolute
        else None,
    }


def _randomization(element: Element, values: Values) -> dict[str, Any]:
    return {
        "selection_timing": cast(_Timing, values.token(element, "selectionTiming", _TIMINGS, "never")),
        "select_count": values.count(element, "selectCount"),
        "randomization_timing": cast(_Timing, values.token(element, "randomizationTiming", _TIMINGS, "never")),
        "reorder_children": values.boolean(element, "reorderChildren", False),
    }


def _delivery(element: Element, values: Values) -> dict[str, Any]:
    return {
        "tracked": values.boolean(element, "tracked", True),
        "completion_set_by_content": values.boolean(element, "completionSetByContent", False),
        "objective_set_by_content": values.boolean(element, "objectiveSetByContent", False),
    }


def _constrained_choice(element: Element, values: Values) -> dict[str, Any]:
    return {
        "constrain_choice": values.boolean(element, "constrainChoice", False),
        "prevent_activation": values.boolean(element, "preventActivation", False),
    }


def _rollup_considerations(element: Element, values: Values) -> dict[str, Any]:
    return {
        "required_for_satisfied": values.token(element, "requiredForSatisfied", _CONSIDERATIONS, "always"),
        "required_for_not_satisfied": values.token(element, "requiredForNotSatisfied", _CONSIDERATIONS, "always"),
        "required_for_completed": values.token(element, "requiredForCompleted", _CONSIDERATIONS, "always"),
        "required_for_incomplete": values.token(element, "requiredForIncomplete", _CONSIDERATIONS, "always"),
        "measure_satisfaction_if_active": values.boolean(element, "measureSatisfactionIfActive", True),
    }


_READERS = {
    "controlmode": _control_mode,
    "sequencingrules": sequencing_rules,
    "limitconditions": _limits,
    "rolluprules": rollup_rules,
    "randomizationcontrols": _randomization,
    "deliverycontrols": _delivery,
    "constrainedchoiceconsiderations": _constrained_choice,
    "rollupconsiderations": _rollup_considerations,
}
