"""Fetch a page at an address that a caller chose: over the web, nowhere else, and not much of it."""

import codecs
import re
from typing import Final, NamedTuple

import aiohttp
from yarl import URL

from flows.errors import StepError
from flows.sdk import NetworkPolicy, StepContext
from flows.steps import _http_body as bodies
from flows.steps import _http_errors as errors
from flows.steps._http_client import Request, client_of, send
from flows.urls import parse_foreign_url, resolve_redirect

MAX_REDIRECTS: Final = 10
CONNECT_SECONDS: Final = 10.0
READ_SECONDS: Final = 20.0
REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
HTML_TYPES: Final = frozenset({"text/html", "application/xhtml+xml"})
_ACCEPT: Final = {"Accept": "text/html,application/xhtml+xml,text/plain;q=0.9,application/json;q=0.8,*/*;q=0.1"}
_WEB_PORTS: Final = (80, 443)
_SERVICE_PORTS: Final = 1024

_LATIN: Final = frozenset({"ascii", "iso8859-1"})
_IN_HTML: Final = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([A-Za-z0-9_.:-]{1,40})""", re.IGNORECASE)
_LOOKED_AT: Final = 2048


class Hosts(NamedTuple):
    """Which hosts may be asked; `*.example.com` means all below example.com.  Empty `allowed` is every host."""

    allowed: frozenset[str]
    denied: frozenset[str]

    def policy_for(self, url: URL, policy: NetworkPolicy) -> NetworkPolicy:
        """Return where the socket may go: what settings open to flows is open here for hosts that are named only."""
        return policy if (url.host or "").rstrip(".").lower() in self.allowed else NetworkPolicy()

    def check(self, url: URL) -> None:
        """Return when the address may be asked.  Raises StepError."""
        host, port = (url.host or "").rstrip(".").lower(), url.port or 0
        if port < _SERVICE_PORTS and port not in _WEB_PORTS:
            message = f"Port {port} of {host} is not one of the web."
            raise StepError(message, code="host_refused", fix="Give an address without a port.")
        names = {host, *(f"*.{host[place + 1 :]}" for place, char in enumerate(host) if char == ".")}
        if names & self.denied or (self.allowed and not names & self.allowed):
            message = f"Pages of {host} are not fetched here."
            raise StepError(message, code="host_refused", fix="Whoever installed this tool chose which hosts it asks.")


class Page(NamedTuple):
    """A page as it came."""

    url: str
    status: int
    content_type: str
    text: str

    @property
    def is_html(self) -> bool:
        """Whether it is HTML."""
        return self.content_type in HTML_TYPES


def hosts_of(allowed: list[str], denied: list[str]) -> Hosts:
    """Return the hosts as they are compared."""
    return Hosts(frozenset(map(_canonical, allowed)), frozenset(map(_canonical, denied)))


async def fetch(address: str, hosts: Hosts, max_bytes: int, context: StepContext) -> Page:
    """Fetch a page along its redirects, each of which must lead to where one may go.  Raises StepError."""
    try:
        url = URL(parse_foreign_url(address), encoded=True)
    except ValueError as problem:
        raise StepError(str(problem), code="bad_url", fix="Give the whole address of a page.") from None
    for left in range(MAX_REDIRECTS, -1, -1):
        hosts.check(url)
        request = Request("GET", url, _ACCEPT, None, CONNECT_SECONDS, READ_SECONDS)
        if context.remaining <= 0:
            raise errors.out_of_time(request)
        try:
            client = await client_of(context, hosts.policy_for(url, context.network))
            outcome = await _ask(client, request, max_bytes, context.remaining)
        except (aiohttp.ClientError, OSError) as problem:
            raise errors.failed(problem, request) from problem
        if isinstance(outcome, Page):
            return outcome
        if left:
            url = outcome
    raise StepError(
        f"{_shown(url)} leads on and on: {MAX_REDIRECTS} redirects were followed.",
        code="too_many_redirects",
        fix="Give the address of the page itself.",
    )


async def _ask(client: aiohttp.ClientSession, request: Request, max_bytes: int, seconds: float) -> Page | URL:
    response = await send(client, request, seconds)
    try:
        if response.status in REDIRECTS and "Location" in response.headers:
            try:
                target = URL(resolve_redirect(str(request.url), response.headers["Location"]), encoded=True)
            except ValueError as problem:
                raise errors.bad_redirect(request, response.status, str(problem)) from problem
            response.release()
            return target
        if not 200 <= response.status < 300:
            raise _unexpected(request, response)
        return await _read(request, response, max_bytes)
    except BaseException:
        response.close()
        raise


async def _read(request: Request, response: aiohttp.ClientResponse, max_bytes: int) -> Page:
    declared = response.headers.get("Content-Type", "")
    kind = declared.partition(";")[0].strip().lower()
    if kind and kind not in HTML_TYPES and bodies.kind_of(declared, b"") == "bytes":
        raise _no_page(request, kind[:80])
    try:
        body = await bodies.read_body(response, max_bytes)
    except bodies.BodyTooLarge:
        message = f"{_shown(request.url)} is larger than {max_bytes:,} bytes."
        raise StepError(message, code="page_too_large", fix="Look for a shorter page with the same content.") from None
    if not kind:
        if bodies.kind_of("", body) == "bytes":
            raise _no_page(request, "of no declared type")
        kind = "text/html" if body.lstrip()[:1] == b"<" else "text/plain"
    charset = _charset(response.charset, body, in_html=kind in HTML_TYPES)
    return Page(str(request.url), response.status, kind, body.decode(charset, "replace"))


def _charset(declared: str | None, body: bytes, *, in_html: bool) -> str:
    """Return the encoding of a page: its mark, what the server says, what the page says, or what fits."""
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if body.startswith(mark):
            return name
    names = [declared or ""]
    if in_html and (found := _IN_HTML.search(body[:_LOOKED_AT])):
        names.append(found[1].decode())
    for name in names:
        if known := bodies.known_charset(name):
            return "cp1252" if known in _LATIN else known  # as the web means it: WHATWG Encoding, section 4.2
    try:
        body.decode()
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _canonical(pattern: str) -> str:
    """Return a host as URLs have it, in small letters and without characters beyond ASCII."""
    star, name = ("*.", pattern[2:]) if pattern.startswith("*.") else ("", pattern)
    try:
        host = URL(parse_foreign_url(f"https://{name.strip().rstrip('.')}/"), encoded=True).host or ""
    except ValueError:
        message = f"{pattern[:100]!r} is no host."
        raise StepError(message, code="bad_value", fix="Write example.com, or *.example.com for all below.") from None
    return star + host.lower()


def _unexpected(request: Request, response: aiohttp.ClientResponse) -> StepError:
    status = response.status
    retryable = status == 429 or status >= 500
    return StepError(
        f"{_shown(request.url)} answered {errors.status_text(status)}.",
        code=f"http_{status}",
        fix="Try again later." if retryable else "Check the address, or look for another page.",
        retryable=retryable,
    )


def _no_page(request: Request, kind: str) -> StepError:
    message = f"{_shown(request.url)} is {kind}, which is not read as text."
    return StepError(message, code="not_text", fix="Look for an HTML or text version of it.")


def _shown(url: URL) -> str:
    return str(url).partition("?")[0][:300]
