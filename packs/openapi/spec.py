"""Recognise a description, and turn every kind into OpenAPI 3.  Raises SpecRefused."""

from dataclasses import dataclass, field
from typing import Any, Final

from packs.openapi.discovery import as_openapi
from packs.openapi.notes import SpecRefused
from packs.openapi.reading import read_document
from packs.openapi.refs import Refs
from packs.openapi.text import plain

DISCOVERY_KINDS: Final = ("discovery#restDescription",)


@dataclass(frozen=True)
class Spec:
    """A description that was read.  `root` is OpenAPI 3; `kind` says what it was."""

    root: dict[str, Any] = field(repr=False)
    kind: str
    refs: Refs = field(repr=False)

    @property
    def title(self) -> str:
        """The API's name for people."""
        info = self.root.get("info")
        return plain(info.get("title"))[:80] if isinstance(info, dict) else ""

    @property
    def is_openapi_30(self) -> bool:
        """Whether its schemas have the quirks of OpenAPI 3.0."""
        return self.kind.startswith("OpenAPI 3.0")


def read_spec(content: bytes) -> Spec:
    """Read an API description."""
    root = read_document(content)
    if root.get("kind") in DISCOVERY_KINDS or "discoveryVersion" in root:
        return _spec(as_openapi(root), "Google Discovery")
    if "swagger" in root:
        raise SpecRefused("This is OpenAPI 2.0 (Swagger).", fix="Convert it to OpenAPI 3 first.")
    version = str(root.get("openapi", ""))
    if not version.startswith(("3.0", "3.1")):
        shown = f"`openapi: {version[:20]}`" if version else "no `openapi:`"
        raise SpecRefused(f"The document has {shown}.", fix="Give OpenAPI 3.0 or 3.1, or a Google Discovery document.")
    if not isinstance(root.get("paths"), dict):
        raise SpecRefused("The description has no paths.")
    return _spec(root, f"OpenAPI {version[:3]}")


def _spec(root: dict[str, Any], kind: str) -> Spec:
    return Spec(root, kind, Refs(root))
