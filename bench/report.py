"""Figures → JSON, tables and a plot, written into docs/."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parent.parent / "docs"
PAGE, PLOT, FIGURES = DOCS / "performance.md", DOCS / "images" / "performance.png", DOCS / "performance.json"
_PLACE = re.compile(r"(<!-- generated: performance \(make bench\) -->\n)(.*?)(<!-- end -->)", re.S)

Results = dict[str, Any]


def keep(results: Results, path: Path) -> None:
    path.write_text(json.dumps(results, indent=1) + "\n")


def write(results: Results) -> None:
    keep(results, FIGURES)
    _plot(results)
    page = PAGE.read_text()
    PAGE.write_text(_PLACE.sub(lambda m: m.group(1) + markdown(results) + m.group(3), page))


def markdown(results: Results) -> str:
    parts = [f"Measured on {results['day']}.\n", _table(["", ""], [[k, v] for k, v in results["surroundings"].items()])]
    for run in results["runs"]:
        parts += [f"### {run['title']}\n", _writes(run), _queries(run), _rest(run)]
    return "\n".join([*parts, "![Statements a second and latencies of queries](images/performance.png)\n"])


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


_COLUMNS = ("p50 ms", "p95 ms", "p99 ms", "failed", "server CPU ms / 1,000", "database CPU ms / 1,000")


def _common(figures: Results) -> list[str]:
    latencies = [f"{figures[name]:.1f}" for name in ("p50", "p95", "p99")]
    return [*latencies, str(figures["failed"]), f"{figures['cpu_server']:,.0f}", f"{figures['cpu_database']:,.0f}"]


def _writes(run: Results) -> str:
    rows = [[name, f"{w['statements_per_second']:,.0f}", *_common(w)] for name, w in run["write"].items()]
    for name, rate in run["limit"].items():
        rows.append([f"the database alone: {name}, 500 a transaction", f"{rate:,.0f}", *[""] * len(_COLUMNS)])
    return _table(["writing", "statements/s", *_COLUMNS], rows)


def _queries(run: Results) -> str:
    """A table for each size of the store."""
    tables = []
    for statements, kinds in run["query"].items():
        rows = [[name, *_common(q)] for name, q in kinds.items()]
        tables.append(_table([f"page of 50 of {int(statements):,} statements, 1 connection", *_COLUMNS], rows))
    return "\n".join(tables)


def _rest(run: Results) -> str:
    rows = [[f"{name}, 8 connections", f"{s['per_second']:,.0f}", *_common(s)] for name, s in run["state"].items()]
    memory = run["memory"]
    text = f"Memory of a worker: at most {memory['largest']:.0f} MiB, drift {memory['drift_percent']:+.1f} %.\n"
    return _table(["documents", "requests/s", *_COLUMNS], rows) + "\n" + text


def _plot(results: Results) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(12, 5), layout="constrained")
    height = 0.8 / len(results["runs"])
    for number, run in enumerate(results["runs"]):
        rates = {name: w["statements_per_second"] for name, w in run["write"].items()}
        largest = list(run["query"].values())[-1]
        medians = {name: q["p50"] for name, q in largest.items()}
        for axes, figures in ((left, rates), (right, medians)):
            places = [i + number * height for i in range(len(figures))]
            axes.barh(places, list(figures.values()), height, label=run["title"])
            axes.set_yticks(range(len(figures)), list(figures))
    left.set_xlabel("statements a second")
    right.set_xlabel("p50 of a page of 50 of the larger store, ms")
    for axes in (left, right):
        axes.invert_yaxis()
        axes.spines[["top", "right"]].set_visible(False)
    left.legend()
    figure.savefig(PLOT, dpi=110)
