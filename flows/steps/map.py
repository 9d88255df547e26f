"""Step `map`: make a value out of what is there."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from flows.sdk import Example, StepContext, Value, step


class MapConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The value."""

    value: Annotated[Value, Meta(description="Any value; expressions allowed anywhere in it.")]


EXAMPLE = Example(
    title="Reshape",
    config={"name": "${{ args.first }} ${{ args.last }}", "letters": "${{ len(args.first) }}"},
    args={"first": "Ada", "last": "Lovelace"},
    result={"name": "Ada Lovelace", "letters": 3},
)


@step("map", config=MapConfig, whole="value", examples=(EXAMPLE,))
def map_value(config: MapConfig, _context: StepContext) -> Any:
    """Make a value out of what is there: `map: VALUE`."""
    return config.value
