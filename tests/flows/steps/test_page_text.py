"""HTML becomes text: as people see it, and never at more cost than its length says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.steps._page_text import page_text
from tests.bounded import bounded

BASE = "https://example.com/a/"


def text(html: str) -> str:
    return page_text(html, BASE, "markdown", whole=False).text


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("a &lt;b&gt; &amp; c", "a <b> & c"),
        ("<p>one<p>two", "one\n\ntwo"),
        ("one<br>two", "one\ntwo"),
        ("<h2>A <em>b</em></h2>c", "## A b\n\nc"),
        ("<ol><li>a<li>b<ul><li>c</ul></ol>", "1. a\n2. b\n  - c"),
        ("<pre>a\n  b</pre>", "```\na\n  b\n```"),
        ("<table><tr><th>a<th>b<tr><td>1</td><td>2</td></tr></table>", "a | b\n1 | 2"),
        ("<blockquote>q</blockquote>", "> q"),
        ("<img alt='a mill' src=x>", "[image: a mill]"),
        ("use <code>ls</code>", "use `ls`"),
        ("<a href='/x'>y</a>", "[y](https://example.com/x)"),
        ("<a href='javascript:alert(1)'>y</a>", "y"),
        ("<a href='data:text/html,x'>y</a>", "y"),
        ("<base href='https://b.example/'><a href=x>y</a>", "[y](https://b.example/x)"),
        ("<script>x</script>a<style>b</style>", "a"),
        ("<SCRIPT>if (a < b) '</p>'</Script >a", "a"),
        ("<!-- <p>x --> a", "a"),
        ("a < b > c", "a < b > c"),
        ("<p title='a > b'>x", "x"),
        ('<p title="it\'s">x', "x"),
        ("<p>x</p><p hidden>no</p><p>y</p>", "x\n\ny"),
        ("<div style='DISPLAY: none'><div>no</div>no</div>yes", "yes"),
        ("<span aria-hidden=true>no</span>yes", "yes"),
        ("<p style='font-size:0'>no</p><p style='font-size:0.9em'>yes</p>", "yes"),
        ("<nav>no</nav><article><header>yes</header></article>", "yes"),
        ("<noscript>no</noscript><template>no</template><select><option>no</select>yes", "yes"),
        ("<p", ""),
        ("<p title='x", ""),
        ("", ""),
    ],
)
def test_a_page_becomes_what_people_see_of_it(html: str, expected: str) -> None:
    assert text(html) == expected


def test_the_main_part_is_taken_when_it_is_long_enough() -> None:
    long = "The wheel turns. " * 20

    assert text(f"<div>around</div><main>{long}</main><div>around</div>") == long.strip()
    assert text("<div>around</div><main>short</main>") == "around\n\nshort"


@given(st.text(alphabet="<>/=\"' !-&;abpstyle hidden\n", max_size=300))
def test_any_text_is_read(html: str) -> None:
    page_text(html, BASE, "markdown", whole=True)


HOSTILE = {
    "deep": "<div>",
    "deep, of two": "<b><p>",
    "many attributes": "<p {}>",
    "unclosed tags": "<a <b ",
    "unclosed quotes": "<a href='\" ",
    "equal signs": "<a =",
    "entities": "&amp;&#x41;&nosuch;",
    "unclosed comments": "<!-- <!",
    "unclosed scripts": "<script></scrip",
    "links": "<a href=x>y</a>",
    "links that are open": "<a href=x>",
    "lists": "<ul><li>x",
    "hidden": "<p hidden><p style='display: none",
    "titles": "<title>x</title>",
    "angles": "< <",
}


@pytest.mark.parametrize("piece", HOSTILE.values(), ids=HOSTILE)
def test_no_page_costs_more_than_its_length_says(piece: str) -> None:
    attributes = " ".join(f"a{place}=1" for place in range(100_000))
    html = piece.format(attributes) if "{}" in piece else piece * (1_000_000 // len(piece))

    with bounded():  # quadratic work would take minutes
        page_text(html, BASE, "markdown", whole=True)


@pytest.mark.parametrize("piece", ["<a href=b>", "<base href=?>", "<link rel=canonical href=mailto:b>"])
def test_many_addresses_on_a_page_with_a_long_one_cost_little(piece: str) -> None:
    url = BASE + "a/" * 980

    with bounded():  # each of them takes a tenth of a millisecond
        page_text(piece * (3_000_000 // len(piece)), url, "markdown", whole=False)


def test_headings_and_title_are_short_whatever_the_page_makes_of_them() -> None:
    words = "word " * 100_000

    page = page_text(f"<title>{words}</title><h1>{words}</h1><pre>{words}{'</h1>' * 200}", BASE, "text", whole=False)

    assert len(page.title) == 300
    assert [len(heading) for heading in page.headings] == [300]


@pytest.mark.parametrize("html", ["<p>a&#{};b", "<title>a&#{}b</title>", "<img alt='a&#{};b'>"])
def test_a_character_with_an_endless_number_is_none(html: str) -> None:
    page = page_text(html.format("1" * 5000), BASE, "text", whole=False)

    assert "a\ufffdb" in (page.title or page.text)


def test_short_links_and_a_long_base_do_not_make_a_page_large() -> None:
    html = f"<base href='https://example.com/{'x' * 1900}/'>" + "<a href=y>z</a> " * 50_000

    assert len(text(html)) < 10_000_000
