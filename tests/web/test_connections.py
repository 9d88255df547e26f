"""Connections on pages: made, tested, changed, removed; what is secret goes in and never comes out."""

from playwright.async_api import Page, expect

from tests.headrace_process import HeadraceProcess
from tests.oauth_server import CLIENT_ID, CLIENT_SECRET, oauth_server
from tests.web.browser import WEB, axe_findings

pytestmark = WEB

HOSTILE = "<img src=x onerror=fault('connection')>\u202e"


async def test_a_connection_is_made_tested_changed_and_deleted(page: Page, server: HeadraceProcess) -> None:
    await page.goto("/connections")
    await page.get_by_role("button", name="New connection").click()
    form = page.get_by_role("dialog", name="New connection")
    await form.get_by_label("Name").fill("orders")
    await form.get_by_label("Base URL").fill(f"{server.url}/healthz")
    await form.get_by_label("Way").select_option("A token")
    await form.get_by_label("token").fill("canary-of-the-page")
    await form.get_by_text("More settings").first.click()
    await form.get_by_label("Allow private").select_option("true")
    await form.get_by_role("button", name="Save").click()

    await expect(page.get_by_role("heading", level=1)).to_have_text("orders")
    await expect(page.get_by_text("ready", exact=True)).to_be_visible()
    await page.get_by_role("button", name="Test it").click()
    await expect(page.get_by_text("answers").or_(page.get_by_text("answered")).first).to_be_visible()
    await page.get_by_role("button", name="Change").click()
    await expect(page.get_by_label("token", exact=True)).to_have_value("")
    await page.get_by_label("Base URL").fill(f"{server.url}/readyz")
    await page.get_by_label("token", exact=True).fill("another-canary")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("orders is changed")).to_be_visible()
    assert server.api("GET", "/connections/orders")["config"]["base_url"] == f"{server.url}/readyz"
    assert "canary" not in await page.content()

    await page.get_by_role("button", name="Delete").click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(page).to_have_url(f"{server.url}/connections")
    assert "orders" not in str(server.api("GET", "/connections"))


async def test_a_refused_connection_says_why_and_keeps_what_was_filled_in(page: Page) -> None:
    await page.goto("/connections")
    await page.get_by_role("button", name="New connection").click()
    form = page.get_by_role("dialog", name="New connection")
    await form.get_by_label("Name").fill("bad")
    await form.get_by_label("Base URL").fill("ftp://example.com")
    await form.get_by_role("button", name="Save").click()

    await expect(form.get_by_role("alert")).to_contain_text("http")
    await expect(form.get_by_label("Name")).to_have_value("bad")


async def test_a_sign_in_starts_at_the_provider(page: Page, server: HeadraceProcess) -> None:
    config = {
        "kind": "http",
        "base_url": "https://www.googleapis.com",
        "auth": {"type": "oauth2_authorization_code", "preset": "google", "client_id": "me", "scopes": ["email"]},
    }
    server.api("PUT", "/connections/calendar", {"config": config, "secrets": {"client_secret": "s"}})
    await page.goto("/connections/calendar")
    await expect(page.get_by_text("not signed in")).to_be_visible()
    await page.get_by_role("button", name="Sign in", exact=True).click()
    link = page.get_by_role("link", name="Open the sign-in")

    await expect(link).to_be_visible()
    assert await axe_findings(page) == []


async def test_what_depends_on_a_connection_is_shown_and_said_before_it_goes(
    page: Page, server: HeadraceProcess
) -> None:
    config = {"kind": "http", "base_url": "https://example.com", "description": HOSTILE}
    server.api("PUT", "/connections/used", {"config": config})
    flow = "flow: uses_it\ndescription: Uses.\ninput: {mcp_tool: {}}\nsteps:\n  - http: {connection: used}\n"
    server.api("POST", "/flows", {"text": flow})
    await page.goto("/connections/used")
    await expect(page.get_by_role("link", name="uses_it")).to_be_visible()
    await expect(page.get_by_role("region", name="Settings", exact=True)).to_contain_text("<img src=x")
    await page.get_by_role("button", name="Delete").click()

    await expect(page.get_by_role("dialog")).to_contain_text("uses_it")


async def test_the_form_of_a_connection_has_nothing_for_axe_to_find(page: Page) -> None:
    await page.goto("/connections")
    await page.get_by_role("button", name="New connection").click()
    form = page.get_by_role("dialog", name="New connection")
    at_first = await axe_findings(page)
    for way in ("An API key", "OAuth: a person signs in"):
        await form.get_by_label("Way").select_option(way)
        at_first += await axe_findings(page)
    await form.get_by_label("Kind").select_option("Named secrets")

    assert at_first + await axe_findings(page) == []


async def test_somebody_signs_in_through_the_provider_and_a_lost_sign_in_says_why(
    page: Page, server: HeadraceProcess
) -> None:
    async with oauth_server() as provider:
        provider.redirect_uris.add(f"{server.url}/oauth/callback")
        auth = {
            "type": "oauth2_authorization_code",
            "client_id": CLIENT_ID,
            "authorize_url": f"{provider.url}/authorize",
            "token_url": f"{provider.url}/token",
            "scopes": ["orders"],
        }
        config = {
            "kind": "http",
            "base_url": f"{provider.url}/api",
            "allow_private": True,
            "auth": auth,
            "test_path": "/me",
        }
        server.api("PUT", "/connections/shop", {"config": config, "secrets": {"client_secret": CLIENT_SECRET}})
        await page.goto("/connections/shop")
        await page.get_by_role("button", name="Sign in", exact=True).click()
        async with page.expect_popup() as opened:
            await page.get_by_role("link", name="Open the sign-in").click()
        there = await opened.value
        await expect(there.get_by_text("The connection 'shop' is signed in.")).to_be_visible()
        await there.close()

        await expect(page.get_by_text("ready", exact=True)).to_be_visible()
        await expect(page.get_by_role("button", name="Sign in again")).to_be_visible()
        await page.get_by_role("button", name="Test it").click()
        await expect(page.get_by_text("answered 200")).to_be_visible()
        assert await axe_findings(page) == []
        provider.revoke()
        await page.get_by_role("button", name="Test it").click()

        await expect(page.get_by_text("sign-in failed")).to_be_visible()
        await expect(page.get_by_text("invalid_grant").first).to_be_visible()
        assert await axe_findings(page) == []
        assert "canary" not in await page.content()
        await page.goto("/connections")
        await expect(page.get_by_role("row").filter(has_text="shop")).to_contain_text("sign-in failed")
