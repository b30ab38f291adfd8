"""Utility processes: limit conditions, sequencing rules, activity check (UP.1, UP.2, UP.5)."""

from __future__ import annotations

from course_packages.model import RuleCondition, SequencingRule, Standard
from scorm_runtime.sequencing import objectives, scorm12
from scorm_runtime.sequencing.tree import Activity, ActivityTree


def limit_conditions_violated(tree: ActivityTree, activity: Activity) -> bool:
    """Limit Conditions Check Process (UP.1). Of the limits SCORM asks only for the attempt limit (SN 3.5)."""
    # UP.1 step 1
    if not activity.tracked:
        return False
    # UP.1 step 2: an attempt that is under way or suspended may go on.
    if activity.active or activity.suspended:
        return False
    # UP.1 step 3
    limit = activity.sequencing.attempt_limit
    return limit is not None and activity.attempts >= limit


def condition_holds(tree: ActivityTree, activity: Activity, condition: RuleCondition) -> bool | None:
    """One condition of a sequencing rule (SN table 3.4.2a); None is unknown."""
    answer = _condition(tree, activity, condition)
    # UP.2.1 step 2.1.2: the opposite of unknown is unknown.
    return not answer if condition.negated and answer is not None else answer


def _condition(tree: ActivityTree, activity: Activity, condition: RuleCondition) -> bool | None:
    name = condition.condition
    if name == "always":
        return True
    if name == "attempted":
        return activity.tracked and activity.attempts > 0
    if name == "attemptLimitExceeded":
        limit = activity.sequencing.attempt_limit
        return activity.tracked and limit is not None and activity.attempts >= limit
    if name in ("timeLimitExceeded", "outsideAvailableTimeRange"):
        # SN 3.4.2: SCORM does not evaluate time limits.
        return None
    objective = activity.objective(condition.referenced_objective)
    if objective is None:
        return None
    if name == "satisfied":
        return objectives.is_satisfied(tree, activity, objective)
    if name == "objectiveStatusKnown":
        return objectives.is_satisfied(tree, activity, objective) is not None
    if name == "completed":
        return objectives.is_completed(tree, activity, objective)
    if name == "activityProgressKnown":
        return objectives.is_completed(tree, activity, objective) is not None
    return _measured(objectives.fact(tree, activity, objective, "measure"), condition)


def _measured(measure: float | None, condition: RuleCondition) -> bool | None:
    if condition.condition == "objectiveMeasureKnown":
        return measure is not None
    if measure is None:
        return None
    threshold = condition.measure_threshold or 0.0
    if condition.condition == "objectiveMeasureGreaterThan":
        return measure > threshold
    if condition.condition == "objectiveMeasureLessThan":
        return measure < threshold
    return None


def rule_applies(tree: ActivityTree, activity: Activity, rule: SequencingRule) -> bool:
    """Sequencing Rule Check Subprocess (UP.2.1): unknown counts as false in the end."""
    answers = [condition_holds(tree, activity, condition) for condition in rule.conditions]
    if not answers:
        # UP.2.1 step 3: no condition, nothing to go by.
        return False
    if rule.combination == "any":
        return any(answer is True for answer in answers)
    return all(answer is True for answer in answers)


def rules_check(
    tree: ActivityTree, activity: Activity, rules: tuple[SequencingRule, ...], actions: tuple[str, ...]
) -> str | None:
    """Sequencing Rules Check Process (UP.2): the action of the first rule that applies."""
    for rule in rules:
        if rule.action in actions and rule_applies(tree, activity, rule):
            tree.note("UP.2", f"{activity.id}: rule {rule.action} applies ({_words(rule)})")
            return rule.action
    return None


def _words(rule: SequencingRule) -> str:
    words = []
    for c in rule.conditions:
        text = ("not " if c.negated else "") + c.condition
        if c.measure_threshold is not None:
            text += f" {c.measure_threshold:g}"
        if c.referenced_objective:
            text += f" of {c.referenced_objective}"
        words.append(text)
    return (" and " if rule.combination == "all" else " or ").join(words)


def pre_condition(tree: ActivityTree, activity: Activity, action: str) -> bool:
    """Whether a pre condition rule with this action applies to the activity."""
    rules = activity.sequencing.pre_condition_rules
    if action == "skip" and activity.is_heading:
        return True
    if tree.edition is Standard.SCORM_12:
        return _prerequisites_bar(tree, activity, action)
    if not rules:
        return False
    if tree.memory is None:
        return rules_check(tree, activity, rules, (action,)) is not None
    key = (activity, action)
    if key not in tree.memory.rules:
        tree.memory.rules[key] = rules_check(tree, activity, rules, (action,)) is not None
    return tree.memory.rules[key]


def _prerequisites_bar(tree: ActivityTree, activity: Activity, action: str) -> bool:
    """SCORM 1.2: what lacks its prerequisites is passed over by Continue and Previous and cannot be chosen."""
    return action in ("skip", "disabled") and not scorm12.prerequisites_met(tree, activity)


def check_activity(tree: ActivityTree, activity: Activity) -> bool:
    """Check Activity Process (UP.5): True when the activity must not be delivered."""
    # UP.5 step 1, 2
    if pre_condition(tree, activity, "disabled"):
        tree.note("UP.5 step 2", f"{activity.id} is disabled")
        return True
    # UP.5 step 3, 4
    if limit_conditions_violated(tree, activity):
        tree.note("UP.5 step 4", f"{activity.id} has no attempt left ({activity.attempts} made)")
        return True
    return False
