"""Random courses and walks through them; the same for the same seed."""

from __future__ import annotations

import random
from itertools import count
from typing import Any

from course_packages.model import (
    CompletionThreshold,
    Item,
    MapInfo,
    Objective,
    Organization,
    RollupCondition,
    RollupRule,
    RuleCondition,
    Sequencing,
    SequencingRule,
    Standard,
)
from scorm_runtime.sequencing import REQUESTS, ActivityReport, ObjectiveReport

CONDITIONS = (
    "satisfied", "objectiveStatusKnown", "objectiveMeasureKnown", "objectiveMeasureGreaterThan", "objectiveMeasureLessThan",
    "completed", "activityProgressKnown", "attempted", "attemptLimitExceeded", "timeLimitExceeded", "always",
)  # fmt: skip
MEASURES = (-1.0, 0.0, 0.3, 0.5, 1.0)
REQUIRED = ("always", "ifAttempted", "ifNotSkipped", "ifNotSuspended")
TIMING = ("never", "never", "once", "onEachNewAttempt")
EDITIONS = (
    *[Standard.SCORM_2004_4] * 2, Standard.SCORM_2004_3, Standard.SCORM_2004_2, Standard.SCORM_12,
)  # fmt: skip
MOVES = (*REQUESTS, *["continue"] * 3, *["choice"] * 4, "previous")


class RandomCourse:
    """``organization`` of up to a few dozen activities three levels deep, and ``edition``."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.numbers = count(1)
        self.edition = self.pick(*EDITIONS)
        self.organization = Organization(
            identifier="root",
            title="root",
            items=self.items(1),
            sequencing=self.sequencing(),
            completion_threshold=self.threshold(),
            objectives_global_to_system=self.coin(),
        )
        self.identifiers = ["root", *(item.identifier for item in self.organization.walk())]

    def pick(self, *choices: Any) -> Any:
        return self.dice.choice(choices)

    def coin(self, likely: float = 0.5) -> bool:
        return self.dice.random() < likely

    # --- the course

    def items(self, depth: int) -> tuple[Item, ...]:
        return tuple(self.item(depth) for _ in range(self.dice.randint(1, 4)))

    def item(self, depth: int) -> Item:
        identifier = f"i{next(self.numbers)}"
        common: dict[str, Any] = {
            "identifier": identifier,
            "title": identifier,
            "sequencing": self.sequencing(),
            "completion_threshold": self.threshold(),
        }
        if depth < 3 and self.coin():
            return Item(**common, children=self.items(depth + 1))
        script = self.pick(None, None, "i1", "~i2|i1", "i1 &")
        return Item(**common, href="x.html", scorm_type=self.pick("sco", "sco", "asset"), prerequisites=script)

    def threshold(self) -> CompletionThreshold | None:
        by_measure = CompletionThreshold(completed_by_measure=True, min_progress_measure=0.5)
        return self.pick(None, None, by_measure)  # type: ignore[no-any-return]

    def rules(self, *actions: str) -> tuple[SequencingRule, ...]:
        return tuple(self.rule(self.pick(*actions)) for _ in range(self.pick(0, 0, 1, 1, 2)))

    def rule(self, action: str) -> SequencingRule:
        conditions = tuple(
            RuleCondition(
                condition=self.pick(*CONDITIONS),
                referenced_objective=self.pick(None, None, "o1", "absent"),
                measure_threshold=self.pick(*MEASURES),
                negated=self.coin(),
            )
            for _ in range(self.pick(0, 1, 1, 1, 2))
        )
        return SequencingRule(action=action, conditions=conditions, combination=self.pick("all", "any"))

    def rollup_rule(self) -> RollupRule:
        return RollupRule(
            action=self.pick("satisfied", "notSatisfied", "completed", "incomplete"),
            child_activity_set=self.pick("all", "any", "none", "atLeastCount", "atLeastPercent"),
            minimum_count=self.dice.randint(0, 3),
            minimum_percent=self.pick(*MEASURES),
            conditions=tuple(
                RollupCondition(condition=self.pick(*CONDITIONS), negated=self.coin())
                for _ in range(self.pick(0, 1, 1, 2))
            ),
            combination=self.pick("all", "any"),
        )

    def objectives(self) -> tuple[Objective, ...]:
        if self.coin(0.4):
            return ()
        maps = tuple(self.map_info(target) for target in ("g1", "g2") if self.coin())
        primary = Objective(
            objective_id="o0",
            primary=True,
            satisfied_by_measure=self.coin(0.25),
            min_normalized_measure=0.5,
            maps=maps,
        )
        return primary, Objective(objective_id="o1", maps=maps)

    def map_info(self, target: str) -> MapInfo:
        return MapInfo(
            target_objective_id=target,
            read_satisfied_status=self.coin(),
            read_normalized_measure=self.coin(),
            write_satisfied_status=self.coin(),
            write_normalized_measure=self.coin(),
            read_completion_status=self.coin(),
            write_completion_status=self.coin(),
            read_progress_measure=self.coin(),
            write_progress_measure=self.coin(),
        )

    def sequencing(self) -> Sequencing:
        often, rarely = 0.75, 0.2
        return Sequencing(
            choice=self.coin(often),
            choice_exit=self.coin(often),
            flow=self.coin(often),
            forward_only=self.coin(rarely),
            use_current_attempt_objective_info=self.coin(often),
            use_current_attempt_progress_info=self.coin(often),
            constrain_choice=self.coin(rarely),
            prevent_activation=self.coin(rarely),
            pre_condition_rules=self.rules("skip", "disabled", "hiddenFromChoice", "stopForwardTraversal"),
            exit_condition_rules=self.rules("exit") if self.coin(rarely) else (),
            post_condition_rules=self.rules("exitParent", "exitAll", "retry", "retryAll", "continue", "previous"),
            attempt_limit=self.pick(None, None, None, 1, 2),
            rollup_rules=tuple(self.rollup_rule() for _ in range(self.pick(0, 0, 1, 2))),
            rollup_objective_satisfied=self.coin(often),
            rollup_progress_completion=self.coin(often),
            objective_measure_weight=self.pick(0.0, 0.5, 1.0),
            required_for_satisfied=self.pick(*REQUIRED),
            required_for_completed=self.pick(*REQUIRED),
            measure_satisfaction_if_active=self.coin(often),
            objectives=self.objectives(),
            selection_timing=self.pick(*TIMING),
            select_count=self.pick(None, 0, 1, 2),
            randomization_timing=self.pick(*TIMING),
            reorder_children=self.coin(),
            tracked=self.coin(0.85),
            completion_set_by_content=self.coin(rarely),
            objective_set_by_content=self.coin(rarely),
        )

    # --- the walk

    def move(self) -> tuple[str, str | None]:
        """A request and its target."""
        request = self.pick(*MOVES)
        return request, self.pick(*self.identifiers) if request in ("choice", "jump") else None

    def report(self) -> ActivityReport:
        """What the current content says."""
        about_o1 = {"o1": ObjectiveReport(success_status=self.pick(None, "passed", "failed"), scaled=0.4)}
        return ActivityReport(
            completion_status=self.pick(None, "unknown", "completed", "incomplete", "not attempted"),
            success_status=self.pick(None, "unknown", "passed", "failed"),
            scaled=self.pick(None, *MEASURES),
            progress_measure=self.pick(None, 0.2, 0.7),
            objectives=self.pick({}, about_o1),
            suspended=self.coin(0.15),
        )
