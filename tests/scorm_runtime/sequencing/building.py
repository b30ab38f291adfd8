"""Small organizations for tests."""

from __future__ import annotations

from typing import Any

from course_packages.model import (
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
from scorm_runtime.sequencing import ActivityReport, Sequencer

LATEST = Standard.SCORM_2004_4
# Written to and read from by the objectives of `shared`.
OPEN_MAP = {
    "read_satisfied_status": True,
    "read_normalized_measure": True,
    "write_satisfied_status": True,
    "write_normalized_measure": True,
}


def sco(identifier: str, *, control: dict[str, Any] | None = None, **kwargs: Any) -> Item:
    """A SCO; ``control`` are fields of its Sequencing."""
    return Item(
        identifier=identifier,
        title=identifier.upper(),
        href=f"{identifier}.html",
        scorm_type=kwargs.pop("scorm_type", "sco"),
        sequencing=Sequencing(**(control or {})),
        **kwargs,
    )


def cluster(identifier: str, *children: Item, control: dict[str, Any] | None = None, **kwargs: Any) -> Item:
    """A cluster that flows and may be chosen from."""
    sequencing = Sequencing(**{"flow": True, **(control or {})})
    return Item(identifier=identifier, title=identifier.upper(), children=children, sequencing=sequencing, **kwargs)


def course(*items: Item, control: dict[str, Any] | None = None, **kwargs: Any) -> Organization:
    sequencing = Sequencing(**{"flow": True, **(control or {})})
    return Organization(identifier="root", title="ROOT", items=items, sequencing=sequencing, **kwargs)


def engine(*items: Item, edition: Standard = LATEST, seed: int = 7, **kwargs: Any) -> Sequencer:
    return Sequencer.new(course(*items, **kwargs), edition=edition, seed=seed)


def rule(action: str, *conditions: str | RuleCondition, any_of: bool = False) -> SequencingRule:
    """Conditions by name, "not satisfied" for a negated one."""
    made = []
    for c in conditions:
        if isinstance(c, str):
            negated, _, name = c.rpartition(" ")
            c = RuleCondition(condition=name, negated=bool(negated))
        made.append(c)
    return SequencingRule(action=action, conditions=tuple(made), combination="any" if any_of else "all")


def pre(action: str, *conditions: str | RuleCondition) -> dict[str, Any]:
    return {"pre_condition_rules": (rule(action, *conditions),)}


def post(action: str, *conditions: str | RuleCondition) -> dict[str, Any]:
    return {"post_condition_rules": (rule(action, *conditions),)}


def rollup(action: str, *conditions: str, **kwargs: Any) -> RollupRule:
    made = []
    for text in conditions:
        negated, _, name = text.rpartition(" ")
        made.append(RollupCondition(condition=name, negated=bool(negated)))
    return RollupRule(action=action, conditions=tuple(made), **kwargs)


def shared(target: str, *, primary: bool = True, identifier: str = "obj", **kwargs: Any) -> Objective:
    """An objective mapped both ways to one global objective."""
    maps = (MapInfo(target_objective_id=target, **{**OPEN_MAP, **kwargs.pop("maps", {})}),)
    return Objective(objective_id=identifier, primary=primary, maps=maps, **kwargs)


def says(sequencer: Sequencer, **report: Any) -> None:
    """The current SCO reports this."""
    assert sequencer.current is not None
    sequencer.record(sequencer.current, ActivityReport(**report))


def status(sequencer: Sequencer, activity: str | None = None) -> tuple[str, str]:
    found = sequencer.status(activity)
    return found.completion, found.success
