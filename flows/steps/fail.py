"""Step `fail`: end the run with an error of the author's own."""

from typing import Annotated, NoReturn

from msgspec import Meta, Struct

from flows.sdk import Example, StepContext, StepError, Text, step


class FailConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to say."""

    message: Annotated[Text, Meta(description="A sentence that the caller can act on.")]
    code: Annotated[str, Meta(description="A stable code.", pattern="^[a-z][a-z0-9_]*$")] = "failed"


EXAMPLE = Example(
    title="Say what is missing",
    config={"code": "not_found", "message": "No place is called ${{ args.city }}."},
    args={"city": "Atlantis"},
    error="not_found",
)


@step("fail", config=FailConfig, short="message", examples=(EXAMPLE,))
def fail(config: FailConfig, _context: StepContext) -> NoReturn:
    """End the run: the caller gets an error with this message."""
    raise StepError(config.message, code=config.code)
