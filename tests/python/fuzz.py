"""schemathesis against the real binary, by the document that it serves, with all of its checks.

    .venv/bin/python tests/python/fuzz.py                       200 examples per operation
    .venv/bin/python tests/python/fuzz.py --examples 5000
    .venv/bin/python tests/python/fuzz.py --seed 123            the same requests again
    .venv/bin/python tests/python/fuzz.py -- --include-operation-id createSession

What follows `--` goes to schemathesis. Afterwards the gateway must still be there, must not have said
that it made a mistake, and its own audit of the data must find nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from api import Api
from conftest import Receiver
from gateway import PAGE_ORIGIN, Gateway, database_for, find_binary, running
from world import make_world, new_session

HERE = Path(__file__).resolve().parent
#: What the log says about mistakes of ours.
MISTAKES = ("ERROR", "a mistake of ours", "panicked")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--examples", type=int, default=200, help="per operation")
    parser.add_argument("--seed", type=int, help="repeat an earlier run")
    parser.add_argument("--engine", choices=["sqlite", "postgres"], default="sqlite")
    parser.add_argument("rest", nargs="*", help="for schemathesis")
    asked = parser.parse_args()
    seed = asked.seed if asked.seed is not None else random.SystemRandom().randrange(2**31)
    started = time.monotonic()
    receiver = Receiver()
    with tempfile.TemporaryDirectory() as folder, database_for(asked.engine) as database:
        gateway = Gateway(Path(folder), database, ["--webhook-url", receiver.url])
        with running(gateway):
            code = fuzz(gateway, asked.examples, seed, asked.rest)
            alive = gateway.process is not None and gateway.process.poll() is None
        problems = [] if alive else ["the gateway ended by itself"]
        problems += mistakes(gateway.log) + audit(gateway)
    receiver.close()
    for problem in problems:
        print(problem)
    again = f"fuzz.py --examples {asked.examples} --seed {seed} --engine {asked.engine}"
    print(f"{time.monotonic() - started:.0f} s; the same again: {again}")
    return 1 if problems else code


def fuzz(gateway: Gateway, examples: int, seed: int, rest: list[str]) -> int:
    api = Api(gateway.url, gateway.ready["secret_key"])
    world = make_world(api)
    public = Api(gateway.url, gateway.ready["publishable_key"], Origin=PAGE_ORIGIN)
    secret = new_session(api, expires_in=604_800)["client_secret"]
    token = public.post("embed/bootstrap", {"clientSecret": secret}).ok()["embed_token"]
    environment = {
        **os.environ,
        "PAGE_ORIGIN": PAGE_ORIGIN,
        "BASE_URL": gateway.url,
        "SECRET_KEY": gateway.ready["secret_key"],
        "PUBLISHABLE_KEY": gateway.ready["publishable_key"],
        "EMBED_TOKEN": token,
        "WORLD": json.dumps(world.ids),
        "PYTHONPATH": str(HERE),
    }
    program = Path(sys.executable).with_name("schemathesis")
    command = [str(program), "--config-file", str(HERE / "schemathesis.toml"), "run"]
    command += [f"{gateway.url}/v1/openapi.json", "--url", gateway.url, "--checks", "all"]
    command += ["--max-examples", str(examples), "--seed", str(seed), *rest]
    return subprocess.run(command, env=environment, cwd=gateway.folder).returncode


def mistakes(log: Path) -> list[str]:
    lines = log.read_text(errors="replace").splitlines()
    return [line for line in lines if any(word in line for word in MISTAKES)][:20]


def audit(gateway: Gateway) -> list[str]:
    command = [find_binary(), "doctor", "--json", "--data-dir", str(gateway.folder / "data")]
    command += ["--database", gateway.database] if gateway.database else []
    told = subprocess.run(command, capture_output=True, text=True)
    return [] if told.returncode == 0 else [told.stdout, told.stderr]


if __name__ == "__main__":
    sys.exit(main())
