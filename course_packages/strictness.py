"""Strict reading: what an import repairs or warns of although a rule of the standard is broken blocks it instead. Pure.

Lenient reading is the rule, because packages that learners can be taught with are worth more than packages without fault: players
open them, and so does SCORM Cloud. An author who wants to deliver a package that any LMS takes asks for the strict reading.
"""

from __future__ import annotations

from dataclasses import replace

from course_packages.problems import Problem, Repair, Report, words

# XML 1.0 itself.
_XML = (
    "xml_leading_space",
    "xml_encoding_wrong",
    "xml_windows_1252",
    "xml_invalid_characters",
    "xml_bare_ampersand",
    "xml_html_entity",
    "xml_prefix_undeclared",
)
# IMS Content Packaging, and SCORM 1.2 CAM 2.3 or SCORM 2004 CAM 3.4 on top of it. A missing scormType is none of these: the prose of
# CAM asks for it, the schema does not.
_PACKAGING = (
    "manifest_in_folder",
    "manifest_name_case",
    "namespace_missing",
    "namespace_other_edition",
    "schema_version_missing",
    "schema_version_unknown",
    "default_organization_missing",
    "default_organization_wrong",
    "identifier_missing",
    "identifier_invalid",
    "identifier_duplicate",
    "title_missing",
    "course_title_missing",
    "token_case",
    "href_case",
    "href_backslash",
    "href_leading_slash",
    "href_unescaped",
    "xml_base_slash",
    "xml_base_ignored",
    "resource_without_identifier",
    "resource_duplicate",
    "reference_dangling",
    "item_empty",
    "value_invalid",
    "schema_element_missing",
    "schema_element_repeated",
    "schema_element_unknown",
    "schema_attribute_missing",
    "schema_order",
    "dependency_unknown",
)
# SCORM 2004 CAM 4 and 5, IMS Simple Sequencing, IMS Shareable State Persistence.
_SEQUENCING = (
    "data_map_invalid",
    "bucket_invalid",
    "objective_invalid",
    "objective_unknown",
    "map_without_target",
    "rule_without_condition",
    "item_launches_and_contains",
    "objective_written_twice",
    "objective_read_twice",
)
# cmi5 Quartz 13, AICC CMI001 6.
_OTHERS = (
    "cmi5_namespace",
    "cmi5_language_twice",
    "cmi5_objective_unknown",
    "aicc_member_unknown",
    "aicc_member_twice",
    "aicc_field_missing",
    "aicc_column_missing",
    "aicc_id_duplicate",
    "aicc_id_missing",
    "aicc_total_wrong",
    "aicc_not_placed",
)
# Codes of warnings and repairs that block a strict import.
BLOCKING = frozenset((*_XML, *_PACKAGING, *_SEQUENCING, *_OTHERS))


def strict(report: Report) -> Report:
    """The report of a strict reading: warnings and repairs of :data:`BLOCKING` are errors, each at its first place."""
    problems = tuple(replace(p, severity="error") if p.code in BLOCKING else p for p in report.problems)
    refused = tuple(_refused(repair) for repair in report.repairs if repair.code in BLOCKING)
    kept = tuple(repair for repair in report.repairs if repair.code not in BLOCKING)
    return Report(problems + refused, kept)


def _refused(repair: Repair) -> Problem:
    message, advice = words(repair.code, repair.values, "en")
    return Problem(
        severity="error",
        code=repair.code,
        message=message,
        advice=advice,
        file=repair.file,
        line=repair.line,
        values=repair.values,
    )
