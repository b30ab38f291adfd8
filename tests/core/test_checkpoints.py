"""The log of SQLite goes back into the database file beside those who write, whatever readers and other processes do."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pysqlite3
import pytest
from flask import Flask

from core import checkpoints, locks
from core.checkpoints import Checkpointer
from core.db import dialect, writer_lock
from tests.live import wait_until

PAGES = 64


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(checkpoints, "PAGES", PAGES)
    found = str(tmp_path / "log.sqlite3")
    with closing(connect(found)) as connection:
        connection.execute("CREATE TABLE filled (content BLOB)")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return found


def connect(path: str) -> Any:
    connection = pysqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode=WAL").close()
    connection.execute("PRAGMA wal_autocheckpoint=0").close()
    return connection


@pytest.fixture
def writer(path: str) -> Iterator[Any]:
    with closing(connect(path)) as connection:
        yield connection


def thread(path: str) -> Checkpointer:
    return Checkpointer(connect(path), path, f"{path}.writer")


@pytest.fixture
def running(path: str, writer: Any) -> Iterator[Checkpointer]:
    found = thread(path)
    found.start()
    yield found
    found.end()
    assert not found.is_alive()


def fill(connection: Any, pages: int) -> None:
    connection.execute("INSERT INTO filled VALUES (zeroblob(?))", (pages * 4096,))


def log_of(connection: Any) -> tuple[int, int]:
    """Pages in the log, and how many of them are written back."""
    _, length, done = connection.execute("PRAGMA wal_checkpoint(NOOP)").fetchone()
    return length, done


def all_written_back(connection: Any) -> bool:
    length, done = log_of(connection)
    return length == done >= PAGES


def test_a_full_log_is_written_back_and_begins_anew(running: Checkpointer, writer: Any, path: str) -> None:
    fill(writer, 2 * PAGES)
    wait_until("all is written back", lambda: all_written_back(writer), 20)
    length, _ = log_of(writer)
    fill(writer, 1)
    assert log_of(writer)[0] < length
    assert os.path.getsize(path) > 2 * PAGES * 4096
    fill(writer, 2 * PAGES)
    wait_until("all is written back", lambda: all_written_back(writer), 20)
    assert os.path.getsize(f"{path}-wal") < 4 * PAGES * 4096


def test_a_short_log_stays_as_it_is(running: Checkpointer, writer: Any) -> None:
    fill(writer, PAGES // 2)
    time.sleep(3 * checkpoints.SELDOM)
    length, done = log_of(writer)
    assert length > PAGES // 2
    assert done == 0


def test_it_waits_for_whoever_reads_and_keeps_nobody_from_writing(
    running: Checkpointer, writer: Any, path: str
) -> None:
    fill(writer, 1)
    with closing(connect(path)) as reader:
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM filled").fetchone() == (1,)
        for _ in range(20):
            with locks.alone(f"{path}.writer"):
                fill(writer, PAGES)
        time.sleep(2 * checkpoints.SELDOM)
        length, done = log_of(writer)
        assert done < length
        assert reader.execute("SELECT count(*) FROM filled").fetchone() == (1,)
        reader.execute("COMMIT")
    wait_until("all is written back", lambda: all_written_back(writer), 20)


def test_two_processes_may_have_one_each(running: Checkpointer, writer: Any, path: str) -> None:
    other = thread(path)
    other.start()
    for _ in range(20):
        fill(writer, PAGES)
        time.sleep(0.02)
    wait_until("the log is short", lambda: log_of(writer)[0] - log_of(writer)[1] < PAGES, 20)
    other.end()
    assert running.is_alive()
    assert writer.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_an_error_ends_nothing(running: Checkpointer, writer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    failed = []
    works = os.fdatasync

    def fails(handle: int) -> None:
        failed.append(handle)
        raise OSError(28, "no space left")

    monkeypatch.setattr(os, "fdatasync", fails)
    fill(writer, 2 * PAGES)
    wait_until("it fails", lambda: failed, 20)
    monkeypatch.setattr(os, "fdatasync", works)
    fill(writer, 2 * PAGES)
    wait_until("all is written back", lambda: all_written_back(writer), 20)


WRITING = """
import sys
import pysqlite3
from core import checkpoints, locks

path, pages = sys.argv[1], int(sys.argv[2])
checkpoints.PAGES, checkpoints.OFTEN, checkpoints.SELDOM = pages, 0.002, 0.005

def connect():
    connection = pysqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
    connection.execute("PRAGMA wal_autocheckpoint=0").close()
    return connection

checkpoints.Checkpointer(connect(), path, f"{path}.writer").start()
writer = connect()
for number in range(100_000):
    with locks.alone(f"{path}.writer"):
        writer.execute("INSERT INTO filled VALUES (zeroblob(40960))")
        row = writer.execute("SELECT last_insert_rowid()").fetchone()[0]
    print(row, flush=True)
"""


def test_what_was_written_is_there_when_processes_are_killed_meanwhile(path: str, writer: Any) -> None:
    acknowledged: list[int] = []
    for _ in range(8):
        command = [sys.executable, "-c", WRITING, path, str(PAGES)]
        started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
        for process in started:
            assert process.stdout is not None
            acknowledged += [int(process.stdout.readline()) for _ in range(20)]
        for process in started:
            process.kill()
            acknowledged += [int(line) for line in process.communicate()[0].splitlines() if line]
    stored = {row for (row,) in writer.execute("SELECT rowid FROM filled")}
    assert len(stored) >= len(acknowledged) == len(set(acknowledged)) >= 320
    assert stored.issuperset(acknowledged)
    assert writer.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    # Most of it has been written back: the log was begun anew again and again.
    assert os.path.getsize(f"{path}-wal") < len(stored) * 40960 / 2


def test_it_is_there_for_sqlite_only(app: Flask) -> None:
    started = checkpoints.start(app)
    if dialect() == "postgresql":
        assert started is None
        return
    assert started is not None
    assert started._lock == writer_lock()
    assert started.is_alive()
    started.end()
    assert not started.is_alive()
