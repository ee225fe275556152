"""The delivery log, replays and tests of webhooks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from api import Api
from conftest import Receiver
from covers import covers
from gateway import Gateway, running
from world import dead_delivery, new_endpoint, new_partner, new_session, wait_until

RECORD = {
    "id", "object", "event_id", "event_type", "target_url", "status", "attempts",
    "last_response_status", "last_error", "next_attempt_at", "delivered_at",
}  # fmt: skip


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway without any endpoint, for what others' deliveries would disturb."""
    with running(Gateway(tmp_path_factory.mktemp("webhooks"))) as gateway:
        yield gateway


@pytest.fixture
def alone(own: Gateway) -> Api:
    """The API as a partner that nobody else uses."""
    return Api(own.url, new_partner(own, "Alone"))


@covers("sendWebhookTest", "listWebhookDeliveries", "retrieveWebhookDelivery")
def test_a_test_is_sent_and_logged(alone: Api, inbox: Receiver) -> None:
    alone.post("webhooks/test").refused(400, "webhook_endpoint_missing")
    new_endpoint(alone, inbox.url)
    queued = alone.post("webhooks/test").ok()
    assert RECORD <= set(queued) and queued["status"] == "pending"
    assert queued["event_type"] == "webhook.test" and queued["target_url"] == inbox.url
    webhook = inbox.next()
    assert webhook.event["type"] == "webhook.test" and webhook.event["data"]["livemode"] is False
    done = wait_until(
        lambda: alone.get(f"webhooks/deliveries/{queued['id']}").ok(),
        lambda delivery: delivery["status"] == "succeeded",
    )
    assert done["last_response_status"] == 200 and done["attempts"] == 1
    assert [row["id"] for row in alone.get("webhooks/deliveries").ok()["data"]] == [queued["id"]]
    other = alone.post("webhooks/test").ok()
    assert other["event_id"] != queued["event_id"]
    alone.post("webhooks/test", {"url": "x"}).refused(400, "field_unknown")


@covers("listWebhookDeliveries")
def test_deliveries_are_skipped_and_filtered(alone: Api, inbox: Receiver) -> None:
    endpoint = new_endpoint(alone, inbox.url)
    sent = [alone.post("webhooks/test").ok() for _ in range(3)]
    newest_first = [delivery["id"] for delivery in reversed(sent)]

    def ids(**params: Any) -> list[str]:
        return [row["id"] for row in alone.get("webhooks/deliveries", **params).ok()["data"]]

    assert ids() == newest_first
    assert ids(limit=1, skip=1) == newest_first[1:2]
    assert ids(event_id=sent[0]["event_id"]) == [sent[0]["id"]]
    assert ids(endpoint_id=endpoint["id"]) == newest_first
    assert ids(status="dead_lettered") == []
    for name, value in (("limit", "201"), ("skip", "-1"), ("status", "lost")):
        alone.get("webhooks/deliveries", **{name: value}).refused(400, "field_range", name)


@covers("listWebhookAttempts")
def test_attempts_tell_what_was_answered(alone: Api, inbox: Receiver) -> None:
    inbox.answer = 500
    new_endpoint(alone, inbox.url)
    delivery = alone.post("webhooks/test").ok()
    path = f"webhooks/deliveries/{delivery['id']}/attempts"
    attempts = wait_until(
        lambda: alone.get(path).ok()["data"],
        lambda rows: rows and rows[0]["ended_at"],
    )
    assert [attempt["number"] for attempt in attempts] == [1]
    assert attempts[0]["response_status"] == 500 and attempts[0]["duration_ms"] >= 0
    waiting = alone.get(f"webhooks/deliveries/{delivery['id']}").ok()
    assert waiting["status"] == "pending" and waiting["next_attempt_at"]


@covers("replayWebhookDelivery")
def test_only_a_dead_delivery_is_replayed_and_only_once(alone: Api, inbox: Receiver) -> None:
    dead = dead_delivery(alone, inbox)
    path = f"webhooks/deliveries/{dead['id']}/replay"
    inbox.answer = 503  # so that it waits, and the second call finds it waiting
    again = alone.post(path).ok()
    assert again["status"] in {"pending", "in_flight"} and again["event_id"] == dead["event_id"]
    alone.post(path).refused(400, "delivery_not_dead_lettered")


@covers("createWebhookReplay", "listWebhookReplays", "retrieveWebhookReplay", "cancelWebhookReplay")
def test_everything_is_delivered_again_with_the_same_ids(alone: Api, inbox: Receiver) -> None:
    new_endpoint(alone, inbox.url)
    for _ in range(3):
        new_session(alone)
    first = [inbox.next().event["id"] for _ in range(3)]
    wait_until(
        lambda: alone.get("webhooks/deliveries", status="succeeded").ok()["data"],
        lambda rows: len(rows) == 3,
    )
    replay = alone.post("webhooks/replay", {"event_ids": first, "statuses": ["succeeded"]}).ok(201)
    assert replay["object"] == "webhook_replay"
    again = [inbox.next().event["id"] for _ in range(3)]
    assert sorted(again) == sorted(first)
    done = wait_until(
        lambda: alone.get(f"webhooks/replay/{replay['id']}").ok(),
        lambda replay: replay["status"] == "done",
    )
    assert done["queued"] == 3
    assert alone.get("webhooks/replay").ok()["data"] == [done]
    alone.post("webhooks/replay", {"event_ids": ["nonsense"]}).refused(404, "not_found")
    slow = {"event_ids": first, "statuses": ["succeeded"], "rate_per_second": 1}
    stopped = alone.post("webhooks/replay", slow).ok(201)
    cancelled = alone.post(f"webhooks/replay/{stopped['id']}/cancel")
    assert cancelled.json["status"] in {"cancelled", "done"}


@covers("beginWebhookChaos", "retrieveWebhookChaos")
def test_chaos_sends_twice_and_ends(alone: Api, inbox: Receiver) -> None:
    new_endpoint(alone, inbox.url)
    set_up = alone.post("test_helpers/webhooks/chaos", {"duplicate": 100, "for_seconds": 60}).ok()
    assert set_up["duplicate"] == 100
    assert alone.get("test_helpers/webhooks/chaos").ok() == set_up
    alone.post("webhooks/test").ok()
    assert inbox.next().event["id"] == inbox.next().event["id"]
    alone.post("test_helpers/webhooks/chaos", {"drop": 101}).refused(400, "field_range", "/drop")
