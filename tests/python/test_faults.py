"""What breaks around the gateway must not lose an event, double a fact, or hang anybody.

The checks know only what the API answered and what the receiver saw. docs/RELIABILITY.md has a row for
each.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from api import Api
from conftest import Receiver
from faults import PATIENCE_SECONDS, arrived, deliveries, memory_kib, until
from gateway import Gateway, database_for, find_binary, running
from postgres import Postgres
from world import ORDER


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> Iterator[str | None]:
    with database_for(request.param) as database:
        yield database


class Slow(Receiver):
    """Keeps every webhook waiting until it is let go."""

    def __init__(self, *, before_answer: Callable[[int], None] | None = None) -> None:
        super().__init__()
        self.gate = threading.Event()
        self.count = 0
        slow, handler = self, self._server.RequestHandlerClass
        take = handler.do_POST  # type: ignore[attr-defined]

        def do_POST(request: Any) -> None:
            slow.count += 1
            if before_answer:
                before_answer(slow.count)
            slow.gate.wait(PATIENCE_SECONDS)
            try:
                take(request)
            except OSError:
                pass  # whoever sent it has gone

        handler.do_POST = do_POST  # type: ignore[attr-defined]


class Book:
    """What the API acknowledged, and what it answered instead."""

    def __init__(self) -> None:
        self.sessions: list[str] = []
        self.answers: Counter[int | str] = Counter()
        self.slowest = 0.0

    def create(self, url: str, key: str) -> None:
        started = time.monotonic()
        headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": str(uuid.uuid4())}
        try:
            answer = requests.post(f"{url}/v1/gate_sessions", json=ORDER, headers=headers, timeout=20)
        except requests.ConnectionError:
            self.answers["no connection"] += 1
            return
        finally:
            self.slowest = max(self.slowest, time.monotonic() - started)
        self.answers[answer.status_code] += 1
        if answer.status_code == 201:
            self.sessions.append(answer.json()["id"])
        if answer.status_code == 503:
            assert answer.headers["Retry-After"], "and when to try again"


def settled(gateway: Gateway) -> bool:
    # Twice, since a delivery whose lease ends between two looks is seen by neither.
    looks = ("pending", "in_flight") * 2
    return not any(deliveries(gateway, status=status) for status in looks)


def sound(gateway: Gateway) -> None:
    """The stopped gateway's own audit finds nothing."""
    command = [find_binary(), "doctor", "--data-dir", str(gateway.folder / "data")]
    done = subprocess.run([*command, *gateway._database()], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


# T2: the receiver sees each of these moments, so no hook is needed in the gateway.
@pytest.mark.parametrize("moment", ["before the answer", "after the answer"])
def test_a_kill_at_the_receiver_leads_to_a_repeat_and_never_to_a_loss(
    tmp_path: Path, database: str | None, moment: str
) -> None:
    gateway = Gateway(tmp_path, database)

    def kill(count: int) -> None:
        if count == 1 and moment == "before the answer":
            gateway.kill()

    receiver = Slow(before_answer=kill)
    receiver.gate.set()
    gateway.options = ["--webhook-url", receiver.url]
    with running(gateway):
        book = Book()
        book.create(gateway.url, gateway.ready["secret_key"])
        first = receiver.next()
        if moment == "after the answer":
            gateway.kill()
        assert gateway.process
        gateway.process.wait()
        gateway.start()
        until(lambda: settled(gateway), "delivered")
        sent = [first, *[receiver.arrived.get() for _ in range(receiver.arrived.qsize())]]
        ids = {webhook.event["id"] for webhook in sent}
        bodies = {webhook.body for webhook in sent}
        assert len(ids) == len(bodies) == 1, "the same event, byte for byte"
        assert len(sent) <= 2
        assert [row["status"] for row in deliveries(gateway)] == ["succeeded"]
    sound(gateway)


# T3.
@pytest.mark.parametrize("end", ["stop", "kill"])
def test_retries_happen_on_time_after_a_restart(
    tmp_path: Path, database: str | None, end: str
) -> None:
    receiver = Receiver(answer=500)
    gateway = Gateway(tmp_path, database)
    with running(gateway):
        api = Api(gateway.url, gateway.ready["secret_key"])
        schedule = {"url": receiver.url, "retry_schedule": [6, 60, 60]}
        api.post("webhook_endpoints", schedule, key="new").ok(201)
        sessions = {api.post("gate_sessions", ORDER, key="new").ok(201)["id"] for _ in range(5)}
        until(lambda: receiver.arrived.qsize() == 5, "tried once")
        tried_at = time.monotonic()
        until(lambda: all(row["status"] == "pending" for row in deliveries(gateway)), "recorded")
        arrived(receiver)
        getattr(gateway, end)()
        receiver.answer = 200
        gateway.start()
        until(lambda: receiver.arrived.qsize() == 5, "tried again")
        waited = time.monotonic() - tried_at
        assert 5.5 <= waited <= 12, f"{waited} s"
        assert arrived(receiver) == dict.fromkeys(sessions, 1)
    sound(gateway)


# T7, on a server of its own.
def test_a_database_that_goes_away_and_comes_back(tmp_path: Path) -> None:
    receiver = Receiver()
    with Postgres() as postgres:
        options = ["--webhook-url", receiver.url]
        gateway = Gateway(tmp_path, postgres.url, options)
        with running(gateway):
            key, book, over = gateway.ready["secret_key"], Book(), threading.Event()

            def load() -> None:
                while not over.is_set():
                    book.create(gateway.url, key)

            threads = [threading.Thread(target=load) for _ in range(4)]
            for thread in threads:
                thread.start()
            until(lambda: book.answers[201] > 20, "some are created")
            postgres.stop()
            until(lambda: book.answers[503] > 4, "they are refused")
            ready = requests.get(f"{gateway.url}/readyz", timeout=20)
            assert (ready.status_code, ready.json()["code"]) == (503, "not_ready")
            assert requests.get(f"{gateway.url}/healthz", timeout=5).status_code == 200
            postgres.start()
            before = book.answers[201]
            until(lambda: book.answers[201] > before + 20, "they are created again")
            over.set()
            for thread in threads:
                thread.join()
            assert book.slowest < 6, f"nobody hangs: {book.slowest} s"
            assert set(book.answers) <= {201, 503, 500}, book.answers
            until(lambda: settled(gateway), "everything is delivered")
            seen = arrived(receiver)
            lost = [session for session in book.sessions if session not in seen]
            assert not lost, "what was acknowledged is there"
        sound(gateway)


# T6: a file system of 48 MB, in a mount namespace of the process.
def test_a_full_disk_refuses_writes_and_recovers_by_itself(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    mount = f"mount -t tmpfs -o size=48m,mode=700 tmpfs {tmp_path}/data"
    fill = f"head -c 30m /dev/zero > {tmp_path}/data/filler"
    around = ["unshare", "-rm", "sh", "-c", f'{mount} && {fill} && exec "$@"', "sh"]
    gateway = Gateway(tmp_path, around=around)
    with running(gateway):
        api = Api(gateway.url, gateway.ready["secret_key"])
        big = {f"note_{number}": "x" * 450 for number in range(16)}
        made, refused = [], None
        for _ in range(20_000):
            answer = api.post("gate_sessions", {**ORDER, "metadata": big}, key="new")
            if answer.status != 201:
                refused = answer
                break
            made.append(answer.json["id"])
        assert refused is not None and refused.status == 503, refused and refused.story
        assert refused.headers["Retry-After"]
        # What is small may still find room for a while.
        until(
            lambda: api.post("gate_sessions", ORDER, key="new").status == 503
            and requests.get(f"{gateway.url}/readyz", timeout=20).status_code == 503,
            "not ready either",
        )
        for session in (made[0], made[-1]):
            api.get(f"gate_sessions/{session}").ok()
        assert gateway.process
        (Path(f"/proc/{gateway.process.pid}/root{tmp_path}/data") / "filler").unlink()
        until(
            lambda: api.post("gate_sessions", ORDER, key="new").status == 201, "there is room again"
        )
        assert api.get(f"gate_sessions/{made[-1]}").ok()["status"] == "open"
        until(lambda: requests.get(f"{gateway.url}/readyz").status_code == 200, "ready again")


# T5.
def test_a_flush_that_fails_is_never_acknowledged(tmp_path: Path) -> None:
    calls = "fdatasync,fsync"
    around = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={calls}"]
    around += ["-e", f"inject={calls}:error=EIO:when=60+"]
    gateway = Gateway(tmp_path, around=around)
    book = Book()
    gateway.start()
    key = gateway.ready["secret_key"]
    for _ in range(400):
        book.create(gateway.url, key)
        if book.answers[201] != sum(book.answers.values()):
            break
    assert book.answers[201] and sum(book.answers.values()) > book.answers[201], "it began to fail"
    assert set(book.answers) <= {201, 500, 503, "no connection"}, book.answers
    for _ in range(5):
        book.create(gateway.url, key)
    assert book.answers[201] == len(book.sessions)
    # strace is the process that was started; the gateway is its child, if it lives.
    assert gateway.process
    pid = gateway.process.pid
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        os.kill(int(child), signal.SIGKILL)
    gateway.process.wait(PATIENCE_SECONDS)
    gateway.around = []
    with running(gateway):
        api = Api(gateway.url, gateway.ready["secret_key"])
        for session in book.sessions:
            api.get(f"gate_sessions/{session}").ok()
    sound(gateway)


# T12.
def test_a_second_process_on_the_same_file_is_refused(tmp_path: Path) -> None:
    with running(Gateway(tmp_path)) as gateway:
        command = [find_binary(), "dev", "--no-shop", "--listen", "127.0.0.1:0"]
        command += ["--data-dir", str(tmp_path / "data")]
        second = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_SECONDS)
        assert second.returncode == 1
        assert "Another gate may be running" in second.stderr, second.stderr
        Book().create(gateway.url, gateway.ready["secret_key"])


def twin(gateway: Gateway, folder: Path) -> Gateway:
    """Another process on the same database, with the same keys."""
    shutil.copytree(
        gateway.folder / "data", folder / "data", ignore=shutil.ignore_patterns("*.sock", "gate.db*")
    )
    return Gateway(folder, gateway.database, gateway.options)


# T13, with real processes: SQLite has one process only.
def test_a_worker_that_wakes_up_late_changes_nothing(tmp_path: Path) -> None:
    receiver = Slow()
    with database_for("postgres") as database:
        (tmp_path / "one").mkdir()
        (tmp_path / "two").mkdir()
        one = Gateway(tmp_path / "one", database, ["--webhook-url", receiver.url])
        with running(one):
            book = Book()
            book.create(one.url, one.ready["secret_key"])
            until(lambda: receiver.count == 1, "it is being sent")
            assert one.process
            os.kill(one.process.pid, signal.SIGSTOP)
            with running(twin(one, tmp_path / "two")) as two:
                receiver.gate.set()
                until(
                    lambda: [row["status"] for row in deliveries(two)] == ["succeeded"],
                    "the other one took over",
                )
                os.kill(one.process.pid, signal.SIGCONT)
                until(lambda: requests.get(f"{one.url}/readyz").status_code == 200, "it is back")
                [row] = deliveries(two)
                assert (row["status"], row["attempts"]) == ("succeeded", 2)
                api = Api(two.url, two.ready["secret_key"])
                attempts = api.get(f"webhooks/deliveries/{row['id']}/attempts").ok()["data"]
                assert [attempt["number"] for attempt in attempts] == [2, 1]
        assert len({webhook.event["id"] for webhook in list(receiver.arrived.queue)}) == 1
        sound(one)


# T16.
def test_a_stop_is_quick_when_idle_and_bounded_when_receivers_hang(
    tmp_path: Path, database: str | None
) -> None:
    receiver = Slow()
    gateway = Gateway(tmp_path, database, ["--webhook-url", receiver.url])
    with running(gateway):
        started = time.monotonic()
        gateway.stop()
        assert time.monotonic() - started < 2, "idle"
        gateway.start()
        book = Book()
        for _ in range(50):
            book.create(gateway.url, gateway.ready["secret_key"])
        until(lambda: receiver.count >= 25, "receivers hang")
        started = time.monotonic()
        gateway.stop()
        took = time.monotonic() - started
        assert took < 13, f"an attempt ends within 10 s: {took} s"
        assert gateway.process and gateway.process.returncode == 0
        receiver.gate.set()
        gateway.start()
        seen: Counter[str] = Counter()

        def all_there() -> bool:
            seen.update(arrived(receiver))
            return set(seen) == set(book.sessions)

        # What was cut off waits for its next turn; the rest comes at once.
        rest = set(book.sessions)
        api = Api(gateway.url, gateway.ready["secret_key"])
        api.post("webhooks/replay", {}).ok(201)
        until(all_there, f"all of {len(rest)} arrive")
    sound(gateway)


# T17.
def test_processes_restart_one_by_one_under_load(tmp_path: Path) -> None:
    receiver = Receiver()
    with database_for("postgres") as database:
        for name in ("one", "two", "three"):
            (tmp_path / name).mkdir()
        one = Gateway(tmp_path / "one", database, ["--webhook-url", receiver.url])
        with running(one):
            two = twin(one, tmp_path / "two").start()
            three = twin(one, tmp_path / "three").start()
            book, over = Book(), threading.Event()
            urls = [gateway.url for gateway in (one, two, three)]
            key = one.ready["secret_key"]

            def load() -> None:
                number = 0
                while not over.is_set():
                    number += 1
                    book.create(urls[number % 3], key)

            threads = [threading.Thread(target=load) for _ in range(3)]
            for thread in threads:
                thread.start()
            for place, gateway in enumerate((one, two, three)):
                before = len(book.sessions)
                until(lambda before=before: len(book.sessions) > before + 20, "load")
                gateway.stop()
                assert gateway.process and gateway.process.returncode == 0
                urls[place] = gateway.start().url
            over.set()
            for thread in threads:
                thread.join()
            until(lambda: settled(one), "everything is delivered")
            seen = arrived(receiver)
            assert set(book.sessions) <= set(seen), "nothing is lost"
            doubled = {session: times for session, times in seen.items() if times > 1}
            assert not doubled, "and nothing comes twice"
            two.stop()
            three.stop()
        sound(one)


# T42.
def test_idle_and_dripping_connections_cost_little_and_hold_up_nobody(tmp_path: Path) -> None:
    with running(Gateway(tmp_path)) as gateway:
        host, port = gateway.url.removeprefix("http://").split(":")
        held = []
        try:
            for number in range(900):
                connection = socket.create_connection((host, int(port)))
                if number % 3 == 0:  # the head of a request, a byte now and then
                    connection.send(b"POST /v1/gate_sessions HTTP/1.1\r\nHost: x\r\nX: ")
                held.append(connection)
            book = Book()
            for _ in range(20):
                book.create(gateway.url, gateway.ready["secret_key"])
            assert book.answers == {201: 20} and book.slowest < 2, (book.answers, book.slowest)
            assert memory_kib(gateway) < 150_000
        finally:
            for connection in held:
                connection.close()
