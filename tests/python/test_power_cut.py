"""A power cut takes what was not synced, and nothing else: T4 of docs/RELIABILITY.md, on SQLite.

One gateway is recorded while it creates sessions and delivers webhooks. Each seed is then a cut of the
power at some moment of that record; power_cut.py says what may be left.

    GATE_POWER_CUTS=1000 .venv/bin/pytest tests/python/test_power_cut.py   more cuts
    GATE_POWER_CUT=/folder/of/a/record:17 .venv/bin/pytest …               one that failed, alone
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import threading
import time
import uuid
from collections import Counter
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import pytest
import requests
from api import Api
from conftest import Receiver, Webhook
from faults import until
from gateway import PATIENCE_SECONDS, Gateway, find_binary, running
from power_cut import Cut, cuts, read_trace, tracing
from world import ORDER

CUTS = int(os.environ.get("GATE_POWER_CUTS", "100"))
ONE = os.environ.get("GATE_POWER_CUT")
#: Sessions come in bursts: in the lull between two the log is folded into the file and begun again.
BURSTS, BURST = 8, 32
#: How many of the cuts a gateway is started on.
STARTS = 5
#: Files that the gateway makes once and that nothing in the database is worth anything without.
KEPT = ("master.key", "credentials.json")


class Times:
    """Webhooks as they come, each with when."""

    def __init__(self) -> None:
        self.seen: dict[str, float] = {}

    def put(self, webhook: Webhook) -> None:
        self.seen.setdefault(webhook.event["id"], time.time())
        time.sleep(0.03)  # so that there is always something left to deliver


@dataclass
class Record:
    """What was acknowledged and what was delivered, each with when."""

    folder: str
    receiver: str = ""
    secret_key: str = ""
    created: dict[str, float] = field(default_factory=dict)
    idempotency_keys: dict[str, str] = field(default_factory=dict)
    delivered: dict[str, float] = field(default_factory=dict)
    kept: dict[str, str] = field(default_factory=dict)


def record(place: Path) -> Record:
    receiver, times = Receiver(), Times()
    receiver.arrived = times  # type: ignore[assignment]
    kept = Record(str(place / "data"), receiver.url)
    gateway = Gateway(place, options=["--webhook-url", receiver.url], around=tracing(place / "trace"))
    gateway.start()
    assert gateway.process
    try:
        kept.secret_key = gateway.ready["secret_key"]

        def create() -> None:
            session = requests.Session()
            for _ in range(BURST // 4):
                key = str(uuid.uuid4())
                headers = {"Authorization": f"Bearer {kept.secret_key}", "Idempotency-Key": key}
                answer = session.post(f"{gateway.url}/v1/gate_sessions", json=ORDER, headers=headers)
                at = time.time()
                assert answer.status_code == 201, answer.text
                kept.idempotency_keys[answer.json()["id"]] = key
                kept.created[answer.json()["id"]] = at
                time.sleep(0.02)  # alone now and then, so that not every commit is of many

        for _ in range(BURSTS):
            threads = [threading.Thread(target=create) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            time.sleep(0.4)
        assert len(kept.created) == BURSTS * BURST
    finally:
        # strace is the process that was started; the gateway is its child.
        pid = gateway.process.pid
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            os.kill(int(child), signal.SIGTERM)
        gateway.process.wait(PATIENCE_SECONDS)
        receiver.close()
    kept.delivered = times.seen
    kept.kept = {name: (place / "data" / name).read_text() for name in KEPT}
    (place / "record.json").write_text(json.dumps(asdict(kept)))
    return kept


def put_down(cut: Cut, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    for name, content in (cut.files or {}).items():
        if not name.endswith("-shm"):  # made anew from the log
            (folder / name).write_bytes(content)


def doctor(folder: Path) -> None:
    """The gateway's own audit, which recovers the database as the gateway would."""
    command = [find_binary(), "doctor", "--data-dir", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_SECONDS)
    assert done.returncode == 0, done.stdout + done.stderr


def check(record: Record, cut: Cut, folder: Path) -> None:
    """What is in the folder has all that was acknowledged before the cut, and is in order."""
    put_down(cut, folder)
    acknowledged = {session for session, at in record.created.items() if at < cut.at}
    delivered = {event for event, at in record.delivered.items() if at < cut.at}
    if acknowledged:
        assert cut.files is not None, "the data folder is gone"
        for name in KEPT:
            assert name in cut.files, f"{name} is gone"
            assert cut.files[name].decode() == record.kept[name], f"{name} is another one"
        doctor(folder)
    with closing(sqlite3.connect(folder / "gate.db")) as database:
        assert database.execute("pragma integrity_check").fetchall() == [("ok",)]
        tables = {name for (name,) in database.execute("select name from sqlite_master")}
        if "feeds" not in tables:
            assert not acknowledged
            return
        sessions = {id for (id,) in database.execute("select id from sessions")}
        assert acknowledged <= sessions, f"lost: {acknowledged - sessions}"
        events = dict(database.execute("select id, session_id from events"))
        announced = {session: event for event, session in events.items()}
        assert sessions == set(announced), "a session and its event are one"
        assert len(events) == len(announced)
        assert delivered <= set(events), f"delivered, and now unknown: {delivered - set(events)}"
        rows = database.execute("select event_id from deliveries").fetchall()
        assert Counter(event for (event,) in rows) == dict.fromkeys(events, 1)
        feeds: dict[tuple[str, str], list[int]] = {}
        for partner, mode, sequence in database.execute(
            "select partner_id, mode, sequence from events order by sequence"
        ):
            feeds.setdefault((partner, mode), []).append(sequence)
        lasts = {
            (partner, mode): last
            for partner, mode, last in database.execute(
                "select partner_id, mode, last_sequence from feeds"
            )
            if last
        }
        assert lasts == {feed: seen[-1] for feed, seen in feeds.items()}
        for feed, seen in feeds.items():
            assert seen == list(range(1, len(seen) + 1)), f"a gap in {feed}"


def found_wrong(record: Record, cut: Cut, place: Path) -> str | None:
    try:
        check(record, cut, place / "left")
    except (AssertionError, sqlite3.Error) as error:
        return f"{error}".splitlines()[0][:200]
    return None


def start_on(record: Record, cut: Cut, place: Path, receiver: Receiver) -> int:
    """A gateway on what is left delivers what was pending. Answers how much that was."""
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    put_down(cut, place / "data")
    with closing(sqlite3.connect(place / "data" / "gate.db")) as database:
        pending = [
            id
            for (id,) in database.execute(
                "select event_id from deliveries where status in ('pending', 'in_flight')"
            )
        ]
    put_down(cut, place / "data")  # looking at it has changed it
    before = receiver.arrived.qsize()
    with running(Gateway(place, options=["--webhook-url", receiver.url])) as gateway:
        assert gateway.ready["secret_key"] == record.secret_key
        api = Api(gateway.url, record.secret_key)
        until(lambda: receiver.arrived.qsize() - before >= len(pending), "what was pending comes")
        came = Counter(webhook.event["id"] for webhook in list(receiver.arrived.queue)[before:])
        assert came == dict.fromkeys(pending, 1), "that, and once"
        # A repeat of an acknowledged request makes nothing new.
        acknowledged = [session for session, at in record.created.items() if at < cut.at]
        again = api.post("gate_sessions", ORDER, key=record.idempotency_keys[acknowledged[-1]])
        assert again.ok(201)["id"] == acknowledged[-1]
        fresh = api.post("gate_sessions", ORDER, key="new").ok(201)["id"]
        until(
            lambda: (
                fresh in {hook.event["data"]["id"] for hook in list(receiver.arrived.queue)[before:]}
            ),
            "a new session is announced",
        )
    doctor(place / "data")
    return len(pending)


@pytest.fixture(scope="module")
def recorded(request: pytest.FixtureRequest) -> Any:
    if ONE:
        place = Path(ONE.rpartition(":")[0])
        kept = Record(**json.loads((place / "record.json").read_text()))
    else:
        # Not pytest's own folder: that is gone after three runs, and a failure is looked at longer.
        place = Path(tempfile.mkdtemp(prefix="gate-power-cut-"))
        kept = record(place)
    yield place, kept, read_trace(place / "trace", Path(kept.folder))
    if not ONE and not request.session.testsfailed:
        shutil.rmtree(place)


def test_a_power_cut_takes_nothing_that_was_acknowledged(recorded: Any, tmp_path: Path) -> None:
    place, kept, steps = recorded
    # The record has what is dangerous: a log that begins anew while a checkpoint goes on.
    log = f"{kept.folder}/gate.db-wal"
    heads = [it for it in steps if (it.call, it.path, it.offset) == ("write", log, 0) and it.begins]
    assert len(heads) > 3, "the log was begun again and again"
    seeds = [int(ONE.rpartition(":")[2])] if ONE else range(CUTS)
    failed: dict[int, str] = {}
    under_way: list[Cut] = []
    first, last = sorted(kept.created.values())[5], max(kept.created.values())
    for cut in cuts(steps, Path(kept.folder), seeds):
        if wrong := found_wrong(kept, cut, tmp_path):
            failed[cut.seed] = wrong
        if first < cut.at < last:
            under_way.append(cut)
    words = "\n".join(f"  seed {seed}: {why}" for seed, why in sorted(failed.items()))
    repeat = f"GATE_POWER_CUT={place}:{next(iter(failed), 0)}"
    assert not failed, f"{len(failed)} of {len(seeds)} cuts:\n{words}\none of them alone: {repeat}"

    receiver = Receiver()
    started = Random(CUTS).sample(under_way, min(STARTS, len(under_way)))
    pending = [start_on(kept, cut, tmp_path / "again", receiver) for cut in started]
    receiver.close()
    assert ONE or max(pending) > 0, "something was pending"


@pytest.mark.skipif(ONE is not None, reason="one cut alone")
@pytest.mark.parametrize("liar", ["gate.db-wal", "gate.db", ".", ".."])
def test_a_disk_that_lies_about_its_syncs_is_noticed(recorded: Any, tmp_path: Path, liar: str) -> None:
    _, kept, steps = recorded
    path = os.path.normpath(f"{kept.folder}/{liar}")
    seen = [found_wrong(kept, cut, tmp_path) for cut in cuts(steps, Path(kept.folder), range(30), path)]
    assert any(seen), "every sync of it is needed"
