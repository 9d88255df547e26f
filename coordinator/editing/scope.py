"""Say which names an expression sees at a place of a document, and what is known of their values.

What a step gives is known from the mocks of the flow's tests: they are real answers that the author wrote down.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from flows.source import Path

UNKNOWN: Final = object()
_CALLER: Final = {"name": "", "id": "", "scopes": [""]}
_ERROR: Final = {"code": "", "message": "", "step": ""}
_HTTP: Final = {"status": 200, "headers": {}, "body": UNKNOWN, "url": ""}
_SQL: Final = {"rows": [], "columns": [], "row_count": 0, "truncated": False}
_PART: Final = re.compile(r"\.?([A-Za-z_]\w*)|\[(\d+)\]|\[(['\"])(.*?)\3\]")


class Name(NamedTuple):
    """A name in scope."""

    name: str
    detail: str
    value: Any


def names_at(document: Any, path: Path) -> list[Name]:
    """Return the names that are in scope at a path of a document that may be unfinished."""
    if not isinstance(document, dict):
        document = {}
    names = [
        Name("args", "the arguments of the call", _params(document)),
        Name("vars", "the constants of the flow", document.get("vars")),
        Name("caller", "who calls", _CALLER),
        Name("run", "this run", {"id": "", "flow": ""}),
    ]
    holder: Any = document
    for index, part in enumerate(path):
        if isinstance(holder, list) and isinstance(part, int):
            names += _steps_before(document, holder, part)
            names += _around(holder[part] if part < len(holder) else None, path[index + 1 :])
        holder = _child(holder, part)
    if path[:1] == ("output",):
        names += _steps_before(document, document.get("steps"), None)
    return names


def value_of(names: list[Name], chain: str) -> Any:
    """Follow `place.body.results[0]` into what is known; UNKNOWN where that ends."""
    value: Any = {name.name: name.value for name in names}
    for found in _PART.finditer(chain):
        key: str | int = found[1] or found[4] or int(found[2] or 0)
        value = _child(value, key)
    return value


def step_ids(document: Any) -> list[str]:
    """Return the ids of all steps, however deep."""
    return list(dict.fromkeys(_ids(document.get("steps") if isinstance(document, dict) else None)))


def params_of(document: Any) -> dict[str, Any]:
    """Return the arguments that a flow declares, each with what is said of it."""
    inputs = document.get("input") if isinstance(document, dict) else None
    for config in inputs.values() if isinstance(inputs, dict) else ():
        if isinstance(config, dict):
            schema = config.get("schema")
            declared = config.get("params") or (schema.get("properties") if isinstance(schema, dict) else None)
            if isinstance(declared, dict):
                return declared
    return {}


def _params(document: dict[str, Any]) -> dict[str, Any]:
    return {name: _sample(declared) for name, declared in params_of(document).items()}


def _sample(declared: Any) -> Any:
    kind = declared.get("type") if isinstance(declared, dict) else declared
    if kind == "object" and isinstance(declared, dict) and isinstance(declared.get("properties"), dict):
        return {name: _sample(inner) for name, inner in declared["properties"].items()}
    known: Mapping[Any, Any] = {"string": "", "integer": 0, "number": 0.0, "boolean": False, "array": [], "object": {}}
    return known.get(kind, UNKNOWN) if isinstance(kind, str) else UNKNOWN


def _steps_before(document: dict[str, Any], steps: Any, until: int | None) -> Iterator[Name]:
    for step in steps[:until] if isinstance(steps, list) else ():
        if isinstance(step, dict) and isinstance(step.get("id"), str):
            yield Name(step["id"], f"the result of the step `{_component(step)}`", _result(document, step))


def _around(step: Any, inside: Path) -> Iterator[Name]:
    """What a step adds for itself."""
    if not isinstance(step, dict) or inside[:1] in (("when",), ("for_each",)):
        return
    if "for_each" in step:
        yield Name("item", "the element of this turn", UNKNOWN)
        yield Name("index", "the number of this turn, from 0", 0)
    if inside[:1] == ("on_error",):
        yield Name("error", "why the step failed", _ERROR)


def _result(document: dict[str, Any], step: dict[str, Any]) -> Any:
    mocks = [test.get("mock") for test in document.get("tests") or () if isinstance(test, dict)]
    for mock in mocks:
        if isinstance(mock, dict) and step["id"] in mock:
            return mock[step["id"]]
    if "for_each" in step:
        return []
    return {"http": _HTTP, "sql": _SQL}.get(_component(step), UNKNOWN)


def _component(step: dict[str, Any]) -> str:
    common = {"id", "when", "timeout", "retry", "on_error", "for_each", "concurrency"}
    return next((key for key in step if key not in common), "?")


def _child(value: Any, part: str | int) -> Any:
    if isinstance(value, dict):
        return value.get(str(part), UNKNOWN)
    if isinstance(value, list) and isinstance(part, int) and part < len(value):
        return value[part]
    return UNKNOWN


def _ids(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("id"), str):
            yield value["id"]
        for item in value.values():
            yield from _ids(item)
    elif isinstance(value, list):
        for item in value:
            yield from _ids(item)
