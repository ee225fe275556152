"""What schemathesis cannot know by itself: ids that exist, and journeys that are far enough for their
next step. Without them most requests would end at "not found" and never reach what is behind it. Only
well-formed parts of a request are touched, so that a malformed one stays malformed, and chains of
requests (the stateful phase) keep their own ids."""

from __future__ import annotations

import itertools
import json
import os
import time
from typing import Any

import schemathesis
from api import Api
from page import Page, card
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation.meta import TestPhase
from world import WALLET, new_quote, new_session, owner_of, session_for

GATE = {name: os.environ[name.upper()] for name in ("base_url", "secret_key", "publishable_key")}
TOKEN = os.environ["EMBED_TOKEN"]
IDS: dict[str, str] = json.loads(os.environ["WORLD"])
#: How many requests in a row meet the same object: its second life is tried as well as its first.
LIVES = 4
#: How long an object is used at most: a page's token ends after an hour.
KEPT_SECONDS = 1_800
TOKEN_HEADER = "X-Embed-Token"
#: The end of `/v1/quotes/preview`, the `url` of a list that is posted for. A chain of requests takes it
#: for the id of a quote; what stands there takes no GET, and says so.
PREVIEW = "preview"

#: What a request is told whose shape is wrong. One that keeps to its schema never hears it.
SHAPE = frozenset(
    """malformed_json field_required field_unknown field_type field_length field_range
    cursor_invalid quote_id_invalid challenge_code_invalid idempotency_key_required
    idempotency_key_invalid""".split()
)

api = Api(GATE["base_url"], GATE["secret_key"])
numbers = itertools.count()
kept: dict[str, tuple[Any, float]] = {}


@schemathesis.check
def only_rules_refuse(context: Any, response: Any, case: Any) -> None:
    """What keeps to its schema may be refused by a rule, and by nothing that the schema could say."""
    meta = case.meta
    if meta is None or not meta.generation.mode.is_positive or response.status_code != 400:
        return
    body = response.json()
    codes = [problem["code"] for problem in body.get("errors", [])] or [body["code"]]
    wrong = SHAPE.intersection(codes)
    if case.operation.definition.raw["operationId"] == "createSession":
        wrong = wrong - {"field_required"}  # an amount or a quote: each does without the other
    assert not wrong, f"the schema allows it, the gateway answers {sorted(wrong)}: {body['message']}"


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    if case.query and str(case.query.get("wait", "")) in {str(number) for number in range(31)}:
        case.query["wait"] = 0  # nobody is coming
    if case.path_parameters and case.path_parameters.get("id") == PREVIEW:
        case.path_parameters["id"] = "nobody"
    if case.meta is None or case.meta.phase.name == TestPhase.STATEFUL:
        return
    path = case.operation.path
    kind = owner_of(path)
    # One in eight keeps the id of nobody.
    if kind and case.path_parameters and well_formed(case, "PATH") and next(numbers) % 8:
        reads = case.method.upper() in ("GET", "HEAD")
        for place in case.path_parameters:
            case.path_parameters[place] = IDS[kind] if reads else fresh(kind)
    for held in (case.headers, kwargs.get("headers")):
        if held and held.get(TOKEN_HEADER) == TOKEN:
            page, quote_id = journey(path)
            held[TOKEN_HEADER] = page.opened["embed_token"]
            if quote_id and meant(case, "quote_id"):
                case.body["quote_id"] = quote_id
            if meant(case, "card"):
                typed = card("4242 4242 4242 4242")
                if path.endswith("/account"):  # nobody is paid out by a security code
                    del typed["cvc"]
                case.body["card"] = typed
    if path.startswith("/v1/rails/pay_") and meant(case, "quote_id", "session_id"):
        case.body |= order(path)


def well_formed(case: Any, location: str) -> bool:
    part = case.meta.components.get(ParameterLocation[location])
    return part is None or part.mode.is_positive


def meant(case: Any, *fields: str) -> bool:
    """Whether these fields of a good body may have values that exist, three times of four."""
    is_object = isinstance(case.body, dict) and all(field in case.body for field in fields)
    return is_object and well_formed(case, "BODY") and next(numbers) % 4 != 0


def now_and_then(name: str, make: Any) -> Any:
    """Something new, and the same again for a few requests, but never for long: tokens end."""
    known, made_at = kept.get(name, (None, float("-inf")))
    if time.monotonic() - made_at > KEPT_SECONDS or next(numbers) % LIVES == 0:
        known, made_at = make(), time.monotonic()
        kept[name] = (known, made_at)
    return known


def fresh(kind: str) -> str:
    """An object that nothing has happened to yet, now and then; else the one before it."""
    makers = {
        "session": lambda: new_session(api, wallet_address=WALLET, flow="on_ramp"),
        "customer": lambda: api.post(
            "customers", {"email": f"fuzz.{next(numbers)}@example.com"}
        ).ok(201),
        "delivery": lambda: api.post("webhooks/test").ok(),
        "pay_in": lambda: api.post("rails/pay_ins", new_order("/v1/rails/pay_ins"), key="new").ok(201),
    }
    return now_and_then(kind, makers[kind])["id"] if kind in makers else IDS[kind]


def order(path: str) -> dict[str, str]:
    """A quote and a session that it fixes; the same again for a few requests."""
    return now_and_then(path, lambda: new_order(path))


def new_order(path: str) -> dict[str, str]:
    sale = {"side": "off_ramp", "amount": "50", "payment_method": "sepa_payout"}
    quote = new_quote(api, **(sale if path.endswith("outs") else {}))
    wallet = {} if path.endswith("outs") else {"wallet_address": WALLET}
    return {"quote_id": quote["id"], "session_id": session_for(api, quote, **wallet)["id"]}


def journey(path: str) -> tuple[Page, str | None]:
    """A page that has come as far as this request needs, and the price on its table."""

    def make() -> tuple[Page, str | None]:
        page, quote_id = Page.open(GATE, api), None
        if path.endswith("/quote/accept"):
            quote_id = page.ask_for_price()
        elif path.endswith(("/wallet", "/back", "/pay", "/challenge")):
            quote_id = page.choose()
        if path.endswith(("/pay", "/challenge")):
            page.post("wallet", {"address": WALLET}).ok()
        if path.endswith("/challenge"):
            wants_more = {"quote_id": quote_id, "card": card("4000 0000 0000 3220")}
            page.post("pay", wants_more).ok()
        return page, quote_id

    return now_and_then(path, make)
