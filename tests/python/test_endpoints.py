"""Where a partner receives webhooks."""

from __future__ import annotations

import hashlib
import hmac
import uuid
from typing import Any

import pytest
from api import Api
from conftest import Receiver, Webhook
from covers import covers
from gateway import Gateway
from world import new_endpoint, new_partner, new_session

HOOK = "https://shop.example/webhooks"


@pytest.fixture
def alone(gateway: Gateway) -> Api:
    return Api(gateway.url, new_partner(gateway, "Alone"))


def signatures(webhook: Webhook) -> tuple[str, list[str]]:
    """The moment of a signature and its values, in the order of the header."""
    parts = [part.partition("=") for part in webhook.headers["Gate-Signature"].split(",")]
    at = next(value for name, _, value in parts if name == "t")
    return at, [value for name, _, value in parts if name == "v1"]


def sign(secret: str, at: str, body: bytes) -> str:
    return hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()


@covers("createWebhookEndpoint", "retrieveWebhookEndpoint", "listWebhookEndpoints")
def test_an_endpoint_shows_its_secret_once(alone: Api) -> None:
    sent = {"url": HOOK, "event_types": ["gate_session.*"], "description": "Orders"}
    made = alone.post("webhook_endpoints", sent, key="new").ok(201)
    assert made["secret"].startswith("whsec_") and made["status"] == "enabled"
    assert {name: made[name] for name in sent} == sent
    read = alone.get(f"webhook_endpoints/{made['id']}").ok()
    assert read == {name: value for name, value in made.items() if name != "secret"}
    assert alone.get("webhook_endpoints").ok()["data"] == [read]


@covers("createWebhookEndpoint")
def test_a_repeated_create_answers_the_same_secret(alone: Api) -> None:
    key = str(uuid.uuid4())
    first = alone.post("webhook_endpoints", {"url": HOOK}, key=key)
    again = alone.post("webhook_endpoints", {"url": HOOK}, key=key)
    assert first.ok(201) == again.ok(201)
    assert len(alone.get("webhook_endpoints").ok()["data"]) == 1


@covers("createWebhookEndpoint")
@pytest.mark.parametrize(
    "fault",
    [
        {"url": "http://shop.example/webhooks"},
        {"url": "https://ada:secret@shop.example"},
        {"url": "https://shop.example/#part"},
        {"url": "https://shop.example/" + "x" * 2048},
        {"event_types": ["gate_session.vanished"]},
        {"event_types": []},
        {"description": "x" * 201},
        {"colour": "green"},
    ],
    ids=str,
)
def test_a_bad_field_is_named(alone: Api, fault: dict[str, Any]) -> None:
    answer = alone.post("webhook_endpoints", {"url": HOOK, **fault})
    named = f"/{next(iter(fault))}"
    body = answer.refused(400, answer.json["code"])
    params = [body["param"], *(error["param"] for error in body.get("errors", []))]
    assert any(param and param.startswith(named) for param in params), answer.story


@covers("createWebhookEndpoint")
def test_twenty_are_enough(alone: Api) -> None:
    for number in range(20):
        alone.post("webhook_endpoints", {"url": f"{HOOK}/{number}"}).ok(201)
    alone.post("webhook_endpoints", {"url": HOOK}).refused(409, "endpoints_limit_reached")


@covers("updateWebhookEndpoint", "deleteWebhookEndpoint")
def test_an_endpoint_takes_what_it_asks_for_while_it_is_there(
    alone: Api, inbox: Receiver
) -> None:
    made = new_endpoint(alone, inbox.url)
    path = f"webhook_endpoints/{made['id']}"
    narrowed = alone.patch(path, {"event_types": ["gate_session.cancelled"]}).ok()
    assert narrowed["event_types"] == ["gate_session.cancelled"]
    session = new_session(alone)["id"]
    alone.post(f"gate_sessions/{session}/cancel").ok(201)
    assert inbox.next().event["type"] == "gate_session.cancelled"
    paused = alone.patch(path, {"status": "disabled", "event_types": None}).ok()
    assert paused["status"] == "disabled" and paused["event_types"] == ["*"]
    alone.patch(path, {"url": "nonsense"}).refused(400, alone.patch(path, {"url": "x"}).json["code"])
    gone = alone.delete(path).ok()
    assert gone["deleted"] is True and alone.delete(path).ok() == gone
    alone.get(path).refused(404, "not_found")
    assert alone.get("webhook_endpoints").ok()["data"] == []


@covers("rollWebhookEndpointSecret")
def test_both_secrets_sign_while_they_overlap(alone: Api, inbox: Receiver) -> None:
    made = new_endpoint(alone, inbox.url)
    path = f"webhook_endpoints/{made['id']}/roll_secret"
    rolled = alone.post(path, {"overlap_seconds": 3600}).ok()
    assert rolled["secret"] != made["secret"] and rolled["old_secret_expires_at"]
    alone.post("webhooks/test").ok()
    webhook = inbox.next()
    at, values = signatures(webhook)
    # The newer one first: the official client looks at the last one, which it still knows.
    assert values == [sign(s, at, webhook.body) for s in (rolled["secret"], made["secret"])]
    last = alone.post(path, {"overlap_seconds": 0}).ok()
    alone.post("webhooks/test").ok()
    webhook = inbox.next()
    at, values = signatures(webhook)
    assert sign(last["secret"], at, webhook.body) in values
    assert sign(rolled["secret"], at, webhook.body) not in values
    alone.post(path, {"overlap_seconds": 604801}).refused(400, "field_range", "/overlap_seconds")
