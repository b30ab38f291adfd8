"""Course files from S3: whole, in parts, not at all when they are known, squeezed."""

from __future__ import annotations

import gzip
import io
import random

import pytest
from flask import Flask

from core.blobs import BlobStore
from core.db import unit_of_work
from course_packages import assets, catalogue, importing
from tests.conftest import TestTenant
from tests.scorm_runtime.packages import MANIFEST_2004, Player, launch, load, package, register
from tests.server.api.conftest import Api

SCRIPT = b"let course = 1;\n" * 500
VIDEO = random.Random(7).randbytes(7 << 20)


@pytest.fixture
def player(app: Flask, tenant: TestTenant, on_s3: BlobStore) -> Player:
    assert on_s3.local is None
    course = load(
        tenant.id, package(MANIFEST_2004, {"one": ""}, extra={"a.js": SCRIPT, "b.mp4": VIDEO, "empty.txt": b""})
    )
    return launch(app, tenant.id, register(tenant.id, course))


def test_a_file_as_a_whole_and_in_parts(player: Player) -> None:
    where, size = f"/p/{player.token}/c/b.mp4", len(VIDEO)
    whole = player.client.get(where)
    assert (whole.status_code, whole.data == VIDEO, whole.headers["Content-Length"]) == (200, True, str(size))
    assert whole.headers["Accept-Ranges"] == "bytes"
    for asked, start, end in (
        ("bytes=0-0", 0, 1),
        (f"bytes={5 << 20}-{(5 << 20) + 99}", 5 << 20, (5 << 20) + 100),
        ("bytes=-500", size - 500, size),
        (f"bytes={size - 3}-", size - 3, size),
        (f"bytes=2000000-{size + 50}", 2_000_000, size),
    ):
        part = player.client.get(where, headers={"Range": asked})
        assert part.status_code == 206, asked
        assert part.data == VIDEO[start:end], asked
        assert part.headers["Content-Range"] == f"bytes {start}-{end - 1}/{size}", asked
    assert player.client.get(where, headers={"Range": f"bytes={size}-"}).status_code == 416
    head = player.client.head(where)
    assert (head.status_code, head.data, head.headers["Content-Length"]) == (200, b"", str(size))
    nothing = player.client.get(f"/p/{player.token}/c/empty.txt")
    assert (nothing.status_code, nothing.data) == (200, b"")


def test_what_the_browser_has_is_not_sent_again(player: Player) -> None:
    where = f"/p/{player.token}/c/b.mp4"
    tag = player.client.head(where).headers["ETag"]
    known = player.client.get(where, headers={"If-None-Match": tag})
    assert (known.status_code, known.data) == (304, b"")
    # A part of what has changed meanwhile would not fit: the whole file comes.
    assert player.client.get(where, headers={"Range": "bytes=0-9", "If-Range": tag}).status_code == 206
    assert player.client.get(where, headers={"Range": "bytes=0-9", "If-Range": '"other"'}).status_code == 200


def test_texts_are_squeezed(player: Player) -> None:
    where = f"/p/{player.token}/c/a.js"
    squeezed = player.client.get(where, headers={"Accept-Encoding": "gzip"})
    assert squeezed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(squeezed.data) == SCRIPT
    known = {"Accept-Encoding": "gzip", "If-None-Match": squeezed.headers["ETag"]}
    assert player.client.get(where, headers=known).status_code == 304
    assert player.client.get(where, headers={"Range": "bytes=4-9"}).data == SCRIPT[4:10]


@pytest.mark.usefixtures("player")
def test_a_file_is_replaced_and_downloaded(app: Flask, tenant: TestTenant) -> None:
    version = catalogue.current_version(tenant.id, "safety")
    content = importing.stage(io.BytesIO(b"let course = 2;"))
    replacement = assets.Replacement(version.id, "a.js", content.sha256)
    with unit_of_work():
        job = importing.start_import(tenant.id, "safety", replacement, "safety.zip").id
    importing.run_import(tenant.id, job)
    api = Api(app, tenant)
    answer = api.send("GET", "/courses/safety/asset?relativePath=a.js")
    assert answer.data == b"let course = 2;"
    part = {**tenant.auth, "Range": "bytes=10-19"}
    answer = api.send("GET", "/courses/safety/asset?relativePath=b.mp4", headers=part)
    assert (answer.status_code, answer.data) == (206, VIDEO[10:20])
    package_ = api.send("GET", "/courses/safety/versions/1/zip")
    assert package_.headers["Content-Length"] == str(version.zip_size)
    known = {**tenant.auth, "If-None-Match": package_.headers["ETag"]}
    assert api.send("GET", "/courses/safety/versions/1/zip", headers=known).status_code == 304
