"""Requests that share a transaction: nobody waits for nothing, nobody pays for another's fault."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask

from core.errors import Conflict
from lrs import committing, query, store, versions
from lrs.committing import Committer, Job, committer
from lrs.parsing import from_values
from tests.conftest import TestTenant
from tests.lrs.builders import AUTHORITY, new_uuid, statement


def job(tenant_id: int, *ids: str, verb: str = "http://example.com/verbs/did") -> Job:
    values = [statement(id=id_, verb={"id": verb}) for id_ in ids]
    return Job(tenant_id, store.prepare_all(from_values(values), versions.V2, AUTHORITY), True, [])


class Gate:
    """A writer that notes its groups and whose first write waits until ``open`` is set."""

    def __init__(self) -> None:
        self.groups: list[list[str]] = []
        self.began, self.open = threading.Event(), threading.Event()

    def __call__(self, jobs: list[Job]) -> list[list[str]]:
        ids = [[p.id for p in j.statements] for j in jobs]
        self.groups.append([id_ for of_job in ids for id_ in of_job])
        self.began.set()
        assert self.open.wait(30)
        if any("bad" in p.value["verb"]["id"] for j in jobs for p in j.statements):
            raise Conflict("bad")
        return ids


def together(gate: Gate, first: Job, others: list[Job]) -> list[list[str] | Conflict]:
    """Store ``first``, and while that is being written all ``others``."""
    shared = Committer(gate)

    def run(one: Job) -> list[str] | Conflict:
        try:
            return shared.store(one)
        except Conflict as error:
            return error

    with ThreadPoolExecutor(len(others) + 1) as pool:
        futures = [pool.submit(run, first)]
        assert gate.began.wait(30)
        futures += [pool.submit(run, one) for one in others]
        while len(shared._waiting) < len(others):
            threading.Event().wait(0.005)
        gate.open.set()
        return [future.result(30) for future in futures]


def test_those_who_wait_are_written_together() -> None:
    a, b, c = (new_uuid() for _ in range(3))
    gate = Gate()
    assert together(gate, job(1, a), [job(1, b), job(2, c)]) == [[a], [b], [c]]
    assert [sorted(g) for g in gate.groups] == [[a], sorted([b, c])]


def test_who_writes_waits_for_those_on_their_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(committing, "LINGER", 30)
    a, b = new_uuid(), new_uuid()
    gate, announced = Gate(), threading.Event()
    gate.open.set()
    shared = Committer(gate)

    def later() -> list[str]:
        with shared.coming():
            announced.set()
            while not shared._busy:
                threading.Event().wait(0.005)
            return shared.store(job(1, b))

    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(later)
        assert announced.wait(30)
        with shared.coming():
            assert shared.store(job(1, a)) == [a]
        assert other.result(30) == [b]
    assert [sorted(g) for g in gate.groups] == [sorted([a, b])]


def test_nobody_waits_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(committing, "LINGER", 3600)
    gate = Gate()
    gate.open.set()
    shared = Committer(gate)
    with shared.coming():
        shared.store(job(1, new_uuid()))
    assert len(gate.groups) == 1


def test_the_same_id_is_never_twice_in_a_transaction() -> None:
    a, b, c = (new_uuid() for _ in range(3))
    gate = Gate()
    assert together(gate, job(1, a), [job(1, b, c), job(1, c), job(2, c)]) == [[a], [b, c], [c], [c]]
    assert len(gate.groups) == 3


def test_a_fault_is_the_business_of_one() -> None:
    a, b, c = (new_uuid() for _ in range(3))
    found = together(Gate(), job(1, a), [job(1, b), job(1, c, verb="http://example.com/bad")])
    assert found[:2] == [[a], [b]]
    assert isinstance(found[2], Conflict)


def test_many_threads_and_one_taken_id(app: Flask, tenant: TestTenant) -> None:
    taken = new_uuid()
    committer.store(job(tenant.id, taken))

    def run(number: int) -> list[str] | None:
        mine = [new_uuid(), taken] if number % 4 == 0 else [new_uuid()]
        with app.app_context():
            try:
                return committer.store(job(tenant.id, *mine, verb="http://example.com/other"))
            except Conflict:
                # Nothing of its batch is there.
                assert query.one(tenant.id, mine[0]) is None
                return None

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(run, range(40)))
    assert [n for n, ids in enumerate(found) if ids is None] == list(range(0, 40, 4))
    stored = [i for ids in found if ids is not None for i in ids]
    assert all(query.one(tenant.id, i) is not None for i in stored)


def test_an_error_of_the_database_reaches_everybody() -> None:
    gate = Gate()
    gate.open.set()

    def broken(jobs: list[Job]) -> list[list[str]]:
        raise ConnectionError("gone")

    with pytest.raises(ConnectionError):
        Committer(broken).store(job(1, new_uuid()))


def test_the_same_request_twice_at_once_is_written_twice() -> None:
    """Nobody waits for ever: the two are told apart although they are equal."""
    a, b = new_uuid(), new_uuid()
    same = [job(1, b) for _ in range(4)]
    prepared = same[0].statements
    for one in same:
        one.statements = prepared
    assert together(Gate(), job(1, a), same) == [[a], *([[b]] * 4)]
