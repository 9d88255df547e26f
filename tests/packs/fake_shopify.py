"""A small shop for tests, written from Shopify's schema and public documentation, not from Shopify itself.

Source: https://shopify.dev/docs/api/admin-graphql and https://shopify.dev/docs/api/usage/rate-limits.  Whatever is
asked is executed as GraphQL against the schema, so that it answers just what was asked for.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from typing import Any, Final

from tests.packs.shopify_api import ShopifyApi
from tests.packs.standin import Sent

TOKEN: Final = "shpat_made_up"
HEADER: Final = "X-Shopify-Access-Token"
SCOPES: Final[Mapping[str, str]] = {
    "customer": "read_customers",
    "customers": "read_customers",
    "draftOrderCreate": "write_draft_orders",
    "fulfillmentCreate": "write_merchant_managed_fulfillment_orders",
    "inventoryAdjustQuantities": "write_inventory",
    "inventoryItem": "read_inventory",
    "inventoryItems": "read_inventory",
    "locations": "read_locations",
    "order": "read_orders",
    "orders": "read_orders",
    "ordersCount": "read_orders",
    "orderUpdate": "write_orders",
    "product": "read_products",
    "products": "read_products",
    "productsCount": "read_products",
    "productUpdate": "write_products",
}
WHERE: Final[Mapping[str, Callable[[Any], Any]]] = {
    "status": lambda thing: thing.get("status", "closed" if thing.get("closed") else "open").lower(),
    "financial_status": lambda thing: thing["displayFinancialStatus"].lower(),
    "tag": lambda thing: thing["tags"],
    "email": lambda thing: thing["defaultEmailAddress"]["emailAddress"],
    "sku": lambda thing: thing["sku"],
}
"""What a term of the search language looks at."""

LISTS: Final = {"orders": "find_orders", "products": "find_products", "customers": "find_customers"}
"""Roots whose names the shop needs for what is in it."""


class FakeShopify(ShopifyApi):
    """The shop.  `waits`: seconds to ask for before the next answers; `throttles`: how many answers say THROTTLED."""

    def __init__(self) -> None:
        super().__init__()
        self.scopes = set(SCOPES.values())
        self.waits: list[int] = []
        self.throttles = 0
        self.keys: list[str] = []
        self.orders = [_order(number, "PAID" if number % 2 else "PENDING") for number in range(1001, 1006)]
        self.products = [_product(7, "Tea", 12), _product(8, "Cups", 0)]
        self.customers = [_customer(5, "Ada Lovelace", "ada@example.com")]
        self.stock = {"gid://shopify/InventoryItem/81": 12}

    def answer(self, sent: Sent) -> Mapping[str, Any]:
        """Do what is asked, and answer as Shopify does."""
        if sent.credential != TOKEN:
            said = "[API] Invalid API key or access token (unrecognized login or wrong password)"
            return {"status": 401, "body": {"errors": said}}
        if self.waits:
            return {"status": 429, "headers": {"Retry-After": str(self.waits.pop(0))}, "body": {"errors": "Too many"}}
        if self.throttles:
            self.throttles -= 1
            return {"status": 200, "body": {"errors": [_error("Throttled", code="THROTTLED")]}}
        body = json.loads(sent.body)
        for root, scope in SCOPES.items():
            if f" {root}(" in body["query"] and scope not in self.scopes:
                denied = _error(f"Access denied for {root} field.", code="ACCESS_DENIED", requiredAccess=f"`{scope}`")
                return {"status": 200, "body": {"data": {root: None}, "errors": [denied]}}
        roots = {name: getattr(self, LISTS.get(name, name)) for name in (*SCOPES, "shop")}
        return {"status": 200, "body": self.executed(body, roots)}

    # -- reading ---------------------------------------------------------------------------------------------------

    def shop(self, _info: Any) -> Any:
        return {
            "name": "Mill",
            "email": "ada@example.com",
            "currencyCode": "EUR",
            "ianaTimezone": "Europe/London",
            "primaryDomain": {"host": "mill.example.com"},
            "plan": {"publicDisplayName": "Basic"},
        }

    def order(self, _info: Any, id: str) -> Any:
        return _by_id(self.orders, id)

    def product(self, _info: Any, id: str) -> Any:
        return _by_id(self.products, id)

    def customer(self, _info: Any, id: str) -> Any:
        return _by_id(self.customers, id)

    def find_orders(self, _info: Any, query: str | None = None, **page: Any) -> Any:
        return _page(_found(self.orders, query), **page)

    def find_customers(self, _info: Any, query: str | None = None, **page: Any) -> Any:
        return _page(_found(self.customers, query), **page)

    def find_products(self, _info: Any, query: str | None = None, **page: Any) -> Any:
        return _page(_found(self.products, query), **page)

    def ordersCount(self, _info: Any, query: str | None = None, limit: int | None = 10000) -> Any:
        return {"count": len(_found(self.orders, query)), "precision": "EXACT" if limit is None else "AT_LEAST"}

    def productsCount(self, _info: Any, query: str | None = None, limit: int | None = 10000) -> Any:
        return {"count": len(_found(self.products, query)), "precision": "EXACT" if limit is None else "AT_LEAST"}

    def inventoryItems(self, _info: Any, query: str | None = None, **page: Any) -> Any:
        return _page(_found([self._item(each) for each in self.stock], query), **page)

    def inventoryItem(self, _info: Any, id: str) -> Any:
        return self._item(id) if id in self.stock else None

    def locations(self, _info: Any, includeInactive: bool = False, **page: Any) -> Any:
        mill = {"id": "gid://shopify/Location/91", "name": "Mill", "isActive": True, "fulfillsOnlineOrders": True}
        return _page([mill | {"address": {"formatted": ["1 Mill Lane", "London"]}}], **page)

    def _item(self, item_id: str) -> dict[str, Any]:
        place = {"id": "gid://shopify/Location/91", "name": "Mill"}
        return {
            "id": item_id,
            "sku": "TEA-1",
            "tracked": True,
            "requiresShipping": True,
            "updatedAt": "2026-11-20T10:00:00Z",
            "unitCost": {"amount": "3.10", "currencyCode": "EUR"},
            "variants": lambda _info, **_page: {"nodes": []},
            "inventoryLevels": lambda _info, **_page: {
                "nodes": [{"location": place, "quantities": lambda _info, names: self._quantities(item_id, names)}]
            },
        }

    def _quantities(self, item_id: str, names: list[str]) -> list[dict[str, Any]]:
        return [{"name": name, "quantity": self.stock[item_id]} for name in names if name in ("available", "on_hand")]

    # -- writing ---------------------------------------------------------------------------------------------------

    def orderUpdate(self, _info: Any, input: dict[str, Any]) -> Any:
        return _changed(self.orders, input, "order", "Order does not exist")

    def productUpdate(self, _info: Any, product: dict[str, Any]) -> Any:
        return _changed(self.products, product, "product", "Product does not exist")

    def inventoryAdjustQuantities(self, info: Any, input: dict[str, Any]) -> Any:
        [directive] = info.field_nodes[0].directives
        self.keys.append(info.variable_values.coerced[directive.arguments[0].value.name.value])
        [change] = input["changes"]
        expected, there = change.get("changeFromQuantity"), self.stock[change["inventoryItemId"]]
        if expected is not None and expected != there:
            said = "The specified quantity no longer matches the persisted quantity."
            return _refused("inventoryAdjustmentGroup", ["input", "changes", "0", "changeFromQuantity"], said)
        self.stock[change["inventoryItemId"]] += change["delta"]
        group = {"reason": input["reason"], "changes": lambda _info: [{"name": "available", "delta": change["delta"]}]}
        return {"inventoryAdjustmentGroup": group, "userErrors": []}

    def fulfillmentCreate(self, _info: Any, fulfillment: dict[str, Any]) -> Any:
        [part] = fulfillment["lineItemsByFulfillmentOrder"]
        order = next((each for each in self.orders if each["part"] == part["fulfillmentOrderId"]), None)
        if order is None or order["displayFulfillmentStatus"] == "FULFILLED":
            return _refused("fulfillment", ["fulfillment"], "The fulfillment order is not in an open state.")
        order["displayFulfillmentStatus"] = "FULFILLED"
        tracking = fulfillment.get("trackingInfo", {})
        sent = {"id": "gid://shopify/Fulfillment/3", "status": "SUCCESS", "createdAt": "2026-11-20T11:00:00Z"}
        order["sent"].append(sent | {"trackingInfo": lambda _info, **_page: [tracking]})
        return {"fulfillment": sent, "userErrors": []}

    def draftOrderCreate(self, _info: Any, input: dict[str, Any]) -> Any:
        amounts = [
            float(each.get("originalUnitPriceWithCurrency", {}).get("amount", "9.95")) for each in input["lineItems"]
        ]
        total = sum(each["quantity"] * amount for each, amount in zip(input["lineItems"], amounts, strict=True))
        draft = {
            "id": "gid://shopify/DraftOrder/61",
            "name": "#D1",
            "status": "OPEN",
            "totalPriceSet": _money(f"{total:.2f}"),
        }
        return {"draftOrder": draft | {"invoiceUrl": "https://mill.example.com/invoices/1"}, "userErrors": []}


def _found(things: list[dict[str, Any]], query: str | None) -> list[dict[str, Any]]:
    """Return what fits every term; a term without a name looks into everything."""
    found = things
    for term in (query or "").split(" AND "):
        name, _, value = term.strip("()").partition(":")
        if value and name != "created_at" and value != "any":
            found = [each for each in found if value in WHERE[name](each)]
        elif name != "created_at":
            found = [each for each in found if name.lower() in str(each).lower()]
    return found


def _page(things: list[dict[str, Any]], first: int, after: str | None = None, **_order: Any) -> dict[str, Any]:
    start = int(b64decode(after)) if after else 0
    end = start + first
    more = {"hasNextPage": end < len(things), "endCursor": b64encode(str(end).encode()).decode()}
    return {"nodes": things[start:end], "pageInfo": more}


def _by_id(things: list[dict[str, Any]], wanted: str) -> dict[str, Any] | None:
    return next((each for each in things if each["id"] == wanted), None)


def _changed(things: list[dict[str, Any]], changes: dict[str, Any], name: str, missing: str) -> dict[str, Any]:
    thing = _by_id(things, changes["id"])
    if thing is None:
        return _refused(name, ["id"], missing)
    thing |= changes
    return {name: thing, "userErrors": []}


def _refused(name: str, field: list[str], message: str) -> dict[str, Any]:
    return {name: None, "userErrors": [{"field": field, "message": message}]}


def _error(message: str, **extensions: Any) -> dict[str, Any]:
    return {"message": message, "extensions": extensions}


def _money(amount: str) -> dict[str, Any]:
    return {"shopMoney": {"amount": amount, "currencyCode": "EUR"}}


def _order(number: int, paid: str) -> dict[str, Any]:
    sent: list[dict[str, Any]] = []
    part = f"gid://shopify/FulfillmentOrder/{number}"
    line = {
        "id": f"gid://shopify/LineItem/{number}",
        "title": "Tea",
        "variantTitle": "100 g",
        "sku": "TEA-1",
        "quantity": 2,
        "unfulfilledQuantity": 2,
        "originalUnitPriceSet": _money("9.95"),
        "product": None,
        "variant": None,
    }
    left = {
        "id": f"gid://shopify/FulfillmentOrderLineItem/{number}",
        "productTitle": "Tea",
        "sku": "TEA-1",
        "remainingQuantity": 2,
        "totalQuantity": 2,
    }
    parts = {"id": part, "status": "OPEN", "assignedLocation": {"name": "Mill"}}
    return {
        "id": f"gid://shopify/Order/{number}",
        "name": f"#{number}",
        "createdAt": "2026-11-20T10:00:00Z",
        "cancelledAt": None,
        "closed": False,
        "displayFinancialStatus": paid,
        "displayFulfillmentStatus": "UNFULFILLED",
        "currentTotalPriceSet": _money("19.90"),
        "totalRefundedSet": _money("0.00"),
        "subtotalLineItemsQuantity": 2,
        "tags": ["gift"],
        "note": None,
        "customer": None,
        "shippingAddress": None,
        "part": part,
        "sent": sent,
        "lineItems": lambda _info, **_page: {"nodes": [line]},
        "fulfillments": lambda _info, **_page: sent,
        "fulfillmentOrders": lambda _info, **_page: {
            "nodes": [parts | {"lineItems": lambda _info, **_page: {"nodes": [left]}}]
        },
    }


def _product(number: int, title: str, inventory: int) -> dict[str, Any]:
    price = {"amount": "9.95", "currencyCode": "EUR"}
    return {
        "id": f"gid://shopify/Product/{number}",
        "title": title,
        "handle": title.lower(),
        "status": "ACTIVE",
        "vendor": "Mill",
        "productType": "",
        "tags": [],
        "totalInventory": inventory,
        "updatedAt": "2026-11-20T10:00:00Z",
        "description": f"{title} of the mill.",
        "onlineStoreUrl": None,
        "priceRangeV2": {"minVariantPrice": price, "maxVariantPrice": price},
        "variants": lambda _info, **_page: {"nodes": [], "pageInfo": {"hasNextPage": False}},
    }


def _customer(number: int, name: str, email: str) -> dict[str, Any]:
    return {
        "id": f"gid://shopify/Customer/{number}",
        "displayName": name,
        "numberOfOrders": "3",
        "tags": [],
        "createdAt": "2026-01-10T10:00:00Z",
        "note": None,
        "amountSpent": {"amount": "59.70", "currencyCode": "EUR"},
        "defaultEmailAddress": {"emailAddress": email},
        "defaultPhoneNumber": None,
        "defaultAddress": None,
        "orders": lambda _info, **_page: {"nodes": []},
    }
