"""Strict reading: what a lenient import repairs or warns of blocks; what is right stays right."""

from __future__ import annotations

import io

import pytest

from core.db import session, unit_of_work
from course_packages import catalogue, importing, strictness
from course_packages.inspection import Inspection, inspect
from course_packages.messages import MESSAGES
from course_packages.problems import localized
from server.demo import build_zip
from tests.conftest import TestTenant
from tests.course_packages.building import manifest_12, manifest_2004, package
from tests.course_packages.pictures import pdf


def read(data: bytes, *, strict: bool) -> Inspection:
    return inspect(io.BytesIO(data), strict=strict)


@pytest.mark.parametrize(
    ("manifest", "code"),
    [
        (manifest_12().replace("<title>Course</title>", ""), "course_title_missing"),
        (manifest_12().replace('<organization identifier="o">', "<organization>"), "identifier_missing"),
        (manifest_12().replace('default="o"', 'default="other"'), "default_organization_wrong"),
        (manifest_2004().replace("</title>", " & more</title>", 1), "xml_bare_ampersand"),
        (manifest_12().replace('href="index.html"', 'href="Index.html"'), "href_case"),
        (manifest_2004(version="2004"), "schema_version_unknown"),
        (manifest_2004().replace("</organization>", "<note/></organization>"), "schema_element_unknown"),
        (
            manifest_12('<item identifier="i1" identifierref="r1"><title>1</title></item>'
                        '<item identifier="i2" identifierref="r9"><title>2</title></item>'),
            "reference_dangling",
        ),
    ],
)  # fmt: skip
def test_what_is_repaired_or_warned_of_blocks_a_strict_reading(manifest: str, code: str) -> None:
    data = package(manifest)
    lenient, strict = read(data, strict=False), read(data, strict=True)
    assert lenient.importable
    assert lenient.report.errors == ()
    assert code in [p.code for p in lenient.report.warnings] + [r.code for r in lenient.report.repairs]
    assert strict.package is None
    assert code in [error.code for error in strict.report.errors]
    assert code not in [repair.code for repair in strict.report.repairs]
    for locale in ("en", "id"):
        for error in strict.report.to_json(locale)["errors"]:
            assert error["message"], error
            assert error["advice"], error
            assert error["severity"] == "error"


def test_each_is_named_with_its_place_in_both_languages() -> None:
    report = read(package(manifest_12().replace('default="o"', 'default="x"')), strict=True).report
    (error,) = report.errors
    assert (error.file, error.line, error.values["wanted"]) == ("imsmanifest.xml", 4, "x")
    again = localized(report.to_json(), "id")["errors"][0]
    assert "Organisasi bawaan x tidak ada" in again["message"]
    assert "impor ketat" in again["advice"]


def test_packages_without_fault_pass_and_harmless_repairs_stay_repairs() -> None:
    for data in (package(manifest_12()), package(manifest_2004()), build_zip(), pdf()):
        found = read(data, strict=True)
        assert found.importable, found.report.errors
    found = read(package("\ufeff" + manifest_12()), strict=True)
    assert (found.importable, [r.code for r in found.report.repairs]) == (True, ["xml_bom"])


def test_the_list_names_warnings_and_repairs_only() -> None:
    assert {MESSAGES[code].severity for code in strictness.BLOCKING} == {"warning", "repair"}
    # A repair that is listed nowhere is one that no rule of a standard forbids, or that concerns the zip.
    left = {c for c, text in MESSAGES.items() if text.severity == "repair"} - strictness.BLOCKING
    assert left == {
        "path_backslash", "name_cp437", "name_utf8", "junk_ignored", "xml_bom", "scorm_type_missing",
        "organization_missing", "aicc_windows_1252",
    }  # fmt: skip


@pytest.mark.parametrize(("strict", "status"), [(False, "COMPLETE"), (True, "ERROR")])
def test_an_import_job_keeps_the_choice(tenant: TestTenant, strict: bool, status: str) -> None:
    blob = importing.stage(io.BytesIO(package(manifest_12().replace("<title>Course</title>", ""))))
    with unit_of_work():
        job_id = importing.start_import(tenant.id, "c", blob, "a.zip", strict=strict).id
    importing.run_import(tenant.id, job_id)
    session().rollback()
    job = importing.get_job(tenant.id, job_id)
    assert job.status == status
    report = catalogue.version_by_id(tenant.id, job.version_id).report
    assert [entry["code"] for entry in report["errors" if strict else "repairs"]] == ["course_title_missing"]
