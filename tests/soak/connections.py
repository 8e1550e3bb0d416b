"""Which of several processes sent a request: known by the ports that its connections come from (Linux)."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from paragon_sync.emulator import Emulator, Write
from paragon_sync.emulator.passage import PASSAGE

INTERVAL_SECONDS: Final = 0.01
ESTABLISHED: Final = "01"


@dataclass(kw_only=True)
class Connections:
    """The local ports of processes' connections, kept after the processes have ended."""

    ports: dict[str, set[int]] = field(default_factory=dict)
    _processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def watch(self, name: str, process: subprocess.Popen[bytes]) -> None:
        """Note the ports of a process from now on."""
        self.ports[name] = set()
        self._processes[name] = process

    def look(self) -> None:
        """Note the ports that the processes have now."""
        by_inode = _ports_by_inode()
        for name, process in list(self._processes.items()):
            self.ports[name] |= {by_inode[inode] for inode in _sockets(process.pid) if inode in by_inode}

    def sender(self, write: Write, emulator: Emulator) -> str:
        """Return the name of the process that sent a write."""
        port = next(
            scope["client"][1] for scope, _ in emulator.site.recorder._requests if scope[PASSAGE] is write.passage
        )
        names = [name for name, ports in self.ports.items() if port in ports]
        assert len(names) == 1, f"port {port} is one of {names}: it is not known who sent {write.to_json()}"
        return names[0]


@contextmanager
def watching() -> Iterator[Connections]:
    """Look at the processes' connections a hundred times a second."""
    connections, ended = Connections(), threading.Event()

    def look() -> None:
        while not ended.wait(INTERVAL_SECONDS):
            connections.look()

    thread = threading.Thread(target=look, name="connections", daemon=True)
    thread.start()
    try:
        yield connections
    finally:
        ended.set()
        thread.join()


def _sockets(pid: int) -> Iterator[str]:
    """The inodes of a process's sockets; none once it has ended."""
    with suppress(OSError):
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                kind, _, inode = str(descriptor.readlink()).partition(":")
                if kind == "socket":
                    yield inode.strip("[]")


def _ports_by_inode() -> dict[str, int]:
    lines = Path("/proc/net/tcp").read_text("ascii").splitlines()[1:]
    rows = [line.split() for line in lines]
    return {row[9]: int(row[1].rpartition(":")[2], 16) for row in rows if row[3] == ESTABLISHED}
