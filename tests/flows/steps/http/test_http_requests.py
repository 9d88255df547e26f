"""What the `http` step sends."""

from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from flows.steps.http import HttpConfig
from tests.flows.steps.http.support import Run, Upstream, ask, failure, fixed


async def test_the_result_has_status_headers_body_and_url(run: Run, upstream: Upstream) -> None:
    upstream.answer = fixed('{"a": [1, 2.5, null]}', 201, X_Trace="t1")

    result = await ask(run, f"{upstream.url}/v1/items?key=secret")

    assert result["status"] == 201
    assert result["body"] == {"a": [1, 2.5, None]}
    assert result["url"] == f"{upstream.url}/v1/items"
    assert result["headers"]["x-trace"] == "t1"
    assert result["headers"]["content-type"] == "application/json"


async def test_a_header_that_comes_twice_is_joined(run: Run, upstream: Upstream) -> None:
    async def twice(_request: web.Request) -> web.Response:
        response = web.Response(text="x")
        response.headers.add("X-Tag", "a")
        response.headers.add("X-Tag", "b")
        return response

    upstream.answer = twice

    assert (await ask(run, upstream.url + "/"))["headers"]["x-tag"] == "a, b"


@pytest.mark.parametrize(
    ("config", "method", "content_type", "body"),
    [
        ({}, "GET", None, b""),
        ({"method": "DELETE"}, "DELETE", None, b""),
        ({"method": "OPTIONS"}, "OPTIONS", None, b""),
        ({"json": {"a": [1, None, "ü"]}}, "POST", "application/json", '{"a":[1,null,"ü"]}'.encode()),
        ({"json": None}, "POST", "application/json", b"null"),
        ({"json": 2**70}, "POST", "application/json", b"1180591620717411303424"),
        ({"json": {}, "method": "GET"}, "GET", "application/json", b"{}"),
        ({"json": {}, "method": "PATCH"}, "PATCH", "application/json", b"{}"),
        (
            {"json": {}, "headers": {"content-TYPE": "application/merge-patch+json"}},
            "POST",
            "application/merge-patch+json",
            b"{}",
        ),
        (
            {"form": {"a": "x y&z", "b": [1, 2], "c": None, "d": True}},
            "POST",
            "application/x-www-form-urlencoded",
            b"a=x%20y%26z&b=1&b=2&d=true",
        ),
        ({"text": "grüezi"}, "POST", "text/plain; charset=utf-8", "grüezi".encode()),
        ({"text": "", "method": "PUT"}, "PUT", "text/plain; charset=utf-8", b""),
        ({"bytes": "AAH/\n"}, "POST", "application/octet-stream", b"\x00\x01\xff"),
    ],
)
async def test_a_body_is_sent_with_its_method_and_content_type(
    run: Run, upstream: Upstream, config: dict[str, Any], method: str, content_type: str | None, body: bytes
) -> None:
    await ask(run, upstream.url + "/", **config)

    assert upstream.seen[0].method == method
    assert upstream.seen[0].headers.get("Content-Type") == content_type
    assert upstream.bodies == [body]


async def test_a_large_body_is_sent_whole(run: Run, upstream: Upstream) -> None:
    await ask(run, upstream.url + "/", text="x" * 3_000_000)

    assert upstream.bodies == [b"x" * 3_000_000]
    assert upstream.seen[0].headers["Content-Length"] == "3000000"


async def test_the_address_arrives_as_it_was_built(run: Run, upstream: Upstream) -> None:
    await ask(run, f"{upstream.url}/a%2Fb/%2525%20x?q=%26%3D+", query={"more": "a b/ü", "n": [1, 2], "no": None})

    assert upstream.seen[0].raw_path == "/a%2Fb/%2525%20x?q=%26%3D+&more=a%20b%2F%C3%BC&n=1&n=2"


async def test_only_our_own_headers_go_out_and_nothing_of_the_caller(run: Run, upstream: Upstream) -> None:
    await ask(run, upstream.url + "/", headers={"X-Key": "k1", "X-Number": 7, "X-On": True, "X-None": None})

    assert set(upstream.seen[0].headers) == {
        *("Host", "Accept", "Accept-Encoding", "User-Agent"),
        *("X-Key", "X-Number", "X-On"),
    }
    assert upstream.seen[0].headers["X-Number"] == "7"
    assert upstream.seen[0].headers["X-On"] == "true"
    assert upstream.seen[0].headers["User-Agent"].startswith("Headrace/")


async def test_cookies_of_one_answer_are_not_sent_again(run: Run, upstream: Upstream) -> None:
    upstream.answer = fixed("{}", Set_Cookie="session=s1; Path=/")

    first = await ask(run, upstream.url + "/")
    await ask(run, upstream.url + "/")

    assert first["headers"]["set-cookie"] == "session=s1; Path=/"
    assert "Cookie" not in upstream.seen[1].headers


async def test_proxies_and_passwords_of_the_environment_are_ignored(
    run: Run, upstream: Upstream, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login eve password pw\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")

    assert (await ask(run, upstream.url + "/"))["status"] == 200
    assert "Authorization" not in upstream.seen[0].headers


async def test_requests_share_one_pool_and_its_connections(run: Run, upstream: Upstream) -> None:
    for _ in range(3):
        await ask(run, upstream.url + "/")

    assert len(run.resources.open) == 1
    assert len(upstream.peers) == 1


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nb", "a\rb", "a\x00b", "\x7f", "a\x0bb"])
async def test_a_header_value_cannot_end_its_line(run: Run, upstream: Upstream, value: str) -> None:
    error = await failure(run, upstream.url + "/", headers={"X-Name": value})

    assert str(error) == (
        "`headers.X-Name` has a line break or control character in it. "
        "Remove it from the value; `trim` helps at the ends."
    )
    assert error.code == "unusable_value"
    assert upstream.seen == []


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"headers": {"X": {"a": 1}}}, "`headers.X` is a mapping. Give text, a number or a boolean there."),
        ({"query": {"q": {"a": 1}}}, "`query.q` is a mapping. Give text, a number or a boolean there."),
        ({"form": {"f": [[1]]}}, "`form.f` is a list. Give text, a number or a boolean there."),
        ({"bytes": "not base64!"}, "`bytes` is not base64. Check the value that the flow puts there."),
        (
            {"text": "\ud800"},
            "`text` holds half a character (a lone surrogate). Check the value that the flow puts there.",
        ),
    ],
)
async def test_a_value_that_cannot_be_sent_is_named(
    run: Run, upstream: Upstream, config: dict[str, Any], message: str
) -> None:
    assert str(await failure(run, upstream.url + "/", **config)) == message
    assert upstream.seen == []


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (
            {"json": 1, "text": "x"},
            "A request has one body, but `json` and `text` are given. Keep one of them.",
        ),
        (
            {"form": {}, "bytes": ""},
            "A request has one body, but `form` and `bytes` are given. Keep one of them.",
        ),
        ({"headers": {"Host": "x"}}, "The header 'Host' is set by the HTTP client. Remove it."),
        ({"headers": {"content-length": 1}}, "The header 'content-length' is set by the HTTP client. Remove it."),
        (
            {"headers": {"Transfer-Encoding": "chunked"}},
            "The header 'Transfer-Encoding' is set by the HTTP client. Remove it.",
        ),
        ({"headers": {"Connection": "close"}}, "The header 'Connection' is set by the HTTP client. Remove it."),
        ({"headers": {"X: a": 1}}, "'X: a' is not a header name. Use letters, digits and dashes."),
        ({"headers": {"X\r\nY": 1}}, "'X\\r\\nY' is not a header name. Use letters, digits and dashes."),
        ({"headers": {"": 1}}, "'' is not a header name. Use letters, digits and dashes."),
    ],
)
def test_a_configuration_that_cannot_work_is_refused(config: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011  the whole message is compared
        HttpConfig(url="https://api.example.com/", **config)

    assert str(refused.value) == message
