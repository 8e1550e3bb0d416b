"""The floor: a bare loop over the tool's own transport that signs, asks and parses, and nothing else.

    python -m benchmarks.floor URL KEYFILE USERS CONCURRENCY plan|apply

``plan`` sends a GET for each user; ``apply`` a GET, a PATCH of what it read, and a GET.
"""

from __future__ import annotations

import asyncio
import sys
import time
from http import HTTPStatus
from pathlib import Path

import jwt
import msgspec
import uvloop
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from benchmarks import world
from paragon_sync.paragon.transport import HttpRequest, HttpResponse, Transport
from paragon_sync.paragon.transport_factory import make_transport

BATCH = 32
AHEAD = 16


class Floor:
    """The loop: tokens are signed in a thread, a batch at a time, some batches ahead."""

    def __init__(self, transport: Transport, url: str, key: bytes, users: int) -> None:
        self._transport = transport
        self._root = f"{url}/projects/{world.PROJECT}/sdk/credentials"
        self._key = load_pem_private_key(key, password=None)
        self._users = users
        self._tokens: asyncio.Queue[list[str] | None] = asyncio.Queue(AHEAD)

    async def run(self, concurrency: int, *, writes: bool) -> None:
        """Go through all users."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._sign(concurrency))
            for _ in range(concurrency):
                group.create_task(self._work(writes=writes))

    async def _sign(self, concurrency: int) -> None:
        for first in range(0, self._users, BATCH):
            names = [world.user_name(number) for number in range(first, min(first + BATCH, self._users))]
            await self._tokens.put(await asyncio.to_thread(self._batch, names))
        for _ in range(concurrency):
            await self._tokens.put(None)

    def _batch(self, names: list[str]) -> list[str]:
        issued = int(time.time()) - 30
        claims = {"iat": issued, "exp": issued + 3600, "aud": f"useparagon.com/{world.PROJECT}"}
        return [jwt.encode({"sub": name, **claims}, self._key, algorithm="RS256") for name in names]

    async def _work(self, *, writes: bool) -> None:
        waiting: list[str] = []
        while True:
            if not waiting:
                batch = await self._tokens.get()
                if batch is None:
                    return
                waiting = batch
            token = waiting.pop()
            await self._one(token, writes=writes)

    async def _one(self, token: str, *, writes: bool) -> None:
        headers = {"Accept": "application/json", "Authorization": f"Bearer {token}"}
        read = HttpRequest(method="GET", url=self._root, headers=headers)
        found = msgspec.json.decode((await self._send(read)).body)
        if not writes:
            return
        identity, entry = found[0]["id"], found[0]["configurations"][0]
        config = {name: entry[name] for name in ("sharedSettings", "workflowSettings", "configMeta")}
        config["sharedSettings"]["sync-interval"] = world.DECLARED_INTERVAL
        routing = {"X-Paragon-Credential": identity, "X-Paragon-Configuration-Id": entry["id"]}
        write = HttpRequest(
            method="PATCH",
            url=f"{self._root}/{identity}",
            headers={**headers, **routing, "Content-Type": "application/json"},
            body=msgspec.json.encode({"config": config}),
        )
        msgspec.json.decode((await self._send(write)).body)
        msgspec.json.decode((await self._send(read)).body)

    async def _send(self, request: HttpRequest) -> HttpResponse:
        response = await self._transport.send(request)
        assert response.status == HTTPStatus.OK
        return response


async def _main(url: str, key: bytes, users: int, concurrency: int, *, writes: bool) -> None:
    carrier = make_transport(url, concurrency)
    await Floor(carrier, url, key, users).run(concurrency, writes=writes)
    await carrier.aclose()


if __name__ == "__main__":
    server, key_file, many, at_once, kind = sys.argv[1:]
    uvloop.run(_main(server, Path(key_file).read_bytes(), int(many), int(at_once), writes=kind == "apply"))
