"""pytest plugin of `make test`: a run that ends before each test had its turn is interrupted (exit 2), not one with failures (1).

Failures may be tried once more by themselves. That must not make a run green of which, because workers hung or crashed, a part is missing.
"""

from __future__ import annotations

from typing import Any

import pytest

_collected: set[str] = set()
_reported: set[str] = set()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_node_collection_finished(node: Any, ids: list[str]) -> None:
    _collected.update(ids)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    _reported.add(report.nodeid)


def pytest_sessionfinish(session: pytest.Session) -> None:
    missing = len(_collected - _reported)
    if missing:
        print(f"\n{missing} tests had no turn", flush=True)
        session.exitstatus = pytest.ExitCode.INTERRUPTED
