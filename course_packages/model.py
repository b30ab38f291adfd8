"""What a course package says, as plain data: the one model every standard is parsed into.

The parsers (``course_packages.parsers``) build these objects, the import stores them as JSON
(:func:`to_json` / :func:`from_json`), and the runtime reads them. No object here holds runtime state.

Sources: SCORM 1.2 CAM, SCORM 2004 4th Edition CAM 3.4-3.6 and 5, IMS Simple Sequencing 1.0.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

import msgspec


class Standard(StrEnum):
    """The standard a package was written for; the value is stored and shown."""

    SCORM_12 = "scorm_1_2"
    SCORM_2004_2 = "scorm_2004_2"
    SCORM_2004_3 = "scorm_2004_3"
    SCORM_2004_4 = "scorm_2004_4"
    CMI5 = "cmi5"
    XAPI = "xapi"
    AICC = "aicc"
    MEDIA = "media"

    @property
    def is_scorm_2004(self) -> bool:
        return self.value.startswith("scorm_2004")

    @property
    def playable(self) -> bool:
        """Whether the runtime can launch courses of this standard; the others are kept and described only."""
        return self == Standard.SCORM_12 or self.tracked_as.is_scorm_2004

    @property
    def tracked_as(self) -> Standard:
        """The standard by which the runtime tracks courses of this one."""
        return Standard.SCORM_2004_4 if self == Standard.MEDIA else self


@dataclass(frozen=True, kw_only=True)
class MapInfo:
    """A link between a local objective and a global one (``imsss:mapInfo`` with ``adlseq:mapInfo``, CAM 5.1.7)."""

    target_objective_id: str
    read_satisfied_status: bool = True
    read_normalized_measure: bool = True
    write_satisfied_status: bool = False
    write_normalized_measure: bool = False
    # 4th edition (adlseq:objectives): all default to false.
    read_raw_score: bool = False
    read_min_score: bool = False
    read_max_score: bool = False
    read_completion_status: bool = False
    read_progress_measure: bool = False
    write_raw_score: bool = False
    write_min_score: bool = False
    write_max_score: bool = False
    write_completion_status: bool = False
    write_progress_measure: bool = False


@dataclass(frozen=True, kw_only=True)
class Objective:
    """A local objective of an activity; ``objective_id`` is None only for a primary objective without an ID."""

    objective_id: str | None = None
    primary: bool = False
    satisfied_by_measure: bool = False
    min_normalized_measure: float = 1.0
    maps: tuple[MapInfo, ...] = ()


@dataclass(frozen=True, kw_only=True)
class RuleCondition:
    """One condition of a sequencing rule; ``condition`` is the schema token, e.g. ``objectiveMeasureGreaterThan``."""

    condition: str
    referenced_objective: str | None = None
    measure_threshold: float | None = None
    negated: bool = False


@dataclass(frozen=True, kw_only=True)
class SequencingRule:
    """``imsss:preConditionRule`` and its siblings; ``action`` is the schema token (``skip``, ``exitParent``, …)."""

    action: str
    conditions: tuple[RuleCondition, ...] = ()
    combination: Literal["all", "any"] = "all"


@dataclass(frozen=True, kw_only=True)
class RollupCondition:
    condition: str
    negated: bool = False


@dataclass(frozen=True, kw_only=True)
class RollupRule:
    """``imsss:rollupRule``; ``action`` is satisfied, notSatisfied, completed or incomplete."""

    action: str
    child_activity_set: Literal["all", "any", "none", "atLeastCount", "atLeastPercent"] = "all"
    minimum_count: int = 0
    minimum_percent: float = 0.0
    conditions: tuple[RollupCondition, ...] = ()
    combination: Literal["all", "any"] = "any"


@dataclass(frozen=True, kw_only=True)
class Sequencing:
    """The sequencing definition of one activity with the defaults of SN 3 already filled in.

    ``use_current_attempt_*`` are the control-mode flags; durations are seconds.
    """

    # Control modes (SN 3.2). choice and flow: the values the manifest gives or the defaults.
    choice: bool = True
    choice_exit: bool = True
    flow: bool = False
    forward_only: bool = False
    use_current_attempt_objective_info: bool = True
    use_current_attempt_progress_info: bool = True
    # Constrained choice (SN 3.3, adlseq:constrainedChoiceConsiderations).
    constrain_choice: bool = False
    prevent_activation: bool = False
    # Rules (SN 3.4).
    pre_condition_rules: tuple[SequencingRule, ...] = ()
    exit_condition_rules: tuple[SequencingRule, ...] = ()
    post_condition_rules: tuple[SequencingRule, ...] = ()
    # Limit conditions (SN 3.5); None: no limit. The duration limit is kept but, as the book says, not evaluated.
    attempt_limit: int | None = None
    attempt_absolute_duration_limit: float | None = None
    # Rollup (SN 3.7, 3.8).
    rollup_rules: tuple[RollupRule, ...] = ()
    rollup_objective_satisfied: bool = True
    rollup_progress_completion: bool = True
    objective_measure_weight: float = 1.0
    required_for_satisfied: str = "always"
    required_for_not_satisfied: str = "always"
    required_for_completed: str = "always"
    required_for_incomplete: str = "always"
    measure_satisfaction_if_active: bool = True
    # Objectives (SN 3.10); the primary one, if declared, is in here with ``primary`` set.
    objectives: tuple[Objective, ...] = ()
    # Selection and randomisation (SN 3.11, 3.12).
    selection_timing: Literal["never", "once", "onEachNewAttempt"] = "never"
    select_count: int | None = None
    randomization_timing: Literal["never", "once", "onEachNewAttempt"] = "never"
    reorder_children: bool = False
    # Delivery controls (SN 3.13).
    tracked: bool = True
    completion_set_by_content: bool = False
    objective_set_by_content: bool = False


@dataclass(frozen=True, kw_only=True)
class CompletionThreshold:
    """``adlcp:completionThreshold`` (4th edition, CAM 3.4.1.13; 2nd and 3rd editions give only the minimum)."""

    completed_by_measure: bool = False
    min_progress_measure: float = 1.0
    progress_weight: float = 1.0


@dataclass(frozen=True, kw_only=True)
class DataMap:
    """``adlcp:data/adlcp:map``: a shared data store the activity may read or write (4th edition)."""

    target_id: str
    read_shared_data: bool = True
    write_shared_data: bool = True


@dataclass(frozen=True, kw_only=True)
class Bucket:
    """``imsssp:bucket`` of a resource: shared state that its content finds allocated; sizes are bytes, two a character."""

    bucket_id: str
    requested: int
    minimum: int = 0
    reducible: bool = False
    # learner | course | session
    persistence: str = "learner"
    bucket_type: str = ""


@dataclass(frozen=True, kw_only=True)
class Item:
    """One item of an organization: an activity, with or without something to launch.

    ``href`` is the address of the launch file relative to the package root: xml:base composed, percent-encoded
    as a URL, query and fragment of the resource and the item's ``parameters`` already appended. It may be absolute
    (``http…``) for external content. None for a cluster.
    """

    identifier: str
    title: str
    children: tuple[Item, ...] = ()
    resource: str | None = None
    href: str | None = None
    scorm_type: Literal["sco", "asset"] | None = None
    visible: bool = True
    parameters: str = ""
    sequencing: Sequencing = field(default_factory=Sequencing)
    completion_threshold: CompletionThreshold | None = None
    # Schema tokens: previous, continue, exit, exitAll, abandon, abandonAll, suspendAll.
    hide_lms_ui: tuple[str, ...] = ()
    data_from_lms: str | None = None
    # "exit,message" | "exit,no message" | "continue,message" | "continue,no message"
    time_limit_action: str | None = None
    # SCORM 1.2 only: seconds; 0-100; AICC script.
    max_time_allowed: float | None = None
    mastery_score: float | None = None
    prerequisites: str | None = None
    data_maps: tuple[DataMap, ...] = ()
    buckets: tuple[Bucket, ...] = ()
    description: str | None = None
    # cmi5 / xAPI / AICC facts of a launchable unit (activity id, moveOn, launchMethod …), as the standard names them.
    launch_facts: dict[str, Any] = field(default_factory=dict)

    @property
    def launchable(self) -> bool:
        return self.href is not None

    def walk(self) -> Iterator[Item]:
        """This item and all below it, in document order."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True, kw_only=True)
class Organization:
    """One organization. As an activity it is the root of the tree: ``identifier``, ``title``, ``sequencing`` are its own."""

    identifier: str
    title: str
    items: tuple[Item, ...] = ()
    sequencing: Sequencing = field(default_factory=Sequencing)
    completion_threshold: CompletionThreshold | None = None
    objectives_global_to_system: bool = True
    shared_data_global_to_system: bool = True
    hide_lms_ui: tuple[str, ...] = ()
    description: str | None = None

    def walk(self) -> Iterator[Item]:
        """Every item of the organization in document order."""
        for item in self.items:
            yield from item.walk()


@dataclass(frozen=True, kw_only=True)
class Resource:
    """A resource of the manifest with all xml:base applied; ``files`` are paths inside the package."""

    identifier: str
    scorm_type: Literal["sco", "asset"] | None = None
    href: str | None = None
    files: tuple[str, ...] = ()
    dependencies: tuple[str, ...] = ()
    buckets: tuple[Bucket, ...] = ()


@dataclass(frozen=True, kw_only=True)
class CoursePackage:
    """Everything the manifest of one package says.

    ``root`` is the folder of the zip in which the manifest was found ("" or "folder/"); every path in the model is
    relative to it. ``default_organization`` names one of ``organizations``.
    """

    standard: Standard
    identifier: str
    title: str
    organizations: tuple[Organization, ...]
    default_organization: str
    resources: tuple[Resource, ...] = ()
    root: str = ""
    manifest_path: str = "imsmanifest.xml"
    schema_version: str | None = None
    description: str | None = None
    language: str | None = None
    keywords: tuple[str, ...] = ()
    # Typical learning time, seconds.
    duration: float | None = None
    # cmi5 / xAPI / AICC facts of the whole course.
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def organization(self) -> Organization:
        """The organization that is launched."""
        return next(o for o in self.organizations if o.identifier == self.default_organization)


def to_json(package: CoursePackage) -> bytes:
    return msgspec.json.encode(package)


def from_json(data: bytes | str) -> CoursePackage:
    """The package stored by :func:`to_json`; msgspec.ValidationError names the JSON path when it is not one."""
    return msgspec.json.decode(data, type=CoursePackage)
