"""Run ADL's SCORM 2004 4th Edition LMS test packages against this server, on SQLite and PostgreSQL.

    make conformance-scorm SUITE=/path/to/SCORM-2004-4ed-Test-Suite [CASES="SX-10a API"]

As published the suite needs a person who imports each package, launches it in a browser with a Java applet, answers
questions about the navigation and presses what the page says. Here the packages are put together from the checkout and stay as
they are byte for byte; ``relay.js`` stands in for the applet, ``tester.py`` for the person, ``verdicts.py`` judges by the
suite's own plans. For each database a fresh one is made and gunicorn is started as in production.

A run fails when a case fails, or when fewer cases or checks were made than ``floor.json`` records for a group.
Environment: ``DATABASES`` to run only one, ``TEST_POSTGRES_URL``, ``CHROMIUM``, ``SHOTS`` (folder for a picture of each failed
case), ``RECORD_FLOOR=1`` (write floor.json from a full run in which all passed).
"""

from __future__ import annotations

import json
import os
import secrets
import sys
import threading
from collections import defaultdict
from pathlib import Path

from conformance.scorm import plans
from conformance.scorm.worker import Result, Setup, Worker
from conformance.server import KEY, SECRET, running_server

FLOOR = Path(__file__).with_name("floor.json")

# {group: {"cases": n, "checks": n}}
Counts = dict[str, dict[str, int]]


def main(suite: Path, wanted: list[str]) -> int:
    try:
        known = plans.names(suite)
        if unknown := set(wanted) - set(known):
            raise plans.PlanError(f"no test case {', '.join(sorted(unknown))}")
    except plans.PlanError as error:
        print(f"usage: make conformance-scorm SUITE=folder of a checkout of adlnet/SCORM-2004-4ed-Test-Suite ({error})")
        return 2
    names = plans.in_order(wanted or known, known)
    databases = (os.environ.get("DATABASES") or "sqlite,postgresql").split(",")
    results: dict[str, list[Result]] = {database: [] for database in databases}
    threads = [threading.Thread(target=run_on, args=(d, suite, names, results[d])) for d in databases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    problems = [problem for d in databases for problem in report(d, results[d], names, whole=not wanted)]
    if not problems and not wanted and os.environ.get("RECORD_FLOOR"):
        FLOOR.write_text(json.dumps(counts(results[databases[0]]), indent=1) + "\n")
    return 1 if problems else 0


def run_on(database: str, suite: Path, names: list[str], results: list[Result]) -> None:
    """All cases on one database, in the suite's order and with the same learner."""
    shots = Path(os.environ["SHOTS"]) / database if "SHOTS" in os.environ else None
    if shots:
        shots.mkdir(parents=True, exist_ok=True)
    with running_server(database) as base:
        setup = Setup(checkout=suite, base=base, key=KEY, secret=SECRET, run=secrets.token_hex(3), shots=shots)
        worker = Worker(setup)
        try:
            for name in names:
                results.append(worker.run(name))
                print(f"{database:10} {results[-1]}", flush=True)
        finally:
            worker.stop()


def counts(results: list[Result]) -> Counts:
    found: Counts = defaultdict(lambda: {"cases": 0, "checks": 0})
    for result in results:
        group = found[result.name.partition("-")[0]]
        group["cases"] += result.passed
        group["checks"] += result.checks if result.passed else 0
    return dict(found)


def shortfall(results: list[Result], floor: Counts) -> list[str]:
    """Where fewer cases passed, or fewer checks were made, than recorded."""
    made = counts(results)
    return [
        f"{group}: {made.get(group, {}).get(what, 0)} {what}, {least} are recorded in floor.json"
        for group, recorded in floor.items()
        for what, least in recorded.items()
        if made.get(group, {}).get(what, 0) < least
    ]


def report(database: str, results: list[Result], names: list[str], *, whole: bool) -> list[str]:
    """Print what came out on one database; what is wrong with it."""
    passed = sum(result.passed for result in results)
    problems = [f"{result.name}: {failure}" for result in results for failure in result.failures]
    if passed < len(names):
        problems.append(f"{len(names) - passed} of {len(names)} cases did not pass")
    if whole and FLOOR.is_file():
        problems += shortfall(results, json.loads(FLOOR.read_text()))
    print(f"· {database}: {passed} of {len(names)} cases passed, {sum(result.checks for result in results)} checks")
    for group, made in counts(results).items():
        print(f"  {group:4} {made['cases']:4} cases {made['checks']:6} checks")
    for problem in problems:
        print(f"  ✗ {problem}")
    return problems


if __name__ == "__main__":
    suite, *wanted = sys.argv[1:] or [""]
    sys.exit(main(Path(suite).resolve(), wanted))
