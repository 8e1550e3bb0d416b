"""An address on loopback that stays the same while what answers there changes.

A plan is applied at the host that it was made for. A test that puts a server in front of the emulator after planning
needs the same address for both.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from typing import Self

_CHUNK_BYTES = 65_536
_open: dict[str, Gate] = {}


class Gate:
    """Passes each new connection on to ``port``; connections that exist stay where they are."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.url = ""
        self._ready, self._ended = threading.Event(), asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._connections: set[asyncio.Task[None] | None] = set()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="gate", daemon=True)

    @contextlib.contextmanager
    def leading_to(self, port: int) -> Iterator[None]:
        """Pass new connections on to another port as long as the block lasts."""
        before, self.port = self.port, port
        try:
            yield
        finally:
            self.port = before

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(timeout=10)
        _open[self.url] = self
        return self

    def __exit__(self, *_: object) -> None:
        _open.pop(self.url, None)
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join(timeout=10)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        server = await asyncio.start_server(self._pass_on, "127.0.0.1", 0, backlog=1024)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self._ready.set()
        await self._ended.wait()  # what is left is cancelled with the loop
        server.close()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        to: asyncio.StreamWriter | None = None
        self._connections.add(task := asyncio.current_task())  # a stream holds its task weakly: it would be collected
        try:
            answers, to = await asyncio.open_connection("127.0.0.1", self.port)
            await asyncio.gather(_copy(reader, to), _copy(answers, writer))
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            for end in (writer, to):
                if end is not None:
                    end.transport.abort()
            self._connections.discard(task)


def gate_at(url: str) -> Gate | None:
    """Return the gate that is open at a URL."""
    return _open.get(url)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copy one direction until its end, and close the other side's then."""
    while chunk := await reader.read(_CHUNK_BYTES):
        writer.write(chunk)
        await writer.drain()
    writer.write_eof()
