"""What can be said about a description: that it is refused, that an operation is left out, that something is lost."""

from typing import Annotated

from msgspec import Meta, Struct

from flows.errors import HeadraceError


class SpecRefused(HeadraceError):
    """A description that no pack is made of."""

    code = "spec_refused"


class Skip(Exception):
    """An operation, or a part of one, cannot be used; the text says why, as the end of a sentence."""


class Note(Struct, frozen=True, kw_only=True):
    """Something a person should know about what was made."""

    operation: Annotated[str, Meta(description="`GET /path`; empty for the whole document.")] = ""
    message: Annotated[str, Meta(description="What, in a sentence.")]
    is_skipped: Annotated[bool, Meta(description="Whether the operation was left out.")] = False

    def __str__(self) -> str:
        if not self.operation:
            return self.message
        return f"{self.operation}: {'skipped, because ' if self.is_skipped else ''}{self.message}"
