"""A server that answers from memory and takes next to nothing for it: what is measured is the client.

    python -m benchmarks.stub [--one-in 100]

Prints its URL. The user is taken from the token's ``sub`` without verifying anything. GET gives the user's credentials;
a PATCH is kept, so that what is read back is right; GET /counts tells how many requests came, by method.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import sys
from base64 import urlsafe_b64decode
from collections import Counter

import uvloop

from benchmarks import world

_SUBJECT = re.compile(rb'"sub": ?"user-(\d{7})"')
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: %d\r\n\r\n"


def compact(value: object) -> bytes:
    """As JavaScript writes it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


class World:
    """What the users look like; ``one_in`` users one differs from what is declared."""

    def __init__(self, one_in: int) -> None:
        self.counts: Counter[str] = Counter()
        self.catalog = compact(world.integrations())
        self._one_in = one_in
        self._written: dict[int, bytes] = {}
        # 1234567 occurs in a template wherever the user's number belongs; credentials count in twos
        first, whole = 1234567, compact(world.credentials(1234567, {"replaced": "here"}))
        for text, mark in ((b"%012d" % (2 * first), b"<1>"), (b"%012d" % (2 * first + 1), b"<2>")):
            whole = whole.replace(text, mark)
        self._parts = re.split(rb'(<1>|<2>|1234567|"replaced":"here")', whole)
        self._own = {
            interval: compact(world.config(first, interval))[1:-1].split(b"1234567")
            for interval in (world.DECLARED_INTERVAL, world.OTHER_INTERVAL)
        }

    def credentials(self, number: int) -> bytes:
        """The answer of GET /sdk/credentials for a user."""
        seven = b"%07d" % number
        config = self._written.get(number)
        if config is None:
            differs = self._one_in and number % self._one_in == 0
            config = seven.join(self._own[world.OTHER_INTERVAL if differs else world.DECLARED_INTERVAL])
        values = {b"<1>": b"%012d" % (2 * number), b"<2>": b"%012d" % (2 * number + 1), b"1234567": seven}
        values[b'"replaced":"here"'] = config
        parts = self._parts.copy()
        parts[1::2] = [values[part] for part in parts[1::2]]
        return b"".join(parts)

    def patch(self, number: int, body: bytes) -> bytes:
        """Keep what was written, and answer with the credential."""
        if not body.startswith(b'{"config":{') or not body.endswith(b"}}"):
            sys.exit(f"a PATCH that is none: {body[:80]!r}")
        self._written[number] = body[11:-2]
        return self.credentials(number)[1:].partition(b',{"id"')[0]


class Connection(asyncio.Protocol):
    """One connection; requests come one at a time, perhaps in pieces."""

    def __init__(self, served: World) -> None:
        self._world = served
        self._buffer = b""

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Keep where to write to."""
        self._write = transport.write

    def data_received(self, data: bytes) -> None:
        """Answer every request that is whole."""
        data = self._buffer + data if self._buffer else data
        while (end := data.find(b"\r\n\r\n")) >= 0:
            head, length = data[:end], 0
            if not data.startswith(b"GET"):
                length = int(re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)[1])
            if len(data) < end + 4 + length:
                break
            self._answer(head, data[end + 4 : end + 4 + length])
            data = data[end + 4 + length :]
        self._buffer = data

    def _answer(self, head: bytes, body: bytes) -> None:
        method = head[: head.index(b" ")]
        path = head[len(method) + 1 : head.index(b" ", len(method) + 1)]
        self._world.counts[method.decode()] += 1
        if path.endswith(b"/sdk/integrations"):
            answer = self._world.catalog
        elif path == b"/counts":
            answer = compact(self._world.counts)
        else:
            number = _number(head)
            answer = self._world.patch(number, body) if method == b"PATCH" else self._world.credentials(number)
        self._write(_HEAD % len(answer) + answer)


def _number(head: bytes) -> int:
    """Whose token it is."""
    start = head.find(b".", head.index(b"earer ")) + 1
    claims = urlsafe_b64decode(head[start : head.index(b".", start)] + b"==")
    found = _SUBJECT.search(claims)
    if found is None:
        sys.exit(f"a token for nobody: {claims!r}")
    return int(found[1])


async def _serve(one_in: int) -> None:
    served = World(one_in)
    server = await asyncio.get_running_loop().create_server(lambda: Connection(served), "127.0.0.1", 0)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--one-in", type=int, default=100)
    uvloop.run(_serve(parser.parse_args().one_in))
