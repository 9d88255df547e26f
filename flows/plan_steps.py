"""Make the steps of a plan of their bound fields.  Touches no I/O."""

from typing import Any

from msgspec import UNSET

from flows.config import Bound
from flows.model import RetryFields
from flows.plan import BoundConfig, PlanStep, RetryPolicy
from flows.sdk import StepType


def plan_step(step_id: str, binds: bool, declared: StepType, config: BoundConfig, fields: dict[str, Bound]) -> PlanStep:
    """Make a step of its component and its bound common fields."""

    def constant(name: str, otherwise: Any = None) -> Any:
        return fields[name].constant if name in fields else otherwise

    loop, handler = fields.get("for_each"), fields.get("on_error")
    retry: RetryFields | None = constant("retry")
    return PlanStep(
        is_plain=not fields.keys() - {"id", "when"},
        id=step_id,
        binds=binds,
        type=declared,
        config=config,
        when=constant("when"),
        for_each=None if loop is None else _render_of(loop),
        concurrency=constant("concurrency", 1),
        timeout=constant("timeout"),
        retry=None if retry is None else _retry_policy(retry),
        on_error=None if handler is None else BoundConfig(handler.constant, handler.render),
    )


def step_waits(step: PlanStep) -> bool:
    """Whether running the step can await; a step that holds only such steps cannot."""
    if step.retry is not None or step.concurrency > 1:
        return True
    if step.on_error is not None and (steps := step.on_error.shape.steps) is not UNSET and steps.waits:
        return True
    if step.type.blocks is not None and any(block.waits for block in step.type.blocks(step.config.shape)):
        return True
    return step.type.is_async and not step.type.is_structure


def _render_of(bound: Bound) -> Any:
    constant = bound.constant
    return bound.render or (lambda _scope: constant)


def _retry_policy(fields: RetryFields) -> RetryPolicy:
    return RetryPolicy(
        attempts=fields.attempts,
        delay=fields.delay,
        factor=fields.factor,
        max_delay=fields.max_delay,
        on=frozenset() if fields.on is UNSET else frozenset(fields.on),
    )
