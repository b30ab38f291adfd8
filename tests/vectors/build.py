"""Writes the generated vectors (``scorm_2004.json``, ``scorm_1_2.json``) from what the standards say.

This is a second, independent reading of the standards: it knows neither the tables nor the code under test. Each element
is listed with its access and data type (``standard_2004.py``, ``standard_1_2.py``); each data type with values that have
its form, values that do not, and values outside the range (``types_2004.py``, ``responses_2004.py``). From these follow
the cases (``describe.py``).

    python -m tests.vectors.build            # rewrites the files; a test compares them

A case is ``{name, standard, seed?, settings?, access?, steps}``; a step is ``["get", element, value, code]`` or
``["set", element, value, code]``. ``handwritten.json`` and ``api.json`` are not made here.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.vectors.describe import cases_of
from tests.vectors.responses_2004 import interaction_cases_2004
from tests.vectors.standard_1_2 import interaction_cases_12, standard_12
from tests.vectors.standard_2004 import dependency_cases_2004, standard_2004

HERE = Path(__file__).parent


def build() -> dict[str, list[dict[str, Any]]]:
    """File name → cases."""
    return {
        "scorm_2004.json": cases_of(standard_2004()) + interaction_cases_2004() + dependency_cases_2004(),
        "scorm_1_2.json": cases_of(standard_12()) + interaction_cases_12(),
    }


def shorten(value: Any) -> Any:
    """Long runs of one character are written as ``{"repeat": "x", "times": 64000}``; the readers expand them."""
    if isinstance(value, str) and len(value) > 100 and len(set(value)) == 1:
        return {"repeat": value[0], "times": len(value)}
    if isinstance(value, list):
        return [shorten(part) for part in value]
    return {k: shorten(v) for k, v in value.items()} if isinstance(value, dict) else value


def render(cases: list[dict[str, Any]]) -> str:
    cases = shorten(cases)
    return "[\n" + ",\n".join(json.dumps(c, ensure_ascii=True, separators=(",", ":")) for c in cases) + "\n]\n"


if __name__ == "__main__":
    for file, made in build().items():
        (HERE / file).write_text(render(made), encoding="utf-8")
        print(file, len(made), "cases,", sum(len(c["steps"]) for c in made), "steps")
