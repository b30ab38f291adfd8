"""Options of an import by REST."""

from __future__ import annotations

import pytest

from tests.course_packages.building import manifest_12, package
from tests.server.api.conftest import Api

UNTITLED = package(manifest_12().replace("<title>Course</title>", ""))


@pytest.mark.parametrize(("query", "status"), [({}, "COMPLETE"), ({"strict": "true"}, "ERROR")])
def test_a_strict_import_repairs_nothing(api: Api, query: dict[str, str], status: str) -> None:
    job = api.imported(UNTITLED, "untitled", **query)
    assert job["status"] == status
    kind = "errors" if query else "repairs"
    assert [entry["code"] for entry in job["report"][kind]] == ["course_title_missing"]


def test_strict_is_true_or_false(api: Api) -> None:
    assert "strict" in api.upload(UNTITLED, "untitled", status=400, strict="very")["message"]
