"""What a step sees of the run around it: implements `flows.sdk.StepContext`."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec import UNSET

from flows.errors import HeadraceError, InputRejected, StepError
from flows.expr import ExpressionError, Template
from flows.plan import Block, Plan, PlanStep
from flows.runs import EventSink
from flows.sdk import Connection, NetworkPolicy, Resources, Scope
from flows.secrets import reveal

if TYPE_CHECKING:
    from workers.runner import Run

ConfigT = TypeVar("ConfigT")

MAX_CALL_DEPTH = 8
"""How deep flows may call flows; recursion ends here."""


class Context:
    """One step of one run, or one element of its loop."""

    __slots__ = ("_scope", "attempts", "handled", "input", "name", "plan", "run", "step")

    def __init__(self, run: "Run", plan: Plan, step: PlanStep, scope: dict[str, Any], name: str) -> None:
        self.run = run
        self.plan = plan
        self.step = step
        self._scope = scope
        self.name = name
        self.attempts = 1
        self.handled: HeadraceError | None = None
        self.input: Any = UNSET

    def inside(self, names: Scope) -> "Context":
        """Return a context of the same step with more names in scope."""
        return Context(self.run, self.plan, self.step, {**self._scope, **names}, self.name)

    @property
    def scope(self) -> Scope:
        """What expressions of this step see."""
        return self._scope

    @property
    def run_id(self) -> str:
        """The id of the run."""
        return self.run.request.run_id

    @property
    def step_key(self) -> str:
        """Names this step of this version."""
        return f"{self.plan.digest}/{self.name}"

    @property
    def read_only(self) -> bool:
        """Whether the tool promises to change nothing."""
        annotations = getattr(self.plan.input.config, "annotations", None)
        return getattr(annotations, "readOnly", UNSET) is True

    @property
    def network(self) -> NetworkPolicy:
        """Where the step may connect to."""
        return self.run.worker.network

    @property
    def resources(self) -> Resources:
        """What the worker keeps open."""
        return self.run.worker.resources

    @property
    def remaining(self) -> float:
        """Seconds that this try may still take."""
        timeout = self.step.timeout
        return self.run.remaining() if timeout is None else self.run.remaining(timeout)

    @property
    def emit(self) -> EventSink:
        """Tell whoever follows the run."""
        return self.run.emit

    def connection(self, name: str) -> Connection:
        """Return the connection that the flow means by this name.  Raises StepError."""
        return self.run.worker.connections.get(self.plan.bindings.get(name, name))

    async def authorize(self, connection: Connection, *, refused: bool = False) -> Connection:
        """Return the connection with credentials that are valid now.  Raises StepError."""
        return await self.run.worker.connections.authorize(connection, refused=refused)

    def reveal(self, config: ConfigT) -> tuple[ConfigT, tuple[str, ...]]:
        """Return the configuration of the step with its secrets in place, and their spellings.  Raises StepError."""
        return reveal(config, self.connection) if self.step.config.holds_secrets else (config, ())

    def evaluate(self, condition: Template, extra: Scope | None = None) -> Any:
        """Evaluate a condition.  Raises StepError."""
        try:
            return condition.evaluate(self._scope if extra is None else {**self._scope, **extra})
        except ExpressionError as error:
            raise StepError(error.message, code="expression_failed") from error

    async def run_steps(self, steps: Block, extra: Scope | None = None) -> Any:
        """Run steps in a scope of their own; return the last one's result."""
        scope = {**self._scope, **extra} if extra else self._scope.copy()
        prefix = self.name[: len(self.name) - len(self.step.id)]
        return await self.run.block(self.plan, steps, scope, prefix)

    async def call_flow(self, name: str, args: Mapping[str, Any]) -> Any:
        """Run another flow inside this run; return its reply's value.  Raises StepError, InputRejected."""
        name = self.plan.flow_names.get(name, name)
        plan = self.run.worker.plans.by_name(name)
        if plan is None or not plan.enabled:
            raise StepError(f"There is no flow {name!r} to call, or it is disabled.", code="unknown_flow")
        if rejections := plan.input.arguments.rejections(args):
            raise InputRejected(f"The flow {name!r} refuses its arguments. {' '.join(rejections)}")
        if self.run.depth >= MAX_CALL_DEPTH:
            raise StepError(f"Flows call each other more than {MAX_CALL_DEPTH} deep.", code="too_deep")
        self.run.depth += 1
        try:
            reply = await self.run.execute(plan, plan.input.arguments.complete(args), f"{self.name}/{name}.")
        finally:
            self.run.depth -= 1
        if reply.is_error:
            raise StepError(f"The flow {name!r} replied with an error.", code="flow_failed")
        return None if reply.value is UNSET else reply.value
