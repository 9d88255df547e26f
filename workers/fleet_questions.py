"""What a worker asks coordinators: definitions of flows, states of connections, credentials that are valid now."""

import asyncio
import itertools
from typing import Any, Final

from flows.bus.link import Link
from flows.connections import Connection
from flows.definition import FlowDefinition
from flows.errors import StepError
from flows.wire import (
    ConnectionsGiven,
    ConnectionsWanted,
    PlanGiven,
    PlanWanted,
    Question,
    SignInWanted,
    coordinator_subject,
)

ANSWER_SECONDS: Final = 10.0
"""How long a coordinator may take to answer."""
SIGN_IN_SECONDS: Final = 60.0

CallKey = tuple[str, int]
"""A call by its coordinator and number.  Every question is for one that is under way: others are not answered."""


class Questions:
    """What the worker asked coordinators and was not answered yet; implements `workers.fleet_connections.Ask`."""

    def __init__(self, link: Link, worker: str) -> None:
        self._link = link
        self._worker = worker
        self._numbers = itertools.count(1)
        self._open: dict[int, asyncio.Future[Any]] = {}

    async def plan(self, call: CallKey, digest: str) -> FlowDefinition | None:
        """Return the definition with a digest.  Raises StepError."""
        coordinator, number = call
        question = PlanWanted(self._worker, number, next(self._numbers), digest)
        given: PlanGiven = await self._ask(coordinator, question)
        return given.definition

    async def connections(self, call: CallKey, names: tuple[str, ...]) -> ConnectionsGiven:
        """Return the present states.  Raises StepError."""
        coordinator, number = call
        question = ConnectionsWanted(self._worker, number, next(self._numbers), names)
        given: ConnectionsGiven = await self._ask(coordinator, question)
        return given

    async def sign_in(self, call: CallKey, connection: Connection, *, refused: bool) -> ConnectionsGiven:
        """Return the connection with credentials that are valid now.  Raises StepError."""
        coordinator, number = call
        question = SignInWanted(self._worker, number, next(self._numbers), connection.name, connection.version, refused)
        given: ConnectionsGiven = await self._ask(coordinator, question, SIGN_IN_SECONDS)
        return given

    def answered(self, answer: PlanGiven | ConnectionsGiven) -> None:
        """Take an answer."""
        question = self._open.get(answer.question)
        if question is not None and not question.done():
            question.set_result(answer)

    async def _ask(self, coordinator: str, question: Question, seconds: float = ANSWER_SECONDS) -> Any:
        answer = self._open[question.question] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(seconds):
                self._link.send(coordinator_subject(coordinator), question)
                return await answer
        except TimeoutError as error:
            message = f"The coordinator did not answer its worker within {seconds:g} s."
            raise StepError(message, code="no_coordinator", retryable=True) from error
        finally:
            del self._open[question.question]
