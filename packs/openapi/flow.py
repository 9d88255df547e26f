"""Turn one operation into one flow: a document that is written as YAML.  Raises Skip."""

import re
from dataclasses import dataclass, field
from typing import Any, Final

from flows.arguments import SchemaInvalid, compile_arguments, schema_of_params
from packs.openapi.bodies import Body, read_body
from packs.openapi.notes import Skip
from packs.openapi.operations import Operation
from packs.openapi.params import Param, Params, read_params
from packs.openapi.paths import path_template
from packs.openapi.responses import STEP, Answer, read_answer
from packs.openapi.samples import sample_of
from packs.openapi.schemas import Schemas
from packs.openapi.service import Service, is_elsewhere
from packs.openapi.spec import Spec
from packs.openapi.text import defused, plain, sentence, shortened, tool_description

MAX_PARAMS: Final = 40
_PAGING: Final = re.compile(r"(?i)page|limit|cursor|offset|size|token|after|before|sort")
# Whatever the method, these take something away.
_DESTRUCTIVE: Final = frozenset(
    ["ban", "cancel", "clear", "delete", "deny", "disable", "purge", "remove", "reset", "revoke", "unlink"]
)


@dataclass
class Made:
    """A flow as a document, and what got lost on the way."""

    document: dict[str, Any]
    notes: list[str] = field(default_factory=list)


def flow_of(
    operation: Operation, name: str, spec: Spec, service: Service, connection: str, wanted: tuple[str, ...] = ()
) -> Made:
    """Make the flow of an operation.  `connection` is the pack's name for its connection, `wanted` the fields kept."""
    if host := is_elsewhere(operation, service):
        raise Skip(f"it goes to another server than the others, {host}")
    schemas = Schemas(spec.refs)
    params = read_params(operation.parameters, schemas)
    path = path_template(operation.path, _wire(params.of("path")))
    body = read_body(operation.raw.get("requestBody"), spec.refs, schemas, params)
    notes = [*params.notes, *body.notes, *_limit(params, body)]
    answer = read_answer(operation.raw.get("responses"), spec.refs, schemas, wanted, _place(operation))
    tool: dict[str, Any] = _input(params) | ({"returns": answer.returns} if answer.returns else {})
    document: dict[str, Any] = {
        "flow": name,
        "description": _description(operation),
        "input": {"mcp_tool": {**tool, "annotations": annotations_of(operation.method, name)}},
        **({"vars": {"fields": answer.fields}} if answer.fields else {}),
        "steps": [{"id": STEP, "http": _request(operation, path, service, connection, params, body, answer)}],
        "output": {"reply": answer.reply},
    }
    return Made(document | _tests(params, answer), notes)


def _place(operation: Operation) -> str:
    return operation.path.rstrip("/").rpartition("/")[2]


def annotations_of(method: str, name: str) -> dict[str, bool]:
    """Say what a method promises about effects; the verb of the name may take more away than the method says."""
    if method in ("GET", "HEAD"):
        return {"readOnly": True}
    is_destructive = method in ("DELETE", "PUT", "PATCH") or name.partition("_")[0] in _DESTRUCTIVE
    annotations = {"readOnly": False, "destructive": is_destructive}
    return annotations | ({"idempotent": True} if method in ("PUT", "DELETE") else {})


def _description(operation: Operation) -> str:
    raw = operation.raw
    said = tool_description(raw.get("summary"), raw.get("description"))
    if not said:
        said = sentence(shortened(f"{operation.method} {plain(operation.path)}", 200))
    return f"Deprecated. {said}" if raw.get("deprecated") is True else said


def _limit(params: Params, body: Body) -> list[str]:
    """Leave out optional query parameters beyond what a model can survey."""
    excess = len(params.params) - MAX_PARAMS
    if excess <= 0:
        return []
    optional = [param for param in params.params if param.place != "body" and not param.required]
    dropped = [param for param in optional if not _PAGING.search(param.name)][-excess:]
    params.params = [param for param in params.params if param not in dropped]
    return [f"left out the parameters {', '.join(param.name for param in dropped)}: there are too many."]


def _wire(params: list[Param]) -> dict[str, str]:
    return {key: expression for param in params for key, expression in param.sent.items()}


def _input(params: Params) -> dict[str, Any]:
    """Declare the arguments: in the short form, unless one of them is an object with required members."""
    if not params.params:
        return {}
    if not any("required" in param.schema for param in params.params):
        return {"params": {param.name: _short(param) for param in params.params}}
    schema: dict[str, Any] = {"type": "object", "properties": {param.name: param.schema for param in params.params}}
    if required := [param.name for param in params.params if param.required]:
        schema["required"] = required
    return {"schema": schema | {"additionalProperties": False}}


def _short(param: Param) -> dict[str, Any]:
    if param.required and "default" not in param.schema:
        return param.schema
    about = param.schema["description"]
    rest = {key: value for key, value in param.schema.items() if key != "description"}
    if param.required:
        return {**rest, "required": True, "description": about}
    return {**rest, **({} if "default" in rest else {"required": False}), "description": about}


def _request(
    operation: Operation, path: str, service: Service, connection: str, params: Params, body: Body, answer: Answer
) -> dict[str, Any]:
    target = {"connection": connection, "path": path} if connection else {"url": f"{service.base_url}{path}"}
    request: dict[str, Any] = {**target}
    if operation.method != "GET":
        request["method"] = operation.method
    if query := _wire(params.of("query")):
        request["query"] = {key: _expression(value) for key, value in query.items()}
    headers = {key: defused(value) for key, value in params.constants.items()}
    headers |= {key: _expression(value) for key, value in _wire(params.of("header")).items()}
    if headers:
        request["headers"] = headers
    if body.key:
        request[body.key] = body.value
    if answer.ok is not None:
        request["ok"] = ["2xx", answer.ok]
    return request


def _expression(text: str) -> str:
    return f"${{{{ {text} }}}}"


def _tests(params: Params, answer: Answer) -> dict[str, Any]:
    """Add an example that passes offline, when one can be made of the schemas."""
    args = {param.name: sample_of(param.schema) for param in params.params if param.required}
    declared = _input(params)
    try:
        schema = declared.get("schema") or schema_of_params(declared.get("params", {}))
        fits = not compile_arguments(schema).rejections(args)
    except SchemaInvalid as error:
        raise Skip(f"its arguments cannot be declared ({error.message.rstrip('.')})") from None
    if not fits:
        return {}
    mocked = {"status": answer.status, **answer.mock}
    example = {"name": "an example", **({"args": args} if args else {})}
    return {"tests": [{**example, "mock": {STEP: mocked}, "expect": answer.expected}]}
