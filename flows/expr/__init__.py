"""The expression language of flows: the safe part of Python's expressions over JSON values.

Text goes in once, when a flow is loaded; what comes out is evaluated as often as needed, in bounded time and space.
Compiling raises ExpressionInvalid, evaluating raises ExpressionError; nothing else, whatever the text and the data.
"""

from flows.expr.ambient import AMBIENT, Ambient, FixedAmbient
from flows.expr.errors import ExpressionError, ExpressionInvalid, ExpressionTooCostly
from flows.expr.expression import Expression, compile_expression
from flows.expr.function import Function
from flows.expr.library import FUNCTIONS, METHODS
from flows.expr.template import Template, compile_template, to_text

__all__ = [
    "AMBIENT",
    "FUNCTIONS",
    "METHODS",
    "Ambient",
    "Expression",
    "ExpressionError",
    "ExpressionInvalid",
    "ExpressionTooCostly",
    "FixedAmbient",
    "Function",
    "Template",
    "compile_expression",
    "compile_template",
    "to_text",
]
