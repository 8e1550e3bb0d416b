"""Runs a whole process against a stub server, and tells its rate, its CPU time, and how busy the server was."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import world
from benchmarks.comparing import Reading

PYTHON = sys.executable
TOP = Path(__file__).parents[1]
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stub:
    """A running stub server."""

    url: str
    pid: int

    @property
    def cpu(self) -> float:
        """Seconds of CPU that it has taken."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    @property
    def counts(self) -> dict[str, int]:
        """How many requests came, by method; this one is among them."""
        with urllib.request.urlopen(f"{self.url}/counts") as answer:  # noqa: S310 - our own server
            found: dict[str, int] = json.load(answer)
        return found


@contextmanager
def stub(one_in: int) -> Iterator[Stub]:
    """A stub server in a process of its own; of ``one_in`` users one is other than declared."""
    command = [sys.executable, "-m", "benchmarks.stub", "--one-in", str(one_in)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=TOP) as process:
        assert process.stdout is not None
        try:
            yield Stub(url=process.stdout.readline().strip(), pid=process.pid)
        finally:
            process.kill()


@contextmanager
def folder_of(url: str, users: int) -> Iterator[Path]:
    """A project's folder for so many users."""
    with tempfile.TemporaryDirectory(prefix="paragon-sync-bench-") as name:
        world.write_project(Path(name), url, users)
        yield Path(name)


def timed(command: Sequence[str | Path], users: int, server: Stub, *, codes: Sequence[int] = (0,)) -> Reading:
    """Run a command to its end: users a second over the whole process, start and end included."""
    served, before, began = server.cpu, resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, cwd=TOP, capture_output=True, text=True, check=False)
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in codes:
        sys.exit(f"{command} ended with {done.returncode}:\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    notes = {"CPU µs a user": cpu / users * 1e6, "server's share of a core": (server.cpu - served) / wall}
    return Reading(value=users / wall, unit="users/s", notes=notes)


def ours(*arguments: str | Path) -> list[str | Path]:
    """The command line of our own tool."""
    return [sys.executable, "-m", "paragon_sync", *arguments]
