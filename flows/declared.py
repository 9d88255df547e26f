"""Read the declared types of a component's fields: their kind, their elements, what is a Struct of its own."""

from functools import cache, lru_cache
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from msgspec import Meta, Struct, UnsetType
from msgspec.structs import FieldInfo
from msgspec.structs import fields as read_fields

Declared = Any
"""A type annotation of a field."""


@cache
def fields_of(declared: type[Struct]) -> dict[str, FieldInfo]:
    """Return the fields of a Struct by their names in YAML; reading annotations is slow, so it is done once."""
    return {field.encode_name: field for field in read_fields(declared)}


@lru_cache(maxsize=1024)
def kind_of(declared: Declared) -> tuple[str, Declared]:
    """Return the kind of a field ("" for a plain one) and its type without annotations and without "unset"."""
    marks, bare = _marks_of(declared)
    return str(marks.get("x-kind", "")), bare


@lru_cache(maxsize=1024)
def takes_secrets(declared: Declared) -> bool:
    """Whether `${{ secrets.NAME.FIELD }}` may stand in a field."""
    return bool(_marks_of(declared)[0].get("x-secrets"))


def _marks_of(declared: Declared) -> tuple[dict[str, Any], Declared]:
    """Return what the annotations of a type add to its schema, the inner ones first, and the type without them."""
    marks: dict[str, Any] = {}
    while True:
        if _origin(declared) is Annotated:
            declared, *metas = get_args(declared)
            for meta in reversed(metas):
                marks |= (meta.extra_json_schema if isinstance(meta, Meta) else None) or {}
        elif _origin(declared) in (Union, UnionType):
            options = [option for option in get_args(declared) if option not in (UnsetType, NoneType)]
            if len(options) != 1:
                return marks, declared
            declared = options[0]
        else:
            return marks, declared


def _origin(declared: Declared) -> Any:
    return get_origin(declared)


def is_mapping(declared: Declared) -> bool:
    """Whether the type is a dict with declared values."""
    return _origin(declared) is dict


def is_struct(declared: Declared) -> bool:
    """Whether the type is a Struct."""
    return isinstance(declared, type) and issubclass(declared, Struct)


@lru_cache(maxsize=1024)
def element_of(declared: Declared) -> Declared | None:
    """Return the type of a collection's elements when they must be bound one by one, else None."""
    if _origin(declared) not in (list, tuple, dict):
        return None
    arguments = [argument for argument in get_args(declared) if argument is not Ellipsis]
    kind, bare = kind_of(arguments[-1])
    return arguments[-1] if kind or is_struct(bare) else None


def item_type_of(declared: Declared) -> Declared | None:
    """Return the type of a list's items, None when it is not a list."""
    _, bare = kind_of(declared)
    return get_args(bare)[0] if _origin(bare) is list else None
