"""A `gate dev` process in our hands: started, stopped or killed, and started again on its data."""

from __future__ import annotations

import json
import os
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 30
PAGE_ORIGIN = "http://localhost:3000"  # allowed by `gate dev --no-shop`


def find_binary() -> str:
    places = [ROOT / "target/release/gate", ROOT / "target/debug/gate"]
    found = os.environ.get("GATE_BIN") or next((str(p) for p in places if p.exists()), None)
    assert found, "there is no gate binary yet: cargo build -p gate-cli"
    return found


@dataclass
class Gateway:
    """One data folder, and the process that serves it."""

    folder: Path
    database: str | None = None  # another one than the SQLite file in the folder
    options: list[str] = field(default_factory=list)
    ready: dict[str, str] = field(default_factory=dict)
    around: list[str] = field(default_factory=list)  # a program that runs the gateway, such as strace
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return self.ready["base_url"]

    @property
    def log(self) -> Path:
        return self.folder / "log"

    def start(self) -> Gateway:
        ready = self.folder / "ready.json"
        ready.unlink(missing_ok=True)
        command = [*self.around, find_binary(), "dev", "--no-shop", "--listen", "127.0.0.1:0"]
        command += ["--data-dir", str(self.folder / "data"), "--ready-file", str(ready)]
        # Tests ask more than a partner does; the limits have tests of their own.
        command += ["--rate-limit", "off", *self._database(), *self.options]
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(command, stdout=out, stderr=out)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not ready.exists():
            assert self.process.poll() is None, f"it ended early:\n{self.log.read_text()}"
            assert time.monotonic() < deadline, f"it is not ready:\n{self.log.read_text()}"
            time.sleep(0.02)
        self.ready = json.loads(ready.read_text())
        return self

    def kill(self) -> None:
        """End it as a power cut would."""
        assert self.process and self.process.poll() is None, "it ended by itself"
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(PATIENCE_SECONDS)

    def run(self, *arguments: str) -> Any:
        """A command of the operator, on the running gateway. Its answer, read from JSON."""
        command = [find_binary(), *arguments, "--json"]
        command += ["--data-dir", str(self.folder / "data"), *self._database()]
        who = {**os.environ, "USER": "operator"}
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=PATIENCE_SECONDS, env=who
        )
        assert done.returncode == 0, f"{arguments} failed:\n{done.stdout}{done.stderr}"
        return json.loads(done.stdout)

    def _database(self) -> list[str]:
        return ["--database", self.database] if self.database else []


@contextmanager
def running(gateway: Gateway) -> Iterator[Gateway]:
    try:
        yield gateway.start()
    finally:
        gateway.stop()


@contextmanager
def database_for(engine: str) -> Iterator[str | None]:
    """A database of this engine that is gone afterwards; none for the SQLite file of a folder."""
    if engine == "sqlite":
        yield None
        return
    server = os.environ.get("GATE_TEST_POSTGRES")
    assert server, "GATE_TEST_POSTGRES is not set: run `make test`, or use scripts/with-postgres"
    name = f"gate_python_{uuid.uuid4().hex}"
    _psql(server, f"create database {name}")
    try:
        yield f"{server.rsplit('/', 1)[0]}/{name}"
    finally:
        _psql(server, f"drop database {name} with (force)")


def _psql(server: str, statement: str) -> None:
    versions = Path("/usr/lib/postgresql").glob("*/bin/psql")
    program = max(versions, key=lambda path: int(path.parts[4]))
    subprocess.run([program, "-qX", server, "-c", statement], check=True)
