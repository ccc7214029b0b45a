"""The program under faults of faults.c: its changes to files are recorded, it is killed, or its clock jumps."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from server.launch import own_command

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping

HERE = Path(__file__).parent

# Seconds: longer than any answer takes, so that a hang fails the test.
PATIENCE = 60

KILLED = -9

HELLO: list[dict[str, Any]] = [
    {
        "jsonrpc": "2.0",
        "id": "hello",
        "method": "initialize",
        "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}},
    },
    {"jsonrpc": "2.0", "method": "notifications/initialized"},
]


def missing() -> str:
    """Return why faults can't be made here, or an empty string."""
    if sys.platform != "linux":
        return "LD_PRELOAD faults need Linux"
    return "" if shutil.which("cc") else "faults.c needs a C compiler (cc)"


@contextmanager
def programs() -> Generator[Program]:
    """Compile the library and start the process that runs the program."""
    with tempfile.TemporaryDirectory() as name:
        library = Path(name) / "faults.so"
        compiler = ["cc", "-shared", "-fPIC", "-O1", "-o", str(library), str(HERE / "faults.c"), "-ldl", "-lpthread"]
        subprocess.run(compiler, check=True)
        environment = os.environ | {"LD_PRELOAD": str(library)}
        command = [sys.executable, str(HERE / "forker.py")]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=environment) as process:
            assert process.stdout
            assert process.stdout.readline() == "ready\n"
            yield Program(process, Path(name))


@dataclass
class Faults:
    """Faults of one run: record changes to the files in `folder` in `log`, kill at the n-th, shift the clock."""

    folder: Path
    log: Path | None = None
    kill_at: int = 0
    clock: Path | None = None


@dataclass
class Done:
    status: int
    out: str
    err: str


class Program:
    """Starts runs of the program, each in a process of its own."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        self._process = process
        self._folder = folder
        self._lock = threading.Lock()
        self._count = 0

    def run(self, *arguments: object, faults: Faults | None = None) -> Done:
        """Run a command of the program to its end."""
        names = self._names("out", "err")
        pid = self._start([*own_command()[1:], *map(str, arguments)], faults, "/dev/null", *names)
        status = self.wait(pid)
        return Done(status, *(Path(name).read_text(encoding="utf-8") for name in names))

    @contextmanager
    def serve(self, path: Path, *options: object, faults: Faults | None = None) -> Generator[Pipe]:
        """Serve the file over stdio; the server is stopped at the end of the block if it still runs."""
        with self.talk([*own_command()[1:], "serve", "--db", str(path), *map(str, options)], faults) as pipe:
            yield pipe

    @contextmanager
    def serve_http(self, path: Path, *options: object, faults: Faults | None = None) -> Generator[Pipe]:
        """Serve the file over HTTP; `port` of the pipe is set once it listens, or None if the server died before."""
        arguments = ["serve", "--db", str(path), "--http", "127.0.0.1:0", *map(str, options)]
        with self.talk([*own_command()[1:], *arguments], faults, listen="stderr") as pipe:
            for line in pipe.lines():
                if "serving http" in line:
                    pipe.port = int(line.split("127.0.0.1:")[1].split("/")[0])
                    break
            yield pipe

    @contextmanager
    def talk(self, arguments: list[str], faults: Faults | None, listen: str = "stdout") -> Generator[Pipe]:
        """Run a script with a pipe to its stdin and one from its stdout or stderr."""
        to, out, other = self._names("in", "out", "other")
        os.mkfifo(to)
        os.mkfifo(out)
        pid = self._start(arguments, faults, to, *((out, other) if listen == "stdout" else (other, out)))
        pipe = Pipe(self, pid, os.open(to, os.O_WRONLY), os.open(out, os.O_RDONLY), Path(other))
        try:
            yield pipe
        finally:
            pipe.close()

    def wait(self, pid: int) -> int:
        """Return the exit status of a process that ends."""
        return self._ask({"wait": pid})["status"]

    def _start(self, arguments: list[str], faults: Faults | None, stdin: str, stdout: str, stderr: str) -> int:
        faults = faults or Faults(Path("/"))
        log = faults.log or (Path(self._names("log")[0]) if faults.kill_at else None)
        return self._ask(
            {
                "arguments": arguments,
                "folder": str(faults.folder),
                "log": str(log or ""),
                "kill_at": faults.kill_at,
                "clock": str(faults.clock or ""),
                "stdin": stdin,
                "stdout": stdout,
                "stderr": stderr,
            }
        )["pid"]

    def _names(self, *kinds: str) -> list[str]:
        with self._lock:
            self._count += 1
            return [str(self._folder / f"{self._count}.{kind}") for kind in kinds]

    def _ask(self, asked: dict[str, Any]) -> Mapping[str, Any]:
        with self._lock:
            assert self._process.stdin
            assert self._process.stdout
            self._process.stdin.write(json.dumps(asked) + "\n")
            self._process.stdin.flush()
            return json.loads(self._process.stdout.readline())


class Pipe:
    """A conversation with one process, by lines."""

    def __init__(self, program: Program, pid: int, to: int, out: int, other: Path) -> None:
        self.pid = pid
        self.port: int | None = None
        self.said = other
        self._program = program
        self._to = to
        self._out = out
        self._rest = b""
        self._status: int | None = None

    def send(self, *messages: object) -> None:
        """Send messages as lines; those in bytes unchanged. A process that has ended gets nothing."""
        lines = [one if isinstance(one, bytes) else json.dumps(one).encode() for one in messages]
        try:
            rest = b"".join(line + b"\n" for line in lines)
            while rest:
                rest = rest[os.write(self._to, rest) :]
        except BrokenPipeError:
            pass

    def line(self) -> str | None:
        """Return the next line, or None at the end."""
        while b"\n" not in self._rest:
            ready, _, _ = select.select([self._out], [], [], PATIENCE)
            assert ready, "no answer"
            chunk = os.read(self._out, 65_536)
            if not chunk:
                return None
            self._rest += chunk
        line, _, self._rest = self._rest.partition(b"\n")
        return line.decode()

    def has_line(self, seconds: float) -> bool:
        """Return True if something arrives within this time."""
        return b"\n" in self._rest or bool(select.select([self._out], [], [], seconds)[0])

    def lines(self) -> Iterator[str]:
        while (line := self.line()) is not None:
            yield line

    def greet(self) -> bool:
        """Initialize an MCP server; False if it has died."""
        self.send(*HELLO)
        return self.line() is not None

    def ask(self, message: dict[str, Any]) -> dict[str, Any] | None:
        """Send one message and return its answer; None if the server dies first."""
        self.send(message)
        for line in self.lines():
            answer = json.loads(line)
            if answer.get("id") == message["id"]:
                return answer
        return None

    def wait(self) -> int:
        """Return the exit status of the process, which must end by itself."""
        if self._status is None:
            in_time = self.ends_within(PATIENCE)
            if not in_time:
                os.kill(self.pid, signal.SIGKILL)
            self._status = self._program.wait(self.pid)
            assert in_time, "the process did not end"
        return self._status

    def close(self) -> int:
        """End the input, wait for the end of the process, and return its exit status."""
        self.end_input()
        if self._status is None and self.port is not None:
            os.kill(self.pid, signal.SIGTERM)
        status = self.wait()
        self.hang_up()
        return status

    def hang_up(self) -> None:
        """Close both pipes, as a client that vanishes."""
        self.end_input()
        if self._out >= 0:
            os.close(self._out)
            self._out = -1

    def ends_within(self, seconds: float) -> bool:
        """Return True if the process ends by itself within this time."""
        handle = os.pidfd_open(self.pid)
        try:
            return bool(select.select([handle], [], [], seconds)[0])
        finally:
            os.close(handle)

    def end_input(self) -> None:
        if self._to >= 0:
            os.close(self._to)
            self._to = -1


def changes(log: Path) -> int:
    """Return the number of changes that a run made to files, which is the range of `kill_at`."""
    return sum(1 for record in read_log(log) if record.kind != ACKNOWLEDGED)


HEAD = struct.Struct("<BHHQqI")

ACKNOWLEDGED = "a"


@dataclass(frozen=True)
class Record:
    """One change of a file, or a call that was acknowledged after all changes before it (`path` is its key)."""

    kind: str
    path: str
    other: str
    inode: int
    offset: int
    data: bytes


def acknowledge(log: Path, key: str) -> None:
    """Note in the log that the call was acknowledged."""
    name = key.encode()
    file = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(file, HEAD.pack(ord(ACKNOWLEDGED), len(name), 0, 0, 0, 0) + name)
    os.close(file)


def read_log(log: Path) -> Iterator[Record]:
    """Yield the records, without one that a kill cut off."""
    text = log.read_bytes() if log.exists() else b""
    at = 0
    while at + HEAD.size <= len(text):
        kind, path_length, other_length, inode, offset, length = HEAD.unpack_from(text, at)
        path_at = at + HEAD.size
        other_at = path_at + path_length
        data_at = other_at + other_length
        at = data_at + length
        if at > len(text):
            return
        path, other = text[path_at:other_at].decode(), text[other_at:data_at].decode()
        yield Record(chr(kind), path, other, inode, offset, text[data_at:at])
