"""Answer requests for the pages: a file by its name, and the first page for every address that is one of the pages'.

The addresses are decided in the browser, so all of them get the same text, which holds no data: everything that the
pages show they ask `/api` for, and that asks who they are.  A browser at an address that nobody has gets that text too,
with the status that says so: the pages have a word for it, and the way back.
"""

import asyncio
from collections.abc import Awaitable, MutableMapping
from pathlib import Path
from typing import Any, Final

from coordinator.access.guard import App, Header, Message, Receive, Send
from coordinator.access.presented import folded_headers
from coordinator.pages.files import ASSETS, INDEX, PageFile, read_pages

Scope = MutableMapping[str, Any]

SECTIONS: Final = frozenset(
    {"flows", "packs", "connections", "tools", "runs", "workers", "problems", "settings", "approvals", "help"}
)
"""The first words of the addresses of pages."""
NOT_FOUND: Final = b"There is no such file. The pages were built anew; load them again.\n"
NO_PAGE: Final = b"There is nothing under this address. / says what there is.\n"
"""For a browser, where the pages are not built."""
PLAIN_TEXT: Final = (b"content-type", b"text/plain; charset=utf-8")


class Pages:
    """An application that answers what is for the pages, and hands everything else to the `other` one.

    The pages are read when somebody first asks for one, and again when they were built anew.
    """

    def __init__(self, directory: Path, other: App) -> None:
        self._directory = directory
        self._other = other
        self._files: dict[str, PageFile] = {}
        self._built: int | None = None
        self._reading = asyncio.Lock()

    @property
    def are_built(self) -> bool:
        """Whether there is anything to show."""
        return (self._directory / INDEX).is_file()

    def handles(self, scope: Scope) -> bool:
        """Whether a request is for a page or one of its files: then it is answered here, else by REST."""
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            return False
        path: str = scope["path"]
        if path.startswith(ASSETS):
            return True
        is_page = path == "/" or path[1:].partition("/")[0] in SECTIONS
        return is_page and _is_browser(scope) and self.are_built

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Answer one request, or have it answered."""
        if self.handles(scope):
            return self._answer(scope, send)
        if scope["type"] == "http" and _is_browser(scope) and not scope["path"].startswith("/api/"):
            return self._ask(scope, receive, send)
        return self._other(scope, receive, send)

    async def _ask(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Have a browser answered; what nobody knows of is said for people."""
        is_unknown = False

        async def send_unless_unknown(message: Message) -> None:
            nonlocal is_unknown
            is_unknown = is_unknown or message.get("status") == 404
            if not is_unknown:
                await send(message)

        await self._other(scope, receive, send_unless_unknown)
        if is_unknown:
            await self._read_again()
            file = self._files.get(f"/{INDEX}")
            headers, text = ([PLAIN_TEXT], NO_PAGE) if file is None else (_headers(file), file.content)
            await _send(scope, send, 404, headers, text)

    async def _answer(self, scope: Scope, send: Send) -> None:
        await self._read_again()
        path: str = scope["path"]
        file = self._files.get(path if path.startswith(ASSETS) else f"/{INDEX}")
        headers = folded_headers(scope)
        if file is None:
            await _send(scope, send, 404, [PLAIN_TEXT], NOT_FOUND)
        elif headers.get(b"if-none-match") == file.etag.encode():
            await _send(scope, send, 304, _headers(file), b"")
        elif file.compressed is not None and _takes_gzip(headers.get(b"accept-encoding", b"")):
            await _send(scope, send, 200, [*_headers(file), (b"content-encoding", b"gzip")], file.compressed)
        else:
            await _send(scope, send, 200, _headers(file), file.content)

    async def _read_again(self) -> None:
        built = self._time_of_build()
        if built == self._built:
            return
        async with self._reading:
            if built != self._built:
                self._files = await asyncio.to_thread(read_pages, self._directory)
                self._built = built

    def _time_of_build(self) -> int | None:
        try:
            return (self._directory / INDEX).stat().st_mtime_ns
        except OSError:
            return None


def _headers(file: PageFile) -> list[Header]:
    found = [("content-type", file.type), ("cache-control", file.cache), ("etag", file.etag)]
    if file.compressed is not None:
        found.append(("vary", "accept-encoding"))
    return [(name.encode(), value.encode()) for name, value in found]


def _is_browser(scope: Scope) -> bool:
    asks = scope["method"] in ("GET", "HEAD")
    return asks and b"text/html" in folded_headers(scope).get(b"accept", b"")


def _takes_gzip(accepted: bytes) -> bool:
    choices = (choice.replace(b" ", b"").lower().partition(b";") for choice in accepted.split(b","))
    return any(name == b"gzip" and weight not in (b"q=0", b"q=0.0") for name, _, weight in choices)


async def _send(scope: Scope, send: Send, status: int, headers: list[Header], body: bytes) -> None:
    if status != 304:
        headers = [*headers, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})
