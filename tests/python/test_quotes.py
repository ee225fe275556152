"""Prices: looked at, locked, redeemed; and the rails and transactions that come of them."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Any

import pytest
from api import Api
from covers import covers
from gateway import Gateway
from world import (
    ORDER,
    QUOTE,
    WALLET,
    completed_session,
    new_partner,
    new_quote,
    new_session,
    session_for,
    wait_until,
)

SALE = {**QUOTE, "side": "off_ramp", "amount": "50", "payment_method": "sepa_payout"}


@pytest.fixture(scope="module")
def rails(gateway: Gateway) -> Api:
    """The API as a partner that may use the rails."""
    return Api(gateway.url, new_partner(gateway, "Rails", entitled=True))


def without(body: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name not in names}


@covers("previewQuotes")
@pytest.mark.parametrize(("side", "amount"), [("on_ramp", "100.00"), ("off_ramp", "50")])
def test_every_method_has_a_price_that_adds_up(api: Api, side: str, amount: str) -> None:
    body = {**without(QUOTE, "payment_method"), "side": side, "amount": amount}
    options = api.post("quotes/preview", body).ok()["data"]
    assert options
    for option in options:
        assert "signature" not in option and option["side"] == side
        total = sum(Decimal(fee["amount"]) for fee in option["fees"])
        assert total == Decimal(option["total_fees"]) and option["source"]["name"]


@covers("previewQuotes")
@pytest.mark.parametrize(
    "fault",
    [
        {"amount": "0"},
        {"amount": "1.123456789"},
        {"amount": 100},
        {"currency": "EURO"},
        {"asset": "NOPE"},
        {"side": "swap"},
        {"country_code": "DEU"},
        {"payment_method": "card"},
    ],
    ids=str,
)
def test_a_bad_field_of_a_preview_is_named(api: Api, fault: dict[str, Any]) -> None:
    answer = api.post("quotes/preview", {**without(QUOTE, "payment_method"), **fault})
    answer.refused(400, answer.json["code"], f"/{next(iter(fault))}")


@covers("lockQuote", "createPayIn", "createPayOut")
def test_rails_need_an_agreement(gateway: Gateway) -> None:
    plain = Api(gateway.url, new_partner(gateway, "Plain"))
    ids = {"quote_id": "qt_test_" + "0" * 26, "session_id": "gs_test_" + "0" * 26}
    for path, body in (("quotes", QUOTE), ("rails/pay_ins", ids), ("rails/pay_outs", ids)):
        refused = plain.post(path, body, key="new").refused(403, "entitlement_required")
        assert refused["type"] == "permission_error"


@covers("lockQuote", "retrieveSignedQuote")
def test_a_locked_quote_is_read_back(rails: Api) -> None:
    locked = rails.post("quotes", {**QUOTE, "expires_in": 60, "on_lapse": "refund"}).ok(201)
    assert locked["object"] == "signed_quote" and locked["status"] == "active"
    assert locked["signature"] and locked["on_lapse"] == "refund"
    assert rails.get(f"quotes/{locked['id']}").ok() == locked
    for fault in ({"expires_in": 14}, {"expires_in": 1201}, {"on_lapse": "hope"}):
        answer = rails.post("quotes", {**QUOTE, **fault})
        answer.refused(400, answer.json["code"], f"/{next(iter(fault))}")
    rails.post("quotes", without(QUOTE, "payment_method")).refused(
        400, "field_required", "/payment_method"
    )
    rails.get("quotes/qt_test_" + "0" * 26).refused(404, "not_found")


@covers("createSession", "lockQuote")
def test_a_locked_quote_fixes_a_session(rails: Api) -> None:
    quote = new_quote(rails)
    body = {**without(ORDER, "amount", "currency"), "quote_preview_id": quote["id"]}
    made = rails.post("gate_sessions", body, key="new").ok(201)
    assert (made["amount"], made["currency"]) == ("100.00", "EUR")
    other = {**body, "amount": "70.00", "currency": "EUR"}
    rails.post("gate_sessions", other, key="new").refused(400, "quote_mismatch")


@covers("createPayIn", "retrievePayIn", "settleRailPayment", "retrieveTransaction")
def test_a_pay_in_takes_its_economics_from_its_quote(rails: Api) -> None:
    session, quote = new_session(rails, wallet_address=WALLET), new_quote(rails)
    body = {"quote_id": quote["id"], "session_id": session["id"]}
    rails.post("rails/pay_ins", body).refused(400, "idempotency_key_required")
    for extra in ({"amount": "7.00"}, {"email": "ada@example.com"}, {"iban": "DE00"}):
        rails.post("rails/pay_ins", {**body, **extra}, key="new").refused(
            400, "field_not_accepted", f"/{next(iter(extra))}"
        )
    key = str(uuid.uuid4())
    made = rails.post("rails/pay_ins", body, key=key).ok(201)
    assert (made["object"], made["kind"], made["status"]) == ("rail_pay_in", "pay_in", "processing")
    assert made["fiat_amount"] == quote["fiat_amount"]
    assert rails.post("rails/pay_ins", body, key=key).ok(201) == made
    rails.post("rails/pay_ins", body, key="new").refused(409, "quote_consumed")
    assert rails.get(f"quotes/{quote['id']}").ok()["status"] == "consumed"
    rails.post(f"test_helpers/rails/{made['id']}/settle")
    settled = wait_until(
        lambda: rails.get(f"rails/pay_ins/{made['id']}").ok(),
        lambda payment: payment["status"] == "settled",
    )
    transaction = rails.get(f"transactions/{settled['refid']}").ok()
    assert transaction["local_rail_transaction_id"] == made["id"]
    assert transaction["status"] == "completed" and transaction["action"] == "on_ramp"
    session = rails.get(f"gate_sessions/{session['id']}").ok()
    assert session["status"] == "completed"


@covers("createPayIn")
def test_a_pay_in_wants_a_wallet_a_session_and_a_quote(rails: Api) -> None:
    quote, session = new_quote(rails), new_session(rails)
    body = {"quote_id": quote["id"], "session_id": session["id"]}
    rails.post("rails/pay_ins", body, key="new").refused(400, "wallet_address_missing")
    for name, absent in (("quote_id", "qt_test_"), ("session_id", "gs_test_")):
        other = {**body, name: absent + "0" * 26}
        rails.post("rails/pay_ins", other, key="new").refused(404, "not_found")


@covers("createPayOut", "retrievePayOut", "failRailPayment", "cancelRailPayment")
@pytest.mark.parametrize(("helper", "status"), [("fail", "failed"), ("cancel", "cancelled")])
def test_a_pay_out_that_ends_badly_leaves_the_session_open(
    rails: Api, helper: str, status: str
) -> None:
    quote = rails.post("quotes", SALE).ok(201)
    session = session_for(rails, quote)
    body = {"quote_id": quote["id"], "session_id": session["id"]}
    made = rails.post("rails/pay_outs", body, key="new").ok(201)
    assert (made["object"], made["kind"]) == ("rail_pay_out", "pay_out")
    rails.post(f"test_helpers/rails/{made['id']}/{helper}").ok()
    ended = wait_until(
        lambda: rails.get(f"rails/pay_outs/{made['id']}").ok(),
        lambda payment: payment["status"] != "processing",
    )
    assert ended["status"] == status and ended["reason"]["code"]
    assert rails.get(f"gate_sessions/{session['id']}").ok()["status"] == "open"


@covers("listTransactions", "retrieveTransaction")
def test_transactions_are_listed(api: Api) -> None:
    session = completed_session(api)
    mine = api.get("transactions", session_id=session["id"]).ok()["data"]
    assert len(mine) == 1 and mine[0]["status"] == "completed"
    assert api.get(f"transactions/{mine[0]['refid']}").ok() == mine[0]
    assert {"token", "network", "currency", "payment_method", "fiat_amount", "token_amount",
            "exchange_rate", "total_fees", "facilita_transaction_id"} <= set(mine[0])  # fmt: skip
    page = api.get("transactions", limit=1, status="completed").ok()
    assert page["data"] == mine and page["url"] == "/v1/transactions"
    for name, value in (("limit", "0"), ("status", "lost"), ("starting_after", "x")):
        answer = api.get("transactions", **{name: value})
        answer.refused(400, answer.json["code"], name)
    api.get("transactions/tx_test_" + "0" * 26).refused(404, "not_found")
