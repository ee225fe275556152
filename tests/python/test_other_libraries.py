"""Libraries that others wrote accept the very webhooks that we send, before and during a roll."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import standardwebhooks
import stripe
from api import Api
from conftest import Receiver, Webhook
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from gateway import Gateway
from world import new_partner
from zerobit.gate import GateClient

SVIX = Path(__file__).resolve().parents[2] / "web/e2e/lib/verify-svix.mjs"


def by_stripe(webhook: Webhook, secret: str) -> bool:
    try:
        header = webhook.headers["Gate-Signature"]
        return bool(stripe.WebhookSignature.verify_header(webhook.body.decode(), header, secret, 300))
    except stripe.SignatureVerificationError:
        return False


def by_standard_webhooks(webhook: Webhook, secret: str) -> bool:
    try:
        headers = {name.lower(): value for name, value in webhook.headers.items()}
        return standardwebhooks.Webhook(secret).verify(webhook.body, headers) == webhook.event
    except standardwebhooks.WebhookVerificationError:
        return False


def by_svix(webhook: Webhook, secret: str) -> bool:
    headers = {name.lower(): value for name, value in webhook.headers.items()}
    body = base64.b64encode(webhook.body).decode()
    asked = json.dumps({"secret": secret, "headers": headers, "body": body})
    done = subprocess.run(["node", str(SVIX)], input=asked, text=True, capture_output=True)
    refused = "WebhookVerificationError" in done.stderr
    assert done.returncode == 0 or refused, done.stderr
    return done.returncode == 0


def by_the_official_client(webhook: Webhook, secret: str) -> bool:
    client = GateClient(api_key="sk_test_unused", base_url="http://localhost:9")
    try:
        header = webhook.headers["Gate-Signature"]
        event = client.webhooks.construct_event(webhook.body, header, secret)
        return event["id"] == webhook.event["id"]
    except Exception as error:
        assert type(error).__name__ == "WebhookSignatureError", error
        return False


LIBRARIES: list[Callable[[Webhook, str], bool]] = [
    by_stripe,
    by_standard_webhooks,
    by_svix,
    by_the_official_client,
]


@pytest.fixture
def alone(gateway: Gateway) -> Api:
    return Api(gateway.url, new_partner(gateway, "Elsewhere"))


@pytest.fixture
def inbox() -> Receiver:
    return Receiver()


# T46.
def test_the_same_delivery_is_accepted_by_all_before_and_during_a_roll(
    alone: Api, inbox: Receiver
) -> None:
    made = alone.post("webhook_endpoints", {"url": inbox.url}, key="new").ok(201)
    alone.post("webhooks/test").ok()
    webhook = inbox.next()
    for accepts in LIBRARIES:
        assert accepts(webhook, made["secret"]), accepts.__name__
        changed = webhook._replace(body=webhook.body.replace(b"webhook.test", b"webhook.tost"))
        assert not accepts(changed, made["secret"]), accepts.__name__

    path = f"webhook_endpoints/{made['id']}/roll_secret"
    rolled = alone.post(path, {"overlap_seconds": 3600}).ok()
    alone.post("webhooks/test").ok()
    webhook = inbox.next()
    for accepts in LIBRARIES:
        # Receivers change over one by one: until they do, they have the older secret.
        assert accepts(webhook, made["secret"]), accepts.__name__
    for accepts in (by_stripe, by_standard_webhooks, by_svix):
        assert accepts(webhook, rolled["secret"]), accepts.__name__

    last = alone.post(path, {"overlap_seconds": 0}).ok()
    alone.post("webhooks/test").ok()
    webhook = inbox.next()
    for accepts in LIBRARIES:
        assert accepts(webhook, last["secret"]), accepts.__name__
        assert not accepts(webhook, made["secret"]), accepts.__name__


def test_the_public_key_verifies_the_signature_of_the_key_pair(alone: Api, inbox: Receiver) -> None:
    asked = {"url": inbox.url, "asymmetric": True}
    made = alone.post("webhook_endpoints", asked, key="new").ok(201)
    alone.post("webhooks/test").ok()
    webhook = inbox.next()
    signed = webhook.headers["webhook-signature"].split(" ")
    assert [part.split(",")[0] for part in signed] == ["v1", "v1a"]
    signature = base64.b64decode(signed[1].removeprefix("v1a,"))
    key = base64.b64decode(made["public_key"].removeprefix("whpk_"))
    said = f"{webhook.headers['webhook-id']}.{webhook.headers['webhook-timestamp']}."
    public = Ed25519PublicKey.from_public_bytes(key)
    public.verify(signature, said.encode() + webhook.body)
    with pytest.raises(InvalidSignature):
        public.verify(signature, said.encode() + webhook.body + b" ")
    for accepts in LIBRARIES:
        assert accepts(webhook, made["secret"]), accepts.__name__
