"""What users may move: a refusal says how much would pass, and that much does."""

from __future__ import annotations

from typing import Any

from api import Api
from covers import covers
from page import Page, card
from world import WALLET


def levels(api: Api, **params: Any) -> dict[str, dict[str, Any]]:
    rows = api.get("capabilities/identity-levels", **params).ok()["data"]
    return {row["level"]: row for row in rows}


@covers("listIdentityLevels")
def test_what_users_may_move(api: Api) -> None:
    every = levels(api)
    assert list(every) == ["guest", "basic", "enhanced"]
    guest, basic, enhanced = every.values()
    assert (guest["day"], guest["month"], guest["asks"]) == (None, None, [])
    assert {row["currency"] for row in every.values()} == {"EUR"}
    for limit in ("transaction", "day", "month"):
        assert float(basic[limit]) <= float(enhanced[limit])
    assert float(guest["transaction"]) < float(basic["transaction"]) <= float(basic["day"])
    assert set(basic["asks"]) <= set(enhanced["asks"])
    in_pounds = levels(api, currency="gbp")
    assert float(in_pounds["basic"]["transaction"]) < float(basic["transaction"])
    assert levels(api, currency="XOF") == {}
    api.get("capabilities/identity-levels", currency="EURO").refused(400, "field_range", "currency")


@covers("retrieveJourney")
def test_a_refusal_says_how_much_would_pass_and_that_much_does(
    gate: dict[str, str], api: Api
) -> None:
    most = levels(api, currency="GBP")["enhanced"]["transaction"]
    over = Page.open(gate, api, amount="10000.00", currency="GBP")
    reason = over.at("unavailable")["reason"]
    assert (reason["code"], reason["retryable"]) == ("limit_reached", True)
    assert reason["limit"] == f"{levels(api)['enhanced']['transaction']} EUR"
    assert reason["maximum"] == f"{most} GBP"
    assert "renews_at" not in reason, "what is over at a time is so tomorrow"
    cent = f"{(int(most.replace('.', '')) + 1) / 100:.2f}"
    Page.open(gate, api, amount=cent, currency="GBP").at("unavailable")

    page = Page.open(gate, api, amount=most, currency="GBP")
    quote_id = page.choose()
    page.post("wallet", {"address": WALLET}).ok()
    assert page.at("identity")["level"] == "enhanced"
    pay = {"quote_id": quote_id, "card": card("4242 4242 4242 4242")}
    assert page.post("pay", pay).ok()["step"]["kind"] == "identity", "nothing gets around it"
    page.post("identity", {"outcome": "approved"}).ok()
    page.at("payment")
    page.post("pay", pay).ok()
    page.at("done")


@covers("retrieveJourney")
def test_a_guest_is_asked_nothing(gate: dict[str, str], api: Api) -> None:
    page = Page.open(gate, api, amount=levels(api)["guest"]["transaction"])
    page.choose_and_pay().ok()
    page.at("done")
