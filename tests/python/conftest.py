"""The real binary with a folder of its own on a free port, and a receiver for its webhooks."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import threading
import time
from collections.abc import Iterator
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

import pytest
from zerobit.gate import GateClient

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 20


class Webhook(NamedTuple):
    headers: Message  # which looks names up without regard to case
    body: bytes


class Receiver:
    """Answers 200 to every webhook and hands them out as they came."""

    def __init__(self) -> None:
        self.arrived: queue.Queue[Webhook] = queue.Queue()
        arrived = self.arrived

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                arrived.put(Webhook(self.headers, body))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def wait_for(self, event_type: str, session_id: str) -> Webhook:
        """The first webhook of this type about this session; others before it are passed over."""
        while True:
            webhook = self.arrived.get(timeout=PATIENCE_SECONDS)
            event = json.loads(webhook.body)
            if event["type"] == event_type and event["data"]["id"] == session_id:
                return webhook

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture(scope="session")
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture(scope="session")
def gate(receiver: Receiver, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """What `gate dev` writes once it serves: addresses and keys."""
    folder = tmp_path_factory.mktemp("gate")
    ready, log = folder / "ready.json", folder / "log"
    command = [find_binary(), "dev", "--no-shop", "--listen", "127.0.0.1:0"]
    command += ["--data-dir", str(folder / "data"), "--ready-file", str(ready)]
    command += ["--webhook-url", receiver.url]
    with log.open("wb") as out, subprocess.Popen(command, stdout=out, stderr=out) as process:
        try:
            deadline = time.monotonic() + PATIENCE_SECONDS
            while not ready.exists():
                assert process.poll() is None, f"the gateway ended early:\n{log.read_text()}"
                assert time.monotonic() < deadline, f"the gateway is not ready:\n{log.read_text()}"
                time.sleep(0.05)
            yield json.loads(ready.read_text())
        finally:
            process.terminate()


@pytest.fixture
def client(gate: dict[str, str]) -> GateClient:
    return GateClient(api_key=gate["secret_key"], base_url=gate["base_url"])


def find_binary() -> str:
    places = [ROOT / "target/release/gate", ROOT / "target/debug/gate"]
    found = os.environ.get("GATE_BIN") or next((str(p) for p in places if p.exists()), None)
    assert found, "there is no gate binary yet: cargo build -p gate-cli"
    return found
