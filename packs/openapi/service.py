"""Find out where an API is and how requests prove who sends them: the connection of the pack."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from flows.urls import UrlInvalid, parse_fixed_url, split_host_port
from packs.openapi.notes import Skip
from packs.openapi.operations import Operation
from packs.openapi.paths import path_template
from packs.openapi.spec import Spec
from packs.openapi.text import plain, shortened

Auth = Literal["", "none", "bearer", "basic"]
_VARIABLE: Final = re.compile(r"\{([^{}]*)\}")
_ORIGIN: Final = re.compile(r"(https?)://([^/?#]+)((?:/[^?#]*)?)", re.IGNORECASE)
_MAX_SCOPES: Final = 20
_FIELDS: Final = {"authorizationUrl": "authorize_url", "tokenUrl": "token_url"}
# What is easiest to supply comes first.
_ORDER: Final = ("bearer", "api_key", "basic", "oauth2_authorization_code", "oauth2_client_credentials")


@dataclass
class Service:
    """Where requests go.  Without `auth` a flow says the whole URL, and the pack needs no connection."""

    base_url: str
    auth: dict[str, Any] | None = None
    about: str = ""
    notes: list[str] = field(default_factory=list)

    @property
    def needs_connection(self) -> bool:
        """Whether somebody has to supply something before the tools work."""
        return self.auth is not None or not self.base_url


def read_service(spec: Spec, operations: Iterable[Operation], said: Auth = "") -> Service:
    """Read servers and security of a description, for the operations that were chosen."""
    service = Service("")
    _read_server(spec, service)
    if said:
        service.auth = None if said == "none" else {"type": said}
        return service
    found = _schemes(spec, service)
    if not found:
        service.notes.append("The description names no way to sign in. If the API asks for one, say `--auth bearer`.")
        return service
    if spec.root.get("security") == [] and not any(operation.raw.get("security") for operation in operations):
        return service
    name, auth = min(found.items(), key=lambda item: _ORDER.index(item[1]["type"]))
    if auth["type"].startswith("oauth2_") and (scopes := _scopes(spec, operations, name)):
        auth["scopes"] = scopes
    service.auth = auth
    return service


def _read_server(spec: Spec, service: Service) -> None:
    servers = spec.root.get("servers")
    first = servers[0] if isinstance(servers, list) and servers and isinstance(servers[0], dict) else {}
    try:
        service.base_url = base_url(first)
    except Skip as reason:
        service.notes.append(
            f"The description does not say where the API is: {reason}. Whoever installs the pack does."
        )


def base_url(server: Mapping[str, Any]) -> str:
    """Return the address of a server with the defaults of its variables.  Raises Skip."""
    url, variables = server.get("url"), server.get("variables")
    if not isinstance(url, str) or not url:
        raise Skip("it names no server")
    for name in _VARIABLE.findall(url):
        declared = variables.get(name) if isinstance(variables, dict) else None
        default = declared.get("default") if isinstance(declared, dict) else None
        if not isinstance(default, str) or not default:
            raise Skip(f"the address of the server has {{{plain(name)[:40]}}}, which has no default")
        url = url.replace(f"{{{name}}}", default)
    if url.startswith("/"):
        raise Skip("the address of the server is relative")
    origin = _ORIGIN.fullmatch(url)
    if origin is None:
        raise Skip("the address of the server does not begin with https:// and a host")
    scheme, authority, path = origin.groups()
    try:
        host, port = split_host_port(authority)
    except ValueError as error:
        raise Skip(f"the address of the server cannot be used: {str(error).rstrip('.')}") from None
    path = path.rstrip("/")
    return f"{scheme.lower()}://{host}{port}{path_template(path, {}) if path else ''}"


def is_elsewhere(operation: Operation, service: Service) -> str:
    """Return the host when an operation goes to another server than the others, else nothing."""
    if not isinstance(operation.servers, list) or not operation.servers:
        return ""
    found = []
    for server in operation.servers:
        try:
            found.append(base_url(server if isinstance(server, dict) else {}))
        except Skip:
            continue
    return "" if not found or service.base_url in found else plain(urlsplit(found[0]).netloc)[:100]


def _schemes(spec: Spec, service: Service) -> dict[str, dict[str, Any]]:
    components = spec.root.get("components")
    raws = components.get("securitySchemes") if isinstance(components, dict) else None
    found: dict[str, dict[str, Any]] = {}
    for name, raw in raws.items() if isinstance(raws, dict) else ():
        try:
            node = spec.refs.resolve(raw)
        except Skip:
            continue
        if (auth := _auth(node)) is not None:
            found[name] = auth
            service.about = service.about or shortened(plain(node.get("description")), 300)
        else:
            kind = plain(str(node.get("type")))[:40]
            service.notes.append(f"The way to sign in {plain(name)[:60]!r} ({kind}) has no counterpart here.")
    return found


def _auth(node: Mapping[str, Any]) -> dict[str, Any] | None:
    kind, scheme = node.get("type"), str(node.get("scheme", "")).lower()
    if kind == "http" and scheme in ("bearer", "basic"):
        return {"type": scheme}
    if kind == "apiKey" and node.get("in") in ("header", "query") and _is_key_name(node.get("name")):
        if str(node["name"]).lower() == "authorization":
            return {"type": "bearer"}
        return {"type": "api_key", "name": node["name"], **({"place": "query"} if node["in"] == "query" else {})}
    flows = node.get("flows")
    if kind == "oauth2" and isinstance(flows, dict):
        if "authorizationCode" in flows:
            found = {"type": "oauth2_authorization_code"}
            if node.get("x-preset") == "google":
                return {**found, "preset": "google"}
            return {**found, **_addresses(flows["authorizationCode"], "authorizationUrl", "tokenUrl")}
        if "clientCredentials" in flows:
            return {"type": "oauth2_client_credentials", **_addresses(flows["clientCredentials"], "tokenUrl")}
    return None


def _addresses(flow: Any, *keys: str) -> dict[str, str]:
    """Return the addresses of an OAuth provider; one that cannot be used is asked for when the pack is installed."""
    found = {}
    for key in keys:
        try:
            found[_FIELDS[key]] = parse_fixed_url(str(_mapping(flow).get(key)))
        except UrlInvalid:
            continue
    return found


def _mapping(node: Any) -> Mapping[str, Any]:
    return node if isinstance(node, dict) else {}


def _is_key_name(name: Any) -> bool:
    return isinstance(name, str) and re.fullmatch(r"[A-Za-z0-9_.$\[\]-]{1,100}", name) is not None


def _scopes(spec: Spec, operations: Iterable[Operation], name: str) -> list[str]:
    """Choose the fewest scopes with which every operation has one of its alternatives."""
    default = spec.root.get("security")
    open_ones = [found for each in operations if (found := _alternatives(each.raw.get("security", default), name))]
    chosen: list[str] = []
    while open_ones and len(chosen) < _MAX_SCOPES:
        counts = Counter(scopes for alternatives in open_ones for scopes in dict.fromkeys(alternatives))
        best = counts.most_common(1)[0][0]
        chosen += [scope for scope in best if scope not in chosen]
        open_ones = [each for each in open_ones if best not in each]
    return chosen


def _alternatives(security: Any, name: str) -> list[tuple[str, ...]]:
    found = []
    for each in security if isinstance(security, list) else ():
        scopes = each.get(name) if isinstance(each, dict) else None
        if isinstance(scopes, list) and scopes:
            found.append(tuple(plain(scope)[:200] for scope in scopes if isinstance(scope, str)))
    return found
