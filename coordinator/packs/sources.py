"""Where packs come from: the bundled catalog, installed distributions, an upload, an address.

An upload and what comes from an address are zips, and bring no code.  An address is only read together with the
SHA-256 of what it must give, and only at public hosts unless the settings allow others.
"""

import asyncio
import hashlib
import importlib.util
import re
from collections.abc import Callable, Iterator
from importlib.metadata import entry_points
from pathlib import Path
from threading import Lock
from typing import Annotated, Any, Final

from msgspec import Meta, Struct

from coordinator.logs import get_logger
from flows.errors import HeadraceError, InputRejected, NotFound
from flows.network import AddressRefused
from flows.problems import did_you_mean
from flows.sdk import NetworkPolicy
from packs.archive import MAX_ARCHIVE_BYTES, read_archive
from packs.loader import CATALOG, folder_files, read_head, sound_pack
from packs.manifest import FILE
from packs.pack import Pack, PackHead

ENTRY_POINTS: Final = "headrace.packs"
FETCH_SECONDS: Final = 30.0

CATALOG_SOURCE: Final = "catalog"
DISTRIBUTION_SOURCE: Final = "distribution "

Mark = tuple[tuple[str, int, int], ...]
"""The files of a folder, each with its time and size."""

log = get_logger(__name__)


class PackUnavailable(HeadraceError):
    """A pack cannot be fetched from its address."""

    code = "pack_unavailable"


class PackSource(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which pack is meant: exactly one of `pack`, `zip` and `url`."""

    pack: Annotated[str, Meta(description="The name of a pack that is available here.")] = ""
    zip: Annotated[bytes, Meta(description="A zipped pack, in base64.")] = b""
    url: Annotated[str, Meta(description="The https address of a zipped pack.", max_length=2000)] = ""
    sha256: Annotated[str, Meta(description="The SHA-256 of the zip, in hex; must be given with `url`.")] = ""


class FoundPack(Struct, frozen=True):
    """A pack that was read, and the words for where it came from."""

    pack: Pack
    source: str


class ListedPack(Struct, frozen=True):
    """A pack that can be installed by name: its head, the words for where it came from, and its folder."""

    head: PackHead
    source: str
    folder: Path


def is_ours(source: str) -> bool:
    """Whether a pack was put here by whoever set up the server, and not brought by an upload or from an address."""
    return source == CATALOG_SOURCE or source.startswith(DISTRIBUTION_SOURCE)


class PackSources:
    """Finds packs.  `network` says where addresses may lead."""

    def __init__(self, network: Callable[[], NetworkPolicy], catalog: Path = CATALOG) -> None:
        self._network = network
        self._catalog = catalog
        self._heads: dict[Path, tuple[Mark, PackHead | None]] = {}
        self._packs: dict[Path, Pack] = {}
        self._reading = Lock()

    def listed(self) -> dict[str, ListedPack]:
        """Return the packs of the catalog and of installed distributions, by name; broken ones are logged.

        Their flows are not compiled: that takes most of a second, and most of them nobody will ask for.
        """
        found: dict[str, ListedPack] = {}
        with self._reading:
            for folder, source in self._folders():
                if (head := self._head(folder, source)) is not None:
                    found.setdefault(head.manifest.name, ListedPack(head, source, folder))
        return dict(sorted(found.items()))

    def head(self, name: str) -> ListedPack:
        """Return what lists say of an available pack.  Raises NotFound."""
        found = self.listed()
        if name not in found:
            raise NotFound(f"There is no pack {name!r}.{did_you_mean(name, found)}")
        return found[name]

    def named(self, name: str) -> FoundPack:
        """Return an available pack.  Raises NotFound, FlowInvalid."""
        listed = self.head(name)
        with self._reading:
            known = self._packs.get(listed.folder)
            if known is None or known.digest != listed.head.digest:
                known = self._packs[listed.folder] = sound_pack(listed.head.files, str(listed.folder))
        return FoundPack(known, listed.source)

    async def find(self, source: PackSource) -> FoundPack:
        """Return the pack that is meant.  Raises NotFound, FlowInvalid, InputRejected, PackUnavailable."""
        if [bool(source.pack), bool(source.zip), bool(source.url)].count(True) != 1:
            raise InputRejected("Say which pack: give one of `pack`, `zip` and `url`.")
        if source.pack:
            return await asyncio.to_thread(self.named, source.pack)
        if source.zip:
            _check_digest(source.zip, source.sha256)
            return FoundPack(await asyncio.to_thread(_unpacked, source.zip), "upload")
        if not source.url.startswith("https://"):
            raise InputRejected("The address of a pack starts with https://.")
        if not source.sha256:
            raise InputRejected("Give the SHA-256 of the zip as `sha256`: what the address gives may change.")
        content = await self._fetch(source.url)
        _check_digest(content, source.sha256)
        return FoundPack(await asyncio.to_thread(_unpacked, content), source.url.partition("?")[0])

    def _folders(self) -> Iterator[tuple[Path, str]]:
        for manifest in sorted(self._catalog.glob(f"*/{FILE}")):
            yield manifest.parent, CATALOG_SOURCE
        for point in entry_points(group=ENTRY_POINTS):
            # The module is not imported: a pack is data, and what it needs of code it registers as components.
            found = importlib.util.find_spec(point.module)
            places: list[str] = [] if found is None else list(found.submodule_search_locations or ())
            yield from (
                (Path(place), f"{DISTRIBUTION_SOURCE}{point.dist.name if point.dist else '?'}") for place in places
            )

    def _head(self, folder: Path, source: str) -> PackHead | None:
        """Read the head of a pack unless it is known and none of its files changed; None for a broken one."""
        mark = _mark(folder)
        known = self._heads.get(folder)
        if known is not None and known[0] == mark:
            return known[1]
        head = None
        try:
            head = read_head(folder_files(folder), str(folder))
        except HeadraceError as error:
            log.error("a pack cannot be read", source=source, error=str(error))
        self._heads[folder] = mark, head
        return head

    async def _fetch(self, url: str) -> bytes:
        # Imported with the first pack that is fetched: the HTTP client takes a good part of the time to start.
        import aiohttp

        from flows.steps._http_client import open_client

        timeout = aiohttp.ClientTimeout(total=FETCH_SECONDS)
        try:
            async with (
                open_client(self._network()) as client,
                client.get(url, allow_redirects=False, timeout=timeout) as response,
            ):
                if response.status != 200:
                    raise PackUnavailable(
                        f"The address answered with the status {response.status}.", fix="Give the address of the zip."
                    )
                return await _body(response.content)
        except (aiohttp.ClientError, AddressRefused, TimeoutError, OSError, ValueError) as error:
            raise PackUnavailable(f"The pack cannot be fetched: {error or type(error).__name__}.") from error


def _mark(folder: Path) -> Mark:
    """Return what changes when a file of a pack does."""
    found = ((path.name, path.stat()) for path in (*folder.glob("*"), *folder.glob("flows/*")))
    return tuple(sorted((name, stat.st_mtime_ns, stat.st_size) for name, stat in found))


def _unpacked(archive: bytes) -> Pack:
    return sound_pack(read_archive(archive))


async def _body(stream: Any) -> bytes:
    content = b""
    async for chunk in stream.iter_chunked(1 << 16):
        content += chunk
        if len(content) > MAX_ARCHIVE_BYTES:
            raise PackUnavailable(f"The archive is larger than {MAX_ARCHIVE_BYTES >> 20} MiB.")
    return content


def _check_digest(content: bytes, expected: str) -> None:
    """Compare with what was promised.  Raises InputRejected."""
    if not expected:
        return
    if not re.fullmatch(r"[0-9a-fA-F]{64}", expected):
        raise InputRejected("A SHA-256 is 64 hexadecimal digits.")
    if (found := hashlib.sha256(content).hexdigest()) != expected.lower():
        raise InputRejected(f"The archive is not the expected one: its SHA-256 is {found}.")
