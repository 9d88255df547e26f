"""Say what this installation is made of: versions, and every library with its licence.

Reads the metadata of packages, and what the build of the pages wrote of its own.
"""

import platform
import re
import sys
from collections.abc import Iterator
from functools import cache
from importlib.metadata import Distribution, PackageMetadata, PackageNotFoundError, distribution
from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

OWN_NAME: Final = "headrace"
LICENCES: Final = "licences.json"
LONGEST_LICENCE: Final = 80
_REQUIREMENT: Final = re.compile(r"([A-Za-z0-9._-]+)\s*(?:\[([^\]]*)\])?")
_EXTRA: Final = re.compile(r"extra\s*==\s*[\"']([^\"']+)")
_CLASSIFIER: Final = "License :: "


class Library(Struct, frozen=True, kw_only=True):
    """A library that Headrace uses."""

    name: Annotated[str, Meta(description="Its name.")]
    version: Annotated[str, Meta(description="Its version here.")]
    licence: Annotated[str, Meta(description="Its licence, as its authors say; empty when they do not.")]
    url: Annotated[str, Meta(description="Where it is described; empty when that is not said.")]


class PageLibrary(Library, frozen=True, kw_only=True):
    """A library that the built pages contain."""

    text: Annotated[str, Meta(description="The text of its licence; empty when it brings none.")]


def page_libraries(directory: Path) -> list[PageLibrary]:
    """Return what the pages in a directory contain, by name, as their build wrote it; nothing when it did not."""
    file = directory / LICENCES
    return msgspec.json.decode(file.read_bytes(), type=list[PageLibrary]) if file.is_file() else []


@cache
def libraries() -> tuple[Library, ...]:
    """Return what is installed of what Headrace needs, however indirectly, by name.  Reads some hundred files."""
    found: dict[tuple[str, str], Distribution] = {}
    ahead = [(OWN_NAME, "")]
    while ahead:
        name, extra = wanted = ahead.pop()
        if wanted in found:
            continue
        try:
            found[wanted] = distribution(name)
        except PackageNotFoundError:  # only for other systems, or an extra that is not installed
            continue
        ahead += _needs(found[wanted], extra)
    by_name = {name: each for (name, _), each in found.items() if name != OWN_NAME}
    return tuple(sorted(map(_library, by_name.values()), key=lambda each: each.name.casefold()))


def python_version() -> str:
    """Return which Python runs this, and on what."""
    return f"{platform.python_implementation()} {platform.python_version()} on {sys.platform}"


def _needs(found: Distribution, extra: str) -> Iterator[tuple[str, str]]:
    """Name what a distribution requires: itself, for one of its extras, or, where it is ours, for any of them."""
    for line in found.requires or ():
        requirement, _, marker = line.partition(";")
        match = _REQUIREMENT.match(requirement)
        of_extra = _EXTRA.search(marker)
        if match is None or (of_extra and of_extra[1] != extra and _folded(found.metadata["Name"]) != OWN_NAME):
            continue
        yield from ((_folded(match[1]), each.strip()) for each in ("", *(match[2] or "").split(",")))


def _library(found: Distribution) -> Library:
    metadata = found.metadata
    return Library(
        name=metadata["Name"],
        version=found.version,
        licence=_licence(metadata),
        url=_url(metadata),
    )


def _licence(metadata: PackageMetadata) -> str:
    said = _first(metadata, "License-Expression")
    if not said:
        classes = [each for each in metadata.get_all("Classifier") or () if each.startswith(_CLASSIFIER)]
        said = ", ".join(each.rpartition(" :: ")[2] for each in classes)
    if not said:
        # Some put the whole text there.
        said = next(iter(_first(metadata, "License").splitlines()), "")
    return said[:LONGEST_LICENCE]


def _url(metadata: PackageMetadata) -> str:
    links = [each.partition(",") for each in metadata.get_all("Project-URL") or ()]
    named = {label.strip().casefold(): url.strip() for label, _, url in links}
    url = _first(metadata, "Home-page") or next(
        (named[label] for label in ("homepage", "home", "repository", "source", "documentation") if label in named), ""
    )
    return url if url.startswith(("https://", "http://")) else ""


def _first(metadata: PackageMetadata, field: str) -> str:
    return next(iter(metadata.get_all(field) or ()), "").strip()


def _folded(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
