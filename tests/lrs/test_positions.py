"""The stored order from 1970 to 2109: positions, the cursors that clients have, and statements of moments far apart."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete

from core import clock
from core.db import dialect, unit_of_work
from core.errors import Invalid
from lrs import consistency, exporting, importing, query
from lrs.models import StatementReference, StatementRow
from lrs.query import Filters
from lrs.resources import more
from lrs.store import store
from tests.conftest import TestTenant
from tests.lrs.builders import AUTHORITY, V2, new_uuid, statement

# The middle, where the sign changes, is 2039-09-07T15:47:35.552Z.
TIMES = (
    "1970-01-01T00:00:00.001Z",
    "1975-05-05T05:05:05.005Z",
    "2026-11-30T12:00:00.000Z",
    "2039-09-07T15:47:35.551Z",
    "2039-09-07T15:47:35.552Z",
    "2050-01-01T00:00:00.000Z",
    "2109-05-15T07:35:11.102Z",
)
LATER = datetime(2109, 5, 15, 7, 35, 11, 103_000, UTC)


@pytest.fixture
def app(app: Flask) -> Iterator[Flask]:
    """Nothing of after 2039 is left: the tests of migrations go back to where it has no place."""
    yield app
    with unit_of_work() as current:
        for table in (StatementRow, StatementReference):
            current.execute(delete(table).where(table.position >= 0))


def ms(text: str) -> int:
    return consistency.milliseconds(datetime.fromisoformat(text))


def bring(tenant: TestTenant, *times: str) -> list[str]:
    """Import a statement stored at each of ``times``; returns their ids."""
    with clock.frozen(LATER), unit_of_work():
        batch = [
            importing.read(msgspec.json.encode(statement(id=new_uuid(), stored=text)), f"line {n}", AUTHORITY, n)
            for n, text in enumerate(times, 1)
        ]
        importing.store_batch(tenant.id, batch)
    return [one.received.value["id"] for one in batch]


def found(tenant: TestTenant, **filters: Any) -> list[str]:
    page = query.newest(tenant.id, filters=Filters(**filters))
    return [msgspec.json.decode(body)["id"] for body in page.statements]


# --- numbers ------------------------------------------------------------------------------------------------------


def test_moments_become_positions_and_come_back() -> None:
    for text in TIMES:
        moment = ms(text)
        first, last = consistency.start_of(moment), consistency.end_of(moment)
        assert last - first == consistency.WIDTH - 1
        assert (consistency.moment_of(first), consistency.moment_of(last)) == (moment, moment)
        assert consistency.end_of(moment - 1) == first - 1
        assert (consistency.stored_text(last), consistency.stored_time(first).isoformat()) == (
            text,
            datetime.fromisoformat(text).isoformat(),
        )
        assert -(1 << 63) < first < last < 1 << 63
    assert [consistency.start_of(ms(t)) for t in TIMES] == sorted(consistency.start_of(ms(t)) for t in TIMES)


def test_there_is_nothing_beyond_the_first_and_the_last() -> None:
    for far in (-(10**15), -1, 10**15):
        bound = consistency.FIRST if far < 0 else consistency.LAST
        assert (consistency.start_of(far), consistency.end_of(far)) == (bound, bound)
    assert consistency.position_of(0) == consistency.clamp(-(1 << 80)) == consistency.FIRST
    assert consistency.position_of(1 << 80) == consistency.LAST
    assert consistency.moment_of(consistency.FIRST) == 0


def test_a_cursor_is_the_number_of_before_2039() -> None:
    """Clients keep them: milliseconds since 1970 shifted by 22 bits, with no sign."""
    for text in TIMES:
        cursor = (ms(text) << 22) + 12_345
        position = consistency.position_of(cursor)
        assert (consistency.moment_of(position), consistency.cursor_of(position)) == (ms(text), cursor)


# --- statements ---------------------------------------------------------------------------------------------------


def test_statements_of_any_time_are_found_in_order(app: Flask, tenant: TestTenant) -> None:
    times = [*TIMES, TIMES[1]]
    ids = bring(tenant, *times)
    # Those of one millisecond in the order in which they came.
    order = [ids[0], ids[1], ids[7], *ids[2:7]]
    assert found(tenant) == order[::-1]
    again = bring(tenant, TIMES[5])
    order.insert(7, again[0])
    assert found(tenant) == order[::-1]
    tick = timedelta(milliseconds=1)
    for text in times:
        moment = datetime.fromisoformat(text)
        up_to = sum(t <= text for t in [*times, TIMES[5]])
        before = sum(t < text for t in [*times, TIMES[5]])
        assert found(tenant, until=moment) == order[:up_to][::-1], text
        assert found(tenant, until=moment - tick) == order[:before][::-1], text
        assert found(tenant, since=moment) == order[up_to:][::-1], text
        assert found(tenant, since=moment - tick) == order[before:][::-1], text
    assert query.count(tenant.id, Filters(), after=consistency.FIRST, most=99) == len(order)
    lines = exporting.statements(tenant.id, None, after=consistency.FIRST, through=ms(TIMES[5]))
    assert [msgspec.json.decode(line.body)["id"] for batch in lines for line in batch] == order[:-1]


def test_pages_lead_through_all_times(
    app: Flask, client: FlaskClient, tenant: TestTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = bring(tenant, *TIMES)
    monkeypatch.setattr(consistency, "consistent_through", lambda _: consistency.milliseconds(LATER))
    for ascending in ("true", "false"):
        seen: list[str] = []
        link = f"/xapi/statements?limit=2&ascending={ascending}"
        while link:
            answer = client.get(link, headers=tenant.auth | V2)
            assert answer.status_code == 200, answer.text
            seen += [s["id"] for s in answer.json["statements"]]
            link = answer.json["more"]
        assert seen == (ids if ascending == "true" else ids[::-1])
    seen, cursor = [], None
    while cursor is not None or not seen:
        page = query.newest(tenant.id, cursor=cursor, limit=3)
        seen += [msgspec.json.decode(body)["id"] for body in page.statements]
        cursor = page.cursor
    assert seen == ids[::-1]


def test_a_more_link_of_before_goes_on_where_it_ended(app: Flask, client: FlaskClient, tenant: TestTenant) -> None:
    """Signed, it says the number that positions were when they ended in 2039."""
    ids = bring(tenant, *TIMES[:3])
    old = more.Continuation(
        key=tenant.key, references=(), since=None, until=None, limit=1, format="exact", attachments=False,
        ascending=False, after=ms(TIMES[2]) << 22, through=ms(TIMES[2]),
    )  # fmt: skip
    with app.test_request_context():
        link = more.link(old)
    answer = client.get(link, headers=tenant.auth | V2)
    assert [s["id"] for s in answer.json["statements"]] == [ids[1]]
    with app.test_request_context():
        assert more.read(answer.json["more"].partition("more=")[2]).after == ms(TIMES[1]) << 22


def test_cursors_that_are_none_are_refused(app: Flask, tenant: TestTenant) -> None:
    for bad in ("", "x", "-1", "1.5", "1" * 21, "9" * 5000):
        with pytest.raises(Invalid):
            query.newest(tenant.id, cursor=bad)


def test_nothing_was_stored_in_the_first_millisecond(app: Flask, tenant: TestTenant) -> None:
    for early in ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00.0009Z", "1969-12-31T23:59:59Z"):
        with pytest.raises(Invalid, match="is not in the past"):
            bring(tenant, early)


def test_storing_goes_on_after_2039(app: Flask, tenant: TestTenant) -> None:
    if dialect() == "postgresql":
        pytest.skip("the clock is the database's")
    positions = []
    for text in TIMES[2:6]:
        with clock.frozen(datetime.fromisoformat(text)), unit_of_work():
            (id_,) = store(tenant.id, [statement()], AUTHORITY)
        one = query.one(tenant.id, id_)
        assert one is not None
        assert msgspec.json.decode(one.body)["stored"] == text
        positions.append(one.position)
    assert all(a < b for a, b in pairwise(positions))


def test_an_empty_store_is_complete_up_to_no_time(app: Flask, tenant: TestTenant) -> None:
    if dialect() == "postgresql":
        pytest.skip("only writers to SQLite are asked for the last position")
    with unit_of_work():  # whoever looks now finds the writer lock taken
        assert consistency._last(tenant.id) == consistency.FIRST
        assert consistency._computed(tenant.id)[1] == -1
