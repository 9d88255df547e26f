"""Make a value that fits a schema, for the test of a flow."""

from typing import Any, Final

_BY_FORMAT: Final = {
    "date": "2026-01-31",
    "date-time": "2026-01-31T12:00:00Z",
    "time": "12:00:00Z",
    "email": "ada@example.com",
    "uri": "https://example.com/",
    "uuid": "3d6f4a0e-5f0f-4c58-9a3e-1c1d0a7b9e42",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "hostname": "example.com",
}
_MAX_LEVELS: Final = 4


def sample_of(schema: Any, level: int = 0) -> Any:
    """Return an example; it may not fit when the schema asks for much."""
    if not isinstance(schema, dict) or level > _MAX_LEVELS:
        return {}
    for key in ("default", "const"):
        if key in schema:
            return schema[key]
    if schema.get("enum"):
        return schema["enum"][0]
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((each for each in kind if each != "null"), "null")
    if kind is None and schema.get("anyOf"):
        return sample_of(schema["anyOf"][0], level + 1)
    return _of_kind(kind, schema, level)


def _of_kind(kind: Any, schema: dict[str, Any], level: int) -> Any:
    match kind:
        case "string":
            return _text(schema)
        case "integer" | "number":
            low = schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1)
            return int(low) if kind == "integer" or low == int(low) else low
        case "boolean":
            return True
        case "array":
            count = max(schema.get("minItems", 1), 1)
            return [sample_of(schema.get("items"), level + 1)] if count == 1 else []
        case "object":
            required = schema.get("required", [])
            members = schema.get("properties", {})
            return {name: sample_of(members[name], level + 1) for name in required if name in members}
        case "null":
            return None
    return "text"


def _text(schema: dict[str, Any]) -> str:
    text = _BY_FORMAT.get(schema.get("format", ""), "text")
    if len(text) < schema.get("minLength", 0):
        text = "x" * min(schema["minLength"], 200)
    return text[: schema.get("maxLength", len(text))]
