"""The partner's feed."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from api import Api
from covers import covers
from gateway import Gateway
from world import new_partner, new_session


@pytest.fixture
def alone(gateway: Gateway) -> Api:
    return Api(gateway.url, new_partner(gateway, "Alone"))


def events(api: Api, **params: Any) -> list[dict[str, Any]]:
    found = api.get("events", **params).ok()
    assert found["object"] == "list" and found["url"] == "/v1/events"
    return found["data"]


@covers("listEvents", "retrieveEvent")
def test_events_are_listed_and_read(alone: Api) -> None:
    first, second = new_session(alone), new_session(alone)
    alone.post(f"gate_sessions/{first['id']}/cancel").ok(201)
    every = events(alone)
    assert [(event["sequence"], event["type"]) for event in every] == [
        (3, "gate_session.cancelled"),
        (2, "gate_session.created"),
        (1, "gate_session.created"),
    ]
    assert alone.get(f"events/{every[0]['id']}").ok() == every[0]
    assert every[0]["object"] == "event" and every[0]["data"]["id"] == first["id"]
    assert "client_secret" not in every[1]["data"]
    assert events(alone, limit=1, starting_after=every[0]["id"]) == every[1:2]
    assert events(alone, type="gate_session.cancelled") == every[:1]
    assert events(alone, type="gate_session.*") == every
    assert events(alone, session_id=second["id"]) == every[1:2]
    for name, value in (("limit", "0"), ("type", "nonsense"), ("after", "-1")):
        answer = alone.get("events", **{name: value})
        answer.refused(400, answer.json["code"], name)
    alone.get("events/evt_test_" + "0" * 26).refused(404, "not_found")


@covers("listEvents")
def test_the_feed_goes_on_where_it_was_left_without_gaps(alone: Api) -> None:
    for _ in range(5):
        new_session(alone)
    read: list[int] = []
    while page := events(alone, after=str(read[-1] if read else 0), limit=2):
        read += [event["sequence"] for event in page]
    assert read == [1, 2, 3, 4, 5]


@covers("listEvents")
def test_a_reader_waits_for_what_comes(alone: Api) -> None:
    assert events(alone, after="0") == []
    started = time.monotonic()
    later = threading.Timer(0.3, lambda: new_session(Api(alone.url, alone.key)))
    later.start()
    woken = events(alone, after="0", wait="20")
    later.join()
    assert [event["sequence"] for event in woken] == [1]
    assert time.monotonic() - started < 5
    alone.get("events", after="0", wait="31").refused(400, "field_range", "wait")
