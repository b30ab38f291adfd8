"""Commits of plain data take a short way: it must end where the whole way ends."""

from __future__ import annotations

import itertools
import threading
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from flask import Flask
from sqlalchemy import select

from core import clock
from core.db import session, unit_of_work
from registrations import progress, registrations
from registrations.models import Launch
from scorm_runtime.models import ActivityState, RuntimeSession, TracePart
from scorm_runtime.recent import Recent
from tests.conftest import ContentClient, TestTenant
from tests.scorm_runtime.packages import MANIFEST_12, MANIFEST_2004, Player, launch, load, package, register, stored
from tests.scorm_runtime.test_queries import counted

SHORT = 4
GLOBAL = """<imsss:sequencing><imsss:objectives>
  <imsss:primaryObjective objectiveID="o"><imsss:mapInfo targetObjectiveID="urn:global" readSatisfiedStatus="true"
  writeSatisfiedStatus="true"/></imsss:primaryObjective></imsss:objectives></imsss:sequencing>"""


@pytest.fixture
def player(app: Flask, tenant: TestTenant) -> Player:
    course = load(tenant.id, package(MANIFEST_2004, {"one": "", "two": ""}))
    begun = launch(app, tenant.id, register(tenant.id, course))
    begun.send({"cmi.completion_status": "incomplete"})
    return begun


def cmi(player: Player) -> dict[str, str]:
    session().rollback()
    session().expire_all()
    query = select(ActivityState).where(ActivityState.tenant_id == player.tenant_id)
    return session().scalars(query.order_by(ActivityState.started.desc())).first().cmi  # type: ignore[union-attr]


def body(player: Player, changes: dict[str, str], **more: Any) -> dict[str, Any]:
    player.seq += 1
    return {"session": player.session, "seq": player.seq, "key": f"key {player.seq}", "changes": changes,
            "initialized": True} | more  # fmt: skip


def is_short(player: Player, changes: dict[str, str]) -> bool:
    with counted() as seen:
        player.send(changes)
    return len(seen) <= SHORT


def test_the_answer_is_that_of_the_whole_way(player: Player) -> None:
    """The same key again is answered by the whole way."""
    for number in range(3):
        request = body(player, {"cmi.location": str(number)})
        first, second = player.post(request), player.post(request)
        assert first.status_code == second.status_code == 200
        assert first.data == second.data
        assert msgspec.json.decode(first.data)["seq"] == player.seq


@pytest.mark.parametrize(
    ("manifest", "changes"),
    [
        (MANIFEST_2004, {"cmi.location": "7", "cmi.suspend_data": "x\ty", "cmi.session_time": "PT5S", "cmi.exit": "suspend",
                         "cmi.interactions.0.id": "urn:q:1", "cmi.interactions.0.type": "true-false"}),
        (MANIFEST_12, {"cmi.core.lesson_location": "7", "cmi.suspend_data": "xy", "cmi.core.session_time": "00:00:05",
                       "cmi.core.exit": "suspend", "cmi.interactions.0.id": "q"}),
    ],
    ids=["2004", "1.2"],
)  # fmt: skip
def test_plain_data_is_stored_the_short_way(
    app: Flask, tenant: TestTenant, manifest: str, changes: dict[str, str]
) -> None:
    course = load(tenant.id, package(manifest, {"one": "", "two": ""}))
    player = launch(app, tenant.id, register(tenant.id, course))
    player.send({"cmi.suspend_data": "first"})
    player.send({"cmi.suspend_data": "second"})
    assert is_short(player, changes)
    assert changes.items() <= cmi(player).items()
    player.send(end="unload")
    assert progress.summary(stored(tenant.id, player.registration_id))["totalSeconds"] == 5.0
    session_time = "cmi.core.session_time" if manifest is MANIFEST_12 else "cmi.session_time"
    resumed = player.again().cmi
    assert {k: v for k, v in changes.items() if not k.endswith((".exit", session_time))}.items() <= resumed.items()


def test_a_status_that_is_said_again_is_plain_and_a_new_one_is_not(player: Player) -> None:
    player.send({"cmi.location": "1"})
    assert is_short(player, {"cmi.location": "2", "cmi.completion_status": "incomplete"})
    assert not is_short(player, {"cmi.location": "3", "cmi.completion_status": "completed"})
    assert player.answer["toc"][1]["status"] == "completed"
    player.send({"cmi.location": "4"})
    assert player.answer["toc"][1]["status"] == "completed"
    assert is_short(player, {"cmi.location": "5"})
    player.send({"cmi.completion_status": "incomplete"})
    player.send({"cmi.location": "6"})
    assert player.answer["toc"][1]["status"] == "incomplete"


def test_other_elements_are_not_plain(player: Player) -> None:
    player.send({"cmi.location": "1"})
    for element, value in (
        ("cmi.score.scaled", "0.5"), ("cmi.success_status", "failed"), ("cmi.progress_measure", "0.1"),
        ("cmi.objectives.0.id", "urn:o:1"), ("cmi.learner_preference.language", "id"), ("adl.nav.request", "continue"),
        ("cmi.comments_from_learner.0.comment", "x"),
    ):  # fmt: skip
        assert not is_short(player, {element: value}), element


def test_what_is_refused_is_named_and_nothing_is_stored(player: Player) -> None:
    player.send({"cmi.location": "1"})
    changes = {
        "cmi.location": "2",
        "cmi.exit": "nonsense",
        "cmi.interactions.5.id": "q",
        "cmi.suspend_data": "y" * 64_001,
    }
    response = player.post(body(player, changes))
    assert response.status_code == 400
    assert {e["element"]: e["code"] for e in response.json["error"]["elements"]} == {
        "cmi.exit": 406, "cmi.interactions.5.id": 351, "cmi.suspend_data": 406,
    }  # fmt: skip
    assert cmi(player)["cmi.location"] == "1"


def test_the_limits_are_those_of_the_settings(app: Flask, tenant: TestTenant) -> None:
    course = load(tenant.id, package(MANIFEST_2004, {"one": ""}))
    player = launch(app, tenant.id, register(tenant.id, course, overrides={"suspendDataMaxLength": 10}))
    player.send({"cmi.location": "1"})
    player.send({"cmi.location": "2"})
    assert is_short(player, {"cmi.suspend_data": "x" * 10})
    assert player.post(body(player, {"cmi.suspend_data": "x" * 11})).status_code == 400


def test_a_request_that_was_overtaken_is_refused(player: Player) -> None:
    player.send({"cmi.location": "1"})
    old = body(player, {"cmi.location": "old"})
    player.send({"cmi.location": "new"})
    response = player.post(old)
    assert (response.status_code, response.json["error"]["code"]) == (409, "stale_sequence")
    assert cmi(player)["cmi.location"] == "new"


def test_a_request_that_is_repeated_counts_once(player: Player) -> None:
    player.send({"cmi.location": "1"})
    first = body(player, {"cmi.interactions.0.id": "q", "cmi.interactions.0.type": "other"})
    assert player.post(first).data == player.post(first).data
    row = session().scalars(select(RuntimeSession).where(RuntimeSession.tenant_id == player.tenant_id)).one()
    assert (row.seq, row.last_key) == (first["seq"], first["key"])


@pytest.mark.parametrize("how", ["superseded", "launch_revoked", "launch_expired", "unknown_session"])
def test_a_launch_that_is_over_takes_nothing(player: Player, how: str) -> None:
    player.send({"cmi.location": "1"})
    wanted = body(player, {"cmi.location": "2"})
    later = timedelta(0)
    if how == "superseded":
        player.again(begin=False)
    elif how == "launch_revoked":
        with unit_of_work():
            registrations.launches.revoke_all(registrations.get(player.tenant_id, player.registration_id))
    elif how == "launch_expired":
        later = timedelta(days=2)
    else:
        wanted["session"] = "nobody's"
    with clock.frozen(clock.now() + later):
        response = player.post(wanted)
    assert response.json["error"]["code"] == how
    assert cmi(player)["cmi.location"] == "1"


def test_a_launch_that_commits_stays_open(player: Player) -> None:
    def last_seen() -> Any:
        session().rollback()
        launch = session().scalars(select(Launch).where(Launch.tenant_id == player.tenant_id)).one()
        instance = registrations.instance_of(registrations.get(player.tenant_id, player.registration_id))
        return launch.last_seen, instance.last_access

    player.send({"cmi.location": "0"})
    now = clock.now()
    for minutes in (0.5, 2, 20, 40, 60):
        moment = now + timedelta(minutes=minutes)
        with clock.frozen(moment):
            player.send({"cmi.location": str(minutes)})
        assert all(moment - timedelta(seconds=60) < each <= moment for each in last_seen())


def test_the_answer_is_in_the_language_of_the_request(app: Flask, tenant: TestTenant) -> None:
    script = '<adlcp:prerequisites type="aicc_script">one</adlcp:prerequisites>'
    course = load(tenant.id, package(MANIFEST_12, {"one": "", "two": script}))
    player = launch(app, tenant.id, register(tenant.id, course))
    player.send({"cmi.suspend_data": "1"})
    found = []
    for language in ("en", "id", "en"):
        request = body(player, {"cmi.suspend_data": language})
        answer = player.client.post(
            f"/p/{player.token}/runtime", data=msgspec.json.encode(request), headers={"Accept-Language": language}
        )
        found.append(answer.json["toc"][2]["reason"])
    assert found[0] == found[2] != found[1]
    assert all(found)


def test_another_course_may_change_what_is_answered(app: Flask, tenant: TestTenant) -> None:
    """adlseq:objectivesGlobalToSystem: the status of a part is read from what another course of the learner wrote."""
    for course in ("first", "second"):
        load(tenant.id, package(MANIFEST_2004, {"one": GLOBAL}), course)
    first = launch(app, tenant.id, register(tenant.id, "first"))
    first.send({"cmi.location": "1"})
    first.send({"cmi.location": "2"})
    assert first.answer["toc"][1]["status"] == "incomplete"
    second = launch(app, tenant.id, register(tenant.id, "second"))
    second.send({"cmi.success_status": "passed"})
    with counted() as seen:
        first.send({"cmi.location": "3"})
    assert first.answer["toc"][1]["status"] == "passed"
    with counted() as seen:
        first.send({"cmi.location": "4"})
    assert len(seen) == SHORT + 1
    assert first.answer["toc"][1]["status"] == "passed"


def test_calls_are_traced(app: Flask, tenant: TestTenant) -> None:
    course = load(tenant.id, package(MANIFEST_2004, {"one": ""}))
    player = launch(app, tenant.id, register(tenant.id, course, overrides={"traceCalls": True}))
    for number in range(3):
        player.send({"cmi.location": str(number)})
    parts = session().scalars(select(TracePart.entries).where(TracePart.tenant_id == tenant.id)).all()
    assert sum("cmi.location" in entry.get("changes", ()) for part in parts for entry in part) == 3


def test_review_stores_nothing(app: Flask, tenant: TestTenant, player: Player) -> None:
    player.send({"cmi.location": "1"})
    looking = player.again(mode="review")
    looking.send({"cmi.location": "2"})
    looking.send({"cmi.location": "3"})
    assert player.again().cmi["cmi.location"] == "1"


def test_commits_at_the_same_moment_lose_nothing(app: Flask, player: Player) -> None:
    """Pages of one launch that commit at once: each sets its own element; the short and the whole way mixed."""
    player.send({"cmi.location": "begun"})
    numbers, lock = itertools.count(player.seq + 1), threading.Lock()
    elements = ("cmi.location", "cmi.suspend_data", "cmi.score.raw")
    said: dict[str, str] = {}
    problems: list[str] = []

    def commit(element: str) -> None:
        with app.app_context():
            client = ContentClient(app, app.response_class)
            for value in map(str, range(25)):
                while not _stored(client, element, value):
                    pass

    def _stored(client: ContentClient, element: str, value: str) -> bool:
        with lock:
            seq = next(numbers)
        request = {"session": player.session, "seq": seq, "key": f"{element} {seq}", "changes": {element: value}}
        answer = client.post(f"/p/{player.token}/runtime", data=msgspec.json.encode(request))
        if answer.status_code == 200:
            said[element] = value
        elif answer.json["error"]["code"] != "stale_sequence":
            problems.append(answer.text)
        return answer.status_code != 409

    threads = [threading.Thread(target=commit, args=(element,)) for element in elements]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert said == dict.fromkeys(elements, "24")
    assert said.items() <= cmi(player).items()


def test_the_memory_of_answers_is_bounded() -> None:
    recent: Recent[str] = Recent(100)
    for number in range(50):
        recent.put(str(number).encode(), f"value {number}", 10)
        recent.put(str(number).encode(), f"value {number}", 10)
        assert recent.get(b"0") == "value 0"
    kept = [number for number in range(50) if recent.get(str(number).encode())]
    assert kept == [0, *range(41, 50)]
