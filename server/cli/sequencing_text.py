"""Sequencing in sentences for authors. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from course_packages.model import Objective, RollupRule, RuleCondition, Sequencing, SequencingRule

_CONDITIONS = {
    "satisfied": ("{it} is passed", "{it} is not passed"),
    "objectiveStatusKnown": ("it is known whether {it} is passed", "it is not known whether {it} is passed"),
    "objectiveMeasureKnown": ("{score} is known", "{score} is not known"),
    "objectiveMeasureGreaterThan": ("{score} is above {threshold}", "{score} is not above {threshold}"),
    "objectiveMeasureLessThan": ("{score} is below {threshold}", "{score} is not below {threshold}"),
    "completed": ("it is complete", "it is not complete"),
    "activityProgressKnown": ("it is known whether it is complete", "it is not known whether it is complete"),
    "attempted": ("it has been opened", "it has not been opened"),
    "attemptLimitExceeded": ("no attempt is left", "an attempt is left"),
    "timeLimitExceeded": ("its time is up", "its time is not up"),
    "outsideAvailableTimeRange": ("it is out of its dates", "it is within its dates"),
    "always": ("always", "never"),
}
_BEFORE = {
    "skip": "Continue passes it by",
    "disabled": "cannot be opened",
    "hiddenFromChoice": "cannot be chosen in the contents",
    "stopForwardTraversal": "Continue goes no further",
}
_AFTER = {
    "exit": "is left",
    "exitParent": "the chapter around it is left",
    "exitAll": "the course ends",
    "retry": "it begins again",
    "retryAll": "the whole course begins again",
    "continue": "the next part follows",
    "previous": "the part before it follows",
}
_ROLLED = {"satisfied": "passed", "notSatisfied": "failed", "completed": "complete", "incomplete": "incomplete"}
_CHILDREN = {"all": "all its parts", "any": "any of its parts", "none": "none of its parts"}


def sentences(sequencing: Sequencing, *, cluster: bool) -> Iterator[str]:
    """What an author set on purpose; ``cluster``: of a chapter or course, where control modes have a meaning."""
    if cluster:
        yield from _modes(sequencing)
    if sequencing.attempt_limit is not None:
        yield f"at most {_count(sequencing.attempt_limit, 'attempt')}"
    for rule in sequencing.pre_condition_rules:
        yield _rule(_BEFORE.get(rule.action, rule.action), rule)
    for rule in (*sequencing.exit_condition_rules, *sequencing.post_condition_rules):
        yield _rule(f"afterwards {_AFTER.get(rule.action, rule.action)}", rule)
    for rolled in sequencing.rollup_rules:
        yield _rollup(rolled)
    for objective in sequencing.objectives:
        yield from _objective(objective)
    if not sequencing.tracked:
        yield "not tracked"


def _modes(sequencing: Sequencing) -> Iterator[str]:
    if sequencing.flow:
        yield "learners go through it with Continue" + ("" if sequencing.forward_only else " and Previous")
    if sequencing.forward_only:
        yield "there is no way back"
    if not sequencing.choice:
        yield "its parts cannot be chosen in the contents"
    if not sequencing.choice_exit:
        yield "while it is open nothing outside it can be chosen"
    if sequencing.selection_timing != "never" and sequencing.select_count is not None:
        yield f"{_count(sequencing.select_count, 'part')} of it are picked at random"
    if sequencing.randomization_timing != "never" and sequencing.reorder_children:
        yield "its parts come in random order"


def _rule(what: str, rule: SequencingRule) -> str:
    joined = " and " if rule.combination == "all" else " or "
    said = joined.join(_condition(condition) for condition in rule.conditions)
    return f"{what}, {said}" if said in ("always", "never") else f"{what} if {said}"


def _condition(condition: RuleCondition) -> str:
    plain, negated = _CONDITIONS.get(condition.condition, (condition.condition, f"not {condition.condition}"))
    threshold = "0" if condition.measure_threshold is None else f"{condition.measure_threshold:.0%}"
    name = f"“{condition.referenced_objective}”" if condition.referenced_objective else ""
    return (negated if condition.negated else plain).format(
        it=name or "it", score=f"the score of {name}" if name else "its score", threshold=threshold
    )


def _rollup(rule: RollupRule) -> str:
    if rule.child_activity_set == "atLeastCount":
        who = f"at least {_count(rule.minimum_count, 'part')}"
    elif rule.child_activity_set == "atLeastPercent":
        who = f"at least {rule.minimum_percent:.0%} of its parts"
    else:
        who = _CHILDREN[rule.child_activity_set]
    joined = " and " if rule.combination == "all" else " or "
    words = {"satisfied": "passed", "completed": "complete", "attempted": "opened"}
    said = joined.join(("not " if c.negated else "") + words.get(c.condition, c.condition) for c in rule.conditions)
    return f"is {_ROLLED.get(rule.action, rule.action)} once {who} are {said}"


def _objective(objective: Objective) -> Iterator[str]:
    name = f"objective “{objective.objective_id}”" if objective.objective_id else "it"
    if objective.satisfied_by_measure:
        yield f"{'it' if objective.primary else name} is passed from a score of {objective.min_normalized_measure:.0%}"
    reads = [m.target_objective_id for m in objective.maps if m.read_satisfied_status or m.read_normalized_measure]
    writes = [m.target_objective_id for m in objective.maps if m.write_satisfied_status or m.write_normalized_measure]
    for verb, targets in (("is known from", [t for t in reads if t not in writes]), ("is shared as", writes)):
        if targets:
            yield f"{name} {verb} {', '.join(f'“{target}”' for target in targets)}"


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
