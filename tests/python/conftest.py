"""The real binary with a folder of its own on a free port, and a receiver for its webhooks."""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Iterator
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

import pytest
from api import Api
from gateway import Gateway, running
from world import World, make_world, new_partner
from zerobit.gate import GateClient

PATIENCE_SECONDS = 20


class Webhook(NamedTuple):
    headers: Message  # which looks names up without regard to case
    body: bytes

    @property
    def event(self) -> Any:
        return json.loads(self.body)


class Receiver:
    """Answers every webhook and hands them out as they came."""

    def __init__(self, answer: int = 200) -> None:
        self.arrived: queue.Queue[Webhook] = queue.Queue()
        self.answer = answer
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.arrived.put(Webhook(self.headers, body))
                self.send_response(receiver.answer)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def wait_for(self, event_type: str, session_id: str) -> Webhook:
        """The first webhook of this type about this session; others before it are passed over."""
        while True:
            webhook = self.next()
            event = webhook.event
            if event["type"] == event_type and event["data"]["id"] == session_id:
                return webhook

    def next(self) -> Webhook:
        """The next webhook of any kind."""
        return self.arrived.get(timeout=PATIENCE_SECONDS)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture(scope="session")
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture(scope="session")
def gateway(receiver: Receiver, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    options = ["--webhook-url", receiver.url]
    with running(Gateway(tmp_path_factory.mktemp("gate"), options=options)) as gateway:
        yield gateway


@pytest.fixture(scope="session")
def gate(gateway: Gateway) -> dict[str, str]:
    """What `gate dev` writes once it serves: addresses and keys."""
    return gateway.ready


@pytest.fixture(scope="session")
def api(gate: dict[str, str]) -> Api:
    """The API as the sandbox's partner."""
    return Api(gate["base_url"], gate["secret_key"])


@pytest.fixture(scope="session")
def stranger(gateway: Gateway) -> Api:
    """The API as another partner of the same gateway."""
    return Api(gateway.url, new_partner(gateway, "Stranger", entitled=True))


@pytest.fixture(scope="session")
def world(api: Api) -> World:
    """An object of the sandbox's partner behind every kind of id."""
    return make_world(api)


@pytest.fixture
def inbox() -> Iterator[Receiver]:
    """A receiver of one test."""
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def client(gate: dict[str, str]) -> GateClient:
    return GateClient(api_key=gate["secret_key"], base_url=gate["base_url"])
