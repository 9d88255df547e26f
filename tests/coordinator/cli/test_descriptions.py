"""`headrace pack from-openapi`: a pack of an API description, without a server."""

import io
from pathlib import Path

import pytest

from tests.coordinator.cli.command import Command

MILL = """\
openapi: 3.1.0
info: {title: Mill API}
servers: [{url: "https://mill.example/v1"}]
paths:
  /sacks:
    get: {operationId: listSacks, tags: [sacks], summary: List the sacks, responses: {"204": {description: Done}}}
  /sacks/{a}{b}:
    parameters: [{name: a, in: path}, {name: b, in: path}]
    get: {operationId: odd, responses: {"204": {description: Done}}}
components: {securitySchemes: {key: {type: http, scheme: bearer}}}
security: [{key: []}]
"""


@pytest.fixture
def mill(headrace: Command, tmp_path: Path) -> Path:
    place = tmp_path / "mill.yaml"
    place.write_text(MILL)
    return place


def test_a_description_becomes_a_pack_that_checks_clean_and_passes_its_tests(headrace: Command, mill: Path) -> None:
    made = headrace("pack from-openapi mill.yaml")
    checked = headrace("pack check mill")
    tested = headrace("test mill")

    assert made.out.splitlines() == ["mill/pack.yaml", "mill/README.md", "mill/flows/list_sacks.yaml"]
    assert made.err.splitlines() == [
        "GET /sacks/{a}{b}: skipped, because two parameters of its path stand side by side, and nobody knows where "
        "one ends.",
        "1 flow of 2 operations, 1 operation skipped.",
        "Now read them, then try `headrace pack check mill` and `headrace test mill`.",
    ]
    assert (checked.code, checked.err) == (0, "2 flow files checked: no problems.\n")
    assert (tested.code, tested.err) == (0, "1 test: 1 passed.\n")


def test_operations_are_listed_without_making_anything(headrace: Command, mill: Path) -> None:
    ended = headrace("pack from-openapi mill.yaml --list --tag sacks")

    assert (ended.code, ended.out) == (0, "listSacks\tGET /sacks\tsacks\n")
    assert list(mill.parent.iterdir()) == [mill]


def test_a_person_chooses_among_the_operations(headrace: Command, mill: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("sacks\n9\n1\n"))

    ended = headrace("pack from-openapi mill.yaml --interactive --out chosen")

    assert ended.code == 0
    assert ended.out.splitlines()[-1] == "chosen/flows/list_sacks.yaml"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("nowhere.yaml", "There is no file 'nowhere.yaml'."),
        ("https://mill.example/x.json", "There is no file 'https:/mill.example/x.json'. Download it first."),
        (
            "mill.yaml --name ../x",
            "'../x' is no name for a pack. Use small letters, digits and -, at most 40, for example my-shop.",
        ),
        ("mill.yaml --fields 'a,b c'", "'b c' is no field. Write names or paths such as user.login, with commas."),
        ("mill.yaml --auth magic", "'magic' is no way to sign in. Say bearer, basic or none."),
        ("mill.yaml --tag none", "None of the 2 operations fits what was chosen. Its tags: sacks (1)."),
        ("mill.yaml --out .", "There is '.' already. Choose another folder with --out."),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_refused_with_a_reason(headrace: Command, mill: Path, line: str, message: str) -> None:
    ended = headrace(f"pack from-openapi {line}")

    assert (ended.code, ended.err) == (1, f"headrace: {message}\n")
