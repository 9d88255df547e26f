"""`headrace pack install` and what comes after it, against a running server."""

import json
from pathlib import Path

from packs.archive import make_archive
from tests.coordinator.cli.command import Command
from tests.coordinator.packs.support import FIND_ORDER, SHOP, shop_files
from tests.packs.support import COUNT, MANIFEST, mill


def write(folder: Path, files: dict[str, bytes]) -> None:
    for file, content in files.items():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_bytes(content)


def test_a_folder_is_installed_changed_upgraded_brought_back_and_removed(beside: Command, tmp_path: Path) -> None:
    write(tmp_path / "mill", mill())

    seen = beside("pack install mill --preview --group read -c store=sample")
    made = beside("pack install ./mill -c store=sample --set load:=4")
    called = beside("call mill_grind")
    changed = beside("pack set mill --set load:=6 --note 'by the river'")
    again = beside("call mill_grind")
    write(tmp_path / "mill", mill(manifest=MANIFEST.replace("1.0.0", "1.1.0"), count=COUNT.replace("Say", "Tell")))
    differs = beside("pack upgrade mill ./mill --preview")
    upgraded = beside("pack upgrade mill ./mill")
    back = beside("pack rollback mill 1")
    gone = beside("pack remove mill --yes")

    assert (seen.code, seen.out) == (0, "mill_count_sacks\tadded\t\n")
    assert (made.code, made.out.splitlines()) == (0, ["mill_count_sacks", "mill_grind"])
    assert json.loads(called.out) == {"ground": 4}
    assert changed.code == 0
    assert json.loads(again.out) == {"ground": 6}
    assert differs.out.splitlines() == ["mill_count_sacks\tchanged\tdescription", "mill_grind\tsame\t"]
    assert "mill: Mill 1.1.0, shown" in upgraded.err
    assert "mill: Mill 1.0.0, shown" in back.err
    assert gone.err == "The install 'mill' is removed, with 2 tools.\n"


def test_a_pack_of_the_catalog_is_installed_twice_listed_shown_and_switched(beside: Command) -> None:
    first = beside("pack install weather")
    second = beside("pack install weather --name weather-us --set temperature_unit=fahrenheit --note US")
    listed = beside("pack list")
    beside("pack disable weather-us")
    shown = beside("pack show weather-us")
    beside("pack enable weather-us")
    named = beside("pack show weather --json")
    both = beside("pack show weather")
    behind = beside("pack show weather --pack")
    for name in ("weather", "weather-us"):
        beside(f"pack remove {name} -y")

    assert "weather_current_weather" in first.out.splitlines()
    assert "weather_us_current_weather" in second.out.splitlines()
    assert [line.split("\t")[0] for line in listed.out.splitlines()[:2]] == ["weather", "weather-us"]
    assert "Weather 1.0.0, disabled" in shown.err
    assert "(US)" in shown.out
    assert json.loads(named.out)["path"] == "/mcp/weather"
    assert "The install 'weather': Weather 1.0.0, shown" in both.err
    assert "A pack has this name too: `headrace pack show weather --pack` shows it." in both.err
    assert "A pack has this name" not in shown.err
    assert behind.err.startswith("The pack 'weather': Weather 1.0.0. ")


def test_a_folder_is_taken_at_its_word_about_private_networks_and_a_zip_is_not(beside: Command, tmp_path: Path) -> None:
    files = {"pack.yaml": f"{SHOP}    base_url: http://127.0.0.1:9\n    allow_private: true\n".encode()}
    files |= {"README.md": b"# Shop\n", "flows/find_order.yaml": FIND_ORDER.encode()}
    write(tmp_path / "shop", files)
    (tmp_path / "shop.zip").write_bytes(make_archive(files))

    folder = beside("pack install ./shop --new-connection shop --preview")
    archive = beside("pack install shop.zip --new-connection shop --preview")
    said = beside("pack install shop.zip --new-connection shop --set shop.allow_private:=true --preview")

    wants = "The pack wants its connection 'shop' to reach this machine and private networks"
    assert (folder.err, said.err) == (f"{wants}, and a new one may.\n",) * 2
    assert archive.err == f"{wants}: --set shop.allow_private:=true lets a new one.\n"


def test_a_pack_that_lacks_a_connection_says_so_and_shows_no_tools(beside: Command, tmp_path: Path) -> None:
    write(tmp_path / "mill", mill())

    made = beside("pack install ./mill --name dry")
    bound = beside("pack set dry --connect store=sample")
    beside("pack remove dry -y")

    assert made.out == ""
    assert made.err.splitlines()[:2] == [
        "No tools are shown: The connection 'store' is not bound: say which connection of the kind `sql` it means.",
        "Name one that is there: headrace pack set dry --connect store=NAME",
    ]
    assert "shown" in bound.err
    assert "Name one that is there" not in bound.err


def test_a_pack_is_shown_with_what_it_needs_before_it_is_installed(beside: Command) -> None:
    shown = beside("pack show weather")

    assert shown.code == 0
    assert 'language\t"en"\tLanguage in which places' in shown.out
    assert "find_places\tnothing\tFind places" in shown.out


def test_a_pack_with_mistakes_is_refused_with_their_places(beside: Command, tmp_path: Path) -> None:
    write(tmp_path / "mill", mill(count=COUNT.replace("sql:", "sqll:")))

    ended = beside("pack install ./mill")

    assert ended.code == 1
    assert ended.err.startswith("headrace: ./mill/flows/count_sacks.yaml:6:5: Unknown step 'sqll'. Did you mean 'sql'?")


def test_what_is_not_there_is_not_installed(beside: Command) -> None:
    folder = beside("pack install ./nowhere")
    name = beside("pack install wether")
    variable = beside("pack install weather --set language")

    assert folder.err == "headrace: There is no folder and no file './nowhere'.\n"
    assert name.err == "headrace: There is no pack 'wether'. Did you mean 'weather'?\n"
    assert variable.err == "headrace: 'language' sets no variable. Write name=text, or name:=json.\n"


def test_flows_of_packs_are_not_exported_as_flows(beside: Command, tmp_path: Path) -> None:
    beside("pack install weather")

    ended = beside("flow export out")
    beside("pack remove weather -y")

    assert ended.code == 0
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["hello.yaml"]


KEYED = """\
    base_url: https://{part}.example.com/api
    settings: {part: {description: Its part of the address., pattern: "[a-z]+"}}
    auth: {type: bearer}
"""


def test_an_install_makes_its_connection_and_takes_it_away_again(beside: Command, tmp_path: Path) -> None:
    write(tmp_path / "shop", shop_files(KEYED))
    (tmp_path / "token").write_text("canary-of-the-line\n")
    beside.env(SHOP_TOKEN="canary-of-the-env")
    options = "--new-connection shop=work-account --set shop.part=tea"

    made = beside(f"pack install ./shop --name work {options} --secret shop.token=@token")
    options = "--new-connection shop --set shop.part=oak"
    again = beside(f"pack install ./shop --name home {options} --secret shop.token=env:SHOP_TOKEN")
    shown = json.loads(beside("connection list --json").out)
    kept = beside("pack remove home -y")
    gone = beside("pack remove work -y --with-connections")
    left = beside("connection remove home")

    assert (made.code, made.out.splitlines()) == (0, ["work_find_order"])
    assert (again.code, again.out.splitlines()) == (0, ["home_find_order"])
    assert [each["config"]["base_url"] for each in shown if each["origin"] == "api"] == [
        "https://oak.example.com/api",
        "https://tea.example.com/api",
    ]
    assert "canary" not in str([made, again, shown])
    assert "The connection 'home', which nothing else uses, stays" in kept.err
    assert "The connection 'work-account', which nothing else uses, is gone too." in gone.err
    assert left.code == 0


def test_what_a_new_connection_lacks_is_told_with_the_option_that_gives_it(beside: Command, tmp_path: Path) -> None:
    write(tmp_path / "shop", shop_files(KEYED))

    setting = beside("pack install ./shop --new-connection shop")
    secret = beside("pack install ./shop --new-connection shop --set shop.part=tea")

    assert setting.err == (
        "headrace: The connection 'shop' needs the setting 'part' (Its part of the address). "
        "On the command line --set shop.NAME=VALUE gives a setting; REST takes it under `settings`.\n"
    )
    assert secret.err == (
        "headrace: The connection 'shop' needs its secret `token`. "
        "On the command line --secret asks for it; REST takes it under `secrets`.\n"
    )


def test_what_is_said_of_a_connection_that_is_not_made_is_refused(beside: Command) -> None:
    setting = beside("pack install weather --set shop.part=tea")
    secret = beside("pack install weather --new-connection shop --secret shop.token=hunter2")

    assert setting.err == (
        "headrace: `--set shop.part` is about a new connection, and none is made for 'shop'. Add "
        "--new-connection shop=NAME. One that is there is changed by `headrace connection set`.\n"
    )
    assert secret.err.startswith("headrace: A secret on the command line can be seen by others on this machine.")
