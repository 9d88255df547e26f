"""Values land in a URL without changing where it leads."""

from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from yarl import URL

from flows.errors import StepError
from flows.expr import Template, compile_template
from flows.urls import UrlInvalid, add_query, compile_url, encode_pairs, resolve_redirect


def template(text: str) -> Template:
    return compile_template(text) or Template((text,), {}, False)


def built(text: str, **args: Any) -> str:
    return compile_url(template(text))({"args": args})


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://api.example.com", "https://api.example.com/"),
        ("https://api.example.com?a=1", "https://api.example.com/?a=1"),
        ("HTTPS://API.Example.COM/Path", "https://api.example.com/Path"),
        ("http://localhost:8080/x", "http://localhost:8080/x"),
        ("http://127.0.0.1:080/x", "http://127.0.0.1:80/x"),
        ("http://[0:0:0:0:0:0:0:1]:81/x", "http://[::1]:81/x"),
        ("https://api.example.com./x", "https://api.example.com./x"),
        ("https://bücher.example/ä", "https://xn--bcher-kva.example/%C3%A4"),
        ("https://a.example/two words/100%/x%2Fy", "https://a.example/two%20words/100%25/x%2Fy"),
        ("https://a.example/a//b/", "https://a.example/a//b/"),
        ("https://a.example/x?f[a]=1&q=a+b?", "https://a.example/x?f%5Ba%5D=1&q=a+b?"),
        ("https://a.example/x\\y", "https://a.example/x%5Cy"),
        ("https://a.example/.well-known/...", "https://a.example/.well-known/..."),
    ],
)
def test_a_url_without_values_is_a_constant_in_its_usual_form(text: str, url: str) -> None:
    assert built(text) == url


@pytest.mark.parametrize(
    ("text", "value", "url"),
    [
        ("https://a.example/i/${{ args.v }}", "abc", "https://a.example/i/abc"),
        ("https://a.example/i/${{ args.v }}", 7, "https://a.example/i/7"),
        ("https://a.example/i/${{ args.v }}", 1.5, "https://a.example/i/1.5"),
        ("https://a.example/i/${{ args.v }}", True, "https://a.example/i/true"),
        ("https://a.example/i/${{ args.v }}/x", "a/b", "https://a.example/i/a%2Fb/x"),
        ("https://a.example/i/${{ args.v }}", "a?b#c%2F", "https://a.example/i/a%3Fb%23c%252F"),
        ("https://a.example/i/${{ args.v }}", "@:;=&+, \\", "https://a.example/i/%40%3A%3B%3D%26%2B%2C%20%5C"),
        ("https://a.example/i/${{ args.v }}", "\r\n\x00é", "https://a.example/i/%0D%0A%00%C3%A9"),
        ("https://a.example/i/${{ args.v }}", "...", "https://a.example/i/..."),
        ("https://a.example/i/${{ args.v }}", "v1.2", "https://a.example/i/v1.2"),
        ("https://a.example/i/${{ args.v }}.json", "x", "https://a.example/i/x.json"),
        ("https://a.example/i/a${{ args.v }}b/c", "/", "https://a.example/i/a%2Fb/c"),
        ("https://a.example/i/a${{ args.v }}", "", "https://a.example/i/a"),
        ("https://a.example/${{ args.v }}/${{ args.v }}-${{ args.v }}", "x", "https://a.example/x/x-x"),
        ("https://a.example/?q=${{ args.v }}", "a&b=c#d/?", "https://a.example/?q=a%26b%3Dc%23d%2F%3F"),
        ("https://a.example?q=${{ args.v }}&n=1", "", "https://a.example/?q=&n=1"),
        ("https://a.example/x?${{ args.v }}=1", "../..", "https://a.example/x?..%2F..=1"),
    ],
)
def test_a_value_is_encoded_for_the_place_where_it_lands(text: str, value: Any, url: str) -> None:
    assert built(text, v=value) == url


@pytest.mark.parametrize(
    "value",
    [
        *(".", "..", "%2e", "%2E%2e", ".%2e", "%252e%252e", "%25252e.", "%%32%65"),
        *("../x", "x/..", "a/../b", "a/./b", "..\\x", "a\\..", "..%2fx", "..%5cx", "%2e%2e%2f%2e%2e"),
        *("..;", "..;a=1", "a/..;x", ".. ", " ..", "..\x00", "..\n", "..\t/x", "/..", "//..//"),
    ],
)
@pytest.mark.parametrize("text", ["https://a.example/i/${{ args.v }}", "https://a.example/${{ args.v }}/x?y=1"])
def test_a_value_with_dot_segments_in_any_encoding_is_refused(text: str, value: str) -> None:
    with pytest.raises(StepError) as refused:
        built(text, v=value)

    assert str(refused.value) == (
        "`${{ args.v }}` has `.` or `..` as a part, which would move the path. Give another value."
    )
    assert refused.value.code == "unusable_value"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("https://a.example/.${{ args.v }}/x", "."),
        ("https://a.example/.${{ args.v }}/x", ""),
        ("https://a.example/%2e${{ args.v }}/x", "."),
        ("https://a.example/${{ args.v }}${{ args.v }}/x", "."),
        ("https://a.example/${{ args.v }};v=1/x", ".."),
        ("https://a.example/a%2F${{ args.v }}/x", ".."),
    ],
)
def test_text_and_values_together_cannot_become_a_dot_segment(text: str, value: str) -> None:
    with pytest.raises(StepError, match="would move the path"):
        built(text, v=value)


@pytest.mark.parametrize("text", ["https://a.example/${{ args.v }}", "https://a.example/a/${{ args.v }}/b"])
def test_an_empty_segment_is_refused_because_it_is_another_path(text: str) -> None:
    with pytest.raises(StepError) as refused:
        built(text, v="")

    assert str(refused.value) == ("`${{ args.v }}` is empty, which would make it another path. Give it a value.")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (None, "`${{ args.v }}` is null. Give text, a number or a boolean there."),
        ([1], "`${{ args.v }}` is a list. Give text, a number or a boolean there."),
        ({"a": 1}, "`${{ args.v }}` is a mapping. Give text, a number or a boolean there."),
        pytest.param(
            10**5000, "`${{ args.v }}` is a number of too many digits. Give a smaller one.", id="too many digits"
        ),
        ("\ud800.", "`${{ args.v }}` holds half a character (a lone surrogate). Send whole characters."),
    ],
)
@pytest.mark.parametrize("text", ["https://a.example/i/${{ args.v }}", "https://a.example/?q=${{ args.v }}"])
def test_what_is_not_a_scalar_is_refused(text: str, value: Any, message: str) -> None:
    with pytest.raises(StepError) as refused:
        built(text, v=value)

    assert str(refused.value) == message


HOST_IS_FIXED = (
    "The host of a URL is fixed text and ends with a slash, so that no value can change where the request goes. "
    "Write it out, for example https://api.example.com/${{ args.id }}."
)
MISSING_ORIGIN = "A URL begins with https:// or http:// and a host."
NO_USER = "A URL holds no user name or password. Send them in the `Authorization` header."


@pytest.mark.parametrize(
    ("text", "message", "offset"),
    [
        (
            "${{ args.v }}",
            "A URL begins with fixed text, so that no value can change where the request goes. "
            "Write scheme and host out, for example https://api.example.com/${{ args.id }}.",
            0,
        ),
        ("http${{ args.v }}://a.example/", "The scheme of a URL is fixed text. Write https:// out.", 4),
        ("https:/${{ args.v }}", "The scheme of a URL is fixed text. Write https:// out.", 7),
        ("https://${{ args.v }}/x", HOST_IS_FIXED, 8),
        ("https://a.example${{ args.v }}", HOST_IS_FIXED, 17),
        ("https://a.example:${{ args.v }}/", HOST_IS_FIXED, 18),
        ("", MISSING_ORIGIN, 0),
        ("/v1/items", MISSING_ORIGIN, 0),
        ("/v1/${{ args.v }}", MISSING_ORIGIN, 0),
        ("api.example.com/x", MISSING_ORIGIN, 0),
        ("ftp://a.example/x", "A URL begins with https:// or http://, not with ftp://.", 0),
        ("file:///etc/passwd", "A URL begins with https:// or http://, not with file://.", 0),
        ("https:///x", "The URL has no host.", 8),
        ("https://user:pass@a.example/", NO_USER, 8),
        ("https://a.example@evil.example/", NO_USER, 8),
        ("https://a.example\\@evil.example/", NO_USER, 8),
        ("https://a.example\\.evil.example/", "'a.example\\\\.evil.example' is not a host.", 8),
        ("https://a b.example/", "'a b.example' is not a host.", 8),
        ("https://a%2eexample/", "'a%2eexample' is not a host.", 8),
        ("https://a..example/", "'a..example' is not a host.", 8),
        ("https://a.example:99999/", "99999 is not a port. A port is a number from 1 to 65535.", 8),
        ("https://a.example:x/", "'a.example:x' is not a host.", 8),
        ("https://[::1%25eth0]/", "'[::1%25eth0]' is not a host.", 8),
        ("https://[v1.x]/", "'[v1.x]' is not an IPv6 address.", 8),
        ("https://a.example/x#top", "What follows `#` in a URL is never sent. "
         "Remove it, or write %23 for the character itself.", 19),
        ("https://a.example/x#${{ args.v }}", "What follows `#` in a URL is never sent. "
         "Remove it, or write %23 for the character itself.", 19),
        ("https://a.example/x\n", "The URL has a line break or control character in it.", 19),
        ("https://a.example/a/../b", "The path segment '..' moves the path. Write the path that is meant.", None),
        ("https://a.example/%2e%2E/b", "The path segment '%2e%2E' moves the path. Write the path that is meant.", None),
    ],
)  # fmt: skip
def test_a_template_that_leaves_the_origin_open_is_refused_at_load(text: str, message: str, offset: int | None) -> None:
    with pytest.raises(UrlInvalid) as refused:
        compile_url(template(text))

    assert str(refused.value) == message
    assert refused.value.offset == offset


@pytest.mark.parametrize(
    "host",
    [
        *("2130706433", "127.1", "127.0.1", "0177.0.0.1", "0x7f.0.0.1", "0x7f000001", "017700000001", "127.0.0.01"),
        *("256.1.1.1", "1.2.3.4.5", "a.example.0x7f", "0x", "127.0.0.1."),
    ],
)
def test_an_address_in_an_unusual_spelling_is_refused_at_load(host: str) -> None:
    with pytest.raises(UrlInvalid) as refused:
        compile_url(template(f"http://{host}/"))

    assert str(refused.value) == f"'{host}' is an unusual spelling of an address. Write four numbers from 0 to 255."


def test_digits_of_other_scripts_are_the_address_that_they_are_read_as() -> None:
    assert built("http://①②⑦.⓪.⓪.①/") == "http://127.0.0.1/"


HOSTILE = st.text(alphabet=st.sampled_from("./\\%2eEfF5cC;?#@:&=[]\r\n\t\x00 a①．"), max_size=12) | st.text(max_size=20)  # noqa: RUF001


@settings(deadline=None, max_examples=300)
@given(HOSTILE, HOSTILE, HOSTILE)
@example("..", "..", "..")
@example("%2e%2e%2f", "/", "#")
@example("@evil.example", "//evil.example", "http://evil.example")
def test_no_value_moves_the_request_away_from_its_prefix(first: str, second: str, third: str) -> None:
    text = "https://api.example.com:8443/v1/items/${{ args.a }}/x-${{ args.b }}?k=${{ args.c }}&end=1"
    try:
        url = built(text, a=first, b=second, c=third)
    except StepError:
        return

    split = urlsplit(url)
    assert (split.scheme, split.netloc, split.fragment) == ("https", "api.example.com:8443", "")
    assert url.isascii()
    assert url.isprintable()
    assert " " not in url
    segments = split.path.split("/")
    assert segments[:4] == ["", "v1", "items", segments[3]]
    assert [unquote(segment, errors="strict") for segment in segments[3:]] == [first, f"x-{second}"]
    assert split.query == f"k={split.query[2:-6]}&end=1"
    assert unquote(split.query[2:-6], errors="strict") == third
    for reader in (URL(url), URL(url, encoded=True), URL(urljoin("https://other.example/a/b", url))):
        assert str(reader.origin()) == "https://api.example.com:8443"
        assert reader.raw_path.startswith("/v1/items/")
    # A server that decodes before it resolves dots, even twice, stays under the prefix as well.
    for decoded in (unquote(split.path), unquote(unquote(split.path))):
        resolved = urljoin("https://api.example.com/", decoded.replace("\\", "/").replace("//", "/-/").lstrip("/"))
        assert urlsplit(resolved).path.startswith("/v1/items/")


@pytest.mark.parametrize(
    ("url", "query", "result"),
    [
        ("https://a.example/", {}, "https://a.example/"),
        ("https://a.example/", {"q": "a b&c", "n": 1, "x": 1.5}, "https://a.example/?q=a%20b%26c&n=1&x=1.5"),
        ("https://a.example/", {"on": True, "off": False, "none": None}, "https://a.example/?on=true&off=false"),
        ("https://a.example/", {"id": [1, "b", None, True], "no": []}, "https://a.example/?id=1&id=b&id=true"),
        ("https://a.example/?a=1", {"b": 2}, "https://a.example/?a=1&b=2"),
        ("https://a.example/?", {"b": 2}, "https://a.example/?b=2"),
        ("https://a.example/?a=1&", {"b": 2}, "https://a.example/?a=1&b=2"),
        ("https://a.example/", {"f[x]": "ü"}, "https://a.example/?f%5Bx%5D=%C3%BC"),
        ("https://a.example/", {"none": None}, "https://a.example/"),
    ],
)
def test_query_pairs_are_added(url: str, query: dict[str, Any], result: str) -> None:
    assert add_query(url, query) == result


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"a": 1}, "`query.q` is a mapping. Give text, a number or a boolean there."),
        ([[1]], "`query.q` is a list. Give text, a number or a boolean there."),
    ],
)
def test_a_nested_query_value_is_refused_by_name(value: Any, message: str) -> None:
    with pytest.raises(StepError) as refused:
        encode_pairs({"q": value}, "query")

    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("/b?c=1", "https://a.example/b?c=1"),
        ("b", "https://a.example/x/b"),
        ("../b#part", "https://a.example/b"),
        ("?q=ä", "https://a.example/x/y?q=%C3%A4"),
        ("//b.example/c", "https://b.example/c"),
        ("https://B.example", "https://b.example/"),
        ("https://b.example\\c", None),
        ("http://a.example/", None),
        ("javascript:alert(1)", None),
        ("file:///etc/passwd", None),
        ("https://user@b.example/", None),
        ("https://0x7f000001/", None),
        ("https:///b", "https://a.example/b"),
        ("https://b.example/\r\nx", None),
    ],
)
def test_a_redirect_goes_through_the_rules_of_a_url(location: str, url: str | None) -> None:
    if url is not None:
        assert resolve_redirect("https://a.example/x/y?k=1", location) == url
        return
    with pytest.raises(ValueError, match=r"\.$"):
        resolve_redirect("https://a.example/x/y?k=1", location)
