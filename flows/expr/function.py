"""Declare the functions and methods of the language: one decorated Python function each.

From the signature and its annotations come the check of arguments, the text of the signature and the docs.  What the
decorator adds: a sentence, an example with its result, and what a call costs.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, TypeVar, get_args, get_origin

from flows.expr.errors import Fault
from flows.expr.limits import CHARACTERS_PER_STEP_LOG2, Frame, deep_size
from flows.expr.values import json_text, kind_of, kind_of_type, not_whole

Number = int | float
Cost = Callable[[Sequence[Any]], int]
HIDDEN = ("ambient", "frame")
UNSET: Any = object()
"""The default of a parameter that may be left out but has no value of its own then."""
F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Prepare:
    """Annotates a parameter whose argument, of the type `takes`, is made ready (a pattern compiled).

    That happens at load when the argument is written out in the flow.
    """

    make: Callable[[Any, Frame], Any]
    takes: type


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter.  `kinds` are the exact types it takes, empty for any; `default` is `...` when it has none."""

    name: str
    kinds: frozenset[type]
    default: Any = ...
    many: bool = False
    prepare: Callable[[Any, Frame], Any] | None = None

    def fit(self, value: Any) -> Any:
        """Return a value that was not of the right type as one that is, or raise the fault."""
        if dict in self.kinds and isinstance(value, Mapping):
            return dict(value)
        raise self.refuse(value)

    def refuse(self, value: Any) -> Fault:
        """Return the fault of giving this parameter a value of the wrong kind."""
        words = sorted({kind_of_type(kind) for kind in self.kinds if kind is not NoneType})
        given = kind_of(value)
        if int in self.kinds and float not in self.kinds:
            words = ["a whole number" if word == "a number" else word for word in words]
            given = not_whole(value)
        return Fault(f"`{self.name}` must be {' or '.join(words)}, not {given}.", missing=value is None)


def flat_cost(values: Sequence[Any]) -> int:
    """Cost of one pass over every argument."""
    total = 0
    for value in values:
        kind = type(value)
        if kind is str:
            total += len(value) >> CHARACTERS_PER_STEP_LOG2
        elif kind is list or kind is dict:
            total += len(value)
    return total


def deep_cost(values: Sequence[Any]) -> int:
    """Cost of a walk through everything inside the arguments."""
    return sum(map(deep_size, values))


def free(_values: Sequence[Any]) -> int:
    """Cost of a function whose work does not grow with its arguments."""
    return 0


@dataclass(frozen=True, slots=True)
class Function:
    """One function or method.

    `signature` is how to write the call, `example` an expression and `result` its value as JSON.  `group` is the
    heading in the docs.  `builds` is False when the result is never a new list or dict.  `hidden` is the first Python
    parameter, `ambient` or `frame`, when there is one that no author writes.
    """

    name: str
    call: Callable[..., Any]
    signature: str
    description: str
    example: str
    result: str
    group: str
    parameters: tuple[Parameter, ...]
    cost: Cost = flat_cost
    builds: bool = True
    hidden: str = ""


def declare(
    table: dict[str, Function],
    group: str,
    *,
    example: str,
    result: Any,
    name: str = "",
    cost: Cost = flat_cost,
    builds: bool = True,
    method: bool = False,
) -> Callable[[F], F]:
    """Put the decorated function into a table of the library.  Its docstring is the description."""

    def add(call: F) -> F:
        own_name = name or call.__name__.rstrip("_")
        parameters = _parameters(call)
        hidden = parameters[0].name if parameters and parameters[0].name in HIDDEN else ""
        parameters = parameters[1:] if hidden else parameters
        table[own_name] = Function(
            name=own_name,
            call=call,
            signature=_signature(own_name, parameters, method),
            description=" ".join((call.__doc__ or "").split()),
            example=example,
            result=result if type(result) is str and result.startswith("(") else json_text(result),
            group=group,
            parameters=parameters,
            cost=cost,
            builds=builds,
            hidden=hidden,
        )
        return call

    return add


def _parameters(call: Callable[..., Any]) -> tuple[Parameter, ...]:
    return tuple(_parameter(found) for found in inspect.signature(call).parameters.values())


def _parameter(found: inspect.Parameter) -> Parameter:
    annotation = found.annotation
    prepare = None
    if get_origin(annotation) is Annotated:
        marker = get_args(annotation)[1]
        annotation, prepare = marker.takes, marker.make
    return Parameter(
        name=found.name.rstrip("_"),
        kinds=_kinds(annotation),
        default=... if found.default is found.empty else found.default,
        many=found.kind is found.VAR_POSITIONAL,
        prepare=prepare,
    )


def _kinds(annotation: Any) -> frozenset[type]:
    if annotation is Any:
        return frozenset()
    if isinstance(annotation, UnionType):
        return frozenset().union(*map(_kinds, get_args(annotation)))
    if annotation is None:
        return frozenset({NoneType})
    if annotation is float:
        return frozenset({float, int})
    return frozenset({get_origin(annotation) or annotation})


def _signature(name: str, parameters: Sequence[Parameter], method: bool) -> str:
    words = [_written(parameter) for parameter in parameters]
    if method:
        return f"{words[0]}.{name}({', '.join(words[1:])})"
    return f"{name}({', '.join(words)})"


def _written(parameter: Parameter) -> str:
    if parameter.many:
        return f"{parameter.name}, ..."
    if parameter.default is ...:
        return parameter.name
    default = "..." if parameter.default is UNSET else json_text(parameter.default)
    return f"{parameter.name}={default}"
