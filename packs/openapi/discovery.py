"""Rewrite a Google Discovery document as OpenAPI 3.1, so that the rest knows one kind only.

Source: Google API Discovery Service, reference of the document (`restDescription`).
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

MAX_RESOURCE_DEPTH: Final = 20
_AUTH_URL: Final = "https://accounts.google.com/o/oauth2/v2/auth"
_TOKEN_URL: Final = "https://oauth2.googleapis.com/token"  # noqa: S105  an address
_NUMBERS: Final = frozenset({"integer", "number"})
_RESERVED: Final = re.compile(r"\{\+(\w+)\}")
_NAME: Final = re.compile(r"\{(\w+)\}")


def as_openapi(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the same API as OpenAPI 3.1; what has another shape than it should is passed on as it is, or left out."""
    paths: dict[str, Any] = {}
    for tag, method in _methods(document, "", 0):
        path, operation = _operation(tag, method)
        verb = str(method.get("httpMethod", "GET")).lower()
        if verb in paths.setdefault(path, {}):
            path = f"{path}?{len(paths)}"  # refused by name later: two methods cannot share an address
        paths.setdefault(path, {})[verb] = operation
    schemas = {name: _schema(each, 0) for name, each in _mapping(document.get("schemas")).items()}
    scopes = _mapping(_mapping(_mapping(document.get("auth")).get("oauth2")).get("scopes"))
    return {
        "openapi": "3.1.0",
        "info": {
            "title": str(document.get("title") or document.get("name") or ""),
            "version": document.get("version"),
            "description": document.get("description"),
        },
        "externalDocs": {"url": document.get("documentationLink")},
        "servers": [{"url": _base_url(document)}],
        "paths": paths,
        "components": {"schemas": schemas, "securitySchemes": _security(scopes)},
        "security": [{"google": []}] if scopes else [],
    }


def _base_url(document: Mapping[str, Any]) -> str:
    root, service = document.get("rootUrl"), document.get("servicePath")
    if isinstance(root, str) and isinstance(service, str):
        return f"{root.rstrip('/')}/{service.strip('/')}".rstrip("/")
    return str(document.get("baseUrl", "")).rstrip("/")


def _security(scopes: Mapping[str, Any]) -> dict[str, Any]:
    if not scopes:
        return {}
    named = {scope: str(_mapping(about).get("description", "")) for scope, about in scopes.items()}
    flow = {"authorizationUrl": _AUTH_URL, "tokenUrl": _TOKEN_URL, "scopes": named}
    return {"google": {"type": "oauth2", "x-preset": "google", "flows": {"authorizationCode": flow}}}


def _methods(node: Mapping[str, Any], tag: str, depth: int) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for method in _mapping(node.get("methods")).values():
        if isinstance(method, dict):
            yield tag, method
    if depth < MAX_RESOURCE_DEPTH:
        for name, resource in _mapping(node.get("resources")).items():
            yield from _methods(_mapping(resource), tag or name, depth + 1)


def _operation(tag: str, method: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    parameters = [
        {"name": name, **_parameter(_mapping(one))} for name, one in _mapping(method.get("parameters")).items()
    ]
    path = str(method.get("path", ""))
    if _RESERVED.search(path) and isinstance(flat := method.get("flatPath"), str) and not _RESERVED.search(flat):
        # `{+name}` takes several segments; the flat path names each of them.
        whole = set(_RESERVED.findall(path))
        about = next((each for each in parameters if each["name"] in whole), {})
        parameters = [each for each in parameters if each["name"] not in whole]
        known = {each["name"] for each in parameters}
        parameters += [_segment(name, about) for name in _NAME.findall(flat) if name not in known]
        path = flat
    operation: dict[str, Any] = {
        "operationId": method.get("id"),
        "description": method.get("description"),
        "tags": [tag] if tag else [],
        "parameters": parameters,
        "deprecated": method.get("deprecated", False),
        "responses": {"200": _content(method.get("response"))},
        "security": [{"google": [scope]} for scope in scopes]
        if isinstance(scopes := method.get("scopes"), list)
        else [],
    }
    if "request" in method:
        operation["requestBody"] = {"required": True, **_content(method.get("request"))}
    return f"/{path.lstrip('/')}", operation


def _segment(name: str, about: Mapping[str, Any]) -> dict[str, Any]:
    said = str(about.get("description", "")).rstrip(". ")
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": f"The {name.removesuffix('Id')} part of: {said}" if said else "",
        "schema": {"type": "string"},
    }


def _content(reference: Any) -> dict[str, Any]:
    if not isinstance(reference, dict):
        return {"description": "Done."}
    return {"description": "Done.", "content": {"application/json": {"schema": _schema(reference, 0)}}}


def _parameter(declared: Mapping[str, Any]) -> dict[str, Any]:
    schema = _schema({key: value for key, value in declared.items() if key not in ("description", "required")}, 0)
    if declared.get("repeated") is True:
        schema = {"type": "array", "items": schema}
    return {
        "in": declared.get("location"),
        "required": declared.get("required") is True,
        "description": declared.get("description"),
        "deprecated": declared.get("deprecated", False),
        "schema": schema,
    }


def _schema(declared: Any, depth: int) -> Any:
    """Rewrite one schema: references, and numbers that are written as text."""
    if not isinstance(declared, dict) or depth > MAX_RESOURCE_DEPTH:
        return {}
    if "$ref" in declared:
        return {"$ref": f"#/components/schemas/{declared['$ref']}", **_only(declared, "description")}
    schema = _only(declared, "type", "description", "enum", "pattern", "readOnly", "format")
    if str(declared.get("description", "")).startswith(("Output only", "[Output Only]")):
        schema["readOnly"] = True
    if schema.get("type") == "any":
        del schema["type"]
    for key in ("minimum", "maximum", "default"):
        if key in declared:
            schema[key] = _value(declared[key], schema.get("type"))
    if "properties" in declared:
        schema["properties"] = {name: _schema(one, depth + 1) for name, one in _mapping(declared["properties"]).items()}
    for key in ("items", "additionalProperties"):
        if key in declared:
            schema[key] = _schema(declared[key], depth + 1)
    return schema


def _value(value: Any, kind: Any) -> Any:
    if not isinstance(value, str) or not isinstance(kind, str):
        return value
    if kind == "boolean":
        return value == "true"
    try:
        return (int(value) if kind == "integer" else float(value)) if kind in _NUMBERS else value
    except ValueError:
        return None


def _only(node: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    return {key: node[key] for key in keys if key in node}


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
