"""The tables of functions and methods.  An expression can call what is in here, and nothing else."""

from collections.abc import Mapping
from types import MappingProxyType

from flows.expr.function import Function
from flows.expr.library.dates import CHANCE_FUNCTIONS, DATE_FUNCTIONS
from flows.expr.library.dicts import DICT_FUNCTIONS, VALUE_FUNCTIONS
from flows.expr.library.encoding import ENCODING_FUNCTIONS
from flows.expr.library.lists import LIST_FUNCTIONS
from flows.expr.library.methods import DICT_METHODS, LIST_METHODS, TEXT_METHODS
from flows.expr.library.numbers import NUMBER_FUNCTIONS
from flows.expr.library.regex import REGEX_FUNCTIONS
from flows.expr.library.text import TEXT_FUNCTIONS

FUNCTIONS: Mapping[str, Function] = MappingProxyType(
    VALUE_FUNCTIONS
    | NUMBER_FUNCTIONS
    | TEXT_FUNCTIONS
    | REGEX_FUNCTIONS
    | LIST_FUNCTIONS
    | DICT_FUNCTIONS
    | DATE_FUNCTIONS
    | ENCODING_FUNCTIONS
    | CHANCE_FUNCTIONS
)
METHODS: Mapping[str, Mapping[str, Function]] = MappingProxyType(
    {
        "str": MappingProxyType(TEXT_METHODS),
        "list": MappingProxyType(LIST_METHODS),
        "dict": MappingProxyType(DICT_METHODS),
    }
)
