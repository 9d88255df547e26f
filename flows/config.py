"""Bind raw YAML values to declared fields: what is constant is built now, what holds `${{ }}` becomes a function.

`Binder` walks a value along its declared type and collects every problem with its place.  The kinds of fields
(`flows.sdk`) say where expressions are allowed and how their values land.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

import msgspec
from msgspec import UNSET, Struct

from flows.arguments import SchemaInvalid, compile_schema
from flows.declared import (
    Declared,
    element_of,
    fields_of,
    is_mapping,
    is_struct,
    item_type_of,
    kind_of,
    takes_secrets,
)
from flows.durations import parse_duration
from flows.errors import StepError
from flows.expr import ExpressionError, ExpressionInvalid, Template, compile_template, to_text
from flows.plan import BoundConfig
from flows.problems import did_you_mean
from flows.sdk import Scope
from flows.secrets import SECRETS, SecretName, compile_secret_text, secrets_in
from flows.source import Path
from flows.sql.statement import compile_sql
from flows.urls import compile_path, compile_url

Render = Callable[[Scope], Any]

_INVALID = object()
_WORDS: Final = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": "a mapping",
}


@dataclass(frozen=True, slots=True)
class Bound:
    """A bound value: a constant, or a function of the scope (then `constant` is what the author wrote)."""

    constant: Any = UNSET
    render: Render | None = None


INVALID: Final = Bound(_INVALID)
"""Stands for a value whose problem was reported already."""


class Findings(Protocol):
    """What the binder needs of the compiler around it."""

    failure: Callable[[ExpressionError, Path], StepError]
    """Turns an error of evaluation into one that says where in the file it happened; plans keep it."""

    def report(self, code: str, message: str, path: Path, *, offset: int | None = None, at_key: bool = False) -> None:
        """Note an error at a place of the document."""
        ...

    def check_names(self, template: Template, path: Path, *, may_read_secrets: bool) -> None:
        """Report the names that are not in scope at this place."""
        ...

    def bind_steps(self, raw: Any, path: Path) -> Any:
        """Compile a list of steps in a scope of its own."""
        ...

    def bind_flow_name(self, name: str, path: Path) -> None:
        """Note that this flow calls another one."""
        ...

    def bind_connection(self, name: str, path: Path) -> None:
        """Note that this flow uses a connection."""
        ...

    def bind_secret(self, name: SecretName, path: Path, offset: int) -> None:
        """Note that this flow uses a secret."""
        ...


class Binder:
    """Binds values for one flow."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._kinds: dict[str, Callable[[Any, Declared, Path], Bound]] = {
            "value": self._value,
            "text": self._text,
            "url": self._url,
            "path": self._path,
            "sql": self._sql,
            "condition": self._condition,
            "steps": self._steps,
            "duration": self._duration,
            "flow": self._flow,
            "connection": self._connection,
            "validator": self._validator,
        }

    def config(self, declared: type[Struct], raw: Any, path: Path) -> BoundConfig | None:
        """Bind the whole configuration of a component; None when it has problems."""
        bound = self._struct(declared, raw, path)
        if bound is INVALID:
            return None
        return BoundConfig(bound.constant, bound.render)

    def field(self, declared: Declared, raw: Any, path: Path) -> Bound:
        """Bind one value along its type."""
        kind, bare = kind_of(declared)
        if (bind := self._kinds.get(kind)) is not None:
            return bind(raw, declared, path)
        if is_struct(bare):
            return self._struct(bare, raw, path)
        element = element_of(bare)
        if element is not None and isinstance(raw, list) and not is_mapping(bare):
            return self._list([self.field(element, item, (*path, i)) for i, item in enumerate(raw)])
        if element is not None and isinstance(raw, dict) and is_mapping(bare):
            return self._dict({key: self.field(element, item, (*path, key)) for key, item in raw.items()})
        if element is not None and isinstance(raw, str) and kind_of(element)[0] in ("value", "text"):
            return self._value(raw, declared, path)  # the whole collection is one expression
        return self._literal(raw, declared, path)

    # -- kinds -------------------------------------------------------------------------------------------------

    def _value(self, raw: Any, declared: Declared, path: Path) -> Bound:
        bound = self._any(raw, path, takes_secrets(declared))
        if kind_of(declared)[1] is Any or bound is INVALID:
            return bound
        if bound.render is None:
            return self._convert(bound.constant, declared, path)
        return Bound(raw, _converting(bound.render, declared, path))

    def _any(self, raw: Any, path: Path, may_read_secrets: bool) -> Bound:
        match raw:
            case str():
                template = self._template(raw, path, may_read_secrets)
                if template is None:
                    return Bound(raw)
                render = self._secret_text(template, path) if may_read_secrets else None
                return Bound(raw, self._located(render or template.evaluate, path))
            case dict():
                for key in raw:
                    if "${{" in key:
                        self._findings.report(
                            "flow.expression-in-key",
                            "A key cannot hold an expression. Build the mapping with one expression instead.",
                            (*path, key),
                            at_key=True,
                        )
                        return INVALID
                return self._dict({key: self._any(item, (*path, key), may_read_secrets) for key, item in raw.items()})
            case list():
                return self._list([self._any(item, (*path, i), may_read_secrets) for i, item in enumerate(raw)])
            case _:
                return Bound(raw)

    def _text(self, raw: Any, declared: Declared, path: Path) -> Bound:
        if isinstance(raw, dict | list):
            return self._report("flow.wrong-type", "Text is expected here.", path)
        may_read_secrets = takes_secrets(declared)
        template = self._template(raw, path, may_read_secrets) if isinstance(raw, str) else None
        if template is None:
            return Bound(to_text(raw))
        if may_read_secrets and (render := self._secret_text(template, path)) is not None:
            return Bound(raw, self._located(render, path))
        evaluate = template.evaluate
        return Bound(raw, self._located(lambda scope: to_text(evaluate(scope)), path))

    def _url(self, raw: Any, _declared: Declared, path: Path) -> Bound:
        return self._landing(raw, path, compile_url, "A URL is expected here.")

    def _path(self, raw: Any, _declared: Declared, path: Path) -> Bound:
        return self._landing(raw, path, compile_path, "A path is expected here.")

    def _sql(self, raw: Any, _declared: Declared, path: Path) -> Bound:
        return self._landing(raw, path, compile_sql, "SQL text is expected here.")

    def _landing(self, raw: Any, path: Path, compile_landing: Callable[[Template], Render], expected: str) -> Bound:
        """Bind text whose interpolations are escaped for the place where they land."""
        if not isinstance(raw, str):
            return self._report("flow.wrong-type", expected, path)
        template = self._template(raw, path)
        try:
            render = compile_landing(template or literal_template(raw))
        except ValueError as error:
            offset = getattr(error, "offset", None)
            return self._report("flow.unsafe-place", str(error), path, offset=offset)
        return Bound(render({})) if template is None else Bound(raw, self._located(render, path))

    def _condition(self, raw: Any, _declared: Declared, path: Path) -> Bound:
        if isinstance(raw, bool):
            return Bound(compile_template("${{ true }}" if raw else "${{ false }}"))
        template = self._template(raw, path) if isinstance(raw, str) else None
        if template is None or not template.is_expression:
            return self._report(
                "flow.not-an-expression",
                "A condition is one expression, for example `${{ args.n > 0 }}`.",
                path,
            )
        return Bound(template)

    def _steps(self, raw: Any, _declared: Declared, path: Path) -> Bound:
        return Bound(self._findings.bind_steps(raw, path))

    def _duration(self, raw: Any, _declared: Declared, path: Path) -> Bound:
        template = self._template(raw, path) if isinstance(raw, str) else None
        if template is not None:
            evaluate = template.evaluate
            return Bound(raw, self._located(lambda scope: _duration_now(evaluate(scope)), path))
        try:
            return Bound(parse_duration(raw))
        except ValueError as error:
            return self._report("flow.wrong-type", str(error), path)

    def _flow(self, raw: Any, declared: Declared, path: Path) -> Bound:
        bound = self._literal(raw, declared, path)
        if bound is not INVALID:
            self._findings.bind_flow_name(bound.constant, path)
        return bound

    def _connection(self, raw: Any, declared: Declared, path: Path) -> Bound:
        bound = self._literal(raw, declared, path)
        if bound is not INVALID:
            self._findings.bind_connection(bound.constant, path)
        return bound

    def _validator(self, raw: Any, _declared: Declared, path: Path) -> Bound:
        try:
            return Bound(compile_schema(raw))
        except SchemaInvalid as error:
            return self._report("flow.schema", error.message, (*path, *error.path))

    def _literal(self, raw: Any, declared: Declared, path: Path) -> Bound:
        if isinstance(raw, str) and "${{" in raw:
            return self._report(
                "flow.expression-not-allowed",
                "This field is fixed when the flow is loaded; write a constant.",
                path,
            )
        return self._convert(raw, declared, path)

    # -- structure ---------------------------------------------------------------------------------------------

    def _struct(self, declared: Declared, raw: Any, path: Path) -> Bound:
        declared_fields = fields_of(declared)
        if not isinstance(raw, dict):
            return self._report(
                "flow.wrong-type",
                f"A mapping is expected here, with keys such as: {', '.join(declared_fields)}.",
                path,
            )
        parts: dict[str, Bound] = {}
        for key, item in raw.items():
            if (field := declared_fields.get(key)) is not None:
                parts[field.name] = self.field(field.type, item, (*path, key))
            else:
                suggestion = did_you_mean(key, declared_fields)
                self._findings.report(
                    "flow.unknown-key", f"Unknown key {key!r}.{suggestion}", (*path, key), at_key=True
                )
                parts[key] = INVALID
        for name, field in declared_fields.items():
            if name not in raw and field.required:
                parts[name] = self._report("flow.missing-key", f"The key {name!r} is missing.", path)
        return self._built(declared, parts, path)

    def _built(self, cls: type[Struct], parts: dict[str, Bound], path: Path) -> Bound:
        if any(bound is INVALID for bound in parts.values()):
            return INVALID
        constants = {name: bound.constant for name, bound in parts.items()}
        renders = {name: bound.render for name, bound in parts.items() if bound.render is not None}
        built: Any = UNSET
        try:
            # With renders this is a trial: what a Struct says about the keys that are there can be known now.
            built = cls(**constants)
        except ValueError as error:
            return self._report("flow.wrong-value", f"{str(error).rstrip('.')}.", path)
        except TypeError:
            if not renders:
                raise
        if not renders:
            return Bound(built)
        fixed = {name: value for name, value in constants.items() if name not in renders}
        return Bound(built, _struct_render(cls, fixed, renders))

    def _dict(self, parts: dict[str, Bound]) -> Bound:
        if any(bound is INVALID for bound in parts.values()):
            return INVALID
        renders = [(key, bound.render) for key, bound in parts.items() if bound.render is not None]
        constants = {key: bound.constant for key, bound in parts.items()}
        if not renders:
            return Bound(constants)

        def render(scope: Scope) -> dict[str, Any]:
            result = constants.copy()  # keeps the author's order of keys
            for key, part in renders:
                result[key] = part(scope)
            return result

        return Bound(constants, render)

    def _list(self, parts: list[Bound]) -> Bound:
        if any(bound is INVALID for bound in parts):
            return INVALID
        if all(bound.render is None for bound in parts):
            return Bound([bound.constant for bound in parts])
        return Bound(
            [bound.constant for bound in parts],
            lambda scope: [bound.constant if bound.render is None else bound.render(scope) for bound in parts],
        )

    # -- leaves ------------------------------------------------------------------------------------------------

    def _template(self, raw: str, path: Path, may_read_secrets: bool = False) -> Template | None:
        """Compile the template in a scalar; report what is wrong with it and with the names it uses."""
        try:
            template = compile_template(raw)
        except ExpressionInvalid as error:
            self._report("flow.expression", error.message, path, offset=error.offset)
            return None
        if template is not None:
            self._findings.check_names(template, path, may_read_secrets=may_read_secrets)
        return template

    def _secret_text(self, template: Template, path: Path) -> Render | None:
        """Compile a template that reads secrets; None for any other, and for one that has problems."""
        if SECRETS not in template.names:
            return None
        try:
            for name, offset in secrets_in(template):
                self._findings.bind_secret(name, path, offset)
            return compile_secret_text(template)
        except ExpressionInvalid as error:
            self._report("flow.secret", error.message, path, offset=error.offset)
            return None

    def _located(self, render: Render, path: Path) -> Render:
        failure = self._findings.failure

        def located(scope: Scope) -> Any:
            try:
                return render(scope)
            except ExpressionError as error:
                raise failure(error, path) from error

        return located

    def _convert(self, raw: Any, declared: Declared, path: Path) -> Bound:
        if isinstance(raw, list) and (item_type := item_type_of(declared)) is not None:
            # One by one, because a conversion stops at its first error.
            return self._list([self._convert(item, item_type, (*path, index)) for index, item in enumerate(raw)])
        try:
            return Bound(msgspec.convert(raw, declared))
        except msgspec.ValidationError as error:
            message, inner = _split(str(error))
            return self._report("flow.wrong-value", f"{message}.", (*path, *inner))

    def _report(self, code: str, message: str, path: Path, *, offset: int | None = None) -> Bound:
        self._findings.report(code, message, path, offset=offset)
        return INVALID


def literal_template(text: str) -> Template:
    """Return a template without expressions."""
    return Template((text,), {}, False)


def _struct_render(cls: type[Struct], fixed: dict[str, Any], renders: dict[str, Render]) -> Render:
    parts = tuple(renders.items())

    def render(scope: Scope) -> Struct:
        try:
            return cls(**fixed, **{name: part(scope) for name, part in parts})
        except ValueError as error:
            raise StepError(f"{str(error).rstrip('.')}.", code="bad_value") from error

    return render


def _converting(render: Render, declared: Declared, path: Path) -> Render:
    """Check the type of what an expression gives."""
    field = path[-1]

    def converting(scope: Scope) -> Any:
        try:
            return msgspec.convert(render(scope), declared)
        except msgspec.ValidationError as error:
            message, _ = _split(str(error))
            raise StepError(
                f"The field {field!r} got a value that does not fit: {message}.", code="bad_value"
            ) from error

    return converting


def _duration_now(value: Any) -> float:
    try:
        return parse_duration(value)
    except ValueError as error:
        raise StepError(str(error), code="bad_value") from error


def _split(message: str) -> tuple[str, Path]:
    """Put a message of msgspec into an author's words, and take out its path ("... - at `$.a[0]`")."""
    text, _, place = message.partition(" - at `$")
    text = re.sub(r"`(\w+)`", lambda found: _WORDS.get(found[1], found[0]), text)
    text = re.sub(r"^Object missing required field (.+)$", r"The key \1 is missing", text)
    text = re.sub(r"^Object contains unknown field (.+)$", r"Unknown key \1", text)
    text = re.sub(r"^Expected (.+) matching regex (.+)$", r"The text does not fit the pattern \2", text)
    path: list[str | int] = []
    for name, index in re.findall(r"\.(\w+)|\[(\d+)\]", place):
        path.append(int(index) if index else name)
    return text, tuple(path)
