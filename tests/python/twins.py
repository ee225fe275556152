"""Requests that arrive at the same moment: every connection is open and every request sent but for
its last byte, and then the last bytes go out together."""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 30


@dataclass(frozen=True)
class Reply:
    status: int
    body: bytes
    replayed: bool


@dataclass(frozen=True)
class Request:
    path: str
    key: str
    body: Any
    idempotency_key: str

    def bytes(self, host: str) -> bytes:
        body = json.dumps(self.body).encode()
        head = (
            f"POST /v1/{self.path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n"
            f"Authorization: Bearer {self.key}\r\nIdempotency-Key: {self.idempotency_key}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


class Volley:
    """Requests that are ready to leave."""

    def __init__(self, url: str, requests: list[Request]) -> None:
        address = urlsplit(url)
        self.lines: list[tuple[socket.socket, bytes]] = []
        for request in requests:
            text = request.bytes(address.netloc)
            line = socket.create_connection((address.hostname, address.port), TIMEOUT_SECONDS)
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            line.sendall(text[:-1])
            self.lines.append((line, text[-1:]))

    def fire(self) -> None:
        for line, last in self.lines:
            line.sendall(last)

    def replies(self) -> list[Reply | None]:
        """What came back on each; none where the connection broke first."""
        return [_read(line) for line, _ in self.lines]


def _read(line: socket.socket) -> Reply | None:
    received = b""
    with line:
        try:
            while chunk := line.recv(65536):
                received += chunk
        except OSError:
            return None
    head, found, body = received.partition(b"\r\n\r\n")
    if not found:
        return None
    first, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (l.partition(":") for l in lines)}
    if len(body) < int(headers["content-length"]):
        return None
    replayed = headers.get("idempotent-replayed") == "true"
    return Reply(int(first.split()[1]), body, replayed)
