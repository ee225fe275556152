"""The machine's clock is set an hour ahead, or an hour back, while webhooks are under way.

libfaketime stands between the gateway and the wall clock; the monotonic clock goes on as it does. T15 of
docs/RELIABILITY.md.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from api import Api
from conftest import Receiver
from faults import deliveries, until
from gateway import Gateway, running
from test_faults import settled, sound
from world import new_session

HOUR = 3600


class Wall:
    """The wall clock that a gateway sees."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "clock"
        self.set(0)

    def set(self, ahead: int) -> None:
        """In one step, since the gateway looks whenever it asks for the time."""
        beside = self._file.with_suffix(".new")
        beside.write_text(f"{ahead:+}\n")
        beside.rename(self._file)

    def around(self) -> list[str]:
        [library] = Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")
        settings = {
            "LD_PRELOAD": library,
            "FAKETIME_TIMESTAMP_FILE": self._file,
            "FAKETIME_NO_CACHE": 1,
            "FAKETIME_DONT_FAKE_MONOTONIC": 1,
        }
        return ["env", *(f"{name}={value}" for name, value in settings.items())]


class Patient(Receiver):
    """Answers nothing before the clock has jumped, and everything a second late."""

    def __init__(self) -> None:
        super().__init__()
        self.jumped = threading.Event()
        jumped = self.jumped
        handler = self._server.RequestHandlerClass
        take = handler.do_POST  # type: ignore[attr-defined]

        def do_POST(request: Any) -> None:
            jumped.wait(8)  # an attempt may take 10 s
            time.sleep(1)
            take(request)

        handler.do_POST = do_POST  # type: ignore[attr-defined]


class Failing(Receiver):
    """Refuses the first five webhooks, which is too few to be paused for."""

    @property
    def answer(self) -> int:
        return 500 if self.arrived.qsize() <= 5 else 200

    @answer.setter
    def answer(self, _: int) -> None:
        pass


def seen_by(receiver: Receiver) -> Counter[str]:
    return Counter(webhook.event["data"]["id"] for webhook in list(receiver.arrived.queue))


def created_at(session: dict[str, Any]) -> float:
    return datetime.fromisoformat(session["created_at"]).timestamp()


def read_feed(api: Api) -> list[dict[str, Any]]:
    read: list[dict[str, Any]] = []
    while page := api.get("events", after=read[-1]["sequence"] if read else 0, limit=50).ok()["data"]:
        read += page
    return read


def read_list(api: Api, path: str) -> list[str]:
    read: list[str] = []
    while page := api.get(path, limit=50, **({"starting_after": read[-1]} if read else {})).ok()["data"]:
        read += [row["id"] for row in page]
    return read


@pytest.mark.parametrize("ahead", [HOUR, -HOUR], ids=["ahead", "back"])
def test_the_machine_s_clock_jumps_by_an_hour(tmp_path: Path, ahead: int) -> None:
    wall, patient, failing = Wall(tmp_path), Patient(), Failing()
    gateway = Gateway(tmp_path, options=["--webhook-url", patient.url], around=wall.around())
    with running(gateway):
        api = Api(gateway.url, gateway.ready["secret_key"])
        schedule = {"url": failing.url, "retry_schedule": [8, 8, 8, 8]}
        api.post("webhook_endpoints", schedule, key="new").ok(201)
        before = [new_session(api) for _ in range(60)]
        until(lambda: failing.arrived.qsize() >= 60, "some have failed and will be tried again")
        status = Counter(row["status"] for row in deliveries(gateway))
        assert status["in_flight"] > 5 and status["pending"] > 5, status

        jumped = time.monotonic()
        wall.set(ahead)
        patient.jumped.set()
        after = [new_session(api) for _ in range(20)]
        assert abs(created_at(after[0]) - created_at(before[-1]) - ahead) < 30, "it saw the jump"
        until(lambda: settled(gateway), "everything is delivered")
        took = time.monotonic() - jumped
        assert took < 20, f"an hour is nothing that anybody waits for: {took} s"
        rows = deliveries(gateway)
        assert {row["status"] for row in rows} == {"succeeded"}

        every = {session["id"] for session in before + after}
        seen = seen_by(patient)
        assert set(seen) == every == set(seen_by(failing))
        # What was under way when the leases ran out early is sent again, once.
        doubled = {session for session, times in seen.items() if times > 1}
        assert doubled <= {session["id"] for session in before} and max(seen.values()) <= 2
        assert ahead > 0 or not doubled, "a lease that is longer does not run out"

        assert [event["sequence"] for event in read_feed(api)] == list(range(1, 81))
        read = read_list(api, "gate_sessions")
        assert len(read) == 80 and set(read) == every
    sound(gateway)
