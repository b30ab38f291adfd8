"""Texts of a course go out as gzip to browsers that take it; everything else, and parts of files, as they are."""

from __future__ import annotations

import gzip

import pytest
from flask import Flask

from tests.conftest import TestTenant
from tests.scorm_runtime.packages import MANIFEST_2004, Player, launch, load, package, register

SCRIPT = b"let course = 1;\n" * 500


@pytest.fixture
def player(app: Flask, tenant: TestTenant) -> Player:
    course = load(tenant.id, package(MANIFEST_2004, {"one": ""}, extra={"a.js": SCRIPT, "b.mp4": SCRIPT}))
    return launch(app, tenant.id, register(tenant.id, course))


def test_texts_are_squeezed_for_who_takes_it(player: Player) -> None:
    where = f"/p/{player.token}/c/a.js"
    response = player.client.get(where, headers={"Accept-Encoding": "gzip, br"})
    assert response.headers["Content-Encoding"] == "gzip"
    assert len(response.data) < len(SCRIPT) / 10
    assert gzip.decompress(response.data) == SCRIPT
    known = {"Accept-Encoding": "gzip", "If-None-Match": response.headers["ETag"]}
    assert player.client.get(where, headers=known).status_code == 304
    plain = player.client.get(where)
    assert "Content-Encoding" not in plain.headers
    assert (plain.data, plain.headers["Vary"]) == (SCRIPT, "Accept-Encoding")
    assert plain.headers["ETag"] != response.headers["ETag"]


def test_parts_and_media_go_as_they_are(player: Player) -> None:
    part = player.client.get(f"/p/{player.token}/c/a.js", headers={"Accept-Encoding": "gzip", "Range": "bytes=4-9"})
    assert (part.status_code, part.data) == (206, SCRIPT[4:10])
    media = player.client.get(f"/p/{player.token}/c/b.mp4", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in media.headers
    assert media.data == SCRIPT
