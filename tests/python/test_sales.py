"""Sales on the hosted page: tokens come in as wallets send them, and nothing of them is lost."""

from __future__ import annotations

from typing import Any

import pytest
from api import Api
from covers import covers
from page import Page
from world import ORDER, WALLET, new_session, wait_until

IBAN = "DE09 0000 0000 0000 0000 01"


def waiting(gate: dict[str, str], api: Api, iban: str = IBAN, **changes: Any) -> Page:
    """A page that says where to send tokens."""
    page = Page.open(gate, api, **changes)
    quote_id = page.choose()
    page.post("account", {"iban": iban}).ok()
    page.post("wallet", {"address": WALLET}).ok()
    page.post("deposit", {"quote_id": quote_id}).ok()
    page.at("deposit")
    return page


def refid(api: Api, page: Page) -> str:
    return api.get("transactions", session_id=page.session["id"]).ok()["data"][0]["refid"]


@covers("chooseFlow", "giveAccount", "startDeposit", "simulateDeposit", "listDeposits")
def test_a_sale_is_paid_out_to_the_unit(gate: dict[str, str], api: Api) -> None:
    page = Page.open(gate, api)
    step = page.at("amount")
    assert (step["flow"], step["flows"]) == ("on_ramp", ["on_ramp", "off_ramp", "swap"])
    assert page.post("flow", {"flow": "off_ramp"}).ok()["step"]["flow"] == "off_ramp"
    quote_id = page.choose()
    page.post("account", {"iban": IBAN}).ok()
    page.post("wallet", {"address": WALLET}).ok()
    asked = page.post("deposit", {"quote_id": quote_id}).ok()
    again = page.post("deposit", {"quote_id": quote_id}).ok()
    assert again["step"]["address"] == asked["step"]["address"], "asking again changes nothing"
    assert asked["step"]["missing_amount"] == asked["step"]["quote"]["crypto_amount"]
    page.post("simulated_deposit", {}).ok()
    done = page.at("done")
    assert done["account"] == {"kind": "iban", "last4": "0001", "country": "DE"}
    sold = api.get(f"transactions/{refid(api, page)}").ok()
    assert (sold["action"], sold["status"]) == ("off_ramp", "completed")
    assert (sold["fiat_amount"], sold["payment_method"]) == (page.session["amount"], "sepa_payout")
    [deposit] = api.get(f"transactions/{sold['refid']}/deposits").ok()["data"]
    assert (deposit["status"], deposit["amount"]) == ("taken", sold["token_amount"])
    assert deposit["transfer_id"] == sold["local_rail_transaction_id"]
    assert "0000 01" not in str(api.get("events", limit=100).ok()), "the IBAN goes no further"


@covers("giveAccount")
@pytest.mark.parametrize(
    ("iban", "why"),
    [
        ("DE00 0000 0000 0000 0000 01", "fit together"),
        ("DE09 0000 0000", "do not fit together"),
        ("XX63 0000 0000 0000 0000 0001", "country"),
        ("4242 4242 4242 4242", "begins with two letters"),
    ],
)
def test_a_wrong_account_is_told_apart(
    gate: dict[str, str], api: Api, iban: str, why: str
) -> None:
    page = Page.open(gate, api, flow="off_ramp")
    page.choose()
    refused = page.post("account", {"iban": iban})
    refused.refused(400, "iban_invalid", "/iban")
    assert why in refused.json["message"]


@covers("giveAccount")
def test_an_account_where_nobody_is_paid_out_is_refused(gate: dict[str, str], api: Api) -> None:
    page = Page.open(gate, api, flow="off_ramp")
    page.choose()
    turkish = page.post("account", {"iban": "TR33 0006 1005 1978 6457 8413 26"})
    turkish.refused(400, "method_not_available")
    page.at("account")


@covers("giveAccount", "requestQuote")
@pytest.mark.parametrize(
    ("currency", "method", "kind", "account"),
    [
        (
            "GBP",
            "faster_payments_payout",
            "sort_code",
            {"sort_code": "00-00-00", "account_number": "00000001"},
        ),
        (
            "USD",
            "ach_payout",
            "aba",
            {
                "routing_number": "110000000",
                "account_number": "000000000001",
                "account_type": "checking",
            },
        ),
        ("BRL", "pix_payout", "pix", {"pix_key": "paid@pix.test"}),
        ("EUR", "card_payout", "card", {"card": {"number": "4000 0566 5566 5556", "expiry": "12/40"}}),
    ],
)
def test_a_sale_is_paid_out_by_every_method(
    gate: dict[str, str],
    api: Api,
    currency: str,
    method: str,
    kind: str,
    account: dict[str, Any],
) -> None:
    page = Page.open(gate, api, flow="off_ramp", currency=currency)
    step = page.at("amount")
    assert method in [row["id"] for row in step["payout_methods"]]
    choice = {"target_token": "USDC", "target_network": "base", "payout_method": method}
    quote_id = page.post("quote", choice).ok()["step"]["quote"]["id"]
    page.post("quote/accept", {"quote_id": quote_id}).ok()
    asked = page.at("account")
    assert asked["account_kind"] == kind
    assert account in [known["account"] for known in asked["test_payouts"]], "the page offers it"
    page.post("account", account).ok()
    page.post("wallet", {"address": WALLET}).ok()
    page.post("deposit", {"quote_id": quote_id}).ok()
    page.post("simulated_deposit", {}).ok()
    assert page.at("done")["account"]["kind"] == kind
    sold = api.get(f"transactions/{refid(api, page)}").ok()
    assert (sold["status"], sold["payment_method"]) == ("completed", method)


@covers("giveAccount")
@pytest.mark.parametrize(
    ("currency", "account", "code"),
    [
        ("GBP", {"sort_code": "30-90-0", "account_number": "33669933"}, "sort_code_invalid"),
        ("GBP", {"sort_code": "30-90-09", "account_number": "12"}, "account_number_invalid"),
        (
            "USD",
            {
                "routing_number": "021000022",
                "account_number": "000123456789",
                "account_type": "savings",
            },
            "routing_number_invalid",
        ),
        ("BRL", {"pix_key": "529.982.247-24"}, "pix_key_invalid"),
    ],
)
def test_each_field_of_an_account_is_told_apart(
    gate: dict[str, str],
    api: Api,
    currency: str,
    account: dict[str, str],
    code: str,
) -> None:
    page = Page.open(gate, api, flow="off_ramp", currency=currency)
    page.choose()
    page.post("account", account).refused(400, code, f"/{code.removesuffix('_invalid')}")
    page.post("account", {"iban": IBAN}).refused(400, "method_not_available")
    page.at("account")


@covers("createTestDeposit", "listDeposits")
def test_what_does_not_fit_goes_back_or_is_held(gate: dict[str, str], api: Api) -> None:
    page = waiting(gate, api, flow="off_ramp")
    session_id = page.session["id"]

    def send(**more: Any) -> Any:
        return api.post("test_helpers/deposits", {"session_id": session_id, **more})

    short = send(amount="10", transfer_id="0xaa").ok(201)
    assert send(amount="10", transfer_id="0xaa").ok(201) == short, "told twice, taken once"
    twin = send(amount="10", transfer_id="0xaa", output=1).ok(201)
    assert twin["id"] != short["id"], "a transaction of a network can hold several payments"
    assert (short["output"], twin["output"]) == (0, 1)
    send(amount="10", output=-1).refused(400, "field_range", "/output")
    wrong = send(amount="7.5", token="EURC").ok(201)
    assert (wrong["status"], wrong["cause"], wrong["back_amount"]) == (
        "held",
        "wrong_asset",
        "7.500000",
    )
    send(amount="0").refused(400, "amount_invalid", "/amount")
    send(amount="1", token="NOPE").refused(400, "asset_not_available", "/token")
    api.post(f"gate_sessions/{session_id}/cancel").refused(409, "payment_in_flight")
    over = send(amount="500").ok(201)
    assert over["cause"] == "surplus"
    page.at("done")
    late = send(amount="3").ok(201)
    assert (late["cause"], late["back_amount"]) == ("unexpected", "3.000000")
    path = f"transactions/{refid(api, page)}/deposits"
    rows = wait_until(
        lambda: api.get(path).ok()["data"],
        lambda rows: [row["status"] for row in rows] == ["taken", "taken", "held", "returned", "returned"],
    )
    assert len(rows) == 5


@covers("declineQuote")
def test_tokens_that_come_too_late_ask_again_and_go_back_on_a_no(
    gate: dict[str, str], api: Api
) -> None:
    page = waiting(gate, api, flow="off_ramp")
    session_id = page.session["id"]
    page.post("quote/decline").refused(409, "journey_out_of_step")
    api.post(f"test_helpers/gate_sessions/{session_id}/advance_time", {"seconds": 3600}).ok()
    assert page.at("deposit")["lapsed"]
    page.post("simulated_deposit", {}).ok()
    step = page.at("new_price")
    assert step["quote"] is None
    page.ask_for_price()
    page.post("quote/decline").ok()
    assert page.at("failed")["reason"]["code"] == "new_price_declined"
    [deposit] = wait_until(
        lambda: api.get(f"transactions/{refid(api, page)}/deposits").ok()["data"],
        lambda rows: rows[0]["status"] == "returned",
    )
    assert deposit["back_amount"] == deposit["amount"]


@covers("startDeposit")
def test_a_purchase_is_not_paid_in_tokens(gate: dict[str, str], api: Api) -> None:
    page = Page.open(gate, api)
    quote_id = page.choose()
    page.post("account", {"iban": IBAN}).refused(409, "journey_out_of_step")
    page.post("deposit", {"quote_id": quote_id}).refused(409, "journey_out_of_step")
    sale = waiting(gate, api, flow="off_ramp")
    other = api.post("test_helpers/deposits", {"session_id": page.session["id"]})
    other.refused(409, "journey_out_of_step")
    assert sale.at("deposit")["received_amount"] == "0.000000"


@covers("giveRefundAddress", "chooseFlow")
def test_a_swap_takes_one_token_in_and_sends_another_out(gate: dict[str, str], api: Api) -> None:
    page = Page.open(gate, api, flow="swap", target_token="USDC", target_network="base")
    step = page.at("amount")
    assert (step["flow"], step["flows"]) == ("swap", ["swap"])
    page.post("flow", {"flow": "on_ramp"}).refused(409, "journey_out_of_step")
    choice = {"target_token": "USDC", "target_network": "base", "from_token": "ETH"}
    first = page.post("quote", choice).ok()["step"]["quote"]["paid_in"]
    assert first["token"] == "ETH", "on the first network that has it"
    asked = page.post("quote", {**choice, "from_network": "base"}).ok()["step"]["quote"]
    assert asked["paid_in"]["token"] == "ETH"
    page.post("quote/accept", {"quote_id": asked["id"]}).ok()
    page.post("refund_address", {"address": "0x12"}).refused(400, "invalid_wallet_address")
    page.post("wallet", {"address": WALLET}).ok()
    assert page.at("wallet")["refund"] is True
    page.post("refund_address", {"address": WALLET}).ok()
    page.post("deposit", {"quote_id": asked["id"]}).ok()
    page.post("simulated_deposit", {}).ok()
    page.at("done")
    swapped = api.get(f"transactions/{refid(api, page)}").ok()
    assert (swapped["action"], swapped["source_token"]) == ("swap", "ETH")
    assert swapped["source_amount"] == asked["paid_in"]["amount"]
    assert swapped["token_amount"] == asked["crypto_amount"]


@covers("createTestStray", "giveWallet")
def test_tokens_without_their_memo_wait_for_a_person(gate: dict[str, str], api: Api) -> None:
    page = Page.open(gate, api, flow="off_ramp", target_token="XRP", target_network="xrpl")
    choice = {"target_token": "XRP", "target_network": "xrpl"}
    quote_id = page.post("quote", choice).ok()["step"]["quote"]["id"]
    page.post("quote/accept", {"quote_id": quote_id}).ok()
    page.post("account", {"iban": IBAN}).ok()
    wallet = page.at("wallet")
    assert (wallet["address_format"], wallet["memo_name"]) == ("xrp", "destination tag")
    address = wallet["test_wallets"][0]["address"]
    page.post("wallet", {"address": address}).refused(400, "invalid_wallet_memo", "/memo")
    page.post("wallet", {"address": WALLET}).refused(400, "invalid_wallet_address", "/address")
    page.post("wallet", {"address": address, "memo": "7"}).ok()
    step = page.post("deposit", {"quote_id": quote_id}).ok()["step"]
    assert step["memo"].isdigit() and step["back_to_memo"] == "7"
    lost = {"session_id": page.session["id"], "transfer_id": "lost"}
    stray = api.post("test_helpers/strays", lost).ok(201)
    assert (stray["object"], stray["memo"]) == ("stray_transfer", None)
    assert stray["address"] == step["address"]
    assert api.post("test_helpers/strays", lost).ok(201) == stray, "it is told twice"
    other = api.post("test_helpers/strays", {**lost, "output": 1}).ok(201)
    assert other["id"] != stray["id"] and other["transfer_id"] == stray["transfer_id"]
    right = {**lost, "memo": step["memo"], "transfer_id": "right"}
    api.post("test_helpers/strays", right).refused(400, "invalid_wallet_memo", "/memo")
    page.at("deposit")
    assert api.get(f"transactions/{refid(api, page)}/deposits").ok()["data"] == []
    page.post("simulated_deposit", {}).ok()
    page.at("done")


@covers("giveWallet")
def test_digits_are_a_text_where_the_user_says_so(gate: dict[str, str], api: Api) -> None:
    page = Page.open(gate, api, target_token="XLM", target_network="stellar")
    choice = {"target_token": "XLM", "target_network": "stellar"}
    quote_id = page.post("quote", choice).ok()["step"]["quote"]["id"]
    page.post("quote/accept", {"quote_id": quote_id}).ok()
    address = page.at("wallet")["test_wallets"][0]["address"]
    typed = {"address": address, "memo": "42", "memo_is_text": True}
    page.post("wallet", {**typed, "memo_is_text": "yes"}).refused(400, "field_type")
    assert page.post("wallet", typed).ok()["step"]["memo"] == "42"
    pinned = {**choice, "wallet_address": address, "wallet_memo": "42"}
    assert new_session(api, **pinned, wallet_memo_is_text=True)["wallet_memo"] == "42"


@covers("createSession")
def test_an_address_is_of_the_network_that_the_session_names(api: Api) -> None:
    assert new_session(api)["wallet_memo"] is None
    xrp = "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh"
    pinned = {"target_token": "XRP", "target_network": "xrpl"}
    body = new_session(api, **pinned, wallet_address=xrp, wallet_memo="7")
    assert (body["wallet_address"], body["wallet_memo"]) == (xrp, "7")
    for changes, code, param in [
        ({**pinned, "wallet_address": WALLET}, "invalid_wallet_address", "/wallet_address"),
        ({**pinned, "wallet_memo": "7"}, "invalid_wallet_memo", "/wallet_memo"),
        ({"wallet_address": WALLET, "wallet_memo": "7"}, "invalid_wallet_memo", "/wallet_memo"),
    ]:
        body = {**ORDER, **changes}
        api.post("gate_sessions", body, key="new").refused(400, code, param)
