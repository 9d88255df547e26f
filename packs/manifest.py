"""Read `pack.yaml` into a Manifest: what a pack is, what it needs, how its tools are grouped.

Everything that is wrong comes back at once, each problem at its place.  Touches no I/O.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, Literal, NoReturn

from msgspec import Meta, Struct

from flows.arguments import Arguments, SchemaInvalid, compile_arguments, schema_of_params
from flows.config import INVALID, Binder
from flows.problems import Problem
from flows.source import Path, Source, read_mapping

FILE: Final = "pack.yaml"
MAX_FLOW_NAME: Final = 40
"""Characters of a flow's name in a pack: a prefix of MAX_PREFIX fits before it within the 64 that model APIs allow."""
MAX_PREFIX: Final = 24

PACK_NAME: Final = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"
PREFIX: Final = r"^([a-z][a-z0-9_]*)?$"

AuthType = Literal["none", "bearer", "api_key", "basic", "client_credentials", "authorization_code"]


class AuthFields(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How requests of an `http` connection prove who sends them: what is asked for when the pack is installed."""

    type: Annotated[AuthType, Meta(description="The way.")]
    preset: Annotated[str, Meta(description="A well-known OAuth provider, for example google.")] = ""
    scopes: Annotated[list[str], Meta(description="OAuth scopes that the tools need.")] = []
    header: Annotated[str, Meta(description="The header that takes the API key.")] = ""
    query: Annotated[str, Meta(description="The query parameter that takes the API key.")] = ""


class ValueFields(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One value of a `values` connection."""

    title: Annotated[str, Meta(description="Its name for people.")] = ""
    description: Annotated[str, Meta(description="What it is and where to find it.")] = ""
    secret: Annotated[bool, Meta(description="Whether it is hidden once it is entered.")] = True
    required: Annotated[bool, Meta(description="Whether it must be given.")] = True


class ConnectionFields(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A connection that the pack's flows name, and that an install binds to one that exists."""

    kind: Annotated[Literal["http", "sql", "values"], Meta(description="What it reaches.")]
    title: Annotated[str, Meta(description="Its name for people.")] = ""
    description: Annotated[str, Meta(description="What to supply, and where to find it.")] = ""
    required: Annotated[bool, Meta(description="Whether the tools that use it are hidden without it.")] = True
    base_url: Annotated[str, Meta(description="Where requests go, unless whoever installs says otherwise.")] = ""
    auth: Annotated[AuthFields | None, Meta(description="What an `http` connection asks for.")] = None
    values: Annotated[dict[str, ValueFields], Meta(description="What a `values` connection asks for.")] = {}


class TestingFields(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the tests in the pack's flows run with."""

    connections: Annotated[
        dict[str, str], Meta(description="For tests with `live: true`: connections of the settings, or `sample`.")
    ] = {}
    variables: Annotated[dict[str, Any], Meta(description="Values of variables.")] = {}


class Manifest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What stands in `pack.yaml`."""

    name: Annotated[
        Annotated[str, Meta(pattern=PACK_NAME, max_length=40)],
        Meta(description="The pack's name, that of its folder: small letters, digits and -, at most 40."),
    ]
    title: Annotated[str, Meta(description="Its name for people.", min_length=1, max_length=80)]
    version: Annotated[
        Annotated[str, Meta(pattern=r"^\d+\.\d+\.\d+$")], Meta(description="Its version, for example 1.0.0.")
    ]
    description: Annotated[str, Meta(description="What its tools are for, in one or two sentences.", min_length=1)]
    homepage: Annotated[str, Meta(description="Where the service or the pack is described.")] = ""
    icon: Annotated[str, Meta(description="A file of the pack: .svg or .png, at most 64 KiB.")] = ""
    headrace: Annotated[
        Annotated[str, Meta(pattern=r"^>=\d+\.\d+(\.\d+)?$")],
        Meta(description="The oldest Headrace that runs it, for example >=0.1."),
    ] = ">=0.1"
    prefix: Annotated[
        Annotated[str, Meta(pattern=PREFIX, max_length=MAX_PREFIX)],
        Meta(description="Proposed start of the tools' names, for example `weather_`; unset: made of the name."),
    ] = ""
    connections: Annotated[dict[str, ConnectionFields], Meta(description="What it reaches, by its own names.")] = {}
    variables: Annotated[
        dict[str, Any],
        Meta(
            description="What whoever installs it may set: like params of a tool; flows see them as `vars`.",
            extra_json_schema={"x-kind": "params"},
        ),
    ] = {}
    groups: Annotated[dict[str, list[str]], Meta(description="Tools that are chosen together, such as `read`.")] = {}
    tests: Annotated[TestingFields, Meta(description="What the flows' tests run with.")] = TestingFields()

    @property
    def default_prefix(self) -> str:
        """The start of the tools' names that an install under the pack's own name gets."""
        return self.prefix or prefix_of(self.name)


def prefix_of(name: str) -> str:
    """Make a prefix of the name of an install: `google-calendar` to `google_calendar_`."""
    return name.replace("-", "_")[: MAX_PREFIX - 1].rstrip("_") + "_"


def compile_variables(variables: Mapping[str, Any]) -> Arguments:
    """Compile the declared variables.  Raises SchemaInvalid."""
    return compile_arguments(schema_of_params(variables))


def read_manifest(text: str | bytes, file: str = FILE) -> tuple[Manifest | None, Source | None, list[Problem]]:
    """Read a manifest: None unless it has no errors, its source, and all problems."""
    source, problems = read_mapping(text, file)
    if source is None:
        return None, None, problems
    findings = _Findings(source)
    bound = Binder(findings).field(Manifest, source.value, ())
    problems = [*problems, *findings.problems]
    if bound is INVALID:
        return None, source, problems
    manifest: Manifest = bound.constant
    problems += [*_check_connections(manifest, source), *_check_variables(manifest, source)]
    return (None if any(each.severity == "error" for each in problems) else manifest), source, problems


def _check_connections(manifest: Manifest, source: Source) -> Iterator[Problem]:
    for name, declared in manifest.connections.items():
        path: Path = ("connections", name)
        if not declared.description:
            message = f"Say in `description` what to supply for {name!r} and where to find it."
            yield source.problem("pack.undescribed", message, path, at_key=True, severity="warning")
        for field, kind in (("base_url", "http"), ("auth", "http"), ("values", "values")):
            if getattr(declared, field) and declared.kind != kind:
                message = f"`{field}` is for connections of the kind `{kind}`; this one is `{declared.kind}`."
                yield source.problem("pack.connection", message, (*path, field), at_key=True)
        if declared.kind == "values" and not declared.values:
            message = "A connection of the kind `values` says under `values` what it asks for."
            yield source.problem("pack.connection", message, path, at_key=True)
        if declared.base_url and not declared.base_url.startswith(("https://", "http://")):
            message = "The base URL starts with https://."
            yield source.problem("pack.connection", message, (*path, "base_url"))
        if declared.auth is not None:
            yield from _check_auth(declared.auth, source, (*path, "auth"))


def _check_auth(auth: AuthFields, source: Source, path: Path) -> Iterator[Problem]:
    for field in ("header", "query"):
        if getattr(auth, field) and auth.type != "api_key":
            message = f"`{field}` is for `type: api_key`; this is `{auth.type}`."
            yield source.problem("pack.connection", message, (*path, field), at_key=True)
    if auth.type == "api_key" and bool(auth.header) == bool(auth.query):
        message = "Say where the API key goes: `header` or `query`, one of the two."
        yield source.problem("pack.connection", message, path)
    for field in ("preset", "scopes"):
        if getattr(auth, field) and auth.type not in ("client_credentials", "authorization_code"):
            message = f"`{field}` is for OAuth: `type: authorization_code` or `client_credentials`."
            yield source.problem("pack.connection", message, (*path, field), at_key=True)


def _check_variables(manifest: Manifest, source: Source) -> Iterator[Problem]:
    try:
        arguments = compile_variables(manifest.variables)
    except SchemaInvalid as error:
        inner = error.path[1:] if error.path[:1] == ("properties",) else error.path
        yield source.problem("pack.variable", error.message, ("variables", *inner))
        return
    for name, declared in manifest.variables.items():
        if not isinstance(declared, dict) or not declared.get("description"):
            message = f"Say in `description` what the variable {name!r} is for."
            yield source.problem("pack.undescribed", message, ("variables", name), at_key=True, severity="warning")
    for name, declared in manifest.variables.items():
        if isinstance(declared, dict) and "default" in declared:
            for sentence in arguments.rejections({name: declared["default"]}):
                if f"`{name}`" in sentence:
                    message = f"The default does not fit. {sentence}"
                    yield source.problem("pack.variable", message, ("variables", name, "default"))


def _absent(*_: Any) -> NoReturn:
    raise AssertionError("a manifest declares no such field")


class _Findings:
    """Collects what the binder finds in a manifest, which has no expressions."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.problems: list[Problem] = []
        self.failure: Any = _absent

    def report(self, code: str, message: str, path: Path, *, offset: int | None = None, at_key: bool = False) -> None:
        """Note an error at a place of the manifest."""
        self.problems.append(self.source.problem(code, message, path, offset=offset, at_key=at_key))

    check_names = bind_steps = bind_flow_name = bind_connection = staticmethod(_absent)
