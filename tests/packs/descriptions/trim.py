"""Cut Google's discovery documents down to what the packs use: `python trim.py FOLDER`.

FOLDER is `googleapiclient/discovery_cache/documents` of the Python package google-api-python-client.  What is left are
the methods below with the schemas that they reach, without descriptions.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

METHODS: Final = {
    "calendar.v3": (
        "calendar.calendarList.list",
        "calendar.calendars.get",
        "calendar.calendars.insert",
        "calendar.events.delete",
        "calendar.events.get",
        "calendar.events.insert",
        "calendar.events.list",
        "calendar.events.move",
        "calendar.events.patch",
        "calendar.events.quickAdd",
        "calendar.freebusy.query",
    ),
    "drive.v3": (
        "drive.drives.create",
        "drive.files.copy",
        "drive.files.create",
        "drive.files.delete",
        "drive.files.export",
        "drive.files.get",
        "drive.files.list",
        "drive.files.update",
        "drive.permissions.create",
        "drive.permissions.delete",
        "drive.permissions.list",
    ),
    "sheets.v4": (
        "sheets.spreadsheets.batchUpdate",
        "sheets.spreadsheets.create",
        "sheets.spreadsheets.get",
        "sheets.spreadsheets.sheets.copyTo",
        "sheets.spreadsheets.values.append",
        "sheets.spreadsheets.values.clear",
        "sheets.spreadsheets.values.get",
        "sheets.spreadsheets.values.update",
    ),
}
OF_A_METHOD: Final = ("httpMethod", "id", "mediaUpload", "parameters", "path", "request", "response", "scopes")
OF_A_DOCUMENT: Final = ("name", "parameters", "revision", "rootUrl", "servicePath", "version")
OF_A_SCHEMA: Final = (
    "$ref",
    "additionalProperties",
    "enum",
    "format",
    "items",
    "location",
    "maximum",
    "minimum",
    "pattern",
    "properties",
    "readOnly",
    "repeated",
    "required",
    "type",
)


def trimmed(document: dict[str, Any], wanted: tuple[str, ...]) -> dict[str, Any]:
    """Return the part of a discovery document that these methods need, methods by id."""
    methods = {method["id"]: pick(method, OF_A_METHOD) for method in methods_of(document) if method["id"] in wanted}
    for method in methods.values():
        method["parameters"] = {name: bare(field) for name, field in method.get("parameters", {}).items()}
    pending = [name for method in methods.values() for name in refs_in(method)]
    schemas: dict[str, Any] = {}
    while pending:
        name = pending.pop()
        if name not in schemas:
            schemas[name] = bare(document["schemas"][name])
            pending += refs_in(schemas[name])
    head = pick(document, OF_A_DOCUMENT)
    head["parameters"] = {name: bare(field) for name, field in document["parameters"].items()}
    return head | {"methods": methods, "schemas": schemas}


def methods_of(resource: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from resource.get("methods", {}).values()
    for inner in resource.get("resources", {}).values():
        yield from methods_of(inner)


def bare(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema without its descriptions; the names of properties are kept whatever they are."""
    kept = pick(schema, OF_A_SCHEMA)
    if "properties" in kept:
        kept["properties"] = {name: bare(field) for name, field in kept["properties"].items()}
    for inner in ("items", "additionalProperties"):
        if inner in kept:
            kept[inner] = bare(kept[inner])
    return kept


def refs_in(value: Any) -> list[str]:
    if isinstance(value, list):
        return [name for item in value for name in refs_in(item)]
    if not isinstance(value, dict):
        return []
    own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
    return own + [name for item in value.values() for name in refs_in(item)]


def pick(value: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: value[name] for name in names if name in value}


def main() -> None:
    source = Path(sys.argv[1])
    for name, wanted in METHODS.items():
        document = json.loads((source / f"{name}.json").read_text("utf-8"))
        kept = trimmed(document, wanted)
        missing = set(wanted) - kept["methods"].keys()
        if missing:
            sys.exit(f"{name} describes no {', '.join(sorted(missing))}.")
        text = json.dumps(kept, sort_keys=True, separators=(",", ":"))
        (Path(__file__).parent / f"{name}.json").write_text(text.replace('},"', '},\n"') + "\n", "utf-8")


if __name__ == "__main__":
    main()
