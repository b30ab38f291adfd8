"""Whether statements keep the rules of their version: a compiled schema says yes in microseconds, `jsonschema` explains a no.

Both read the same schema text (``schemas/``) and the same formats. jsonschema-rs checks a statement of 1.2 KB in 10 µs (three times that
where every format calls back into Python), fastjsonschema takes 120 µs. Rules across members follow in Python.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from importlib import resources
from itertools import islice
from typing import Any

import jsonschema
import jsonschema_rs

from core.errors import Invalid
from lrs.formats import FORMATS, PATTERNS, USUAL_TIMESTAMP
from lrs.versions import Version

VOIDED = "http://adlnet.gov/expapi/verbs/voided"
SIGNATURE = "http://adlnet.gov/expapi/attachments/signature"
_LISTS = ("choices", "scale", "source", "target", "steps")


@cache
def _schema(name: str) -> Any:
    return json.loads((resources.files("lrs") / "schemas" / name).read_text())


@cache
def _compiled(name: str, definition: str = "") -> Any:
    schema = _with_patterns(_part(name, definition))
    return jsonschema_rs.Draft7Validator(schema, formats={"timestamp": FORMATS["timestamp"]}, validate_formats=True)


def _with_patterns(schema: Any) -> Any:
    """The schema with regular expressions in place of the formats they decide, and before the one they mostly do."""
    if isinstance(schema, list):
        return [_with_patterns(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    out = {key: _with_patterns(value) for key, value in schema.items()}
    pattern = PATTERNS.get(out["format"]) if isinstance(out.get("format"), str) else None
    if pattern is not None:
        del out["format"]
        out["pattern"] = f"^(?:{pattern})$"
    elif out.get("format") == "timestamp":
        del out["format"]
        out["anyOf"] = [{"pattern": f"^{USUAL_TIMESTAMP}$"}, {"format": "timestamp"}]
    return out


@cache
def _explaining(name: str, definition: str) -> jsonschema.Draft7Validator:
    checker = jsonschema.FormatChecker(formats=())
    for word, good in FORMATS.items():
        checker.checks(word)(good)
    return jsonschema.Draft7Validator(_part(name, definition), format_checker=checker)


def _part(name: str, definition: str) -> Any:
    """The schema of statements, or with ``definition`` that of one of its parts."""
    schema = _schema(name)
    return {"$ref": f"#/definitions/{definition}", "definitions": schema["definitions"]} if definition else schema


def validate(statements: Iterable[dict[str, Any]], version: Version) -> None:
    """Raise :class:`Invalid` for the first statement that breaks a rule.

    Its message names index, JSON path and rule; its details are ``index``, ``path`` and ``rule``.
    """
    is_valid = _compiled(version.schema).is_valid
    for index, statement in enumerate(statements):
        if not _quietly(is_valid, statement):
            raise _broken(index, *_fault(statement, version.schema))
        problem = _across(statement)
        if problem is not None:
            path, text = problem
            raise _broken(index, path, text, "xapi")


def validate_actor(value: Any, what: str, version: Version) -> None:
    """Check an agent or identified group that is a request parameter; :class:`Invalid` names ``what``."""
    if not _quietly(_compiled(version.schema, "actor").is_valid, value):
        path, words, _ = _fault(value, version.schema, "actor")
        raise Invalid(f"{what}: {path} {words}", code="parameter", path=path)


def _quietly(is_valid: Any, statement: dict[str, Any]) -> bool:
    try:
        return bool(is_valid(statement))
    except (ValueError, TypeError):  # numbers or nesting the compiled validator does not take
        return False


def _fault(value: Any, name: str, definition: str = "") -> tuple[str, str, str]:
    """(path, words, rule) of what is wrong. The compiled validator finds it wherever it is; the other one words what is around it."""
    way = _way(value, name, definition)
    errors = _explaining(name, definition).iter_errors(_excerpt(value, way))
    error = jsonschema.exceptions.best_match(islice(errors, FEW))
    if error is None:
        return _path(way), "has a value this server cannot read", "json"
    error = _deepest(error)
    return _path(_restored(error.absolute_path, way)), _words(error), str(error.validator)


# Of more items than this the explaining validator, a thousand times slower than the compiled one, sees only the first; of no more faults it
# takes the one that says most.
FEW = 50


def _way(value: Any, name: str, definition: str) -> list[str | int]:
    """The path of the first fault that the compiled validator finds; empty if it cannot read the value."""
    try:
        _compiled(name, definition).validate(value)
    except jsonschema_rs.ValidationError as error:
        return list(error.instance_path)
    except (ValueError, TypeError):
        pass
    return []


def _excerpt(value: Any, way: list[str | int] | None) -> Any:
    """``value`` as far as it needs to be explained: of an array on the ``way`` only that item, elsewhere (None) a few of many."""
    if isinstance(value, list):
        if way:
            return [_excerpt(value[int(way[0])], way[1:])]
        return [_excerpt(item, None) for item in value[:FEW]]
    if isinstance(value, dict):
        # What has so many members is a map of languages or extensions.
        shown = value if way is not None or len(value) <= FEW else dict(islice(value.items(), FEW))
        return {k: _excerpt(v, way[1:] if way and way[0] == k else None) for k, v in shown.items()}
    return value


def _restored(path: Iterable[str | int], way: list[str | int]) -> list[str | int]:
    """Where in the whole statement a ``path`` within its excerpt leads."""
    found = list(path)
    for depth, step in enumerate(way[: len(found)]):
        if isinstance(step, int):
            found[depth] = step
        elif found[depth] != step:
            break
    return found


def _deepest(error: Any) -> Any:
    """The branch of an if/then or oneOf that says most."""
    while error.context:
        best = max(error.context, key=lambda e: len(e.absolute_path))
        if len(best.absolute_path) <= len(error.absolute_path) and error.validator == "oneOf":
            return error
        error = best
    return error


def _words(error: Any) -> str:
    if error.validator == "oneOf":
        count = sum(name in error.instance for name in ("mbox", "mbox_sha1sum", "openid", "account"))
        return f"must have exactly one of mbox, mbox_sha1sum, openid, account; it has {count}"
    if error.validator == "format":
        return f"is not a valid {error.validator_value}: {str(error.instance)[:100]!r}"
    return str(error.message)[:300]


def _path(parts: Iterable[str | int]) -> str:
    path = "$"
    for part in parts:
        if isinstance(part, int):
            path += f"[{part}]"
        else:
            path += f".{part}" if part.isidentifier() else f"[{json.dumps(part)}]"
    return path


def _broken(index: int, path: str, text: str, rule: str) -> Invalid:
    return Invalid(f"statement {index}: {path} {text}", code="statement", index=index, path=path, rule=rule)


def _across(statement: dict[str, Any]) -> tuple[str, str] | None:
    """(path, problem) of the first rule broken that compares members, or None."""
    sub = statement["object"]
    nested = sub.get("objectType") == "SubStatement"
    if statement["verb"]["id"] == VOIDED and sub.get("objectType") != "StatementRef":
        return "$.object", "must be a StatementRef where the verb is voided"  # 1.0.3 Data 2.3.2; 2.0 §4.2.5
    problem = _one(statement, "$")
    if problem is None and nested:
        problem = _one(sub, "$.object")
    return problem


def _one(statement: dict[str, Any], path: str) -> tuple[str, str] | None:
    target = statement["object"]
    kind = target.get("objectType", "Activity")
    context = statement.get("context")
    if context is not None and kind != "Activity":
        for name in ("revision", "platform"):  # 1.0.3 Data 2.4.6: only where the object is an Activity
            if name in context:
                return f"{path}.context.{name}", f"must not be used where the object is a {kind}"
    score = statement.get("result", {}).get("score")
    if score is not None:
        problem = _score(score)
        if problem is not None:
            return f"{path}.result.score", problem
    found = _components(target)
    if found is not None:
        return f"{path}.object{found[0]}", found[1]
    if context is not None and "contextActivities" in context:
        found = _context_components(context["contextActivities"])
        if found is not None:
            return f"{path}.context.contextActivities{found[0]}", found[1]
    return None


def _score(score: dict[str, Any]) -> str | None:
    """1.0.3 Data 2.4.5.1: min < max, raw within both."""
    low, high, raw = score.get("min"), score.get("max"), score.get("raw")
    if low is not None and high is not None and low >= high:
        return f"must have min below max, but {low} is not below {high}"
    if raw is not None and ((low is not None and raw < low) or (high is not None and raw > high)):
        return f"must have raw between min and max, but is {raw}"
    return None


def _context_components(groups: dict[str, Any]) -> tuple[str, str] | None:
    for name, items in groups.items():
        for activity in [items] if isinstance(items, dict) else items:
            found = _components(activity) if "definition" in activity else None
            if found is not None:
                place = "" if activity is items else f"[{items.index(activity)}]"
                return f".{name}{place}{found[0]}", found[1]
    return None


def _components(activity: dict[str, Any]) -> tuple[str, str] | None:
    """(path within the activity, problem)."""
    definition = activity.get("definition")
    if definition is None or "interactionType" not in definition:
        return None
    for name in _LISTS:
        seen = set()
        for component in definition.get(name, ()):
            if component["id"] in seen:  # 1.0.3 Data 2.4.4.1: ids are distinct within a list
                return f".definition.{name}", f"has the id {component['id'][:100]!r} twice"
            seen.add(component["id"])
    return None
