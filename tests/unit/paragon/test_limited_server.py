"""A client that knows no limit keeps to the server's: it is seldom refused, and hardly slower. In virtual time.

``python -m benchmarks.adaptive_rate`` measures the same over real connections.
"""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from functools import cache

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from paragon_sync.errors import RefusedError
from paragon_sync.paragon.client import Client
from paragon_sync.paragon.rate import Limiter
from paragon_sync.paragon.retry import Retrying
from paragon_sync.paragon.signing.key import SigningKey
from paragon_sync.paragon.signing.signer import Signer
from paragon_sync.paragon.transport import Headers, HttpRequest, HttpResponse
from tests.unit.paragon.servers import Course, Server, TokenBucket, Windows
from tests.virtual_time import run_virtual

GRACE_SECONDS = 10
"""In which the limit may be found out."""
EPOCH = 1_800_000_000.0
USERS = 64

KINDS = {
    "windows": Windows,
    "bucket": lambda limit, retry_after: TokenBucket(limit, 1, retry_after),
}


class SimulatedTransport:
    """Asks a simulated server, 20 ms away; keeps when it answered what."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.served: list[float] = []
        self.refused: list[float] = []
        self._chance = random.Random(1)

    async def send(self, request: HttpRequest) -> HttpResponse:
        assert request.method == "GET"
        loop = asyncio.get_running_loop()
        way = 0.02 * self._chance.lognormvariate(0, 0.3) / 2
        await asyncio.sleep(way)
        answer, now = self.server.ask(loop.time()), loop.time()
        (self.refused if answer.refused else self.served).append(now)
        await asyncio.sleep(answer.delay + way)
        if not answer.refused:
            return HttpResponse(status=200, body=b"[]")
        headers = {} if answer.retry_after is None else {"Retry-After": str(answer.retry_after)}
        return HttpResponse(status=429, headers=Headers(headers.items()))

    async def aclose(self) -> None:
        pass


@cache
def key() -> SigningKey:
    return SigningKey(rsa.generate_private_key(65537, 2048))


def ask(server: Server, *, seconds: float, rate: float | None = None) -> Course:
    """Read users side by side, as planning does, through a client whose clocks are the loop's."""

    async def run() -> Course:
        clock = asyncio.get_running_loop().time
        transport = SimulatedTransport(server)
        client = Client(
            transport,
            host="http://127.0.0.1",
            project="p",
            signer=Signer(key(), "p", clock=lambda: EPOCH + clock()),
            limiter=Limiter(concurrency=16, rate=rate, clock=clock),
            retrying=Retrying(chance=random.Random(1).random, clock=clock),
            monotonic=clock,
        )

        async def read(user: str) -> None:
            session = client.user(user)
            while clock() < seconds:
                with suppress(RefusedError):  # refused too often: the next read is another one
                    await session.credentials()

        await asyncio.gather(*(read(f"user-{number}") for number in range(USERS)))
        await client.aclose()
        return Course(served=transport.served, refused=transport.refused, pace=client.pace)

    return run_virtual(run())


@pytest.mark.parametrize("kind", KINDS)
def test_a_limit_of_50_a_second_is_kept_to(kind):
    course = ask(KINDS[kind](50, None), seconds=70)
    assert course.refused_share(GRACE_SECONDS, 70) <= 0.02
    assert course.rate(GRACE_SECONDS, 70) >= 0.9 * 50


@pytest.mark.parametrize("kind", KINDS)
def test_a_pause_that_the_server_asks_for_is_kept_and_seldom_asked_for(kind):
    course = ask(KINDS[kind](50, 1), seconds=120)
    assert course.refused_share(GRACE_SECONDS, 120) <= 0.005
    assert course.rate(30, 120) >= 0.9 * 50
    # what is on its way when a pause begins arrives within 0.1 s; nothing else is sent during it
    asked = sorted((*course.served, *course.refused))
    early = [(moment, other) for moment in course.refused for other in asked if moment + 0.1 < other < moment + 1]
    assert early == []
    assert course.pace.paused >= 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_cap_below_the_limit_is_kept_without_a_refusal(kind):
    course = ask(KINDS[kind](50, None), seconds=20, rate=30)
    assert course.refused == []
    assert course.rate(0, 20) == pytest.approx(30, rel=0.02)


def test_every_run_is_the_same():
    first, second = (ask(Windows(50), seconds=5) for _ in range(2))
    assert (first.served, first.refused) == (second.served, second.refused)
