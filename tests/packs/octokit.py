"""Hold requests and answers against GitHub's description of its API, cut down by descriptions/trim_github.py."""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final
from urllib.parse import parse_qs, unquote

import jsonschema_rs

from tests.packs.discovery import DESCRIPTIONS
from tests.packs.standin import Sent

REF: Final = "#/components/schemas/"
DEEPEST: Final = 5
"""Levels of an answer that is made up with all its fields; below there are only those that it must have."""
TEXT_OF: Final = {"date-time": "2026-11-20T14:00:00Z", "date": "2026-11-20", "uri": "https://example.com/a/b"}


class GitHubApi:
    """The described API.  `is_lean`: answers have only what they must have, and null wherever that may be."""

    def __init__(self) -> None:
        document = json.loads((DESCRIPTIONS / "github.json").read_text("utf-8"))
        self.operations: dict[str, dict[str, Any]] = document["operations"]
        self.schemas: dict[str, Any] = document["schemas"]
        self.is_lean = False
        self._closed = {name: closed(schema) for name, schema in self.schemas.items()}
        self._partial = {name: partial(schema) for name, schema in self.schemas.items()}

    def operation_of(self, sent: Sent) -> tuple[str, dict[str, str]] | None:
        """Return the operation that a request calls, and the values in its path."""
        for name, operation in self.operations.items():
            found = _pattern_of(operation["path"]).fullmatch(sent.path)
            if found and sent.method == operation["method"]:
                return name, {each: unquote(text) for each, text in found.groupdict().items()}
        return None

    def problems(self, sent: Sent) -> list[str]:
        """Say what the description does not allow about a request."""
        called = self.operation_of(sent)
        if called is None:
            return [f"no operation is {sent.method} {sent.path}"]
        operation, in_path = self.operations[called[0]], called[1]
        return [
            *self._problems_of_parameters(operation, in_path, parse_qs(sent.query, keep_blank_values=True)),
            *self._problems_of_body(operation, sent),
        ]

    def _problems_of_parameters(
        self, operation: Mapping[str, Any], in_path: Mapping[str, str], query: Mapping[str, list[str]]
    ) -> Iterator[str]:
        declared = {(each["in"], each["name"]): each for each in operation["parameters"]}
        given = {("path", name): [text] for name, text in in_path.items()}
        given |= {("query", name): texts for name, texts in query.items()}
        for key, texts in given.items():
            if key not in declared:
                yield f"unknown {key[0]} parameter {key[1]}"
            elif len(texts) > 1:
                yield f"{key[0]} parameter {key[1]} is repeated"
            else:
                value = _typed(texts[0], declared[key]["schema"])
                yield from self._mismatches(value, declared[key]["schema"], f"{key[0]} parameter {key[1]}")
        for key, each in declared.items():
            if each["required"] and key not in given:
                yield f"{key[0]} parameter {key[1]} is missing"

    def _problems_of_body(self, operation: Mapping[str, Any], sent: Sent) -> Iterator[str]:
        if not sent.body:
            return
        if operation["body"] is None:
            yield "this operation takes no body"
        elif sent.content_type != "application/json":
            yield f"the body is {sent.content_type!r}"
        else:
            yield from self._mismatches(json.loads(sent.body), operation["body"], "body")

    def _mismatches(self, value: Any, schema: Any, at: str) -> Iterator[str]:
        for error in _validator(closed(schema), self._closed).iter_errors(value):
            yield f"{at}{''.join(f'[{part!r}]' for part in error.instance_path)}: {error.message}"

    # -- answers ---------------------------------------------------------------------------------------------------

    def is_part_of_an_answer(self, status: int, value: Any) -> bool:
        """Whether some operation answers with this status so, apart from fields that are left out."""
        return any(
            _validator(partial(operation["answers"][str(status)]), self._partial).is_valid(value)
            for operation in self.operations.values()
            if operation["answers"].get(str(status)) is not None
        )

    def answer(self, sent: Sent) -> Mapping[str, Any]:
        """Make up an answer that is as described."""
        called = self.operation_of(sent)
        if called is None:
            return {"status": 404, "body": {"message": "Not Found"}}
        if sent.accept.endswith((".diff", ".raw+json")):
            return {"status": 200, "body": "diff --git a/hello.txt b/hello.txt\n"}
        status, schema = next(
            (status, schema) for status, schema in self.operations[called[0]]["answers"].items() if status[0] == "2"
        )
        return {"status": int(status), "body": None if schema is None else self.made_up(schema)}

    def made_up(self, schema: Mapping[str, Any], depth: int = 0) -> Any:
        """Make a small value that is as described."""
        while "$ref" in schema:
            schema = self.schemas[schema["$ref"].removeprefix(REF)]
        options = schema.get("anyOf") or schema.get("oneOf")
        if options:
            return None if self.is_lean and {"type": "null"} in options else self.made_up(options[0], depth)
        if "allOf" in schema:
            return {name: value for part in schema["allOf"] for name, value in self.made_up(part, depth).items()}
        kinds = schema.get("type", "object")
        if isinstance(kinds, list):
            kinds = "null" if self.is_lean else next(kind for kind in kinds if kind != "null")
        match kinds:
            case "object":
                chosen = schema.get("properties", {})
                if self.is_lean or depth >= DEEPEST:
                    chosen = schema.get("required", [])
                return {name: self.made_up(schema["properties"][name], depth + 1) for name in chosen}
            case "array":
                return [] if self.is_lean and depth else [self.made_up(schema["items"], depth + 1)]
            case _:
                return _made_up_scalar(kinds, schema)


def _made_up_scalar(kind: str, schema: Mapping[str, Any]) -> Any:
    if "enum" in schema:
        return schema["enum"][0]
    text = TEXT_OF.get(schema.get("format", ""), "a/b")
    return {"string": text, "boolean": True, "null": None}.get(kind, 1)


def closed(schema: Any) -> Any:
    """Return a schema whose objects take only what is described."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    # The parts of `allOf` describe one object between them, so none of them can be closed.
    inner = {name: value if name == "allOf" else closed(value) for name, value in schema.items()}
    is_open = (
        "properties" in schema and schema.get("type", "object") == "object" and "additionalProperties" not in schema
    )
    return inner | {"additionalProperties": False} if is_open else inner


def partial(schema: Any) -> Any:
    """Return a schema for examples: nothing must be there, texts may be short, what is there is described."""
    if isinstance(schema, list):
        return [partial(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {
        "anyOf" if name == "oneOf" else name: partial(value)
        for name, value in schema.items()
        if not (name == "required" and isinstance(value, list)) and name != "minLength"
    }
    return closed(kept)


def _validator(schema: Any, schemas: Mapping[str, Any]) -> jsonschema_rs.Draft202012Validator:
    text = json.dumps(schema)
    return _compiled(json.dumps({**schema, "components": {"schemas": schemas}}) if REF in text else text)


@cache
def _compiled(text: str) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(json.loads(text))


@cache
def _pattern_of(template: str) -> re.Pattern[str]:
    # The path of a file may be empty: that is the root of the repository.
    pieces = re.split(r"\{(\w+)\}", template)
    return re.compile(
        "".join(
            f"(?P<{piece}>[^/]{'*' if piece == 'path' else '+'})" if index % 2 else re.escape(piece)
            for index, piece in enumerate(pieces)
        )
    )


def _typed(text: str, schema: Mapping[str, Any]) -> Any:
    """Return what a text in a path or a query stands for."""
    if schema.get("type") == "integer" and re.fullmatch(r"-?\d+", text):
        return int(text)
    if schema.get("type") == "boolean" and text in ("true", "false"):
        return text == "true"
    return text
