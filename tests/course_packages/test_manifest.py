"""Content packaging shared by all editions, and the tolerance for what real packages do."""

from __future__ import annotations

import pytest

from course_packages.archive import Limits
from course_packages.model import Standard, from_json, to_json
from tests.course_packages.building import (
    NAMESPACES_12,
    codes,
    inspected,
    manifest_12,
    manifest_2004,
    package,
    parsed,
    zipped,
)

SCO = '<resource identifier="{}" adlcp:scormtype="sco" href="{}"/>'
ITEM = '<item identifier="{0}" identifierref="{1}"><title>{0}</title></item>'


def href_of(href: str, files: tuple[str, ...], **attributes: str) -> tuple[str | None, list[str]]:
    """The address of a SCO written as ``href``, and the codes of the report."""
    extra = "".join(f' {name.replace("_", ":")}="{value}"' for name, value in attributes.items())
    found = inspected(
        package(manifest_12(resources=f'<resource identifier="r1" adlcp:scormtype="sco" href="{href}"{extra}/>'), files)
    )
    return (None if found.package is None else found.package.organization.items[0].href), codes(found)


def test_a_plain_package() -> None:
    found = inspected(package(manifest_12()))
    made = found.package
    assert made is not None
    assert codes(found) == []
    assert (made.standard, made.identifier, made.title) == (Standard.SCORM_12, "m", "Course")
    (item,) = made.organization.items
    assert (item.identifier, item.title, item.href, item.scorm_type) == ("i1", "One", "index.html", "sco")
    assert from_json(to_json(made)) == made


def test_zip_without_manifest_says_what_it_has() -> None:
    found = inspected(zipped({"a.html": "", "b.html": ""}))
    (error,) = found.report.errors
    assert error.code == "manifest_missing"
    assert "a.html, b.html" in error.message


def test_zip_within_a_zip_is_explained() -> None:
    found = inspected(zipped({"inner/course.zip": package(manifest_12())}))
    assert [(e.code, e.file) for e in found.report.errors] == [("zip_within_zip", "inner/course.zip")]


def test_shallowest_manifest_is_taken_and_files_outside_are_named() -> None:
    data = zipped(
        {
            "readme.txt": "",
            "course/imsmanifest.xml": manifest_12(),
            "course/index.html": "",
            "course/old/imsmanifest.xml": "<broken",
        }
    )
    found = inspected(data)
    assert found.package is not None
    assert (found.package.root, found.package.manifest_path) == ("course/", "imsmanifest.xml")
    assert codes(found) == ["files_outside", "manifest_in_folder"]


def test_manifest_name_in_other_case() -> None:
    found = inspected(zipped({"IMSMANIFEST.XML": manifest_12(), "index.html": ""}))
    assert found.package is not None
    assert codes(found) == ["manifest_name_case"]


# --- addresses ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("href", "file", "address", "repairs"),
    [
        ("a/b.html", "a/b.html", "a/b.html", []),
        ("./a/../b.html", "b.html", "b.html", []),
        ("a b.html", "a b.html", "a%20b.html", []),
        ("a%20b.html", "a b.html", "a%20b.html", []),
        ("a%20b.html", "a%20b.html", "a%2520b.html", ["href_unescaped"]),
        ("caf\u00e9.html", "caf\u00e9.html", "caf%C3%A9.html", []),
        ("caf%E9.html", "caf\u00e9.html", "caf%C3%A9.html", ["href_unescaped"]),
        ("a\\b.html", "a/b.html", "a/b.html", ["href_backslash"]),
        ("/a/b.html", "a/b.html", "a/b.html", ["href_leading_slash"]),
        ("Index.HTML", "index.html", "index.html", ["href_case"]),
        ("a.html?x=1&amp;y=2#top", "a.html", "a.html?x=1&y=2#top", []),
        ("a.html#sect ion", "a.html", "a.html#sect%20ion", []),
        ("a#b.html", "a#b.html", "a%23b.html", ["href_unescaped"]),
    ],
)
def test_addresses(href: str, file: str, address: str, repairs: list[str]) -> None:
    assert href_of(href, (file,)) == (address, repairs)


@pytest.mark.parametrize(
    ("href", "code"),
    [
        ("missing.html", "launch_file_missing"),
        ("../a.html", "href_outside"),
        ("C:\\course\\a.html", "href_absolute"),
        ("javascript:alert(1)", "href_scheme"),
        ("file:///etc/passwd", "href_scheme"),
    ],
)
def test_addresses_that_cannot_be_launched(href: str, code: str) -> None:
    address, found = href_of(href, ("a.html",))
    assert address is None
    assert code in found


def test_missing_launch_file_is_named_with_its_line() -> None:
    found = inspected(package(manifest_12(), ()))
    (error,) = [e for e in found.report.errors if e.code == "launch_file_missing"]
    assert (error.file, error.line) == ("imsmanifest.xml", 7)
    assert "index.html" in error.message
    assert "One" in error.message


def test_external_address_is_kept_with_a_warning() -> None:
    assert href_of("https://example.org/a?b=c", ()) == ("https://example.org/a?b=c", ["launch_external"])


def test_base_is_composed_over_manifest_resources_and_resource() -> None:
    text = manifest_12(
        attributes=NAMESPACES_12 + ' xml:base="one/"',
        resources='<resource identifier="r1" adlcp:scormtype="sco" href="i.html" xml:base="three/"><file href="i.html"/></resource>',
    ).replace("<resources>", '<resources xml:base="two/">')
    made = parsed(text, ("one/two/three/i.html",))
    assert made.organization.items[0].href == "one/two/three/i.html"
    assert made.resources[0].files == ("one/two/three/i.html",)


def test_base_without_slash_and_base_that_the_author_forgot() -> None:
    assert href_of("i.html", ("dir/i.html",), xml_base="dir") == ("dir/i.html", ["xml_base_slash"])
    assert href_of("dir/i.html", ("dir/i.html",), xml_base="dir/") == ("dir/i.html", ["xml_base_ignored"])


@pytest.mark.parametrize(
    ("href", "parameters", "address"),
    [
        ("i.html", "?a=1&amp;b=2", "i.html?a=1&b=2"),
        ("i.html", "a=1", "i.html?a=1"),
        ("i.html", "&amp;?a=1", "i.html?a=1"),
        ("i.html?x=0", "?a=1", "i.html?x=0&a=1"),
        ("i.html", "#part", "i.html#part"),
        ("i.html#top", "#part", "i.html#top"),
        ("i.html#top", "?a=1", "i.html?a=1#top"),
        ("i.html", "?a=b c", "i.html?a=b%20c"),
        ("i.html", "", "i.html"),
    ],
)
def test_parameters_are_appended(href: str, parameters: str, address: str) -> None:
    made = parsed(
        manifest_12(
            items=f'<item identifier="i" identifierref="r1" parameters="{parameters}"><title>T</title></item>',
            resources=SCO.format("r1", href),
        ),
        ("i.html",),
    )
    assert made.organization.items[0].href == address


# --- organizations, items, resources ------------------------------------------------------------------------------


def test_several_organizations_and_the_default() -> None:
    text = manifest_12().replace(
        "</organization></organizations>",
        f'</organization><organization identifier="p"><title>Other</title>{ITEM.format("x", "r1")}'
        "</organization></organizations>",
    )
    assert [o.identifier for o in parsed(text).organizations] == ["o", "p"]
    assert parsed(text.replace('default="o"', 'default="p"')).organization.title == "Other"
    found = inspected(package(text.replace('default="o"', 'default="nowhere"')))
    assert codes(found) == ["default_organization_wrong"]
    assert found.package is not None
    assert found.package.default_organization == "o"


def test_resource_package_gets_an_organization() -> None:
    text = manifest_12()
    start, end = text.index("<organizations"), text.index("<resources>")
    found = inspected(package(text[:start] + "<organizations/>" + text[end:]))
    assert found.package is not None
    assert [i.href for i in found.package.organization.items] == ["index.html"]
    assert codes(found) == ["organization_missing"]


def test_items_share_a_resource_and_nest() -> None:
    inner = ITEM.format("a", "r1") + ITEM.format("b", "r1")
    made = parsed(manifest_12(items=f'<item identifier="c"><title>C</title>{inner}</item>'))
    (cluster,) = made.organization.items
    assert [i.identifier for i in made.organization.walk()] == ["c", "a", "b"]
    assert (cluster.href, {i.href for i in cluster.children}) == (None, {"index.html"})


def test_course_without_a_title_is_named_after_its_only_item() -> None:
    found = inspected(package(manifest_12().replace("<title>Course</title>", "")))
    assert found.package is not None
    assert (found.package.title, codes(found)) == ("One", ["course_title_missing"])


def test_metadata_after_items_and_title_whitespace() -> None:
    made = parsed(
        manifest_12(
            items='<item identifier=" i1\n" identifierref=" r1 "><title>\n  One\n  lesson </title></item><metadata/>'
        )
    )
    assert (made.organization.items[0].identifier, made.organization.items[0].title) == ("i1", "One lesson")


@pytest.mark.parametrize(
    ("items", "code"),
    [
        (ITEM.format("104,_lesson", "r1"), "identifier_invalid"),
        (ITEM.format("1a", "r1"), "identifier_invalid"),
        (ITEM.format("a", "r1") + ITEM.format("a", "r1"), "identifier_duplicate"),
        ('<item identifierref="r1"><title>T</title></item>', "identifier_missing"),
        ('<item identifier="i" identifierref="r1"/>', "title_missing"),
        (ITEM.format("i", "r1") + '<item identifier="j"><title>T</title></item>', "item_empty"),
        (ITEM.format("i", "nowhere") + ITEM.format("j", "r1"), "reference_dangling"),
    ],
)
def test_careless_items_are_accepted_by_name(items: str, code: str) -> None:
    found = inspected(package(manifest_12(items=items)))
    assert found.package is not None
    assert code in codes(found)
    identifiers = [i.identifier for i in found.package.organization.walk()]
    assert len(identifiers) == len(set(identifiers))


@pytest.mark.parametrize(
    ("items", "resources", "code"),
    [
        (ITEM.format("i", "nowhere"), None, "nothing_to_launch"),
        (None, '<resource identifier="r1" adlcp:scormtype="sco"/>', "resource_without_href"),
        ('<item identifier="i"><title>T</title></item>', None, "nothing_to_launch"),
    ],
)
def test_what_cannot_run_is_rejected(items: str | None, resources: str | None, code: str) -> None:
    chosen = {k: v for k, v in (("items", items), ("resources", resources)) if v is not None}
    found = inspected(package(manifest_12(**chosen)))
    assert found.package is None
    assert code in [e.code for e in found.report.errors]
    assert all(e.advice for e in found.report.errors)


def test_files_and_dependencies_of_resources() -> None:
    resources = (
        '<resource identifier="r1" adlcp:scormtype="sco" href="index.html"><file href="index.html"/><file href="x.js"/>'
        '<file href="gone.js"/><dependency identifierref="r2"/></resource><resource identifier="r2"/>'
    )
    found = inspected(package(manifest_12(resources=resources), ("index.html", "x.js")))
    assert found.package is not None
    assert codes(found) == ["file_missing"]
    assert found.package.resources[0].files == ("index.html", "x.js")
    assert found.package.resources[0].dependencies == ("r2",)


def test_scorm_type_missing_everywhere_means_sco_but_not_beside_others() -> None:
    found = inspected(package(manifest_12(resources='<resource identifier="r1" href="index.html"/>')))
    assert found.package is not None
    assert found.package.organization.items[0].scorm_type == "sco"
    assert codes(found) == ["scorm_type_missing"]
    two = '<resource identifier="r1" href="index.html"/>' + SCO.format("r2", "index.html")
    assert parsed(manifest_12(resources=two)).organization.items[0].scorm_type == "asset"


def test_manifest_without_any_namespace() -> None:
    found = inspected(package(manifest_12(attributes="")))
    assert found.package is not None
    assert found.package.organization.items[0].scorm_type == "sco"
    assert codes(found) == ["xml_prefix_undeclared", "namespace_missing"]


def test_sub_manifest_is_put_in_place_of_the_item() -> None:
    sub = (
        '<manifest identifier="SUB" xml:base="sub/"><organizations default="so"><organization identifier="so">'
        f"<title>Sub</title>{ITEM.format('s1', 'sr')}</organization></organizations>"
        f"<resources>{SCO.format('sr', 'i.html')}</resources></manifest></manifest>"
    )
    text = manifest_12(items=ITEM.format("i", "SUB")).replace("</manifest>", sub)
    made = parsed(text, ("index.html", "sub/i.html"))
    assert [(i.identifier, i.href) for i in made.organization.walk()] == [("i", None), ("s1", "sub/i.html")]


def test_sub_manifest_within_itself_is_rejected() -> None:
    sub = (
        '<manifest identifier="SUB"><organizations><organization identifier="so">'
        f"{ITEM.format('s', 'SUB')}</organization></organizations></manifest></manifest>"
    )
    text = manifest_12(items=ITEM.format("i", "SUB")).replace("</manifest>", sub)
    assert "manifest_in_itself" in codes(inspected(package(text)))


def test_sub_manifests_cannot_multiply_without_end() -> None:
    subs = ""
    for n in range(12):
        inner = "".join(ITEM.format(f"i{n}{k}", f"S{n + 1}") for k in range(4))
        subs += (
            f'<manifest identifier="S{n}"><organizations><organization identifier="o{n}">{inner}'
            "</organization></organizations></manifest>"
        )
    text = manifest_12(items=ITEM.format("i", "S0")).replace("</manifest>", subs + "</manifest>")
    found = inspected(package(text), Limits(manifest_elements=1000))
    assert "items_too_many" in codes(found)


def test_items_nested_too_deep_are_rejected() -> None:
    text = manifest_12(items='<item identifier="i"><title>T</title>' * 61 + "</item>" * 61)
    assert "items_too_deep" in codes(inspected(package(text)))


# --- which edition ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "standard"),
    [
        ("2004 4th Edition", Standard.SCORM_2004_4),
        ("2004 3rd Edition", Standard.SCORM_2004_3),
        ("2004 2nd Edition", Standard.SCORM_2004_2),
        ("CAM 1.3", Standard.SCORM_2004_2),
    ],
)
def test_editions_of_2004(version: str, standard: Standard) -> None:
    made = parsed(manifest_2004(version=version))
    assert (made.standard, made.schema_version) == (standard, version)


@pytest.mark.parametrize("version", ["", "2004", "1.3", "whatever"])
def test_odd_versions_are_judged_by_content(version: str) -> None:
    found = inspected(package(manifest_2004(version=version)))
    assert found.package is not None
    assert found.package.standard is Standard.SCORM_2004_3
    assert codes(found) == ["schema_version_missing" if not version else "schema_version_unknown"]
    data = '<item identifier="i1" identifierref="r1"><title>T</title><adlcp:data><adlcp:map targetID="d"/></adlcp:data></item>'
    assert parsed(manifest_2004(items=data, version=version)).standard is Standard.SCORM_2004_4
    assert parsed(manifest_12(metadata="")).standard is Standard.SCORM_12


def test_version_and_namespace_that_disagree_are_a_warning() -> None:
    found = inspected(package(manifest_2004(version="1.2")))
    assert found.package is not None
    assert found.package.standard is Standard.SCORM_12
    assert codes(found) == ["namespace_other_edition"]


def test_root_element_must_be_a_manifest() -> None:
    assert codes(inspected(package("<html/>"))) == ["manifest_root"]


# --- metadata -----------------------------------------------------------------------------------------------------

LOM = """<lom><general><title><langstring xml:lang="en">LOM title</langstring></title><language>id</language>
<description><langstring>About  it</langstring></description><keyword><langstring>a</langstring></keyword>
<keyword><langstring>b</langstring></keyword></general>
<educational><typicallearningtime><datetime>{}</datetime></typicallearningtime></educational></lom>"""


@pytest.mark.parametrize(("duration", "seconds"), [("PT1H30M", 5400.0), ("01:30:00", 5400.0), ("0000:00:00", None)])
def test_metadata_inline_with_iso_or_clock_durations(duration: str, seconds: float | None) -> None:
    text = manifest_12(metadata=f"<metadata><schemaversion>1.2</schemaversion>{LOM.format(duration)}</metadata>")
    made = parsed(text)
    assert (made.description, made.language, made.keywords) == ("About it", "id", ("a", "b"))
    assert made.duration == seconds
    assert made.title == "Course"


def test_metadata_in_a_file_of_its_own_never_blocks() -> None:
    text = manifest_12(
        metadata="<metadata><schemaversion>1.2</schemaversion><adlcp:location>lom.xml</adlcp:location></metadata>"
    )
    good = inspected(zipped({"imsmanifest.xml": text, "index.html": "", "lom.xml": LOM.format("PT1M")}))
    assert good.package is not None
    assert good.package.duration == 60
    bad = inspected(zipped({"imsmanifest.xml": text, "index.html": "", "lom.xml": "<lom>"}))
    assert bad.package is not None
    assert codes(bad) == ["metadata_unreadable"]
    assert codes(inspected(package(text))) == ["metadata_missing"]
