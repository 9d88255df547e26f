"""Hold requests and answers against a discovery document, the form in which Google describes its APIs.

Source: https://developers.google.com/discovery/v1/reference/apis.  What a document does not name is refused.
"""

import json
import re
from collections.abc import Callable, Generator, Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, unquote

from tests.packs.standin import Sent

DESCRIPTIONS: Final = Path(__file__).parent / "descriptions"
SHAPES: Final = {
    "date": r"\d{4}-\d\d-\d\d",
    "date-time": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?",
    "google-datetime": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z",
    "int64": r"-?\d+",
    "uint64": r"\d+",
}
TYPES: Final[dict[str, Callable[[Any], bool]]] = {
    "any": lambda _value: True,
    "array": lambda value: isinstance(value, list),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "object": lambda value: isinstance(value, dict),
    "string": lambda value: isinstance(value, str),
}
WRITABLE: Final = {"drive.v3": (("Permission", "emailAddress"), ("Permission", "domain"))}
"""Fields that a document calls read-only though Google's guide to sharing sends them."""
DEEPEST: Final = 5
"""Levels of objects in an answer that is made up."""


class Api:
    """One described API."""

    def __init__(self, name: str) -> None:
        self.document: dict[str, Any] = json.loads((DESCRIPTIONS / f"{name}.json").read_text("utf-8"))
        self.methods: dict[str, dict[str, Any]] = self.document["methods"]
        for schema, field in WRITABLE.get(name, ()):
            del self.document["schemas"][schema]["properties"][field]["readOnly"]

    def method_of(self, sent: Sent) -> tuple[dict[str, Any], dict[str, str], bool] | None:
        """Return the method that a request calls, the values in its path, and whether it sends the file itself."""
        for method in self.methods.values():
            ways = [(f"/{self.document['servicePath']}{method['path']}", False)]
            if "mediaUpload" in method:
                ways.append((method["mediaUpload"]["protocols"]["simple"]["path"], True))
            for template, is_upload in ways:
                found = re.fullmatch(_pattern_of(template), sent.path)
                if found and sent.method == method["httpMethod"]:
                    return method, {name: unquote(text) for name, text in found.groupdict().items()}, is_upload
        return None

    def answer(self, sent: Sent) -> Mapping[str, Any]:
        """Make up an answer that is as described."""
        called = self.method_of(sent)
        if called is None:
            return {"status": 404}
        response = called[0].get("response")
        return {"status": 200, "body": self.made_up(response)} if response else {"status": 204}

    def problems(self, sent: Sent) -> list[str]:
        """Say what the description does not allow about a request."""
        called = self.method_of(sent)
        if called is None:
            return [f"no method is {sent.method} {sent.path}"]
        method, in_path, is_upload = called
        return [
            *self._problems_of_parameters(method, in_path, parse_qs(sent.query, keep_blank_values=True)),
            *(self._problems_of_upload(sent) if is_upload else self._problems_of_body(method, sent)),
        ]

    def _problems_of_parameters(
        self, method: Mapping[str, Any], in_path: Mapping[str, str], query: Mapping[str, list[str]]
    ) -> Iterator[str]:
        own = method["parameters"]
        for name, text in in_path.items():
            yield from _problems_of_text(text, own[name], f"path parameter {name}")
        known = {name: field for name, field in own.items() if field["location"] == "query"}
        for name, texts in query.items():
            field = known.get(name) or self.document["parameters"].get(name)
            if field is None:
                yield f"unknown query parameter {name}"
                continue
            if len(texts) > 1 and not field.get("repeated"):
                yield f"query parameter {name} is repeated"
            for text in texts:
                yield from _problems_of_text(text, field, f"query parameter {name}")
            if name == "fields":
                yield from self._problems_of_mask(texts[0], method)
        for name, field in known.items():
            if field.get("required") and name not in query:
                yield f"query parameter {name} is missing"

    def _problems_of_upload(self, sent: Sent) -> Iterator[str]:
        if parse_qs(sent.query).get("uploadType") != ["media"]:
            yield "a plain upload has uploadType=media"
        if not re.fullmatch(r"[\w.+-]+/[\w.+-]+(; ?charset=[\w-]+)?", sent.content_type):
            yield f"{sent.content_type!r} is no media type"

    def _problems_of_body(self, method: Mapping[str, Any], sent: Sent) -> Iterator[str]:
        if not sent.body:
            return
        if "request" not in method:
            yield f"{method['id']} takes no body"
            return
        if sent.content_type.partition(";")[0] != "application/json":
            yield f"the body is {sent.content_type!r}"
            return
        may_clear = method["httpMethod"] == "PATCH"
        yield from self.mismatches(json.loads(sent.body), method["request"], is_request=True, may_clear=may_clear)

    # -- values ----------------------------------------------------------------------------------------------------

    def mismatches(
        self,
        value: Any,
        schema: Mapping[str, Any],
        at: str = "body",
        *,
        is_request: bool = False,
        may_clear: bool = False,
    ) -> Iterator[str]:
        """Say where a value is not as described.  `may_clear`: null stands for taking a field away, as in PATCH."""
        schema = self._resolved(schema)
        if value is None and may_clear:
            return
        if is_request and schema.get("readOnly"):
            yield f"{at} can only be read"
        kind = schema.get("type", "object")
        if not TYPES[kind](value):
            yield f"{at} should be {kind}, it is {type(value).__name__}"
            return
        if isinstance(value, str):
            yield from _problems_of_text(value, schema, at)
        for place, inner, described in self._parts(value, schema, kind):
            if described is None:
                yield f"{at}{place} is not described"
            else:
                yield from self.mismatches(inner, described, at + place, is_request=is_request, may_clear=may_clear)

    def _parts(
        self, value: Any, schema: Mapping[str, Any], kind: str
    ) -> Iterator[tuple[str, Any, Mapping[str, Any] | None]]:
        """Yield what stands in a value: where, what, and how it is described."""
        if kind == "array":
            for index, item in enumerate(value):
                yield f"[{index}]", item, schema["items"]
        elif kind == "object":
            for name, inner in value.items():
                described = schema.get("properties", {}).get(name) or schema.get("additionalProperties")
                yield f".{name}", inner, described

    def made_up(self, schema: Mapping[str, Any], depth: int = 0) -> Any:
        """Make a small value that is as described."""
        schema = self._resolved(schema)
        match schema.get("type", "object"):
            case "array":
                return [self.made_up(schema["items"], depth + 1)] if depth < DEEPEST else []
            case "object":
                properties = schema.get("properties", {}) if depth < DEEPEST else {}
                return {name: self.made_up(field, depth + 1) for name, field in properties.items()}
            case "string":
                made = {"date": "2026-11-20", "date-time": "2026-11-20T14:00:00Z", "int64": "7", "uint64": "7"}
                return schema["enum"][0] if "enum" in schema else made.get(schema.get("format", ""), "text/plain")
            case "boolean":
                return True
            case "any":
                return None
            case _:
                return 1

    def _resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        while "$ref" in schema:
            schema = self.document["schemas"][schema["$ref"]]
        return schema

    # -- field masks -----------------------------------------------------------------------------------------------

    def _problems_of_mask(self, mask: str, method: Mapping[str, Any]) -> Iterator[str]:
        """Look for every field of `a,b/c,d.e,f(g,h)` in the answer.  Source: the guides on partial responses."""
        if "response" not in method:
            yield f"{method['id']} has no fields to choose from"
            return
        rest = yield from self._walk_mask(mask, method["response"])
        if rest:
            yield f"the mask {mask!r} ends at {rest!r}"

    def _walk_mask(self, mask: str, schema: Mapping[str, Any]) -> Generator[str, None, str]:
        """Yield what is wrong with a mask; return what of it is left."""
        here = schema
        while True:
            found = re.match(r"[\w*]+", mask)
            inner = self._field(found[0], here) if found else None
            if found is None or inner is None:
                yield f"the mask names a field at {mask!r}, which is not described"
                return ""
            mask = mask[found.end() :]
            if mask[:1] in ("/", "."):
                here, mask = inner, mask[1:]
                continue
            if mask[:1] == "(":
                mask = yield from self._walk_mask(mask[1:], inner)
                if mask[:1] != ")":
                    yield "a bracket of the mask stays open"
                mask = mask[1:]
            if mask[:1] != ",":
                return mask
            here, mask = schema, mask[1:]

    def _field(self, name: str, schema: Mapping[str, Any]) -> Mapping[str, Any] | None:
        schema = self._resolved(schema)
        while schema.get("type") == "array":
            schema = self._resolved(schema["items"])
        if name == "*":
            return schema
        field: Mapping[str, Any] | None = schema.get("properties", {}).get(name)
        return field


def _pattern_of(template: str) -> str:
    pieces = re.split(r"\{(\w+)\}", template)
    return "".join(f"(?P<{piece}>[^/:]+)" if index % 2 else re.escape(piece) for index, piece in enumerate(pieces))


def _problems_of_text(text: str, schema: Mapping[str, Any], at: str) -> Iterator[str]:
    kind = schema.get("type")
    if kind == "boolean" and text not in ("true", "false"):
        yield f"{at} should be true or false, it is {text!r}"
    if kind == "integer":
        if not re.fullmatch(r"-?\d+", text):
            yield f"{at} should be a whole number, it is {text!r}"
        elif not int(schema.get("minimum", text)) <= int(text) <= int(schema.get("maximum", text)):
            yield f"{at} is out of bounds: {text}"
    if "enum" in schema and text not in schema["enum"]:
        yield f"{at} should be one of {schema['enum']}, it is {text!r}"
    shape = SHAPES.get(schema.get("format", "")) if kind == "string" else schema.get("pattern")
    if shape and not re.fullmatch(shape, text):
        yield f"{at} is no {schema.get('format') or shape}: {text!r}"
