"""The embed: bootstrap by origin and secret, and the runtime that hosted pages are drawn on."""

from __future__ import annotations

import json

import pytest
import requests
from api import Api
from covers import covers
from gateway import PAGE_ORIGIN
from page import Page, card
from world import WALLET, new_session, wait_until


@pytest.fixture
def page(gate: dict[str, str], api: Api) -> Page:
    return Page.open(gate, api)


@covers("createEmbedToken")
@pytest.mark.parametrize("place", ["bearer", "header", "body"])
def test_a_publishable_key_is_found_in_three_places(
    gate: dict[str, str], api: Api, place: str
) -> None:
    key, session = gate["publishable_key"], new_session(api)
    body = {"clientSecret": session["client_secret"]}
    headers = {"Origin": PAGE_ORIGIN}
    if place == "bearer":
        headers["Authorization"] = f"Bearer {key}"
    elif place == "header":
        headers["X-Publishable-Key"] = key
    else:
        body["publishable_key"] = key
    opened = Api(gate["base_url"], **headers).post("embed/bootstrap", body).ok()
    assert opened["session_id"] == session["id"] and opened["partner_id"] == gate["partner_id"]
    assert (opened["amount"], opened["currency"]) == (session["amount"], session["currency"])


@covers("createEmbedToken")
def test_no_token_for_a_wrong_page_secret_or_session(gate: dict[str, str], api: Api) -> None:
    session = new_session(api)
    body = {"clientSecret": session["client_secret"]}
    key, url = gate["publishable_key"], gate["base_url"]
    for origin in ("http://localhost:3001", "https://localhost:3000", "http://localhost", "null"):
        Api(url, key, Origin=origin).post("embed/bootstrap", body).refused(403, "origin_not_allowed")
    public = Api(url, key, Origin=PAGE_ORIGIN)
    wrong = {"clientSecret": session["client_secret"][:-3] + "AAA"}
    public.post("embed/bootstrap", wrong).refused(401, "invalid_client_secret")
    exposed = {"publishable_key": gate["secret_key"]}
    Api(url, Origin=PAGE_ORIGIN).post("embed/bootstrap", exposed).refused(401, "key_exposed")
    api.post(f"gate_sessions/{session['id']}/cancel").ok(201)
    ended = public.post("embed/bootstrap", body).refused(409, "session_not_open")
    assert ended["session"] == {"id": session["id"], "status": "cancelled"}


@covers("createEmbedToken")
def test_a_token_without_a_session_opens_no_journey(gate: dict[str, str]) -> None:
    public = Api(gate["base_url"], gate["publishable_key"], Origin=PAGE_ORIGIN)
    token = public.post("embed/bootstrap", {}).ok()["embed_token"]
    page = Api(gate["base_url"], **{"X-Embed-Token": token})
    page.get("embed/journey").refused(403, "session_required")


@covers("retrieveJourney", "requestQuote", "acceptQuote", "giveWallet", "pay")
def test_a_purchase_from_price_to_tokens(page: Page, api: Api) -> None:
    journey = page.journey()
    assert journey["step"]["kind"] == "amount"
    assert journey["session"]["id"] == page.session["id"]
    assert page.choose_and_pay().ok()["step"]["kind"] in {"processing", "done"}
    done = page.at("done")
    assert done["address"].lower() == WALLET.lower()
    session = api.get(f"gate_sessions/{page.session['id']}").ok()
    assert session["status"] == "completed"
    page.post("cancel").refused(409, "session_not_open")


@covers("requestQuote", "acceptQuote", "giveWallet", "pay")
def test_a_bad_answer_is_named(page: Page) -> None:
    page.post("quote", {"target_token": "NOPE", "target_network": "base"}).refused(
        400, "asset_not_available"
    )
    page.post("quote", {}).refused(400, "field_required", "/target_token")
    page.post("quote/accept", {"quote_id": "x"}).refused(400, "quote_id_invalid", "/quote_id")
    quote_id = page.choose()
    page.post("wallet", {"address": "0x12"}).refused(400, "invalid_wallet_address", "/address")
    page.post("wallet", {"address": WALLET}).ok()
    wrong = {"quote_id": quote_id, "card": card("1234 1234 1234 1234")}
    page.post("pay", wrong).refused(400, "card_number_invalid", "/card/number")
    late = {"quote_id": quote_id, "card": {**card("4242 4242 4242 4242"), "expiry": "01/20"}}
    page.post("pay", late).refused(400, "card_expiry_invalid", "/card/expiry")


@covers("pay")
def test_a_payment_wants_the_price_on_the_table(page: Page) -> None:
    absent = "qt_test_" + "0" * 26
    body = {"quote_id": absent, "card": card("4242 4242 4242 4242")}
    page.post("pay", body).refused(409, "quote_replaced")


@covers("answerChallenge")
def test_a_bank_asks_again(page: Page) -> None:
    page.choose_and_pay("4000 0000 0000 3220").ok()
    page.at("challenge")
    page.post("challenge", {"code": "12"}).refused(400, "challenge_code_invalid", "/code")
    page.post("challenge", {"code": "123456"}).ok()
    page.at("done")


@covers("retryJourney")
def test_a_declined_card_may_be_followed_by_another(page: Page) -> None:
    assert page.post("retry").ok()["step"]["kind"] == "amount"  # there is nothing to undo
    page.choose_and_pay("4000 0000 0000 0002").ok()
    assert page.at("failed")["can_retry"]
    assert page.post("retry").ok()["step"]["kind"] == "amount"
    page.choose_and_pay().ok()
    page.at("done")


@covers("stepBack")
def test_an_earlier_answer_can_be_changed(page: Page) -> None:
    page.choose()
    page.at("wallet")
    assert page.post("back", {"to": "amount"}).ok()["step"]["kind"] == "amount"
    page.post("back", {"to": "start"}).refused(400, "field_range", "/to")


@covers("cancelJourney")
def test_a_user_gives_up(page: Page, api: Api) -> None:
    assert page.post("cancel").ok()["step"]["kind"] == "ended"
    assert api.get(f"gate_sessions/{page.session['id']}").ok()["status"] == "cancelled"


@covers("refreshEmbedToken")
def test_a_token_is_renewed(page: Page, gate: dict[str, str]) -> None:
    fresh = page.post("refresh").ok()
    again = Api(gate["base_url"], **{"X-Embed-Token": fresh["embed_token"]})
    assert again.get("embed/journey").ok()["session"]["id"] == page.session["id"]
    forged = Api(gate["base_url"], **{"X-Embed-Token": fresh["embed_token"][:-2]})
    forged.post("embed/refresh").refused(401, "embed_token_invalid")


@covers("streamJourney")
def test_a_stream_tells_the_journey_and_its_changes(page: Page, api: Api) -> None:
    url = f"{page.api.url}/v1/embed/journey/stream"
    with requests.get(url, headers=page.api.session.headers, stream=True, timeout=20) as stream:
        assert stream.headers["Content-Type"].startswith("text/event-stream")
        told = (
            json.loads(line.removeprefix("data:"))
            for line in stream.iter_lines(decode_unicode=True)
            if line.startswith("data:")
        )
        first = next(told)
        assert first["step"]["kind"] == "amount"
        page.choose()
        later = next(journey for journey in told if journey["step"]["kind"] == "wallet")
        assert later["revision"] > first["revision"]


@covers("requireKyc", "endIdentityCheck")
def test_an_identity_check_interrupts_and_ends(page: Page, api: Api) -> None:
    page.choose()
    helper = f"test_helpers/gate_sessions/{page.session['id']}/require_kyc"
    assert api.post(helper).ok()["progress"]["phase"] == "verifying"
    page.at("identity")
    page.post("identity", {"outcome": "maybe"}).refused(400, "field_range", "/outcome")
    assert page.post("identity", {"outcome": "rejected"}).ok()["step"]["kind"] == "identity"
    page.post("identity", {"outcome": "approved"}).ok()
    assert page.at("wallet", "amount")
    wait_until(
        lambda: api.get(f"gate_sessions/{page.session['id']}").ok(),
        lambda session: session["progress"]["phase"] != "verifying",
    )
