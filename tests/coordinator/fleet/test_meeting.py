"""Coordinators and workers as processes meet at a NATS: at one that is late, and at one that asks who they are."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.coordinator.fleet.identities import FileAuthority, Operator
from tests.coordinator.fleet.support import SOON, call, text_of, until_workers
from tests.headrace_process import HeadraceProcess, write_flows
from tests.nats import NatsProcess, nats_process
from tests.workers.processes import WorkerProcess

pytestmark = pytest.mark.processes

WHO = """\
flow: who
description: Say hello.
input: {mcp_tool: {params: {name: string}}}
steps: [{map: "Hello, ${{ args.name }}!"}]
"""


async def test_both_say_that_nats_is_away_and_go_on_when_it_comes(tmp_path: Path) -> None:
    nats = NatsProcess(tmp_path / "nats")
    flows = write_flows(tmp_path, {"who": WHO})
    server = HeadraceProcess(tmp_path, flows, command="coordinator", **nats.environment)
    async with AsyncExitStack() as stack:
        worker = stack.enter_context(WorkerProcess(nats, "late"))
        starting = asyncio.create_task(asyncio.to_thread(server.start))
        said = "Waiting for it"
        async with asyncio.timeout(SOON):
            while said not in server.log() or said not in worker.log():  # noqa: ASYNC110  a log tells nobody
                await asyncio.sleep(0.05)
        assert not starting.done()

        stack.callback(nats.kill)
        await asyncio.to_thread(nats.start)
        await starting
        stack.push_async_exit(lambda *_: asyncio.to_thread(server.stop))
        await asyncio.to_thread(until_workers, server, {"late"})
        _, _, answer = await asyncio.to_thread(call, server, "who", name="you")

    assert text_of(answer) == "Hello, you!"


def with_password(folder: Path) -> tuple[str, dict[str, str]]:
    """A NATS that shows a certificate, and asks for a password."""
    authority = FileAuthority(folder)
    server = authority.vouch("server", "127.0.0.1")
    return (
        f'tls {{cert_file: "{server}", key_file: "{server}"}}\nauthorization {{user: mill, password: w}}\n',
        {"CA": str(authority.file), "USER": "mill", "PASSWORD": "w"},
    )


def with_certificate(folder: Path) -> tuple[str, dict[str, str]]:
    """A NATS that knows its users by their certificates."""
    authority = FileAuthority(folder)
    server, client = authority.vouch("server", "127.0.0.1"), authority.vouch("mill", "mill.example.com")
    return (
        f'tls {{cert_file: "{server}", key_file: "{server}", ca_file: "{authority.file}", verify_and_map: true}}\n'
        "authorization {users: [{user: mill.example.com}]}\n",
        {"CA": str(authority.file), "CERT": str(client)},
    )


def with_credentials(folder: Path) -> tuple[str, dict[str, str]]:
    """A NATS whose operator vouches for accounts, and these for users."""
    operator = Operator()
    return operator.configuration, {"CREDENTIALS": str(operator.credentials(folder / "mill.creds"))}


@pytest.mark.parametrize("prepare", [with_password, with_certificate, with_credentials], ids=lambda each: each.__name__)
def test_both_are_let_in(tmp_path: Path, prepare: Callable[[Path], tuple[str, dict[str, str]]]) -> None:
    configuration, settings = prepare(tmp_path)
    file = tmp_path / "nats.conf"
    file.write_text(configuration + "jetstream {}\n")
    flows = write_flows(tmp_path, {"who": WHO})
    with nats_process(tmp_path / "store", "-c", str(file), user="") as nats:
        scheme = "tls" if "CA" in settings else "nats"
        settings["URL"] = nats.access.url.replace("nats:", f"{scheme}:")
        env = {f"HEADRACE_NATS_{name}": value for name, value in settings.items()}
        with (
            HeadraceProcess(tmp_path, flows, command="coordinator", **env) as server,
            WorkerProcess(nats, "mill", **env),
        ):
            until_workers(server, {"mill"})
            _, _, answer = call(server, "who", name="you")

    assert text_of(answer) == "Hello, you!"
    assert "Traceback" not in server.log()


def test_who_does_not_believe_nats_ends_and_says_how_to_mend_it(tmp_path: Path) -> None:
    configuration, settings = with_password(tmp_path)
    settings["CA"] = str(FileAuthority(tmp_path, "other").file)
    file = tmp_path / "nats.conf"
    file.write_text(configuration)
    with nats_process(tmp_path / "store", "-c", str(file), user="") as nats:
        env = {f"HEADRACE_NATS_{name}": value for name, value in settings.items()} | {
            "HEADRACE_NATS_URL": nats.access.url
        }
        with WorkerProcess(nats, "mill", **env) as worker:
            code = worker.process.wait(SOON)
            said = worker.log()
        with pytest.raises(RuntimeError, match=r"Name the file of the authority .* HEADRACE_NATS_CA"):
            HeadraceProcess(tmp_path, command="coordinator", **env).start()

    assert code == 1
    assert "HEADRACE_NATS_CA" in said
    assert "Traceback" not in said
