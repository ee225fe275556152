"""Whether one of two requests takes longer, said so that a noisy machine does not change the answer:
asked in turns over one kept connection, and compared by ranks, so that a few slow answers weigh no more
than any others."""

from __future__ import annotations

import json
import socket
import time
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

#: The first answers warm up and do not count.
WARM_UP = 10


def chance_of_slower(one: Sequence[float], other: Sequence[float]) -> float:
    """How likely an answer of the first kind is slower than one of the second; 0.5 when they cannot
    be told apart. (The statistic of Mann and Whitney, divided by its maximum.)"""
    ordered = sorted(other)
    wins = sum((bisect_left(ordered, x) + bisect_right(ordered, x)) / 2 for x in one)
    return wins / (len(one) * len(other))


def bias(url: str, key: str, method: str, paths: tuple[str, str], body: Any, samples: int) -> float:
    """How far from a coin's toss it is which of two requests takes longer: from 0 to 0.5."""
    times: tuple[list[float], list[float]] = ([], [])
    with Line(url, key) as line:
        for number in range(samples + WARM_UP):
            for which in (0, 1) if number % 2 else (1, 0):
                took = line.ask(method, paths[which], body)
                if number >= WARM_UP:
                    times[which].append(took)
    return abs(chance_of_slower(*times) - 0.5)


class Line:
    """A kept connection that asks with as little work as possible."""

    def __init__(self, url: str, key: str) -> None:
        address = urlsplit(url)
        self.host = address.netloc
        self.key = key
        self.socket = socket.create_connection((address.hostname, address.port), 30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> Line:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def ask(self, method: str, path: str, body: Any) -> float:
        """The seconds until the whole answer was there."""
        sent = b"" if body is None else json.dumps(body).encode()
        kind = "" if body is None else "Content-Type: application/json\r\n"
        head = (
            f"{method} /v1/{path} HTTP/1.1\r\nHost: {self.host}\r\nIdempotency-Key: sweep\r\n"
            f"Authorization: Bearer {self.key}\r\n{kind}Content-Length: {len(sent)}\r\n\r\n"
        )
        started = time.perf_counter()
        self.socket.sendall(head.encode() + sent)
        received = b""
        while not (parts := received.partition(b"\r\n\r\n"))[1]:
            received += self._more()
        lines = parts[0].lower().split(b"\r\n")
        length = next(int(l.split(b":")[1]) for l in lines if l.startswith(b"content-length:"))
        while len(received) < len(parts[0]) + 4 + length:
            received += self._more()
        return time.perf_counter() - started

    def _more(self) -> bytes:
        chunk = self.socket.recv(65536)
        assert chunk, "the gateway closed the connection"
        return chunk
