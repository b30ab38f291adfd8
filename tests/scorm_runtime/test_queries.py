"""How many statements a commit costs the database: a floor that does not rise silently."""

from __future__ import annotations

from flask import Flask

from tests.conftest import TestTenant
from tests.counting import counted
from tests.scorm_runtime.packages import MANIFEST_2004, launch, load, package, register


def test_queries_of_a_plain_commit(app: Flask, tenant: TestTenant) -> None:
    course = load(tenant.id, package(MANIFEST_2004, {"one": "", "two": ""}))
    player = launch(app, tenant.id, register(tenant.id, course))
    # The first one begins the content, the second one finds out what to answer as long as only data change.
    player.send({"cmi.location": "0"})
    player.send({"cmi.location": "1"})
    with counted() as seen:
        player.send({"cmi.location": "2", "cmi.suspend_data": "x" * 2000})
    print("\n".join(s[:110].replace("\n", " ") for s in seen))
    # Read: launch with its registration (locked); session, course state and activity state. Written: activity state, session.
    assert len(seen) <= 4
