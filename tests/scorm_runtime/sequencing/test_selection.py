"""SR.1, SR.2."""

from __future__ import annotations

from typing import Any

from scorm_runtime.sequencing import Sequencer
from tests.scorm_runtime.sequencing.building import LATEST, course, engine, sco

TEN = tuple(sco(f"s{i}") for i in range(10))


def order(e: Sequencer) -> list[str]:
    return [entry.id for entry in e.toc()][1:]


def made(seed: int = 1, **control: Any) -> Sequencer:
    return engine(*TEN, control=control, seed=seed)


def test_selection_keeps_the_order_and_hides_the_rest() -> None:
    e = made(selection_timing="once", select_count=4)
    chosen = order(e)
    assert len(chosen) == 4
    assert chosen == sorted(chosen)
    left_out = next(item.identifier for item in TEN if item.identifier not in chosen)
    assert e.navigate("choice", left_out).exception == "NB.2.1-11"
    e.navigate("start")
    assert e.navigate("jump", left_out).exception == "NB.2.1-11"


def test_seed_decides() -> None:
    control = {"randomization_timing": "once", "reorder_children": True}
    assert order(made(1, **control)) == order(made(1, **control))
    assert len({tuple(order(made(seed, **control))) for seed in range(20)}) > 10


def test_without_reordering_nothing_moves() -> None:
    assert order(made(randomization_timing="once")) == [item.identifier for item in TEN]


def test_once_and_for_each_attempt() -> None:
    for timing, moves in (("once", False), ("onEachNewAttempt", True)):
        e = made(randomization_timing=timing, reorder_children=True)
        before = order(e)
        first = e.navigate("start").delivered
        assert first == before[0]
        assert order(e) == before, "an attempt keeps its order"
        e.navigate("suspendAll")
        e.navigate("resumeAll")
        assert order(e) == before
        e.navigate("exitAll")
        assert (order(e) != before) is moves


def test_snapshot_keeps_the_selection() -> None:
    control = {"selection_timing": "once", "select_count": 3, "randomization_timing": "once", "reorder_children": True}
    e = made(5, **control)
    again = Sequencer.restore(course(*TEN, control=control), e.snapshot(), edition=LATEST)
    assert order(again) == order(e)


def test_rollup_looks_at_the_selected_only() -> None:
    e = made(selection_timing="once", select_count=2)
    e.navigate("start")
    e.navigate("continue")
    e.navigate("continue")
    assert e.status().completion == "completed"
