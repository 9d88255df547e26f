"""The reference is written from the code, so it is whole and current."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from coordinator.cli import app
from coordinator.cli.reference import cli_page
from coordinator.docs import CHECKOUT, pages, stale_pages, write_pages
from coordinator.settings import describe_settings
from flows.expr import FUNCTIONS, METHODS
from flows.problems import PROBLEM_CODES
from flows.registry import default_registry


@pytest.fixture(scope="module")
def files() -> dict[str, str]:
    return {path.name: text for path, text in pages(cli_page(app)).items()}


def test_the_committed_pages_are_current() -> None:
    assert [str(path.relative_to(CHECKOUT)) for path in stale_pages(pages(cli_page(app)))] == []


def test_a_page_is_written_only_when_it_changed(tmp_path: Path) -> None:
    wanted = {tmp_path / "docs" / "a.md": "A\n", tmp_path / "docs" / "b.md": "B\n"}

    assert write_pages(wanted) == list(wanted)
    (tmp_path / "docs" / "b.md").write_text("old\n")

    assert stale_pages(wanted) == [tmp_path / "docs" / "b.md"]
    assert write_pages(wanted) == [tmp_path / "docs" / "b.md"]
    assert stale_pages(wanted) == []


def test_every_component_has_its_entry(files: dict[str, str]) -> None:
    registry = default_registry()
    for name in (*registry.inputs, *registry.steps, *registry.outputs):
        assert f"\n### `{name}`\n" in files["components.md"]


def test_every_setting_has_its_entry_and_its_variable(files: dict[str, str]) -> None:
    for doc in describe_settings():
        assert f"\n## `{doc.name}`\n" in files["settings.md"]
        assert f"`{doc.variable}`" in files["settings.md"]


def test_every_function_has_its_line(files: dict[str, str]) -> None:
    for function in (*FUNCTIONS.values(), *(each for found in METHODS.values() for each in found.values())):
        assert f"| `{function.signature.replace('|', chr(92) + '|')}` |" in files["expressions.md"]


def test_every_code_has_its_line(files: dict[str, str]) -> None:
    for code in (*PROBLEM_CODES, *error_codes()):
        assert f"| `{code}` |" in files["problems.md"]


def error_codes() -> Iterator[str]:
    from coordinator.api.errors import STATUS

    yield from (error.code for error in STATUS if error.code != "error")


def test_every_command_has_its_entry(files: dict[str, str]) -> None:
    commands = ("serve", "check", "test", "call", "flow apply", "flow diff", "token create", "runs show", "version")
    for command in commands:
        assert f"\n## `headrace {command}`\n" in files["cli.md"]


def test_no_page_names_this_machine(files: dict[str, str]) -> None:
    for name, text in files.items():
        assert str(CHECKOUT) not in text, name
        assert str(Path.home()) not in text, name
