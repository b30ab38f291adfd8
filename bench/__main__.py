"""`make bench` (ARGS="--statements 20000 --database sqlite"): see docs/performance.md."""

from __future__ import annotations

import argparse
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import limits, phases, report, servers

DATABASES = {"postgresql": "PostgreSQL", "sqlite": "SQLite"}


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--database", choices=[*DATABASES, "both"], default="both")
    parser.add_argument(
        "--statements",
        type=int,
        nargs="+",
        default=[200_000, 1_000_000],
        help="in the store before the queries, smallest first",
    )
    parser.add_argument("--seconds", type=float, default=10, help="of each measurement of writing; queries take half")
    parser.add_argument("--memory-seconds", type=float, default=60)
    parser.add_argument("--workers", type=int, default=2, help="processes of the server")
    parser.add_argument("--note", default="", help="what a reader has to know about this run")
    parser.add_argument("--out", type=Path, help="write the figures as JSON there instead of the documentation")
    options = parser.parse_args()
    # So that servers and databases end with us.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    names = list(DATABASES) if options.database == "both" else [options.database]
    results: dict[str, Any] = {"day": datetime.now(UTC).date().isoformat(), "surroundings": {}, "runs": []}
    for name in names:
        if options.note:
            results["surroundings"]["Note"] = options.note
        results["runs"].append(run(name, options, results["surroundings"]))
    if options.out:
        report.keep(results, options.out)
    else:
        report.write(results)
    print(report.markdown(results))


def run(name: str, options: argparse.Namespace, surroundings: dict[str, str]) -> dict[str, Any]:
    """All phases on one database, made for it."""

    def tell(text: str) -> None:
        print(f"· {DATABASES[name]}: {text}", flush=True)

    with servers.started(name, options.workers) as running:
        for what, text in servers.surroundings(running).items():
            key = f"{what} {DATABASES[name]}" if what == "Database" else what
            surroundings[key] = text
        surroundings["Server"] = f"{options.workers} workers, settings as installed"
        found = {
            "title": DATABASES[name],
            "write": phases.write(running, options.seconds, tell),
            "query": {},
        }
        loaded = 0
        for statements in options.statements:
            phases.load(running, statements - loaded, tell)
            loaded = statements
            found["query"][str(statements)] = phases.query(running, max(options.seconds / 2, 2), tell)
        found["state"] = phases.state(running, options.seconds, tell)
        found["limit"] = limits.measure(running)
        found["memory"] = phases.memory(running, options.memory_seconds, tell)
    return found


if __name__ == "__main__":
    main()
