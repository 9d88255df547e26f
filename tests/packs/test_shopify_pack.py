"""Every request of the Shopify pack, held against Shopify's schema, and the pack with real requests to a small shop.

See descriptions/README.md for where the schema comes from, and fake_shopify.py for the shop.
"""

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, Final

import msgspec
import pytest

from flows.plan import FlowTest
from flows.runs import RunResult
from packs.loader import CATALOG, load_pack
from tests.packs.fake_shopify import HEADER, SCOPES, TOKEN, FakeShopify
from tests.packs.shopify_api import PATH, ShopifyApi
from tests.packs.standin import MISTAKES, Sent, StandIn, argument_sets, first_good, misfits, run, standing_in
from tests.packs.support import grouped_by_subject

PACK: Final = load_pack(CATALOG / "shopify")
KNOWN: Final = {
    "fulfillment_order_id": "1001",
    "inventory_item_id": "81",
    "customer_id": "5",
    "order_id": "1001",
    "product_id": "7",
    "location_id": "91",
    "created_after": "2026-11-20T00:00:00Z",
    "created_before": "2026-11-21T00:00:00Z",
    "currency": "EUR",
    "tracking_url": "https://example.com/RM1",
    "lines": [],
}
"""Arguments that fit what is in the shop."""
Ask = Callable[..., Coroutine[Any, Any, Any]]
TOOLS: Final = pytest.mark.parametrize("tool", PACK.tools)
EXAMPLES: Final = [
    pytest.param(flow.plan.tests[index], flow.name, id=f"{flow.name}:{index}")
    for flow in (PACK.flows[name] for name in PACK.tools)
    for index in range(len(flow.plan.tests))
]


def known_to(tool: str) -> dict[str, Any]:
    """Return arguments that fit; lines are of another form in each tool."""
    lines = first_good(PACK.flows[tool].plan).fields.args.get("lines")
    return KNOWN | ({"lines": lines} if lines else {})


@asynccontextmanager
async def shopify(api: ShopifyApi, token: str = TOKEN) -> AsyncIterator[tuple[StandIn, Ask]]:
    """Run a server; yield it, and what calls a tool: a value, or the error that the tool ends with."""
    async with standing_in(PACK, api, (HEADER, token), keeps_state=True) as (server, dispatcher):

        async def ask(tool: str, **args: Any) -> Any:
            plan = PACK.flows[tool].plan
            result: RunResult = await run(plan, args, dispatcher)
            assert misfits(plan, result) == []
            return result.error if result.reply is None else result.reply.value

        yield server, ask


# -- held against the schema ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_lean", [False, True], ids=["full", "lean"])
@TOOLS
async def test_whatever_the_arguments_a_tool_asks_only_what_shopify_describes(tool: str, is_lean: bool) -> None:
    api = ShopifyApi()
    api.is_lean = is_lean

    async with shopify(api) as (server, ask):
        for args in argument_sets(PACK.flows[tool].plan, known_to(tool)):
            result = await ask(tool, **args)
            assert getattr(result, "code", "") not in MISTAKES, result

        assert server.sent
        assert server.problems() == []
        assert server.credentials == {TOKEN}
        everything = "\n".join(sent.body.decode() for sent in server.sent)
        for argument, field in PACK.flows[tool].plan.input.arguments.schema.get("properties", {}).items():
            for choice in field.get("enum", ()):
                assert choice in everything, f"{argument}: {choice} is never sent"


@pytest.mark.parametrize(("test", "tool"), EXAMPLES)
async def test_a_mocked_answer_has_just_what_the_tool_asks_for(test: FlowTest, tool: str) -> None:
    api = ShopifyApi()

    async with shopify(api) as (server, ask):
        server.begin(list(test.fields.mock.values()))
        result = await ask(tool, **test.fields.args)

    expected = getattr(test.fields.expect_error, "code", None)
    assert result == test.fields.expect if expected is None else result.code == expected
    assert server.problems() == []
    for sent, answer in zip(server.sent, test.fields.mock.values(), strict=True):
        data = answer["body"].get("data")
        if data is not None and "errors" not in answer["body"]:
            assert api.is_answer(msgspec.json.decode(sent.body), data), data


@pytest.mark.parametrize(
    ("query", "variables", "problem"),
    [
        ("{ shop { nme } }", {}, "Cannot query field 'nme'"),
        ("{ shop { name }", {}, "Syntax Error"),
        ("query Q($id: ID!) { order(id: $id) { id } }", {}, "'$id'"),
        ("query Q($id: ID!) { order(id: $id) { id } }", {"id": "1", "x": 1}, "no variable x"),
        ("query Q($f: String) { orders(first: $f) { nodes { id } } }", {}, "expecting type 'Int'"),
        (
            "mutation M($p: ProductUpdateInput!) { productUpdate(product: $p) { product { id } } }",
            {"p": {"n": 1}},
            "'n'",
        ),
    ],
)
def test_a_request_that_is_not_described_is_found(query: str, variables: dict[str, Any], problem: str) -> None:
    body = msgspec.json.encode({"query": query, "variables": variables})

    problems = ShopifyApi().problems(Sent("POST", PATH, "", "application/json", body))

    assert [found for found in problems if problem in found], problems


# -- with a small shop ---------------------------------------------------------------------------------------------


async def test_orders_are_found_page_by_page() -> None:
    names = []

    async with shopify(FakeShopify()) as (server, ask):
        page = await ask("list_orders", financial_status="paid", limit=2)
        names.append([each["name"] for each in page["orders"]])
        while page["next_cursor"]:
            page = await ask("list_orders", financial_status="paid", limit=2, cursor=page["next_cursor"])
            names.append([each["name"] for each in page["orders"]])
        count = await ask("count_orders", financial_status="paid")

        assert names == [["#1001", "#1003"], ["#1005"]]
        assert count == {"count": 3, "exact": True}
        assert server.problems() == []


@pytest.mark.parametrize("order_id", ["1002", "gid://shopify/Order/1002"])
async def test_an_order_is_changed_and_sent(order_id: str) -> None:
    async with shopify(FakeShopify()) as (server, ask):
        changed = await ask("update_order", order_id=order_id, tags=[], note="Wrap it.")
        left = await ask("list_fulfillment_orders", order_id=order_id)
        part = left["fulfillment_orders"][0]["id"]
        sent = await ask("create_fulfillment", fulfillment_order_id=part, tracking_number="RM1")
        again = await ask("create_fulfillment", fulfillment_order_id=part)
        order = await ask("get_order", order_id=order_id)

        assert (changed["tags"], changed["note"]) == ([], "Wrap it.")
        assert sent["status"] == "SUCCESS"
        assert again.code == "refused"
        assert "not in an open state" in again.message
        assert order["order"]["fulfillment_status"] == "FULFILLED"
        assert order["fulfillments"][0]["tracking"] == [{"company": None, "number": "RM1", "url": None}]
        assert server.problems() == []


async def test_stock_changes_only_if_it_is_what_was_expected() -> None:
    shop = FakeShopify()

    async with shopify(shop) as (_, ask):
        args = {"inventory_item_id": "81", "location_id": "91", "delta": -2, "expected": 12}
        first = await ask("adjust_inventory", **args)
        second = await ask("adjust_inventory", **args)
        levels = await ask("get_inventory_levels", inventory_item_id="81")

    assert first == {"adjusted": -2, "reason": "correction"}
    assert second.code == "refused"
    assert levels["levels"][0]["available"] == 10
    assert len(set(shop.keys)) == 2, "each change has a key of its own"


async def test_a_draft_has_variants_and_items_of_ones_own() -> None:
    lines = [{"variant_id": "71", "quantity": 2}, {"title": "Wrapping", "price": "1.00", "quantity": 1}]

    async with shopify(FakeShopify()) as (server, ask):
        draft = await ask("create_draft_order", lines=lines, currency="EUR", customer_id="5")

        assert (draft["total"], draft["currency"], draft["status"]) == ("20.90", "EUR", "OPEN")
        assert server.problems() == []


async def test_a_request_that_costs_too_much_now_is_sent_once_more() -> None:
    shop = FakeShopify()

    async with shopify(shop) as (server, ask):
        shop.throttles = 1
        found = await ask("list_products")
        shop.throttles = 2
        error = await ask("list_products")

        assert [each["title"] for each in found["products"]] == ["Tea", "Cups"]
        assert error.code == "rate_limited"
        assert len(server.sent) == 4


async def test_a_tool_waits_as_long_as_shopify_asks_if_the_run_has_the_time() -> None:
    shop = FakeShopify()

    async with shopify(shop) as (server, ask):
        shop.waits = [0]
        found = await ask("count_products")
        shop.waits = [90]
        error = await ask("count_products")

        assert found["count"] == 2
        assert (error.code, error.retry_after) == ("http_429", 90)
        assert len(server.sent) == 3


async def test_a_change_is_not_sent_again_after_an_error_that_may_have_come_late() -> None:
    async with shopify(FakeShopify()) as (server, ask):
        server.begin([{"status": 502, "body": "Bad Gateway"}])
        error = await ask("update_product", product_id="7", title="Green tea")

        assert error.code == "http_502"
        assert len(server.sent) == 1


@pytest.mark.parametrize(
    ("tool", "args", "code", "says"),
    [
        ("get_order", {"order_id": "9"}, "not_found", "There is no order 9"),
        ("get_product", {"product_id": "9"}, "not_found", "There is no product 9"),
        ("get_customer", {"customer_id": "9"}, "not_found", "There is no customer 9"),
        ("get_inventory_levels", {"inventory_item_id": "9"}, "not_found", "There is no inventory item 9"),
        ("update_product", {"product_id": "9", "title": "x"}, "refused", "id Product does not exist"),
        ("update_order", {"order_id": "9", "note": "x"}, "refused", "id Order does not exist"),
    ],
)
async def test_a_refusal_is_said_in_words(tool: str, args: dict[str, Any], code: str, says: str) -> None:
    async with shopify(FakeShopify()) as (_, ask):
        error = await ask(tool, **args)

    assert error.code == code
    assert says in error.message


async def test_a_token_that_is_wrong_or_may_too_little_is_told() -> None:
    shop = FakeShopify()

    async with shopify(shop, "shpat_another") as (_, ask):
        unknown = await ask("list_orders")
    async with shopify(shop) as (_, ask):
        shop.scopes.remove("read_orders")
        poor = await ask("list_orders")

    assert unknown.code == "not_signed_in"
    assert poor.code == "not_allowed"
    assert "It needs: `read_orders`" in poor.message


async def test_the_tools_use_every_root_that_the_small_shop_knows() -> None:
    async with shopify(FakeShopify()) as (server, ask):
        for tool in PACK.tools:
            await ask(tool, **first_good(PACK.flows[tool].plan).fields.args)
        everything = "\n".join(sent.body.decode() for sent in server.sent)

        assert [root for root in SCOPES if f" {root}(" not in everything] == []


def test_no_tool_is_left_out() -> None:
    assert len(PACK.tools) == 18
    assert grouped_by_subject(PACK) == set(PACK.tools)
