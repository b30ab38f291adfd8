"""A cmi5 course structure without a zip (cmi5 14.2): a course whose units are somewhere else."""

from __future__ import annotations

import io

import pytest

from core.blobs import blobs
from core.db import session, unit_of_work
from course_packages import catalogue, importing
from course_packages.archive import Limits
from course_packages.inspection import Inspection, inspect
from course_packages.model import Standard
from tests.conftest import TestTenant
from tests.course_packages.building import codes, manifest_12, zipped
from tests.course_packages.test_cmi5 import ABOUT, AU


def structure(*addresses: str) -> str:
    units = "".join(AU.format(f"urn:a:{n}", "", "", address) for n, address in enumerate(addresses, 1))
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        '<courseStructure xmlns="https://w3id.org/xapi/profiles/cmi5/v1/CourseStructure.xsd">\n'
        f'<course id="urn:c">{ABOUT}</course>\n{units}</courseStructure>'
    )


TWO = structure("https://example.org/one?x=1", "HTTP://example.org/two")


def read(data: bytes | str, **options: bool) -> Inspection:
    return inspect(io.BytesIO(data.encode() if isinstance(data, str) else data), **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "data",
    [
        TWO.encode(),
        b"\xef\xbb\xbf" + TWO.encode(),
        TWO.partition("\n")[2].encode(),
        TWO.replace("utf-8", "utf-16").encode("utf-16"),
        b"\n  " + TWO.partition("\n")[2].encode(),
    ],
    ids=["declared", "bom", "undeclared", "utf-16", "space"],
)
def test_it_is_a_course_of_its_units(data: bytes) -> None:
    found = read(data)
    assert found.package is not None, found.report.errors
    assert (found.package.standard, found.package.title, found.single) == (Standard.CMI5, "T", "cmi5.xml")
    assert [item.href for item in found.package.organization.items] == [
        "https://example.org/one?x=1", "HTTP://example.org/two",
    ]  # fmt: skip
    assert read(data, strict=True).importable


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (structure("index.html"), "cmi5_url_relative"),
        (structure("https://example.org/a", "../b/index.html"), "href_outside"),
        (structure("//example.org/a"), "cmi5_url_relative"),
        (structure("https://"), "cmi5_url_invalid"),
        (structure("ftp://example.org/a"), "href_scheme"),
        (structure(), "cmi5_empty_block"),
        (structure("https://example.org/a").replace('id="urn:a:1"', ""), "cmi5_id_missing"),
        (structure("https://example.org/a?actor=x"), "cmi5_reserved_parameter"),
        (TWO[:-20], "xml_broken"),
        (TWO.replace("<course ", "<!DOCTYPE x><course ").replace("utf-8", "utf-8"), "xml_broken"),
        ('<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><courseStructure/>', "xml_doctype"),
        (manifest_12(), "xml_alone"),
        ('<?xml version="1.0"?><html/>', "xml_alone"),
        ("<courseStructure/>", "cmi5_no_course"),
        ("<!doctype html><p>", "zip_not_a_zip"),
        ("courseStructure", "zip_not_a_zip"),
    ],
)
def test_what_is_wrong_with_it_is_named(data: str, code: str) -> None:
    found = read(data)
    assert found.package is None
    assert code in [error.code for error in found.report.errors], codes(found)


def test_limits_of_manifests_hold() -> None:
    small = inspect(io.BytesIO(TWO.encode()), Limits(manifest_size=100))
    assert [error.code for error in small.report.errors] == ["file_too_large"]
    few = inspect(io.BytesIO(TWO.encode()), Limits(manifest_elements=3))
    assert [error.code for error in few.report.errors] == ["xml_too_many_elements"]


def test_within_a_zip_complete_addresses_are_no_must() -> None:
    assert read(zipped({"cmi5.xml": structure("index.html"), "index.html": ""})).importable


def test_it_is_imported_and_stored_as_it_came(tenant: TestTenant) -> None:
    blob = importing.stage(io.BytesIO(TWO.encode()))
    with unit_of_work():
        job_id = importing.start_import(tenant.id, "c", blob, "my course.xml").id
    importing.run_import(tenant.id, job_id)
    session().rollback()
    assert importing.get_job(tenant.id, job_id).status == "COMPLETE"
    version = catalogue.current_version(tenant.id, "c")
    assert (version.standard, version.title, version.file_count) == ("cmi5", "T", 1)
    assert (version.thumbnail, version.report["warnings"]) == (None, [])
    (file,) = catalogue.list_files(tenant.id, version.id)
    assert (file.path, file.mime, file.sha256) == ("cmi5.xml", "text/xml", version.zip_sha256)
    assert blobs().read(file.sha256) == TWO.encode()
