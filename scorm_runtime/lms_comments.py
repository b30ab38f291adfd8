"""Comments of instructors that the content reads: cmi.comments_from_lms.

Sources: SCORM 2004 4th Edition RTE 4.2.3, SCORM 1.2 RTE 3.4.4. Content that is open finds a new one when it is opened next.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import or_, select

from core import clock
from core.db import session
from core.errors import Conflict, Invalid, NotFound
from core.ids import new_id
from registrations.models import Registration
from scorm_runtime.models import LmsComment
from scorm_runtime.outline import outline

# The smallest maxima that SCORM 2004 asks for, in characters and comments; CMIString4096 of SCORM 1.2 holds one whole.
COMMENT_LENGTH = 4000
LOCATION_LENGTH = 250
MOST = 100
_LENGTH_12 = 4096


def find(registration: Registration, activity: str | None = None) -> Sequence[LmsComment]:
    """Comments of a registration, oldest first; with ``activity`` those that this part reads."""
    query = select(LmsComment).where(
        LmsComment.tenant_id == registration.tenant_id, LmsComment.registration_id == registration.id
    )
    if activity is not None:
        query = query.where(or_(LmsComment.activity == activity, LmsComment.activity.is_(None)))
    return session().scalars(query.order_by(LmsComment.created, LmsComment.id)).all()


def get(registration: Registration, comment_id: str) -> LmsComment:
    found = session().get(LmsComment, (registration.tenant_id, comment_id))
    if found is None or found.registration_id != registration.id:
        raise NotFound(f"registration {registration.id!r} has no comment {comment_id!r}")
    return found


def add(registration: Registration, comment: str, *, activity: str | None = None, location: str = "") -> LmsComment:
    """Leave a comment for one part of the course, or for all. :class:`Invalid` names the field that is wrong."""
    _check("comment", comment, COMMENT_LENGTH)
    _check("location", location, LOCATION_LENGTH)
    if not comment.strip():
        raise Invalid("a comment needs a text", field="comment")
    if activity is not None and not _readable(registration, activity):
        raise Invalid(f"the course has no part {activity[:100]!r} that could read a comment", field="activityId")
    if len(find(registration)) >= MOST:
        raise Conflict(f"a registration holds at most {MOST} comments; delete older ones first")
    made = LmsComment(
        tenant_id=registration.tenant_id,
        id=new_id(),
        registration_id=registration.id,
        activity=activity,
        comment=comment,
        location=location,
        created=clock.now(),
    )
    session().add(made)
    session().flush()
    return made


def _check(field: str, value: str, most: int) -> None:
    if len(value) > most:
        raise Invalid(f"the {field} has {len(value)} characters; {most} are possible", field=field)
    if any(c == "\0" or "\ud800" <= c <= "\udfff" for c in value):
        raise Invalid(f"the {field} holds characters that cannot be stored", field=field)


def _readable(registration: Registration, activity: str) -> bool:
    item = outline(registration.tenant_id, registration.version_id).items.get(activity)
    return item is not None and item.launchable


def remove(comment: LmsComment) -> None:
    session().delete(comment)
    session().flush()


def seed_2004(comments: Sequence[LmsComment]) -> dict[str, str]:
    """One record for each comment, oldest first."""
    seed: dict[str, str] = {}
    for index, each in enumerate(comments):
        prefix = f"cmi.comments_from_lms.{index}."
        seed[prefix + "comment"] = each.comment
        if each.location:
            seed[prefix + "location"] = each.location
        # RTE 4.1.1.7: a zone stands behind a fraction only.
        seed[prefix + "timestamp"] = f"{each.created:%Y-%m-%dT%H:%M:%S}.0Z"
    return seed


def seed_12(comments: Sequence[LmsComment]) -> dict[str, str]:
    """All of them as one text, oldest first; the newest where not all fit, and none is cut."""
    kept: list[str] = []
    for each in reversed(comments):
        if len("\n".join([each.comment, *kept])) > _LENGTH_12:
            break
        kept.insert(0, each.comment)
    return {"cmi.comments_from_lms": "\n".join(kept)} if kept else {}
