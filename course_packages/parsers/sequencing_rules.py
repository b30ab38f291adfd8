"""Sequencing rules and rollup rules of an activity (``imsss:sequencingRules``, ``imsss:rollupRules``).

Sources: SCORM 2004 4th Edition SN 3.4, 3.7; IMS Simple Sequencing 1.0 Information Model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal, cast

from course_packages.model import RollupCondition, RollupRule, RuleCondition, SequencingRule
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


def sequencing_rules(element: Element, values: Values) -> dict[str, Any]:
    """The keyword arguments of :class:`Sequencing` that a ``sequencingRules`` gives."""
    return {
        "pre_condition_rules": _rules_of(element, "preconditionrule", values),
        "exit_condition_rules": _rules_of(element, "exitconditionrule", values),
        "post_condition_rules": _rules_of(element, "postconditionrule", values),
    }


def _rules_of(element: Element, kind: str, values: Values) -> tuple[SequencingRule, ...]:
    return tuple(filter(None, (_rule(rule, kind, values) for rule in children(element, kind))))


def _rule(rule: Element, kind: str, values: Values) -> SequencingRule | None:
    said = _said(rule, "rule", _ACTIONS[kind], _rule_conditions, "all", values)
    return SequencingRule(**said) if said else None


def _said(
    rule: Element,
    kind: str,
    actions: tuple[str, ...],
    conditions_of: Callable[[Element, Values], Iterator[RuleCondition | RollupCondition]],
    combination: str,
    values: Values,
) -> dict[str, Any] | None:
    """What rules and rollup rules both say, as keyword arguments; ``combination`` is what counts when they do not.

    None when the action is none: a rule that does nothing.
    """
    group, act = child(rule, f"{kind}conditions"), child(rule, f"{kind}action")
    value = "" if act is None else attribute(act, "action") or ""
    action = values.to_token(act if act is not None else rule, "action", value, actions, "no rule")
    if action is None:
        return None
    conditions = () if group is None else tuple(conditions_of(group, values))
    if not conditions:
        values.findings.add("rule_without_condition", file=values.file, line=line_of(rule), action=action)
        return None
    if group is not None:
        combination = values.token(group, "conditionCombination", ("all", "any"), combination)
    return {"action": action, "conditions": conditions, "combination": combination}


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


def rollup_rules(element: Element, values: Values) -> dict[str, Any]:
    """The keyword arguments of :class:`Sequencing` that a ``rollupRules`` gives."""
    rules = (_rollup_rule(rule, values) for rule in children(element, "rolluprule"))
    return {
        "rollup_rules": tuple(rule for rule in rules if rule is not None),
        "rollup_objective_satisfied": values.boolean(element, "rollupObjectiveSatisfied", True),
        "rollup_progress_completion": values.boolean(element, "rollupProgressCompletion", True),
        "objective_measure_weight": values.number(element, "objectiveMeasureWeight", 1.0, 0, 1),
    }


def _rollup_rule(rule: Element, values: Values) -> RollupRule | None:
    said = _said(rule, "rollup", _ROLLUP_ACTIONS, _rollup_conditions, "any", values)
    if said is None:
        return None
    return RollupRule(
        **said,
        child_activity_set=cast(
            Literal["all", "any", "none", "atLeastCount", "atLeastPercent"],
            values.token(rule, "childActivitySet", _CHILD_SETS, "all"),
        ),
        minimum_count=values.count(rule, "minimumCount") or 0,
        minimum_percent=values.number(rule, "minimumPercent", 0.0, 0, 1),
    )


def _rollup_conditions(group: Element, values: Values) -> Iterator[RollupCondition]:
    for element in children(group, "rollupcondition"):
        value = attribute(element, "condition") or ""
        condition = values.to_token(element, "condition", value, _ROLLUP_CONDITIONS, "no condition")
        if condition is not None:
            negated = values.token(element, "operator", ("noOp", "not"), "noOp") == "not"
            yield RollupCondition(condition=condition, negated=negated)
