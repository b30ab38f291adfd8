"""Versions imported before there were thumbnails get theirs without another upload."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from core.db import session, unit_of_work
from course_packages import catalogue, thumbnail_backfill, thumbnails
from course_packages.models import CourseVersion
from server import storage
from tests.conftest import TestTenant
from tests.course_packages.building import manifest_12, zipped
from tests.course_packages.pictures import RED, image, is_like, pdf
from tests.course_packages.test_thumbnails import imported, shown, with_picture


def as_before(tenant: TestTenant, data: bytes, name: str) -> CourseVersion:
    """A version as an import of old left it."""
    version = imported(tenant, data, name, name)
    with unit_of_work() as current:
        current.execute(update(CourseVersion).where(CourseVersion.tenant_id == tenant.id).values(thumbnail=None))
    session().expire_all()
    return version


def test_a_package_and_a_pdf_get_the_one_of_an_import(tenant: TestTenant) -> None:
    versions = [as_before(tenant, pdf(), "a.pdf"), as_before(tenant, with_picture(image()), "b.zip")]
    ids = [version.id for version in versions]
    assert thumbnail_backfill.without(tenant.id) == ids
    assert [thumbnail_backfill.fill(tenant.id, id_) for id_ in ids] == [True, True]
    session().expire_all()
    for version in versions:
        assert is_like(shown(catalogue.version_by_id(tenant.id, version.id))[1], RED)
    assert thumbnail_backfill.without(tenant.id) == []
    assert {version.thumbnail for version in versions} <= {sha256 for sha256, _what in storage.wanted()}


def test_nothing_to_make_one_of_stays_without(tenant: TestTenant) -> None:
    plain = as_before(tenant, zipped({"imsmanifest.xml": manifest_12(), "index.html": "<p>"}), "a.zip")
    sound = as_before(tenant, b"ID3\x04\x00\x00" + bytes(100), "a.mp3")
    for version in (plain, sound):
        assert thumbnail_backfill.fill(tenant.id, version.id) is False
        assert catalogue.version_by_id(tenant.id, version.id).thumbnail is None


def test_a_bad_picture_says_why_and_changes_nothing(tenant: TestTenant) -> None:
    version = as_before(tenant, with_picture(b"\x89PNG\r\n\x1a\n"), "a.zip")
    with pytest.raises(thumbnails.NotMade):
        thumbnail_backfill.fill(tenant.id, version.id)
    assert catalogue.version_by_id(tenant.id, version.id).thumbnail is None


def test_another_tenants_versions_are_not_seen(tenant: TestTenant, other_tenant: TestTenant) -> None:
    as_before(tenant, pdf(), "a.pdf")
    assert thumbnail_backfill.without(other_tenant.id) == []


def test_rejected_versions_are_left_out(tenant: TestTenant) -> None:
    as_before(tenant, pdf(), "a.pdf")
    with unit_of_work() as current:
        mine = CourseVersion.tenant_id == tenant.id
        current.execute(update(CourseVersion).where(mine).values(status="rejected"))
    assert thumbnail_backfill.without(tenant.id) == []
