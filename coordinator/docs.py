"""Write what is made from the code's declarations: the reference, the schema of flow files, the description of REST.

A page is a function from declarations to Markdown; nothing is written when nothing changed.  The page of the command
line is given by the command line, which is above this module.
"""

import importlib
import json
import pkgutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import yaml

from coordinator.api.errors import STATUS
from coordinator.api.openapi import TAGS, openapi_document
from coordinator.settings import describe_settings
from flows.errors import HeadraceError
from flows.expr import FUNCTIONS, METHODS, Function
from flows.problems import PROBLEM_CODES
from flows.registry import default_registry
from flows.schema import EXPRESSION, component_schema, flow_schema
from flows.sdk import ComponentType, Example, InputType
from packs.schema import pack_schema

CHECKOUT: Final = Path(__file__).parents[1]
REFERENCE: Final = CHECKOUT / "docs" / "reference"
SCHEMA: Final = CHECKOUT / "flows" / "flow.schema.json"
PACK_SCHEMA: Final = CHECKOUT / "packs" / "pack.schema.json"
OPENAPI: Final = CHECKOUT / "web" / "openapi.json"
"""The contract between server and pages: the types of the pages are made from it."""
GENERATED: Final = "<!-- Written by `headrace docs`; change the code instead. -->"


def is_checkout() -> bool:
    """Whether this code stands in a checkout, with pages beside it."""
    return (CHECKOUT / "pyproject.toml").is_file()


def pages(cli_page: str) -> dict[Path, str]:
    """Return every generated file with its text."""
    written = {
        "components.md": components_page(),
        "settings.md": settings_page(),
        "cli.md": cli_page,
        "rest.md": rest_page(),
        "expressions.md": expressions_page(),
        "problems.md": problems_page(),
    }
    files = {REFERENCE / name: text for name, text in written.items()}
    return {SCHEMA: schema_text(), PACK_SCHEMA: pack_schema_text(), OPENAPI: openapi_text(), **files}


def stale_pages(files: Mapping[Path, str]) -> list[Path]:
    """Return the files that are missing or out of date."""
    return [path for path, text in files.items() if not path.is_file() or path.read_text(encoding="utf-8") != text]


def write_pages(files: Mapping[Path, str]) -> list[Path]:
    """Write the files that are missing or out of date; return them."""
    stale = stale_pages(files)
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(files[path], encoding="utf-8")
    return stale


def schema_text() -> str:
    """Return the JSON Schema of flow files."""
    return json.dumps(flow_schema(default_registry()), indent=2, ensure_ascii=False) + "\n"


def pack_schema_text() -> str:
    """Return the JSON Schema of `pack.yaml`."""
    return json.dumps(pack_schema(), indent=2, ensure_ascii=False) + "\n"


def openapi_text() -> str:
    """Return the description of REST."""
    return json.dumps(msgspec.to_builtins(openapi_document()), indent=2, ensure_ascii=False) + "\n"


def page(title: str, lines: Iterable[str]) -> str:
    """Return a page of Markdown."""
    text = "\n".join([GENERATED, "", f"# {title}", "", *lines])
    while "\n\n\n" in text:
        text = text.replace("\n\n\n", "\n\n")
    return text.rstrip() + "\n"


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Write a table of Markdown, and nothing when there are no rows."""
    lines = [f"| {' | '.join(_cell(cell) for cell in row)} |" for row in rows]
    if lines:
        yield f"| {' | '.join(columns)} |"
        yield f"|{' --- |' * len(columns)}"
        yield from lines
        yield ""


# -- components ----------------------------------------------------------------------------------------------------


def components_page() -> str:
    """Describe inputs, steps and outputs."""
    registry = default_registry()
    lines = ["What a flow is made of. `*` marks fields that must be given.", "", *_flow_fields()]
    shelves = (("Inputs", registry.inputs), ("Steps", registry.steps), ("Outputs", registry.outputs))
    for title, shelf in shelves:
        lines += [f"## {title}", ""]
        for component in shelf.values():
            lines += _component(component)
    return page("Components", lines)


def _flow_fields() -> Iterator[str]:
    """Describe what stands around the components: the flow, and what every step may say."""
    schema = flow_schema(default_registry())
    definitions = schema["$defs"]
    step = definitions["Step"]
    common = {name: field for name, field in step["properties"].items() if name not in default_registry().steps}
    parts = {
        "A flow": schema,
        "Every step": {**step, "properties": common, "$defs": definitions},
        "`retry` of a step": definitions["RetryFields"],
        "`on_error` of a step": definitions["OnErrorFields"],
        "`tests` of a flow": {**definitions["TestFields"], "$defs": definitions},
    }
    for title, part in parts.items():
        yield from (f"## {title}", "", *table(("field", "takes", "default", ""), _fields(part)))


def _component(component: ComponentType) -> Iterator[str]:
    schema = component_schema(component)
    yield f"### `{component.name}`"
    yield ""
    yield component.doc
    yield ""
    for short in (getattr(component, "whole", ""), getattr(component, "short", "")):
        if short:
            yield f"Short form: `{component.name}: {short.upper()}`."
            yield ""
    yield from table(("field", "takes", "default", ""), _fields(schema))
    for example in component.examples:
        yield from _example(component, example)


def _fields(schema: Mapping[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    required = schema.get("required", ())
    for name, field in schema.get("properties", {}).items():
        marked = f"`{name}`{'*' if name in required else ''}"
        default = f"`{json.dumps(field['default'])}`" if "default" in field else ""
        takes = _takes(field, schema.get("$defs", {})) + (", and secrets" if _takes_secrets(field) else "")
        yield marked, takes, default, field.get("description", "")


def _takes_secrets(field: Any) -> bool:
    """Whether secrets may stand in a field, or in what it holds."""
    if not isinstance(field, Mapping):
        return False
    inner = (*field.get("anyOf", ()), field.get("additionalProperties"))
    return "x-secrets" in field or any(_takes_secrets(each) for each in inner)


KINDS: Final = {
    "value": "any value",
    "text": "text",
    "url": "URL",
    "path": "path",
    "sql": "SQL",
    "condition": "expression",
    "steps": "steps",
    "duration": "duration",
    "validator": "JSON Schema",
    "schema": "JSON Schema",
    "params": "params",
    "flow": "name of a flow",
    "connection": "name of a connection",
}


def _takes(field: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    """Say in words what fits a field."""
    kind = KINDS.get(field.get("x-kind", ""), "")
    if kind and kind != "any value":
        return kind
    if "enum" in field:
        return ", ".join(f"`{each}`" for each in field["enum"])
    if "$ref" in field:
        target = definitions.get(field["$ref"].rpartition("/")[2], {})
        return f"mapping: {', '.join(f'`{name}`' for name in target.get('properties', {}))}" if target else "mapping"
    if "anyOf" in field:
        words = dict.fromkeys(_takes(each, definitions) for each in field["anyOf"] if each != EXPRESSION)
        return " or ".join(word for word in words if word not in ("null", "any value")) or kind or "any value"
    return _type_words(field.get("type"), field, definitions) or kind or "any value"


def _type_words(declared: Any, field: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    if isinstance(declared, list):
        return " or ".join(_type_words(each, field, definitions) for each in declared if each != "null")
    if declared == "array":
        items = field.get("items")
        return f"list of {_takes(items, definitions)}" if items else "list"
    words = {"string": "text", "integer": "whole number", "object": "mapping", "boolean": "true or false"}
    return words.get(declared, declared or "")


def _example(component: ComponentType, example: Example) -> Iterator[str]:
    config = {component.name: example.config}
    shown: Any = {"input": config} if isinstance(component, InputType) else [config]
    if not isinstance(component, InputType) and not hasattr(component, "reaches_out"):
        shown = {"output": config}
    text = yaml.safe_dump(shown, sort_keys=False, allow_unicode=True, width=110)
    yield f"{example.title}:"
    yield ""
    yield from ("```yaml", text.rstrip(), "```", "")


# -- settings, expressions, problems -------------------------------------------------------------------------------


def settings_page() -> str:
    """Describe every setting."""
    lines = [
        "From weakest to strongest: the default, what was changed through the API (live settings only), "
        "`headrace.yaml`, the environment, the flags of `headrace serve`.",
        "",
    ]
    for doc in describe_settings():
        marks = [word for word, is_so in (("live", doc.is_live), ("secret", doc.is_secret)) if is_so]
        lines += [
            f"## `{doc.name}`",
            "",
            doc.description,
            "",
            *table(
                ("variable", "flag", "takes", "default", ""),
                [(f"`{doc.variable}`", f"`{doc.flag}`", doc.type, _default(doc.default), ", ".join(marks))],
            ),
        ]
    return page("Settings", lines)


def _default(text: str) -> str:
    # The path of the checkout is not the same everywhere.
    return text.replace(str(CHECKOUT), "").removeprefix("/")


def expressions_page() -> str:
    """Describe the functions and methods of expressions."""
    lines = ["What an expression `${{ ... }}` can call; nothing else is reachable.", ""]
    names = {"str": "text", "list": "lists", "dict": "mappings"}
    shelves = [*((f"Methods of {names.get(kind, kind)}", found) for kind, found in METHODS.items())]
    groups = dict.fromkeys(function.group for function in FUNCTIONS.values())
    by_group = [(group, {name: each for name, each in FUNCTIONS.items() if each.group == group}) for group in groups]
    for title, functions in [*by_group, *shelves]:
        lines += [f"## {title}", "", *table(("call", "", "example", "gives"), map(_function, functions.values()))]
    return page("Expressions", lines)


def _function(function: Function) -> tuple[str, str, str, str]:
    return f"`{function.signature}`", function.description, f"`{function.example}`", f"`{function.result}`"


def problems_page() -> str:
    """List the codes of problems and of errors."""
    errors = sorted(_all_errors().items())
    lines = [
        "## Problems of flows",
        "",
        *table(("code", "what it means"), ((f"`{code}`", PROBLEM_CODES[code]) for code in sorted(PROBLEM_CODES))),
        "## Errors",
        "",
        "What `code` of an error of REST, of a failed run or of the command line says.",
        "",
        *table(
            ("code", "status", "what it means"),
            ((f"`{code}`", str(_status(error)), _first_line(error)) for code, error in errors),
        ),
    ]
    return page("Problems and errors", lines)


NO_ERRORS_IN = ("coordinator.cli", "coordinator.db.migrations")
"""Errors of the command line show a sentence, and no code."""


def _all_errors() -> dict[str, type[HeadraceError]]:
    # Imports every module, so that all errors are declared, whatever was imported before the pages are asked for.
    for package in ("flows", "packs", "coordinator"):
        for module in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
            if not module.name.startswith(NO_ERRORS_IN):
                importlib.import_module(module.name)
    return {error.code: error for error in _errors(HeadraceError) if not error.__module__.startswith("coordinator.cli")}


def _errors(error: type[HeadraceError]) -> Iterator[type[HeadraceError]]:
    for inner in error.__subclasses__():
        # The base comes last, so that a subclass which keeps its code does not hide it.
        yield from _errors(inner)
        if inner.__module__.startswith(("flows.", "packs.", "coordinator.")) and "code" in vars(inner):
            yield inner


def _status(error: type[HeadraceError]) -> int:
    return next(STATUS[base] for base in error.__mro__ if base in STATUS)


def _first_line(error: type[HeadraceError]) -> str:
    return (error.__doc__ or "").strip().partition("\n")[0]


# -- REST ----------------------------------------------------------------------------------------------------------


def rest_page() -> str:
    """Describe the routes."""
    document = openapi_document()
    lines = [
        "The whole description, with all types, is at `/api/openapi.json` of a running server.",
        "Errors are `application/problem+json`: `code`, `title`, `detail`, `fix`, and `problems` for a flow.",
        "",
    ]
    for tag, about in TAGS.items():
        found = [
            (f"`{method.upper()} {path}`", operation["description"], _inputs(operation, document))
            for path, operations in document["paths"].items()
            for method, operation in operations.items()
            if tag in operation["tags"]
        ]
        lines += [f"## {tag.capitalize()}", "", about, "", *table(("route", "", "takes"), found)]
    return page("REST", lines)


def _inputs(operation: Mapping[str, Any], document: Mapping[str, Any]) -> str:
    """Name the parameters of the query and the fields of the body; `*` marks those that must be given."""
    query = [f"`?{each['name']}`" for each in operation.get("parameters", ()) if each["in"] == "query"]
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
    body = document["components"]["schemas"].get(name, {})
    required = body.get("required", ())
    fields = [f"`{field}`{'*' if field in required else ''}" for field in body.get("properties", {})]
    return ", ".join([*query, *fields])


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
