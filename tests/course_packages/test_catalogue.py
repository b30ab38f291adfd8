from __future__ import annotations

import pytest
from sqlalchemy import select

from core.db import session, unit_of_work
from core.errors import Conflict, Invalid, NotFound
from core.events import Event
from course_packages import catalogue
from tests.conftest import TestTenant
from tests.course_packages.building import manifest_12, package
from tests.course_packages.test_importing import imported, start

GOOD = package(manifest_12())


def test_what_does_not_exist_is_not_found(tenant: TestTenant) -> None:
    imported(tenant, b"broken", "never")
    for look in (
        lambda: catalogue.get_course(tenant.id, "x"),
        lambda: catalogue.get_version(tenant.id, "x", 1),
        lambda: catalogue.version_by_id(tenant.id, "x"),
        lambda: catalogue.current_version(tenant.id, "never"),
        lambda: catalogue.package(tenant.id, "x"),
        lambda: catalogue.package(tenant.id, catalogue.get_version(tenant.id, "never", 1).id),
    ):
        with pytest.raises(NotFound):
            look()


def test_listing_pages_searches_and_filters(tenant: TestTenant) -> None:
    for course in ("b-1", "a_2", "c%3"):
        imported(tenant, GOOD, course)
    with unit_of_work():
        catalogue.set_title(tenant.id, "b-1", "Safety at work")
        catalogue.set_tags(tenant.id, "a_2", ["x", " y ", "x", ""])
    assert [c.id for c in catalogue.list_courses(tenant.id, limit=2)] == ["a_2", "b-1"]
    assert [c.id for c in catalogue.list_courses(tenant.id, after="b-1")] == ["c%3"]
    assert [c.id for c in catalogue.list_courses(tenant.id, search="SAFETY")] == ["b-1"]
    assert [c.id for c in catalogue.list_courses(tenant.id, search="%")] == ["c%3"]
    assert [c.tags for c in catalogue.list_courses(tenant.id, tag="y")] == [["x", "y"]]


def test_a_title_of_ones_own_stays(tenant: TestTenant) -> None:
    imported(tenant, GOOD)
    with unit_of_work():
        catalogue.set_title(tenant.id, "course", " Mine ")
        with pytest.raises(Invalid):
            catalogue.set_title(tenant.id, "course", " ")
        catalogue.set_settings(tenant.id, "course", {"maxFailedSubmissions": 3})
    imported(tenant, GOOD)
    course = catalogue.get_course(tenant.id, "course")
    assert (course.title, course.current, course.settings) == ("Mine", 2, {"maxFailedSubmissions": 3})


def test_deleting_the_current_version_makes_the_one_before_current(tenant: TestTenant) -> None:
    imported(tenant, GOOD)
    imported(tenant, GOOD)
    imported(tenant, b"broken")
    with unit_of_work():
        catalogue.delete_version(tenant.id, "course", 2)
    assert catalogue.get_course(tenant.id, "course").current == 1
    with unit_of_work():
        catalogue.delete_version(tenant.id, "course", 1)
    assert catalogue.get_course(tenant.id, "course").current is None
    start(tenant, GOOD)
    with pytest.raises(Conflict), unit_of_work():
        catalogue.delete_version(tenant.id, "course", 4)


def test_deleting_a_course_takes_everything_and_tells(tenant: TestTenant) -> None:
    job = imported(tenant, GOOD)
    version_id = job.version_id
    with unit_of_work():
        catalogue.delete_course(tenant.id, "course")
    assert catalogue.find_file(tenant.id, version_id, "index.html") is None
    with pytest.raises(NotFound):
        catalogue.get_course(tenant.id, "course")
    types = session().scalars(select(Event.type).where(Event.tenant_id == tenant.id).order_by(Event.id))
    assert list(types) == ["course.imported", "course.deleted"]
    imported(tenant, GOOD)
    assert catalogue.current_version(tenant.id, "course").number == 1
