"""Rollup of status from the children to their clusters (RB.1.1 - RB.1.5)."""

from __future__ import annotations

from collections.abc import Iterator

from course_packages.model import RollupCondition, RollupRule, Standard
from scorm_runtime.sequencing import checks, objectives, scorm12
from scorm_runtime.sequencing.tree import Activity, ActivityTree

# RB.1.2 b step 1, RB.1.3 b step 1: the rules of a cluster that has none of its own for the pair of actions.
DEFAULT_OBJECTIVE_RULES = (
    RollupRule(action="satisfied", conditions=(RollupCondition(condition="satisfied"),)),
    RollupRule(action="notSatisfied", conditions=(RollupCondition(condition="objectiveStatusKnown"),)),
)
DEFAULT_PROGRESS_RULES = (
    RollupRule(action="completed", conditions=(RollupCondition(condition="completed"),)),
    RollupRule(action="incomplete", conditions=(RollupCondition(condition="activityProgressKnown"),)),
)
# Global objectives may feed each other; a circle of them must not keep us.
MAX_ROUNDS = 20


def overall_rollup(tree: ActivityTree, activity: Activity) -> None:
    """Overall Rollup Process (RB.1.5), and again for every activity that reads a global objective this changed.

    SN 4.6.5: a change of a shared objective rolls up at all activities that read it.
    """
    touched = {activity}
    for _ in range(MAX_ROUNDS):
        # RB.1.5 step 1, 3: from the activity to the root, each cluster once, the deepest first.
        path = {cluster for start in touched for cluster in start.ancestors() if cluster.children}
        for cluster in sorted(path, key=lambda found: -found.depth):
            roll_up(tree, cluster)
        changed, tree.changed_globals = tree.changed_globals, set()
        touched = {reader for target in changed for reader in tree.readers.get(target, ())}
        if not touched:
            return


def roll_up(tree: ActivityTree, cluster: Activity) -> None:
    """RB.1.5 step 3.1 - 3.3 for one activity; a leaf has nothing to take over."""
    if cluster.is_leaf or not cluster.tracked:
        return
    if tree.edition is Standard.SCORM_12:
        scorm12.roll_up(tree, cluster)
        return
    measure_rollup(tree, cluster)
    if tree.edition is Standard.SCORM_2004_4:
        completion_measure_rollup(tree, cluster)
    if cluster.primary.definition.satisfied_by_measure:
        objective_rollup_using_measure(tree, cluster)
    else:
        objective_rollup_using_rules(tree, cluster)
    if cluster.threshold and cluster.threshold.completed_by_measure:
        progress_rollup_using_measure(tree, cluster)
    else:
        progress_rollup_using_rules(tree, cluster)


def measure_rollup(tree: ActivityTree, cluster: Activity) -> None:
    """Measure Rollup Process (RB.1.1 a): the weighted mean of the children's measures."""
    total = weights = 0.0
    known = False
    for child in cluster.available:
        if not child.tracked:
            continue
        # RB.1.1 a step 6.1.1.3.1: a child without a measure counts as zero.
        weight = child.sequencing.objective_measure_weight
        weights += weight
        measure = _measure(tree, child)
        if measure is not None:
            total += measure * weight
            known = True
    measure = total / weights if known and weights > 0 else None
    objectives.put(tree, cluster, cluster.primary, "measure", measure)


def completion_measure_rollup(tree: ActivityTree, cluster: Activity) -> None:
    """Completion Measure Rollup Process (RB.1.1 b): the weighted mean of the children's progress."""
    total = weights = 0.0
    known = False
    for child in cluster.available:
        if not child.tracked:
            continue
        weight = child.threshold.progress_weight if child.threshold else 1.0
        weights += weight
        amount = None if child.stale_progress else objectives.fact(tree, child, child.primary, "progress")
        if amount is not None:
            total += amount * weight
            known = True
    amount = total / weights if known and weights > 0 else None
    objectives.put(tree, cluster, cluster.primary, "progress", amount)


def objective_rollup_using_measure(tree: ActivityTree, cluster: Activity) -> None:
    """Objective Rollup Using Measure Process (RB.1.2 a)."""
    satisfied = objectives.is_satisfied(tree, cluster, cluster.primary)
    objectives.put(tree, cluster, cluster.primary, "satisfied", satisfied)


def objective_rollup_using_rules(tree: ActivityTree, cluster: Activity) -> None:
    """Objective Rollup Using Rules Process (RB.1.2 b); satisfied is looked at last and so prevails."""
    rules = _rules(cluster, ("satisfied", "notSatisfied")) or DEFAULT_OBJECTIVE_RULES
    if rule_check(tree, cluster, rules, "notSatisfied"):
        objectives.put(tree, cluster, cluster.primary, "satisfied", False)
    if rule_check(tree, cluster, rules, "satisfied"):
        objectives.put(tree, cluster, cluster.primary, "satisfied", True)


def progress_rollup_using_measure(tree: ActivityTree, cluster: Activity) -> None:
    """Activity Progress Rollup Using Measure Process (RB.1.3 a)."""
    objectives.put(tree, cluster, cluster.primary, "completed", objectives.is_completed(tree, cluster))


def progress_rollup_using_rules(tree: ActivityTree, cluster: Activity) -> None:
    """Activity Progress Rollup Using Rules Process (RB.1.3 b)."""
    rules = _rules(cluster, ("completed", "incomplete")) or DEFAULT_PROGRESS_RULES
    if rule_check(tree, cluster, rules, "incomplete"):
        objectives.put(tree, cluster, cluster.primary, "completed", False)
    if rule_check(tree, cluster, rules, "completed"):
        objectives.put(tree, cluster, cluster.primary, "completed", True)


def _rules(cluster: Activity, actions: tuple[str, ...]) -> tuple[RollupRule, ...]:
    return tuple(rule for rule in cluster.sequencing.rollup_rules if rule.action in actions)


def rule_check(tree: ActivityTree, cluster: Activity, rules: tuple[RollupRule, ...], action: str) -> bool:
    """Rollup Rule Check Subprocess (RB.1.4): whether one of the rules with this action applies."""
    wanted = [rule for rule in rules if rule.action == action]
    if not wanted:
        return False
    for rule in wanted:
        # RB.1.4 step 1.2.2, 1.2.3; looked at one by one, as most rules are decided by the first few children.
        answers = (
            conditions_hold(tree, child, rule)
            for child in cluster.available
            if child.tracked and contributes(tree, child, action)
        )
        if _enough(rule, answers):
            tree.note("RB.1.4", f"{cluster.id}: {action} by rule ({rule.child_activity_set})")
            return True
    return False


def _enough(rule: RollupRule, answers: Iterator[bool | None]) -> bool:
    """RB.1.4 step 1.2.4 - 1.2.9. "all" and "none" of no contributing child hold."""
    if rule.child_activity_set == "all":
        return all(answer is True for answer in answers)
    if rule.child_activity_set == "any":
        return any(answer is True for answer in answers)
    if rule.child_activity_set == "none":
        return all(answer is False for answer in answers)
    counted = list(answers)
    true = sum(answer is True for answer in counted)
    if rule.child_activity_set == "atLeastCount":
        return true >= rule.minimum_count
    return bool(counted) and true / len(counted) >= rule.minimum_percent


def conditions_hold(tree: ActivityTree, child: Activity, rule: RollupRule) -> bool | None:
    """Evaluate Rollup Conditions Subprocess (RB.1.4.1), in the three-valued logic of SN table 4.6.4a."""
    if len(rule.conditions) == 1:
        return _condition(tree, child, rule.conditions[0])
    answers = [_condition(tree, child, condition) for condition in rule.conditions]
    if not answers:
        return None
    if rule.combination == "all":
        if any(answer is False for answer in answers):
            return False
        return None if any(answer is None for answer in answers) else True
    if any(answer is True for answer in answers):
        return True
    return None if any(answer is None for answer in answers) else False


def _condition(tree: ActivityTree, child: Activity, condition: RollupCondition) -> bool | None:
    answer = _plain_condition(tree, child, condition.condition)
    return not answer if condition.negated and answer is not None else answer


def _measure(tree: ActivityTree, child: Activity) -> float | None:
    measure: float | None = None if child.stale_objective else objectives.fact(tree, child, child.primary, "measure")
    return measure


def _plain_condition(tree: ActivityTree, child: Activity, name: str) -> bool | None:
    if name in ("satisfied", "objectiveStatusKnown"):
        satisfied = None if child.stale_objective else objectives.is_satisfied(tree, child, child.primary)
        return satisfied if name == "satisfied" else satisfied is not None
    if name == "objectiveMeasureKnown":
        return _measure(tree, child) is not None
    if name in ("completed", "activityProgressKnown"):
        completed = None if child.stale_progress else objectives.is_completed(tree, child)
        return completed if name == "completed" else completed is not None
    if name == "attempted":
        return child.attempts > 0
    if name == "attemptLimitExceeded":
        limit = child.sequencing.attempt_limit
        return limit is not None and child.attempts >= limit
    # timeLimitExceeded, outsideAvailableTimeRange: not evaluated in SCORM; never: never.
    return False if name == "never" else None


def contributes(tree: ActivityTree, child: Activity, action: str) -> bool:
    """Check Child for Rollup Subprocess (RB.1.4.2)."""
    sequencing = child.sequencing
    if action in ("satisfied", "notSatisfied"):
        # RB.1.4.2 step 2
        included = sequencing.rollup_objective_satisfied
        required = sequencing.required_for_satisfied if action == "satisfied" else sequencing.required_for_not_satisfied
    else:
        # RB.1.4.2 step 3
        included = sequencing.rollup_progress_completion
        required = sequencing.required_for_completed if action == "completed" else sequencing.required_for_incomplete
    if not included:
        return False
    if required == "ifNotSuspended":
        return not (child.attempts == 0 or child.suspended)
    if required == "ifAttempted":
        return child.attempts > 0
    if required == "ifNotSkipped":
        return not checks.pre_condition(tree, child, "skip")
    return True
