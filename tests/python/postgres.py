"""A PostgreSQL server of a test's own, which it may stop the hard way."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType


class Postgres:
    """Flushes like a real one, listens on loopback, and is gone afterwards."""

    def __init__(self) -> None:
        programs = Path("/usr/lib/postgresql").glob("*/bin")
        self.programs = max(programs, key=lambda path: int(path.parts[4]))
        self.folder = Path(tempfile.mkdtemp(prefix="gate-postgres."))
        # PostgreSQL refuses to run as root.
        self.owner = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
        if self.owner:
            shutil.chown(self.folder, "postgres")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._run("initdb", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C")
        self.url = f"postgres://postgres@127.0.0.1:{self.port}/postgres"

    def __enter__(self) -> Postgres:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self) -> None:
        options = f"-p {self.port} -c listen_addresses=127.0.0.1"
        options += f" -c unix_socket_directories={self.folder} -c shared_buffers=64MB"
        self._run("pg_ctl", "-l", str(self.folder / "log"), "-o", options, "-w", "start")

    def stop(self) -> None:
        """At once, as a crash would."""
        self._run("pg_ctl", "-m", "immediate", "-w", "stop", check=False)

    def _run(self, program: str, *arguments: str, check: bool = True) -> None:
        command = [*self.owner, str(self.programs / program), "-D", str(self.folder / "data")]
        done = subprocess.run([*command, *arguments], cwd=self.folder, stdout=subprocess.DEVNULL)
        assert not check or done.returncode == 0, (self.folder / "log").read_text()
