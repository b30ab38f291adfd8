from __future__ import annotations

import json
import logging
import sys
import threading
from pathlib import Path

from core.logs import JsonFormatter, Lines


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


def test_lines_of_many_threads_stay_whole(tmp_path: Path) -> None:
    with (tmp_path / "log").open("ab") as file:
        handler = Lines(file.fileno())
        log = logging.Logger("rekam.x")
        log.addHandler(handler)

        def write(number: int) -> None:
            for _ in range(100):
                log.info("%s", str(number) * 500)

        threads = [threading.Thread(target=write, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    lines = (tmp_path / "log").read_text().splitlines()
    assert sorted(lines) == [str(n) * 500 for n in range(8) for _ in range(100)]
