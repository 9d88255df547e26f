"""Which request starts which flow: the webhooks that are served, by path and method.  Touches no I/O."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from flows.inputs.webhook import WebhookInput
from flows.plan import Plan
from flows.problems import Problem

PREFIX: Final = "/hooks"


@dataclass(frozen=True, slots=True)
class Hook:
    """A flow that requests to `path` start."""

    plan: Plan
    config: WebhookInput
    path: str

    def connection_name(self, name: str) -> str:
        """Return which installed connection the flow means by a name."""
        return self.plan.bindings.get(name, name)


@dataclass(frozen=True, slots=True)
class HookTable:
    """All webhooks at one moment.  `problems` are those that were left out."""

    by_path: Mapping[str, Mapping[str, Hook]] = field(default_factory=lambda: MappingProxyType({}))
    problems: tuple[Problem, ...] = ()

    @property
    def hooks(self) -> list[Hook]:
        """The webhooks, by path, each once."""
        found = {id(hook): hook for _, methods in sorted(self.by_path.items()) for hook in methods.values()}
        return list(found.values())


def build_hooks(plans: Iterable[Plan]) -> HookTable:
    """Arrange the webhooks of these flows.  Of two with the same path and method the first by name counts."""
    by_path: dict[str, dict[str, Hook]] = {}
    problems: list[Problem] = []
    served = [plan for plan in plans if plan.enabled and plan.input.type.name == "webhook"]
    for plan in sorted(served, key=lambda plan: plan.name):
        config: WebhookInput = plan.input.config
        hook = Hook(plan, config, path_of(plan))
        methods = by_path.setdefault(hook.path, {})
        taken = [method for method in config.methods if method in methods]
        if taken:
            problems.append(_taken(hook, taken[0], methods[taken[0]]))
        else:
            methods.update(dict.fromkeys(config.methods, hook))
    return HookTable(MappingProxyType(by_path), tuple(problems))


def path_of(plan: Plan) -> str:
    """Return the path of a webhook: below the name of its install if it belongs to one."""
    install = f"/{plan.install}" if plan.install else ""
    return f"{PREFIX}{install}{plan.input.config.path}"


def _taken(hook: Hook, method: str, owner: Hook) -> Problem:
    message = (
        f"{method} {hook.path} starts the flow {owner.plan.name!r} already, so {hook.plan.name!r} gets no requests. "
        "Choose another `path` or other `methods`."
    )
    return Problem(code="flow.webhook-taken", message=message, file=hook.plan.file)
