"""Thumbnails: from packages, PDFs, videos and uploads; what cannot be decoded costs its thumbnail and nothing else."""

from __future__ import annotations

import io
import time
from pathlib import Path

import pytest
from flask import Flask

from core.blobs import blobs
from core.db import session, unit_of_work
from core.errors import Invalid
from course_packages import catalogue, importing, thumbnail_maker, thumbnails
from course_packages.models import CourseVersion
from course_packages.thumbnail_maker import SIDE
from server import storage
from tests.conftest import TestTenant
from tests.course_packages.building import inspected, manifest_12, package, zipped
from tests.course_packages.pictures import BLUE, RED, colour_of, huge_png, image, is_like, pdf, video


def imported(tenant: TestTenant, data: bytes, filename: str, course_id: str = "c") -> CourseVersion:
    blob = importing.stage(io.BytesIO(data))
    with unit_of_work():
        job = importing.start_import(tenant.id, course_id, blob, filename).id
    importing.run_import(tenant.id, job)
    session().expire_all()
    return catalogue.current_version(tenant.id, course_id)


def shown(version: CourseVersion) -> tuple[tuple[int, int], tuple[int, ...]]:
    assert version.thumbnail is not None, version.report
    return colour_of(blobs().read(version.thumbnail))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_a_picture_is_its_own_thumbnail_made_small(tenant: TestTenant, kind: str) -> None:
    size, colour = shown(imported(tenant, image(kind), f"a.{kind.lower()}"))
    assert size == (640, 427)
    assert is_like(colour, RED)


def test_a_small_picture_is_not_blown_up_and_what_is_transparent_becomes_white(tenant: TestTenant) -> None:
    size, colour = shown(imported(tenant, image(size=(40, 30), colour=(9, 9, 9, 0)), "a.png"))
    assert (size, colour) == ((40, 30), (255, 255, 255))


def test_the_first_page_of_a_pdf(tenant: TestTenant) -> None:
    size, colour = shown(imported(tenant, pdf(), "a.pdf"))
    assert max(size) == SIDE
    assert is_like(colour, RED)


@pytest.mark.parametrize(("extension", "dark"), [("mp4", 0), ("mp4", 2), ("webm", 0)])
def test_a_frame_of_a_video_but_not_a_black_one(tenant: TestTenant, tmp_path: Path, extension: str, dark: int) -> None:
    size, colour = shown(imported(tenant, video(tmp_path / f"v.{extension}", dark=dark), f"a.{extension}"))
    assert size == (320, 180)
    assert is_like(colour, BLUE)


def test_a_video_that_stays_black_shows_that(tenant: TestTenant, tmp_path: Path) -> None:
    assert is_like(shown(imported(tenant, video(tmp_path / "v.mp4", dark=25), "a.mp4"))[1], (0, 0, 0))


def test_sound_has_none_and_nobody_complains(tenant: TestTenant) -> None:
    version = imported(tenant, b"ID3\x04\x00\x00" + bytes(100), "a.mp3")
    assert (version.thumbnail, version.report["warnings"]) == (None, [])


# --- packages -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["index.html", "Thumbnail.PNG", "icon.png"], "Thumbnail.PNG"),
        (["story_content/thumbnail.jpg", "logo.png"], "story_content/thumbnail.jpg"),
        (["images/cover.webp", "cover.gif"], "cover.gif"),
        (["deep/in/a/folder/thumbnail.png", "thumbnail.svg", "my-thumbnail.png"], None),
        (["index.html"], None),
        ([], None),
    ],
)
def test_which_file_of_a_package_is_its_thumbnail(names: list[str], expected: str | None) -> None:
    assert thumbnails.find(names) == expected


def test_metadata_names_it_where_repositories_write_it() -> None:
    relation = (
        '<metadata><lom xmlns="http://ltsc.ieee.org/xsd/LOM"><relation><kind><source>LREv3.0</source><value>haspreview</value></kind>'
        "<resource><identifier><entry>./pics/one.jpg</entry></identifier></resource></relation></lom></metadata>"
    )
    manifest = manifest_12()
    assert manifest.count("</metadata>") == 1
    inner = relation.removeprefix("<metadata>")
    found = inspected(package(manifest.replace("</metadata>", inner))).package
    assert found is not None
    assert found.facts == {"thumbnail": "pics/one.jpg"}
    assert thumbnails.find(["thumbnail.png", "Pics/One.jpg"], "pics/one.jpg") == "Pics/One.jpg"
    assert thumbnails.find(["thumbnail.png"], "pics/one.jpg") == "thumbnail.png"


def with_picture(data: bytes) -> bytes:
    return zipped({"imsmanifest.xml": manifest_12(), "index.html": "<p>", "thumbnail.png": data})


def test_a_package_brings_its_own_and_each_version_another(tenant: TestTenant) -> None:
    first = imported(tenant, with_picture(image()), "a.zip")
    second = imported(tenant, with_picture(image(colour=BLUE)), "a.zip")
    assert is_like(shown(first)[1], RED)
    assert is_like(shown(second)[1], BLUE)
    course = catalogue.get_course(tenant.id, "c")
    assert catalogue.thumbnail_of(course, second) == second.thumbnail
    own = thumbnails.of_upload(io.BytesIO(image(size=(10, 10))))
    with unit_of_work():
        catalogue.set_thumbnail(tenant.id, "c", own.sha256)
    course = catalogue.get_course(tenant.id, "c")
    assert catalogue.thumbnail_of(course, second) == own.sha256
    # A sweep leaves all three alone.
    named = {sha256 for sha256, _what in storage.wanted()}
    assert {own.sha256, first.thumbnail, second.thumbnail} <= named


# --- hostile files ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        b"\x89PNG\r\n\x1a\n",
        huge_png(60_000, 60_000),
        huge_png(1, 2_000_000_000),
        image()[:120] + b"\xff" * 300,
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n",
        b"",
    ],
    ids=["cut", "bomb", "tall", "broken", "svg", "eps", "empty"],
)
def test_a_bad_picture_is_a_warning_that_names_it(tenant: TestTenant, data: bytes) -> None:
    version = imported(tenant, with_picture(data), "a.zip")
    assert (version.status, version.thumbnail) == ("ready", None)
    (warning,) = version.report["warnings"]
    assert (warning["code"], warning["file"]) == ("thumbnail_unreadable", "thumbnail.png")
    assert warning["values"]["detail"]


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"%PDF-1.7\n", "a.pdf"),
        (pdf().replace(b"/MediaBox", b"/MedeaBox")[:-300], "c.pdf"),
        (b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00" + bytes(500), "a.mp4"),
        (
            b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\xf7\x81\x01B\xf2\x81\x04B\xf3\x81\x08B\x82\x84webm" + b"\xff" * 500,
            "a.webm",
        ),
        (huge_png(40_000, 40_000), "a.png"),
    ],
)
def test_a_bad_media_file_is_still_a_course(tenant: TestTenant, data: bytes, name: str) -> None:
    version = imported(tenant, data, name)
    assert (version.status, version.thumbnail) == ("ready", None)
    assert [w["code"] for w in version.report["warnings"]] == ["thumbnail_unreadable"]


def test_a_pdf_whose_pages_are_themselves_is_read_to_an_end(tenant: TestTenant) -> None:
    data = b"%PDF-1.7\n1 0 obj<</Type/Catalog/Pages 1 0 R>>endobj\ntrailer<</Root 1 0 R>>"
    assert imported(tenant, data, "a.pdf").status == "ready"


def test_a_playlist_in_disguise_opens_no_other_file(app: Flask, tmp_path: Path) -> None:
    """FFmpeg's playlists and its concat format name files; the container is fixed, so neither is looked for."""
    secret = tmp_path / "secret.mp4"
    video(secret)
    for text in (f"#EXTM3U\n#EXTINF:1,\n{secret}\n", f"ffconcat version 1.0\nfile '{secret}'\n"):
        list_ = tmp_path / "list"
        list_.write_text(text)
        for kind in ("mp4", "webm"):
            with pytest.raises(thumbnails.NotMade):
                thumbnails.make(kind, list_)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("while True: pass", "longer than"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "cannot be decoded"),
        ("raise SystemExit('no such luck')", "no such luck"),
    ],
)
def test_a_decoder_that_hangs_or_crashes_ends_alone(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str, said: str
) -> None:
    program = tmp_path / "maker.py"
    program.write_text(body)
    monkeypatch.setattr(thumbnail_maker, "__file__", str(program))
    # Those that crash have the time to begin.
    monkeypatch.setattr(thumbnails, "SECONDS", 1.0 if said == "longer than" else 60.0)
    begun = time.monotonic()
    with pytest.raises(thumbnails.NotMade, match=said):
        thumbnails.make("image", tmp_path / "none")
    assert time.monotonic() - begun < 60


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("while True: pass", "cannot be decoded"),
        ("x = bytearray(4 << 30)", "MemoryError"),
        ("import sys; open(sys.argv[3], 'wb').write(bytes(64 << 20))", "too large"),
    ],
)
def test_the_process_limits_its_own_time_memory_and_output(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str, said: str
) -> None:
    source = Path(thumbnail_maker.__file__).read_text().replace("CPU_SECONDS = 10", "CPU_SECONDS = 1")
    program = tmp_path / "maker.py"
    program.write_text(source.partition("if __name__")[0] + f"cage()\n{body}\n")
    monkeypatch.setattr(thumbnail_maker, "__file__", str(program))
    monkeypatch.setattr(thumbnails, "SECONDS", 60.0)
    with pytest.raises(thumbnails.NotMade, match=said):
        thumbnails.make("image", tmp_path / "none")


def test_without_the_library_for_videos_they_are_imported_all_the_same(
    tenant: TestTenant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "maker.py"
    program.write_text("import sys; sys.modules['av'] = None\n" + Path(thumbnail_maker.__file__).read_text().replace(
        "from __future__ import annotations\n", ""))  # fmt: skip
    monkeypatch.setattr(thumbnail_maker, "__file__", str(program))
    version = imported(tenant, video(tmp_path / "v.mp4"), "a.mp4")
    assert (version.status, version.thumbnail, version.report["warnings"]) == ("ready", None, [])


def test_an_upload_that_is_no_picture_is_refused(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    for data in (b"no picture", b"", pdf(), huge_png(60_000, 60_000)):
        with pytest.raises(Invalid) as refused:
            thumbnails.of_upload(io.BytesIO(data))
        assert "/" not in refused.value.message, "where it lies on this machine"
    monkeypatch.setattr(thumbnails, "LARGEST", 100)
    with pytest.raises(Invalid, match="larger"):
        thumbnails.of_upload(io.BytesIO(image()))
