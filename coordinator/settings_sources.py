"""Turn defaults, stored values, `headrace.yaml`, `HEADRACE_*` variables and flags into Settings, rising in that order.

Reads the file and nothing else.  Raises SettingsInvalid with all problems at once, each with its place.
"""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, get_args, get_origin

import msgspec
from msgspec import Struct

from coordinator.settings import (
    DATABASE_FILE,
    EXAMPLES,
    Settings,
    declarations,
    describe_settings,
    expected,
    flag_of,
    is_duration,
    is_forwarded,
    is_loopback,
    live_settings,
    metas_of,
    variable_of,
)
from coordinator.settings_rules import broken_rules
from flows.durations import parse_duration
from flows.errors import HeadraceError
from flows.problems import did_you_mean
from flows.source import read_source

CONFIG_FILE: Final = "headrace.yaml"
CONFIG_VARIABLE: Final = "HEADRACE_CONFIG"
CONNECTION_PREFIX: Final = "HEADRACE_CONNECTION_"
PATHS: Final = frozenset({"data", "flows", "nats_credentials", "nats_ca", "nats_cert", "nats_key"})
STORED: Final = "settings page"
"""Where a value comes from that was changed through the API."""
OTHER_VARIABLES: Final = frozenset({CONFIG_VARIABLE, "HEADRACE_URL", "HEADRACE_TOKEN", "HEADRACE_SECRET_KEY"})
"""Variables with our prefix that are no settings: the command line reads them, and the vault its key."""

# Kubernetes gives every container such variables for a service that is called "headrace".
_SERVICE_LINK = re.compile(r"HEADRACE_(SERVICE_(HOST|PORT(_.+)?)|PORT_\d+_(TCP|UDP|SCTP)(_.+)?)")
_SERVICE_URL = re.compile(r"(tcp|udp|sctp)://")
_TRUE, _FALSE = ("true", "1", "yes", "on"), ("false", "0", "no", "off")


class SettingProblem(Struct, frozen=True, kw_only=True):
    """What is wrong with one setting.  `where` is `file:line:column`, a variable, or a flag."""

    where: str
    message: str
    code: str

    def __str__(self) -> str:
        return f"{self.where}: {self.message}   [{self.code}]"


class SettingsInvalid(HeadraceError):
    """Settings have problems; all of them are here."""

    code = "settings_invalid"

    def __init__(self, problems: Sequence[SettingProblem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


class Loaded(Struct, frozen=True, kw_only=True):
    """Settings, and for each that is not a default, where its value comes from."""

    settings: Settings
    origins: Mapping[str, str]


@dataclass
class _Gathered:
    """What the sources say so far; later ones win."""

    values: dict[str, Any] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    connections: dict[str, str] = field(default_factory=dict)
    problems: list[SettingProblem] = field(default_factory=list)

    def take(self, name: str, raw: Any, where: str, *, is_text: bool) -> None:
        try:
            value = _convert(name, raw, is_text=is_text)
        except ValueError as error:
            self.report("settings.wrong-value", str(error), where)
            return
        if name == "connections":
            self.connections.update(value)
            self.origins.update({f"connections.{each}": where for each in value})
        else:
            self.values[name] = value
        self.origins[name] = where

    def report(self, code: str, message: str, where: str) -> None:
        self.problems.append(SettingProblem(where=where, message=message, code=code))


def load_settings(
    flags: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] | None = None,
    *,
    config: str | Path | None = None,
    stored: Mapping[str, Any] | None = None,
    directory: Path | None = None,
) -> Loaded:
    """Read all sources.  `stored` are the live settings that were changed through the API.

    `flags` that are None were not given.  `directory` is the working directory.  Raises SettingsInvalid.
    """
    environ = os.environ if environ is None else environ
    here = directory or Path.cwd()
    gathered = _Gathered()
    _take_stored(gathered, stored or {})
    _take_file(gathered, config or environ.get(CONFIG_VARIABLE), here)
    _take_environment(gathered, environ)
    for name, value in (flags or {}).items():
        if value is not None:
            gathered.take(name, value, flag_of(name), is_text=isinstance(value, str))
    if gathered.connections:
        gathered.values["connections"] = gathered.connections
    settings = Settings(**_dependent_defaults(gathered.values, here), **gathered.values)
    for name, code, message in broken_rules(settings, frozenset(gathered.values)):
        gathered.report(code, message, gathered.origins.get(name, name))
    if gathered.problems:
        raise SettingsInvalid(gathered.problems)
    return Loaded(settings=settings, origins=gathered.origins)


def convert_setting(name: str, raw: Any) -> Any:
    """Turn a value that came through the API into that of a setting.  Raises ValueError with a sentence."""
    if name not in declarations():
        raise ValueError(f"Unknown setting {name!r}.{did_you_mean(name, declarations())}")
    return _convert(name, raw, is_text=False)


def _dependent_defaults(given: Mapping[str, Any], here: Path) -> dict[str, Any]:
    """Fill in the defaults that depend on where we are and on other settings."""
    data = given.get("data", "data")
    local = is_loopback(given.get("host", "127.0.0.1"))
    proxied = is_forwarded(*(given.get(name, "") for name in ("public_url", "allowed_hosts", "trusted_proxies")))
    defaults: dict[str, Any] = {
        "flows": str(_default_flows(here)),
        "database_url": f"sqlite:///{Path(here, data) / DATABASE_FILE}",
        "require_auth": not local or proxied,
        "allow_loopback": local,
    }
    return {name: value for name, value in defaults.items() if name not in given}


def _default_flows(here: Path) -> Path:
    candidate = here / "flows"
    # In a checkout of Headrace, `flows` is the Python package.
    return candidate if candidate.is_dir() and not (candidate / "__init__.py").exists() else EXAMPLES


def _take_stored(gathered: _Gathered, stored: Mapping[str, Any]) -> None:
    """Take what the API changed; what an older or newer version stored and we do not know is left alone."""
    for name in live_settings() & stored.keys():
        gathered.take(name, stored[name], STORED, is_text=False)


# -- the file ------------------------------------------------------------------------------------------------------


def _take_file(gathered: _Gathered, config: str | Path | None, here: Path) -> None:
    path = Path(here, config or CONFIG_FILE)
    shown = str(config or CONFIG_FILE)
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        if config is not None:
            message = f"There is no such file. Create it, or unset {CONFIG_VARIABLE} and --config."
            gathered.report("settings.no-file", message, shown)
        return
    except OSError as error:
        gathered.report("settings.no-file", f"The file cannot be read: {error.strerror}.", shown)
        return
    source, problems = read_source(text, shown)
    for problem in problems:
        if problem.severity == "error":
            gathered.report(problem.code, problem.message, f"{shown}:{problem.line}:{problem.column}")
    if source is None or source.value is None:
        return
    if not isinstance(source.value, dict):
        gathered.report("settings.wrong-value", "The file holds a mapping of settings to values.", f"{shown}:1:1")
        return
    for key, raw in source.value.items():
        place = source.key_position((key,))
        where = f"{shown}:{place.line}:{place.column}"
        if key not in declarations():
            message = f"Unknown setting {key!r}.{did_you_mean(key, declarations())}"
            gathered.report("settings.unknown", message, where)
        else:
            gathered.take(key, _beside(path, key, raw), where, is_text=False)


def _beside(config: Path, key: str, raw: Any) -> Any:
    """Read a path in the file from where the file is."""
    return str(config.parent / raw) if key in PATHS and isinstance(raw, str) and raw else raw


# -- the environment -----------------------------------------------------------------------------------------------


def _take_environment(gathered: _Gathered, environ: Mapping[str, str]) -> None:
    names = {variable_of(name): name for name in declarations() if name != "connections"}
    for variable, raw in sorted(environ.items()):
        if not variable.startswith("HEADRACE_") or variable in OTHER_VARIABLES:
            continue
        if _SERVICE_LINK.fullmatch(variable) or _SERVICE_URL.match(raw):
            continue
        if variable.startswith(CONNECTION_PREFIX):
            name = variable.removeprefix(CONNECTION_PREFIX).lower()
            gathered.take("connections", {name: raw}, variable, is_text=False)
        elif variable in names:
            gathered.take(names[variable], raw, variable, is_text=True)
        else:
            suggestion = did_you_mean(variable, [*names, CONFIG_VARIABLE])
            gathered.report("settings.unknown", f"Unknown variable.{suggestion}", variable)


# -- values --------------------------------------------------------------------------------------------------------


def _convert(name: str, raw: Any, *, is_text: bool) -> Any:
    declared = declarations()[name]
    try:
        if is_duration(declared):
            return parse_duration(raw)
        return msgspec.convert(_from_text(declared, raw) if is_text else raw, declared, strict=not is_text)
    except (ValueError, TypeError) as error:  # a msgspec.ValidationError is a ValueError
        shown = "" if _is_secret(name) else f", not {str(raw)[:80]!r}"
        raise ValueError(f"{name} is {expected(declared)}{shown}.") from error


def _from_text(declared: Any, raw: Any) -> Any:
    """Read text from a variable or a flag as the type that is wanted."""
    bare = get_args(declared)[0] if metas_of(declared) else declared
    if not isinstance(raw, str):
        return raw
    if bare is bool:
        return True if raw.lower() in _TRUE else False if raw.lower() in _FALSE else raw
    if get_origin(bare) is tuple:
        return [part.strip() for part in raw.split(",") if part.strip()]
    return raw.strip() if bare in (int, float) else raw


def _is_secret(name: str) -> bool:
    return any(doc.is_secret for doc in describe_settings() if doc.name == name)
