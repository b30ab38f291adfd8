"""Sequencing definitions: ``imsss``, ``adlseq`` and the sequencing collection, with every default of the schemas.

Sources: SCORM 2004 4th Edition CAM 5.1, SN 3; IMS Simple Sequencing 1.0 Information Model.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, cast

from course_packages import xml
from course_packages.model import (
    MapInfo,
    Objective,
    RollupCondition,
    RollupRule,
    RuleCondition,
    Sequencing,
    SequencingRule,
)
from course_packages.parsers.values import Values
from course_packages.xml import Element, attribute, child, children, line_of

_ROLLUP_CONDITIONS = (
    "satisfied",
    "objectiveStatusKnown",
    "objectiveMeasureKnown",
    "completed",
    "activityProgressKnown",
    "attempted",
    "attemptLimitExceeded",
    "timeLimitExceeded",
    "outsideAvailableTimeRange",
)
_RULE_CONDITIONS = (*_ROLLUP_CONDITIONS, "objectiveMeasureGreaterThan", "objectiveMeasureLessThan", "always")
_ACTIONS = {
    "preconditionrule": ("skip", "disabled", "hiddenFromChoice", "stopForwardTraversal"),
    "exitconditionrule": ("exit",),
    "postconditionrule": ("exitParent", "exitAll", "retry", "retryAll", "continue", "previous"),
}
_ROLLUP_ACTIONS = ("satisfied", "notSatisfied", "completed", "incomplete")
_CHILD_SETS = ("all", "any", "none", "atLeastCount", "atLeastPercent")
_TIMINGS = ("never", "once", "onEachNewAttempt")
_CONSIDERATIONS = ("always", "ifAttempted", "ifNotSkipped", "ifNotSuspended")

_Combination = Literal["all", "any"]
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
        found["objectives"] = _objectives(parts.get("objectives"), parts.get("adlseq:objectives"), values)
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


# --- rules --------------------------------------------------------------------------------------------------------


def _rules(element: Element, values: Values) -> dict[str, Any]:
    return {
        "pre_condition_rules": _rules_of(element, "preconditionrule", values),
        "exit_condition_rules": _rules_of(element, "exitconditionrule", values),
        "post_condition_rules": _rules_of(element, "postconditionrule", values),
    }


def _rules_of(element: Element, kind: str, values: Values) -> tuple[SequencingRule, ...]:
    return tuple(filter(None, (_rule(rule, kind, values) for rule in children(element, kind))))


def _rule(rule: Element, kind: str, values: Values) -> SequencingRule | None:
    """None when the action is none: a rule that does nothing."""
    group, act = child(rule, "ruleconditions"), child(rule, "ruleaction")
    value = "" if act is None else attribute(act, "action") or ""
    action = values.to_token(act if act is not None else rule, "action", value, _ACTIONS[kind], "no rule")
    if action is None:
        return None
    conditions = () if group is None else tuple(_rule_conditions(group, values))
    if not conditions:
        values.findings.add("rule_without_condition", file=values.file, line=line_of(rule), action=action)
        return None
    combination = "all" if group is None else values.token(group, "conditionCombination", ("all", "any"), "all")
    return SequencingRule(action=action, conditions=conditions, combination=cast(_Combination, combination))


def _rule_conditions(group: Element, values: Values) -> Iterator[RuleCondition]:
    for element in children(group, "rulecondition"):
        value = attribute(element, "condition") or ""
        condition = values.to_token(element, "condition", value, _RULE_CONDITIONS, "no condition")
        if condition is None:
            continue
        yield RuleCondition(
            condition=condition,
            referenced_objective=attribute(element, "referencedObjective") or None,
            measure_threshold=values.number(element, "measureThreshold", 0.0, -1, 1)
            if attribute(element, "measureThreshold")
            else None,
            negated=values.token(element, "operator", ("noOp", "not"), "noOp") == "not",
        )


def _limits(element: Element, values: Values) -> dict[str, Any]:
    absolute = attribute(element, "attemptAbsoluteDurationLimit")
    return {
        "attempt_limit": values.count(element, "attemptLimit"),
        "attempt_absolute_duration_limit": values.duration(element, "attemptAbsoluteDurationLimit", absolute)
        if absolute
        else None,
    }


# --- rollup -------------------------------------------------------------------------------------------------------


def _rollup(element: Element, values: Values) -> dict[str, Any]:
    rules = (_rollup_rule(rule, values) for rule in children(element, "rolluprule"))
    return {
        "rollup_rules": tuple(rule for rule in rules if rule is not None),
        "rollup_objective_satisfied": values.boolean(element, "rollupObjectiveSatisfied", True),
        "rollup_progress_completion": values.boolean(element, "rollupProgressCompletion", True),
        "objective_measure_weight": values.number(element, "objectiveMeasureWeight", 1.0, 0, 1),
    }


def _rollup_rule(rule: Element, values: Values) -> RollupRule | None:
    group, act = child(rule, "rollupconditions"), child(rule, "rollupaction")
    value = "" if act is None else attribute(act, "action") or ""
    action = values.to_token(act if act is not None else rule, "action", value, _ROLLUP_ACTIONS, "no rule")
    if action is None:
        return None
    conditions = () if group is None else tuple(_rollup_conditions(group, values))
    if not conditions:
        values.findings.add("rule_without_condition", file=values.file, line=line_of(rule), action=action)
        return None
    combination = "any" if group is None else values.token(group, "conditionCombination", ("all", "any"), "any")
    return RollupRule(
        action=action,
        child_activity_set=cast(
            Literal["all", "any", "none", "atLeastCount", "atLeastPercent"],
            values.token(rule, "childActivitySet", _CHILD_SETS, "all"),
        ),
        minimum_count=values.count(rule, "minimumCount") or 0,
        minimum_percent=values.number(rule, "minimumPercent", 0.0, 0, 1),
        conditions=conditions,
        combination=cast(_Combination, combination),
    )


def _rollup_conditions(group: Element, values: Values) -> Iterator[RollupCondition]:
    for element in children(group, "rollupcondition"):
        value = attribute(element, "condition") or ""
        condition = values.to_token(element, "condition", value, _ROLLUP_CONDITIONS, "no condition")
        if condition is not None:
            negated = values.token(element, "operator", ("noOp", "not"), "noOp") == "not"
            yield RollupCondition(condition=condition, negated=negated)


# --- objectives ---------------------------------------------------------------------------------------------------


def _objectives(element: Element | None, extended: Element | None, values: Values) -> tuple[Objective, ...]:
    """``imsss:objectives`` joined with the maps that ``adlseq:objectives`` (4th edition) adds by objective ID."""
    added: dict[str | None, list[Element]] = {}
    for objective in children(extended, "objective") if extended is not None else ():
        added.setdefault(attribute(objective, "objectiveID"), []).extend(children(objective, "mapinfo"))
    found: list[Objective] = []
    seen: set[str | None] = set()
    for objective in children(element, "primaryobjective", "objective") if element is not None else ():
        identifier = attribute(objective, "objectiveID") or None
        primary = xml.name(objective) == "primaryobjective"
        if identifier in seen or (identifier is None and not primary):
            values.findings.add(
                "objective_invalid", file=values.file, line=line_of(objective), identifier=identifier or ""
            )
            continue
        seen.add(identifier)
        found.append(_objective(objective, identifier, primary, added.pop(identifier, []), values))
    for identifier in added:
        line = None if extended is None else line_of(extended)
        values.findings.add("objective_unknown", file=values.file, line=line, identifier=identifier or "")
    return tuple(found)


def _objective(
    element: Element, identifier: str | None, primary: bool, extended: list[Element], values: Values
) -> Objective:
    minimum = child(element, "minnormalizedmeasure")
    measure = 1.0
    if minimum is not None and xml.text(minimum):
        measure = values.to_number(minimum, "minNormalizedMeasure", xml.text(minimum), 1.0, -1, 1)
    return Objective(
        objective_id=identifier,
        primary=primary,
        satisfied_by_measure=values.boolean(element, "satisfiedByMeasure", False),
        min_normalized_measure=measure,
        maps=tuple(_maps(element, extended, values)),
    )


def _maps(element: Element, extended: list[Element], values: Values) -> Iterator[MapInfo]:
    maps: dict[str, dict[str, Any]] = {}
    for entry in children(element, "mapinfo"):
        maps.setdefault(attribute(entry, "targetObjectiveID") or "", {}).update(
            read_satisfied_status=values.boolean(entry, "readSatisfiedStatus", True),
            read_normalized_measure=values.boolean(entry, "readNormalizedMeasure", True),
            write_satisfied_status=values.boolean(entry, "writeSatisfiedStatus", False),
            write_normalized_measure=values.boolean(entry, "writeNormalizedMeasure", False),
        )
    for entry in extended:
        # A target that only adlseq names shares none of the two facts of imsss.
        nothing = {"read_satisfied_status": False, "read_normalized_measure": False}
        maps.setdefault(attribute(entry, "targetObjectiveID") or "", nothing).update(
            read_raw_score=values.boolean(entry, "readRawScore", True),
            read_min_score=values.boolean(entry, "readMinScore", True),
            read_max_score=values.boolean(entry, "readMaxScore", True),
            read_completion_status=values.boolean(entry, "readCompletionStatus", True),
            read_progress_measure=values.boolean(entry, "readProgressMeasure", True),
            write_raw_score=values.boolean(entry, "writeRawScore", False),
            write_min_score=values.boolean(entry, "writeMinScore", False),
            write_max_score=values.boolean(entry, "writeMaxScore", False),
            write_completion_status=values.boolean(entry, "writeCompletionStatus", False),
            write_progress_measure=values.boolean(entry, "writeProgressMeasure", False),
        )
    for target, flags in maps.items():
        if target:
            yield MapInfo(target_objective_id=target, **flags)
        else:
            values.findings.add("map_without_target", file=values.file, line=line_of(element))


# --- the rest -----------------------------------------------------------------------------------------------------


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
    "sequencingrules": _rules,
    "limitconditions": _limits,
    "rolluprules": _rollup,
    "randomizationcontrols": _randomization,
    "deliverycontrols": _delivery,
    "constrainedchoiceconsiderations": _constrained_choice,
    "rollupconsiderations": _rollup_considerations,
}
