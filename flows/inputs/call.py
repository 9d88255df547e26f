"""Input `call`: only other flows and the API start the flow; clients do not see it."""

from collections.abc import Mapping
from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType

from flows.sdk import Example, flow_input

EXAMPLE = Example(title="A helper with one argument", config={"params": {"city": "string"}})


@flow_input("call", examples=(EXAMPLE,))
class CallInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Only other flows (step `call`) and the API start this flow; MCP clients do not see it."""

    params: Annotated[
        Mapping[str, Any] | UnsetType,
        Meta(
            description="The arguments: name to JSON Schema keywords. Required unless `default` or `required: false`.",
            extra_json_schema={"x-kind": "params"},
        ),
    ] = UNSET
    schema: Annotated[
        Mapping[str, Any] | UnsetType,
        Meta(description="A whole JSON Schema in place of `params`.", extra_json_schema={"x-kind": "schema"}),
    ] = UNSET
    returns: Annotated[
        Mapping[str, Any] | UnsetType,
        Meta(description="JSON Schema of the result.", extra_json_schema={"x-kind": "schema"}),
    ] = UNSET
