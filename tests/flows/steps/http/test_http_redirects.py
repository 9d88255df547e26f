"""Where the `http` step lets itself be sent."""

import pytest

from tests.flows.steps.http.support import Run, Upstream, ask, failure, first_then, fixed, redirect


async def test_a_redirect_is_an_error_unless_it_may_be_followed(run: Run, upstream: Upstream) -> None:
    upstream.answer = redirect("/new?token=secret")

    error = await failure(run, f"{upstream.url}/old")

    assert str(error) == (
        f"GET 127.0.0.1:{upstream.port}/old answered 302 Found, a redirect to {upstream.url}/new. "
        "Set `follow_redirects: 1` to follow it, or put that address into `url`."
    )
    assert error.code == "http_302"


async def test_a_redirect_that_ok_lists_is_a_result(run: Run, upstream: Upstream) -> None:
    upstream.answer = redirect("/new")

    result = await ask(run, upstream.url + "/", ok=302, follow_redirects=3)

    assert (result["status"], result["headers"]["location"]) == (302, "/new")


async def test_at_most_so_many_redirects_are_followed(run: Run, upstream: Upstream) -> None:
    upstream.answer = redirect("/again")

    error = await failure(run, upstream.url + "/", follow_redirects=2)

    assert len(upstream.seen) == 3
    assert str(error) == (
        f"GET 127.0.0.1:{upstream.port}/again answered 302 Found, a redirect to {upstream.url}/again. "
        "2 were followed before it. Raise `follow_redirects`, or check for a circle."
    )
    assert error.code == "too_many_redirects"


@pytest.mark.parametrize(
    ("status", "method", "next_method", "keeps_body"),
    [
        (301, "POST", "GET", False),
        (302, "POST", "GET", False),
        (303, "POST", "GET", False),
        (303, "PUT", "GET", False),
        (301, "PUT", "PUT", True),
        (302, "PATCH", "PATCH", True),
        (307, "POST", "POST", True),
        (308, "POST", "POST", True),
        (303, "HEAD", "HEAD", True),
        (302, "GET", "GET", True),
    ],
)
async def test_a_redirect_changes_the_method_as_the_standard_says(
    run: Run, upstream: Upstream, status: int, method: str, next_method: str, keeps_body: bool
) -> None:
    upstream.answer = first_then(redirect("/next?n=1", status), fixed('{"done": 1}'))

    result = await ask(run, f"{upstream.url}/first", method=method, json={"a": 1}, follow_redirects=1)

    assert [request.method for request in upstream.seen] == [method, next_method]
    assert upstream.seen[1].raw_path == "/next?n=1"
    assert upstream.bodies[1] == (b'{"a":1}' if keeps_body else b"")
    assert ("Content-Type" in upstream.seen[1].headers) == keeps_body
    assert result["url"] == f"{upstream.url}/next"


async def test_credentials_stay_with_the_origin_they_were_meant_for(
    run: Run, upstream: Upstream, elsewhere: Upstream
) -> None:
    upstream.answer = first_then(redirect("/same", 307), redirect(f"{elsewhere.url}/other", 307))
    credentials = {"Authorization": "Bearer t", "Cookie": "c=1", "X-Api-Key": "k", "Proxy": "p"}

    await ask(run, upstream.url + "/", text="t", headers={**credentials, "Accept": "text/csv"}, follow_redirects=2)

    assert all(upstream.seen[1].headers[name] == value for name, value in credentials.items())
    assert not credentials.keys() & elsewhere.seen[0].headers.keys()
    assert elsewhere.seen[0].headers["Accept"] == "text/csv"
    assert elsewhere.seen[0].headers["Content-Type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize(
    ("location", "message"),
    [
        (
            "http://169.254.169.254/latest/meta-data/",
            "169.254.169.254:80 is the metadata service of a cloud; flows may not connect to it. "
            "No setting allows it. Use a public address.",
        ),
        (
            "http://10.0.0.8:8080/",
            "10.0.0.8:8080 is a private address; flows may not connect to it. "
            "Set HEADRACE_ALLOW_PRIVATE_NETWORKS=true on the server if flows may connect there.",
        ),
        (
            "http://[::ffff:169.254.169.254]/",
            "[::ffff:a9fe:a9fe]:80 is the metadata service of a cloud "
            "(169.254.169.254 inside an IPv6 address); flows may not connect to it. "
            "No setting allows it. Use a public address.",
        ),
    ],
)
async def test_a_redirect_to_an_address_that_is_not_allowed_is_refused(
    run: Run, upstream: Upstream, location: str, message: str
) -> None:
    upstream.answer = redirect(location)

    error = await failure(run, upstream.url + "/", follow_redirects=5)

    assert str(error) == message
    assert error.code == "address_refused"


@pytest.mark.parametrize(
    ("location", "problem"),
    [
        ("file:///etc/passwd", "A URL begins with https:// or http://, not with file://."),
        (
            "http://2852039166/latest",
            "'2852039166' is an unusual spelling of an address. Write four numbers from 0 to 255.",
        ),
        (
            "http://u:p@127.0.0.1/",
            "A URL holds no user name or password. Send them in the `Authorization` header.",
        ),
    ],
)
async def test_a_redirect_to_what_is_no_plain_address_is_refused(
    run: Run, upstream: Upstream, location: str, problem: str
) -> None:
    upstream.answer = redirect(location)

    error = await failure(run, upstream.url + "/", follow_redirects=5)

    assert str(error) == (
        f"GET 127.0.0.1:{upstream.port}/ answered 302 Found, a redirect that is not followed: {problem} "
        "Put the address that is meant into `url`."
    )
    assert error.code == "bad_redirect"
