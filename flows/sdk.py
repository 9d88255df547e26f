"""What the author of a component imports.

A component is one file: a frozen Struct that declares its configuration, a function that does the work, examples.

    class SleepConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
        duration: Annotated[Duration, Meta(description="How long to wait.")]

    @step("sleep", config=SleepConfig, short="duration", examples=(...))
    async def sleep(config: SleepConfig, context: StepContext) -> None:
        await asyncio.sleep(config.duration)

The decorators return frozen values and change nothing global; `flows.registry` collects them from the modules.
The kinds of fields below say where expressions are allowed and what becomes of the values that land there.
"""

import inspect
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Protocol, TypeVar

from msgspec import Meta, Struct

from flows.connections import Connection, ConnectionSource
from flows.content import Reply
from flows.errors import ConnectionLost, StepError
from flows.events import Event, Log, Progress, ToolsChanged

__all__ = [
    "Condition",
    "Connection",
    "ConnectionLost",
    "ConnectionName",
    "ConnectionSource",
    "Duration",
    "Event",
    "Example",
    "Finding",
    "FlowName",
    "InputType",
    "JsonSchema",
    "Log",
    "NetworkPolicy",
    "OutputType",
    "PathTemplate",
    "Progress",
    "Reply",
    "Resources",
    "Scope",
    "SqlStatement",
    "SqlText",
    "StepContext",
    "StepError",
    "StepType",
    "Steps",
    "Text",
    "TextOrSecret",
    "ToolsChanged",
    "UrlTemplate",
    "Value",
    "ValueOrSecret",
    "flow_input",
    "output",
    "step",
]


def _kind(kind: str, **marks: bool) -> Meta:
    return Meta(extra_json_schema={"x-kind": kind, **{f"x-{mark}": value for mark, value in marks.items()}})


Value = Annotated[Any, _kind("value")]
"""Any YAML value; `${{ }}` allowed anywhere in it; rendered before the step runs."""

Text = Annotated[str, _kind("text")]
"""Text; `${{ }}` inside becomes text."""

ValueOrSecret = Annotated[Any, _kind("value", secrets=True)]
"""A value in which `${{ secrets.CONNECTION.FIELD }}` may stand as well.  The step asks `StepContext.reveal` for the
configuration with the secrets in it, shows it to nobody, and masks what comes back."""

TextOrSecret = Annotated[str, _kind("text", secrets=True)]
"""Text in which `${{ secrets.CONNECTION.FIELD }}` may stand as well; see `ValueOrSecret`."""

UrlTemplate = Annotated[str, _kind("url")]
"""An absolute http(s) URL or a path.  Interpolated values are percent-encoded as one segment or query value and can
never change scheme, host or the fixed part of the path."""

PathTemplate = Annotated[str, _kind("path")]
"""A path, and if wanted a query, below the URL of a connection; values are encoded as in a `UrlTemplate`."""

SqlText = Annotated[Any, _kind("sql")]
"""SQL text.  At run time the field holds a `SqlStatement`: interpolated values are bind parameters, never text."""

Condition = Annotated[Any, _kind("condition")]
"""An expression that is not rendered beforehand: at run time the field holds a `flows.expr.Template` for
`StepContext.evaluate`."""

Steps = Annotated[Any, _kind("steps")]
"""A list of steps.  At run time the field holds a compiled `flows.plan.Block` for `StepContext.run_steps`."""

Duration = Annotated[float, _kind("duration")]
"""Written `500ms`, `5s`, `2m`, `1h` or a number of seconds; at run time seconds."""

JsonSchema = Annotated[Any, _kind("validator")]
"""A JSON Schema.  At run time the field holds its compiled validator."""

FlowName = Annotated[str, _kind("flow")]
"""The name of another flow."""

ConnectionName = Annotated[str, _kind("connection")]
"""The name of a connection."""

Scope = Mapping[str, Any]
"""What expressions see: `args`, `caller`, `run`, `vars`, the results of finished steps; in loops `item`, `index`."""


class SqlStatement(Struct, frozen=True):
    """SQL whose interpolations were taken out.

    `texts` has one more element than `params`: text, param, text, param, ..., text.  Each driver joins them with its
    own placeholder.
    """

    texts: tuple[str, ...]
    params: tuple[Any, ...]


class Example(Struct, frozen=True, kw_only=True):
    """One use of a component, for the docs, the editor's insert menu and the contract tests.

    `config` is what stands under the component's key.  When `result` is given, the contract test runs the component
    with `args` in scope and compares.
    """

    title: str
    config: Any
    args: Mapping[str, Any] = {}
    result: Any = ...
    error: str = ""


class NetworkPolicy(Struct, frozen=True, kw_only=True):
    """Where the `http` step may connect to, beside the public internet."""

    allow_loopback: bool = False
    allow_private: bool = False


ResourceT = TypeVar("ResourceT")
ConfigT = TypeVar("ConfigT")


class Resources(Protocol):
    """Things that are opened once per worker, shared by all runs, and closed when the worker stops."""

    async def get(
        self,
        key: tuple[str, ...],
        open_resource: Callable[[], Awaitable[ResourceT]],
        close: Callable[[ResourceT], Awaitable[None]],
    ) -> ResourceT:
        """Return the resource of that key; the first caller opens it, callers meanwhile wait for the same one."""
        ...

    def peek(self, key: tuple[str, ...]) -> Any:
        """Return the resource if it is open, else None, without waiting: the fast path of a step."""
        ...

    async def discard(self, key: tuple[str, ...]) -> None:
        """Close the resource if it is open, so that the next caller opens a new one."""
        ...


class StepContext(Protocol):
    """What a step may use of the run around it."""

    @property
    def scope(self) -> Scope:
        """What expressions of this step see."""
        ...

    @property
    def run_id(self) -> str:
        """The id of the run, as history shows it."""
        ...

    @property
    def step_key(self) -> str:
        """Names this step of this version of the flow, for what a step keeps between runs."""
        ...

    @property
    def read_only(self) -> bool:
        """Whether the tool promises (annotation `readOnly`) to change nothing."""
        ...

    @property
    def network(self) -> NetworkPolicy:
        """Where the step may connect to."""
        ...

    @property
    def resources(self) -> Resources:
        """What the worker keeps open."""
        ...

    @property
    def remaining(self) -> float:
        """Seconds until the deadline of the step or run."""
        ...

    def connection(self, name: str) -> Connection:
        """Return the connection of that name.  Raises StepError when there is none."""
        ...

    async def authorize(self, connection: Connection, *, refused: bool = False) -> Connection:
        """Return the connection with credentials that are valid now: for one that `signs_in`.

        `refused` says that the other side refused those which `connection` has.  Raises StepError.
        """
        ...

    def reveal(self, config: ConfigT) -> tuple[ConfigT, tuple[str, ...]]:
        """Return the configuration with its secrets in place, and their spellings to mask; there are none without any.

        Raises StepError when a secret is not there.
        """
        ...

    def evaluate(self, condition: Any, extra: Scope | None = None) -> Any:
        """Evaluate a `Condition` field now.  Raises StepError where the expression fails."""
        ...

    async def run_steps(self, steps: Any, extra: Scope | None = None) -> Any:
        """Run a `Steps` field; return the result of its last step.  Names in `extra` are added to the scope."""
        ...

    async def call_flow(self, name: str, args: Mapping[str, Any]) -> Any:
        """Run another flow inside this run; return its reply's value.  Raises StepError when it fails."""
        ...

    def emit(self, event: Event) -> None:
        """Tell whoever follows the run."""
        ...


StepFunction = Callable[[Any, StepContext], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class StepType:
    """A registered step.

    `whole` names the one field that takes everything under the component's key (`map: VALUE`); `short` names the
    field that a bare scalar or list stands for (`sleep: 500ms`).  `is_async` says that `run` is a coroutine function;
    `blocks` names the steps that are inside of it, and `is_structure` that running those is all it does, so that a flow
    which cannot wait is known as such.
    `reaches_out` marks steps that touch the outside: flow tests want a mock for them.
    """

    name: str
    config: type[Struct]
    run: StepFunction
    since: str
    examples: tuple[Example, ...] = ()
    whole: str = ""
    short: str = ""
    is_async: bool = True
    reaches_out: bool = False
    blocks: Callable[[Any], Iterable[Any]] | None = None
    is_structure: bool = False
    doc: str = ""


Finding = tuple[tuple[str | int, ...], str]
"""Something wrong with a configuration: the path to it, and a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InputType:
    """A registered input.  What an input means is up to the part that serves it (`coordinator.toolset` for tools).

    `arguments` makes the schema of what the flow sees as `args`, for inputs whose authors do not declare it; `check`
    finds what the types of the fields cannot say.
    """

    name: str
    config: type[Struct]
    since: str
    examples: tuple[Example, ...] = ()
    doc: str = ""
    arguments: Callable[[Any], Mapping[str, Any]] | None = None
    check: Callable[[Any], Iterable[Finding]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputType:
    """A registered output; `run` makes the reply."""

    name: str
    config: type[Struct]
    run: Callable[[Any], Reply]
    since: str
    examples: tuple[Example, ...] = ()
    whole: str = ""
    short: str = ""
    doc: str = ""


ComponentType = StepType | InputType | OutputType


def step(
    name: str,
    *,
    config: type[Struct],
    since: str = "0.1",
    examples: Sequence[Example] = (),
    whole: str = "",
    short: str = "",
    reaches_out: bool = False,
    blocks: Callable[[Any], Iterable[Any]] | None = None,
    is_structure: bool = False,
) -> Callable[[StepFunction], StepType]:
    """Declare a step; the function may be plain or async."""

    def declare(run: StepFunction) -> StepType:
        return StepType(
            name=name,
            config=config,
            run=run,
            since=since,
            examples=tuple(examples),
            whole=whole,
            short=short,
            is_async=inspect.iscoroutinefunction(run),
            reaches_out=reaches_out,
            blocks=blocks,
            is_structure=is_structure,
            doc=inspect.getdoc(run) or "",
        )

    return declare


def flow_input(
    name: str,
    *,
    since: str = "0.1",
    examples: Sequence[Example] = (),
    arguments: Callable[[Any], Mapping[str, Any]] | None = None,
    check: Callable[[Any], Iterable[Finding]] | None = None,
) -> Callable[[type[Struct]], InputType]:
    """Declare an input by its configuration."""

    def declare(config: type[Struct]) -> InputType:
        return InputType(
            name=name,
            config=config,
            since=since,
            examples=tuple(examples),
            doc=inspect.getdoc(config) or "",
            arguments=arguments,
            check=check,
        )

    return declare


def output(
    name: str,
    *,
    config: type[Struct],
    since: str = "0.1",
    examples: Sequence[Example] = (),
    whole: str = "",
    short: str = "",
) -> Callable[[Callable[[Any], Reply]], OutputType]:
    """Declare an output; the function turns the rendered configuration into a Reply."""

    def declare(run: Callable[[Any], Reply]) -> OutputType:
        return OutputType(
            name=name,
            config=config,
            run=run,
            since=since,
            examples=tuple(examples),
            whole=whole,
            short=short,
            doc=inspect.getdoc(run) or "",
        )

    return declare
