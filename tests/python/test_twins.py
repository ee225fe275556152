"""Fifty requests with one idempotency key at once, on both engines: one effect, fifty equal answers.
And again with the gateway killed half way through them."""

from __future__ import annotations

import json
import random
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from api import Api
from gateway import Gateway, database_for, running
from twins import Reply, Request, Volley
from world import ORDER, QUOTE, WALLET, new_quote, session_for

TWINS = 50
#: How long after the first half is sent the gateway dies, in milliseconds.
DEATHS = (0, 1, 2, 4, 6, 8, 12, 16, 24, 32)


@dataclass(frozen=True)
class Create:
    """A request that must have one effect however often it is sent."""

    path: str
    body: Callable[[Gateway, str], dict[str, Any]]
    #: How often the effect of the body with this mark is there.
    count: Callable[[Api, str], int]
    status: int = 201


def count_in(path: str, field: str, mark_of: Callable[[Any], Any]) -> Callable[[Api, str], int]:
    """How many rows of a list carry the mark."""

    def count(api: Api, mark: str) -> int:
        rows = api.get(path, limit=100).ok()["data"]
        return sum(1 for row in rows if mark_of(row[field]) == mark)

    return count


def session_body(_: Gateway, mark: str) -> dict[str, Any]:
    return {**ORDER, "metadata": {"mark": mark}}


def redeemed(gateway: Gateway, _: str) -> dict[str, Any]:
    api = Api(gateway.url, gateway.ready["secret_key"])
    quote = new_quote(api)
    session = session_for(api, quote, wallet_address=WALLET)
    return {"quote_id": quote["id"], "session_id": session["id"]}


def payments_of(api: Api, mark: str) -> int:
    """A redemption makes one transaction and consumes its quote once; the mark is the session."""
    events = api.get("events", type="quote.consumed", limit=100).ok()["data"]
    transactions = api.get("transactions", session_id=mark).ok()["data"]
    assert len(transactions) == sum(1 for e in events if e["data"]["id"] == transactions[0]["quote_id"])
    return len(transactions)


CREATES = {
    "session": Create(
        "gate_sessions",
        session_body,
        count_in("gate_sessions", "metadata", lambda metadata: metadata.get("mark")),
    ),
    "customer": Create(
        "customers",
        lambda _, mark: {"email": f"{mark.replace(' ', '.')}@example.com"},
        count_in("customers", "email", lambda email: email.split("@")[0].replace(".", " ")),
    ),
    "endpoint": Create(
        "webhook_endpoints",
        lambda _, mark: {"url": "https://shop.example/hook", "description": mark},
        count_in("webhook_endpoints", "description", lambda description: description),
    ),
    "quote": Create(
        "quotes", lambda *_: QUOTE, lambda *_: 1
    ),  # there is no list of quotes; equal answers hold one id
    "pay-in": Create("rails/pay_ins", redeemed, payments_of),
}


@pytest.fixture(params=["sqlite", "postgres"])
def gateway(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Gateway]:
    with database_for(request.param) as database, running(Gateway(tmp_path, database)) as gateway:
        yield gateway


def requests_for(create: Create, gateway: Gateway, mark: str) -> list[Request]:
    body, idempotency_key = create.body(gateway, mark), str(uuid.uuid4())
    return [Request(create.path, gateway.ready["secret_key"], body, idempotency_key)] * TWINS


def volley(gateway: Gateway, requests: list[Request]) -> list[Reply | None]:
    shots = Volley(gateway.url, requests)
    shots.fire()
    return shots.replies()


def assert_one_effect(
    create: Create, gateway: Gateway, mark: str, replies: list[Reply | None]
) -> None:
    assert len(replies) == TWINS and None not in replies
    assert {reply.status for reply in replies if reply} == {create.status}, replies[0]
    assert len({reply.body for reply in replies if reply}) == 1
    body = json.loads(replies[0].body)
    mark = body["session_id"] if body["object"] == "rail_pay_in" else mark
    assert create.count(Api(gateway.url, gateway.ready["secret_key"]), mark) == 1


@pytest.mark.parametrize("name", CREATES)
def test_fifty_twins_at_once(gateway: Gateway, name: str) -> None:
    create = CREATES[name]
    for mark in ("first", "second"):
        replies = volley(gateway, requests_for(create, gateway, mark))
        assert_one_effect(create, gateway, mark, replies)
        assert sum(1 for reply in replies if reply and not reply.replayed) == 1


def test_fifty_keys_and_one_client_reference(gateway: Gateway) -> None:
    """A caller that makes up a new key for each try still makes one session."""
    body = {**ORDER, "client_reference_id": "order 1001"}
    key = gateway.ready["secret_key"]
    requests = [Request("gate_sessions", key, body, str(uuid.uuid4())) for _ in range(TWINS)]
    replies = volley(gateway, requests)
    assert {reply and reply.status for reply in replies} == {201}, replies[0]
    assert len({json.loads(reply.body)["id"] for reply in replies if reply}) == 1
    assert sum(1 for reply in replies if reply and not reply.replayed) == 1
    api = Api(gateway.url, key)
    assert len(api.get("gate_sessions", limit=100).ok()["data"]) == 1
    assert len(api.get("events", type="gate_session.created").ok()["data"]) == 1


@pytest.mark.parametrize("name", CREATES)
def test_fifty_twins_and_a_death_between_them(gateway: Gateway, name: str) -> None:
    create, chance = CREATES[name], random.Random(7)
    for death in DEATHS:
        mark = f"dead after {death} ms"
        requests = requests_for(create, gateway, mark)
        first = Volley(gateway.url, requests[: TWINS // 2])
        first.fire()
        time.sleep(death * chance.uniform(0.5, 1.0) / 1000)
        gateway.kill()
        answered = [reply for reply in first.replies() if reply]
        gateway.start()
        # Whoever was not answered asks again, with those who had not asked yet.
        later = volley(gateway, requests[len(answered) :])
        assert_one_effect(create, gateway, mark, [*answered, *later])
