"""Secrets in expressions: `${{ secrets.CONNECTION.FIELD }}`, in the fields that declare it and nowhere else.

What such a field renders to holds no secret, only a `SecretText` that says where it is; the step puts it in when it
sends it (`StepContext.reveal`).  So no trace, history, error or `repr` of a configuration has anything to show.
A secret stands alone or with text around it: what a function made of it could not be recognised where it comes back.
Touches no I/O.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from flows.connections import MASK, SECRET_CHARACTERS, Connection, longest_first
from flows.declared import element_of, fields_of, kind_of, takes_secrets
from flows.errors import StepError
from flows.expr import Expression, ExpressionInvalid, Template
from flows.problems import did_you_mean
from flows.sdk import Scope, StepType
from flows.source import Path

SECRETS: Final = "secrets"
"""The name that stands for all secrets in an expression."""
ALONE: Final = (
    "A secret is written `${{ secrets.CONNECTION.FIELD }}`, with text around it if need be; functions, operators and "
    'conditions take none. A name with a dash is written in brackets: secrets["my-keys"].FIELD.'
)

ConfigT = TypeVar("ConfigT")


class SecretName(NamedTuple):
    """A field of a connection of the kind `values`."""

    connection: str
    field: str


class SecretText:
    """Text in which secrets are still to be put; shown with `***` in their places."""

    __slots__ = ("parts",)

    def __init__(self, parts: tuple[str | SecretName, ...]) -> None:
        self.parts = parts

    def __str__(self) -> str:
        return "".join(part if isinstance(part, str) else MASK for part in self.parts)

    def __repr__(self) -> str:
        return f"SecretText({str(self)!r})"


# -- when the flow is loaded ---------------------------------------------------------------------------------------


def secrets_in(template: Template) -> Iterator[tuple[SecretName, int]]:
    """Yield the secrets of a template with their offsets.  Raises ExpressionInvalid where one does not stand alone."""
    for part in template.parts:
        if isinstance(part, Expression) and SECRETS in part.names:
            yield _name_of(part), part.names[SECRETS]


def compile_secret_text(template: Template) -> Callable[[Scope], SecretText]:
    """Return what renders a template that reads secrets.  Raises ExpressionInvalid."""
    pieces = tuple(_pieces(template))

    def render(scope: Scope) -> SecretText:
        return SecretText(tuple(piece.evaluate(scope) if isinstance(piece, Template) else piece for piece in pieces))

    return render


def _pieces(template: Template) -> Iterator[str | SecretName | Template]:
    for part in template.parts:
        if isinstance(part, str):
            yield part
        elif SECRETS in part.names:
            yield _name_of(part)
        else:
            yield Template((part,), part.names, is_expression=False)  # whatever it gives becomes text


def _name_of(expression: Expression) -> SecretName:
    chain = expression.chain()
    if chain is None or len(chain) != 3:
        raise ExpressionInvalid(ALONE, expression.names[SECRETS])
    return SecretName(*chain[1:])


def fields_for_secrets(steps: Mapping[str, StepType]) -> dict[str, list[str]]:
    """Return which fields of which steps take secrets, themselves or in what they hold."""
    found = {
        step.name: [
            name
            for name, field in fields_of(step.config).items()
            if takes_secrets(field.type) or takes_secrets(element_of(kind_of(field.type)[1]))
        ]
        for step in steps.values()
    }
    return {name: fields for name, fields in found.items() if fields}


def elsewhere(steps: Mapping[str, StepType], path: Path) -> str:
    """Say that secrets may not stand in a place, and where they may."""
    known = fields_for_secrets(steps)
    component, place = ["", "", *(part for part in path if isinstance(part, str))][-2:]
    listed = " or ".join(
        f"in {', '.join(f'`{field}`' for field in fields)} of `{step}`, as a value" for step, fields in known.items()
    )
    if place in known.get(component, ()):
        return f"Secrets may only stand {listed}; write the mapping out, so that one of its values is the secret."
    return f"Secrets may only stand {listed}; `{place}` could show it."


# -- when the step runs --------------------------------------------------------------------------------------------


def reveal(config: ConfigT, find: Callable[[str], Connection]) -> tuple[ConfigT, tuple[str, ...]]:
    """Return a rendered configuration with its secrets in place, and their spellings to mask.  Raises StepError."""
    assert isinstance(config, Struct)  # noqa: S101  configurations are
    masks: set[str] = set()

    def secret(name: SecretName) -> str:
        connection = find(name.connection)
        text = _secret_of(connection, name)
        masks.update(connection.masks)
        return text

    def complete(value: Any) -> Any:
        if isinstance(value, SecretText):
            return "".join(part if isinstance(part, str) else secret(part) for part in value.parts)
        if isinstance(value, dict):
            return {key: complete(item) for key, item in value.items()}
        if isinstance(value, list):
            return [complete(item) for item in value]
        return value

    fields = {name: complete(getattr(config, name)) for name in config.__struct_fields__}
    return replace(config, **fields), longest_first(masks)


def _secret_of(connection: Connection, name: SecretName) -> str:
    if connection.kind != "values":
        raise _unusable(
            f"Connection {connection.name!r} is of kind `{connection.kind}`; secrets of a flow are fields of one of "
            "kind `values`.",
            "Name another connection.",
        )
    secret = connection.values.get(name.field, "")
    if not secret:
        known = did_you_mean(name.field, [field for field, value in connection.values.items() if value])
        raise _unusable(
            f"Connection {connection.name!r} has no secret {name.field!r}.{known}", "Enter it, or name another."
        )
    if len(secret.strip()) < SECRET_CHARACTERS:
        raise _unusable(
            f"The secret {name.field!r} of connection {connection.name!r} is shorter than {SECRET_CHARACTERS} "
            "characters: it could not be told from other text where it comes back, and so not be masked.",
            "If it is no secret, write it into the flow.",
        )
    return secret


def _unusable(message: str, fix: str) -> StepError:
    return StepError(message, code="invalid_connection", fix=fix)
