"""A SCORM 1.2 course that saves at unload only, as old content does."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.courses import linked_12
from tests.browser.player import Player
from tests.browser.rest import Rest

Launch = Callable[[str], Player]


def test_leave_come_back_and_pass_by_the_mastery_score(rest: Rest, course_12: str, launch: Launch) -> None:
    registration = rest.register(course_12)
    player = launch(registration)
    player.wait_for_activity("read")
    player.wait_for_words("ab-initio||Wijaya, Sari|not attempted")
    player.sco.get_by_text("Next page").click()
    # Taking the content away runs its unload handler, which alone sets exit and time.
    player.press("suspend-all")
    player.wait_for("ended")
    player.page.close()

    player = launch(registration)
    player.wait_for_activity("read")
    player.wait_for_words("resume|page-2|Wijaya, Sari|incomplete")
    player.sco.get_by_text("Done").click()
    expect(player.page.locator('[data-activity-id="read"]')).to_contain_text("Completed")
    player.press("continue")
    player.wait_for_activity("test")
    player.wait_for_words()
    player.sco.get_by_text("Answer all").click()
    player.sco.get_by_text("Done").click()
    expect(player.page.locator('[data-activity-id="test"]')).to_contain_text("Passed")
    player.press("exit-all")
    player.wait_for("ended")
    expect(player.page.locator("#ended-card h2")).to_have_text("You passed")

    found = rest.progress(registration)
    assert (found["registrationCompletion"], found["registrationSuccess"]) == ("COMPLETED", "PASSED")
    assert found["score"]["scaled"] == 80
    # Three sessions of 90 seconds, however often the content reported them.
    assert found["totalSecondsTracked"] == 270


def test_below_the_mastery_score_is_failed(rest: Rest, course_12: str, launch: Launch) -> None:
    registration = rest.register(course_12)
    player = launch(registration)
    player.choose("test")
    player.wait_for_activity("test")
    player.wait_for_words()
    player.sco.locator("body").evaluate("() => score(40)")
    player.sco.get_by_text("Done").click()
    expect(player.page.locator('[data-activity-id="test"]')).to_contain_text("Not passed")
    player.press("exit-all")
    player.wait_for("ended")
    assert rest.progress(registration)["registrationSuccess"] == "FAILED"


def test_links_of_the_content_to_another_part_lead_there(rest: Rest, launch: Launch) -> None:
    registration = rest.register(rest.import_course(linked_12()))
    player = launch(registration)
    player.wait_for_activity("one")
    expect(player.sco.locator("#entry")).to_contain_text("ab-initio")
    player.sco.get_by_text("Next page of the course").click()
    player.wait_for_activity("two")
    expect(player.sco.locator("#entry")).to_contain_text("ab-initio")
    player.sco.get_by_text("Next page of the course").click()
    player.wait_for_activity("three")
    details = rest.progress(registration)
    assert details["registrationCompletion"] == "INCOMPLETE"
    assert [rest.runtime_of(registration, part)["completionStatus"] for part in ("one", "two")] == [
        "completed",
        "completed",
    ]
    assert details["totalSecondsTracked"] == 120
    # A page that is no part of the course: the part has ended by itself, and says logout.
    player.sco.get_by_text("Notes").click()
    player.wait_for("ended")
    assert rest.progress(registration)["registrationCompletion"] == "COMPLETED"
