from __future__ import annotations

from course_packages.inspection import Inspection
from course_packages.model import Standard
from tests.course_packages.building import codes, inspected, zipped

CRS = """[Course]
Course_ID = c-1
Course_Title="Safety"
Course_Creator=Us
Course_System=By hand
Level=1
Version=4.0
Total_AUs=2
Total_Blocks=1
[Course_Behavior]
Max_Normal=1
[Course_Description]
All about
safety
"""
AU = (
    '"System_ID","type","command_line","Max_Time_Allowed","time_limit_action","file_name","max_score","mastery_score",'
    '"system_vendor","core_vendor","web_launch","au_password"\n'
    '"A1","lesson","","00:20:00","C,N","one.html",100,80,"","vendor data","x=1",""\n'
    '"A2","test","","","","two.html",,"","","","",""\n'
)
DES = '"system_id","developer_id","title","description"\n"A1","d","One","First\nunit"\n"A2","d","Two",""\n"B1","d","Block",""\n'
CST = '"block","member","member"\n"ROOT","B1","A2"\n"B1","a1","J1"\n'


ONLY_UNITS = CRS.replace("Total_Blocks=1", "Total_Blocks=0")


def read(**changed: str | None) -> Inspection:
    files: dict[str, str | None] = {
        "crs": CRS,
        "au": AU,
        "des": DES,
        "cst": CST,
        "pre": '"structure_element","prerequisite"\n"A2","A1"\n',
    }
    named = {f"Course.{extension}": text for extension, text in (files | changed).items() if text is not None}
    return inspected(zipped(named | {"one.html": "", "two.html": ""}))


def test_course_blocks_and_units() -> None:
    found = read()
    made = found.package
    assert made is not None, found.report.errors
    assert codes(found) == []
    assert (made.standard, made.identifier, made.title, made.schema_version) == (Standard.AICC, "c-1", "Safety", "4.0")
    assert made.description == "All about safety"
    block, one, two = made.organization.walk()
    assert (block.identifier, block.title, block.href, len(block.children)) == ("B1", "Block", None, 1)
    assert (one.identifier, one.title, one.description, one.href) == ("A1", "One", "First unit", "one.html?x=1")
    assert (one.mastery_score, one.max_time_allowed, one.data_from_lms) == (80, 1200, "vendor data")
    assert one.launch_facts["timeLimitAction"] == "C,N"
    assert (two.mastery_score, two.prerequisites) == (None, "A1")


def test_without_structure_all_units_stand_in_a_row() -> None:
    found = read(crs=ONLY_UNITS, cst=None, pre=None, des=None)
    assert found.package is not None
    assert [(i.identifier, i.title) for i in found.package.organization.items] == [("A1", "A1"), ("A2", "A2")]
    assert codes(found) == ["title_missing"]


def test_missing_files_and_units() -> None:
    assert codes(read(au=None)) == ["aicc_file_missing"]
    assert "launch_file_missing" in codes(read(au=AU.replace("one.html", "gone.html")))
    found = read(cst=CST + '"B1","A9","A2"\n')
    assert found.package is not None
    assert codes(found) == ["aicc_member_unknown", "aicc_member_twice"]


def test_blocks_that_contain_each_other_end() -> None:
    found = read(cst='"block","member"\n"ROOT","B1"\n"B1","B2"\n"B2","B1"\n"B2","A1"\n')
    assert found.package is not None
    assert "aicc_member_twice" in codes(found)


def test_bytes_that_are_not_utf8() -> None:
    files = {
        "c.crs": ONLY_UNITS,
        "c.au": AU,
        "c.des": DES.replace("One", "Säkerhet").encode("cp1252"),
        "one.html": "",
        "two.html": "",
    }
    found = inspected(zipped(files))
    assert found.package is not None
    assert found.package.organization.items[0].title == "Säkerhet"
    assert codes(found) == ["aicc_windows_1252"]


def said(found: Inspection, code: str) -> str:
    """The one problem with this code: where it is, and what it says."""
    (problem,) = [p for p in found.report.problems if p.code == code]
    assert found.package is not None, "a warning does not block"
    assert problem.advice
    return problem.sentence()


def test_what_the_course_file_must_say() -> None:
    found = read(crs=CRS.replace("Level=1\n", "").replace("Course_Creator=Us", "Course_Creator="))
    assert said(found, "aicc_field_missing") == "Course.crs: The course file has no Course_Creator, Level in [Course]."
    found = read(crs=CRS.replace("Total_AUs=2", "Total_AUs=7").replace("Total_Blocks=1", "Total_Blocks=many"))
    assert said(found, "aicc_total_wrong") == "Course.crs: The course file speaks of 7 (Total_AUs), but there are 2."
    found = read(crs=CRS.replace("Total_Blocks=1", "Total_Blocks=" + "9" * 5000))
    assert codes(found) == [], "a number nobody means"


def test_tables_without_what_is_looked_for() -> None:
    assert "no column title" in said(read(des=DES.replace('"title"', '"name"')), "aicc_column_missing")
    found = read(au=AU + '"a1","lesson","","","","two.html",,"","","","",""\n')
    assert said(found, "aicc_id_duplicate").startswith("Course.au: The id a1 stands in more than one line")
    assert "1 lines" in said(read(au=AU + '"","lesson","","","","two.html",,"","","","",""\n'), "aicc_id_missing")


def test_units_that_stand_nowhere() -> None:
    found = read(cst='"block","member"\n"ROOT","B1"\n"B1","A1"\n')
    assert "the first is a2" in said(found, "aicc_not_placed")
