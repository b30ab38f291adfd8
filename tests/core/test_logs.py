from __future__ import annotations

import json
import logging
import sys

from core.logs import JsonFormatter


def entry(**extra: object) -> dict[str, object]:
    try:
        raise ValueError("line one\nline two")
    except ValueError:
        record = logging.getLogger("rekam.x").makeRecord(
            "rekam.x", logging.INFO, "f", 1, "stored %d", (3,), sys.exc_info(), extra=extra
        )
    text = JsonFormatter().format(record)
    assert "\n" not in text
    result: dict[str, object] = json.loads(text)
    return result


def test_one_json_object_a_line() -> None:
    made = entry(tenant=7, odd=object, nothing=None)
    assert made["message"] == "stored 3"
    assert made["level"] == "info"
    assert made["tenant"] == 7
    assert "nothing" not in made
    assert "line two" in str(made["exception"])
