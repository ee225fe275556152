"""Receivers that answer badly, by malice or by mistake (T20, T22 of docs/RELIABILITY.md).

Whatever they do, an attempt ends in time and says why, the gateway does not grow, and whoever is well
gets theirs meanwhile. The checks know only what the API answered, what the receivers saw, and how much
memory the kernel has given.
"""

from __future__ import annotations

import re
import time
import zlib
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import requests
from api import Api
from conftest import Receiver
from faults import arrived, deliveries, memory_kib, until
from gateway import Gateway, running
from hostile import Answer, Authority, Cue, Hostile
from world import new_endpoint, new_session

#: Webhooks that a receiver mistreats at the same time; ten failures would pause it.
AT_ONCE = 8
#: An attempt's deadline of 10 s, and some time to write it down on a busy machine.
DEADLINE_MS = 12_000
#: What the process may need more at its worst, in all.
GROWTH_KIB_MAX = 32 * 1024
#: What a bomb of at most 64 KiB, which is read to its end, inflates to.
BOMB_MIB = 60


@cache
def bomb() -> bytes:
    squeeze = zlib.compressobj(9, wbits=31)
    zeros = bytes(1 << 20)
    small = b"".join(squeeze.compress(zeros) for _ in range(BOMB_MIB)) + squeeze.flush()
    assert len(small) < 65_536
    return small


def gzip_bomb(status: str) -> Answer:
    def answer() -> Iterator[bytes | Cue]:
        size = len(bomb())
        yield f"HTTP/1.1 {status}\r\ncontent-encoding: gzip\r\ncontent-length: {size}\r\n\r\n".encode()
        yield Cue.WAIT
        yield bomb()

    return answer


def header_without_end() -> Iterator[bytes | Cue]:
    yield b"HTTP/1.1 200 OK\r\nx-long: "
    yield Cue.WAIT
    while True:
        yield b"x" * 65_536


def headers_without_end() -> Iterator[bytes | Cue]:
    yield b"HTTP/1.1 200 OK\r\n"
    yield Cue.WAIT
    while True:
        yield b"x-more: of the same\r\n" * 1_000


def reset_in_the_head() -> Iterator[bytes | Cue]:
    yield b"HTTP/1.1 200 OK\r\ncontent-le"
    yield Cue.WAIT
    yield Cue.RESET


def reset_in_the_body() -> Iterator[bytes | Cue]:
    yield b"HTTP/1.1 200 OK\r\ncontent-length: 4096\r\n\r\n" + b"x" * 2_048
    yield Cue.WAIT
    yield Cue.RESET


HINTS = b"HTTP/1.1 103 Early Hints\r\nlink: </style.css>\r\n\r\n" * 1_000


def stream_of_hints() -> Iterator[bytes | Cue]:
    while True:
        yield HINTS
        time.sleep(0.1)  # slow enough that a debug build keeps up


def flood_of_hints() -> Iterator[bytes | Cue]:
    while True:
        yield HINTS


def no_head_at_all() -> Iterator[bytes | Cue]:
    yield Cue.WAIT
    yield b"<html>It works!</html>\n"


def good_answer() -> Iterator[bytes | Cue]:
    yield b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


def attempts_at(hostile: Hostile, folder: Path) -> list[dict[str, Any]]:
    """Send webhooks to a hostile receiver and to one that is well. Answers the attempts at the hostile
    one, each the only one of its delivery."""
    well = Receiver()
    gateway = Gateway(folder, options=["--webhook-url", well.url])
    try:
        with running(gateway):
            api = Api(gateway.url, gateway.ready["secret_key"])
            endpoint = new_endpoint(api, hostile.url)["id"]
            before = memory_kib(gateway, "VmHWM")
            sessions = {new_session(api)["id"] for _ in range(AT_ONCE)}
            until(lambda: hostile.begun >= AT_ONCE, "all are under way")

            # Now, not only before.
            sessions.add(new_session(api)["id"])
            seen: Counter[str] = Counter()

            def all_there() -> bool:
                seen.update(arrived(well))
                return set(seen) == sessions

            until(all_there, "the other one gets them")
            assert hostile.ended == 0, "meanwhile"
            hostile.go_on.set()

            def at_hostile() -> list[dict[str, Any]]:
                return deliveries(gateway, endpoint_id=endpoint)

            def recorded() -> bool:
                ends = [row["attempts"] == 1 and row["status"] != "in_flight" for row in at_hostile()]
                return len(ends) == len(sessions) and all(ends)

            until(recorded, "every attempt is recorded")
            until(lambda: hostile.ended == hostile.begun, "its connections are given up")
            grown = memory_kib(gateway, "VmHWM") - before
            assert grown < GROWTH_KIB_MAX, f"{grown} KiB"
            assert requests.get(f"{gateway.url}/readyz", timeout=20).status_code == 200

            attempts = []
            for row in at_hostile():
                rows = api.get(f"webhooks/deliveries/{row['id']}/attempts").ok()["data"]
                [attempt] = rows
                assert row["status"] == ("pending" if attempt["error"] else "succeeded"), row
                assert row["last_error"] == attempt["error"], row
                attempts.append(attempt)
            return attempts
    finally:
        hostile.close()
        well.close()


def check(attempts: list[dict[str, Any]], status: int | None, error: str | None) -> None:
    """Each ended in time, with this status and an error like this."""
    for attempt in attempts:
        assert attempt["duration_ms"] < DEADLINE_MS, attempt
        assert attempt["response_status"] == status, attempt
        assert len(attempt["response_excerpt"] or "") <= 1_024
        if error is None:
            assert attempt["error"] is None, attempt
        else:
            assert re.fullmatch(error, attempt["error"]), attempt
            assert "planted" not in attempt["error"], "no secret of the URL"


@pytest.mark.parametrize(
    ("answer", "status", "error"),
    [
        pytest.param(gzip_bomb("200 OK"), 200, None, id="a gzip bomb that says yes"),
        pytest.param(gzip_bomb("500 Oops"), 500, "answered 500", id="a gzip bomb that says no"),
        pytest.param(
            header_without_end,
            None,
            "the exchange broke off: message head is too large",
            id="a header without end",
        ),
        pytest.param(
            headers_without_end,
            None,
            "the exchange broke off: message head is too large",
            id="headers without end",
        ),
        pytest.param(
            reset_in_the_head,
            None,
            "the exchange broke off: Connection reset by peer .*",
            id="a reset in the head",
        ),
        pytest.param(
            reset_in_the_body,
            None,
            "the exchange broke off: Connection reset by peer .*",
            id="a reset in the body",
        ),
        pytest.param(
            stream_of_hints, None, "no complete answer within 10s", id="103 Early Hints without end"
        ),
        pytest.param(
            no_head_at_all,
            None,
            "the exchange broke off: invalid HTTP version parsed",
            id="an answer without a head",
        ),
    ],
)
def test_an_answer_that_is_none_is_recorded_and_disturbs_nobody(
    tmp_path: Path, answer: Answer, status: int | None, error: str | None
) -> None:
    check(attempts_at(Hostile(answer), tmp_path), status, error)


# It keeps the thread that reads it busy, and that thread serves nothing else. The other receiver is
# known by another name, so that it has another thread.
def test_a_flood_that_keeps_a_thread_busy_disturbs_nobody_else(tmp_path: Path) -> None:
    hostile, well = Hostile(flood_of_hints), Receiver()
    options = ["--webhook-url", well.url.replace("127.0.0.1", "localhost")]
    try:
        with running(Gateway(tmp_path, options=options)) as gateway:
            api = Api(gateway.url, gateway.ready["secret_key"])
            endpoint = new_endpoint(api, hostile.url)["id"]
            sessions = {new_session(api)["id"]}
            until(lambda: hostile.begun > 0, "the flood has begun")
            slowest = 0.0
            for _ in range(AT_ONCE):
                started = time.monotonic()
                sessions.add(new_session(api)["id"])
                slowest = max(slowest, time.monotonic() - started)
            seen: Counter[str] = Counter()

            def all_there() -> bool:
                seen.update(arrived(well))
                return set(seen) == sessions

            until(all_there, "the other one gets them")
            rows = deliveries(gateway, endpoint_id=endpoint)
            assert {row["status"] for row in rows} == {"in_flight"}, "meanwhile"
            assert slowest < 2, f"nobody waits: {slowest} s"

            def recorded() -> bool:
                return not deliveries(gateway, endpoint_id=endpoint, status="in_flight")

            until(recorded, "every attempt is recorded")
            attempts = [
                attempt
                for row in rows
                for attempt in api.get(f"webhooks/deliveries/{row['id']}/attempts").ok()["data"]
            ]
            assert len(attempts) == len(sessions)
            check(attempts, None, "no complete answer within 10s")
    finally:
        hostile.close()
        well.close()


# The one that is right shows that the others fail for the reason that they give.
@pytest.mark.parametrize(
    ("certificate", "status", "error"),
    [
        pytest.param({}, 200, None, id="right"),
        pytest.param(
            {"self_signed": True},
            None,
            "could not connect: invalid peer certificate: UnknownIssuer",
            id="self-signed",
        ),
        pytest.param(
            {"host": "shop.example"},
            None,
            "could not connect: invalid peer certificate: certificate not valid for name .*",
            id="for another host",
        ),
        pytest.param(
            {"days": -1},
            None,
            "could not connect: invalid peer certificate: certificate expired: .*",
            id="expired",
        ),
    ],
)
def test_a_certificate_must_be_right(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    certificate: dict[str, Any],
    status: int | None,
    error: str | None,
) -> None:
    authority = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    hostile = Hostile(good_answer, authority.tls(**certificate))
    check(attempts_at(hostile, tmp_path), status, error)
