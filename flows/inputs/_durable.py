"""What inputs share whose runs nobody waits for: such a run is tried again, and in the end set aside."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from flows.sdk import Duration


class RunRetries(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Try a run that failed again, the whole of it."""

    attempts: Annotated[int, Meta(description="How often to try in all.", ge=1, le=50)] = 5
    delay: Annotated[Duration, Meta(description="The wait before the second try.")] = 10.0
    factor: Annotated[float, Meta(description="Each further wait is this much longer.", ge=1, le=10)] = 3.0
    max_delay: Annotated[Duration, Meta(description="The longest wait.")] = 900.0
    on: Annotated[
        Literal["temporary", "any"],
        Meta(description="Which failures to try again on: those that the step calls temporary, or any."),
    ] = "temporary"

    def wait_after(self, attempts: int) -> float:
        """Return how many seconds to wait after so many tries."""
        return float(min(self.delay * self.factor ** (attempts - 1), self.max_delay))
