"""Numbers in a file: what one process writes the others read."""

from __future__ import annotations

import os
import threading

from flask import Flask

from core.settings import Settings
from core.shared import Shared


def test_others_see_what_one_has_written(app: Flask, settings: Settings) -> None:
    here, there = Shared("numbers", columns=3), Shared("numbers", columns=3)
    assert here.row(7) == (0, 0, 0)
    there.write(-5, 7, 1)
    there.write(1 << 62, 7, 2)
    assert here.row(7) == there.row(7) == (0, -5, 1 << 62)
    assert here.row(6) == here.row(8) == (0, 0, 0)
    assert (settings.data_path / "numbers").stat().st_mode & 0o777 == 0o600


def test_there_is_always_room(app: Flask) -> None:
    here, there = Shared("many"), Shared("many")
    for index in (8_191, 8_192, 100_000):
        assert here.row(index) == (0,)
        there.write(index, index)
        assert here.row(index) == there.row(index) == (index,)


def test_a_file_that_was_there_grows(app: Flask, settings: Settings) -> None:
    (settings.data_path / "older").touch()
    assert Shared("older").row() == (0,)


def test_a_child_shares_what_its_parent_had(app: Flask) -> None:
    shared = Shared("forked")
    child = os.fork()
    if child == 0:
        shared.write(shared.row()[0] + 3)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert shared.row() == (3,)


def test_one_at_a_time_changes_what_it_read(app: Flask) -> None:
    def add(mine: Shared) -> None:
        for _ in range(200):
            with mine.locked():
                mine.write(mine.row()[0] + 1)

    threads = [threading.Thread(target=add, args=(Shared("counted"),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Shared("counted").row() == (800,)
