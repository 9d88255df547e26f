"""Find what a flow wants of connections and does not get; touches no I/O.

Connections come and go while a flow stays as it is, so this is asked anew whenever the problems of a flow are told.
"""

from collections.abc import Iterator, Mapping
from typing import Protocol

from msgspec import UNSET

from flows.connections import ConnectionKind, unknown_connection
from flows.inputs.webhook import HookSignature, HookToken
from flows.plan import Plan
from flows.problems import Problem, did_you_mean


class Known(Protocol):
    """A connection that there is."""

    @property
    def kind(self) -> ConnectionKind:
        """What it reaches."""
        ...

    @property
    def secrets(self) -> tuple[str, ...]:
        """The names of its secrets."""
        ...


def connection_problems(plan: Plan, known: Mapping[str, Known]) -> Iterator[Problem]:
    """Yield a warning for each connection that is not there, or that holds nothing to check a webhook's requests by.

    Of a flow of a pack the install tells.
    """
    if plan.install:
        return
    proofs = _proofs(plan)
    for name, line in plan.connections.items():
        refuses = " Until then all its requests are refused." if any(each.connection == name for each in proofs) else ""
        if name not in known:
            yield _warning(plan, line, f"{unknown_connection(name, known)}{refuses}")
    for proof in proofs:
        found = known.get(proof.connection)
        if found is not None and (found.kind != "values" or proof.value not in found.secrets):
            yield _warning(plan, plan.connections[proof.connection], _holds_no_proof(proof, found))


def _proofs(plan: Plan) -> list[HookSignature | HookToken]:
    if plan.input.type.name != "webhook":
        return []
    return [proof for proof in (plan.input.config.signature, plan.input.config.token) if proof is not UNSET]


def _holds_no_proof(proof: HookSignature | HookToken, found: Known) -> str:
    if found.kind != "values":
        what = f"is of the kind `{found.kind}`; the webhook needs one of the kind `values`"
    else:
        what = f"has no value {proof.value!r}"
    near = did_you_mean(proof.value, found.secrets) if found.kind == "values" else ""
    return f"The connection {proof.connection!r} {what}.{near} Until then all its requests are refused."


def _warning(plan: Plan, line: int, message: str) -> Problem:
    return Problem(code="flow.unknown-connection", message=message, file=plan.file, line=line, severity="warning")
