"""The hosted page's part of the API: what a browser does after it was opened for a session."""

from __future__ import annotations

from typing import Any

from api import Answer, Api
from gateway import PAGE_ORIGIN
from world import WALLET, new_session, wait_until


class Page:
    """One session, opened in a browser."""

    def __init__(self, gate: dict[str, str], session: dict[str, Any]) -> None:
        public = Api(gate["base_url"], gate["publishable_key"], Origin=PAGE_ORIGIN)
        body = {"clientSecret": session["client_secret"]}
        self.opened = public.post("embed/bootstrap", body).ok()
        self.session = session
        self.api = Api(gate["base_url"], **{"X-Embed-Token": self.opened["embed_token"]})

    @classmethod
    def open(cls, gate: dict[str, str], api: Api, **changes: Any) -> Page:
        return cls(gate, new_session(api, **changes))

    def journey(self) -> Any:
        return self.api.get("embed/journey").ok()

    def at(self, *steps: str) -> Any:
        """The step that the journey shows, once it is one of these."""
        journey = wait_until(self.journey, lambda journey: journey["step"]["kind"] in steps)
        return journey["step"]

    def post(self, path: str, body: Any = None) -> Answer:
        return self.api.post(f"embed/{path}", body)

    def ask_for_price(self) -> str:
        """Ask for a price. Answers its id."""
        choice = {"target_token": "USDC", "target_network": "base"}
        return self.post("quote", choice).ok()["step"]["quote"]["id"]

    def choose(self) -> str:
        """Ask for a price and say yes to it. Answers its id."""
        quote_id = self.ask_for_price()
        self.post("quote/accept", {"quote_id": quote_id}).ok()
        return quote_id

    def choose_and_pay(self, number: str = "4242 4242 4242 4242") -> Answer:
        """Everything up to the payment, with this card."""
        quote_id = self.choose()
        self.post("wallet", {"address": WALLET}).ok()
        return self.post("pay", {"quote_id": quote_id, "card": card(number)})


def card(number: str) -> dict[str, str]:
    return {"number": number, "expiry": "12/40", "cvc": "123"}
