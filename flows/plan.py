"""The compiled flow: everything a worker needs, nothing left to parse.

A plan is immutable and named by the digest of the text it came from.  It holds closures, so it does not cross process
borders: the text does, and the other side compiles it to the same plan.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from jsonschema_rs import Draft202012Validator

from flows.arguments import Arguments
from flows.definition import FlowDefinition
from flows.expr import Template
from flows.model import TestFields
from flows.sdk import InputType, OutputType, Scope, StepType
from flows.secrets import SecretName


@dataclass(frozen=True, slots=True)
class BoundConfig:
    """A component's configuration.

    `shape` is the declared Struct.  Without `render` it is complete; else it holds the expressions as the author wrote
    them, and `render` makes the complete one of a scope: complete but for secrets, which the step puts in.
    """

    shape: Any
    render: Callable[[Scope], Any] | None = None
    holds_secrets: bool = False

    def at(self, scope: Scope) -> Any:
        """Return the complete configuration."""
        return self.shape if self.render is None else self.render(scope)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How often and how long a step is tried again.  Delays are in seconds; `on` names error codes, empty is all."""

    attempts: int = 1
    delay: float = 0.5
    factor: float = 2.0
    max_delay: float = 30.0
    on: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanStep:
    """One step of a plan.  `id` is what the author wrote, or `component#n`; `binds` says that its result has a name."""

    id: str
    binds: bool
    is_plain: bool
    """Neither loops, nor is tried again, handled or timed: the runner's short way."""
    type: StepType
    config: BoundConfig
    when: Template | None = None
    for_each: Callable[[Scope], Any] | None = None
    concurrency: int = 1
    timeout: float | None = None
    retry: RetryPolicy | None = None
    on_error: BoundConfig | None = None
    """Renders to `model.OnErrorFields`, with the failure in scope as `error`."""


@dataclass(frozen=True, slots=True)
class Block:
    """Steps in order.  `waits` is False when no step in it, however deep, can await anything."""

    steps: tuple[PlanStep, ...]
    waits: bool


@dataclass(frozen=True, slots=True)
class PlanInput:
    """What starts the flow, what it takes, and what it promises to return."""

    type: InputType
    config: Any
    arguments: Arguments
    returns: Mapping[str, Any] | None = None
    returns_validator: Draft202012Validator | None = None


@dataclass(frozen=True, slots=True)
class PlanOutput:
    """Where the result goes."""

    type: OutputType
    config: BoundConfig


@dataclass(frozen=True, slots=True)
class FlowTest:
    """An example run that the flow promises, and the line where it stands."""

    fields: TestFields
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A compiled version of a flow.

    `timeout` bounds the whole run, in seconds.  `calls` are the names of the flows it calls, with the line of each;
    `connections` are the names of connections as they stand in the text, likewise, and `secrets` the fields of them
    that expressions read.
    `bindings` says for the names of connections that stand in the text which installed connection each means; a name
    that is not in it means itself.  `flow_names` says the same for names of flows.  A flow that is not `listed` is
    no tool, whatever its input says.  `install` names the install of a pack that it belongs to.  `concurrency` is how
    many runs of it there may be at a time, None for any number.  `definition` is what it was compiled from: others
    make the same plan of it.
    """

    name: str
    digest: str
    definition: FlowDefinition
    file: str
    title: str
    description: str
    input: PlanInput
    vars: Mapping[str, Any]
    body: Block
    output: PlanOutput | None
    timeout: float
    tests: tuple[FlowTest, ...] = ()
    calls: Mapping[str, int] = field(default_factory=dict)
    enabled: bool = True
    bindings: Mapping[str, str] = field(default_factory=dict)
    connections: Mapping[str, int] = field(default_factory=dict)
    secrets: Mapping[SecretName, int] = field(default_factory=dict)
    flow_names: Mapping[str, str] = field(default_factory=dict)
    listed: bool = True
    install: str = ""
    concurrency: int | None = None

    @property
    def installed_connections(self) -> frozenset[str]:
        """The names of the connections that it uses, as they are installed."""
        return frozenset(self.bindings.get(name, name) for name in self.connections)

    @property
    def waits(self) -> bool:
        """Whether a run can await anything at all."""
        return self.body.waits
