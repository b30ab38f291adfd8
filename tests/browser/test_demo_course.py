"""The demo course from the first launch to the result, with a lost tab in between."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from playwright.sync_api import Route, expect

from tests.browser.player import RIGHT, WRONG, Player
from tests.browser.rest import Rest
from tests.live import wait_until

VERBS = "http://adlnet.gov/expapi/verbs/"
Launch = Callable[..., Player]


def verbs(rest: Rest, registration: str) -> Counter[str]:
    return Counter(s["verb"]["id"].removeprefix(VERBS) for s in rest.statements(registration))


def test_wrong_answer_lost_tab_resume_and_finish(rest: Rest, demo: str, launch: Launch) -> None:
    registration = rest.register(demo)
    player = launch(registration)
    player.wait_for_activity("lifting")
    player.read_lesson()
    player.sco.locator("#onward").click()
    player.wait_for_activity("workstation")
    player.read_lesson()
    player.sco.locator("#onward").click()
    player.wait_for_activity("quiz")
    player.answer("distance", WRONG["distance"])
    expect(player.sco.locator(".feedback.wrong")).to_be_visible()
    # What was chosen wrongly does not look like what is right.
    expect(player.sco.locator(".option:has(input:checked)")).to_have_css("border-top-color", "rgb(178, 58, 30)")
    player.sco.locator("#next").click()
    player.answer("twist", RIGHT["twist"])
    player.sco.locator("#next").click()
    player.wait_until_saved()
    player.kill()

    assert rest.progress(registration)["registrationCompletion"] == "INCOMPLETE"

    player = launch(registration, "/healthz?back")
    # The way back is short of a reader's time: it waits here until the result has been read.
    on_the_way_back: list[Route] = []
    player.page.route("**/healthz?back", lambda route: on_the_way_back.append(route))
    player.wait_for_activity("quiz")
    expect(player.sco.locator("legend")).to_have_text("Put the steps of a lift into their order.")
    expect(player.sco.locator("#steps li.seen")).to_have_count(2)
    expect(player.page.locator('[data-activity-id="lifting"]')).to_contain_text("Completed")
    player.answer_all(["order", "help", "setup", "eyes"])
    expect(player.sco.locator("#result h2")).to_have_text("Well done, you passed!")
    player.sco.locator("#finish").click()
    player.wait_for("ended")
    expect(player.page.locator("#ended-card h2")).to_have_text("You passed")
    expect(player.page.locator("#ended-card")).to_contain_text("83 %")
    wait_until("on the way back", lambda: (player.page.wait_for_timeout(100), on_the_way_back)[1])
    on_the_way_back[0].continue_()
    player.page.wait_for_url("**/healthz?back")

    found = rest.progress(registration)
    assert (found["registrationCompletion"], found["registrationSuccess"]) == ("COMPLETED", "PASSED")
    assert round(found["score"]["scaled"], 1) == 83.3
    assert 0 < found["totalSecondsTracked"] < 300

    quiz = rest.runtime_of(registration, "quiz")
    results = [interaction["result"] for interaction in quiz["runtimeInteractions"]]
    assert results == ["incorrect", *["correct"] * 5]
    assert all(i["timestamp"] and i["latency"] for i in quiz["runtimeInteractions"])


def test_the_statements_of_a_course_tell_its_story(rest: Rest, demo: str, launch: Launch) -> None:
    registration = rest.register(demo)
    player = launch(registration)
    player.wait_for_activity("lifting")
    player.read_lesson(pages=3)
    player.sco.locator("[data-choice=feet]").click()
    player.read_lesson(pages=1)
    player.sco.locator("#onward").click()
    player.wait_for_activity("workstation")
    player.read_lesson()
    player.sco.locator("#onward").click()
    player.wait_for_activity("quiz")
    player.answer_all(list(RIGHT))
    player.sco.locator("#finish").click()
    player.wait_for("ended")

    told = verbs(rest, registration)
    assert told["initialized"] == 3
    # A practice question and six of the quiz.
    assert told["responded"] == 7
    # Three activities and the course; the lessons are left with exit = suspend.
    assert told["completed"] >= 4
    assert told["suspended"] == 2
    assert told["terminated"] == 1
    assert told["passed"] >= 2
    last = rest.statements(registration)
    assert {s["context"]["registration"] for s in last} == {rest.progress(registration)["xapiRegistrationId"]}
    assert all(s["actor"]["account"]["name"] for s in last)
    passed = [s for s in last if s["verb"]["id"] == VERBS + "passed"]
    assert any(s["result"]["score"]["scaled"] == 1 for s in passed)


def test_who_fails_may_try_again(rest: Rest, demo: str, launch: Launch) -> None:
    registration = rest.register(demo)
    player = launch(registration)
    player.choose("quiz")
    player.wait_for_activity("quiz")
    wrong = {**RIGHT, **WRONG}
    for question in RIGHT:
        player.answer(question, "1" if question == "eyes" else wrong[question])
        player.sco.locator("#next").click()
    expect(player.sco.locator("#result h2")).to_have_text("Not enough this time")
    player.wait_until_saved()
    expect(player.page.locator('[data-activity-id="quiz"]')).to_contain_text("Not passed")
    assert rest.runtime_of(registration, "quiz")["scoreRaw"] == "3"
    player.sco.locator("#again").click()
    player.answer_all(list(RIGHT))
    player.wait_until_saved()
    expect(player.page.locator('[data-activity-id="quiz"]')).to_contain_text("Passed")
    player.press("suspend-all")
    player.wait_for("ended")

    def done() -> bool:
        return bool(rest.progress(registration)["registrationSuccess"] == "PASSED")

    wait_until("passed", done)
    # The lessons have not been read.
    assert rest.progress(registration)["registrationCompletion"] == "INCOMPLETE"
