"""Lists by tags: what is found, how many there are, and the pages of it."""

from __future__ import annotations

import pytest

from server.api import paging
from tests.server.api.conftest import Api


def test_lists_by_tags_are_counted_and_paged(api: Api, course: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = [api.register(course) for _ in range(6)]
    for number, registration in enumerate(ids):
        tags = ["even" if number % 2 == 0 else "odd", 'with "quotes" and %']
        api.call("PUT", f"/registrations/{registration}/tags", {"tags": tags}, status=204)
    monkeypatch.setattr(paging.read, "__kwdefaults__", paging.read.__kwdefaults__ | {"size": 2})
    response = api.send("GET", "/registrations?tags=even,none&includeTotalCount=true&orderBy=created_asc")
    assert response.headers["X-Total-Count"] == "3"
    page = response.json
    assert page is not None
    found = [row["id"] for row in page["registrations"]]
    while "more" in page:
        page = api.get(f"/registrations?more={page['more']}")
        found += [row["id"] for row in page["registrations"]]
    assert found == ids[::2]
    quoted = api.send("GET", '/registrations?includeTotalCount=true&tags=with "quotes" and %25')
    assert quoted.headers["X-Total-Count"] == "6"
    api.call("PUT", f"/courses/{course}/tags", {"tags": ["red"]}, status=204)
    for tag, count in (("red", "1"), ("re", "0"), ("red,blue", "1")):
        assert api.send("GET", f"/courses?includeTotalCount=true&tags={tag}").headers["X-Total-Count"] == count
