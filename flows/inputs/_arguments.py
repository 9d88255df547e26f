"""What inputs share that take named arguments and may promise a shape of the result."""

from collections.abc import Mapping
from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType


class TakesArguments(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The arguments, in short form or as a whole schema, and the result."""

    params: Annotated[
        Mapping[str, Any] | UnsetType,
        Meta(
            description="The arguments: name to JSON Schema keywords. Required unless `default` or `required: false`.",
            extra_json_schema={"x-kind": "params"},
        ),
    ] = UNSET
    schema: Annotated[
        Mapping[str, Any] | UnsetType,
        Meta(
            description="A whole JSON Schema in place of `params`; reaches clients unchanged.",
            extra_json_schema={"x-kind": "schema"},
        ),
    ] = UNSET
    returns: Annotated[
        Mapping[str, Any] | UnsetType,
        Meta(description="JSON Schema of the result.", extra_json_schema={"x-kind": "schema"}),
    ] = UNSET
