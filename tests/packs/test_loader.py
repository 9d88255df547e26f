"""A pack as a whole: what is read, and what does not fit together."""

from pathlib import Path

import pytest

from flows.errors import FlowInvalid, NotFound
from packs.loader import folder_files, load_pack, read_pack, sound_pack
from packs.start import start_files
from tests.packs.support import COUNT, GRIND, MANIFEST, TURN, mill

KEYS = MANIFEST.replace(
    "variables:", "  keys: {kind: values, description: Keys., values: {token: {description: One.}}}\nvariables:", 1
)
SECRET = (
    "    http: {{url: 'https://mill.example', headers: {{X-Key: '${{{{ secrets.{} }}}}'}}}}\n  - id: other\n    sql:"
)


def problems_of(files: dict[str, bytes]) -> list[str]:
    """Read a pack and return its problems as text."""
    return [str(problem) for problem in read_pack(files, "mill")[1]]


def test_a_pack_knows_its_tools_and_compiles_its_flows_as_their_tests_run_them() -> None:
    pack = sound_pack(mill())

    assert pack.tools == ("count_sacks", "grind")
    assert set(pack.flows) == {"count_sacks", "grind", "turn"}
    assert pack.flows["turn"].plan.vars == {"load": 2}
    assert problems_of(mill()) == []


def test_a_pack_is_named_by_the_content_of_all_its_files() -> None:
    assert sound_pack(mill()).digest == sound_pack(mill()).digest
    assert sound_pack(mill()).digest != sound_pack(mill(readme="# The mill\n")).digest


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        (
            mill(manifest=None),
            "mill/pack.yaml:1:1: A pack has a file pack.yaml. Make one with `headrace pack new`.   [pack.file]",
        ),
        (
            mill(count=COUNT.replace("flow: count_sacks", "flow: count")),
            "mill/flows/count_sacks.yaml:1:7: The file is called 'count_sacks', its flow 'count'. "
            "Make the two the same.   [pack.file]",
        ),
        (
            mill(count=COUNT.replace("connection: store", "connection: stor")),
            "mill/flows/count_sacks.yaml:6:1: pack.yaml declares no connection 'stor'. Did you mean 'store'? "
            "A flow of a pack names connections as the pack does.   [pack.unknown-connection]",
        ),
        (
            mill(count=COUNT.replace("    sql:", SECRET.format("keys.token"))),
            "mill/flows/count_sacks.yaml:6:1: pack.yaml declares no connection 'keys'. Known: store. "
            "A flow of a pack names connections as the pack does.   [pack.unknown-connection]",
        ),
        (
            mill(count=COUNT.replace("    sql:", SECRET.format("store.url"))),
            "mill/flows/count_sacks.yaml:6:1: 'store' is declared with the kind `sql`; secrets of a flow are fields of "
            "a connection of the kind `values`.   [pack.unknown-connection]",
        ),
        (
            mill(manifest=KEYS, count=COUNT.replace("    sql:", SECRET.format("keys.tokn"))),
            "mill/flows/count_sacks.yaml:6:1: pack.yaml declares no value 'tokn' for 'keys'. Did you mean 'token'?   "
            "[pack.unknown-connection]",
        ),
        (
            mill(grind=GRIND.replace("call: turn", "call: burn")),
            "mill/flows/grind.yaml:6:1: There is no flow 'burn' in this pack. Did you mean 'turn'?   "
            "[flow.unknown-flow]",
        ),
        (
            mill(turn=TURN.replace("vars.load", "vars.laod")),
            "mill/flows/turn.yaml:3:20: There is no variable 'laod'. Did you mean 'load'?   [flow.unknown-name]",
        ),
        (
            mill(turn=TURN + "vars: {load: 3}\n"),
            "mill/flows/turn.yaml:6:8: 'load' is a variable of the pack already. Rename one of the two.   "
            "[pack.variable]",
        ),
        (
            mill(manifest=MANIFEST.replace("[grind]", "[grind, gind]")),
            "mill/pack.yaml:11:18: There is no tool 'gind' in this pack. Did you mean 'grind'?   [pack.group]",
        ),
        (
            mill(manifest=MANIFEST + "enabled: {wirte: true}\n"),
            "mill/pack.yaml:12:11: There is no tool and no group 'wirte' in this pack. Did you mean 'write'?   "
            "[pack.group]",
        ),
        (
            mill(manifest=MANIFEST.replace("  write: [grind]\n", "")),
            "mill/pack.yaml:9:1: warning: These tools are in no group, so nobody who chooses groups gets them: grind."
            "   [pack.group]",
        ),
        (
            mill(manifest=MANIFEST + 'headrace: ">=99.1"\n'),
            "mill/pack.yaml:12:11: This pack needs Headrace >=99.1; this one is older. Upgrade Headrace first.   "
            "[pack.headrace-version]",
        ),
        (
            mill(manifest=MANIFEST + "icon: mill.svg\n"),
            "mill/pack.yaml:12:7: There is no file 'mill.svg' beside pack.yaml.   [pack.file]",
        ),
        (
            mill(
                manifest=MANIFEST.replace("variables:", "variables:\n  size: {type: integer, description: D.}"),
            )
            | {},
            'mill/pack.yaml:1:1: The tests need values for the variables. "size" is a required property.   '
            "[pack.variable]",
        ),
        (
            mill(count=COUNT.replace(" {annotations: {readOnly: true}}", " {}")),
            "mill/flows/count_sacks.yaml:3:9: warning: Say in `annotations` whether the tool is `readOnly`: clients "
            "ask people by it.   [pack.annotations]",
        ),
        (
            mill(
                count=COUNT.replace("{annotations", "{params: {of: string}, annotations").replace(
                    "name: seven", "name: seven, args: {of: rye}"
                )
            ),
            "mill/flows/count_sacks.yaml:3:29: warning: Say in `description` what 'of' is: a model fills it in by "
            "this.   [pack.undescribed]",
        ),
        (
            mill(turn=TURN.partition("tests:")[0]),
            "mill/flows/turn.yaml:1:7: warning: Add `tests:` with an example that passes offline; it shows people "
            "what the tool answers.   [pack.no-tests]",
        ),
        (
            mill(readme=None),
            "mill/pack.yaml:1:1: warning: Add a README.md: what the tools are for, what they need, an example.   "
            "[pack.undescribed]",
        ),
    ],
)
def test_what_does_not_fit_together_is_a_problem_at_its_place(files: dict[str, bytes], problem: str) -> None:
    assert problem in problems_of(files)


def test_a_declared_connection_is_used_by_the_secrets_that_flows_read() -> None:
    assert problems_of(mill(manifest=KEYS, count=COUNT.replace("    sql:", SECRET.format("keys.token")))) == []


def test_a_connection_and_a_variable_that_nobody_uses_are_doubtful() -> None:
    files = mill(
        count=None, turn=TURN.replace("vars.load", "2"), manifest=MANIFEST.replace("  read: [count_sacks]\n", "")
    )

    assert problems_of(files) == [
        "mill/pack.yaml:6:3: warning: No flow uses the connection 'store'.   [pack.unused]",
        "mill/pack.yaml:8:3: warning: No flow uses the variable 'load'.   [pack.unused]",
    ]


def test_a_pack_with_errors_is_refused_with_all_of_them() -> None:
    with pytest.raises(FlowInvalid) as failure:
        sound_pack(mill(manifest=MANIFEST.replace("kind: sql", "kind: sqll"), turn=TURN.replace("map:", "mpa:")))

    assert [problem.code for problem in failure.value.problems] == ["flow.wrong-value", "flow.unknown-step"]


def test_the_start_of_a_pack_is_sound_and_without_a_warning(tmp_path: Path) -> None:
    for file, text in start_files("my-shop").items():
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text(text)

    pack, problems = read_pack(folder_files(tmp_path))

    assert problems == []
    assert pack is not None
    assert pack.manifest.title == "My shop"


def test_only_files_of_packs_are_read_from_a_folder(tmp_path: Path) -> None:
    for file, content in (mill() | {"flows/.hidden.yaml": b"", "setup.py": b"", "flows/data.json": b"{}"}).items():
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_bytes(content)

    assert load_pack(tmp_path).files == mill()


def test_a_folder_without_a_manifest_is_no_pack(tmp_path: Path) -> None:
    with pytest.raises(NotFound) as failure:
        folder_files(tmp_path)

    assert str(failure.value) == f"There is no pack.yaml in '{tmp_path}'. Make a pack with `headrace pack new`."
