"""What tests of faults ask a gateway and its receivers, and for how long they wait."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from api import Api
from conftest import Receiver
from gateway import Gateway

#: How long anything may take that is not meant to take long.
PATIENCE_SECONDS = 40


def deliveries(gateway: Gateway, **query: Any) -> list[dict[str, Any]]:
    api = Api(gateway.url, gateway.ready["secret_key"])
    return api.get("webhooks/deliveries", limit=200, **query).ok()["data"]


def until(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, f"it never came to: {what}"
        time.sleep(0.05)


def arrived(receiver: Receiver) -> Counter[str]:
    """The sessions of what has arrived, each with how often."""
    seen: Counter[str] = Counter()
    while not receiver.arrived.empty():
        seen[receiver.arrived.get().event["data"]["id"]] += 1
    return seen


def memory_kib(gateway: Gateway, what: str = "VmRSS") -> int:
    """What the kernel counts of the process: what it holds now, or the most it ever held (VmHWM)."""
    assert gateway.process
    status = Path(f"/proc/{gateway.process.pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith(what)))
