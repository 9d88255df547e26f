"""Find the components: every public value in `flows/inputs`, `flows/steps`, `flows/outputs`, and entry points.

A module whose name starts with an underscore holds no component.  Third parties register a module under the entry
point group `headrace.components`.
"""

import importlib
import pkgutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import entry_points
from types import ModuleType

import flows.inputs
import flows.outputs
import flows.steps
from flows.sdk import ComponentType, InputType, OutputType, StepType

ENTRY_POINTS = "headrace.components"


@dataclass(frozen=True, slots=True)
class Registry:
    """The components by name.  Tests build small ones."""

    inputs: Mapping[str, InputType] = field(default_factory=dict)
    steps: Mapping[str, StepType] = field(default_factory=dict)
    outputs: Mapping[str, OutputType] = field(default_factory=dict)


def registry_of(components: Iterable[ComponentType]) -> Registry:
    """Sort components into a registry.  Raises ValueError when two of a kind share a name."""
    inputs: dict[str, InputType] = {}
    steps: dict[str, StepType] = {}
    outputs: dict[str, OutputType] = {}
    for component in sorted(components, key=lambda component: component.name):
        match component:
            case InputType():
                shelf: dict[str, InputType] | dict[str, StepType] | dict[str, OutputType] = inputs
            case StepType():
                shelf = steps
            case OutputType():
                shelf = outputs
        if shelf.get(component.name, component) is not component:
            raise ValueError(f"Two {type(component).__name__}s are called {component.name!r}.")
        shelf[component.name] = component  # type: ignore[assignment]  # the match chose the shelf of its type
    return Registry(inputs, steps, outputs)


@cache
def default_registry() -> Registry:
    """Return all components that are installed; read once per process."""
    modules = [
        importlib.import_module(f"{package.__name__}.{found.name}")
        for package in (flows.inputs, flows.steps, flows.outputs)
        for found in pkgutil.iter_modules(package.__path__)
        if not found.name.startswith("_")
    ]
    modules += [point.load() for point in entry_points(group=ENTRY_POINTS)]
    return registry_of({id(found): found for module in modules for found in _components(module)}.values())


def _components(module: ModuleType) -> list[ComponentType]:
    return [value for value in vars(module).values() if isinstance(value, InputType | StepType | OutputType)]
