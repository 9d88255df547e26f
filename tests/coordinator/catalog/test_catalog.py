"""Flows from files: taken in, kept good, published whole."""

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from coordinator.catalog.book import PlanBook
from coordinator.db import Database
from flows.compile import analyse_flow, compile_flow
from flows.plan import Plan
from flows.problems import Problem
from tests.coordinator.catalog.support import World, broken, flow, world

UNKNOWN_STEP = "a.yaml:5:5: Unknown step 'htp'. Did you mean 'http'?   [flow.unknown-step]"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "flows"


async def test_every_flow_file_is_published_at_start(database: Database, folder: Path) -> None:
    async with world(database, folder, a=flow("a"), b=flow("b")) as at:
        assert at.published.descriptions == {"a": "Say it.", "b": "Say it."}
        assert at.published.generations == [at.catalog.generation] == [1]
        entry = at.catalog.entries["a"]
        assert (entry.origin, entry.file, entry.is_valid, entry.problems) == ("file", "a.yaml", True, ())


async def test_an_edit_a_new_file_and_a_removed_one_are_seen_by_one_tick(sqlite: Database, folder: Path) -> None:
    async with world(sqlite, folder, a=flow("a"), b=flow("b")) as at:
        at.write("a.yaml", flow("a", "New words."))
        at.write("c.yaml", flow("c"))
        at.remove("b.yaml")

        assert await at.resync.tick()

        assert at.published.descriptions == {"a": "New words.", "c": "Say it."}
        assert at.published.generations == [1, 2]


async def test_a_tick_without_a_change_publishes_nothing(sqlite: Database, folder: Path) -> None:
    async with world(sqlite, folder, a=flow("a")) as at:
        assert [await at.resync.tick() for _ in range(3)] == [False] * 3
        assert at.published.generations == [1]


async def test_a_file_that_breaks_keeps_serving_its_last_good_version_and_shows_why(
    sqlite: Database, folder: Path
) -> None:
    async with world(sqlite, folder, a=flow("a")) as at:
        good = at.catalog.entries["a"].digest
        at.write("a.yaml", broken("a"))
        await at.resync.tick()

        entry = at.catalog.entries["a"]
        assert (entry.is_valid, entry.served is not None, entry.digest != good) == (False, True, True)
        assert at.published.plans["a"].digest == good
        assert at.problems == [UNKNOWN_STEP]

        at.write("a.yaml", flow("a", "Mended."))
        await at.resync.tick()
        assert (at.published.descriptions, at.problems) == ({"a": "Mended."}, [])


async def test_a_file_that_is_broken_twice_still_serves_what_was_good(sqlite: Database, folder: Path) -> None:
    async with world(sqlite, folder, a=flow("a")) as at:
        for text in (broken("a"), "flow: [", ""):
            at.write("a.yaml", text)
            await at.resync.tick()

        assert at.published.descriptions == {"a": "Say it."}
        assert at.catalog.entries["a"].problems != ()


async def test_a_file_that_never_was_good_is_just_a_problem(sqlite: Database, folder: Path) -> None:
    async with world(sqlite, folder, a=broken("a"), b=flow("b"), c="nonsense: [") as at:
        assert at.published.descriptions == {"b": "Say it."}
        assert at.catalog.entries["a"].served is None
        assert at.problems[0] == UNKNOWN_STEP
        assert {problem.file for problem in at.catalog.problems} == {"a.yaml", "c.yaml"}


async def test_a_file_that_is_broken_at_a_later_start_serves_what_was_good_before(
    database: Database, folder: Path
) -> None:
    async with world(database, folder, a=flow("a", "Good.")):
        pass

    async with world(database, folder, a=broken("a")) as at:
        assert at.published.descriptions == {"a": "Good."}
        assert at.problems == [UNKNOWN_STEP]


async def test_of_two_files_with_one_name_the_first_keeps_it(sqlite: Database, folder: Path) -> None:
    async with world(sqlite, folder, a=flow("x", "First."), b=flow("x", "Second.")) as at:
        assert at.published.descriptions == {"x": "First."}
        assert at.problems == [
            "b.yaml:1:1: There is a flow 'x' already, in a.yaml. Rename one of the two.   [flow.duplicate-name]"
        ]

        assert [version.file for version in await at.editor.versions("x")] == ["a.yaml"]

        at.remove("a.yaml")
        await at.resync.tick()
        assert (at.published.descriptions, at.problems) == ({"x": "Second."}, [])


async def test_a_file_cannot_take_the_name_of_a_flow_that_is_served(sqlite: Database, folder: Path) -> None:
    async with world(sqlite, folder, b=flow("x", "First.")) as at:
        at.write("a.yaml", flow("x", "Second."))
        await at.resync.tick()

        assert at.published.descriptions == {"x": "First."}
        assert [problem.file for problem in at.catalog.problems] == ["a.yaml"]


async def test_a_file_that_renames_its_flow_renames_the_tool(sqlite: Database, folder: Path) -> None:
    async with world(sqlite, folder, a=flow("a")) as at:
        at.write("a.yaml", flow("z"))
        await at.resync.tick()

        assert list(at.published.plans) == ["z"]


async def test_a_file_that_moves_keeps_its_tool(sqlite: Database, folder: Path) -> None:
    async with world(sqlite, folder, a=flow("a")) as at:
        at.remove("a.yaml")
        at.write("sub/a.yaml", flow("a"))
        await at.resync.tick()

        assert at.catalog.entries["a"].file == "sub/a.yaml"


async def test_a_call_of_a_flow_that_is_not_there_is_shown_where_it_is_made(sqlite: Database, folder: Path) -> None:
    async with world(sqlite, folder, a=flow("a", calls="helper"), helper=flow("helper")) as at:
        assert at.problems == []

        at.remove("helper.yaml")
        await at.resync.tick()

        (problem,) = at.catalog.entries["a"].problems
        assert (problem.code, problem.file, problem.severity) == ("flow.unknown-flow", "a.yaml", "warning")
        assert list(at.published.plans) == ["a"]


async def test_when_publishing_fails_the_tools_before_stay_and_the_next_tick_tries_again(
    sqlite: Database, folder: Path
) -> None:
    async with world(sqlite, folder, a=flow("a")) as at:
        before = at.catalog.snapshot
        at.published.error = RuntimeError("no room")
        at.write("a.yaml", flow("a", "New words."))
        with capture_logs() as logged:
            await at.resync.tick()

        assert at.catalog.snapshot is before
        assert at.problems == [
            "1:1: The changed flows could not be published, so the tools before stay: no room   [flow.not-published]"
        ]
        assert [line["log_level"] for line in logged] == ["error"]

        at.published.error = None
        assert await at.resync.tick()
        assert (at.published.descriptions, at.problems) == ({"a": "New words."}, [])
        assert at.reloads == [True, False, True]


async def test_a_flow_that_makes_the_compiler_fail_does_not_take_the_others_with_it(
    sqlite: Database, folder: Path
) -> None:
    def compile_text(text: str | bytes, file: str) -> Any:
        if file == "b.yaml":
            raise RecursionError
        return compile_flow(text.decode() if isinstance(text, bytes) else text, file), []

    at = World(sqlite, folder, compile_text=compile_text)
    at.write("a.yaml", flow("a"))
    at.write("b.yaml", flow("b"))
    with capture_logs():
        await at.catalog.start()

    assert list(at.published.plans) == ["a"]
    assert at.problems == [
        "b.yaml:1:1: Headrace failed on this flow: RecursionError. Please report it, with the flow."
        "   [flow.broken-file]"
    ]
    await at.catalog.close()


async def test_a_running_call_finds_its_version_after_an_edit(sqlite: Database, folder: Path) -> None:
    async with world(sqlite, folder, a=flow("a")) as at:
        old = at.catalog.by_name("a")
        at.write("a.yaml", flow("a", "New words."))
        await at.resync.tick()

        assert old is not None
        assert at.catalog.by_digest(old.digest) is old
        new = at.catalog.by_name("a")
        assert new is not None
        assert new is not old
        assert at.catalog.by_digest(new.digest) is new


async def test_plans_are_known_before_their_tools_are_published(sqlite: Database, folder: Path) -> None:
    known: list[bool] = []

    async def publish(plans: Any, _generation: int) -> None:
        known.extend(at.catalog.by_digest(plan.digest) is plan for plan in plans.values())

    at = World(sqlite, folder)
    at.catalog._publish = publish
    at.write("a.yaml", flow("a"))
    await at.catalog.start()

    assert known == [True]
    await at.catalog.close()


def test_of_replaced_plans_only_the_latest_are_kept() -> None:
    plans = [compile_flow(flow("a", f"Version {number}.")) for number in range(6)]
    book = PlanBook(max_retired=2)

    for plan in plans[:5]:
        book.add([plan])
        book.serve(frozenset([plan.digest]))
    book.add([plans[1]])
    book.serve(frozenset([plans[1].digest]))

    assert [book.get(plan.digest) is not None for plan in plans] == [False, True, False, True, True, False]


async def test_every_good_version_of_a_file_is_in_its_history_once(database: Database, folder: Path) -> None:
    async with world(database, folder, a=flow("a", "One.")) as at:
        for text in (flow("a", "Two."), broken("a"), flow("a", "Two."), flow("a", "One.")):
            at.write("a.yaml", text)
            await at.resync.tick()
    async with world(database, folder) as at:
        versions = await at.editor.versions("a")

        assert [(version.number, version.origin, version.file) for version in versions] == [
            (3, "file", "a.yaml"),
            (2, "file", "a.yaml"),
            (1, "file", "a.yaml"),
        ]
        assert (await at.editor.version("a", 2)).text == flow("a", "Two.")


async def test_without_the_database_files_are_still_followed_and_recorded_later(
    sqlite: Database, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with world(sqlite, folder, a=flow("a")) as at:

        async def away() -> dict[str, int]:
            raise OSError("away")

        monkeypatch.setattr(sqlite, "generations", away)
        at.write("a.yaml", flow("a", "New words."))
        with capture_logs() as logged:
            await at.resync.tick()
            await at.resync.tick()

        assert at.published.descriptions == {"a": "New words."}
        assert at.resync.database_error == "away"
        assert [line["log_level"] for line in logged].count("warning") == 1

        monkeypatch.undo()
        await at.resync.tick()
        assert at.resync.database_error == ""
        assert len(await at.editor.versions("a")) == 2


async def test_the_event_loop_goes_on_while_a_flow_is_compiled(sqlite: Database, folder: Path) -> None:
    loop = asyncio.get_running_loop()
    turns: list[bool] = []

    def compile_text(text: str | bytes, file: str) -> tuple[Plan | None, list[Problem]]:
        turn = threading.Event()
        loop.call_soon_threadsafe(turn.set)
        turns.append(turn.wait(5))  # the compiler does not go on before the loop had its turn
        return analyse_flow(text, file)

    at = World(sqlite, folder, compile_text=compile_text)
    for number in range(3):
        at.write(f"f{number}.yaml", flow(f"f{number}"))
    await at.catalog.start()
    await at.catalog.close()

    assert turns == [True, True, True]
