"""Say what would have fitted where a value of a request does not, from the types that declare the request.

The decoder says where and what is wrong, but not what there is to choose from.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

from msgspec import inspect

from flows.problems import did_you_mean, nearest

_STEP: Final = re.compile(r"\.?(\[(?:\d+|\.\.\.)\]|[^.\[\]]+)")
_WRONG_VALUE: Final = re.compile(r"Invalid (?:enum )?value '(.*)'", re.DOTALL)
_UNKNOWN_FIELD: Final = re.compile(r"Object contains unknown field `(.*)`", re.DOTALL)
_MISSING_FIELD: Final = re.compile(r"Object missing required field `(.*)`")


def expected(declared: Any, place: str, message: str) -> str:
    """End a message of the decoder about `place`, such as `auth.type`; "" where nothing is to be added.

    `declared` is the type of the whole value.
    """
    *outer, last = ["", *_STEP.findall(place)]
    around = _at(_type(declared), outer)
    if found := _WRONG_VALUE.fullmatch(message):
        return _one_of(found[1], [*_tags(around, last), *_choices(_into(around, last))])
    inside = _into(around, last)
    if (found := _MISSING_FIELD.fullmatch(message)) and (tags := _tags(inside, found[1])):
        return _one_of("", tags)
    if found := _UNKNOWN_FIELD.fullmatch(message):
        return _fields_near(found[1], inside)
    return ""


@lru_cache(maxsize=256)
def _type(declared: Any) -> inspect.Type:
    return inspect.type_info(declared)


def _at(declared: inspect.Type, path: list[str]) -> list[inspect.Type]:
    """Return the types that may stand at the end of a path."""
    found = [*_alternatives(declared)]
    for step in path:
        found = _into(found, step)
    return found


def _into(outer: list[inspect.Type], step: str) -> list[inspect.Type]:
    """Return the types that may stand one step further in: under a name, or as an item."""
    return [inner for each in outer for found in _inside(each, step) for inner in _alternatives(found)]


def _inside(declared: inspect.Type, step: str) -> Iterator[inspect.Type]:
    match declared:
        case _ if not step:
            yield declared
        case inspect.StructType():
            yield from (field.type for field in declared.fields if field.encode_name == step)
        case inspect.DictType() if step.startswith("["):
            yield declared.value_type
        case inspect.CollectionType() if step.startswith("["):
            yield declared.item_type


def _alternatives(declared: inspect.Type) -> Iterator[inspect.Type]:
    match declared:
        case inspect.Metadata():
            yield from _alternatives(declared.type)
        case inspect.UnionType():
            for each in declared.types:
                yield from _alternatives(each)
        case _:
            yield declared


def _tags(found: list[inspect.Type], field: str) -> list[str]:
    """Return what tells these types apart, if `field` does."""
    return [str(each.tag) for each in found if isinstance(each, inspect.StructType) and each.tag_field == field]


def _choices(found: list[inspect.Type]) -> list[str]:
    return [str(value) for each in found if isinstance(each, inspect.LiteralType) for value in each.values]


def _one_of(word: str, names: list[str]) -> str:
    if not names:
        return ""
    near = nearest(word, names)
    return f"It is one of: {', '.join(names)}.{f' Did you mean {near!r}?' if near else ''}"


def _fields_near(word: str, found: list[inspect.Type]) -> str:
    structs = [each for each in found if isinstance(each, inspect.StructType)]
    names = [field.encode_name for each in structs for field in each.fields]
    if len(structs) == 1:
        return did_you_mean(word, names).strip()
    # Which of several it is meant to be is not known here, so all that is said is what is near.
    near = nearest(word, names)
    return f"Did you mean {near!r}?" if near else ""
