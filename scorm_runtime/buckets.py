"""Where buckets of shared state (ssp.*) are kept: with the attempt, with the registration, or with the learner.

What content may do with them is :mod:`scorm_runtime.cmi_buckets`. A bucket of the course is found by every part of the
registration, one of the learner by every course; each becomes real when a part first allocates or writes it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping

from sqlalchemy import select

from core.db import session
from course_packages.model import Item
from scorm_runtime import stores
from scorm_runtime.cmi import BUCKETS, DataModel
from scorm_runtime.cmi_buckets import Bucket, Buckets, of_table
from scorm_runtime.cmi_tables import table
from scorm_runtime.models import LearnerBucket
from scorm_runtime.run import Run

_CHANGED = re.compile(r"ssp\.([0-9]{1,9})\.(?:declaration|data)")


def seeds(run: Run, item: Item, stored: Mapping[str, str]) -> dict[str, str]:
    """The elements of the buckets that a session of ``item`` finds; ``stored`` is the CMI of the attempt so far."""
    found = _none(run)
    if found is None:
        return {}
    found.all = [*_of_attempt(run, stored), *_of_course(run), *_of_learner(run)]
    for declared in item.buckets:
        found.set(
            "ssp.allocate",
            f"{{bucketID={declared.bucket_id}}}{{requested={declared.requested}}}{{minimum={declared.minimum}}}"
            f"{{reducible={str(declared.reducible).lower()}}}{{persistence={declared.persistence}}}"
            f"{{type={declared.bucket_type}}}",
        )
    return dict(found.flat())


def _none(run: Run) -> Buckets | None:
    return of_table(table(str(run.outline.standard)).data)


def _of_attempt(run: Run, stored: Mapping[str, str]) -> Iterable[Bucket]:
    found = _none(run)
    assert found is not None
    for element, value in stored.items():
        if element.startswith(BUCKETS):
            found.seed(element, value)
    return [each for each in found.all if each.marks["persistence"] == "session" and each.success != "failure"]


def _of_course(run: Run) -> Iterable[Bucket]:
    return [Bucket(*values) for _, values in sorted(run.state.scoped.get("buckets", {}).items())]


def _of_learner(run: Run) -> Iterable[Bucket]:
    if not run.normal:
        return []
    query = select(LearnerBucket.bucket).where(
        LearnerBucket.tenant_id == run.tenant_id, LearnerBucket.learner_id == run.registration.learner_id
    )
    return [Bucket(*values) for values in session().scalars(query.order_by(LearnerBucket.key))]


def save(run: Run, model: DataModel, changes: Mapping[str, str]) -> None:
    """Keep the buckets that ``changes`` touched where their persistence says; those of the attempt are in its CMI."""
    if model.buckets is None:
        return
    touched = {int(found[1]) for element in changes if (found := _CHANGED.fullmatch(element))}
    course: dict[str, list[str]] = {}
    for bucket in (model.buckets.all[index] for index in sorted(touched)):
        values, scope = [bucket.declaration, bucket.success, bucket.data], bucket.marks["persistence"]
        if bucket.success == "failure" or scope == "session":
            continue
        if scope == "learner" and run.normal:
            stores.save_bucket(run.tenant_id, run.registration.learner_id, _key(bucket.id), values)
        else:
            course[bucket.id] = values
    if course:
        run.state.scoped = {**run.state.scoped, "buckets": {**run.state.scoped.get("buckets", {}), **course}}


def _key(identifier: str) -> str:
    return hashlib.sha256(identifier.encode()).hexdigest()
