"""Answer what workers ask: definitions of flows, present states of connections, credentials that are valid now.

A worker gets what a call needs that it has, and nothing else, whoever it says it is: the answer goes to the worker that
was given the call.
"""

import asyncio
import logging
from typing import Any, Final

from coordinator.fleet.attempts import Attempt, Attempts, FleetCounts
from coordinator.fleet.roster import Roster
from flows.bus.link import Link
from flows.connections import Connection, ConnectionSource, unknown_connection
from flows.errors import HeadraceError, StepError
from flows.runs import PlanSource
from flows.wire import (
    Call,
    ConnectionsGiven,
    ConnectionsWanted,
    Failure,
    PlanGiven,
    PlanWanted,
    Question,
    SignInWanted,
)

SHOWN_CHARACTERS: Final = 60

log = logging.getLogger(__name__)


class Answers:
    """Answers with what the coordinator has in memory."""

    def __init__(
        self,
        link: Link,
        plans: PlanSource,
        connections: ConnectionSource,
        attempts: Attempts,
        roster: Roster,
        counts: FleetCounts,
    ) -> None:
        self._link = link
        self._plans = plans
        self._connections = connections
        self._attempts = attempts
        self._roster = roster
        self._counts = counts
        self._was_stranger_refused = False
        self._signing_in: set[asyncio.Task[None]] = set()

    def answer(self, question: Question) -> None:
        """Answer one question, if a call needs it; one that needs a provider's word is answered later."""
        attempt = self._attempts.get(question.number)
        if attempt is None or not _needs(attempt.call, question):
            self._refuse(question, attempt)
            return
        subject = attempt.member.subject
        if isinstance(question, PlanWanted):
            plan = self._plans.by_digest(question.digest)
            given: Any = PlanGiven(question.question, None if plan is None else plan.definition)
        elif isinstance(question, ConnectionsWanted):
            given = self._states(question)
        else:
            task = asyncio.create_task(self._sign_in(question, subject))
            self._signing_in.add(task)
            task.add_done_callback(self._signing_in.discard)
            return
        self._link.send(subject, given)

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

    def _refuse(self, question: Question, attempt: Attempt | None) -> None:
        """Say nothing, and log it once for each worker; who has no call is known only by what it says of itself."""
        self._counts.refused += 1
        member = self._roster.get(question.worker) if attempt is None else attempt.member
        if member is None:
            if self._was_stranger_refused:
                return
            self._was_stranger_refused = True
        elif member.was_refused:
            return
        else:
            member.was_refused = True
        log.warning(
            "a worker asked for what no call that it has needs (%s), and got nothing: it says that it is %r, %s",
            type(question).__name__,
            question.worker[:SHOWN_CHARACTERS],
            "which is not there" if member is None else f"which is named {member.report.name!r}",
        )

    def _states(self, question: ConnectionsWanted) -> ConnectionsGiven:
        states: list[Connection] = []
        failures: dict[str, Failure] = {}
        for name in question.names:
            try:
                state = self._connections.get(name)
                if state is None:
                    raise unknown_connection(name, self._connections.names())
            except StepError as error:
                failures[name] = Failure.of(error)
            else:
                states.append(state)
        return ConnectionsGiven(question.question, tuple(states), failures)

    async def _sign_in(self, question: SignInWanted, subject: str) -> None:
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
        self._link.send(subject, answer)


def _needs(call: Call, question: Question) -> bool:
    if isinstance(question, PlanWanted):
        return question.digest == call.request.digest or question.digest in call.called.values()
    if isinstance(question, ConnectionsWanted):
        return all(name in call.connections for name in question.names)
    return question.name in call.connections
