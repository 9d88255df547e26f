"""What a run gives back: a structured value, or content blocks in the shapes of MCP.

Source: MCP specification 2025-11-25 and 2026-07-28, `ContentBlock` and `CallToolResult`.
"""

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType


class Annotations(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """For whom a block is, and how much it matters."""

    audience: Annotated[list[Literal["user", "assistant"]] | UnsetType, Meta(description="Who should see it.")] = UNSET
    priority: Annotated[
        Annotated[float, Meta(ge=0, le=1)] | UnsetType, Meta(description="0 is optional, 1 is required.")
    ] = UNSET
    lastModified: Annotated[str | UnsetType, Meta(description="When it changed, ISO 8601.")] = UNSET


class _Block(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type"):
    annotations: Annotated[Annotations | UnsetType, Meta(description="Audience, priority, last change.")] = UNSET


class TextBlock(_Block, frozen=True, kw_only=True, tag="text"):
    """Plain text."""

    text: Annotated[str, Meta(description="The text.")]


class ImageBlock(_Block, frozen=True, kw_only=True, tag="image"):
    """A picture."""

    data: Annotated[str, Meta(description="The bytes, base64.")]
    mimeType: Annotated[str, Meta(description="For example image/png.")]


class AudioBlock(_Block, frozen=True, kw_only=True, tag="audio"):
    """A sound."""

    data: Annotated[str, Meta(description="The bytes, base64.")]
    mimeType: Annotated[str, Meta(description="For example audio/wav.")]


class ResourceLinkBlock(_Block, frozen=True, kw_only=True, tag="resource_link"):
    """A pointer to something that the client can read itself."""

    uri: Annotated[str, Meta(description="Where it is.")]
    name: Annotated[str, Meta(description="What it is called.")]
    title: Annotated[str | UnsetType, Meta(description="Its name for people.")] = UNSET
    description: Annotated[str | UnsetType, Meta(description="What it holds.")] = UNSET
    mimeType: Annotated[str | UnsetType, Meta(description="Its type.")] = UNSET
    size: Annotated[Annotated[int, Meta(ge=0)] | UnsetType, Meta(description="Its size in bytes.")] = UNSET


class EmbeddedResource(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The resource inside a `resource` block: exactly one of `text` and `blob`."""

    uri: Annotated[str, Meta(description="Where it is.")]
    mimeType: Annotated[str | UnsetType, Meta(description="Its type.")] = UNSET
    text: Annotated[str | UnsetType, Meta(description="Its text.")] = UNSET
    blob: Annotated[str | UnsetType, Meta(description="Its bytes, base64.")] = UNSET

    def __post_init__(self) -> None:
        if (self.text is UNSET) == (self.blob is UNSET):
            raise ValueError("a resource has either text or blob")


class ResourceBlock(_Block, frozen=True, kw_only=True, tag="resource"):
    """A resource whose content comes along."""

    resource: Annotated[EmbeddedResource, Meta(description="The resource.")]


Block = TextBlock | ImageBlock | AudioBlock | ResourceLinkBlock | ResourceBlock


class Reply(Struct, frozen=True, kw_only=True):
    """The result of a run, neutral of any protocol revision.

    Without `content` the value is shown as text.  `value` is UNSET when the author gave content blocks only.
    """

    value: Any = UNSET
    content: tuple[Block, ...] | UnsetType = UNSET
    is_error: bool = False
