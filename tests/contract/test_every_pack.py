"""What every pack of the catalog promises: a new pack is covered without a new test."""

from pathlib import Path

import jsonschema_rs
import pytest
import yaml

from coordinator.connections.model import checked, checked_secrets, kind_of, optional_secrets, secret_names
from coordinator.packs.connecting import NewConnection, connection_of
from coordinator.sample import ensure_sample, with_sample
from coordinator.toolset import build_tool
from flows.compile import analyse_definition
from flows.definition import Binding, FlowDefinition
from flows.registry import default_registry
from flows.runs import Dispatcher
from flows.schema import flow_schema
from flows.testing import run_test
from packs.connections import ConnectionFields
from packs.loader import CATALOG, folder_files, load_pack, read_pack
from packs.manifest import MAX_PREFIX
from packs.pack import Pack, PackFlow
from packs.schema import pack_schema
from workers.connections import Connections
from workers.local import LocalDispatcher, PlanTable

MAX_TOOL_NAME = 64
FOLDERS = sorted(path.parent for path in CATALOG.glob("*/pack.yaml"))
PACKS = {folder.name: load_pack(folder) for folder in FOLDERS}
FLOWS = [(pack, flow) for pack in PACKS.values() for flow in pack.flows.values()]
TOOLS = [(pack, flow) for pack, flow in FLOWS if flow.is_tool]
PACK_SCHEMA = jsonschema_rs.Draft202012Validator(pack_schema())
SCHEMA = jsonschema_rs.Draft202012Validator(flow_schema(default_registry()))
FIRST_LINE = "# yaml-language-server: $schema=../../../../flows/flow.schema.json"

CONNECTIONS = [(own, each) for pack in PACKS.values() for own, each in pack.manifest.connections.items()]
EXAMPLES = {"client_id": "an-id", "username": "ada"}
"""What is asked for whatever the pack is; every other setting has an example of its own."""

each_connection = pytest.mark.parametrize(("own", "declared"), CONNECTIONS, ids=[own for own, _ in CONNECTIONS])
each_pack = pytest.mark.parametrize("pack", PACKS.values(), ids=PACKS)
each_flow = pytest.mark.parametrize(("pack", "flow"), FLOWS, ids=[f"{p.manifest.name}/{f.name}" for p, f in FLOWS])
each_tool = pytest.mark.parametrize(("pack", "flow"), TOOLS, ids=[f"{p.manifest.name}/{f.name}" for p, f in TOOLS])


@pytest.fixture(scope="module")
def connections(tmp_path_factory: pytest.TempPathFactory) -> Connections:
    """The sample database, for the tests of packs that query one."""
    data: Path = tmp_path_factory.mktemp("sample")
    ensure_sample(data)
    return Connections.from_urls(with_sample({}, data))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_pack_has_the_name_of_its_folder_and_not_even_a_warning(folder: Path) -> None:
    pack, problems = read_pack(folder_files(folder), folder.name)

    assert [str(problem) for problem in problems] == []
    assert pack is not None
    assert pack.manifest.name == folder.name


@each_pack
def test_a_manifest_fits_the_schema_that_editors_check_by(pack: Pack) -> None:
    document = yaml.safe_load(pack.files["pack.yaml"])

    assert [error.message for error in PACK_SCHEMA.iter_errors(document)] == []


@each_connection
def test_a_connection_can_be_made_of_what_the_pack_asks_for(own: str, declared: ConnectionFields) -> None:
    asked = declared.asks()
    supplied = NewConnection(
        settings={each.name: EXAMPLES.get(each.name, each.example) for each in asked if not each.secret},
        secrets={each.name: "sqlite:///x.db" for each in asked if each.secret},
    )

    config, secrets = connection_of(own, declared, supplied)

    made = checked(own, config)
    checked_secrets(made, secrets)
    assert kind_of(made) == declared.kind
    assert set(secret_names(made)) - optional_secrets(made) <= secrets.keys()


@each_pack
def test_a_pack_says_what_it_is_for_and_groups_its_tools(pack: Pack) -> None:
    assert pack.readme.startswith(f"# {pack.manifest.title}\n")
    assert pack.manifest.homepage
    assert pack.tools
    assert pack.manifest.groups
    for tool in pack.tools:
        assert f"`{tool}`" in pack.readme, f"README.md does not mention {tool}"


@each_pack
def test_a_pack_that_is_installed_under_the_longest_prefix_compiles(pack: Pack) -> None:
    prefix = "p" * (MAX_PREFIX - 1) + "_"
    binding = Binding(
        install="other", prefix=prefix, flows=tuple(pack.flows), vars=dict.fromkeys(pack.manifest.variables)
    )

    for flow in pack.flows.values():
        plan, problems = analyse_definition(FlowDefinition(text=flow.text, file=flow.file, binding=binding))

        assert problems == []
        assert plan is not None
        assert plan.name == prefix + flow.name
        assert len(plan.name) <= MAX_TOOL_NAME
        assert plan.digest != flow.plan.digest


@each_flow
def test_a_flow_of_a_pack_fits_the_schema_that_its_editor_checks_it_with(pack: Pack, flow: PackFlow) -> None:
    assert flow.text.splitlines()[0] == FIRST_LINE
    assert [error.message for error in SCHEMA.iter_errors(yaml.safe_load(flow.text))] == []


@each_tool
def test_a_tool_of_a_pack_tells_models_and_people_what_it_does(pack: Pack, flow: PackFlow) -> None:
    definition = build_tool(flow.plan).definition

    assert definition["title"]
    assert len(definition["description"]) > 20
    assert "readOnlyHint" in definition["annotations"]
    for name, declared in definition["inputSchema"]["properties"].items():
        assert declared.get("description"), f"the param {name} is not described"
        assert len(name) <= MAX_TOOL_NAME


@each_tool
def test_a_tool_of_the_group_read_changes_nothing(pack: Pack, flow: PackFlow) -> None:
    is_read_only = flow.plan.input.config.annotations.readOnly is True

    groups = {group for group, tools in pack.manifest.groups.items() if flow.name in tools}
    if "read" in groups:
        assert is_read_only
    if "write" in groups:
        assert not is_read_only


@each_pack
def test_a_pack_that_tells_reading_from_writing_does_so_for_every_tool(pack: Pack) -> None:
    groups = pack.manifest.groups

    assert "write" not in groups or {*groups["read"], *groups["write"]} == set(pack.tools)


@each_flow
async def test_the_tests_of_a_flow_pass_offline(pack: Pack, flow: PackFlow, connections: Connections) -> None:
    dispatcher: Dispatcher = LocalDispatcher(PlanTable(pack.plans()), connections)
    try:
        assert flow.plan.tests
        for test in flow.plan.tests:
            report = await run_test(flow.plan, test, dispatcher)
            assert report.passed, f"{flow.file}:{report.line}: {report.difference}"
    finally:
        await dispatcher.close()
