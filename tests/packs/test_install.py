"""What an install makes of a pack."""

from typing import Any

import pytest

from flows.compile import analyse_definition
from flows.errors import InputRejected
from packs.install import Available, Choices, check_choices, definitions, hidden, missing
from packs.loader import sound_pack
from packs.pack import Pack
from tests.packs.support import MANIFEST, mill

KNOWN = {"barn": Available("sql"), "shop": Available("http")}
BOUND = {"store": "barn"}
ALL = ["mill_count_sacks", "mill_grind", "mill_turn"]


def flows_of(pack: Pack, name: str = "mill", **chosen: Any) -> dict[str, Any]:
    """Install a pack; return the plans by name."""
    choices = check_choices(pack, name, Choices(**{"connections": BOUND, **chosen}), KNOWN)
    plans = [analyse_definition(each)[0] for each in definitions(pack, name, choices, KNOWN)]
    return {plan.name: plan for plan in plans if plan is not None}


def test_all_tools_get_the_prefix_of_the_pack_and_what_they_call_is_there_but_no_tool() -> None:
    plans = flows_of(sound_pack(mill()))

    assert list(plans) == ["mill_count_sacks", "mill_grind", "mill_turn"]
    assert [plan.listed for plan in plans.values()] == [True, True, False]
    assert plans["mill_count_sacks"].bindings == {"store": "barn"}
    assert plans["mill_turn"].vars == {"load": 2}


def test_two_installs_of_a_pack_have_nothing_in_common() -> None:
    pack = sound_pack(mill())

    first = flows_of(pack)
    second = flows_of(pack, "old-mill", variables={"load": 9}, note="the old one")

    assert list(second) == ["old_mill_count_sacks", "old_mill_grind", "old_mill_turn"]
    assert second["old_mill_turn"].vars == {"load": 9}
    assert second["old_mill_grind"].description == "Grind some sacks. (the old one)"
    assert not {plan.digest for plan in first.values()} & {plan.digest for plan in second.values()}


@pytest.mark.parametrize(
    ("chosen", "names"),
    [
        ({"groups": ("read",)}, ["mill_count_sacks"]),
        ({"tools": ("grind",)}, ["mill_grind", "mill_turn"]),
        ({"groups": ("read",), "tools": ("grind",)}, ["mill_count_sacks", "mill_grind", "mill_turn"]),
        ({"groups": ("read",), "prefix": ""}, ["count_sacks"]),
    ],
)
def test_only_what_was_chosen_is_installed(chosen: dict[str, Any], names: list[str]) -> None:
    assert list(flows_of(sound_pack(mill()), **chosen)) == names


def test_a_pack_without_its_connection_shows_no_tools() -> None:
    pack = sound_pack(mill())

    assert definitions(pack, "mill", Choices(prefix="mill_"), KNOWN) == []
    assert missing(pack, Choices(), KNOWN) == [
        "The connection 'store' is not bound: say which connection of the kind `sql` it means."
    ]
    assert missing(pack, Choices(connections=BOUND), {}) == ["There is no connection 'barn', which 'store' means."]


def test_a_pack_without_a_required_variable_shows_no_tools() -> None:
    pack = sound_pack(mill(manifest=MANIFEST.replace("default: 2, ", "") + "tests: {variables: {load: 2}}\n"))

    assert definitions(pack, "mill", Choices(prefix="mill_", connections=BOUND), KNOWN) == []
    assert missing(pack, Choices(connections=BOUND), KNOWN) == ['"load" is a required property.']
    assert flows_of(pack, variables={"load": 3})["mill_turn"].vars == {"load": 3}


def test_without_an_optional_connection_only_the_tools_that_use_it_are_hidden() -> None:
    pack = sound_pack(mill(manifest=MANIFEST.replace("kind: sql,", "kind: sql, required: false,")))

    assert list(flows_of(pack, connections={})) == ["mill_grind", "mill_turn"]


@pytest.mark.parametrize(
    ("enabled", "chosen", "names", "why"),
    [
        (
            "write: '${{ vars.load > 2 }}'",
            {},
            ["mill_count_sacks"],
            {"grind": "It is shown only while `vars.load > 2` holds."},
        ),
        ("write: '${{ vars.load > 2 }}'", {"variables": {"load": 3}}, ALL, {}),
        ("grind: '${{ connections.store }}'", {}, ALL, {}),
        ("grind: '${{ not connections.store }}'", {"tools": ("count_sacks",)}, ["mill_count_sacks"], {}),
        (
            "read: true, count_sacks: '${{ vars.load.x }}'",
            {},
            ["mill_grind", "mill_turn"],
            {"count_sacks": "Its condition cannot be decided. `vars.load.x`: a number has no keys."},
        ),
    ],
)
def test_a_tool_is_shown_while_its_conditions_hold(
    enabled: str, chosen: dict[str, Any], names: list[str], why: dict[str, str]
) -> None:
    pack = sound_pack(mill(manifest=f"{MANIFEST}enabled: {{{enabled}}}\n"))

    assert list(flows_of(pack, **chosen)) == names
    assert hidden(pack, Choices(connections=BOUND, **chosen), KNOWN) == why


@pytest.mark.parametrize(
    ("name", "chosen", "message"),
    [
        ("My Mill", {}, "'My Mill' is no name for an install: small letters, digits and -, at most 40."),
        ("mill", {"prefix": "Mill"}, "'Mill' is no prefix: small letters, digits and _, at most 24."),
        ("mill", {"tools": ("grnd",)}, "The pack has no tool 'grnd'. Did you mean 'grind'?"),
        ("mill", {"groups": ("all",)}, "The pack has no group 'all'. Known: read, write."),
        ("mill", {"connections": {"stor": "barn"}}, "The pack has no connection 'stor'. Did you mean 'store'?"),
        (
            "mill",
            {"connections": {"store": "shop"}},
            "The connection 'shop' is of the kind `http`; 'store' needs `sql`.",
        ),
        ("mill", {"variables": {"laod": 1}}, "The pack has no variable 'laod'. Did you mean 'load'?"),
        ("mill", {"variables": {"load": 0}}, "Variable `load`: 0 is less than the minimum of 1."),
    ],
)
def test_choices_that_do_not_fit_are_refused(name: str, chosen: dict[str, Any], message: str) -> None:
    with pytest.raises(InputRejected) as refusal:
        check_choices(sound_pack(mill()), name, Choices(**chosen), KNOWN)

    assert str(refusal.value) == message
