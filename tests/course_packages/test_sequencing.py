from __future__ import annotations

from course_packages.archive import Limits
from course_packages.model import (
    MapInfo,
    Objective,
    RollupCondition,
    RollupRule,
    RuleCondition,
    Sequencing,
    SequencingRule,
)
from tests.course_packages.building import codes, inspected, manifest_2004, package


def sequencing(inner: str, *, attributes: str = "", after: str = "") -> tuple[Sequencing, list[str]]:
    items = (
        '<item identifier="i1" identifierref="r1"><title>T</title>'
        f"<imsss:sequencing{attributes}>{inner}</imsss:sequencing></item>"
    )
    found = inspected(package(manifest_2004(items=items, after=after)))
    assert found.package is not None, found.report.errors
    return found.package.organization.items[0].sequencing, codes(found)


def collection(identifier: str, inner: str) -> str:
    return (
        f'<imsss:sequencingCollection><imsss:sequencing ID="{identifier}">{inner}'
        "</imsss:sequencing></imsss:sequencingCollection>"
    )


def test_empty_elements_give_every_default() -> None:
    inner = (
        "<imsss:controlMode/><imsss:sequencingRules/><imsss:limitConditions/><imsss:rollupRules/>"
        "<imsss:randomizationControls/><imsss:deliveryControls/><adlseq:constrainedChoiceConsiderations/>"
        "<adlseq:rollupConsiderations/>"
    )
    assert sequencing(inner) == (Sequencing(), [])


def test_control_mode() -> None:
    found, _ = sequencing(
        '<imsss:controlMode choice="false" choiceExit="false" flow="true" forwardOnly="1" '
        'useCurrentAttemptObjectiveInfo="false" useCurrentAttemptProgressInfo="0"/>'
    )
    assert found == Sequencing(
        choice=False,
        choice_exit=False,
        flow=True,
        forward_only=True,
        use_current_attempt_objective_info=False,
        use_current_attempt_progress_info=False,
    )


def test_rules() -> None:
    found, notes = sequencing(
        '<imsss:sequencingRules><imsss:preConditionRule><imsss:ruleConditions conditionCombination="any">'
        '<imsss:ruleCondition condition="satisfied" referencedObjective="o" operator="not"/>'
        '<imsss:ruleCondition condition="objectiveMeasureGreaterThan" measureThreshold="0.25"/></imsss:ruleConditions>'
        '<imsss:ruleAction action="skip"/></imsss:preConditionRule>'
        '<imsss:exitConditionRule><imsss:ruleConditions><imsss:ruleCondition condition="always"/></imsss:ruleConditions>'
        '<imsss:ruleAction action="exit"/></imsss:exitConditionRule>'
        '<imsss:postConditionRule><imsss:ruleConditions><imsss:ruleCondition condition="completed"/>'
        '</imsss:ruleConditions><imsss:ruleAction action="retryAll"/></imsss:postConditionRule></imsss:sequencingRules>'
    )
    assert notes == []
    first = RuleCondition(condition="satisfied", referenced_objective="o", negated=True)
    second = RuleCondition(condition="objectiveMeasureGreaterThan", measure_threshold=0.25)
    assert found.pre_condition_rules == (SequencingRule(action="skip", conditions=(first, second), combination="any"),)
    assert found.exit_condition_rules == (
        SequencingRule(action="exit", conditions=(RuleCondition(condition="always"),)),
    )
    assert found.post_condition_rules[0].action == "retryAll"
    assert found.post_condition_rules[0].combination == "all"


def test_rules_that_say_nothing_are_dropped_by_name() -> None:
    found, notes = sequencing(
        '<imsss:sequencingRules><imsss:preConditionRule><imsss:ruleConditions><imsss:ruleCondition condition="never"/>'
        '</imsss:ruleConditions><imsss:ruleAction action="skip"/></imsss:preConditionRule>'
        '<imsss:postConditionRule><imsss:ruleConditions><imsss:ruleCondition condition="always"/></imsss:ruleConditions>'
        '<imsss:ruleAction action="skip"/></imsss:postConditionRule></imsss:sequencingRules>'
    )
    assert (found.pre_condition_rules, found.post_condition_rules) == ((), ())
    assert notes == ["value_invalid", "rule_without_condition", "value_invalid"]


def test_limits() -> None:
    found, _ = sequencing('<imsss:limitConditions attemptLimit="2" attemptAbsoluteDurationLimit="PT1H"/>')
    assert (found.attempt_limit, found.attempt_absolute_duration_limit) == (2, 3600)
    found, notes = sequencing('<imsss:limitConditions attemptLimit="-1"/>')
    assert (found.attempt_limit, notes) == (None, ["value_invalid"])


def test_rollup() -> None:
    found, _ = sequencing(
        '<imsss:rollupRules rollupObjectiveSatisfied="false" rollupProgressCompletion="false" '
        'objectiveMeasureWeight="0.5"><imsss:rollupRule childActivitySet="atLeastPercent" minimumPercent="0.4">'
        '<imsss:rollupConditions conditionCombination="all"><imsss:rollupCondition operator="not" condition="attempted"/>'
        '</imsss:rollupConditions><imsss:rollupAction action="incomplete"/></imsss:rollupRule></imsss:rollupRules>'
    )
    assert (found.rollup_objective_satisfied, found.rollup_progress_completion) == (False, False)
    assert found.objective_measure_weight == 0.5
    assert found.rollup_rules == (
        RollupRule(
            action="incomplete",
            child_activity_set="atLeastPercent",
            minimum_percent=0.4,
            conditions=(RollupCondition(condition="attempted", negated=True),),
            combination="all",
        ),
    )


def test_objectives_with_maps_of_both_namespaces() -> None:
    found, notes = sequencing(
        '<imsss:objectives><imsss:primaryObjective objectiveID="p" satisfiedByMeasure="true">'
        "<imsss:minNormalizedMeasure>-0.5</imsss:minNormalizedMeasure>"
        '<imsss:mapInfo targetObjectiveID="g" writeSatisfiedStatus="true"/></imsss:primaryObjective>'
        '<imsss:objective objectiveID="q"/></imsss:objectives>'
        '<adlseq:objectives><adlseq:objective objectiveID="p"><adlseq:mapInfo targetObjectiveID="g" '
        'writeRawScore="true" readMinScore="false"/></adlseq:objective><adlseq:objective objectiveID="q">'
        '<adlseq:mapInfo targetObjectiveID="h"/></adlseq:objective></adlseq:objectives>'
    )
    assert notes == []
    four_reads = {"read_raw_score": True, "read_max_score": True, "read_completion_status": True}
    joined = MapInfo(
        target_objective_id="g",
        write_satisfied_status=True,
        write_raw_score=True,
        read_min_score=False,
        read_progress_measure=True,
        **four_reads,
    )
    only_new = MapInfo(
        target_objective_id="h",
        read_satisfied_status=False,
        read_normalized_measure=False,
        read_min_score=True,
        read_progress_measure=True,
        **four_reads,
    )
    assert found.objectives == (
        Objective(
            objective_id="p", primary=True, satisfied_by_measure=True, min_normalized_measure=-0.5, maps=(joined,)
        ),
        Objective(objective_id="q", maps=(only_new,)),
    )


def test_primary_objective_without_id_and_objectives_that_cannot_be() -> None:
    found, notes = sequencing(
        '<imsss:objectives><imsss:primaryObjective/><imsss:objective objectiveID="a"/><imsss:objective objectiveID="a"/>'
        "<imsss:objective/></imsss:objectives>"
        '<adlseq:objectives><adlseq:objective objectiveID="z"><adlseq:mapInfo targetObjectiveID="g"/></adlseq:objective>'
        "</adlseq:objectives>"
    )
    assert found.objectives == (Objective(primary=True), Objective(objective_id="a"))
    assert notes == ["objective_invalid", "objective_invalid", "objective_unknown"]


def test_randomization_delivery_and_adl_considerations() -> None:
    found, _ = sequencing(
        '<imsss:randomizationControls randomizationTiming="onEachNewAttempt" selectCount="3" reorderChildren="true" '
        'selectionTiming="once"/><imsss:deliveryControls tracked="false" completionSetByContent="true" '
        'objectiveSetByContent="true"/><adlseq:constrainedChoiceConsiderations preventActivation="true" '
        'constrainChoice="true"/><adlseq:rollupConsiderations requiredForSatisfied="ifNotSuspended" '
        'requiredForNotSatisfied="ifAttempted" requiredForCompleted="ifNotSkipped" requiredForIncomplete="always" '
        'measureSatisfactionIfActive="false"/>'
    )
    assert found == Sequencing(
        randomization_timing="onEachNewAttempt",
        select_count=3,
        reorder_children=True,
        selection_timing="once",
        tracked=False,
        completion_set_by_content=True,
        objective_set_by_content=True,
        prevent_activation=True,
        constrain_choice=True,
        required_for_satisfied="ifNotSuspended",
        required_for_not_satisfied="ifAttempted",
        required_for_completed="ifNotSkipped",
        measure_satisfaction_if_active=False,
    )


def test_reference_to_a_collection_is_overridden_element_by_element() -> None:
    shared = collection(
        "s1", '<imsss:controlMode choice="false" flow="true"/><imsss:deliveryControls tracked="false"/>'
    )
    found, _ = sequencing("", attributes=' IDRef=" s1 "', after=shared)
    assert found == Sequencing(choice=False, flow=True, tracked=False)
    found, _ = sequencing('<imsss:controlMode forwardOnly="true"/>', attributes=' IDRef="s1"', after=shared)
    assert found == Sequencing(forward_only=True, tracked=False)


def test_dangling_reference_blocks() -> None:
    items = '<item identifier="i" identifierref="r1"><title>T</title><imsss:sequencing IDRef="nowhere"/></item>'
    assert codes(inspected(package(manifest_2004(items=items)))) == ["sequencing_reference"]


def test_references_cannot_multiply_without_end() -> None:
    rule = (
        '<imsss:preConditionRule><imsss:ruleConditions><imsss:ruleCondition condition="always"/></imsss:ruleConditions>'
        '<imsss:ruleAction action="skip"/></imsss:preConditionRule>'
    )
    shared = collection("s", f"<imsss:sequencingRules>{rule * 100}</imsss:sequencingRules>")
    items = "".join(
        f'<item identifier="i{n}" identifierref="r1"><title>T</title><imsss:sequencing IDRef="s"/></item>'
        for n in range(50)
    )
    found = inspected(package(manifest_2004(items=items, after=shared)), Limits(manifest_elements=1000))
    assert codes(found) == ["sequencing_too_much"]
    assert inspected(package(manifest_2004(items=items, after=shared))).package is not None
