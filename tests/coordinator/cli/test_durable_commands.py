"""`schedule`, `webhook`, `dead-letter`, against a real server; and what `check` says of webhooks."""

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.coordinator.cli.command import Command
from tests.headrace_process import HeadraceProcess

NIGHTLY = """\
flow: nightly
input: {schedule: {cron: 0 3 * * *, time_zone: Europe/Oslo, args: {greeting: Hello}}}
output: {reply: "${{ args.greeting }} at ${{ args.scheduled }}"}
"""
POISON = """\
flow: poison
input: {webhook: {path: /poison}}
steps: [{fail: {code: no, message: Never.}}]
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HeadraceProcess]:
    with HeadraceProcess(tmp_path_factory.mktemp("durable"), {"nightly": NIGHTLY, "poison": POISON}) as process:
        yield process


def test_schedules_are_listed_and_run_beside_their_times(beside: Command) -> None:
    listed = beside("schedule list")
    flow, times, zone, following, last = listed.out.strip().split("\t")
    assert (flow, times, zone, last) == ("nightly", "0 3 * * *", "Europe/Oslo", "never")
    assert following.endswith(":00:00")

    run_id = beside("schedule run nightly").out.strip()
    shown = json.loads(beside(f"runs show {run_id} --json").out)

    assert (shown["summary"]["source"], shown["summary"]["caller"]) == ("schedule", "schedule")
    assert shown["detail"]["result"].startswith("Hello at 20")
    missing = beside("schedule run nightley")
    assert (missing.code, missing.err) == (
        1,
        "headrace: The flow 'nightley' has no schedule that is served. Did you mean 'nightly'? "
        "`headrace schedule list` shows what there is.\n",
    )


def test_webhooks_are_listed_with_what_they_ask_for(beside: Command, server: HeadraceProcess) -> None:
    listed = beside("webhook list")

    assert listed.out.strip().split("\t") == ["poison", f"{server.url}/hooks/poison", "POST", "none", "accepted"]


def test_a_dead_letter_is_listed_shown_run_again_and_dropped(beside: Command, server: HeadraceProcess) -> None:
    request = urllib.request.Request(f"{server.url}/hooks/poison", b'{"n": 1}', {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        run_id = json.load(answer)["run"]

    def dead() -> list[str]:
        while True:
            listed = beside("dead-letter list")
            if "wait or are under way" not in listed.err:
                return [line.split("\t")[0] for line in listed.out.splitlines()]

    assert dead() == [run_id]
    shown = json.loads(beside(f"dead-letter show {run_id}").out)
    assert (shown["error"]["message"], shown["args"]["body"]) == ("Never.", {"n": 1})

    again = beside(f"dead-letter rerun {run_id}")
    assert (again.code, again.err) == (0, f"{run_id} waits to be run again.\n")
    assert dead() == [run_id], "it fails again"

    dropped = beside(f"dead-letter drop {run_id}")
    assert (dropped.code, dropped.err) == (0, f"{run_id} is dropped.\n")
    assert dead() == []
    assert beside(f"dead-letter show {run_id}").code == 1


def test_check_finds_webhooks_that_get_in_each_others_way(headrace: Command, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / f"{name}.yaml").write_text(POISON.replace("flow: poison", f"flow: {name}"))

    found = headrace("check one.yaml two.yaml")

    assert found.code == 1
    assert "POST /hooks/poison starts the flow 'one' already, so 'two' gets no requests." in found.out
