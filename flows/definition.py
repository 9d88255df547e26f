"""What a version of a flow is made of, before it is compiled: its text, and what an install binds in it.

A `FlowDefinition` is plain data: it crosses process borders and is stored, and everybody who compiles it gets the same
plan under the same digest.  Touches no I/O.
"""

import hashlib
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec import Struct

LANGUAGE: Final = "headrace-flow/1"
"""Part of every digest: a change of the language's meaning makes new versions."""


class Binding(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the install of a pack adds to the text of one of its flows.

    `flows` are all names of flows in the pack: they, and calls of them, get the `prefix`.  `connections` says for the
    pack's own name of a connection which installed one is meant.  `vars` are seen by expressions beside the flow's own
    and win over them.  `note` ends the description of the tool, to tell two installs apart.  A flow that is not
    `listed` can only be called by others.
    """

    install: str = ""
    prefix: str = ""
    flows: tuple[str, ...] = ()
    connections: Mapping[str, str] = {}
    vars: Mapping[str, Any] = {}
    note: str = ""
    listed: bool = True

    def flow_names(self) -> dict[str, str]:
        """Say for the names of flows in the text what they are called here."""
        return {name: self.prefix + name for name in self.flows} if self.prefix else {}

    def describe(self, description: str) -> str:
        """Return the description of a flow as it is seen here."""
        return f"{description} ({self.note})".strip() if self.note else description


UNBOUND: Final = Binding()


class FlowDefinition(Struct, frozen=True, kw_only=True):
    """A text, the file that problems name, and what is bound in it."""

    text: str
    file: str = ""
    binding: Binding = UNBOUND

    @property
    def digest(self) -> str:
        """Name the version."""
        return flow_digest(self.text, self.binding)


def flow_digest(text: str, binding: Binding = UNBOUND) -> str:
    """Name a version by its content, so that two installs never share one: 32 hex digits of a SHA-256."""
    content = f"{LANGUAGE}\n{text}".encode()
    if binding != UNBOUND:
        # No flow holds the character NUL, so no text is the same as another text with its binding.
        content += b"\0" + msgspec.json.encode(binding, order="deterministic")
    return hashlib.sha256(content).hexdigest()[:32]
