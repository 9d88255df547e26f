"""The pack `wikipedia`: a language leads to its own host, and an article is read without gaps, however it is cut."""

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from packs.loader import CATALOG, load_pack
from tests.flow_runs import value_of

PACK = load_pack(CATALOG / "wikipedia")
ASK = yaml.safe_load(PACK.flows["ask"].text)
LANGUAGES = ASK["input"]["call"]["params"]["language"]["enum"]
ARTICLE = """\
flow: get_text
input: {call: {params: {language: string, title: string}}}
output:
  reply:
    title: ${{ args.title }}
    url: null
    rows: ROWS
    headings: []
"""


def test_every_language_has_the_host_of_its_wikipedia() -> None:
    [cases] = [step["switch"] for step in ASK["steps"] if "switch" in step]

    asked = [(case["when"], case["steps"][0]["http"]["url"]) for case in cases]

    assert asked == [
        (f"${{{{ args.language == '{language}' }}}}", f"https://{language}.wikipedia.org/w/api.php")
        for language in LANGUAGES
    ]


@pytest.mark.parametrize("tool", PACK.tools)
def test_every_tool_takes_the_languages_that_can_be_asked(tool: str) -> None:
    declared = PACK.flows[tool].plan.input.arguments.schema["properties"]["language"]

    assert declared["enum"] == LANGUAGES
    assert declared["default"] == "en"


@pytest.mark.parametrize("title", ["Mill|Dam", "Mill#Use", "[[Mill]]", "{{Mill}}", "Mill\nDam", "", "<b>"])
@pytest.mark.parametrize("tool", ["get_summary", "read_article", "find_related"])
def test_a_title_that_means_something_else_to_the_api_is_refused(tool: str, title: str) -> None:
    assert PACK.flows[tool].plan.input.arguments.rejections({"title": title})


@settings(max_examples=25, deadline=None)
@given(rows=st.lists(st.text(alphabet="abc =", max_size=400), min_size=1, max_size=8), size=st.integers(500, 900))
async def test_the_parts_of_an_article_are_the_whole_of_it(rows: list[str], size: int) -> None:
    article = ARTICLE.replace("ROWS", yaml.safe_dump(rows, default_flow_style=True, width=10_000).strip())
    text = ""
    start: Any = 0
    while start is not None:
        args = {"title": "Mill", "start": start, "max_characters": size}
        part = await value_of(PACK.flows["read_article"].text, args, others=(article,))
        text += part["text"]
        start = part["next_start"]

    assert text == "\n".join(rows).strip()
