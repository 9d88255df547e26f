"""The list of flows: found by words, origin and state; switched without leaving it."""

from playwright.async_api import Page, expect

from tests.headrace_process import HeadraceProcess
from tests.web.browser import WEB, axe_findings
from tests.web.mcp import call_tool

pytestmark = WEB

SPARE = "flow: {name}\ndescription: {about}\ninput: {{mcp_tool: {{}}}}\nsteps:\n  - map: 1\n"


async def test_flows_are_found_by_words_origin_and_state(page: Page, server: HeadraceProcess) -> None:
    server.api("POST", "/flows", {"text": SPARE.format(name="spare_wheel", about="Waits in the cellar.")})
    await page.goto("/flows")
    table = page.get_by_role("table", name="Flows")
    await expect(table).to_contain_text("charge_card.yaml")

    await page.get_by_label("Search").fill("cellar")
    await expect(table.get_by_role("row")).to_have_count(2)
    await expect(table).to_contain_text("spare_wheel")
    await page.get_by_label("Search").fill("")
    await page.get_by_label("From").select_option("Editor")
    await expect(table).not_to_contain_text("charge_card")
    await page.get_by_label("From").select_option("Any")
    await page.get_by_label("State").select_option("With problems")
    await expect(table).to_contain_text("broken_report")
    await expect(table).not_to_contain_text("spare_wheel")
    await page.reload()
    await expect(table).not_to_contain_text("spare_wheel")
    await page.get_by_label("Search").fill("there is no such flow")
    await expect(page.get_by_role("heading", name="No flow fits")).to_be_visible()


async def test_a_flow_is_switched_off_and_on_in_the_list_and_clients_notice_at_once(
    page: Page, server: HeadraceProcess
) -> None:
    server.api("POST", "/flows", {"text": SPARE.format(name="spare_switch", about="Can be switched.")})
    await page.goto("/flows?search=spare_switch")
    row = page.get_by_role("row").filter(has_text="spare_switch")
    await row.get_by_role("button", name="Switch off spare_switch").click()
    await expect(row.get_by_role("button", name="Switch on spare_switch")).to_be_visible()
    _, refused = await call_tool(server, "", "spare_switch")
    await row.get_by_role("button", name="Switch on spare_switch").click()
    await expect(row.get_by_role("button", name="Switch off spare_switch")).to_be_visible()
    _, answered = await call_tool(server, "", "spare_switch")

    assert "error" in refused
    assert not answered["result"].get("isError")


async def test_the_last_run_of_a_flow_is_one_press_away(page: Page, server: HeadraceProcess) -> None:
    await call_tool(server, "", "charge_card", amount=150)
    await page.goto("/flows?search=charge_card")
    row = page.get_by_role("row").filter(has=page.get_by_text("charge_card", exact=True))
    await row.get_by_role("link", name="failed").click()

    await expect(page.get_by_role("heading", level=1)).to_contain_text("charge_card")


async def test_many_flows_come_in_pages_of_the_server(own_page: Page, own_server: HeadraceProcess) -> None:
    for number in range(60):
        own_server.api("POST", "/flows", {"text": SPARE.format(name=f"many_{number:02}", about="One of many.")})
    await own_page.goto("/flows?search=many_")
    rows = own_page.get_by_role("table", name="Flows").get_by_role("row")
    await expect(rows).to_have_count(51)
    await own_page.get_by_role("button", name="Next").click()

    await expect(rows).to_have_count(11)
    await expect(own_page.get_by_text("60 flows")).to_be_visible()
    assert await axe_findings(own_page) == []
