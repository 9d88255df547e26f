"""Turn the body of a request into arguments: its members one by one where that helps a model, else a whole `body`.

Raises Skip for a body that must be sent and cannot be made of arguments.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from packs.openapi.notes import Skip
from packs.openapi.params import Param, Params, described, kinds_of, reference, without_null
from packs.openapi.refs import Refs
from packs.openapi.schemas import Schemas
from packs.openapi.text import plain

MAX_FLAT: Final = 15
"""Members of a body that become arguments of their own."""
BODY_NODES: Final = 250
FORM: Final = "application/x-www-form-urlencoded"


@dataclass
class Body:
    """What the `http` step sends: `key` is json, form or text."""

    key: str = ""
    value: Any = None
    notes: list[str] = field(default_factory=list)


def read_body(raw: Any, refs: Refs, schemas: Schemas, params: Params) -> Body:
    """Read the body of an operation and add its arguments to `params`."""
    if raw is None:
        return Body()
    node = refs.resolve(raw)
    required = node.get("required") is True
    declared = node.get("content")
    content = declared if isinstance(declared, dict) else {}
    kind, media = _media(content)
    if kind:
        schema = schemas.inline(media.get("schema"), nodes=BODY_NODES)
        return _form(schema, params) if kind == "form" else _whole_or_flat(kind, schema, required, params)
    if not content:
        return Body()
    shown = plain(", ".join(map(str, content)))[:80]
    if required:
        raise Skip(f"its body is {shown}, and only JSON, forms and text can be made of arguments")
    return Body(notes=[f"left out its body, which is {shown}."])


def _media(content: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """Choose the kind of content: JSON before forms before text."""
    found: dict[str, Mapping[str, Any]] = {}
    for name, media in content.items():
        base = name.partition(";")[0].strip().lower()
        is_json = base in ("application/json", "*/*", "application/*") or base.endswith("+json")
        kind = "json" if is_json else "form" if base == FORM else "text" if base == "text/plain" else ""
        if isinstance(media, dict):
            found.setdefault(kind, media)
    return next(((kind, found[kind]) for kind in ("json", "form", "text") if kind in found), ("", {}))


def _whole_or_flat(kind: str, schema: dict[str, Any], required: bool, params: Params) -> Body:
    members = schema.get("properties", {})
    is_flat = kind == "json" and "anyOf" not in schema and 0 < len(members) <= MAX_FLAT
    if is_flat and not any(_clashes(member, params) for member in members) and "additionalProperties" not in schema:
        return _flat(schema, params)
    if kind == "json" and not members and schema.get("additionalProperties") is False:
        return Body("json", {})
    return _whole(kind, schema, required, params)


def _clashes(member: str, params: Params) -> bool:
    return params.free_name(member, "body") != member


def _flat(schema: dict[str, Any], params: Params) -> Body:
    """Make an argument of each member.  Null is how optional arguments are left out, so it is never sent for one."""
    required = set(schema.get("required", []))
    found = []
    for member, declared in schema["properties"].items():
        kept = declared if member in required else without_null(declared)
        kept = kept if kept.keys() & {"type", "enum", "const", "anyOf"} else {**_ANY, **kept}
        found.append(
            Param(member, "body", described(kept, None, member), member in required, {member: reference(member)})
        )
    found.sort(key=lambda param: not param.required)
    params.params += found
    nullable = [param for param in found if param.required and "null" in _all_kinds(param.schema)]
    if all(param.required for param in found):
        return Body("json", {key: f"${{{{ {value} }}}}" for param in found for key, value in param.sent.items()})
    optional = [f'"{param.name}"' for param in found if param not in nullable]
    picked = f"drop_null(pick(args, [{', '.join(optional)}]))"
    if nullable:
        fixed = ", ".join(f'"{param.name}": {reference(param.name)}' for param in nullable)
        picked = f"merge({{{fixed}}}, {picked})"
    return Body("json", f"${{{{ {picked} }}}}")


_ANY: Final = {"type": ["string", "number", "boolean", "object", "array"], "items": {}}


def _all_kinds(schema: Mapping[str, Any]) -> set[str]:
    said = schema.get("type", [])
    kinds = set(said) if isinstance(said, list) else {said}
    return kinds.union(*(_all_kinds(option) for option in schema.get("anyOf", [])))


def _whole(kind: str, schema: dict[str, Any], required: bool, params: Params) -> Body:
    name = params.free_name("body", "request")
    if kind == "text":
        schema = {"type": "string"}
    elif not schema.keys() & {"type", "enum", "const", "anyOf"}:
        schema = {**_ANY, **schema}
    about = "The body of the request" + (", as JSON." if kind == "json" else ".")
    params.params.append(Param(name, "body", described(schema, schema.get("description"), about), required, {}))
    note = [] if required else ["its body may be left out; the tool then sends null as the body."]
    value = f"${{{{ {reference(name)} }}}}"
    return Body(kind, value, note) if required else Body(kind, f"${{{{ default({reference(name)}, {{}}) }}}}")


def _form(schema: dict[str, Any], params: Params) -> Body:
    """Make an argument of each member of a form; what is nested cannot be sent in one."""
    members = schema.get("properties", {})
    required = set(schema.get("required", []))
    body = Body("form", {})
    for member, declared in sorted(members.items(), key=lambda item: item[0] not in required):
        nested = kinds_of(declared) & {"object"} or kinds_of(declared.get("items")) & {"object", "array"}
        if nested or not member.isprintable():
            if member in required:
                raise Skip(f"the member {plain(member)[:60]!r} of its form is required and nested")
            body.notes.append(f"left out {plain(member)[:60]!r} of its form: it is nested.")
            continue
        name = params.free_name(member, "body")
        kept = declared if member in required else without_null(declared)
        kept = kept if kept.keys() & {"type", "enum", "const", "anyOf"} else {"type": "string", **kept}
        key = f"{member}[]" if "array" in kinds_of(kept) else member
        params.params.append(
            Param(name, "body", described(kept, None, member), member in required, {key: reference(name)})
        )
        body.value[key] = f"${{{{ {reference(name)} }}}}"
    return body if body.value else Body(notes=body.notes)
