"""Ids are chosen by clients, with whatever characters; each must be found under the address that clients make of it."""

from __future__ import annotations

import io
from urllib.parse import quote

from tests.course_packages.pictures import image
from tests.server.api.conftest import Api, course_zip

ODD = "https://lms.example.org/a?b#c%2F d&ü+\\"


def test_an_id_with_odd_characters_is_found(api: Api) -> None:
    api.imported(course_zip(), ODD)
    path = f"/courses/{quote(ODD, safe='')}"
    assert api.get(path)["id"] == ODD
    given = {"courseId": ODD, "registrationId": ODD, "learner": {"id": ODD}}
    api.call("POST", "/registrations", given, status=204)
    for what in (path, f"/registrations/{quote(ODD, safe='')}", f"/learner/{quote(ODD, safe='')}"):
        api.call("PUT", f"{what}/tags", {"tags": ["odd"]}, status=204)
        assert api.get(f"{what}/tags")["tags"] == ["odd"]
    picture = {"data": {"file": (io.BytesIO(image()), "a.png")}, "content_type": "multipart/form-data"}
    api.call("POST", f"{path}/thumbnail", status=204, **picture)
    assert api.get(api.get(path)["thumbnail"].removeprefix("/api/v2")).mimetype == "image/jpeg"
    api.call("DELETE", path, status=204)
    assert api.get("/courses")["courses"] == []


def test_a_slash_that_is_none_of_an_id_leads_on(api: Api, course: str) -> None:
    assert api.send("GET", "/courses/safety%2Ftags").status_code == 404
    assert api.send("GET", "/courses%2Fsafety").status_code == 404
