"""Cut Shopify's schema down to what the pack asks for: `python trim_shopify.py FILE`.

FILE is `dist/data/admin_2026-10.json.gz` of the npm package @shopify/dev-mcp.  What is left are the fields that the
queries in the pack's flows name, and the types that their arguments take, without descriptions.
"""

import gzip
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml
from graphql import (
    FieldNode,
    GraphQLSchema,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    build_client_schema,
    parse,
    print_schema,
    visit,
)

FLOWS: Final = Path(__file__).parents[3] / "packs" / "catalog" / "shopify" / "flows"
BUILT_IN: Final = ("Boolean", "Float", "ID", "Int", "String")
DIRECTIVES: Final = ("deprecated", "idempotent", "include", "skip", "specifiedBy")
LEFT_OUT: Final = ("description", "deprecationReason", "isDeprecated", "specifiedByURL")


class Fields(Visitor):
    """Notes the fields that a query names, by type."""

    def __init__(self, info: TypeInfo, found: dict[str, set[str]]) -> None:
        super().__init__()
        self.info = info
        self.found = found

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        parent = self.info.get_parent_type()
        if parent is None or self.info.get_field_def() is None:
            sys.exit(f"The schema has no field {node.name.value} in {parent}.")
        self.found.setdefault(parent.name, set()).add(node.name.value)


def queries() -> Iterator[str]:
    """Yield the queries that the flows of the pack send."""
    for file in sorted(FLOWS.glob("*.yaml")):
        for step in yaml.safe_load(file.read_text("utf-8")).get("steps", []):
            if step.get("call", {}).get("flow") == "ask":
                yield step["call"]["args"]["query"]


def trimmed(document: dict[str, Any]) -> GraphQLSchema:
    """Return the part of a schema that the queries need."""
    used: dict[str, set[str]] = {}
    whole = build_client_schema(document)
    for query in queries():
        info = TypeInfo(whole)
        visit(parse(query), TypeInfoVisitor(info, Fields(info, used)))
    types = {each["name"]: each for each in document["__schema"]["types"]}
    kept: dict[str, dict[str, Any]] = {}
    pending = [*used, *BUILT_IN]
    while pending:
        name = pending.pop()
        if name not in kept:
            kept[name] = only(types[name], used.get(name))
            pending += [get_name(each) for each in refs_in(kept[name])]
    schema = {**document["__schema"], "types": list(kept.values()), "subscriptionType": None}
    schema["directives"] = [each for each in schema["directives"] if each["name"] in DIRECTIVES]
    return build_client_schema({"__schema": bare(schema)})


def only(described: dict[str, Any], fields: set[str] | None) -> dict[str, Any]:
    """Return a type with these fields, all if it is one of arguments."""
    if described["kind"] not in ("OBJECT", "INTERFACE"):
        return described
    return described | {
        "fields": [each for each in described["fields"] if each["name"] in (fields or ())],
        "interfaces": [],
        "possibleTypes": None,
    }


def refs_in(described: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for field in [*(described["fields"] or []), *(described["inputFields"] or [])]:
        yield field["type"]
        for argument in field.get("args", []):
            yield argument["type"]


def get_name(reference: dict[str, Any]) -> str:
    while reference.get("ofType"):
        reference = reference["ofType"]
    return str(reference["name"])


def bare(value: Any) -> Any:
    """Return a part of the schema without what is only for people."""
    if isinstance(value, list):
        return [bare(item) for item in value]
    if isinstance(value, dict):
        return {name: bare(item) for name, item in value.items() if name not in LEFT_OUT}
    return value


def main() -> None:
    document = json.loads(gzip.decompress(Path(sys.argv[1]).read_bytes()))
    text = print_schema(trimmed(document.get("data", document)))
    (Path(__file__).parent / "shopify.graphql").write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main()
