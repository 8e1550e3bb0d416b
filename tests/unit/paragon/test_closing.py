"""What is left behind when a run is stopped in the middle of many requests: nothing."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Sequence
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from paragon_sync.errors import HostError
from paragon_sync.paragon.client import Client
from paragon_sync.paragon.rate import Limiter
from paragon_sync.paragon.signing.key import SigningKey
from paragon_sync.paragon.signing.signer import Signer
from paragon_sync.paragon.transport_httpx import HttpxTransport
from tests.unit.paragon.loopback import Act, ok, serving

KEY = SigningKey(rsa.generate_private_key(65537, 2048))
USERS = 100


def client_for(url: str) -> Client:
    return Client(
        HttpxTransport(concurrency=16),
        host=url,
        project="p-1",
        signer=Signer(KEY, "p-1"),
        limiter=Limiter(concurrency=16),
    )


async def ask(client: Client, user: str) -> None:
    await client.user(user).credentials()


async def cancelled(tasks: Sequence[asyncio.Task[None]], client: Client) -> None:
    """Everybody gives up, and then the client is closed."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await client.aclose()


async def closed(tasks: Sequence[asyncio.Task[None]], client: Client) -> None:
    """The client is closed under everybody."""
    await client.aclose()
    ends = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(end is None or isinstance(end, HostError) for end in ends)


def others() -> list[asyncio.Task[Any]]:
    """The tasks that are left, but for this one and the server's."""
    return [task for task in asyncio.all_tasks() - {asyncio.current_task()} if "serve" not in repr(task)]


@pytest.mark.parametrize("answered", [0, 20])
@pytest.mark.parametrize("stop", [cancelled, closed])
def test_nothing_is_left_of_what_was_stopped(stop, answered):
    reported: list[dict[str, Any]] = []

    async def run() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context))
        async with serving(*[Act(ok(b"[]"))] * answered, *[Act()] * USERS) as server:
            client = client_for(server.url)
            tasks = [asyncio.create_task(ask(client, f"user-{number}")) for number in range(USERS)]
            await server.asked(answered + 16)
            await stop(tasks, client)
        if left := others():  # a thread that signs a last token ends a little later
            await asyncio.wait(left, timeout=5)
        assert others() == []

    asyncio.run(run())
    gc.collect()  # pytest makes errors of what is never awaited, retrieved or closed
    assert reported == []
