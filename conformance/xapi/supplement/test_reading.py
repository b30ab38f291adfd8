"""Reading beside writers: Consistent-Through, `more`, Last-Modified."""

from __future__ import annotations

import threading
import time
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urljoin

import pytest

from conformance.xapi.supplement.client import THROUGH, Answer, Lrs, activity, moment, statement

WRITERS = 4
BATCHES = 15
SIZE = 8


class Writers:
    """Threads that store batches about ``what`` as fast as they are answered."""

    def __init__(self, lrs: Lrs, what: dict[str, Any], batches: int = BATCHES) -> None:
        self.ids: list[str] = []
        self.problems: list[bytes] = []
        self._lrs, self._what, self._batches = lrs, what, batches
        self._threads = [threading.Thread(target=self._write) for _ in range(WRITERS)]
        for thread in self._threads:
            thread.start()

    def _write(self) -> None:
        for number in range(self._batches):
            size = 1 if number % 5 else SIZE
            answer = self._lrs.request("POST", "/statements", body=[statement(object=self._what) for _ in range(size)])
            if answer.status == 200:
                self.ids += answer.json()
            else:
                self.problems.append(answer.body)

    @property
    def busy(self) -> bool:
        return any(t.is_alive() for t in self._threads)


def test_a_poller_on_consistent_through_misses_nothing(lrs: Lrs) -> None:
    """1.0.3 Communication 2.1.3: whatever was stored up to Consistent-Through is in the answer."""
    what = activity()
    writers = Writers(lrs, what)
    seen: list[str] = []
    since, rounds, last = "", 0, False
    while not last:
        # One more round after the writers have ended, from a moment at which all is to be seen.
        last = rounds > 0 and not writers.busy
        if last:
            lrs.settle()
        wanted = {"activity": what["id"], "ascending": "true", "limit": "20"} | ({"since": since} if since else {})
        answer = lrs.request("GET", "/statements", wanted)
        bound = answer.headers[THROUGH]
        # Pages may run into what is stored meanwhile; the poller takes only what this round's bound covers.
        seen += [s["id"] for s in statements_of(lrs, answer) if moment(s["stored"]) <= moment(bound)]
        assert not since or moment(bound) >= moment(since)
        since, rounds = bound, rounds + 1
    assert writers.problems == []
    assert len(seen) == len(set(seen))
    assert set(seen) == set(writers.ids)
    assert rounds > 1


def statements_of(lrs: Lrs, answer: Answer) -> list[dict[str, Any]]:
    found = list(answer.json()["statements"])
    while answer.json().get("more"):
        answer = lrs.fetch("GET", urljoin(lrs.url, answer.json()["more"]))
        assert answer.status == 200, answer.body
        found += answer.json()["statements"]
    return found


@pytest.mark.parametrize("ascending", ["true", "false"])
def test_more_is_exact_while_others_write(lrs: Lrs, ascending: str) -> None:
    what = activity()
    before = []
    for _ in range(4):
        before += lrs.store(*[statement(object=what) for _ in range(10)])
    lrs.settle()
    writers = Writers(lrs, what, batches=10)
    pages = lrs.pages({"activity": what["id"], "limit": "7", "ascending": ascending})
    found = [id_ for page in pages for id_ in page]
    while writers.busy:
        time.sleep(0.02)
    assert writers.problems == []
    assert len(found) == len(set(found))
    old = [id_ for id_ in found if id_ in set(before)]
    assert old == (before if ascending == "true" else before[::-1])
    assert all(len(page) == 7 for page in pages[:-1])


def test_more_keeps_every_parameter(each: Lrs) -> None:
    what = activity()
    ids = each.store(*[statement(object=what) for _ in range(5)])
    each.store(statement(object=what, verb={"id": "http://example.com/verbs/other"}))
    each.settle()
    wanted = {"activity": what["id"], "verb": "http://example.com/verbs/did", "limit": "2", "format": "ids"}
    answer = each.request("GET", "/statements", wanted | {"ascending": "true"})
    found = statements_of(each, answer)
    assert [s["id"] for s in found] == ids
    assert all("definition" not in s["object"] for s in found)
    assert each.fetch("GET", urljoin(each.url, answer.json()["more"])).ids == ids[2:4]
    # A link can be used again.
    assert each.fetch("GET", urljoin(each.url, answer.json()["more"])).ids == ids[2:4]


def test_more_is_bound_to_its_credential(lrs: Lrs, second: Lrs) -> None:
    what = activity()
    lrs.store(*[statement(object=what) for _ in range(3)])
    lrs.settle()
    link = urljoin(lrs.url, lrs.request("GET", "/statements", {"activity": what["id"], "limit": "1"}).json()["more"])
    assert lrs.fetch("GET", link).status == 200
    assert second.fetch("GET", link).status in (400, 401, 403)
    assert lrs.fetch("GET", link[:-2]).status in (400, 404)


def test_last_modified_is_an_http_date_and_the_latest(each: Lrs) -> None:
    """2.0 §4.1.6.1: of one statement its `stored`, of a result the latest `stored` in it."""
    what = activity()
    first = each.store(statement(object=what))[0]
    time.sleep(1.1)
    last = each.store(statement(object=what))[0]
    each.settle()
    for id_ in (first, last):
        answer = each.one(id_)
        assert parsedate_to_datetime(answer.headers["Last-Modified"]) == whole(answer.json()["stored"])
    newest = each.one(last).headers["Last-Modified"]
    for ascending in ("true", "false"):
        answer = each.request("GET", "/statements", {"activity": what["id"], "ascending": ascending})
        assert answer.headers["Last-Modified"] == newest


def whole(stored: str) -> Any:
    return moment(stored).replace(microsecond=0)


def test_consistent_through_is_on_every_answer_and_never_the_future(each: Lrs) -> None:
    one = statement()
    for method, path, body in (
        ("POST", "/statements", [one]),
        ("PUT", f"/statements?statementId={one['id']}", one),
        ("GET", "/statements", None),
        ("HEAD", "/statements", None),
        ("GET", f"/statements?statementId={one['id']}", None),
        ("GET", "/statements?limit=x", None),
        ("POST", "/statements", [{}]),
    ):
        answer = each.fetch(method, each.url + path, body)
        said = moment(answer.headers[THROUGH])
        assert said.timestamp() < time.time() + 1, (method, path)
        assert answer.headers["X-Experience-API-Version"] == each.version


def test_consistent_through_does_not_go_back(lrs: Lrs) -> None:
    """A reader that has been told a moment is not told an earlier one, whichever process answers, however many write."""
    writers = Writers(lrs, activity(), batches=15)
    said = moment(lrs.request("GET", "/statements", {"limit": "1"}).headers[THROUGH])
    while writers.busy:
        now = moment(lrs.request("GET", "/statements", {"limit": "1"}).headers[THROUGH])
        assert now >= said
        said = now


def test_what_consistent_through_covers_is_visible(lrs: Lrs) -> None:
    for _ in range(20):
        (id_,) = lrs.store(statement(object=(what := activity())))
        stored = moment(lrs.one(id_).json()["stored"])
        answer = lrs.request("GET", "/statements", {"activity": what["id"]})
        if moment(answer.headers[THROUGH]) >= stored:
            assert answer.ids == [id_]


def test_more_is_short_enough_for_the_server(lrs: Lrs) -> None:
    """Whatever the first page was asked with, a link to the next is one that can be followed."""
    old = lrs.speaking("1.0.3")
    for size in (3000, 6200, 20_000):
        what = {"id": f"{activity()['id']}/{'x' * size}"}
        ids = lrs.store(*[statement(object=what) for _ in range(3)])
        lrs.settle()
        wanted = {"activity": what["id"], "limit": "1", "ascending": "true"}
        # What is too long for an address comes as a form.
        answer = lrs.request("GET", "/statements", wanted) if size < 7000 else old.form("GET", "/statements", wanted)
        assert answer.status == 200, answer.body
        found = [s["id"] for s in statements_of(lrs if size < 7000 else old, answer)]
        assert found == ids


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "/statements"),
        ("PUT", "/about"),
        ("GET", "/nothing"),
        ("PATCH", "/agents"),
        ("POST", "/activities/x"),
    ],
)
def test_the_version_is_on_every_answer(each: Lrs, method: str, path: str) -> None:
    """1.0.3 Communication 3.3; 2.0 §4.1.7: in every response, where there is no such resource or method too."""
    answer = each.request(method, path)
    assert answer.status in (400, 404, 405)
    assert answer.headers["X-Experience-API-Version"] == each.version
    if path == "/statements":
        assert answer.headers[THROUGH]
