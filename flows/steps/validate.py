"""Step `validate`: stop unless a value fits a schema."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from flows.sdk import Example, JsonSchema, StepContext, StepError, Text, Value, step

MAX_FINDINGS = 5


class ValidateConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The value and what it must be like."""

    value: Annotated[Value, Meta(description="The value.")]
    schema: Annotated[JsonSchema, Meta(description="A JSON Schema (2020-12).")]
    message: Annotated[Text, Meta(description="What to say in place of the findings.")] = ""


EXAMPLE = Example(
    title="An answer with an id",
    config={"value": "${{ args.answer }}", "schema": {"type": "object", "required": ["id"]}},
    args={"answer": {"id": 7}},
    result={"id": 7},
)
REFUSED = Example(
    title="An answer without one",
    config={"value": "${{ args.answer }}", "schema": {"type": "object", "required": ["id"]}},
    args={"answer": {}},
    error="invalid_value",
)


@step("validate", config=ValidateConfig, examples=(EXAMPLE, REFUSED))
def validate(config: ValidateConfig, _context: StepContext) -> Any:
    """Fail unless the value fits the schema; the result is the value."""
    if not config.schema.is_valid(config.value):
        raise StepError(config.message or _findings(config), code="invalid_value")
    return config.value


def _findings(config: ValidateConfig) -> str:
    found = []
    for error in config.schema.iter_errors(config.value):
        place = "".join(f"[{part!r}]" for part in error.instance_path)
        found.append(f"value{place}: {error.message[:200]}")
    more = [f"and {len(found) - MAX_FINDINGS} more"] if len(found) > MAX_FINDINGS else []
    return f"The value does not fit the schema. {'; '.join([*found[:MAX_FINDINGS], *more])}."
