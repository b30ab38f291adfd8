"""Requests that come at the same time: each is done or refused in words, and none undoes another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from tests.server.api.conftest import Api, course_zip

MANY = 6


def at_once(api: Api, send: Callable[[int], int]) -> Counter[int]:
    """The statuses of ``send(0)``, ``send(1)`` …, begun together."""
    ready = Barrier(MANY)

    def one(number: int) -> int:
        ready.wait()
        return send(number)

    with ThreadPoolExecutor(MANY) as pool:
        return Counter(pool.map(one, range(MANY)))


def register(api: Api, registration: str, learner: str) -> int:
    body = {
        "courseId": "safety",
        "registrationId": registration,
        "learner": {"id": learner, "firstName": "Ani"},
        "learnerTags": [registration],
    }
    return api.send("POST", "/registrations", body).status_code


def test_a_new_learner_is_registered_several_times(api: Api, course: str) -> None:
    for learner in ("ani", "budi", "citra"):
        done = at_once(api, lambda number: register(api, f"{learner}-{number}", learner))  # noqa: B023
        assert done == {204: MANY}
        assert set(api.get(f"/learner/{learner}/tags")["tags"]) == {f"{learner}-{number}" for number in range(MANY)}


def test_one_of_the_same_registrations_is_made(api: Api, course: str) -> None:
    for learner in ("ani", "budi", "citra"):
        assert at_once(api, lambda _: register(api, learner, learner)) == {204: 1, 409: MANY - 1}  # noqa: B023


def test_one_of_the_same_new_courses_is_made(api: Api) -> None:
    def upload(course: str) -> int:
        path = f"/courses/importJobs/upload?courseId={course}"
        return api.send("POST", path, data=course_zip(), content_type="application/zip").status_code

    for course in ("one", "two", "three"):
        assert at_once(api, lambda _: upload(course)) == {200: 1, 409: MANY - 1}  # noqa: B023


def test_tags_and_settings_add_up(api: Api, course: str) -> None:
    registration = api.register(course)
    for path in ("/courses/safety", "/learner/ayu", f"/registrations/{registration}"):
        done = at_once(api, lambda n: api.send("PUT", f"{path}/tags", {"tags": [f"t{n}"]}).status_code)  # noqa: B023
        assert done == {204: MANY}
        assert set(api.get(f"{path}/tags")["tags"]) == {f"t{number}" for number in range(MANY)}
    names = ["showProgressBar", "traceCalls", "allowCompleteStatusChange", "enforceTimeLimits"]
    for path in ("/courses/safety", f"/registrations/{registration}", "/appManagement"):

        def set_one(number: int) -> int:
            body = {"settings": [{"settingId": names[number % len(names)], "value": "true"}]}
            return api.send("POST", f"{path}/configuration", body).status_code  # noqa: B023

        assert at_once(api, set_one) == {204: MANY}
        items = api.get(f"{path}/configuration")["settingItems"]
        assert {item["id"] for item in items if "explicitValue" in item} == set(names)
