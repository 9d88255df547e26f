"""Decide which tools an install shows: what `enabled` in `pack.yaml` says of variables and connections.

Touches no I/O.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from flows.expr import ExpressionError, Template
from flows.expr.expression import Expression
from flows.problems import did_you_mean

Finding = tuple[str, int]
"""What is wrong with an expression, and where in its text."""


def name_problems(template: Template, known: Mapping[str, Mapping[str, Any]]) -> Iterator[Finding]:
    """Yield the names that a condition uses and that are not there.  `known` has the keys of every name in scope."""
    for name, offset in template.names.items():
        if name not in known:
            yield f"Unknown name {name!r}.{did_you_mean(name, known)}", offset
    for part in template.parts:
        for (name, key), offset in part.keys.items() if isinstance(part, Expression) else ():
            if name in known and key not in known[name]:
                what = "variable" if name == "vars" else "connection"
                yield f"There is no {what} {key!r}.{did_you_mean(key, known[name])}", offset


def reads(conditions: Mapping[str, Template], name: str, key: str) -> bool:
    """Whether a condition reads `name.key`."""
    parts = [part for template in conditions.values() for part in template.parts if isinstance(part, Expression)]
    return any((name, key) in part.keys for part in parts)


def refusals(conditions: Mapping[str, Template], scope: Mapping[str, Any]) -> dict[str, str]:
    """Return the conditions that do not hold, with the reason in a sentence."""
    found: dict[str, str] = {}
    for name, template in conditions.items():
        text = "".join(part if isinstance(part, str) else part.text for part in template.parts)
        try:
            if not template.evaluate(scope):
                found[name] = f"It is shown only while `{text}` holds."
        except ExpressionError as error:
            found[name] = f"Its condition cannot be decided. {error.message}"
    return found
