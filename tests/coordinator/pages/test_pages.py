"""The built pages: what is served under which address, with which headers, and what happens when there are none."""

import gzip
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.coordinator.in_process import coordinator

BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
SCRIPT = "console.log('headrace');" * 100
INDEX = '<!doctype html><title>Headrace</title><script type="module" src="/assets/index-Abc123.js"></script>'


@pytest.fixture
def static(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Pages that are built."""
    directory = tmp_path / "static"
    (directory / "assets").mkdir(parents=True)
    (directory / ".vite").mkdir()
    (directory / "index.html").write_text(INDEX)
    (directory / "assets" / "index-Abc123.js").write_text(SCRIPT)
    (directory / "assets" / "icon-Abc123.svg").write_text("<svg/>")
    (directory / ".vite" / "manifest.json").write_text("{}")
    (tmp_path / "secret.txt").write_text("secret")
    monkeypatch.setattr("coordinator.pages.files.STATIC", directory)
    return directory


@pytest.mark.parametrize("path", ["/", "/flows", "/flows/get_weather", "/runs/18f-1", "/settings/tokens", "/packs"])
@pytest.mark.usefixtures("static")
async def test_every_address_of_the_pages_gets_the_first_page(tmp_path: Path, path: str) -> None:
    async with coordinator(tmp_path, require_auth="true") as headrace:
        page = await headrace.client.get(path, headers=BROWSER)
        again = await headrace.client.get(path, headers=BROWSER | {"if-none-match": page.headers["etag"]})
        head = await headrace.client.head(path, headers=BROWSER)

    assert page.text == INDEX
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["cache-control"] == "no-cache"
    assert (again.status_code, again.content) == (304, b"")
    assert (head.content, head.headers["content-length"]) == (b"", str(len(INDEX)))


@pytest.mark.usefixtures("static")
async def test_files_of_the_pages_are_kept_forever_and_sent_compressed(tmp_path: Path) -> None:
    async with coordinator(tmp_path) as headrace:
        script = await headrace.client.get("/assets/index-Abc123.js")
        plain = await headrace.client.get("/assets/index-Abc123.js", headers={"accept-encoding": "gzip;q=0"})
        icon = await headrace.client.get("/assets/icon-Abc123.svg")

    assert script.text == plain.text == SCRIPT
    assert script.headers["content-encoding"] == "gzip"
    assert int(script.headers["content-length"]) == len(gzip.compress(SCRIPT.encode(), mtime=0))
    assert "content-encoding" not in plain.headers
    assert script.headers["vary"] == "accept-encoding"
    assert script.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert script.headers["content-type"] == "text/javascript; charset=utf-8"
    assert icon.headers["content-type"] == "image/svg+xml"


@pytest.mark.parametrize(
    "path",
    [
        "/assets/index-Old456.js",
        "/assets/",
        "/assets/../../secret.txt",
        "/assets/%2e%2e/%2e%2e/secret.txt",
        "/assets//etc/passwd",
        "/assets/..%2findex.html",
        "/.vite/manifest.json",
        "/index.html.bak",
        "/nowhere",
        "/flowsx",
    ],
)
@pytest.mark.usefixtures("static")
async def test_what_is_no_page_and_no_file_of_the_pages_is_not_there(tmp_path: Path, path: str) -> None:
    async with coordinator(tmp_path) as headrace:
        answer = await headrace.client.get(path, headers=BROWSER)

    assert answer.status_code == 404
    assert "secret" not in answer.text


@pytest.mark.usefixtures("static")
async def test_a_browser_at_an_address_that_nobody_has_gets_the_pages_and_a_program_a_problem(tmp_path: Path) -> None:
    async with coordinator(tmp_path) as headrace:
        browser = await headrace.client.get("/nowhere", headers=BROWSER)
        head = await headrace.client.head("/nowhere", headers=BROWSER)
        program = await headrace.client.get("/nowhere", headers={"accept": "*/*"})
        api = await headrace.client.get("/api/nowhere", headers=BROWSER)
        posted = await headrace.client.post("/nowhere", headers=BROWSER)

    assert (browser.status_code, browser.text) == (404, INDEX)
    assert browser.headers["content-type"] == "text/html; charset=utf-8"
    assert (head.status_code, head.content) == (404, b"")
    assert {each.json()["code"] for each in (program, api, posted)} == {"not_found"}


@pytest.mark.usefixtures("static")
async def test_programs_get_what_they_got_without_pages(tmp_path: Path) -> None:
    async with coordinator(tmp_path) as headrace:
        welcome = await headrace.client.get("/")
        api = await headrace.client.get("/api/flows", headers=BROWSER)
        posted = await headrace.client.post("/flows", headers=BROWSER, json={})

    assert welcome.json()["name"] == "headrace"
    assert api.headers["content-type"] == "application/json"
    assert posted.status_code == 404


async def test_pages_that_were_built_anew_are_served_at_once(tmp_path: Path, static: Path) -> None:
    async with coordinator(tmp_path) as headrace:
        before = await headrace.client.get("/", headers=BROWSER)
        (static / "assets" / "index-New789.js").write_text("new")
        (static / "index.html").write_text(INDEX.replace("Abc123", "New789"))
        os.utime(static / "index.html", (1, 1))
        after = await headrace.client.get("/", headers=BROWSER)
        script = await headrace.client.get("/assets/index-New789.js")

    assert "Abc123" in before.text
    assert "New789" in after.text
    assert script.text == "new"


async def test_without_pages_the_first_one_says_how_to_build_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coordinator.pages.files.STATIC", tmp_path / "nothing")
    async with coordinator(tmp_path) as headrace:
        page = await headrace.client.get("/", headers=BROWSER)
        other = await headrace.client.get("/flows", headers=BROWSER)
        asset = await headrace.client.get("/assets/index.js")
        api = await headrace.client.get("/api/flows")

    assert "`make pages` builds them" in page.text
    assert (other.status_code, asset.status_code, api.status_code) == (404, 404, 200)
    assert other.text == "There is nothing under this address. / says what there is.\n"


@pytest.mark.usefixtures("static")
async def test_the_policy_of_the_pages_lets_nothing_in_from_elsewhere_and_nothing_inline(tmp_path: Path) -> None:
    async with coordinator(tmp_path) as headrace:
        for path in ("/", "/assets/index-Abc123.js", "/api/flows", "/nowhere"):
            headers = (await headrace.client.get(path, headers=BROWSER)).headers
            policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))

            assert policy["default-src"] == "'none'"
            assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
            assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
            assert "unsafe" not in headers["content-security-policy"]
            assert "http" not in headers["content-security-policy"]


async def in_pieces(body: bytes) -> AsyncIterator[bytes]:
    yield body[:10]
    yield body[10:]


async def test_what_browsers_refuse_is_counted(tmp_path: Path) -> None:
    report = {
        "csp-report": {
            "document-uri": "http://127.0.0.1:8080/flows",
            "effective-directive": "script-src-elem",
            "blocked-uri": "inline",
            "source-file": "x" * 5000,
            "line-number": 3,
        }
    }
    kind = {"content-type": "application/csp-report"}
    async with coordinator(tmp_path, require_auth="true") as headrace:
        sent = await headrace.client.post("/api/csp-reports", json=report, headers=kind)
        refused = [
            await headrace.client.post("/api/csp-reports", content=body, headers={"content-type": type_})
            for body, type_ in [
                (b"{}", "application/json"),
                (b"not json", "application/csp-report"),
                (b'"' + b"x" * 20_000 + b'"', "application/csp-report"),
                (in_pieces(b'"' + b"x" * 20_000 + b'"'), "application/csp-report"),
                (b"[" * 10_000, "application/csp-report"),
                (b"\xff", "application/csp-report"),
            ]
        ]
        ignored = await headrace.client.post("/api/csp-reports", content=b"[1]", headers=kind)
        shown = (await headrace.client.get("/api/csp-reports", headers=headrace.admin)).json()
        closed = await headrace.client.get("/api/csp-reports")

    assert (sent.status_code, ignored.status_code, closed.status_code) == (204, 204, 401)
    assert [each.status_code for each in refused] == [415, 400, 413, 413, 400, 400]
    assert shown["count"] == 1
    assert (shown["reports"][0]["directive"], shown["reports"][0]["blocked"]) == ("script-src-elem", "inline")
    assert len(shown["reports"][0]["source"]) < 400
