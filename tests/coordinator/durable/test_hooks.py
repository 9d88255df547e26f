"""Where webhooks are: below the name of their install if they belong to a pack."""

from coordinator.durable.hooks import build_hooks
from flows.compile import analyse_definition
from flows.definition import Binding, FlowDefinition
from flows.plan import Plan

TEXT = """\
flow: pushed
input: {webhook: {path: /github, signature: {connection: sender, header: X-Sig}}}
"""


def installed(name: str) -> Plan:
    binding = Binding(install=name, prefix=f"{name}_", flows=("pushed",), connections={"sender": f"{name}_sender"})
    plan, _ = analyse_definition(FlowDefinition(text=TEXT, file="pushed.yaml", binding=binding))
    assert plan is not None
    return plan


def test_a_pack_that_is_installed_twice_has_two_addresses_and_two_secrets() -> None:
    table = build_hooks([installed("work"), installed("home")])

    assert table.problems == ()
    assert [(hook.path, hook.plan.name, hook.connection_name("sender")) for hook in table.hooks] == [
        ("/hooks/home/github", "home_pushed", "home_sender"),
        ("/hooks/work/github", "work_pushed", "work_sender"),
    ]
