"""What outlives an attempt: global objectives and shared data, per learner or kept to one registration instance."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from hashlib import blake2b
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from core import clock
from core.db import dialect, session
from scorm_runtime.models import CourseState, GlobalObjective, LearnerBucket, SharedData


def load_objectives(
    tenant_id: int, learner_id: str, ids: Collection[str], state: CourseState, *, everywhere: bool
) -> dict[str, dict[str, Any]]:
    """Known values of the global objectives ``ids``; ``everywhere`` is adlseq:objectivesGlobalToSystem."""
    if not ids:
        return {}
    if not everywhere:
        return dict(state.scoped.get("objectives", {}))
    return global_objectives(tenant_id, learner_id, ids)


def global_objectives(tenant_id: int, learner_id: str, ids: Collection[str]) -> dict[str, dict[str, Any]]:
    """Known values of the objectives ``ids`` that the learner carries from course to course."""
    names = {_name(id_): id_ for id_ in ids}
    query = select(GlobalObjective.objective, GlobalObjective.state).where(
        GlobalObjective.tenant_id == tenant_id,
        GlobalObjective.learner_id == learner_id,
        GlobalObjective.objective.in_(names),
    )
    return {names[name]: values for name, values in session().execute(query)}


def save_objectives(
    tenant_id: int, learner_id: str, state: CourseState, *, everywhere: bool,
    before: Mapping[str, dict[str, Any]], after: Mapping[str, dict[str, Any]],
) -> None:  # fmt: skip
    """Store the global objectives that changed."""
    if not everywhere:
        # A new attempt on the course has forgotten the ones of the attempt before.
        if after != before:
            state.scoped = {**state.scoped, "objectives": dict(after)}
        return
    changed = {id_: values for id_, values in after.items() if before.get(id_) != values}
    for objective, values in sorted(changed.items()):
        _upsert(
            GlobalObjective,
            {"tenant_id": tenant_id, "learner_id": learner_id, "objective": _name(objective)},
            state=values,
        )


def load_data(
    tenant_id: int, learner_id: str, targets: Collection[str], state: CourseState, *, everywhere: bool
) -> dict[str, str]:
    """Values of the data stores ``targets`` that were ever set; ``everywhere`` is adlcp:sharedDataGlobalToSystem."""
    if not targets:
        return {}
    if not everywhere:
        return dict(state.scoped.get("data", {}))
    names = {_name(target): target for target in targets}
    query = select(SharedData.target, SharedData.value).where(
        SharedData.tenant_id == tenant_id, SharedData.learner_id == learner_id, SharedData.target.in_(names)
    )
    return {names[name]: value for name, value in session().execute(query)}


def save_data(
    tenant_id: int, learner_id: str, state: CourseState, values: Mapping[str, str], *, everywhere: bool
) -> None:
    """Store the values of data stores."""
    if not values:
        return
    if not everywhere:
        state.scoped = {**state.scoped, "data": {**state.scoped.get("data", {}), **values}}
        return
    for target, value in sorted(values.items()):
        _upsert(SharedData, {"tenant_id": tenant_id, "learner_id": learner_id, "target": _name(target)}, value=value)


def save_bucket(tenant_id: int, learner_id: str, key: str, bucket: list[str]) -> None:
    """Store a bucket that a learner carries from course to course; the last word of two courses counts."""
    _upsert(LearnerBucket, {"tenant_id": tenant_id, "learner_id": learner_id, "key": key}, bucket=bucket)


def _name(id_: str) -> str:
    """What stands for an id in a key: ids may have 4,000 characters (CAM 3.4.1), keys of a database not so many bytes."""
    return id_ if len(id_) <= 300 else f"{id_[:260]}#{blake2b(id_.encode(), digest_size=16).hexdigest()}"


def _upsert(table: Any, key: dict[str, Any], **values: Any) -> None:
    """Insert or update: another course of the same learner may write the same row at this moment."""
    insert: Any = sqlite.insert if dialect() == "sqlite" else postgresql.insert
    values["updated"] = clock.now()
    statement = insert(table).values(**key, **values)
    session().execute(statement.on_conflict_do_update(index_elements=list(key), set_=values))
