"""Run the official xAPI conformance suite (adlnet/lrs-conformance-test-suite) against this server, on SQLite and PostgreSQL.

    make conformance-xapi SUITE=/path/to/lrs-conformance-test-suite

The checkout needs its packages (`npm install` there; done here if they are absent). For each database and version a fresh database is
made, gunicorn is started as in production, and the suite's own result is read. A run fails when a test failed, when passed + failed is not
the total (a suite that stops half way exits as if all were well), or when the total is below the floor in ``floor.json``.
Environment: ``TEST_POSTGRES_URL`` (a database in which others may be created), ``DATABASES`` and ``VERSIONS`` to run only some.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from conformance.server import KEY, SECRET, running_server

FLOOR = json.loads((Path(__file__).parent / "floor.json").read_text())
TIMEOUT = 900


def main(suite: Path) -> int:
    if not (suite / "bin" / "console_runner.js").is_file():
        print("usage: make conformance-xapi SUITE=folder of a checkout of adlnet/lrs-conformance-test-suite")
        return 2
    if not (suite / "node_modules").is_dir():
        print("Installing the suite's packages (npm install) …", flush=True)
        subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--silent"], cwd=suite, check=True)
    failures = 0
    for database in (os.environ.get("DATABASES") or "sqlite,postgresql").split(","):
        for version in os.environ.get("VERSIONS", ",".join(FLOOR)).split(","):
            print(f"· xAPI {version} on {database} …", flush=True)
            with running_server(database) as base:
                began = time.monotonic()
                summary, failed = run_suite(suite, f"{base}/xapi", version)
                seconds = time.monotonic() - began
            problem = verdict(summary, FLOOR[version])
            failures += problem is not None
            print(
                f"  {summary.get('passed', 0)} of {summary.get('total', 0)} passed in {seconds:.0f} s: {problem or 'good'}",
                flush=True,
            )
            for title in failed:
                print(f"  ✗ {title}")
    return 1 if failures else 0


def verdict(summary: dict[str, int], floor: int) -> str | None:
    """What is wrong with a run, or None."""
    total, passed, failed = (summary.get(k, 0) for k in ("total", "passed", "failed"))
    if failed:
        return f"{failed} failed"
    if passed + failed != total:
        return f"{total - passed - failed} tests were not run to their end"
    if passed < floor:
        return f"fewer than the {floor} recorded in floor.json"
    return None


def run_suite(suite: Path, endpoint: str, version: str) -> tuple[dict[str, int], list[str]]:
    """The suite's counts and the titles of failed tests."""
    command = ["node", "bin/console_runner.js", "-e", endpoint, "-a", "-u", KEY, "-p", SECRET, "-x", version]
    try:
        done = subprocess.run(command, cwd=suite, capture_output=True, text=True, timeout=TIMEOUT, check=False)
    except subprocess.TimeoutExpired as late:
        printed = (late.stdout or b"").decode(errors="replace")
        counts = re.findall(r'\{"total":.*?\}', printed)
        return (json.loads(counts[-1]) if counts else {}), [f"no end after {TIMEOUT} s"]
    written = re.search(r"Full run log written to (\S+)", done.stdout)
    if written is None:
        return {}, (done.stdout + done.stderr).strip().splitlines()[-5:]
    log = Path(written.group(1))
    record = json.loads(log.read_text())
    log.unlink()
    return record["summary"], list(failed_titles(record["log"]))


def failed_titles(node: dict | None) -> Iterator[str]:
    if not node:
        return
    if not node.get("tests") and node.get("status") != "passed":
        yield f"{node.get('title')}: {node.get('error') or node.get('status')}"
    for child in node.get("tests") or ():
        yield from failed_titles(child)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "").resolve()))
