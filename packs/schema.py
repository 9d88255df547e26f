"""Make the JSON Schema of `pack.yaml`, for editors, from what the manifest declares."""

from typing import Any, Final

from flows.schema import struct_schema
from packs.connections import AUTH_FIELDS
from packs.manifest import Manifest

SCHEMA_ID: Final = "https://headrace.dev/schema/pack-1.json"


def pack_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) that a manifest must fit."""
    schema = struct_schema(Manifest)
    auth = schema["$defs"]["AuthFields"]
    auth["allOf"] = [_fields_of(kind, fields, auth) for kind, fields in AUTH_FIELDS.items()]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        **schema,
        "title": "A Headrace pack",
    }


def _fields_of(kind: str, fields: tuple[str, ...], auth: dict[str, Any]) -> dict[str, Any]:
    """Say which fields a way to sign in has, so that editors propose no others."""
    others = [name for name in auth["properties"] if name not in ("type", *fields)]
    return {
        "if": {"properties": {"type": {"const": kind}}, "required": ["type"]},
        "then": {"properties": dict.fromkeys(others, False)},
    }
