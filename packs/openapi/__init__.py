"""Make a pack of readable flows of an API description: OpenAPI 3.0 and 3.1, Google Discovery."""

from packs.openapi.generate import Generated, Options, generate
from packs.openapi.notes import Note, SpecRefused
from packs.openapi.operations import Choice, Operation
from packs.openapi.spec import Spec, read_spec

__all__ = ["Choice", "Generated", "Note", "Operation", "Options", "Spec", "SpecRefused", "generate", "read_spec"]
