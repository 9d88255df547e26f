"""What is found of a secret in text that came back, however it is spelled there."""

import html
import json
from urllib.parse import quote, quote_plus

import pytest

from flows.connections import masked, masks_of

SECRET = 'k/7f3a+ &="é😀"'


@pytest.mark.parametrize(
    "spelling",
    [
        pytest.param(SECRET, id="as it is"),
        pytest.param(json.dumps(SECRET)[1:-1], id="in JSON"),
        pytest.param(json.dumps(SECRET, ensure_ascii=False)[1:-1].replace("/", "\\/"), id="in JSON for a page"),
        pytest.param(quote(SECRET, safe=""), id="in a URL"),
        pytest.param(quote(SECRET, safe="").lower(), id="in a URL, in small letters"),
        pytest.param(quote_plus(SECRET), id="in a form"),
        pytest.param(quote(SECRET, safe='/?:@"'), id="in a URL that escapes little"),
        pytest.param(html.escape(SECRET), id="in HTML"),
        pytest.param(SECRET.replace('"', "&#34;").replace("&=", "&#x26;="), id="in HTML, by numbers"),
    ],
)
def test_a_secret_is_found_in_every_spelling(spelling: str) -> None:
    assert masked(f"a{spelling}b", masks_of(["another secret", SECRET])) == "a***b"


def test_text_that_only_looks_like_a_secret_stays() -> None:
    masks = masks_of([SECRET, "plain-secret", "short"])

    assert masked("k/7f3a is short, plain-secre too", masks) == "k/7f3a is short, plain-secre too"


def test_a_secret_is_found_without_the_space_around_it() -> None:
    masks = masks_of([" from a file\n"])

    assert masked("<from a file>", masks) == "<***>"
    assert masked("< from a file\n>", masks) == "<***>"


def test_a_longer_secret_is_found_before_one_that_it_holds() -> None:
    assert masked("<secret-1/longer>", masks_of(["secret-1", "secret-1/longer"])) == "<***>"
