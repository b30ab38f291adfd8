"""Comments that an instructor leaves: the content reads them, cannot change them, and finds the present ones each time."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from flask import Flask

from core.db import session, unit_of_work
from core.errors import Conflict, Invalid, NotFound
from registrations import registrations
from scorm_runtime import lms_comments
from scorm_runtime.cmi import DataModel
from scorm_runtime.models import LmsComment
from tests.conftest import TestTenant
from tests.scorm_runtime.packages import MANIFEST_12, MANIFEST_2004, Player, launch, load, package, register


def comment(tenant: TestTenant, registration: str, text: str, **more: str) -> str:
    with unit_of_work():
        return lms_comments.add(registrations.get(tenant.id, registration), text, **more).id


def course(tenant: TestTenant, manifest: str) -> str:
    return register(tenant.id, load(tenant.id, package(manifest, {"one": "", "two": ""})))


def found(player: Player) -> dict[str, str]:
    return {name: value for name, value in player.activity["cmi"].items() if name.startswith("cmi.comments_from_lms")}


def test_content_of_2004_reads_its_own_and_those_for_all(app: Flask, tenant: TestTenant) -> None:
    registration = course(tenant, MANIFEST_2004)
    comment(tenant, registration, "Selamat datang")
    comment(tenant, registration, "Look at page 3 again\nplease", activity="one", location="page-3")
    comment(tenant, registration, "Only in the other part", activity="two")
    player = launch(app, tenant.id, registration)
    read = found(player)
    assert read.pop("cmi.comments_from_lms.0.timestamp").endswith(".0Z")
    assert read.pop("cmi.comments_from_lms.1.timestamp")
    assert read == {
        "cmi.comments_from_lms.0.comment": "Selamat datang",
        "cmi.comments_from_lms.1.comment": "Look at page 3 again\nplease",
        "cmi.comments_from_lms.1.location": "page-3",
    }
    # What is read is what the data model allows to be there, and the content cannot write it.
    model = DataModel("scorm_2004_4", player.activity["cmi"])
    assert model.get("cmi.comments_from_lms._count") == ("2", 0)
    assert model.set("cmi.comments_from_lms.0.comment", "Mine") == 404
    assert model.checker.check("time", player.activity["cmi"]["cmi.comments_from_lms.0.timestamp"]) == ""
    response = player.post(
        {"session": player.session, "seq": 9, "key": "k", "changes": {"cmi.comments_from_lms.0.comment": "Mine"}}
    )
    assert (response.status_code, response.json["error"]["element"]) == (400, "cmi.comments_from_lms.0.comment")


def test_each_opening_finds_the_present_ones(app: Flask, tenant: TestTenant) -> None:
    registration = course(tenant, MANIFEST_2004)
    first = comment(tenant, registration, "First")
    player = launch(app, tenant.id, registration)
    player.send({"cmi.location": "2", "cmi.exit": "suspend"}, end="terminate", navigate="suspendAll")
    with unit_of_work():
        lms_comments.remove(lms_comments.get(registrations.get(tenant.id, registration), first))
    comment(tenant, registration, "Second")
    player = player.again()
    assert player.activity["cmi"]["cmi.entry"] == "resume"
    assert found(player)["cmi.comments_from_lms.0.comment"] == "Second"
    assert "cmi.comments_from_lms.1.comment" not in found(player)


def test_content_of_12_reads_one_text(app: Flask, tenant: TestTenant) -> None:
    registration = course(tenant, MANIFEST_12)
    assert found(launch(app, tenant.id, registration)) == {}
    comment(tenant, registration, "Hello")
    comment(tenant, registration, "Page 3", activity="one")
    player = launch(app, tenant.id, registration)
    assert found(player) == {"cmi.comments_from_lms": "Hello\nPage 3"}
    assert DataModel("scorm_1_2", player.activity["cmi"]).set("cmi.comments_from_lms", "x") == 403


def made(text: str) -> LmsComment:
    return LmsComment(comment=text, location="", created=datetime(2026, 1, 31, 8, tzinfo=UTC))


def test_what_does_not_fit_into_12_is_left_out_whole() -> None:
    comments = [made("a" * 3000), made("b" * 1000), made("c" * 3000)]
    assert lms_comments.seed_12(comments) == {"cmi.comments_from_lms": "b" * 1000 + "\n" + "c" * 3000}
    assert lms_comments.seed_12([]) == {}


def test_what_is_refused(app: Flask, tenant: TestTenant, other_tenant: TestTenant) -> None:
    registration = course(tenant, MANIFEST_2004)
    for text, more, field in (
        ("", {}, "comment"), ("  ", {}, "comment"), ("x" * 4001, {}, "comment"), ("a\0b", {}, "comment"),
        ("a", {"location": "x" * 251}, "location"), ("a", {"activity": "three"}, "activityId"),
    ):  # fmt: skip
        with pytest.raises(Invalid) as refused:
            comment(tenant, registration, text, **more)
        assert refused.value.details["field"] == field
    # A comment is found by its own registration alone.
    mine = comment(tenant, registration, "Mine")
    other = register(tenant.id, "safety", "budi")
    with pytest.raises(NotFound):
        lms_comments.get(registrations.get(tenant.id, other), mine)
    with unit_of_work():
        for _ in range(lms_comments.MOST - 1):
            lms_comments.add(registrations.get(tenant.id, registration), "again")
    with pytest.raises(Conflict):
        comment(tenant, registration, "too many")


def test_they_go_with_their_registration(app: Flask, tenant: TestTenant) -> None:
    registration = course(tenant, MANIFEST_2004)
    mine = comment(tenant, registration, "Mine")
    with unit_of_work():
        registrations.delete(registrations.get(tenant.id, registration))
    assert session().get(LmsComment, (tenant.id, mine)) is None
