"""The editor: from a text with a mistake to a tool that clients call, and nothing of anybody lost on the way."""

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.headrace_process import HeadraceProcess
from tests.web.browser import WEB, axe_findings, visit
from tests.web.mcp import call_tool

pytestmark = WEB

MILL = """\
flow: {name}
description: Turns.  # kept
input: {{mcp_tool: {{params: {{n: {{type: integer, description: How many turns}}}}}}}}
steps:
  # the wheel
  - id: turns
    {step}: ${{{{ [index for index in range(args.n)] }}}}
output:
  reply: {{turns: "${{{{ len(turns) }}}}"}}
tests:
  - {{name: three, args: {{n: 3}}, expect: {{turns: 3}}}}
  - {{name: wrong, args: {{n: 1}}, expect: {{turns: 2}}}}
"""


def mill(name: str, step: str = "map") -> str:
    return MILL.format(name=name, step=step)


async def open_new(page: Page) -> Locator:
    await page.goto("/flows/_new")
    text = page.get_by_role("textbox", name="YAML of the new flow")
    await expect(text).to_contain_text("flow: hello")
    return text


async def write(page: Page, text: Locator, content: str) -> None:
    """Replace the whole text."""
    await text.click()
    await page.keyboard.press("ControlOrMeta+a")
    await page.keyboard.insert_text(content)


async def stored(page: Page, server: HeadraceProcess, name: str, text: str) -> Locator:
    """Store a flow, and open it in the editor."""
    server.api("POST", "/flows", {"text": text})
    await page.goto(f"/flows/{name}")
    editor = page.get_by_role("textbox", name=f"YAML of {name}")
    await expect(editor).to_contain_text(f"flow: {name}")
    await expect(page.get_by_role("button", name="turns map")).to_be_visible()
    return editor


async def test_a_mistake_is_shown_at_its_line_corrected_by_an_offer_tried_saved_and_live(
    page: Page, server: HeadraceProcess
) -> None:
    text = await open_new(page)
    await write(page, text, mill("mill_one", "mpa"))

    problems = page.get_by_role("list", name="Problems")
    await expect(problems).to_contain_text("Unknown step 'mpa'. Did you mean 'map'?")
    await expect(problems).to_contain_text("7:5")
    await problems.get_by_role("button", name="7:5").click()
    for _ in range(3):
        await page.keyboard.press("Delete")
    await page.keyboard.type("ma")
    offer = page.get_by_role("option", name="map")
    await expect(offer).to_be_visible()
    await offer.click()
    await expect(page.get_by_text("No problems.")).to_be_visible()

    await page.get_by_role("tab", name="Try").click()
    await page.get_by_label("n", exact=True).fill("4")
    await page.get_by_role("button", name="Run", exact=True).click()
    await expect(page.get_by_role("region", name="Answer")).to_contain_text("turns: 4")
    step = page.get_by_role("list", name="Steps").get_by_text("turns")
    await step.click()
    await expect(page.get_by_role("region", name="Output of turns")).to_contain_text("[4]")

    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("mill_one is saved and live.")).to_be_visible()
    await expect(page).to_have_url(f"{server.url}/flows/mill_one")
    _, body = await call_tool(server, "", "mill_one", n=5)
    assert body["result"]["structuredContent"] == {"turns": 5}


async def test_a_correction_that_a_problem_suggests_is_one_press(page: Page) -> None:
    text = await open_new(page)
    await write(page, text, mill("mill_fix", "mpa"))
    await page.get_by_role("button", name="Change it to map").click()

    await expect(text).to_contain_text("map: ${{")
    await expect(page.get_by_text("No problems.")).to_be_visible()


async def test_arguments_that_do_not_fit_are_told_at_their_field(page: Page) -> None:
    text = await open_new(page)
    await write(page, text, mill("mill_args"))
    await page.get_by_role("tab", name="Try").click()
    await page.get_by_role("button", name="Run", exact=True).click()

    field = page.get_by_label("n", exact=True)
    await expect(field).to_have_attribute("aria-invalid", "true")
    await expect(page.get_by_text("This must be given.")).to_be_visible()


async def test_the_picture_leads_to_the_text_and_the_form_changes_that_place_alone(
    page: Page, server: HeadraceProcess
) -> None:
    text = await stored(page, server, "mill_form", mill("mill_form"))
    await page.get_by_role("button", name="turns map").click()
    await page.get_by_role("tab", name="Form: turns").click()
    field = page.get_by_label("value", exact=True)
    await expect(field).to_have_value("${{ [index for index in range(args.n)] }}")
    await field.fill("${{ [1, 2, args.n] }}")

    await expect(text).to_contain_text("map: ${{ [1, 2, args.n] }}")
    for kept in ("description: Turns.  # kept", "# the wheel", "- id: turns"):
        await expect(text).to_contain_text(kept)
    await page.get_by_text("Name, condition, retry and errors").click()
    await page.get_by_label("when").fill("${{ args.n > 0 }}")
    await expect(text).to_contain_text("when: ${{ args.n > 0 }}")
    await expect(page.get_by_text("No problems.")).to_be_visible()


async def test_a_step_of_the_menu_is_put_behind_the_one_at_the_cursor(page: Page, server: HeadraceProcess) -> None:
    text = await stored(page, server, "mill_insert", mill("mill_insert"))
    await page.get_by_role("button", name="Insert step").click()
    await page.get_by_role("searchbox", name="Search").fill("end the run")
    await page.get_by_role("button", name="Insert fail: Say what is missing").click()

    await expect(text).to_contain_text("- fail:")
    await expect(page.get_by_role("tab", name="Form: fail")).to_be_visible()


async def test_the_tests_of_the_flow_run_on_the_text_as_it_is(page: Page, server: HeadraceProcess) -> None:
    await stored(page, server, "mill_tests", mill("mill_tests"))
    await page.get_by_role("tab", name="Tests").click()
    await page.get_by_role("button", name="Run 2 tests").click()

    await expect(page.get_by_role("status").filter(has_text="passed")).to_have_text("1 passed, 1 failed")
    await expect(page.get_by_role("region", name="Difference in wrong")).to_contain_text(
        'expected {"turns":2}, got {"turns":1}'
    )


async def test_versions_are_compared_and_brought_back(page: Page, server: HeadraceProcess) -> None:
    server.api("POST", "/flows", {"text": mill("mill_versions")})
    server.api("PUT", "/flows/mill_versions", {"text": mill("mill_versions").replace("Turns.", "Grinds.")})
    await page.goto("/flows/mill_versions")
    text = page.get_by_role("textbox", name="YAML of mill_versions")
    await page.get_by_role("tab", name="Versions").click()
    await page.get_by_role("button", name="Compare with now").click()
    await expect(page.get_by_role("region", name="Difference")).to_contain_text("+description: Grinds.")
    await page.get_by_role("button", name="Restore").click()
    await expect(text).to_contain_text("description: Turns.")
    await page.get_by_role("button", name="Save").click()

    await expect(page.get_by_text("mill_versions is saved and live.")).to_be_visible()
    assert "description: Turns." in server.api("GET", "/flows/mill_versions")["text"]


async def test_nobody_leaves_unsaved_changes_unasked(page: Page, server: HeadraceProcess) -> None:
    await page.goto("/flows")
    await page.get_by_role("link", name="New flow").click()
    text = page.get_by_role("textbox", name="YAML of the new flow")
    await write(page, text, mill("mill_leave"))
    question = page.get_by_role("dialog", name="Leave without saving?")

    await page.get_by_role("navigation", name="Pages").get_by_role("link", name="Runs").click()
    await question.get_by_role("button", name="Cancel").click()
    await expect(text).to_contain_text("flow: mill_leave")
    await page.go_back()
    await question.get_by_role("button", name="Cancel").click()
    await expect(text).to_contain_text("flow: mill_leave")
    await expect(page).to_have_url(f"{server.url}/flows/_new")
    await page.go_back()
    await question.get_by_role("button", name="Leave").click()

    await expect(page).to_have_url(f"{server.url}/flows")


async def test_what_two_people_save_at_the_same_time_is_not_lost(page: Page, server: HeadraceProcess) -> None:
    text = await stored(page, server, "mill_both", mill("mill_both"))
    await write(page, text, mill("mill_both").replace("Turns.", "Mine."))
    server.api("PUT", "/flows/mill_both", {"text": mill("mill_both").replace("Turns.", "Theirs.")})
    await expect(page.get_by_text("Somebody else saved this flow while you have it open.")).to_be_visible()
    await page.get_by_role("button", name="Save").click()

    question = page.get_by_role("dialog", name="Somebody else saved this flow")
    await expect(question.get_by_role("region", name="Their text")).to_contain_text("description: Theirs.")
    await question.get_by_role("button", name="Save mine over it").click()
    await expect(page.get_by_text("mill_both is saved and live.")).to_be_visible()
    versions = server.api("GET", "/flows/mill_both/versions")["versions"]
    texts = [server.api("GET", f"/flows/mill_both/versions/{each['number']}")["text"] for each in versions]
    assert ["Mine." in texts[0], "Theirs." in texts[1]] == [True, True]


async def test_a_flow_that_is_called_new_opens_by_its_link(page: Page, server: HeadraceProcess) -> None:
    await stored(page, server, "new", mill("new"))

    await expect(page.get_by_role("heading", level=1)).to_have_text("new")


async def test_a_flow_of_a_file_says_so_and_becomes_a_copy(page: Page, server: HeadraceProcess) -> None:
    await page.goto("/flows/charge_card")
    await expect(page.get_by_text("This flow comes from the file")).to_be_visible()
    await expect(page.get_by_role("button", name="Save")).to_have_count(0)
    await page.get_by_role("link", name="Make a copy").click()
    await expect(page.get_by_role("textbox", name="YAML of the new flow")).to_contain_text("flow: charge_card_copy")
    await page.get_by_role("button", name="Save").click()

    await expect(page).to_have_url(f"{server.url}/flows/charge_card_copy")
    assert server.api("GET", "/flows/charge_card_copy")["summary"]["origin"] == "api"


async def test_a_flow_is_written_tried_and_saved_by_keyboard_alone(page: Page, server: HeadraceProcess) -> None:
    await page.goto("/flows/_new")
    text = page.get_by_role("textbox", name="YAML of the new flow")
    await text.focus()
    await page.keyboard.press("ControlOrMeta+a")
    await page.keyboard.insert_text(mill("mill_keys", "mpa"))
    await expect(page.get_by_role("list", name="Problems")).to_contain_text("Did you mean 'map'?")
    await page.keyboard.press("Escape")
    await page.keyboard.press("Tab")
    await tab_to(page, page.get_by_role("button", name="Change it to map"))
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("No problems.")).to_be_visible()

    await text.focus()
    await page.keyboard.press("Escape")
    await page.keyboard.press("Tab")
    await tab_to(page, page.get_by_role("tab", name="Picture"))
    while await page.get_by_role("tab", name="Try").get_attribute("aria-selected") != "true":
        await page.keyboard.press("ArrowRight")
    await tab_to(page, page.get_by_label("n", exact=True))
    await page.keyboard.type("2")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("region", name="Answer")).to_contain_text("turns: 2")
    await page.keyboard.press("ControlOrMeta+s")

    await expect(page.get_by_text("mill_keys is saved and live.")).to_be_visible()
    _, body = await call_tool(server, "", "mill_keys", n=1)
    assert body["result"]["structuredContent"] == {"turns": 1}


async def test_hostile_words_in_a_flow_stay_text_in_the_editor(page: Page) -> None:
    text = await open_new(page)
    hostile = "<img src=x onerror=fault(1)>\u202e"
    await write(
        page,
        text,
        f"flow: hostile\ndescription: '{hostile}'\ninput: {{mcp_tool: {{params: {{'{hostile}': {{type: string, "
        f"description: '{hostile}'}}}}}}}}\nsteps:\n  - id: it\n    fail: {{code: x, message: '{hostile}'}}\n"
        f"  - '{hostile}': 1\ntests:\n  - {{name: '{hostile}', args: {{'{hostile}': a}}, expect: '{hostile}'}}\n",
    )
    await expect(page.get_by_role("list", name="Problems")).to_contain_text("Unknown step '<img src=x")
    await page.get_by_role("button", name="it fail").click()
    for tab in ("Outline", "Form", "Try", "Tests"):
        await page.get_by_role("tab", name=tab).click()
    await write(page, text, (await text.inner_text()).replace("\n\n", "\n").split("  - '<img")[0])

    await expect(page.get_by_role("tab", name="Tests")).to_be_visible()


@pytest.mark.parametrize("tab", ["Picture", "Outline", "Form", "Try", "Tests", "Versions"])
async def test_the_views_of_the_editor_have_nothing_for_axe_to_find(
    page: Page, server: HeadraceProcess, tab: str
) -> None:
    name = f"mill_axe_{tab.lower()}"
    await stored(page, server, name, mill(name))
    await page.get_by_role("button", name="turns map").click()
    await page.get_by_role("tab", name=tab).click()
    if tab == "Try":
        await page.get_by_label("n", exact=True).fill("2")
        await page.get_by_role("button", name="Run", exact=True).click()
        await expect(page.get_by_role("region", name="Answer")).to_be_visible()

    light = await axe_findings(page)
    await page.emulate_media(color_scheme="dark", reduced_motion="reduce")

    assert light + await axe_findings(page) == []


async def test_the_menu_of_steps_has_nothing_for_axe_to_find(page: Page) -> None:
    await open_new(page)
    await page.get_by_role("button", name="Insert step").click()
    await expect(page.get_by_role("list", name="Steps")).to_contain_text("http")

    assert await axe_findings(page) == []


async def test_the_editor_fits_a_narrow_window(browser: Browser, server: HeadraceProcess) -> None:
    async with visit(browser, server.url, viewport={"width": 390, "height": 800}) as page:
        await open_new(page)
        await expect(page.get_by_role("button", name="greeting map")).to_be_visible()

        assert await page.evaluate("document.documentElement.scrollWidth") <= 390


async def tab_to(page: Page, wanted: Locator) -> None:
    """Go on with the Tab key until something has the focus."""
    for _ in range(80):
        if await wanted.evaluate("element => element === document.activeElement"):
            return
        await page.keyboard.press("Tab")
    raise AssertionError(f"the Tab key does not reach {wanted}")
