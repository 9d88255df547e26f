"""Methods of text, lists and dicts, named as in Python.  Only the table of a value's type is looked up."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from flows.expr.errors import Fault
from flows.expr.function import Function, declare, deep_cost, free
from flows.expr.limits import CHARACTERS_PER_STEP_LOG2, check_list, check_text
from flows.expr.values import kind_of

TEXT_METHODS: dict[str, Function] = {}
LIST_METHODS: dict[str, Function] = {}
DICT_METHODS: dict[str, Function] = {}
_text = partial(declare, TEXT_METHODS, "Text methods", method=True)
_list = partial(declare, LIST_METHODS, "List methods", method=True)
_dict = partial(declare, DICT_METHODS, "Dict methods", method=True)

_WIDTH = 1_000
_STRIPPED = 100


def _backwards_cost(values: Sequence[Any]) -> int:
    """Cost of a search from the end: Python looks forwards in linear time, but backwards part x text at worst."""
    part = len(values[1]) if len(values) > 1 and values[1] is not None else 1
    return (len(values[0]) * part) >> CHARACTERS_PER_STEP_LOG2


def _plain(name: str, example: str, result: Any, description: str) -> None:
    """Declare a method of text without arguments that Python's own `str` has."""
    method = getattr(str, name)

    def call(text: str) -> Any:
        return method(text)

    call.__name__ = name
    call.__doc__ = description
    _text(example=example, result=result)(call)


_plain("upper", '"abc".upper()', "ABC", "Return the text in upper case.")
_plain("lower", '"ABC".lower()', "abc", "Return the text in lower case.")
_plain("title", '"the old mill".title()', "The Old Mill", "Return the text with every word capitalised.")
_plain("capitalize", '"the mill".capitalize()', "The mill", "Return the text with a capital first letter.")
_plain("casefold", '"Straße".casefold()', "strasse", "Return the text for comparing without regard to case.")
_plain("swapcase", '"aB".swapcase()', "Ab", "Return the text with upper and lower case exchanged.")
_plain("isdigit", '"42".isdigit()', True, "Say whether the text has digits only, and at least one.")
_plain("isdecimal", '"42".isdecimal()', True, "Say whether the text has decimal digits only.")
_plain("isnumeric", '"42".isnumeric()', True, "Say whether the text has numeric characters only.")
_plain("isalpha", '"ab".isalpha()', True, "Say whether the text has letters only.")
_plain("isalnum", '"a1".isalnum()', True, "Say whether the text has letters and digits only.")
_plain("isspace", '" ".isspace()', True, "Say whether the text has white space only.")
_plain("isupper", '"AB".isupper()', True, "Say whether the letters of the text are upper case.")
_plain("islower", '"ab".islower()', True, "Say whether the letters of the text are lower case.")


@_text(example='"  abc ".strip()', result="abc")
def strip(text: str, characters: str | None = None) -> str:
    """Return the text without white space, or these characters, at both ends."""
    return text.strip(_few(characters))


@_text(example='"  abc ".lstrip()', result="abc ")
def lstrip(text: str, characters: str | None = None) -> str:
    """Return the text without white space, or these characters, at its start."""
    return text.lstrip(_few(characters))


@_text(example='"abc/".rstrip("/")', result="abc")
def rstrip(text: str, characters: str | None = None) -> str:
    """Return the text without white space, or these characters, at its end."""
    return text.rstrip(_few(characters))


def _few(characters: str | None) -> str | None:
    if characters is not None and len(characters) > _STRIPPED:
        raise Fault(f"`characters` has more than {_STRIPPED} characters.")
    return characters


@_text(example='"INV-7".removeprefix("INV-")', result="7")
def removeprefix(text: str, prefix: str) -> str:
    """Return the text without this start, if it has it."""
    return text.removeprefix(prefix)


@_text(example='"a.txt".removesuffix(".txt")', result="a")
def removesuffix(text: str, suffix: str) -> str:
    """Return the text without this end, if it has it."""
    return text.removesuffix(suffix)


@_text(cost=deep_cost, example='"abc".startswith(["a", "b"])', result=True)
def startswith(text: str, prefix: str | list[Any]) -> bool:
    """Say whether the text starts so, or in one of several ways."""
    return text.startswith(_several(prefix))


@_text(cost=deep_cost, example='"a.txt".endswith(".txt")', result=True)
def endswith(text: str, suffix: str | list[Any]) -> bool:
    """Say whether the text ends so, or in one of several ways."""
    return text.endswith(_several(suffix))


def _several(value: str | list[Any]) -> str | tuple[str, ...]:
    if type(value) is str:
        return value
    for item in value:
        if type(item) is not str:
            raise Fault(f"the list must hold text, not {kind_of(item)}.")
    return tuple(value)


@_text(example='"a-b".replace("-", "+")', result="a+b")
def replace(text: str, old: str, new: str, count: int = -1) -> str:
    """Put a text in place of another, everywhere or so many times."""
    found = text.count(old)
    if count >= 0:
        found = min(found, count)
    check_text(len(text) + found * (len(new) - len(old)))
    return text.replace(old, new, count)


@_text(example='"a,b".split(",")', result=["a", "b"])
def split(text: str, separator: str | None = None, maxsplit: int = -1) -> list[str]:
    """Cut the text at a separator, or at white space."""
    result = text.split(_not_empty(separator), maxsplit)
    check_list(len(result))
    return result


@_text(cost=_backwards_cost, example='"a/b/c".rsplit("/", 1)', result=["a/b", "c"])
def rsplit(text: str, separator: str | None = None, maxsplit: int = -1) -> list[str]:
    """Cut the text at a separator, counting from its end."""
    result = text.rsplit(_not_empty(separator), maxsplit)
    check_list(len(result))
    return result


def _not_empty(separator: str | None) -> str | None:
    if separator == "":
        raise Fault("the separator is empty. Write list(text) for the characters.")
    return separator


@_text(example='"a\\nb".splitlines()', result=["a", "b"])
def splitlines(text: str) -> list[str]:
    """Return the lines of the text without their ends."""
    result = text.splitlines()
    check_list(len(result))
    return result


@_text(example='"key=a=b".partition("=")', result=["key", "=", "a=b"])
def partition(text: str, separator: str) -> list[str]:
    """Return what stands before the separator, the separator, and what stands after it."""
    _not_empty(separator)
    return list(text.partition(separator))


@_text(cost=_backwards_cost, example='"a/b/c".rpartition("/")', result=["a/b", "/", "c"])
def rpartition(text: str, separator: str) -> list[str]:
    """Return what stands before the last separator, the separator, and what stands after it."""
    _not_empty(separator)
    return list(text.rpartition(separator))


@_text(cost=deep_cost, example='", ".join(["a", "b"])', result="a, b")
def join(text: str, items: list[Any]) -> str:
    """Put texts together with this text between them."""
    total = len(text) * max(len(items) - 1, 0)
    for item in items:
        if type(item) is not str:
            raise Fault(f"it joins text, not {kind_of(item)}. Write [str(x) for x in items].")
        total += len(item)
    check_text(total)
    return text.join(items)


@_text(example='"abcb".find("b")', result=1)
def find(text: str, part: str) -> int:
    """Return the index of the first place, or -1."""
    return text.find(part)


@_text(cost=_backwards_cost, example='"abcb".rfind("b")', result=3)
def rfind(text: str, part: str) -> int:
    """Return the index of the last place, or -1."""
    return text.rfind(part)


@_text(name="count", example='"abcb".count("b")', result=2)
def count_text(text: str, part: str) -> int:
    """Return how often a text is in this one."""
    return text.count(part)


def _padding(name: str, example: str, result: str, description: str) -> None:
    method = getattr(str, name)

    def call(text: str, width: int, fill: str = " ") -> str:
        if width > _WIDTH or len(fill) != 1:
            raise Fault(f"`width` goes up to {_WIDTH:,} and `fill` is one character.")
        return method(text, width, fill)  # type: ignore[no-any-return]

    call.__name__ = name
    call.__doc__ = description
    _text(example=example, result=result)(call)


_padding("ljust", '"ab".ljust(4, ".")', "ab..", "Fill the text up on the right to so many characters.")
_padding("rjust", '"ab".rjust(4)', "  ab", "Fill the text up on the left to so many characters.")
_padding("center", '"ab".center(4)', " ab ", "Fill the text up on both sides to so many characters.")


@_text(example='"7".zfill(3)', result="007")
def zfill(text: str, width: int) -> str:
    """Fill a number in text up with zeros."""
    if width > _WIDTH:
        raise Fault(f"`width` goes up to {_WIDTH:,}.")
    return text.zfill(width)


@_list(cost=deep_cost, example='["a", "b"].index("b")', result=1)
def index(items: list[Any], value: Any) -> int:
    """Return the index of the first equal item."""
    try:
        return items.index(value)
    except ValueError:
        raise Fault("the list does not hold that value.", missing=True) from None


@_list(name="count", cost=deep_cost, example="[1, 2, 1].count(1)", result=2)
def count_items(items: list[Any], value: Any) -> int:
    """Return how many items are equal to the value."""
    return items.count(value)


@_dict(example='{"a": 1}.keys()', result=["a"])
def keys(value: dict[str, Any]) -> list[str]:
    """Return the keys."""
    return list(value)


@_dict(example='{"a": 1}.values()', result=[1])
def values(value: dict[str, Any]) -> list[Any]:
    """Return the values."""
    return list(value.values())


@_dict(example='{"a": 1}.items()', result=[["a", 1]])
def items(value: dict[str, Any]) -> list[list[Any]]:
    """Return a list of [key, value]."""
    return [[key, item] for key, item in value.items()]


@_dict(cost=free, builds=False, example='{"a": 1}.get("b", 0)', result=0)
def get(value: dict[str, Any], key: str, default: Any = None) -> Any:
    """Return what stands at a key, or the default when the key is not there."""
    return value.get(key, default)
