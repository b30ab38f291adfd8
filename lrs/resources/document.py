"""The HTTP life of documents, the same for State, Activity Profile and Agent Profile."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from core.db import unit_of_work
from core.errors import NotFound
from core.web import principal
from lrs import documents
from lrs.documents import Place
from lrs.resources import http
from lrs.resources.http import Answer, Parameters

Places = Callable[[Parameters], Place]


class DocumentResource:
    """``id_name`` is the parameter that names one document, ``keys`` those that name its place (``optional`` ones may be absent)."""

    def __init__(
        self,
        places: Places,
        id_name: str,
        keys: tuple[str, ...],
        optional: tuple[str, ...] = (),
        *,
        state: bool = False,
    ) -> None:
        self.places = places
        self.id_name = id_name
        self.keys = keys
        self.optional = optional
        self.state = state

    def _one(self) -> tuple[Place, str]:
        parameters = Parameters((*self.keys, *self.optional, self.id_name), (*self.keys, self.id_name))
        return self.places(parameters), parameters.text(self.id_name)

    def _several(self, *more: str) -> tuple[Place, datetime | None]:
        parameters = Parameters((*self.keys, *self.optional, *more), self.keys)
        return self.places(parameters), parameters.moment("since")

    def read(self) -> Answer:
        if self.id_name not in http.asked():
            return self._list()
        place, id_ = self._one()
        content = documents.get(place, id_)
        if content is None:
            raise NotFound(f"there is no document {id_[:200]!r} here")
        return http.document_answer(content)

    def _list(self) -> Answer:
        place, since = self._several("since")
        found = documents.listing(place, since)
        modified = [http.last_modified(max(updated for _, updated in found))] if found else []
        return http.json_answer([id_ for id_, _ in found], *modified)

    def put(self) -> Answer:
        place, id_ = self._one()
        rules = http.version()
        check = http.precondition(
            overwrite=self.state and rules.state_overwrite, create=self.state or not rules.profile_precondition
        )
        content, content_type = _sent()
        if check is None:
            return http.no_content(documents.replace(place, id_, content, content_type))
        with unit_of_work():
            stored = documents.put(place, id_, content, content_type, check)
        return http.no_content(stored)

    def post(self) -> Answer:
        place, id_ = self._one()
        check = http.precondition()
        content, content_type = _sent()
        with unit_of_work():
            stored = documents.merge(place, id_, content, content_type, check)
        return http.no_content(stored)

    def remove(self) -> Answer:
        if self.state and self.id_name not in http.asked():
            place, _ = self._several()
            with unit_of_work():
                documents.delete_all(place)
            return http.no_content()
        place, id_ = self._one()
        with unit_of_work():
            documents.delete(place, id_, http.precondition())
        return http.no_content()


def _sent() -> tuple[bytes, str]:
    content_type = http.asked().header("Content-Type") or "application/octet-stream"
    documents.check_content_type(content_type)
    return http.body(), content_type


def tenant() -> int:
    return principal().tenant_id
