"""Explain the word at a place of a flow: a key by its description, a name or function of an expression."""

import re
from typing import Annotated, Any, Final

from msgspec import Meta, Struct

from coordinator.editing.completion import OF_SECRETS, about, utf16
from coordinator.editing.place import expression_at, offset_of, place_at
from coordinator.editing.schemas import keys_of, schemas_at, the_schema
from coordinator.editing.scope import names_at, value_of
from flows.expr import FUNCTIONS, METHODS
from flows.secrets import SECRETS

_NAME: Final = re.compile(r"[A-Za-z_]\w*")
_BEFORE: Final = re.compile(r"[\w.\[\]'\"]*\.\Z")
_TYPES: Final = {
    str: "text",
    int: "a number",
    float: "a number",
    bool: "true or false",
    list: "a list",
    dict: "a mapping",
}


class Hover(Struct, frozen=True, kw_only=True):
    """What is known of a word; empty where there is nothing to say.  Offsets are UTF-16, as browsers count."""

    start: Annotated[int, Meta(description="Where the word starts.")] = 0
    end: Annotated[int, Meta(description="Where it ends.")] = 0
    title: Annotated[str, Meta(description="The word, or how a function is written.")] = ""
    text: Annotated[str, Meta(description="What it means.")] = ""


NOTHING: Final = Hover()


def hover(text: str, line: int, column: int) -> Hover:
    """Explain what stands at a position."""
    offset = offset_of(text, line, column)
    word = next((found for found in _NAME.finditer(text, _line_start(text, offset)) if found.end() > offset), None)
    if word is None or word.start() > offset:
        return NOTHING
    told = _expression(text, word) if expression_at(text, word.end()) is not None else _key(text, word)
    if told is None:
        return NOTHING
    title, sentence = told
    return Hover(start=utf16(text, word.start()), end=utf16(text, word.end()), title=title, text=sentence)


def _line_start(text: str, offset: int) -> int:
    return text.rfind("\n", 0, offset) + 1


def _key(text: str, word: "re.Match[str]") -> tuple[str, str] | None:
    if not re.match(r"[ \t]*:(\s|$)", text[word.end() : word.end() + 40]):
        return None
    place = place_at(text, word.end())
    if place is None or place.role != "key":
        return None
    schema = keys_of(schemas_at(the_schema(), place.path)).get(word[0])
    return None if schema is None else (word[0], about(schema))


def _expression(text: str, word: "re.Match[str]") -> tuple[str, str] | None:
    expression = expression_at(text, word.start())
    before = _BEFORE.search(text, _line_start(text, word.start()), word.start())
    names = names_at(expression.document, expression.path) if expression is not None else []
    if before is None:
        known = {name.name: name.detail for name in names} | {SECRETS: OF_SECRETS}
        if word[0] in known:
            return word[0], f"{known[word[0]][:1].upper()}{known[word[0]][1:]}."
        return _function(FUNCTIONS.get(word[0]))
    if text[word.end() : word.end() + 1] == "(":
        return _function(next((table[word[0]] for table in METHODS.values() if word[0] in table), None))
    kind = _TYPES.get(type(value_of(names, before[0] + word[0])))
    return None if kind is None else (before[0] + word[0], f"It is {kind}.")


def _function(found: Any) -> tuple[str, str] | None:
    return None if found is None else (found.signature, f"{found.description} {found.example} gives {found.result}")
