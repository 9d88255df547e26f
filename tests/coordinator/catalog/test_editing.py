"""Flows from the API: stored, versioned, live at once, and never over somebody else's change."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from coordinator.catalog import Catalog
from coordinator.catalog.catalog import NotPublished
from coordinator.catalog.editing import FlowEditor
from coordinator.catalog.store import MAX_VERSIONS, FlowStore
from coordinator.db import Database
from flows.compile import analyse_flow, flow_digest
from flows.errors import Conflict, FlowInvalid, HeadraceError, InputRejected, NotFound
from flows.plan import Plan
from flows.problems import Problem
from tests.coordinator.catalog.support import Published, World, broken, flow, world


async def test_a_new_flow_is_live_when_the_call_returns_and_after_a_restart(database: Database) -> None:
    async with world(database) as at:
        entry = await at.editor.put(flow("a"), author="ada")

        assert at.published.descriptions == {"a": "Say it."}
        assert (entry.origin, entry.digest, entry.updated) == ("api", flow_digest(flow("a")), 1_800_000_000_000)
        assert (await at.editor.text("a")).text == flow("a")

    async with world(database) as at:
        assert at.published.descriptions == {"a": "Say it."}


async def test_a_flow_that_is_not_valid_is_refused_with_all_its_problems(database: Database) -> None:
    async with world(database) as at:
        with pytest.raises(FlowInvalid) as caught:
            await at.editor.put(broken("a"))

        assert str(caught.value) == "a:5:5: Unknown step 'htp'. Did you mean 'http'?   [flow.unknown-step]"
        assert at.catalog.entries == {}
        assert set((await at.database.generations()).values()) == {0}


async def test_the_name_in_the_text_must_be_the_name_it_was_sent_for(sqlite: Database) -> None:
    async with world(sqlite) as at:
        with pytest.raises(InputRejected) as caught:
            await at.editor.put(flow("a"), name="b")

    assert str(caught.value) == "The text says `flow: a`, but it was sent for 'b'. Make the two the same."


@pytest.mark.parametrize(
    ("expected", "message"),
    [
        ("", "There is a flow 'a' already. Choose another name, or open that flow."),
        (
            "0" * 32,
            "Somebody changed the flow 'a' meanwhile. Load it again and bring your change into the new text.",
        ),
    ],
    ids=["it must be new", "it was changed meanwhile"],
)
async def test_a_change_does_not_go_over_what_its_author_has_not_seen(
    database: Database, expected: str, message: str
) -> None:
    async with world(database) as at:
        await at.editor.put(flow("a"), expected="")

        with pytest.raises(Conflict) as caught:
            await at.editor.put(flow("a", "Other."), expected=expected)

        assert str(caught.value) == message
        assert at.published.descriptions == {"a": "Say it."}
        assert len(await at.editor.versions("a")) == 1


async def test_of_two_coordinators_that_edit_at_once_one_gets_a_conflict(database: Database) -> None:
    async with world(database) as here, world(database) as there:
        first = await here.editor.put(flow("a"))
        await there.editor.put(flow("a", "Theirs."), expected=first.digest)

        with pytest.raises(Conflict):
            await here.editor.put(flow("a", "Ours."), expected=first.digest)

        assert await here.resync.tick()
        assert here.published.descriptions == {"a": "Theirs."}


async def test_a_change_elsewhere_before_ours_is_not_missed(database: Database) -> None:
    async with world(database) as here, world(database) as there:
        await there.editor.put(flow("theirs"))
        await here.editor.put(flow("ours"))

        assert await here.resync.tick()
        assert sorted(here.published.plans) == ["ours", "theirs"]
        assert not await here.resync.tick()


async def test_our_own_change_is_not_taken_in_twice(database: Database) -> None:
    async with world(database) as at:
        await at.editor.put(flow("a"))

        assert not await at.resync.tick()
        assert at.published.generations == [1, 2]


async def test_a_deleted_flow_is_gone_at_once_and_its_versions_bring_it_back(database: Database) -> None:
    async with world(database) as at:
        await at.editor.put(flow("a", "One."))
        await at.editor.put(flow("a", "Two."))

        await at.editor.delete("a")
        assert at.published.plans == {}
        assert [version.number for version in await at.editor.versions("a")] == [2, 1]

        await at.editor.rollback("a", 1)
        assert at.published.descriptions == {"a": "One."}
        assert [version.number for version in await at.editor.versions("a")] == [3, 2, 1]


async def test_rolling_back_makes_a_new_version_of_the_old_text(database: Database) -> None:
    async with world(database) as at:
        first = await at.editor.put(flow("a", "One."), author="ada")
        await at.editor.put(flow("a", "Two."), author="bob")

        entry = await at.editor.rollback("a", 1, author="eve")

        assert (entry.digest, at.published.descriptions) == (first.digest, {"a": "One."})
        versions = await at.editor.versions("a")
        assert [(version.number, version.author) for version in versions] == [(3, "eve"), (2, "bob"), (1, "ada")]


async def test_storing_the_same_text_again_makes_no_version(database: Database) -> None:
    async with world(database) as at:
        await at.editor.put(flow("a"))
        await at.editor.put(flow("a"))

        assert len(await at.editor.versions("a")) == 1


async def test_old_versions_beyond_the_bound_are_deleted(sqlite: Database) -> None:
    store = FlowStore(sqlite)
    for number in range(MAX_VERSIONS + 3):
        await store.put("a", f"{number:032x}", f"text {number}", expected=None, author="")

    numbers = [version.number for version in await store.versions("a")]

    assert (len(numbers), numbers[0], numbers[-1]) == (MAX_VERSIONS, MAX_VERSIONS + 3, 4)


async def test_a_flow_that_is_switched_off_is_not_served_until_it_is_switched_on(
    database: Database, tmp_path: Path
) -> None:
    folder = tmp_path / "flows"
    async with world(database, folder, a=flow("a")) as at:
        await at.editor.put(flow("b"))

        for name in ("a", "b"):
            assert not (await at.editor.set_enabled(name, False)).enabled
        assert at.published.plans == {}
        assert at.catalog.by_name("a") is None

    async with world(database, folder) as at:
        assert at.published.plans == {}
        await at.editor.set_enabled("a", True)
        assert list(at.published.plans) == ["a"]


async def test_a_flow_from_a_file_is_changed_there(sqlite: Database, tmp_path: Path) -> None:
    async with world(sqlite, tmp_path / "flows", a=flow("a")) as at:
        attempts: list[Callable[[], Awaitable[object]]] = [
            lambda: at.editor.put(flow("a", "Mine.")),
            lambda: at.editor.delete("a"),
            lambda: at.editor.rollback("a", 1),
        ]
        for attempt in attempts:
            with pytest.raises(Conflict) as caught:
                await attempt()
            assert str(caught.value) == (
                "The flow 'a' comes from the file a.yaml. Change it there, or give your flow another name."
            )

        assert (await at.editor.text("a")).text == flow("a")
        assert at.published.descriptions == {"a": "Say it."}


async def test_a_file_does_not_take_the_name_of_a_flow_of_the_editor(sqlite: Database, tmp_path: Path) -> None:
    async with world(sqlite, tmp_path / "flows") as at:
        await at.editor.put(flow("a", "Edited."))
        at.write("a.yaml", flow("a", "From a file."))
        await at.resync.tick()

        assert at.published.descriptions == {"a": "Edited."}
        assert at.problems == [
            "a.yaml:1:1: There is a flow 'a' already, among the flows of the editor. Rename one of the two."
            "   [flow.duplicate-name]"
        ]

        await at.editor.delete("a")
        assert at.published.descriptions == {"a": "From a file."}


async def test_checking_a_text_changes_nothing_and_finds_calls_that_lead_nowhere(sqlite: Database) -> None:
    async with world(sqlite) as at:
        await at.editor.put(flow("helper"))

        _, none = await at.editor.analyse(flow("a", calls="helper"))
        _, unknown = await at.editor.analyse(flow("a", calls="halper"))
        plan, wrong = await at.editor.analyse(broken("a"))
        assert none == []
        assert [problem.code for problem in unknown] == ["flow.unknown-flow"]
        assert (plan, [problem.code for problem in wrong]) == (None, ["flow.unknown-step"])
        assert list(at.catalog.entries) == ["helper"]


async def test_a_change_that_cannot_be_published_says_so_and_the_next_tick_tries_again(sqlite: Database) -> None:
    async with world(sqlite) as at:
        at.published.error = RuntimeError("no room")
        with capture_logs(), pytest.raises(NotPublished) as caught:
            await at.editor.put(flow("a"))
        assert str(caught.value) == (
            "The change is stored, but the tools could not be built from it, so the ones before stay. The log says why."
        )
        assert at.published.plans == {}

        at.published.error = None
        assert await at.resync.tick()
        assert list(at.published.plans) == ["a"]


@pytest.mark.parametrize("operation", ["text", "delete", "switch", "versions", "version", "rollback"])
async def test_what_is_not_there_is_named(sqlite: Database, operation: str) -> None:
    async with world(sqlite) as at:
        attempts: dict[str, Callable[[], Awaitable[object]]] = {
            "text": lambda: at.editor.text("nope"),
            "delete": lambda: at.editor.delete("nope"),
            "switch": lambda: at.editor.set_enabled("nope", False),
            "versions": lambda: at.editor.versions("nope"),
            "version": lambda: at.editor.version("nope", 1),
            "rollback": lambda: at.editor.rollback("nope", 1),
        }
        with pytest.raises(NotFound) as caught:
            await attempts[operation]()

    found: HeadraceError = caught.value
    assert found.message in ("There is no flow 'nope'.", "There is no version 1 of flow 'nope'.")


async def test_a_flow_that_an_upgrade_broke_shows_its_problems(sqlite: Database) -> None:
    await FlowStore(sqlite).put("a", "0" * 32, broken("a"), expected=None, author="")

    async with world(sqlite) as at:
        entry = at.catalog.entries["a"]
        assert (entry.served, len(entry.problems), at.published.plans) == (None, 1, {})
        assert (await at.editor.text("a")).text == broken("a")


async def test_an_edit_compiles_the_one_flow_and_publishes_once(sqlite: Database) -> None:
    store = FlowStore(sqlite)
    for number in range(50):
        await store.put(f"f{number}", f"{number:032x}", flow(f"f{number}"), expected=None, author="")
    compiled: list[str] = []

    def compile_text(text: str | bytes, file: str) -> tuple[Plan | None, list[Problem]]:
        compiled.append(file)
        return analyse_flow(text, file)

    at = World(sqlite, None, compile_text=compile_text)
    await at.catalog.start()
    before = at.published.plans
    compiled.clear()

    await at.editor.put(flow("f1", "Edited."))
    await at.resync.tick()
    await at.catalog.close()

    assert (compiled, len(at.published.generations)) == (["f1"], 2)
    assert at.published.descriptions["f1"] == "Edited."
    assert all(at.published.plans[name] is before[name] for name in before if name != "f1")


async def test_a_catalog_without_files_needs_no_directory(sqlite: Database) -> None:
    published = Published()
    catalog = Catalog(FlowStore(sqlite), published)
    await catalog.start()

    await FlowEditor(catalog).put(flow("a"))

    assert list(published.plans) == ["a"]
    await catalog.close()
    assert World(sqlite, None).catalog.generation == 0
