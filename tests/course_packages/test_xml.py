from __future__ import annotations

import codecs

import pytest

from course_packages import xml
from course_packages.archive import Limits
from course_packages.problems import Findings, Problem, Rejected, Repair


def read(data: bytes | str, limits: Limits | None = None) -> tuple[xml.Element, list[Repair]]:
    findings = Findings()
    raw = data.encode() if isinstance(data, str) else data
    return xml.parse(raw, "m.xml", findings, limits or Limits()), list(findings.report().repairs)


def refused(data: bytes | str, limits: Limits | None = None) -> Problem:
    findings = Findings()
    with pytest.raises(Rejected):
        xml.parse(data.encode() if isinstance(data, str) else data, "m.xml", findings, limits or Limits())
    (problem,) = findings.report().errors
    return problem


def test_well_formed_xml_needs_no_repair() -> None:
    root, repairs = read('<?xml version="1.0" encoding="UTF-8"?><a><b c="1"/></a>')
    assert (root.tag, repairs) == ("a", [])


def test_broken_xml_names_its_line() -> None:
    problem = refused("<?xml version='1.0'?>\n<a>\n<b>\n</a>")
    assert (problem.code, problem.file, problem.line) == ("xml_broken", "m.xml", 4)
    assert "mismatch" in problem.message


@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE a SYSTEM "file:///etc/passwd">',
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE a [<!ENTITY l "lol"><!ENTITY m "&l;&l;&l;">]>',
        "<!DOCTYPE a>",
    ],
)
def test_doctype_is_rejected_before_it_is_parsed(doctype: str) -> None:
    problem = refused(f"<?xml version='1.0'?>\n<!-- <!x> -->\n{doctype}\n<a>&x;</a>")
    assert (problem.code, problem.line) == ("xml_doctype", 3)


def test_doctype_in_comment_and_text_is_no_doctype() -> None:
    root, _ = read("<!-- <!DOCTYPE a> --><a><![CDATA[<!DOCTYPE a>]]></a>")
    assert xml.text(root) == "<!DOCTYPE a>"


def test_undefined_entity_is_not_fetched_but_taken_as_text() -> None:
    root, repairs = read("<a>&passwd;</a>")
    assert xml.text(root) == "&passwd;"
    assert [r.code for r in repairs] == ["xml_html_entity"]


def test_number_of_elements_is_limited() -> None:
    assert refused("<a>" + "<b/>" * 20 + "</a>", Limits(manifest_elements=20)).code == "xml_too_many_elements"
    read("<a>" + "<b/>" * 19 + "</a>", Limits(manifest_elements=20))


def test_byte_order_mark_is_removed_by_name() -> None:
    root, repairs = read(codecs.BOM_UTF8 + "<?xml version='1.0' encoding='utf-8'?><a>é</a>".encode())
    assert xml.text(root) == "é"
    assert [r.code for r in repairs] == ["xml_bom"]


@pytest.mark.parametrize("encoding", ["utf-16", "iso-8859-1", "windows-1252", "shift_jis", "utf-16-le"])
def test_declared_encodings_are_read(encoding: str) -> None:
    text = "日本" if encoding == "shift_jis" else "é"
    declared = "utf-16" if encoding.startswith("utf-16") else encoding
    root, repairs = read(f"<?xml version='1.0' encoding='{declared}'?><a>{text}</a>".encode(encoding))
    assert xml.text(root) == text
    assert repairs == []


def test_encoding_that_is_no_character_set_is_rejected() -> None:
    problem = refused("<?xml version='1.0' encoding='rot13'?><a/>")
    assert problem.code == "xml_encoding"
    assert "rot13" in problem.message


def test_declaration_of_utf16_over_utf8_bytes_is_repaired() -> None:
    root, repairs = read("<?xml version='1.0' encoding='utf-16'?><a>é</a>")
    assert xml.text(root) == "é"
    assert [r.code for r in repairs] == ["xml_encoding_wrong"]


def test_bytes_that_are_not_utf8_are_read_as_windows_1252() -> None:
    root, repairs = read("<a>\n<b>caf\xe9</b></a>".encode("cp1252"))
    assert xml.text(root) == "café"
    assert [(r.code, r.line) for r in repairs] == [("xml_windows_1252", 2)]


def test_space_before_the_declaration_is_removed_and_lines_stay() -> None:
    root, repairs = read("\n\n<?xml version='1.0'?>\n<a>\n<b/></a>")
    assert [r.code for r in repairs] == ["xml_leading_space"]
    assert [xml.line_of(e) for e in root.iter()] == [4, 5]


def test_bare_ampersands_are_counted_but_not_those_in_cdata() -> None:
    root, repairs = read('<a t="R&D">\nA & B &amp; C &#38; D<![CDATA[E & F &x;]]> G &\n H</a>')
    assert root.get("t") == "R&D"
    assert xml.text(root) == "A & B & C & DE & F &x; G & H"
    assert [(r.code, r.count, r.line) for r in repairs] == [("xml_bare_ampersand", 3, 1)]


def test_html_entities_become_characters() -> None:
    root, repairs = read("<a>caf&eacute;&nbsp;&copy;</a>")
    assert xml.raw_text(root) == "café\xa0©"
    assert [(r.code, r.count) for r in repairs] == [("xml_html_entity", 3)]


def test_invalid_control_characters_are_removed() -> None:
    root, repairs = read("<a>one\x0b\x00two</a>")
    assert xml.text(root) == "onetwo"
    assert [(r.code, r.count) for r in repairs] == [("xml_invalid_characters", 2)]


def test_undeclared_prefixes_are_declared() -> None:
    root, repairs = read('<?xml version="1.0"?>\n<!-- <x --><m><adlcp:a xsi:b="1"/><imsss:c/></m>')
    assert [xml.name(e) for e in root] == ["a", "c"]
    assert xml.attribute(root[0], "b") == "1"
    assert [r.code for r in repairs] == ["xml_prefix_undeclared"]
    assert repairs[0].count == 3


def test_several_faults_at_once() -> None:
    root, repairs = read(codecs.BOM_UTF8 + b'<m t="a & b"><adlcp:a>&nbsp;</adlcp:a></m>')
    assert root.get("t") == "a & b"
    assert {r.code for r in repairs} == {"xml_bom", "xml_bare_ampersand", "xml_html_entity", "xml_prefix_undeclared"}


def test_many_bare_ampersands_take_linear_time() -> None:
    root, repairs = read("<a>" + "&\n" * 300_000 + "</a>")
    assert repairs[0].count == 300_000
    assert len(xml.raw_text(root)) == 600_000


def test_attribute_is_found_by_local_name_in_any_case() -> None:
    root, _ = read('<a xmlns:adlcp="u" adlcp:scormType="  sco\n "/>')
    assert xml.attribute(root, "scormtype") == "sco"
    assert xml.attribute(root, "missing") is None
