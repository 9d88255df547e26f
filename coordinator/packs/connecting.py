"""Turn what a pack declares of a connection, and what whoever installs it supplies, into a connection.

Touches no I/O.  Raises InputRejected with all that does not fit; never repeats a secret.
"""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import replace

from coordinator.connections.model import (
    Config,
    HttpConnection,
    SqlConnection,
    ValuesConnection,
)
from coordinator.connections.service import Draft
from flows.errors import InputRejected
from flows.problems import did_you_mean
from packs.addresses import fill_address, fill_text, placeholders, setting_problem
from packs.connections import AUTH_FIELDS, SETTABLE, AuthFields, ConnectionFields, left_open
from packs.pack import Pack

_NO_AUTH = AuthFields(type="none")


NewConnections = Mapping[str, "NewConnection"]
"""Connections to make together with an install, by the pack's names of them."""
MakeDraft = Callable[[str, Config, Mapping[str, str]], Draft]
"""Checks a connection: `ConnectionService.draft`."""


class NewConnection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A connection to make for an install.  Never shown by `repr`."""

    name: Annotated[str, Meta(description="Its name; empty: made of the names of the install and of the pack's.")] = ""
    settings: Annotated[
        dict[str, Any], Meta(description="What the pack asks for under `settings`, and what else it leaves open.")
    ] = {}
    secrets: Annotated[dict[str, str], Meta(description="The secrets, by name.")] = {}

    def __repr__(self) -> str:
        return f"NewConnection({self.name!r})"


NOTHING_NEW: Final[NewConnections] = MappingProxyType({})


def drafts_of(pack: Pack, install: str, new: NewConnections, draft: MakeDraft, *, is_ours: bool) -> dict[str, Draft]:
    """Return the connections that are to be made, by the pack's names of them.  Raises InputRejected, Conflict.

    A pack that somebody brought (`is_ours` is False) opens nothing by itself: that a connection may reach private
    networks has to be said by whoever installs it.
    """
    drafts: dict[str, Draft] = {}
    declared = pack.manifest.connections
    if not is_ours:
        declared = {own: replace(each, allow_private=False) for own, each in declared.items()}
    for own, supplied in new.items():
        if own not in declared:
            raise InputRejected(f"The pack has no connection {own[:80]!r}.{did_you_mean(own, declared)}")
        name = supplied.name or (install if len(declared) == 1 else f"{install}-{own}")
        drafts[own] = draft(name, *connection_of(own, declared[own], supplied))
    if len({each.name for each in drafts.values()}) < len(drafts):
        raise InputRejected("Two new connections have the same name.")
    return drafts


def private_of(pack: Pack, new: NewConnections, *, is_ours: bool) -> dict[str, bool]:
    """Return the connections that the pack wants to reach private networks, and whether one made for it may."""
    wanting = (own for own, each in pack.manifest.connections.items() if each.allow_private)
    given = {own: supplied.settings.get("allow_private", is_ours) for own, supplied in new.items()}
    return {own: bool(given.get(own, is_ours)) for own in wanting}


def connection_of(own: str, declared: ConnectionFields, supplied: NewConnection) -> tuple[Config, dict[str, str]]:
    """Return the connection and its secrets.  Raises InputRejected."""
    if declared.kind == "http":
        return _http(own, declared, supplied.settings), supplied.secrets
    about = declared.title or declared.description
    if declared.kind == "values":
        secrets = _values(own, declared, supplied)
        return ValuesConnection(fields=tuple(secrets), description=about[:1000]), secrets
    _refuse([*_unknown(own, supplied.settings, ())])
    return SqlConnection(description=about[:1000]), supplied.secrets


def _http(own: str, declared: ConnectionFields, given: Mapping[str, Any]) -> Config:
    auth = declared.auth or _NO_AUTH
    said = {**auth.said(), **{name: given[name] for name in AUTH_FIELDS[auth.type] if name in given}}
    base_url = given.get("base_url", declared.base_url)
    _refuse(
        [
            *_unknown(own, given, (*declared.settings, *_settable(auth))),
            *_setting_problems(own, declared, given, _needed(base_url, said)),
            *_left_open(own, said, base_url),
        ],
        fix=f"On the command line --set {own}.NAME=VALUE gives a setting; REST takes it under `settings`.",
    )
    values = {name: str(given[name]) for name in declared.settings if name in given}
    try:
        return msgspec.convert(
            {
                "kind": "http",
                "base_url": fill_address(base_url, values),
                "auth": _filled(said, values),
                "headers": declared.headers,
                "allow_private": given.get("allow_private", declared.allow_private),
                "test_path": declared.test_path,
                "description": (declared.title or declared.description)[:1000],
            },
            HttpConnection,
        )
    except msgspec.ValidationError as error:
        raise InputRejected(f"What is given for the connection {own!r} does not fit: {error}.") from None
    except ValueError as error:
        raise InputRejected(f"The connection {own!r} cannot be made. {error}") from None


def _settable(auth: AuthFields) -> tuple[str, ...]:
    """Return what may be said of a connection with this way to sign in."""
    of_auth = AUTH_FIELDS[auth.type]
    return tuple(name for name in SETTABLE if name in ("base_url", "allow_private", *of_auth))


def _filled(said: Mapping[str, Any], values: Mapping[str, str]) -> dict[str, Any]:
    filled = dict(said)
    for name in ("authorize_url", "token_url"):
        if name in filled:
            filled[name] = fill_address(filled[name], values)
    if "username" in filled:
        filled["username"] = fill_text(str(filled["username"]), values)
    if "preset_values" in filled:
        filled["preset_values"] = {key: fill_text(text, values) for key, text in filled["preset_values"].items()}
    return filled


def _needed(base_url: Any, said: Mapping[str, Any]) -> set[str]:
    """Return the settings that have a place in what is used."""
    texts = [base_url, *(said.get(name) for name in ("authorize_url", "token_url", "username"))]
    texts += said.get("preset_values", {}).values()
    return {name for text in texts if isinstance(text, str) for name in placeholders(text)}


def _setting_problems(
    own: str, declared: ConnectionFields, given: Mapping[str, Any], needed: set[str]
) -> Iterator[str]:
    for name, setting in declared.settings.items():
        if name in given:
            if problem := setting_problem(name, str(given[name]), setting.pattern):
                yield problem
        elif name in needed:
            example = f", for example {setting.example}" if setting.example else ""
            about = f" ({setting.description.rstrip('.')})" if setting.description else ""
            yield f"The connection {own!r} needs the setting {name!r}{about}{example}."


def _left_open(own: str, said: Mapping[str, Any], base_url: Any) -> Iterator[str]:
    """Say what neither the pack nor whoever installs it said."""
    if missing := left_open(said, base_url):
        yield f"The connection {own!r} needs {' and '.join(f'`{name}`' for name in missing)} among its settings."


def _values(own: str, declared: ConnectionFields, supplied: NewConnection) -> dict[str, str]:
    hidden = [name for name, each in declared.values.items() if each.secret and name in supplied.settings]
    values = {**{name: str(value) for name, value in supplied.settings.items()}, **supplied.secrets}
    missing = [name for name, each in declared.values.items() if each.required and not values.get(name)]
    said = [*_unknown(own, values, tuple(declared.values))]
    if hidden:
        said.append(f"{' and '.join(map(repr, hidden))} of the connection {own!r} are secrets, not settings.")
    if missing:
        said.append(f"The connection {own!r} needs {' and '.join(map(repr, missing))}.")
    _refuse(
        said,
        fix=f"On the command line --set {own}.NAME=VALUE gives a setting and --secret {own}.NAME asks for a secret; "
        "REST takes them under `settings` and `secrets`.",
    )
    return values


def _unknown(own: str, given: Mapping[str, Any], known: tuple[str, ...]) -> Iterator[str]:
    for name in given:
        if name not in known:
            yield f"The connection {own!r} has no setting {name[:80]!r}.{did_you_mean(name, known)}"


def _refuse(said: list[str], fix: str = "") -> None:
    if said:
        raise InputRejected(" ".join(said), fix=fix)
