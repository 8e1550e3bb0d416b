"""How well a client with nothing configured keeps to a limit that it isn't told, over real connections on loopback.

    python -m benchmarks.adaptive_rate [--limit 50] [--seconds 40] [--concurrency 16] [--kind windows] [--retry-after 1]
    python -m benchmarks.adaptive_rate --cost

The server answers 429 to what is above so many requests a second: counted in windows of a second, or with a bucket that
holds what a second allows. What counts is the share of requests refused, and the rate, after the first 10 seconds.

``--cost`` tells what a turn in the limiter costs, with and without what it learns from answers.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric import rsa

from paragon_sync.errors import ApiError
from paragon_sync.paragon.client import Client
from paragon_sync.paragon.controller import Controller
from paragon_sync.paragon.rate import Limiter
from paragon_sync.paragon.signing.key import SigningKey
from paragon_sync.paragon.signing.signer import Signer
from paragon_sync.paragon.transport_httpx import HttpxTransport

GRACE = 10.0
"""Seconds in which the limit may be found out."""
MOST_REFUSED = 0.02
LEAST_RATE = 0.9


@dataclass(kw_only=True)
class LimitedServer:
    """Answers ``limit`` requests a second with an empty list, and refuses the rest; keeps when it did which."""

    limit: int = 50
    kind: str = "windows"
    retry_after: int | None = None
    url: str = ""
    answers: list[tuple[float, bool]] = field(default_factory=list)
    _started: float = field(default_factory=time.monotonic)
    _left: float = 0.0
    _latest: float = -1.0

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Listen on loopback."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield
        finally:
            server.close()

    def refused(self, since: float) -> float:
        """The share of requests that were refused from a moment on, in seconds since the first."""
        answers = [allowed for moment, allowed in self.answers if moment >= since]
        return answers.count(False) / len(answers)

    def rate(self, since: float) -> float:
        """Requests served a second from a moment on."""
        moments = [moment for moment, allowed in self.answers if allowed and moment >= since]
        return (len(moments) - 1) / (moments[-1] - moments[0])

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                now = time.monotonic() - self._started
                allowed = self._allows(now)
                self.answers.append((now, allowed))
                writer.write(self._answer() if allowed else self._refusal())
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def _allows(self, now: float) -> bool:
        if self.kind == "bucket":
            self._left = min(self.limit, self._left + (now - self._latest) * self.limit)
        elif int(now) != int(self._latest):
            self._left = self.limit
        self._latest = now
        if self._left < 1:
            return False
        self._left -= 1
        return True

    def _answer(self) -> bytes:
        return b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]"

    def _refusal(self) -> bytes:
        asked = "" if self.retry_after is None else f"Retry-After: {self.retry_after}\r\n"
        return f"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n{asked}\r\n".encode()


async def ask(server: LimitedServer, seconds: float, concurrency: int) -> None:
    """Read one user after the other, as planning does: four times as many in flight as may ask at once."""
    client = Client(
        HttpxTransport(concurrency=concurrency),
        host=server.url,
        project="p",
        signer=Signer(SigningKey(rsa.generate_private_key(65537, 2048)), "p"),
        limiter=Limiter(concurrency=concurrency),
    )
    users = (f"user-{number}" for number in itertools.count())
    end = time.monotonic() + seconds
    given_up = 0

    async def one_after_the_other() -> None:
        nonlocal given_up
        while time.monotonic() < end:
            try:
                await client.user(next(users)).credentials()
            except ApiError:
                given_up += 1

    await asyncio.gather(*(one_after_the_other() for _ in range(4 * concurrency)))
    await client.aclose()
    pace = client.pace
    rate = "none" if pace.rate is None else f"{pace.rate:.1f}"
    print(f"its own rate at the end {rate}, {pace.refusals} refusals, {pace.paused:.1f} s paused, {given_up} given up")


async def measure(server: LimitedServer, *, seconds: float, concurrency: int) -> None:
    """Ask a limited server for so long."""
    async with server.serving():
        await ask(server, seconds, concurrency)


class Uncontrolled(Controller):
    """A controller that ignores every answer."""

    def record_sent(self, now: float) -> None:
        pass

    def record_success(self, began: float, now: float) -> None:
        pass


def cost(turns: int = 200_000, rounds: int = 5) -> None:
    """Print the processor time of one turn: 16 at once, each answered well as soon as it begins."""

    async def take(limiter: Limiter, number: int) -> None:
        for _ in range(number):
            async with limiter.slot() as began:
                limiter.served(began)

    async def all_of_them(limiter: Limiter) -> float:
        began = time.process_time()
        await asyncio.gather(*(take(limiter, turns // 16) for _ in range(16)))
        return (time.process_time() - began) / turns * 1e6

    def made(controller: Controller | None = None, *, refused: bool = False) -> Limiter:
        ahead = 0.0
        limiter = Limiter(concurrency=16, clock=lambda: time.monotonic() + ahead)
        if controller is not None:
            limiter._controller = controller  # noqa: SLF001 - the benchmark compares controllers
        if refused:
            limiter.refused(time.monotonic())
            ahead = 60.0  # by then its rate has grown so much that nobody waits
        return limiter

    contestants = {
        "without what it learns": lambda: made(Uncontrolled(16)),
        "while nothing is refused": made,
        "once something was refused": lambda: made(refused=True),
    }
    for name, make in contestants.items():
        found = sorted(asyncio.run(all_of_them(make())) for _ in range(rounds))
        print(f"{name}: {found[rounds // 2]:.2f} µs a turn (from {found[0]:.2f} to {found[-1]:.2f})")


def main() -> int:
    """Measure once."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--limit", type=int, default=50, help="requests a second")
    parser.add_argument("--seconds", type=float, default=40)
    parser.add_argument("--concurrency", type=int, default=16)
    parser.add_argument("--kind", choices=("windows", "bucket"), default="windows")
    parser.add_argument("--retry-after", type=int, help="seconds that a refusal asks to wait")
    parser.add_argument("--cost", action="store_true", help="what a turn costs, instead")
    options = parser.parse_args()
    if options.cost:
        cost()
        return 0
    server = LimitedServer(limit=options.limit, kind=options.kind, retry_after=options.retry_after)
    asyncio.run(measure(server, seconds=options.seconds, concurrency=options.concurrency))
    refused, rate = server.refused(GRACE), server.rate(GRACE)
    print(f"after the first {GRACE:g} s: {refused:.2%} refused (at most {MOST_REFUSED:.0%}),", end=" ")
    print(f"{rate:.1f} served a second, {rate / options.limit:.1%} of what is allowed (at least {LEAST_RATE:.0%})")
    return 0 if refused <= MOST_REFUSED and rate >= LEAST_RATE * options.limit else 1


if __name__ == "__main__":
    sys.exit(main())
