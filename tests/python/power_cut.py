"""What a disk may hold after a power cut, worked out from the calls that a program made.

`strace` records what the gateway writes, syncs, makes and removes in its data folder. A cut may be at
any of these calls. Certain then is only what was synced: the bytes of a file by an fsync of it, the
name of a file by an fsync of the folder around it. Of what came after that, any part may be there:
nothing, everything, some of the writes with the last one torn, or some of the 512-byte sectors. A
name keeps to the order of its own changes. This is less than file systems in use promise.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

SECTOR = 512
#: How many of the first and the last steps are cut more often.
END = 500
#: Every call that can change what a disk holds. The model stops at those that it does not know.
CALLS = (
    "pwrite64,pwritev,pwritev2,write,writev,fdatasync,fsync,sync_file_range,fallocate,ftruncate,truncate,"
    "unlink,unlinkat,rename,renameat,renameat2,link,linkat,mkdir,mkdirat,openat"
)
BY_HANDLE = ("pwritev", "pwritev2", "writev", "sync_file_range", "fallocate")
_LINE = re.compile(rb"(\d+) +(\d+\.\d+) (.*)", re.DOTALL)
_CALL = re.compile(rb"(\w+)\((.*)\) += (-?\d+)", re.DOTALL)
_STRING = re.compile(rb'"([^"]*)"(\.\.\.)?')
_PATH = re.compile(rb"<([^>]*)>")


def tracing(trace: Path) -> list[str]:
    """The program that runs another one and records its calls."""
    options = ["-f", "--seccomp-bpf", "-ttt", "-y", "-xx", "-s", "4194304", "-e", f"trace={CALLS}"]
    return ["strace", *options, "-e", "signal=none", "-qq", "-o", str(trace)]


@dataclass
class Step:
    """A call begins, or it has ended. Most do both at once."""

    at: float  # when it began
    call: str
    thread: int
    path: str
    second: str = ""  # the new name of a rename or a link
    data: bytes = b""
    offset: int | None = None
    begins: bool = True
    ends: bool = True


def read_trace(trace: Path, folder: Path) -> list[Step]:
    """The calls on the folder and what is in it, in their order."""
    steps: list[Step] = []
    begun: dict[int, bytes] = {}
    inside = (f"{folder}", f"{folder}/", f"{folder.parent}")
    with trace.open("rb") as lines:
        for line in lines:
            found = _LINE.match(line.rstrip(b"\n"))
            assert found, line[:200]
            thread, at, text = int(found[1]), float(found[2]), found[3]
            if text.startswith(b"+++"):
                continue
            begins = ends = True
            if text.endswith(b"<unfinished ...>"):
                text = text.removesuffix(b"<unfinished ...>")
                begun[thread] = text
                # How it ends is not known yet, and does not matter for what may be on the disk.
                text, ends = text.rstrip().rstrip(b",").removesuffix(b")") + b") = 0", False
            elif text.startswith(b"<... "):
                text = begun.pop(thread) + text.split(b" resumed>", 1)[1]
                begins = False
            step = _read_call(text, at, thread, inside)
            if step:
                step.begins, step.ends = begins, ends
                steps.append(step)
    return steps


def _read_call(text: bytes, at: float, thread: int, inside: tuple[str, str, str]) -> Step | None:
    found = _CALL.match(text)
    if not found or int(found[3]) < 0:
        assert found or b"= ?" in text or b"exit" in text, text[:200]
        return None
    call, arguments, answer = found[1].decode(), found[2], int(found[3])
    if call in ("pwrite64", "write"):
        # A write to something else, such as a socket, is most of what is written.
        path = _text(_PATH.search(arguments))
        if not path.startswith(inside[1]):
            return None
        data = _STRING.search(arguments)
        assert data and not data[2], f"the record of a write is cut off: {text[:200]!r}"
        offset = int(arguments.rsplit(b",", 1)[1]) if call == "pwrite64" else None
        step = Step(at, "write", thread, path, data=_bytes(data[1]), offset=offset)
        assert answer in (0, len(step.data)), f"a short write: {text[-80:]!r}"
        return step
    if call in ("fsync", "fdatasync", "ftruncate"):
        path = _text(_PATH.search(arguments))
        offset = int(arguments.rsplit(b",", 1)[1]) if call == "ftruncate" else None
        step = Step(at, "cut" if offset is not None else "sync", thread, path, offset=offset)
    elif call in BY_HANDLE:
        step = Step(at, call, thread, _text(_PATH.search(arguments)))
    else:
        names = [_bytes(name[1]).decode(errors="replace") for name in _STRING.finditer(arguments)]
        if call == "openat":
            if b"O_CREAT" not in arguments:
                return None
            call = "make over" if b"O_TRUNC" in arguments else "make"
        call = {"mkdir": "make folder", "mkdirat": "make folder"}.get(call, call)
        call = call.removesuffix("at2").removesuffix("at")
        step = Step(at, call, thread, *names[:2])
    # The folder above counts for syncs only: they make the folder's own name certain.
    if not (step.path.startswith(inside[1]) or step.path in (inside[0], inside[2])):
        return None
    known = {"make", "make over", "make folder", "sync", "cut", "unlink", "rename", "link"}
    assert step.call in known, f"this model does not know {text[:200]!r}"
    return step


def _bytes(text: bytes) -> bytes:
    return bytes.fromhex(text.replace(rb"\x", b"").decode())


def _text(found: re.Match[bytes] | None) -> str:
    assert found
    return _bytes(found[1]).decode(errors="replace") if found[1].startswith(rb"\x") else ""


@dataclass
class Change:
    """What a call did to a file's bytes: a write, or a cut to a length."""

    data: bytes
    offset: int
    is_cut: bool = False
    done: bool = False


@dataclass
class File:
    synced: bytearray = field(default_factory=bytearray)
    since: list[Change] = field(default_factory=list)
    length: int = 0  # as programs see it

    def sync(self, changes: list[Change]) -> None:
        certain = {id(change) for change in changes}
        for change in self.since:
            if id(change) in certain:
                _apply(self.synced, change)
        self.since = [change for change in self.since if id(change) not in certain]

    def after_a_cut(self, random: Random) -> bytes:
        """Some state that the disk may be in."""
        content = bytearray(self.synced)
        for change in _some(self.since, random):
            _apply(content, change)
        return bytes(content)


def _is_in(name: str, folder: str) -> bool:
    return os.path.dirname(name) == folder


def _apply(content: bytearray, change: Change) -> None:
    if change.is_cut:
        del content[change.offset :]
        content.extend(bytes(change.offset - len(content)))
        return
    content.extend(bytes(max(0, change.offset - len(content))))
    content[change.offset : change.offset + len(change.data)] = change.data


def _some(changes: list[Change], random: Random) -> list[Change]:
    how = random.choice(["nothing", "everything", "first ones", "some", "some sectors"])
    if how == "nothing":
        return []
    if how == "everything":
        return changes
    if how == "some sectors":
        return [sector for it in changes for sector in _sectors(it) if random.random() < 0.5]
    if how == "first ones":
        kept = changes[: random.randint(0, len(changes))]
    else:
        kept = [it for it in changes if random.random() < 0.7]
    if kept and not kept[-1].is_cut and random.random() < 0.7:
        sectors = _sectors(kept[-1])
        kept = kept[:-1] + sectors[: random.randint(0, len(sectors))]
    return kept


def _sectors(change: Change) -> list[Change]:
    if change.is_cut:
        return [change]
    sectors, at, end = [], change.offset, change.offset + len(change.data)
    while at < end:
        upto = min(end, (at // SECTOR + 1) * SECTOR)
        sectors.append(Change(change.data[at - change.offset : upto - change.offset], at))
        at = upto
    return sectors


class Disk:
    """The folder as programs see it, and what of it is certain to outlive a cut."""

    def __init__(self, folder: Path) -> None:
        self.folder = str(folder)
        self.names: dict[str, File | None] = {}  # None is a folder
        #: What each name has stood for, one change after the other; the first is certain.
        self.pasts: dict[str, list[File | str | None]] = {}
        self._syncs: dict[int, tuple[File, list[Change]] | dict[str, int]] = {}
        self._writes: dict[int, Change] = {}

    def see(self, step: Step) -> None:
        if step.call in ("write", "cut"):
            self._change(step)
        elif step.call == "sync":
            self._sync(step)
        elif step.ends:  # a name's change that has not ended is as one that has not begun
            self._rename(step)

    def _change(self, step: Step) -> None:
        if step.begins:
            file = self.names.get(step.path)
            if file is None:
                return  # it has no name any more
            offset = file.length if step.offset is None else step.offset
            change = Change(step.data, offset, is_cut=step.call == "cut")
            file.since.append(change)
            end = offset + len(step.data)
            file.length = offset if change.is_cut else max(file.length, end)
            self._writes[step.thread] = change
        if step.ends and step.thread in self._writes:
            self._writes.pop(step.thread).done = True

    def _sync(self, step: Step) -> None:
        if step.begins:
            file = self.names.get(step.path)
            # Only what was there when it began.
            if file is None:
                inside = {name: past for name, past in self.pasts.items() if _is_in(name, step.path)}
                self._syncs[step.thread] = {name: len(past) for name, past in inside.items()}
            else:
                self._syncs[step.thread] = (file, [it for it in file.since if it.done])
        if not step.ends or step.thread not in self._syncs:
            return
        match self._syncs.pop(step.thread):
            case (file, changes):
                file.sync(changes)
            case names:
                for name, length in names.items():
                    del self.pasts[name][: length - 1]

    def _rename(self, step: Step) -> None:
        match step.call:
            case "make" | "make over":
                file = self.names.get(step.path)
                if file is None:
                    self._name(step.path, File())
                elif step.call == "make over":
                    file.since.append(Change(b"", 0, is_cut=True, done=True))
                    file.length = 0
            case "make folder":
                self._name(step.path, None)
            case "unlink":
                self._forget(step.path)
            case "link":
                self._name(step.second, self.names[step.path])
            case "rename":
                self._name(step.second, self.names[step.path])
                self._forget(step.path)

    def _name(self, name: str, file: File | None) -> None:
        self.names[name] = file
        self.pasts.setdefault(name, ["missing"]).append(file)

    def _forget(self, name: str) -> None:
        self.names.pop(name, None)
        self.pasts.setdefault(name, ["missing"]).append("missing")

    def after_a_cut(self, random: Random) -> dict[str, bytes] | None:
        """The files of some state that the folder may be in; none when the folder itself is gone."""
        there = {}
        for name, past in self.pasts.items():
            file = random.choice([past[0], past[-1], random.choice(past)])
            if name == self.folder and file == "missing":
                return None
            if isinstance(file, File):
                there[os.path.basename(name)] = file.after_a_cut(random)
        return there


@dataclass
class Cut:
    seed: int
    place: int  # how many steps were seen
    at: float  # the first step that was not
    files: dict[str, bytes] | None


def cuts(
    steps: list[Step], folder: Path, seeds: Iterable[int], never_synced: str | None = None
) -> Iterator[Cut]:
    """A cut for each seed, in the order of their places. One path's syncs can be without effect, as on
    a disk that lies."""
    wanted = []
    for seed in seeds:
        random = Random(seed)
        # The start and the stop are short, and not like the rest.
        first, last = random.choice([(1, END), (-END, -1), *[(1, -1)] * 6])
        place = random.randint(*(at % len(steps) for at in (first, last)))
        wanted.append((place, seed, random))
    wanted.sort(key=lambda it: it[:2])
    disk, seen = Disk(folder), 0
    for place, seed, random in wanted:
        for step in steps[seen:place]:
            if step.call != "sync" or step.path != never_synced:
                disk.see(step)
        seen = place
        yield Cut(seed, place, steps[place].at, disk.after_a_cut(random))
