"""Answer what workers ask: definitions of flows, present states of connections, credentials that are valid now."""

import asyncio
import logging
from typing import Any

from flows.bus.link import Link
from flows.connections import Connection, ConnectionSource
from flows.errors import HeadraceError, StepError
from flows.runs import PlanSource
from flows.wire import (
    ConnectionsGiven,
    ConnectionsWanted,
    Failure,
    PlanGiven,
    PlanWanted,
    SignInWanted,
    worker_subject,
)

log = logging.getLogger(__name__)


class Answers:
    """Answers with what the coordinator has in memory."""

    def __init__(self, link: Link, plans: PlanSource, connections: ConnectionSource) -> None:
        self._link = link
        self._plans = plans
        self._connections = connections
        self._signing_in: set[asyncio.Task[None]] = set()

    async def answer(self, question: PlanWanted | ConnectionsWanted | SignInWanted) -> None:
        """Answer one question; one that needs a provider's word is answered later."""
        if isinstance(question, PlanWanted):
            plan = self._plans.by_digest(question.digest)
            given: Any = PlanGiven(question.question, None if plan is None else plan.definition)
        elif isinstance(question, ConnectionsWanted):
            given = self._states(question)
        else:
            task = asyncio.create_task(self._sign_in(question))
            self._signing_in.add(task)
            task.add_done_callback(self._signing_in.discard)
            return
        await self._link.send(worker_subject(question.worker), given)

    async def close(self) -> None:
        """Answer nobody any more."""
        for task in self._signing_in:
            task.cancel()
        await asyncio.gather(*self._signing_in, return_exceptions=True)

    def version(self, name: str) -> str:
        """Return the version of a connection's present state; empty when it cannot be used."""
        try:
            state = self._connections.get(name)
        except StepError:
            return ""
        return "" if state is None else state.version

    def _states(self, question: ConnectionsWanted) -> ConnectionsGiven:
        states: list[Connection] = []
        failures: dict[str, Failure] = {}
        for name in question.names:
            try:
                state = self._connections.get(name)
            except StepError as error:
                failures[name] = Failure.of(error)
            else:
                if state is not None:
                    states.append(state)
        return ConnectionsGiven(question.question, tuple(states), failures, tuple(self._connections.names()))

    async def _sign_in(self, question: SignInWanted) -> None:
        asked = Connection(name=question.name, kind="http", signs_in=True, version=question.version)
        try:
            given = await self._connections.authorize(asked, refused=question.refused)
            answer = ConnectionsGiven(question.question, (given,) if given is not asked else (), {})
        except HeadraceError as error:
            failure = error if isinstance(error, StepError) else StepError(str(error), code=error.code)
            answer = ConnectionsGiven(question.question, (), {question.name: Failure.of(failure)})
        except Exception:
            log.exception("signing in for a worker failed")
            failure = StepError("Signing in failed in a way that it should not. The log says more.", code="internal")
            answer = ConnectionsGiven(question.question, (), {question.name: Failure.of(failure)})
        await self._link.send(worker_subject(question.worker), answer)
