"""Decide what becomes of a durable run: whether it can run now, and what follows from how a try ended.  Pure."""

from dataclasses import dataclass
from typing import Final

from coordinator.catalog import CatalogEntry
from coordinator.durable.queue import MAX_LOST, Claim
from flows.inputs._durable import RunRetries
from flows.plan import Plan
from flows.runs import RunError, RunResult

OFF_SECONDS: Final = 60.0
"""How long a run whose flow is switched off, or broken, waits before it is looked at again."""
BUSY_SECONDS: Final = 1.0
NOT_BEGUN: Final = frozenset({"busy", "stopping", "unknown_version", "no_worker", "nats_unavailable"})
"""What is no fault of the run: it goes back as if it had not been taken."""
UNSURE: Final = frozenset({"timeout", "outcome_unknown"})
"""What may have happened or not: a durable run is made at least once, so it is tried again."""


@dataclass(frozen=True, slots=True)
class Done:
    """The run went well."""


@dataclass(frozen=True, slots=True)
class Again:
    """The run failed, and is tried again after a while."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Back:
    """The run could not be tried."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Dead:
    """The run failed for good."""

    error: RunError


Outcome = Done | Again | Back | Dead


def ready(claim: Claim, entry: CatalogEntry | None) -> Plan | Back | Dead:
    """Return the plan to run: that of the flow as it is now, whatever it was when the run was accepted."""
    run = claim.run
    if entry is None:
        return _dead("unknown_flow", f"The flow {run.flow!r} is gone since the run was accepted.")
    plan = entry.served
    if plan is None or not plan.enabled:
        return Back(OFF_SECONDS)
    if plan.input.type.name != run.source:
        message = f"The flow {run.flow!r} is started by `{plan.input.type.name}` now, not by `{run.source}`."
        return _dead("flow_changed", message)
    if rejections := plan.input.arguments.rejections(run.args):
        message = f"The flow {run.flow!r} changed since the run was accepted: {' '.join(rejections)}"
        return _dead("invalid_arguments", message)
    retries: RunRetries = plan.input.config.retries
    if claim.attempts > max(retries.attempts, MAX_LOST):
        message = f"Whatever ran it ended {claim.attempts - 1} times before the run did."
        return _dead("lost", message)
    return plan


def outcome(claim: Claim, plan: Plan, result: RunResult) -> Outcome:
    """Return what follows from a try."""
    error = result.error
    if error is None:
        if result.reply is None or not result.reply.is_error:
            return Done()
        error = RunError(code="error_reply", message="The flow replied that it failed.")
    if error.code in NOT_BEGUN:
        return Back(error.retry_after or BUSY_SECONDS)
    retries: RunRetries = plan.input.config.retries
    may_help = retries.on == "any" or error.retryable or error.code in UNSURE
    if may_help and claim.attempts < retries.attempts:
        return Again(max(retries.wait_after(claim.attempts), error.retry_after or 0.0))
    return Dead(error)


def _dead(code: str, message: str) -> Dead:
    return Dead(RunError(code=code, message=message))
