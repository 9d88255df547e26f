"""Names of tools: verb first, short, each one once."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from packs.openapi.naming import Names
from packs.openapi.operations import Operation


def operation(name: str, path: str = "/sacks", method: str = "GET") -> Operation:
    return Operation(method, path, name, (), {})


@pytest.mark.parametrize(
    ("given_name", "path", "method", "name"),
    [
        ("issues/list-for-repo", "/repos/{owner}/{repo}/issues", "GET", "list_issues_for_repo"),
        ("issues/create", "/repos/{owner}/{repo}/issues", "POST", "create_issue"),
        ("search/repos", "/search/repositories", "GET", "search_repos"),
        ("actions/re-run-workflow", "/runs/{id}/rerun", "POST", "rerun_workflow"),
        ("repos/create-or-update-file", "/repos/{owner}/contents", "PUT", "create_or_update_file"),
        ("calendar.events.list", "/calendars/{calendarId}/events", "GET", "list_events"),
        ("drive.files.copy", "/files/{fileId}/copy", "POST", "copy_file"),
        ("getUserById", "/users/{id}", "GET", "get_user_by_id"),
        ("pets_list", "/pets", "GET", "list_pets"),
        ("read_item_items__item_id__get", "/items/{item_id}", "GET", "read_item"),
        ("weather", "/weather", "GET", "list_weather"),
        ("", "/users/{id}/orders", "GET", "list_user_orders"),
        ("", "/users/{id}/orders/{order}", "GET", "get_user_order"),
        ("", "/users", "POST", "create_user"),
        ("", "/", "GET", "list"),
        ("删除", "/entries/{id}", "DELETE", "delete_entry"),
        ("2fa", "/2fa", "POST", "create_2_fa"),
    ],
)
def test_a_name_begins_with_a_verb(given_name: str, path: str, method: str, name: str) -> None:
    assert Names().name(operation(given_name, path, method)) == name


def test_names_that_are_the_same_are_told_apart_by_what_they_are_about() -> None:
    names = Names()

    assert [names.name(operation(f"{space}/create-webhook")) for space in ("orgs", "repos", "apps")] == [
        "create_webhook", "create_repos_webhook", "create_apps_webhook",
    ]  # fmt: skip


def test_operations_with_the_same_id_get_different_names() -> None:
    names = Names()

    found = [names.name(operation("getSack", "/sacks/{id}")) for _ in range(5)]

    assert found[0] == "get_sack"
    assert len(set(found)) == 5


def test_a_long_name_loses_its_least_useful_words_first() -> None:
    name = Names().name(operation("list-all-the-permissions-of-the-installation-for-the-authenticated-user"))

    assert name == "list_all_permissions_installation_user"


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.text(max_size=80), st.text("/{}abs-09_é", max_size=60), st.sampled_from(["GET", "POST", "DELETE"])
        ),
        max_size=20,
    )
)
def test_every_operation_gets_a_name_of_its_own_that_a_flow_may_have(given_all: list[tuple[str, str, str]]) -> None:
    names = Names()

    found = [names.name(operation(*each)) for each in given_all]

    assert len(set(found)) == len(found)
    assert all(re.fullmatch(r"[a-z][a-z0-9_]{0,39}", name) for name in found)
