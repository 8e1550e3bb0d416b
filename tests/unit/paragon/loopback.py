"""A server on loopback that answers with bytes written down beforehand, to see what a transport makes of them."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Act:
    """What happens after a request came: bytes, then silence (the connection stays) or the end of the connection."""

    reply: bytes = b""
    close: bool = False
    reset: bool = False


@dataclass
class Loopback:
    """A running server: where it is, what it was sent, and over how many connections."""

    url: str
    acts: list[Act]
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0
    greeting: bytes = b""
    _arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def asked(self, times: int) -> None:
        """Wait until so many requests have come."""
        while len(self.requests) < times:
            self._arrived.clear()
            await self._arrived.wait()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        writer.write(self.greeting)
        try:
            while True:
                self.requests.append(await _read_request(reader))
                self._arrived.set()
                act = self.acts.pop(0)
                writer.write(act.reply)
                await writer.drain()
                if act.reset:
                    writer.transport.abort()
                if act.close or act.reset:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def serving(*acts: Act, greeting: bytes = b"", tls: ssl.SSLContext | None = None) -> AsyncIterator[Loopback]:
    """A server that does one act for each request; ``greeting`` is sent before any came."""
    state = Loopback(url="", acts=list(acts), greeting=greeting)
    server = await asyncio.start_server(state.serve, "127.0.0.1", 0, ssl=tls)
    scheme = "https" if tls else "http"
    state.url = f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield state
    finally:
        server.close()
        await asyncio.sleep(0)


def server_context(certificate: Path) -> ssl.SSLContext:
    """TLS with the certificate and key of one file."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    return context


def ok(
    body: bytes = b"{}", headers: Sequence[str] = ("Content-Type: application/json",), status: str = "200 OK"
) -> bytes:
    """A whole answer that keeps the connection."""
    head = "\r\n".join([f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers])
    return head.encode("latin-1") + b"\r\n\r\n" + body


async def _read_request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    lengths = [line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return head + await reader.readexactly(int(lengths[0]) if lengths else 0)
