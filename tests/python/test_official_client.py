"""The official Python client, unchanged, against the real binary: what it promises, we keep."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
import requests
from conftest import Receiver
from zerobit.gate import (
    AuthenticationError,
    GateClient,
    GateError,
    IdempotencyError,
    InvalidRequestError,
    PermissionError,
    WebhookSignatureError,
)

PAGE_ORIGIN = "http://localhost:3000"  # allowed by `gate dev --no-shop`
ORDER: dict[str, Any] = {
    "amount": "100.00",
    "currency": "EUR",
    "return_url": f"{PAGE_ORIGIN}/done",
    "metadata": {"order": "1001"},
}


def test_creates_a_session_and_shows_its_secret_once(client: GateClient) -> None:
    created = client.sessions.create(ORDER)
    assert created["status"] == "open"
    assert created["mode"] == "test"
    assert created["amount"] == "100.00"
    assert created["metadata"] == {"order": "1001"}
    assert created["client_secret"]

    found = client.sessions.retrieve(created["id"])
    assert "client_secret" not in found
    assert found == {key: value for key, value in created.items() if key != "client_secret"}


def test_the_same_key_and_body_is_answered_the_same(client: GateClient) -> None:
    key = str(uuid.uuid4())
    first = client.sessions.create(ORDER, idempotency_key=key)
    assert client.sessions.create(ORDER, idempotency_key=key) == first


def test_the_same_key_with_another_body_is_refused(client: GateClient) -> None:
    key = str(uuid.uuid4())
    client.sessions.create(ORDER, idempotency_key=key)
    with pytest.raises(IdempotencyError) as refused:
        client.sessions.create({**ORDER, "amount": "200.00"}, idempotency_key=key)
    assert refused.value.status_code == 409


def test_cancels_once(client: GateClient) -> None:
    session_id = client.sessions.create(ORDER)["id"]
    assert client.sessions.cancel(session_id)["status"] == "cancelled"
    assert client.sessions.retrieve(session_id)["status"] == "cancelled"
    with pytest.raises(IdempotencyError) as refused:
        client.sessions.cancel(session_id)
    assert refused.value.status_code == 409


def test_a_wrong_key_is_an_authentication_error(gate: dict[str, str]) -> None:
    stranger = GateClient(api_key="sk_test_" + "0" * 32, base_url=gate["base_url"])
    with pytest.raises(AuthenticationError) as refused:
        stranger.sessions.create(ORDER)
    assert refused.value.status_code == 401
    assert refused.value.request_id


@pytest.mark.parametrize(
    "fault",
    [
        {"amount": "a lot"},
        {"amount": "-1.00"},
        {"currency": "XXX"},
        {"return_url": "not an address"},
        {"colour": "green"},
    ],
    ids=str,
)
def test_a_bad_request_names_its_field(client: GateClient, fault: dict[str, str]) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        client.sessions.create({**ORDER, **fault})
    assert refused.value.status_code == 400
    assert refused.value.request_id == refused.value.raw["request_id"]
    named = [refused.value.raw["param"], *(e["param"] for e in refused.value.raw.get("errors", []))]
    assert f"/{next(iter(fault))}" in named


def test_a_stranger_session_is_not_found(client: GateClient) -> None:
    with pytest.raises(GateError) as refused:
        client.sessions.retrieve("gs_test_00000000000000000000000000")
    assert refused.value.status_code == 404


def test_bootstraps_a_hosted_page(gate: dict[str, str], client: GateClient) -> None:
    created = client.sessions.create(ORDER)
    page = requests.Session()
    page.headers["Origin"] = PAGE_ORIGIN
    public = GateClient(api_key=gate["publishable_key"], base_url=gate["base_url"], session=page)
    opened = public.embed.bootstrap({"clientSecret": created["client_secret"]})
    assert opened["embed_token"]
    assert opened["session_id"] == created["id"]
    assert opened["partner_id"] == created["partner_id"] == gate["partner_id"]
    assert (opened["amount"], opened["currency"]) == ("100.00", "EUR")


def test_bootstraps_for_no_other_page(gate: dict[str, str], client: GateClient) -> None:
    secret = client.sessions.create(ORDER)["client_secret"]
    public = GateClient(api_key=gate["publishable_key"], base_url=gate["base_url"])
    with pytest.raises(PermissionError) as refused:
        public.embed.bootstrap({"clientSecret": secret})  # no page, so no Origin
    assert refused.value.raw["code"] == "origin_not_allowed"


def test_a_publishable_key_opens_nothing_else(gate: dict[str, str]) -> None:
    public = GateClient(api_key=gate["publishable_key"], base_url=gate["base_url"])
    with pytest.raises((AuthenticationError, PermissionError)):
        public.sessions.create(ORDER)


def test_its_webhooks_verify(gate: dict[str, str], client: GateClient, receiver: Receiver) -> None:
    session_id = client.sessions.create(ORDER)["id"]
    client.sessions.cancel(session_id)
    webhook = receiver.wait_for("gate_session.cancelled", session_id)
    signature, secret = webhook.headers["Gate-Signature"], gate["webhook_secret"]

    event = client.webhooks.construct_event(webhook.body, signature, secret)
    assert event["id"] == webhook.headers["X-0bit-Event-Id"]
    assert event["data"]["status"] == "cancelled"

    with pytest.raises(WebhookSignatureError):
        client.webhooks.construct_event(webhook.body + b" ", signature, secret)
    with pytest.raises(WebhookSignatureError):
        client.webhooks.construct_event(webhook.body, signature, secret + "x")
