"""Read `pack.yaml` into a Manifest: what a pack is, what it needs, how its tools are grouped.

Everything that is wrong comes back at once, each problem at its place.  Touches no I/O.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, NoReturn

from msgspec import Meta, Struct

from flows.arguments import Arguments, SchemaInvalid, compile_arguments, schema_of_params
from flows.config import INVALID, Binder
from flows.expr import Template
from flows.problems import Problem
from flows.sdk import Condition
from flows.source import Path, Source, read_mapping
from packs.conditions import name_problems
from packs.connections import ConnectionFields, check_connections

FILE: Final = "pack.yaml"
MAX_FLOW_NAME: Final = 40
"""Characters of a flow's name in a pack: a prefix of MAX_PREFIX fits before it within the 64 that model APIs allow."""
MAX_PREFIX: Final = 24

PACK_NAME: Final = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"
PREFIX: Final = r"^([a-z][a-z0-9_]*)?$"


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
    enabled: Annotated[
        dict[str, Condition],
        Meta(description="When a tool, or every tool of a group, is shown: a condition on `vars` and `connections`."),
    ] = {}
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
    problems += [*check_connections(manifest.connections, source), *_check_variables(manifest, source)]
    return (None if any(each.severity == "error" for each in problems) else manifest), source, problems


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
    """Collects what the binder finds in a manifest, whose only expressions are conditions."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.problems: list[Problem] = []
        self.failure: Any = _absent

    def report(self, code: str, message: str, path: Path, *, offset: int | None = None, at_key: bool = False) -> None:
        """Note an error at a place of the manifest."""
        self.problems.append(self.source.problem(code, message, path, offset=offset, at_key=at_key))

    def check_names(self, template: Template, path: Path, *, may_read_secrets: bool) -> None:
        """Report what a condition reads and the manifest does not declare."""
        known = {"vars": self._keys("variables"), "connections": self._keys("connections")}
        for message, offset in name_problems(template, known):
            self.report("flow.unknown-name", message, path, offset=offset)

    def _keys(self, key: str) -> dict[str, Any]:
        declared = self.source.value.get(key)
        return declared if isinstance(declared, dict) else {}

    bind_steps = bind_flow_name = bind_connection = bind_secret = staticmethod(_absent)
