"""What a description of a standard is made of, and the cases that follow from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Step = list[Any]


@dataclass(frozen=True)
class Type:
    """Examples of a data type: values in it, values of another form, values of its form outside its range."""

    good: tuple[str, ...]
    wrong: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()


@dataclass(frozen=True)
class Element:
    """``initial`` is what GetValue answers before anyone set the element; None: nothing is there yet."""

    name: str
    access: str
    type: Type
    initial: str | None = None
    # Sets that must come first, as (element, value).
    after: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Standard:
    """Error codes by situation (RTE 3.1.7; SCORM 1.2 RTE 3.4.3)."""

    name: str
    elements: tuple[Element, ...]
    children: dict[str, str]
    counts: dict[str, str]
    unknown: tuple[str, ...]
    code: dict[str, int] = field(default_factory=dict)


def case(name: str, standard: str, steps: list[Step], **more: Any) -> dict[str, Any]:
    return {"name": name, "standard": standard, **more, "steps": steps}


def cases_of(standard: Standard) -> list[dict[str, Any]]:
    cases = [found for element in standard.elements for found in element_cases(standard, element)]
    return cases + keyword_cases(standard) + unknown_cases(standard)


def element_cases(standard: Standard, element: Element) -> list[dict[str, Any]]:
    before = [["set", name, value, 0] for name, value in element.after]
    cases = [case(f"{element.name} before anyone sets it", standard.name, [*before, initial(standard, element)])]
    if element.access == "ro":
        return cases + read_only_cases(standard, element, before)
    for value in element.type.good:
        stored = [
            "get",
            element.name,
            "" if element.access == "wo" else value,
            standard.code["write_only"] if element.access == "wo" else 0,
        ]
        cases.append(
            case(
                f"{element.name} takes {value[:40]!r}",
                standard.name,
                [*before, ["set", element.name, value, 0], stored],
            )
        )
    for kind, values in (("type", element.type.wrong), ("range", element.type.outside)):
        for value in values:
            steps = [
                *before,
                initial(standard, element),
                ["set", element.name, value, standard.code[kind]],
                initial(standard, element),
            ]
            cases.append(case(f"{element.name} refuses {value[:40]!r}", standard.name, steps))
    return cases


def initial(standard: Standard, element: Element) -> Step:
    """GetValue while the element has no value of its own; of a record that does not exist, the index is refused."""
    if element.access == "wo":
        return ["get", element.name, "", standard.code["write_only"]]
    if ".0." in element.name and not element.after:
        return ["get", element.name, "", standard.code["get_index"]]
    if element.initial is None:
        return ["get", element.name, "", standard.code["unset"]]
    return ["get", element.name, element.initial, 0]


def read_only_cases(standard: Standard, element: Element, before: list[Step]) -> list[dict[str, Any]]:
    cases = []
    for value in element.type.good:
        steps: list[Step] = [["get", element.name, value, 0]]
        for attempt in ("", "illegal", value):
            steps += [["set", element.name, attempt, standard.code["read_only"]], ["get", element.name, value, 0]]
        cases.append(
            case(f"{element.name} only reads {value[:40]!r}", standard.name, steps, seed={element.name: value})
        )
    return cases


def keyword_cases(standard: Standard) -> list[dict[str, Any]]:
    cases = []
    for path, children in standard.children.items():
        name = f"{path}._children"
        needed = [["set", "cmi.objectives.0.id", "o", 0]] if ".0." in name else []
        steps = [
            ["get", name, children, 0],
            ["set", name, "illegal", standard.code["keyword"]],
            ["get", name, children, 0],
        ]
        cases.append(case(name, standard.name, needed + steps))
    for path, first in standard.counts.items():
        name = f"{path}._count"
        steps = [["get", name, "0", 0], ["set", name, "1", standard.code["keyword"]], ["get", name, "0", 0]]
        if first:
            steps += [["set", first, "a", 0], ["get", name, "1", 0], ["set", first, "a", 0], ["get", name, "1", 0]]
            steps += [["set", first.replace(".0.", ".1."), "b", 0], ["get", name, "2", 0]]
            steps += [["set", first.replace(".0.", ".3."), "c", standard.code["set_index"]], ["get", name, "2", 0]]
        cases.append(case(name, standard.name, steps))
    leaves = [e.name for e in standard.elements if ".0." not in e.name and "{" not in e.name]
    for leaf in leaves:
        cases.append(
            case(
                f"keywords of {leaf}",
                standard.name,
                [
                    ["get", f"{leaf}._children", "", standard.code["no_children"]],
                    ["get", f"{leaf}._count", "", standard.code["no_count"]],
                    ["set", f"{leaf}._children", "x", standard.code["keyword"]],
                    ["set", f"{leaf}._count", "1", standard.code["keyword"]],
                ],
            )
        )
    return cases


def unknown_cases(standard: Standard) -> list[dict[str, Any]]:
    names = list(standard.unknown)
    for element in standard.elements:
        if "{" in element.name:
            continue
        names += [
            element.name + "x",
            element.name.upper(),
            f" {element.name}",
            element.name + ".",
            element.name.replace(".", "..", 1),
        ]
    return [
        case(
            f"no element {name!r}",
            standard.name,
            [["get", name, "", standard.code["unknown"]], ["set", name, "1", standard.code["unknown"]]],
        )
        for name in dict.fromkeys(names)
    ]


def one_of(*values: str, also_wrong: tuple[str, ...] = ()) -> Type:
    odd = [w for v in values if v for w in (v.upper(), f" {v}", f"{v} ", v + "x", v[:-1])]
    wrong = [w for w in ("", "illegal_state", " ", *odd, *also_wrong) if w not in values]
    return Type(good=values, wrong=tuple(dict.fromkeys(wrong)))
