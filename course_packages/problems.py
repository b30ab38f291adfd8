"""What an import has to say about a package: problems that block or warn, and repairs that were made. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal, NoReturn

from course_packages.messages import MESSAGES

Severity = Literal["error", "warning"]


# Repairs need no advice, unless a strict import refuses them (course_packages.strictness).
_CORRECT = {
    "en": "A strict import does not make the repair told here: correct the manifest.",
    "id": "Perbaikan yang disebut di sini tidak dilakukan oleh impor ketat: perbaiki manifesnya.",
}


def words(code: str, values: dict[str, Any], locale: str) -> tuple[str, str]:
    """(message, advice) of a code in ``en`` or ``id``."""
    text = MESSAGES[code]
    message, advice = text.indonesian if locale == "id" else text.english
    return message.format_map(values), advice.format_map(values) or _CORRECT["id" if locale == "id" else "en"]


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Something wrong with the package. ``error`` blocks the import; ``advice`` says what an author can do about it.

    ``file`` is a path inside the zip, ``line`` a line of it; ``values`` are the facts the message is made of.
    """

    severity: Severity
    code: str
    message: str
    advice: str
    file: str | None = None
    line: int | None = None
    values: dict[str, Any] = field(default_factory=dict)

    def sentence(self) -> str:
        return f"{_place(self.file, self.line)}{self.message}"


@dataclass(frozen=True, kw_only=True)
class Repair:
    """Something of the package that was read otherwise than written; ``count`` times, first at ``file``, ``line``."""

    code: str
    message: str
    file: str | None = None
    line: int | None = None
    count: int = 1
    values: dict[str, Any] = field(default_factory=dict)

    def sentence(self) -> str:
        times = f" ({self.count} ×)" if self.count > 1 else ""
        return f"{_place(self.file, self.line)}{self.message}{times}"


def _place(file: str | None, line: int | None) -> str:
    if file is None:
        return ""
    return f"{file}: " if line is None else f"{file}, line {line}: "


@dataclass(frozen=True)
class Report:
    """The outcome of reading a package, in the order of discovery."""

    problems: tuple[Problem, ...] = ()
    repairs: tuple[Repair, ...] = ()

    @property
    def errors(self) -> tuple[Problem, ...]:
        return tuple(p for p in self.problems if p.severity == "error")

    @property
    def warnings(self) -> tuple[Problem, ...]:
        return tuple(p for p in self.problems if p.severity == "warning")

    def to_json(self, locale: str = "en") -> dict[str, Any]:
        """``{"errors": […], "warnings": […], "repairs": […]}``, each entry with all its fields."""
        return {
            "errors": [_problem_json(p, locale) for p in self.errors],
            "warnings": [_problem_json(p, locale) for p in self.warnings],
            "repairs": [_repair_json(r, locale) for r in self.repairs],
        }


def _problem_json(problem: Problem, locale: str) -> dict[str, Any]:
    message, advice = words(problem.code, problem.values, locale)
    return {
        "severity": problem.severity,
        "code": problem.code,
        "message": message,
        "advice": advice,
        "file": problem.file,
        "line": problem.line,
        "values": problem.values,
    }


def _repair_json(repair: Repair, locale: str) -> dict[str, Any]:
    return {
        "code": repair.code,
        "message": words(repair.code, repair.values, locale)[0],
        "file": repair.file,
        "line": repair.line,
        "count": repair.count,
        "values": repair.values,
    }


def localized(report: dict[str, Any], locale: str) -> dict[str, Any]:
    """A stored report (:meth:`Report.to_json`) in the words of another language."""

    def again(entry: dict[str, Any]) -> dict[str, Any]:
        if entry["code"] not in MESSAGES:
            return entry
        message, advice = words(entry["code"], entry["values"], locale)
        return {**entry, "message": message} | ({"advice": advice} if "advice" in entry else {})

    return {kind: [again(entry) for entry in entries] for kind, entries in report.items()}


class Rejected(Exception):
    """Reading cannot go on; the reason is already among the findings."""


# A hostile manifest must not turn into a report of megabytes.
MOST_PROBLEMS = 200
_LONGEST_VALUE = 300


class Findings:
    """Collects problems and repairs while a package is read."""

    def __init__(self) -> None:
        self._problems: list[Problem] = []
        self._repairs: dict[str, Repair] = {}

    def add(self, code: str, *, file: str | None = None, line: int | None = None, **values: Any) -> None:
        """Note a problem; whether it blocks is said in the catalogue of messages."""
        severity = MESSAGES[code].severity
        if severity == "repair":
            raise ValueError(f"{code} is a repair")
        if len(self._problems) >= MOST_PROBLEMS and (severity == "warning" or self.has_errors):
            return
        values = _shortened(values)
        message, advice = words(code, values, "en")
        self._problems.append(
            Problem(
                severity=severity,
                code=code,
                message=message,
                advice=advice,
                file=_short(file),
                line=line,
                values=values,
            )
        )

    def fail(self, code: str, *, file: str | None = None, line: int | None = None, **values: Any) -> NoReturn:
        """Note an error after which nothing more can be read."""
        # The last word is never cut off.
        self._problems = self._problems[: MOST_PROBLEMS - 1]
        self.add(code, file=file, line=line, **values)
        raise Rejected(code)

    def repair(
        self, code: str, *, file: str | None = None, line: int | None = None, count: int = 1, **values: Any
    ) -> None:
        """Note a repair; the same repair made again only counts."""
        before = self._repairs.get(code)
        if before is None:
            values = _shortened(values)
            self._repairs[code] = Repair(
                code=code,
                message=words(code, values, "en")[0],
                file=_short(file),
                line=line,
                count=count,
                values=values,
            )
        else:
            self._repairs[code] = replace(before, count=before.count + count)

    @property
    def has_errors(self) -> bool:
        return any(p.severity == "error" for p in self._problems)

    def report(self) -> Report:
        return Report(tuple(self._problems), tuple(self._repairs.values()))


def _short(text: str | None) -> str | None:
    return text if text is None or len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 1] + "…"


def _shortened(values: dict[str, Any]) -> dict[str, Any]:
    return {name: _short(value) if isinstance(value, str) else value for name, value in values.items()}
