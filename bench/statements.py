"""Statements as an LMS would send them, about 1 KB each, the same ones for the same seed. Ids are left to the sender."""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

AGENTS, ACTIVITIES, MODULES, COURSES = 1000, 200, 40, 20
HOME = "https://campus.example"
VERBS = ("initialized", "experienced", "answered", "progressed", "completed", "passed", "failed", "terminated")
WEIGHTS = (10, 30, 25, 10, 8, 7, 2, 8)
# Stands where each sending puts a fresh id.
ID = "@@"
_SCORED = {"answered", "completed", "passed", "failed"}


def agent(number: int) -> dict[str, Any]:
    """Half have an account, half a mailbox."""
    if number % 2:
        return {"objectType": "Agent", "account": {"homePage": HOME, "name": f"person-{number:05d}"}}
    return {"objectType": "Agent", "mbox": f"mailto:person{number:05d}@campus.example"}


def teacher(number: int) -> dict[str, Any]:
    return {"objectType": "Agent", "mbox": f"mailto:teacher{number % COURSES:02d}@campus.example"}


def verb(name: str) -> str:
    return f"http://adlnet.gov/expapi/verbs/{name}"


def course(activity: int) -> str:
    return f"{HOME}/courses/{activity % COURSES:02d}"


def module(activity: int) -> str:
    return f"{course(activity)}/modules/{activity % MODULES:02d}"


def lesson(activity: int) -> str:
    return f"{module(activity)}/lessons/{activity:03d}"


def registration(person: int, activity: int) -> str:
    """One for each learner and course."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{course(activity)}#{person}"))


def generate(seed: int) -> Iterator[dict[str, Any]]:
    """Statements without end, in the order of their timestamps."""
    rng = random.Random(seed)
    moment = datetime(2026, 1, 5, 8, tzinfo=UTC)
    while True:
        moment += timedelta(milliseconds=rng.randrange(2000))
        yield _statement(rng, moment)


def _statement(rng: random.Random, moment: datetime) -> dict[str, Any]:
    person, activity = rng.randrange(AGENTS), rng.randrange(ACTIVITIES)
    (what,) = rng.choices(VERBS, WEIGHTS)
    result: dict[str, Any] = {
        "duration": f"PT{rng.randrange(60)}M{rng.randrange(60)}S",
        "completion": what == "completed",
    }
    if what in _SCORED:
        points = rng.randrange(101)
        result |= {"score": {"scaled": points / 100, "raw": points, "min": 0, "max": 100}, "success": points >= 60}
    context: dict[str, Any] = {
        "registration": registration(person, activity),
        "platform": "Campus",
        "language": "en-US",
        "contextActivities": {
            "parent": [{"objectType": "Activity", "id": module(activity)}],
            "grouping": [{"objectType": "Activity", "id": course(activity)}],
            "category": [{"objectType": "Activity", "id": "https://w3id.org/xapi/cmi5/context/categories/cmi5"}],
        },
        "extensions": {"https://w3id.org/xapi/cmi5/context/extensions/sessionid": f"{rng.getrandbits(64):016x}"},
    }
    if rng.random() < 0.3:
        context["instructor"] = teacher(activity) | {"name": f"Teacher {activity % COURSES}"}
    definition = {
        "name": {"en-US": f"Lesson {activity} of module {activity % MODULES}"},
        "description": {"en-US": "What the learner reads, hears and tries out in this part of the course."},
        "type": "http://adlnet.gov/expapi/activities/lesson",
    }
    return {
        "id": ID,
        "actor": agent(person) | {"name": f"Person {person}"},
        "verb": {"id": verb(what), "display": {"en-US": what}},
        "object": {"objectType": "Activity", "id": lesson(activity), "definition": definition},
        "result": result,
        "context": context,
        "timestamp": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }


def packed(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))
