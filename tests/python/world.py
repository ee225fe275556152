"""Everything that a partner can own, made once: an object behind every kind of id."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from api import Api
from gateway import PAGE_ORIGIN, Gateway

PATIENCE_SECONDS = 20
WALLET = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"

ORDER: dict[str, Any] = {
    "amount": "100.00",
    "currency": "EUR",
    "return_url": f"{PAGE_ORIGIN}/done",
    "metadata": {"order": "1001"},
}
QUOTE: dict[str, Any] = {
    "currency": "EUR",
    "asset": "USDC",
    "amount": "100.00",
    "side": "on_ramp",
    "payment_method": "card",
}

#: Which object stands behind an id, by what comes before it in the path. The longest match counts.
OWNERS = {
    "/v1/gate_sessions/": "session",
    "/v1/test_helpers/gate_sessions/": "session",
    "/v1/transactions/": "transaction",
    "/v1/refunds/": "refund",
    "/v1/quotes/": "quote",
    "/v1/rails/pay_ins/": "pay_in",
    "/v1/rails/pay_outs/": "pay_out",
    "/v1/test_helpers/rails/": "pay_in",
    "/v1/customers/": "customer",
    "/v1/webhook_endpoints/": "endpoint",
    "/v1/events/": "event",
    "/v1/webhooks/deliveries/": "delivery",
    "/v1/webhooks/replay/": "replay",
}


def owner_of(path: str) -> str | None:
    """The kind of object behind the id of a path; none where the place is no id of a partner's."""
    before = path.split("{", 1)[0]
    found = [prefix for prefix in OWNERS if before.startswith(prefix)]
    return OWNERS[max(found, key=len)] if found else None


def new_session(api: Api, **changes: Any) -> dict[str, Any]:
    return api.post("gate_sessions", {**ORDER, **changes}, key="new").ok(201)


def session_for(api: Api, quote: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A session that a locked quote fixes."""
    terms = {name: value for name, value in ORDER.items() if name not in ("amount", "currency")}
    body = {**terms, "flow": quote["side"], "quote_preview_id": quote["id"], **changes}
    return api.post("gate_sessions", body, key="new").ok(201)


def completed_session(api: Api, **changes: Any) -> dict[str, Any]:
    """A session whose money has arrived."""
    session = new_session(api, **changes)
    api.post(f"test_helpers/gate_sessions/{session['id']}/complete").ok()
    return wait_until(
        lambda: api.get(f"gate_sessions/{session['id']}").ok(),
        lambda session: session["status"] == "completed",
    )


def wait_until(look: Any, done: Any) -> Any:
    """Look again until what is seen is what we wait for."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not done(seen := look()):
        assert time.monotonic() < deadline, f"still {seen}"
        time.sleep(0.02)
    return seen


@dataclass
class World:
    """One partner's objects."""

    ids: dict[str, str] = field(default_factory=dict)

    def every_id(self) -> set[str]:
        return set(self.ids.values())


#: Longer than each gap between the attempts of a delivery, in seconds.
GAPS = (70, 340, 2000, 8000, 20000, 40000, 56000, 80000, 96000)


def new_partner(gateway: Gateway, name: str, *, entitled: bool = False) -> str:
    """Another partner of this gateway, which may return users to the page of the tests. Answers its
    secret key."""
    partner = gateway.run("partner", "create", name)["id"]
    gateway.run("origins", "add", PAGE_ORIGIN, "--partner", partner)
    if entitled:
        gateway.run("capabilities", "grant", "rails", "--partner", partner)
    return gateway.run("keys", "create", "--partner", partner)["secret"]


def new_endpoint(api: Api, url: str) -> dict[str, Any]:
    return api.post("webhook_endpoints", {"url": url}).ok(201)


def new_quote(api: Api, **changes: Any) -> dict[str, Any]:
    return api.post("quotes", {**QUOTE, **changes}).ok(201)


def dead_delivery(api: Api, inbox: Any) -> dict[str, Any]:
    """A delivery that was tried until the schedule ended, in moments instead of days."""
    inbox.answer = 500
    endpoint = new_endpoint(api, inbox.url)
    session = new_session(api, expires_in=604_800)["id"]
    for number, gap in enumerate((*GAPS, 0), start=1):
        delivery = wait_until(
            lambda: api.get("webhooks/deliveries", endpoint_id=endpoint["id"]).ok()["data"][-1],
            lambda row: row["attempts"] == number and row["status"] != "in_flight",
        )
        if gap:
            helper = f"test_helpers/gate_sessions/{session}/advance_time"
            api.post(helper, {"seconds": gap + gap // 10}).ok()
    assert delivery["status"] == "dead_lettered", delivery
    return delivery


def make_world(api: Api) -> World:
    """An object behind every kind of id, of the sandbox's partner, which may use the rails."""
    world = World()
    session = completed_session(api)
    world.ids["session"] = new_session(api)["id"]
    world.ids["transaction"] = api.get("transactions", session_id=session["id"]).ok()["data"][0]["refid"]
    refunds = f"transactions/{world.ids['transaction']}/refunds"
    world.ids["refund"] = api.post(refunds, {"amount": "1.00"}, key="new").ok(201)["id"]
    world.ids["quote"] = new_quote(api)["id"]
    for kind, changes in (
        ("pay_in", {}),
        ("pay_out", {"side": "off_ramp", "amount": "50", "payment_method": "sepa_payout"}),
    ):
        quote = new_quote(api, **changes)
        paid = session_for(api, quote, **({} if changes else {"wallet_address": WALLET}))
        body = {"quote_id": quote["id"], "session_id": paid["id"]}
        world.ids[kind] = api.post(f"rails/{kind}s", body, key="new").ok(201)["id"]
    person = {"email": f"world.{session['id']}@example.com"}
    world.ids["customer"] = api.post("customers", person).ok(201)["id"]
    world.ids["endpoint"] = api.get("webhook_endpoints").ok()["data"][0]["id"]
    world.ids["event"] = api.get("events").ok()["data"][0]["id"]
    world.ids["delivery"] = api.get("webhooks/deliveries").ok()["data"][0]["id"]
    replay = {"event_ids": [world.ids["event"]]}
    world.ids["replay"] = api.post("webhooks/replay", replay).ok(201)["id"]
    return world
