"""Turn the parameters of an operation into arguments of a tool, and into what is sent for them.

Raises Skip when a required one cannot be sent.  Source: OpenAPI 3.1, Parameter Object (`style`, `explode`).
"""

import keyword
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from flows.steps._http_body import REFUSED_HEADERS, SHARED_HEADERS
from packs.openapi.notes import Skip
from packs.openapi.schemas import Schemas
from packs.openapi.text import PARAM_CHARACTERS, paragraph, plain, sentence

MAX_NAME: Final = 64
_PLACES: Final = ("path", "query", "header")
_HEADER_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
# Set by the http step or the connection, or of use to caches and proxies only.
_OWN_HEADERS: Final = REFUSED_HEADERS | SHARED_HEADERS | {"authorization", "cookie", "traceparent", "x-request-id"}
_CONDITIONS: Final = ("if-none-match", "if-modified-since", "if-unmodified-since", "if-range", "range")
_UNNAMEABLE: Final = re.compile(r"[^A-Za-z0-9_]+")

Place = Literal["path", "query", "header", "body"]


@dataclass(frozen=True)
class Param:
    """An argument of the tool.  `sent` are the keys it is sent under, each with its expression."""

    name: str
    place: Place
    schema: dict[str, Any] = field(repr=False)
    required: bool
    sent: dict[str, str] = field(repr=False)


@dataclass
class Params:
    """The arguments of one tool, and the parameters that are always the same."""

    params: list[Param] = field(default_factory=list)
    constants: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def names(self) -> set[str]:
        """The names that are taken."""
        return {param.name for param in self.params}

    def of(self, place: Place) -> list[Param]:
        """Return the arguments that are sent in one place."""
        return [param for param in self.params if param.place == place]

    def free_name(self, wanted: str, place: str) -> str:
        """Return a name for an argument that is a word in expressions, and no other's."""
        name = _UNNAMEABLE.sub("_", wanted).strip("_")[:MAX_NAME] or place
        name = name if name[0].isalpha() else f"{place}_{name}"[:MAX_NAME]
        taken, number = self.names, 2
        if name in taken:
            name = f"{name[: MAX_NAME - 8]}_{place}"
        while name in taken:
            name, number = f"{name.rstrip('0123456789_')[: MAX_NAME - 8]}_{number}", number + 1
        return name


def read_params(raws: tuple[Mapping[str, Any], ...], schemas: Schemas) -> Params:
    """Read all parameters; those of the path come first, then the required ones."""
    found = Params()
    order = {"path": 0, "query": 1, "header": 2}
    ordered = sorted(raws, key=lambda raw: (raw.get("required") is not True, order.get(str(raw["in"]), 3)))
    for raw in ordered:
        try:
            _read(raw, schemas, found)
        except Skip as reason:
            if raw.get("required") is True:
                raise Skip(f"the {raw['in']} parameter {plain(raw['name'])[:60]!r} is required, and {reason}") from None
            found.notes.append(f"left out the {raw['in']} parameter {plain(raw['name'])[:60]!r}: {reason}.")
    return found


def _read(raw: Mapping[str, Any], schemas: Schemas, found: Params) -> None:
    key, place = raw["name"], raw["in"]
    required = raw.get("required") is True or place == "path"
    if place not in _PLACES:
        raise Skip("cookies are not sent" if place == "cookie" else "nobody knows where it goes")
    if place == "header" and _is_own_header(key, required):
        return
    if not required and (raw.get("deprecated") is True or str(raw.get("description")).startswith("Deprecated")):
        return
    if "${{" in key or not key.isprintable():
        raise Skip("its name cannot be written")
    schema = _schema_of(raw, schemas)
    if place == "header" and len(values := schema.get("enum", [])) == 1 and required:
        found.constants[key] = str(values[0])
        return
    name = found.free_name(key, place)
    if not required and isinstance(schema.get("type"), list):
        schema = without_null(schema)
    sent = dict(_sent(raw, key, name, schema, required))
    found.params.append(Param(name, place, described(schema, raw.get("description"), key), required, sent))


def _is_own_header(key: str, required: bool) -> bool:
    lower = key.lower()
    if not _HEADER_NAME.fullmatch(key):
        raise Skip("it is no header name")
    return lower in _OWN_HEADERS or (lower in _CONDITIONS and not required)


def _schema_of(raw: Mapping[str, Any], schemas: Schemas) -> dict[str, Any]:
    content = raw.get("content")
    if isinstance(content, dict) and content:
        first = next(iter(content.values()))
        return schemas.inline(first.get("schema") if isinstance(first, dict) else {})
    schema = schemas.inline(raw.get("schema"))
    if not schema.keys() & {"type", "enum", "const", "anyOf"}:
        schema = {"type": "string", **schema}
    return schema


def _sent(
    raw: Mapping[str, Any], key: str, name: str, schema: dict[str, Any], required: bool
) -> Iterator[tuple[str, str]]:
    """Give the keys and expressions by which an argument is sent."""
    value, kinds = reference(name), kinds_of(schema)
    style = str(raw.get("style") or ("form" if raw["in"] == "query" else "simple"))
    if isinstance(raw.get("content"), dict):
        yield key, _unless_null(f"to_json({value})", value, required)
    elif "object" in kinds:
        if style != "deepObject" or raw["in"] != "query":
            raise Skip("it is an object")
        yield from _deep(key, name, schema)
    elif "array" in kinds:
        yield from _list(raw, key, value, schema, style, required)
    elif style not in ("simple", "form", "deepObject"):
        raise Skip(f"its style {plain(style)[:40]!r} is not known")
    else:
        yield key, value


def _list(
    raw: Mapping[str, Any], key: str, value: str, schema: dict[str, Any], style: str, required: bool
) -> Iterator[tuple[str, str]]:
    separators = {"form": ",", "simple": ",", "spaceDelimited": " ", "pipeDelimited": "|"}
    if kinds_of(schema.get("items", {})) & {"object", "array"}:
        raise Skip("it is a list of objects")
    if style == "deepObject":
        yield f"{key}[]", value
    elif style not in separators:
        raise Skip(f"its style {plain(style)[:40]!r} is not known")
    elif raw["in"] == "query" and raw.get("explode", style == "form") is True:
        yield key, value
    else:
        is_text = kinds_of(schema.get("items", {})) == {"string"}
        items = value if is_text else f"[str(each) for each in {value}]"
        yield key, _unless_null(f'"{separators[style]}".join({items})', value, required)


def _deep(key: str, name: str, schema: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Send an object as `key[member]=...`; only members of one level."""
    members = schema.get("properties", {})
    if not members or any(kinds_of(each) & {"object", "array"} for each in members.values()):
        raise Skip("it is an object of unknown or nested members")
    for member in members:
        if not re.fullmatch(r"[\w.-]{1,60}", member):
            raise Skip("it is an object with members that cannot be written")
        yield f"{key}[{member}]", f'get({reference(name)}, "{member}")'


def _unless_null(expression: str, value: str, required: bool) -> str:
    return expression if required else f"{expression} if {value} is not None else None"


def reference(name: str) -> str:
    """Write how an expression names an argument."""
    is_word = name.isidentifier() and name.isascii() and not keyword.iskeyword(name)
    return f"args.{name}" if is_word else f'args["{name}"]'


def kinds_of(schema: Any) -> set[str]:
    """Return the types that a value of this schema may have, those of its alternatives too."""
    if not isinstance(schema, dict):
        return set()
    said = schema.get("type", [])
    kinds = set(said) if isinstance(said, list) else {said}
    for option in schema.get("anyOf", []):
        kinds |= kinds_of(option)
    return kinds - {"null"}


def without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Take null out of what an optional argument may be: null is how clients leave one out."""
    result = dict(schema)
    if isinstance(kinds := schema.get("type"), list):
        left = [kind for kind in kinds if kind != "null"]
        if left:
            result["type"] = left[0] if len(left) == 1 else left
    if isinstance(options := schema.get("anyOf"), list):
        left = [option for option in options if option != {"type": "null"}]
        result = {**result, "anyOf": left} if len(left) != 1 else {**_without(result, "anyOf"), **left[0]}
    if isinstance(values := result.get("enum"), list):
        result["enum"] = [value for value in values if value is not None] or values
    return result


def described(schema: dict[str, Any], said: Any, key: str) -> dict[str, Any]:
    """Give a schema its description: what is said about the parameter, about its schema, or else its name."""
    text = paragraph(said, PARAM_CHARACTERS) or schema.get("description") or sentence(_humane(key))
    return {**_without(schema, "description"), "description": text}


def _humane(key: str) -> str:
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+", plain(key))
    return " ".join(words).lower().capitalize() or "A value"


def _without(schema: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in schema.items() if name != key}
