"""Compile the text of a flow into a Plan, or report everything that is wrong with it.

Reads text only; touches no I/O.  `compile_flow` raises FlowInvalid, `check_flow` returns the problems instead.
"""

from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import replace
from functools import lru_cache
from typing import Any

from msgspec import UNSET

from flows.arguments import Arguments, SchemaInvalid, compile_arguments, compile_schema, schema_of_params
from flows.check import check_calls as check_calls
from flows.check import check_plan
from flows.config import INVALID, Binder, Bound
from flows.declared import fields_of
from flows.definition import UNBOUND, Binding, FlowDefinition
from flows.definition import flow_digest as flow_digest
from flows.errors import FlowInvalid, StepError
from flows.expr import Expression, ExpressionError, Template
from flows.model import FlowFields, StepFields, TestFields
from flows.plan import Block, BoundConfig, FlowTest, Plan, PlanInput, PlanOutput, PlanStep
from flows.plan_steps import plan_step, step_waits
from flows.problems import Problem, did_you_mean
from flows.registry import Registry, default_registry
from flows.sdk import ComponentType, StepType
from flows.secrets import SECRETS, SecretName, elsewhere
from flows.source import Path, Position, Source, read_source

ALWAYS_IN_SCOPE = frozenset({"args", "caller", "run", "vars"})
LOOP_NAMES = frozenset({"item", "index"})
HANDLER_NAMES = frozenset({"error"})
RESERVED = ALWAYS_IN_SCOPE | LOOP_NAMES | HANDLER_NAMES | {SECRETS, "true", "false", "null"}


def compile_flow(text: str, file: str = "", registry: Registry | None = None) -> Plan:
    """Compile a flow.  Raises FlowInvalid with all problems that are errors."""
    plan, problems = analyse_flow(text, file, registry)
    if plan is None:
        raise FlowInvalid([problem for problem in problems if problem.severity == "error"])
    return plan


def check_flow(text: str, file: str = "", registry: Registry | None = None) -> list[Problem]:
    """Return everything that is wrong or doubtful about a flow, in the order of its lines."""
    return analyse_flow(text, file, registry)[1]


def analyse_definition(
    definition: FlowDefinition, registry: Registry | None = None
) -> tuple[Plan | None, list[Problem]]:
    """Compile and check a flow as it is installed."""
    return analyse_flow(definition.text, definition.file, registry, definition.binding)


def analyse_flow(
    text: str | bytes, file: str = "", registry: Registry | None = None, binding: Binding = UNBOUND
) -> tuple[Plan | None, list[Problem]]:
    """Compile and check in one pass: the plan unless there are errors, and all problems."""
    source, problems = read_source(text, file)
    if source is None:
        return None, problems
    return analyse_source(source, problems, registry, binding)


def analyse_source(
    source: Source, problems: Iterable[Problem], registry: Registry | None = None, binding: Binding = UNBOUND
) -> tuple[Plan | None, list[Problem]]:
    """Compile and check what was read with these problems."""
    compiler = _Compiler(source, registry or default_registry(), binding)
    compiler.problems += problems
    plan = compiler.plan()
    if plan is not None:
        compiler.problems += check_plan(plan, source)
    found = sorted(set(compiler.problems), key=lambda problem: (problem.line, problem.column, problem.message))
    return (None if any(problem.severity == "error" for problem in found) else plan), found


class _Compiler:
    """One pass over one document.  `_scope` holds the names that expressions may use at the current place."""

    def __init__(self, source: Source, registry: Registry, binding: Binding) -> None:
        self.source = source
        self.problems: list[Problem] = []
        self.failure = _failures(source.file, source.text)
        self._registry = registry
        self._binding = binding
        self._binder = Binder(self)
        self._scope: set[str] = set(ALWAYS_IN_SCOPE)
        self._declared: dict[str, frozenset[str]] = {}
        self._ids: dict[str, Path] = {}
        self._calls: dict[str, int] = {}
        self._connections: dict[str, int] = {}
        self._secrets: dict[SecretName, int] = {}
        self._holds_secrets = False
        self._count = 0

    # -- what the binder asks for ------------------------------------------------------------------------------

    def report(self, code: str, message: str, path: Path, *, offset: int | None = None, at_key: bool = False) -> None:
        """Note an error at a place of the document."""
        self.problems.append(self.source.problem(code, message, path, offset=offset, at_key=at_key))

    def check_names(self, template: Template, path: Path, *, may_read_secrets: bool) -> None:
        """Report names that are not in scope."""
        for name, offset in template.names.items():
            if name in self._scope:
                continue
            if name == SECRETS:
                if not may_read_secrets:
                    self.report("flow.secret", elsewhere(self._registry.steps, path), path, offset=offset)
                continue
            if name in self._ids or name in LOOP_NAMES | HANDLER_NAMES:
                message = f"{name!r} is not known here. {_where_known(name)}"
            else:
                message = f"Unknown name {name!r}.{did_you_mean(name, self._scope)}"
            self.report("flow.unknown-name", message, path, offset=offset)

        for part in template.parts:
            if isinstance(part, Expression):
                self._check_keys(part, path)

    def _check_keys(self, expression: Expression, path: Path) -> None:
        """Report arguments that the input does not declare, unless it takes others too, and unknown variables."""
        for (name, key), offset in expression.keys.items():
            known = self._declared.get(name)
            if known is not None and key not in known:
                what = "argument" if name == "args" else "variable"
                message = f"There is no {what} {key!r}.{did_you_mean(key, known)}"
                self.report("flow.unknown-name", message, path, offset=offset)

    def bind_steps(self, raw: Any, path: Path) -> Any:
        """Compile steps whose ids are known only among themselves."""
        outer, self._scope = self._scope, set(self._scope)
        try:
            return self._block(raw, path)
        finally:
            self._scope = outer

    def bind_flow_name(self, name: str, path: Path) -> None:
        """Note a call of another flow."""
        self._calls.setdefault(name, self.source.position(path).line)

    def bind_connection(self, name: str, path: Path) -> None:
        """Note the use of a connection."""
        self._connections.setdefault(name, self.source.position(path).line)

    def bind_secret(self, name: SecretName, path: Path, offset: int) -> None:
        """Note the use of a secret, which is one of its connection as well."""
        line = self.source.position_in(path, offset).line
        self._connections.setdefault(name.connection, line)
        self._secrets.setdefault(name, line)
        self._holds_secrets = True

    # -- the document ------------------------------------------------------------------------------------------

    def plan(self) -> Plan | None:
        """Compile the whole document; None when a part could not be understood."""
        document = self.source.value
        if not isinstance(document, dict):
            what = "The file is empty. " if document is None else ""
            self.report("flow.wrong-type", f"{what}A flow is a mapping that starts with `flow: NAME`.", ())
            return None
        head = self._head(document)
        compiled_input = self._input(document)
        self._vars(document.get("vars"))
        body = self._block(document.get("steps") or [], ("steps",))
        output = self._output(document)
        tests = self._tests(document)
        if head is None or compiled_input is None or any(problem.severity == "error" for problem in self.problems):
            return None
        binding, names = self._binding, self._binding.flow_names()
        definition = FlowDefinition(text=self.source.text, file=self.source.file, binding=binding)
        return Plan(
            name=binding.prefix + head.flow,
            digest=definition.digest,
            definition=definition,
            file=self.source.file,
            title=head.title,
            description=binding.describe(head.description.strip()),
            input=compiled_input,
            vars={**head.vars, **binding.vars},
            body=body,
            output=output,
            timeout=head.timeout,
            tests=tests,
            calls={names.get(name, name): line for name, line in self._calls.items()},
            enabled=head.enabled,
            bindings=binding.connections,
            connections=self._connections,
            secrets=self._secrets,
            flow_names=names,
            listed=binding.listed,
            install=binding.install,
            concurrency=None if head.limits.concurrency is UNSET else head.limits.concurrency,
        )

    def _head(self, document: Mapping[str, Any]) -> FlowFields | None:
        """Bind the plain fields; the parts with a meaning of their own are compiled beside it."""
        own: dict[str, Any] = {"steps": [], "input": {}, "output": {}, "tests": []}
        plain = {key: own.get(key, value) for key, value in document.items()}
        bound = self._binder.field(FlowFields, plain, ())
        return None if bound is INVALID else bound.constant

    def _vars(self, raw: Any) -> None:
        self._check_constants(raw, ("vars",))
        if raw is None or isinstance(raw, dict):
            self._declared["vars"] = frozenset((*(raw or {}), *self._binding.vars))

    def _check_constants(self, raw: Any, path: Path) -> None:
        if isinstance(raw, str) and "${{" in raw:
            self.report("flow.expression-not-allowed", "Variables are constants; use a `map` step instead.", path)
        children = raw.items() if isinstance(raw, dict) else enumerate(raw) if isinstance(raw, list) else ()
        for key, item in children:
            self._check_constants(item, (*path, key))

    def _component(self, raw: Any, known: Mapping[str, ComponentType], what: str, path: Path) -> tuple[str, Any] | None:
        if not isinstance(raw, dict) or len(raw) != 1:
            self.report("flow.wrong-type", f"One {what} is expected here: {', '.join(known)}.", path)
            return None
        ((name, config),) = raw.items()
        if name not in known:
            self.report(
                f"flow.unknown-{what}",
                f"Unknown {what} {name!r}.{did_you_mean(name, known)}",
                (*path, name),
                at_key=True,
            )
            return None
        return name, config

    def _input(self, document: Mapping[str, Any]) -> PlanInput | None:
        if "input" not in document:
            return None  # the head reports the missing key
        chosen = self._component(document["input"], self._registry.inputs, "input", ("input",))
        if chosen is None:
            return None
        name, raw = chosen
        declared, path = self._registry.inputs[name], ("input", name)
        config = self._binder.config(declared.config, {} if raw is None else raw, path)
        if config is None:
            return None
        for inner, message in declared.check(config.shape) if declared.check is not None else ():
            self.report("flow.wrong-value", message, (*path, *inner))
        if declared.arguments is not None:
            arguments: Arguments | None = compile_arguments(declared.arguments(config.shape))
        else:
            arguments = self._arguments(config.shape, path)
        returns = getattr(config.shape, "returns", UNSET)
        validator = None if returns is UNSET else self._schema(returns, (*path, "returns"))
        if arguments is None:
            return None
        if arguments.schema.get("additionalProperties") is False:
            self._declared["args"] = frozenset(arguments.absent)
        return PlanInput(declared, config.shape, arguments, None if returns is UNSET else returns, validator)

    def _arguments(self, config: Any, path: Path) -> Arguments | None:
        """Compile `params` or `schema` of an input; an input without either takes no arguments."""
        params, schema = getattr(config, "params", UNSET), getattr(config, "schema", UNSET)
        if params is not UNSET and schema is not UNSET:
            self.report(
                "flow.wrong-value", "Give either `params` or `schema`, not both.", (*path, "schema"), at_key=True
            )
            return None
        inner = (*path, "schema") if schema is not UNSET else (*path, "params")
        try:
            return compile_arguments(schema_of_params(params or {}) if schema is UNSET else schema)
        except SchemaInvalid as error:
            found = error.path[1:] if schema is UNSET and error.path[:1] == ("properties",) else error.path
            self.report("flow.schema", error.message, (*inner, *found))
            return None

    def _schema(self, schema: Mapping[str, Any], path: Path) -> Any:
        try:
            return compile_schema(schema)
        except SchemaInvalid as error:
            self.report("flow.schema", error.message, (*path, *error.path))
            return None

    def _output(self, document: Mapping[str, Any]) -> PlanOutput | None:
        if "output" not in document:
            return None
        chosen = self._component(document["output"], self._registry.outputs, "output", ("output",))
        if chosen is None:
            return None
        name, raw = chosen
        declared = self._registry.outputs[name]
        config = self._config(declared.config, declared.whole, declared.short, raw, ("output", name))
        return None if config is None else PlanOutput(declared, config)

    def _config(self, cls: Any, whole: str, short: str, raw: Any, path: Path) -> BoundConfig | None:
        """Bind a component's configuration in its full or its short form."""
        around, self._holds_secrets = self._holds_secrets, False  # what steps inside of it hold is theirs
        if whole or (short and not isinstance(raw, dict)):
            field = fields_of(cls)[whole or short]
            bound = self._binder.field(field.type, raw, path)
            config = None if bound is INVALID else _single(cls, field.name, bound)
        else:
            config = self._binder.config(cls, {} if raw is None else raw, path)
        if config is not None and self._holds_secrets:
            config = replace(config, holds_secrets=True)
        self._holds_secrets = around
        return config

    def _tests(self, document: Mapping[str, Any]) -> tuple[FlowTest, ...]:
        raw = document.get("tests") or []
        if not isinstance(raw, list):
            self.report("flow.wrong-type", "`tests` is a list.", ("tests",))
            return ()
        tests = []
        for index, item in enumerate(raw):
            bound = self._binder.field(TestFields, item, ("tests", index))
            if bound is not INVALID:
                line = self.source.position(("tests", index)).line
                tests.append(FlowTest(bound.constant, line))
        return tuple(tests)

    # -- steps -------------------------------------------------------------------------------------------------

    def _block(self, raw: Any, path: Path) -> Block:
        if not isinstance(raw, list):
            self.report("flow.wrong-type", "A list of steps is expected here.", path)
            return Block((), waits=False)
        steps = [self._step(item, (*path, index)) for index, item in enumerate(raw)]
        compiled = tuple(step for step in steps if step is not None)
        return Block(compiled, any(step_waits(step) for step in compiled))

    def _step(self, raw: Any, path: Path) -> PlanStep | None:
        common = fields_of(StepFields).keys()
        if not isinstance(raw, dict):
            self.report("flow.wrong-type", "A step is a mapping such as `- map: VALUE`.", path)
            return None
        components = [key for key in raw if key not in common]
        declared = self._step_type(components, common, path)
        fields_raw = {key: value for key, value in raw.items() if key in common}
        outer, before = self._scope, set(self._scope)
        inner = before | LOOP_NAMES if "for_each" in raw else before
        self._scope = inner
        config = None
        if declared is not None:
            config_path = (*path, declared.name)
            config = self._config(declared.config, declared.whole, declared.short, raw[declared.name], config_path)
        fields = self._common(fields_raw, before, inner, path)
        self._scope = outer
        binds = isinstance(raw.get("id"), str)
        if binds:
            self._bind_id(raw["id"], path)
        self._count += 1
        if declared is None or config is None or fields is None:
            return None
        step_id = raw["id"] if binds else f"{declared.name}#{self._count}"
        return plan_step(step_id, binds, declared, config, fields)

    def _step_type(self, components: list[str], common: Set[str], path: Path) -> StepType | None:
        known = self._registry.steps
        chosen = [key for key in components if key in known]
        for key in components:
            if key not in known:
                # Beside a component a strange key is a misspelt common field, alone it is a misspelt component.
                word, choices = ("key", common) if chosen else ("step", known)
                message = f"Unknown {word} {key!r}.{did_you_mean(key, choices)}"
                self.report(f"flow.unknown-{word}", message, (*path, key), at_key=True)
        if not components:
            self.report("flow.missing-key", f"The step does nothing. Add one of: {', '.join(known)}.", path)
        for key in chosen[1:]:
            message = f"A step has one component; this one has {chosen[0]!r} and {key!r}. Make two steps."
            self.report("flow.two-components", message, (*path, key), at_key=True)
        return known[chosen[0]] if chosen else None

    def _common(self, raw: dict[str, Any], before: set[str], inner: set[str], path: Path) -> dict[str, Bound] | None:
        """Bind the common fields: `when` and `for_each` see the names before the loop, `on_error` sees `error` too."""
        result: dict[str, Bound] = {}
        for field in fields_of(StepFields).values():
            if field.encode_name not in raw:
                continue
            self._scope = {"when": before, "for_each": before, "on_error": inner | HANDLER_NAMES}.get(field.name, inner)
            result[field.name] = self._binder.field(field.type, raw[field.encode_name], (*path, field.encode_name))
        return None if any(bound is INVALID for bound in result.values()) else result

    def _bind_id(self, step_id: str, path: Path) -> None:
        if step_id in RESERVED:
            self.report(
                "flow.reserved-name", f"The id {step_id!r} is taken by the language; choose another.", (*path, "id")
            )
        elif step_id in self._ids:
            line = self.source.position(self._ids[step_id]).line
            self.report("flow.duplicate-id", f"The id {step_id!r} is used in line {line} already.", (*path, "id"))
        self._ids.setdefault(step_id, (*path, "id"))
        self._scope.add(step_id)


def _failures(file: str, text: str) -> Callable[[ExpressionError, Path], StepError]:
    """Return what words an error of evaluation with its place.

    Errors are few and plans are many: so a plan keeps the text, not the document, and reads it again.
    """

    def failure(error: ExpressionError, path: Path) -> StepError:
        source = _read_again(text)
        position = Position(1, 1) if source is None else source.position_in(path, error.offset)
        place = f"{file or 'flow'}:{position.line}:{position.column}"
        return StepError(f"{place}: {error.message}", code="expression_failed")

    return failure


@lru_cache(maxsize=16)  # a step that fails in a loop fails often
def _read_again(text: str) -> Source | None:
    return read_source(text)[0]


def _where_known(name: str) -> str:
    if name in LOOP_NAMES:
        return "It exists inside a step with `for_each`."
    if name in HANDLER_NAMES:
        return "It exists inside `on_error`."
    return "Steps inside another step are known only there; a step knows the steps above it."


def _single(cls: Any, name: str, bound: Bound) -> BoundConfig:
    shape = cls(**{name: bound.constant})
    render = bound.render
    return BoundConfig(shape, None if render is None else lambda scope: cls(**{name: render(scope)}))
