"""What is between a process and the server: latency with long tails, limits, drops, time-outs and lagging replicas.

Everything that befalls a request is drawn from one random stream in the moment in which it leaves.
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass
from typing import Final

from paragon_sync.paragon.transport import FailureKind, Headers, HttpRequest, HttpResponse, TransportFailure
from tests.simulation.history import Exchange
from tests.simulation.loop import CURRENT, SimulatedLoop
from tests.simulation.server import Server, said
from tests.simulation.weather import Weather

_MANY: Final = 429
_UNAVAILABLE: Final = 503


class Network:
    """The one way to the server; a transport for every process. ``weather`` may change at any time."""

    def __init__(self, loop: SimulatedLoop, server: Server, weather: Weather, chance: random.Random) -> None:
        self.loop = loop
        self.server = server
        self.weather = weather
        self.chance = chance
        self.refuses_until = 0.0

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Carry one request there and its answer back, as a transport does."""
        process = CURRENT.get()
        assert process is not None
        exchange = self.server.take(process, request)
        found: asyncio.Future[HttpResponse | TransportFailure] = self.loop.create_future()
        _Journey(self, exchange, found).begin(request.timeout)
        try:
            result = await found
        finally:
            exchange.delivered = self.loop.now
        if isinstance(result, TransportFailure):
            raise result
        return result

    async def aclose(self) -> None:
        """Close nothing."""

    def seconds(self) -> float:
        """Draw how long something usual takes."""
        return self.weather.latency * (0.2 + self.chance.expovariate(1.0))

    def trouble(self) -> str:
        """Draw what goes wrong with a request."""
        weather, dice = self.weather, self.chance.random()
        for name, share in (
            ("429", weather.refuse),
            ("unreachable", weather.unreachable),
            ("drop before", weather.drop_before),
            ("drop after", weather.drop_after),
            ("503 before", weather.fail_before),
            ("503 after", weather.fail_after / 2),
            ("cut off", weather.fail_after / 2),
        ):
            dice -= share
            if dice < 0:
                return name
        return ""


@dataclass(slots=True)
class _Journey:
    """One request on its way."""

    network: Network
    exchange: Exchange
    found: asyncio.Future[HttpResponse | TransportFailure]

    def begin(self, timeout: float) -> None:
        """Draw the request's fate, and send it off."""
        network, exchange = self.network, self.exchange
        chance, weather, now = network.chance, network.weather, network.loop.now
        exchange.trouble = network.trouble()
        there, before, after = network.seconds(), network.seconds(), network.seconds()
        if weather.tail and chance.random() < weather.tail:
            more = weather.tail_seconds * (0.2 + chance.expovariate(1.0))
            if chance.random() < 0.5:
                before += more
            else:
                after += more
        if not exchange.is_write and chance.random() < weather.stale:
            exchange.lag = weather.lag * chance.random()
        retry_after = chance.choice(weather.retry_after)
        network.loop.at(now + timeout, self._time_out)
        network.loop.at(now + there, self._arrive, before, after, retry_after)

    def _arrive(self, before: float, after: float, retry_after: float | None) -> None:
        network, exchange = self.network, self.exchange
        exchange.arrived = now = network.loop.now
        back = now + network.seconds()
        if exchange.trouble == "429" and retry_after is not None and network.weather.refuse_everything:
            network.refuses_until = max(network.refuses_until, now + retry_after)
        if exchange.trouble == "" and now < network.refuses_until:
            exchange.trouble, retry_after = "429", network.refuses_until - now
        match exchange.trouble:
            case "unreachable":
                self._fail(back, FailureKind.REFUSED)
            case "drop before":
                self._fail(back, FailureKind.LOST)
            case "429":
                self._finish(back, _refusal(retry_after))
            case "503 before":
                self._finish(back, said(_UNAVAILABLE, "try later"))
            case _:
                network.loop.at(now + before, self._act, after)

    def _act(self, after: float) -> None:
        network, exchange = self.network, self.exchange
        exchange.acted = now = network.loop.now
        response = network.server.write(exchange) if exchange.is_write else network.server.read(exchange)
        back = now + after + network.seconds()
        match exchange.trouble:
            case "drop after":
                self._fail(back, FailureKind.LOST)
            case "503 after":
                self._finish(back, said(_UNAVAILABLE, "something broke"))
            case "cut off":
                self._finish(back, response._replace(body=response.body[: len(response.body) // 2] or b"{"))
            case _:
                self._finish(back, response)

    def _time_out(self) -> None:
        if not self.found.done():
            self.exchange.trouble = self.exchange.trouble or "timed out"
            self._resolve(TransportFailure(FailureKind.TIMED_OUT, "no answer in time"))

    def _fail(self, when: float, kind: FailureKind) -> None:
        self.network.loop.at(when, self._resolve, TransportFailure(kind, f"no answer: {kind.value}"))

    def _finish(self, when: float, response: HttpResponse) -> None:
        self.network.loop.at(when, self._resolve, response)

    def _resolve(self, result: HttpResponse | TransportFailure) -> None:
        if not self.found.done():
            self.exchange.answered = self.network.loop.now
            self.exchange.status = result.status if isinstance(result, HttpResponse) else None
            self.found.set_result(result)


def _refusal(retry_after: float | None) -> HttpResponse:
    headers = [] if retry_after is None else [("Retry-After", f"{max(1, int(retry_after + 0.999))}")]
    return said(_MANY, "too many requests")._replace(headers=Headers(headers))
