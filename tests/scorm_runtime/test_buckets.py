"""Buckets of shared state (ssp.*): declared in the manifest or allocated by content, kept as long as their persistence says."""

from __future__ import annotations

import io
import zipfile

import pytest
from flask import Flask

from course_packages.model import Bucket
from scorm_runtime.cmi import DataModel
from tests.conftest import TestTenant
from tests.course_packages.building import codes, inspected
from tests.scorm_runtime.packages import MANIFEST_2004, Player, launch, load, package, register

SPACE = 'xmlns:imsssp="http://www.imsglobal.org/xsd/imsssp"'


def course(tenant: TestTenant, course_id: str = "safety", *, buckets: str = "") -> str:
    """A course of two parts, the first with ``buckets`` in its resource."""
    return load(tenant.id, declaring(buckets), course_id)


def declaring(buckets: str) -> bytes:
    data = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(package(MANIFEST_2004, {"one": "", "two": ""}))) as plain,
        zipfile.ZipFile(data, "w") as made,
    ):
        for name in plain.namelist():
            text = plain.read(name).decode()
            if name == "imsmanifest.xml":
                text = text.replace("<manifest ", f"<manifest {SPACE} ").replace(
                    "</resource>", f"{buckets}</resource>", 1
                )
            made.writestr(name, text)
    return data.getvalue()


def model(player: Player) -> DataModel:
    return DataModel(player.activity["standard"], player.activity["cmi"], player.activity["settings"])


def say(player: Player, *calls: tuple[str, str], **more: str) -> None:
    """SetValue of the content, as the page sends it."""
    page = model(player)
    changes = {}
    for element, value in calls:
        assert page.buckets is not None
        name, whole, situation = page.buckets.set(element, value)
        assert not situation, (element, situation)
        changes[name] = whole
    player.send(changes, **more)


def test_a_declared_bucket_is_there_from_the_first_call(app: Flask, tenant: TestTenant) -> None:
    declared = (
        '<imsssp:bucket bucketID="urn:b" bucketType="text" persistence="course">'
        '<imsssp:size requested="100" minimum="20" reducible="true"/></imsssp:bucket>'
    )
    registration = register(tenant.id, course(tenant, buckets=declared))
    player = launch(app, tenant.id, registration)
    page = model(player)
    assert page.get("ssp._count") == ("1", 0)
    assert page.get("ssp.0.allocation_success") == ("requested", 0)
    assert page.get("ssp.bucket_state.{bucketID=urn:b}") == ("{totalSpace=100}{used=0}{type=text}", 0)
    # The other part does not declare it, and nobody has written it yet.
    player.send(end="terminate", navigate="continue")
    assert model(player).get("ssp._count") == ("0", 0)


@pytest.mark.parametrize("scope", ["session", "course", "learner"])
def test_how_long_a_bucket_is_kept(app: Flask, tenant: TestTenant, scope: str) -> None:
    player = launch(app, tenant.id, register(tenant.id, course(tenant)))
    say(
        player,
        ("ssp.allocate", f"{{bucketID=b}}{{requested=40}}{{persistence={scope}}}"),
        ("ssp.data", "{bucketID=b}first"),
    )
    player.send({"cmi.exit": "suspend"}, end="terminate", navigate="suspendAll")
    player = player.again()
    assert model(player).get("ssp.data.{bucketID=b}") == ("first", 0)
    say(player, ("ssp.appendData", "{bucketID=b}, second"))
    # Another part of the course.
    player.send({"cmi.exit": "normal"}, end="terminate", navigate="continue")
    found = model(player).get("ssp.data.{bucketID=b}")
    assert found == (("", 301) if scope == "session" else ("first, second", 0))
    # A new attempt on the course.
    player.send(end="terminate", navigate="exitAll")
    player = player.again()
    assert model(player).get("ssp.data.{bucketID=b}") == found
    # Another course of the learner, and another learner.
    other = launch(app, tenant.id, register(tenant.id, course(tenant, "second")))
    assert model(other).get("ssp.data.{bucketID=b}") == (found if scope == "learner" else ("", 301))
    assert model(launch(app, tenant.id, register(tenant.id, "safety", "budi"))).get("ssp._count") == ("0", 0)


def test_what_the_server_refuses(app: Flask, tenant: TestTenant) -> None:
    player = launch(app, tenant.id, register(tenant.id, course(tenant)))
    say(player, ("ssp.allocate", "{bucketID=b}{requested=4}"), ("ssp.data", "{bucketID=b}ok"))
    for number, (changes, code) in enumerate(
        (
            ({"ssp.0.data": "xxx"}, 351), ({"ssp.7.data": "x"}, 351), ({"ssp.0.id": "c"}, 401), ({"ssp.allocate": "x"}, 401),
            ({"ssp.1.declaration": "{bucketID=c}"}, 406), ({"ssp.0.declaration": "{bucketID=c}{requested=2}"}, 351),
        )
    ):  # fmt: skip
        response = player.post({"session": player.session, "seq": 50 + number, "key": f"k{number}", "changes": changes})
        assert (response.status_code, response.json["error"]["elements"][0]["code"]) == (400, code), changes
    # Nothing of it was stored.
    player.send(end="terminate", navigate="exitAll")
    assert model(player.again()).get("ssp.0.data") == ("ok", 0)


def test_repeated_requests_allocate_once(app: Flask, tenant: TestTenant) -> None:
    player = launch(app, tenant.id, register(tenant.id, course(tenant)))
    declaration = "{bucketID=b}{requested=40}{minimum=0}{reducible=false}{persistence=learner}{type=}"
    for _ in range(2):
        player.send({"ssp.0.data": "x", "ssp.0.declaration": declaration})
    player.send(end="terminate", navigate="exitAll")
    page = model(player.again())
    assert (page.get("ssp._count"), page.get("ssp.0.data")) == (("1", 0), ("x", 0))


def test_browsing_keeps_nothing(app: Flask, tenant: TestTenant) -> None:
    registration = register(tenant.id, course(tenant))
    player = launch(app, tenant.id, registration, mode="browse")
    say(player, ("ssp.allocate", "{bucketID=b}{requested=40}"), ("ssp.data", "{bucketID=b}x"), end="terminate")
    assert model(launch(app, tenant.id, registration)).get("ssp._count") == ("0", 0)


def test_what_manifests_declare() -> None:
    declared = (
        '<imsssp:bucket bucketID="a"><imsssp:size requested="10"/></imsssp:bucket>'
        '<imsssp:bucket bucketID="b" persistence="session" bucketType="t"><imsssp:size requested="10" minimum="4" '
        'reducible="true"/></imsssp:bucket>'
    )
    package = inspected(declaring(declared)).package
    assert package is not None
    first, second = package.organization.items
    assert first.buckets == (
        Bucket(bucket_id="a", requested=10),
        Bucket(bucket_id="b", requested=10, minimum=4, reducible=True, persistence="session", bucket_type="t"),
    )
    assert second.buckets == ()


@pytest.mark.parametrize(
    "declared",
    [
        '<imsssp:bucket><imsssp:size requested="10"/></imsssp:bucket>',
        '<imsssp:bucket bucketID="a"/>',
        '<imsssp:bucket bucketID="a"><imsssp:size requested="11"/></imsssp:bucket>',
        '<imsssp:bucket bucketID="a"><imsssp:size requested="10" minimum="12"/></imsssp:bucket>',
        '<imsssp:bucket bucketID="a"><imsssp:size requested="8"/></imsssp:bucket>' * 2,
    ],
)
def test_declarations_that_are_none_are_named(declared: str) -> None:
    assert codes(inspected(declaring(declared))) == ["bucket_invalid"]
