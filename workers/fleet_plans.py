"""The plans that a worker of a fleet knows: fetched once by digest, compiled here, kept."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from flows.compile import analyse_definition
from flows.definition import FlowDefinition
from flows.errors import StepError
from flows.plan import Plan

MAX_PLANS: Final = 2000

Fetch = Callable[[str], Awaitable[FlowDefinition | None]]
"""Asks a coordinator for the definition with a digest."""


class PlanCache:
    """Plans by digest; implements the half of `flows.runs.PlanSource` that does not depend on the run."""

    def __init__(self) -> None:
        self._plans: dict[str, Plan] = {}
        self._making: dict[str, asyncio.Task[Plan]] = {}

    def __len__(self) -> int:
        return len(self._plans)

    def by_digest(self, digest: str) -> Plan | None:
        """Return the plan if it is here."""
        return self._plans.get(digest)

    async def get(self, digest: str, fetch: Fetch) -> Plan:
        """Return the plan, fetched by whoever needs it first.  Raises StepError."""
        known = self._plans.get(digest)
        if known is not None:
            return known
        making = self._making.get(digest)
        if making is None:
            making = self._making[digest] = asyncio.create_task(self._make(digest, fetch))
            making.add_done_callback(lambda task: self._made(digest, task))
        # Shielded: one run that is cancelled must not take the plan from the others.
        return await asyncio.shield(making)

    async def _make(self, digest: str, fetch: Fetch) -> Plan:
        definition = await fetch(digest)
        if definition is None:
            message = f"The version {digest[:12]} of the flow is not known to the coordinator any more."
            raise StepError(message, code="unknown_version")
        plan, problems = await asyncio.to_thread(analyse_definition, definition)
        if plan is None or plan.digest != digest:
            why = next((problem.message for problem in problems if problem.severity == "error"), "It reads otherwise.")
            raise StepError(
                f"The worker cannot compile the version {digest[:12]} of the flow. {why}",
                code="unknown_version",
                fix="Workers and coordinators need the same version of Headrace, and the same components.",
            )
        while len(self._plans) >= MAX_PLANS:
            del self._plans[next(iter(self._plans))]
        self._plans[digest] = plan
        return plan

    def _made(self, digest: str, task: "asyncio.Task[Plan]") -> None:
        del self._making[digest]
        if not task.cancelled():
            task.exception()  # seen here, so that a failure nobody waited for is not reported as lost


class RunPlans:
    """Implements `flows.runs.PlanSource` for one run: names stand for the versions that its call brought."""

    def __init__(self, cache: PlanCache, called: Mapping[str, Plan]) -> None:
        self._cache = cache
        self._called = called

    def by_digest(self, digest: str) -> Plan | None:
        """Return the plan of that version."""
        return self._cache.by_digest(digest)

    def by_name(self, name: str) -> Plan | None:
        """Return the plan of the flow of that name, as it was when the run was called."""
        return self._called.get(name)
