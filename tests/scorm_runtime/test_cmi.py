"""scorm_runtime.cmi against the vectors of tests/vectors/, which static/scorm_api.js is held to as well (tests/js/)."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from scorm_runtime.cmi import DataModel
from scorm_runtime.cmi_tables import family, table
from tests.vectors import build

VECTORS = Path(build.__file__).parent
FILES = ["scorm_2004.json", "scorm_1_2.json", "handwritten.json"]


def expand(value: Any) -> Any:
    return value["repeat"] * value["times"] if isinstance(value, dict) and "repeat" in value else value


def failures(case: dict[str, Any]) -> list[str]:
    """Steps of a case that the data model answers otherwise."""
    seed = {name: expand(value) for name, value in case.get("seed", {}).items()}
    data = DataModel(case["standard"], seed, case.get("settings"), case.get("access"))
    wrong = []
    for method, element, raw, code in case["steps"]:
        value = expand(raw)
        answer = data.get(element) if method == "get" else (value, data.set(element, value))
        if answer != (value, code):
            wrong.append(
                f"{case['name']}: {method} {element} {str(value)[:60]!r} → {str(answer[0])[:60]!r} {answer[1]}, not {code}"
            )
    return wrong


@pytest.mark.parametrize("file", FILES)
def test_vectors(file: str) -> None:
    cases = json.loads((VECTORS / file).read_text(encoding="utf-8"))
    wrong = [line for case in cases for line in failures(case)]
    assert not wrong, f"{len(wrong)} wrong:\n" + "\n".join(wrong[:40])


@pytest.mark.parametrize(
    ("file", "least"), [("scorm_2004.json", 7000), ("scorm_1_2.json", 3500), ("handwritten.json", 150)]
)
def test_vectors_do_not_vanish(file: str, least: int) -> None:
    assert sum(len(case["steps"]) for case in json.loads((VECTORS / file).read_text(encoding="utf-8"))) >= least


@pytest.mark.parametrize("file", ["scorm_2004.json", "scorm_1_2.json"])
def test_generated_vectors_are_what_the_description_says(file: str) -> None:
    made = build.render(build.build()[file])
    assert (VECTORS / file).read_text(encoding="utf-8") == made, "run: python -m tests.vectors.build"


def test_every_element_of_the_tables_is_in_the_vectors() -> None:
    cases = [case for file in FILES for case in json.loads((VECTORS / file).read_text(encoding="utf-8"))]
    for standard in ("scorm_1_2", "scorm_2004"):
        model = table(standard)
        seen = set()
        for case in cases:
            if family(case["standard"]) == standard:
                found = [model.locate(step[1]) for step in case["steps"]]
                seen.update(place.pattern for place in found if not isinstance(place, str))
        assert set(model.elements) - seen == set()


def test_records_in_any_order_cost_no_round_each() -> None:
    tried = []

    class Counting(DataModel):
        def _assign(self, element: str, value: str) -> str:
            tried.append(element)
            return super()._assign(element, value)

    changes = {
        f"cmi.interactions.{index}.{name}": value
        for index in reversed(range(200))
        for name, value in (("learner_response", "5"), ("type", "numeric"), ("id", f"q{index}"))
    }
    model = Counting("scorm_2004_4")
    assert model.apply(changes) == []
    assert model.count("cmi.interactions") == 200
    assert len(tried) < 5 * len(changes)


def test_ids_that_must_differ_cost_the_same_each_however_many_there_are() -> None:
    def seconds(count: int) -> float:
        model = DataModel("scorm_2004_4")
        changes = {f"cmi.objectives.{index}.id": f"urn:o:{index}" for index in range(count)}
        started = time.process_time()
        assert model.apply(changes) == []
        return time.process_time() - started

    seconds(6000)  # names are remembered from the first time on
    # Of four times as many: sixteen times where each is compared with all others.
    assert min(seconds(6000) for _ in range(3)) < 9 * min(seconds(1500) for _ in range(3))


def test_an_id_is_taken_as_long_as_a_record_has_it() -> None:
    model = DataModel("scorm_2004_4", {"cmi.interactions.0.id": "q", "cmi.interactions.0.objectives.0.id": "a"})
    first, second = (f"cmi.interactions.0.objectives.{n}.id" for n in range(2))
    taken = table("scorm_2004").code("set", "duplicate")
    assert (model.set(first, "a"), model.set(second, "a"), model.set(second, "b")) == (0, taken, 0)
    assert (model.set(first, "b"), model.set(first, "c"), model.set(second, "a")) == (taken, 0, 0)
    assert [model.get(name)[0] for name in (first, second)] == ["c", "a"]
    # Another interaction has objectives of its own.
    assert (model.set("cmi.interactions.1.id", "r"), model.set("cmi.interactions.1.objectives.0.id", "a")) == (0, 0)


@pytest.mark.parametrize(("kind", "same"), [("choice", "b[,]a"), ("sequencing", "a[,]b")])
def test_patterns_that_must_differ(kind: str, same: str) -> None:
    model = DataModel("scorm_2004_4", {"cmi.interactions.0.id": "q", "cmi.interactions.0.type": kind})
    first, second, third = (f"cmi.interactions.0.correct_responses.{n}.pattern" for n in range(3))
    taken = table("scorm_2004").code("set", "duplicate")
    assert (model.set(first, "a[,]b"), model.set(first, same), model.set(second, same)) == (0, 0, taken)
    assert model.set(second, "b[,]a") == (taken if kind == "choice" else 0)
    assert (model.set(first, "c"), model.set(second, "a[,]b"), model.set(third, "c")) == (0, 0, taken)
