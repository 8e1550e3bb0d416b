"""Small worlds for tests of the harness: one user, no chance, and processes that do what a test says."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path as File
from typing import Any

from paragon_sync.model.outcome import Outcome
from paragon_sync.paragon.transport import HttpRequest
from paragon_sync.store.journal import Recorded
from tests import nouns
from tests.simulation.case import Violation
from tests.simulation.judge import judge
from tests.simulation.loop import SimulatedLoop
from tests.simulation.network import Network
from tests.simulation.population import HOST, PERSONAS, PROJECT
from tests.simulation.process import Applied, Switches
from tests.simulation.server import Server
from tests.simulation.storage import Note, Storage
from tests.simulation.values import GONE, with_leaf
from tests.simulation.weather import CALM, Climate
from tests.simulation.world import World

USER = "u-channel"
CHANNEL = ("c0", "", "settings", "channel")
OWN = ("c0", "", "settings", "own-1")
PLANNED = "Planned Channel"
RUN = "run-1"
_LATENCY = 0.01


class Steady(random.Random):
    """Draws the same each time: every part of a way takes 12 ms."""

    def random(self) -> float:
        return 0.5

    def expovariate(self, lambd: float = 1.0) -> float:
        return 1.0 / lambd

    def choice(self, seq: Any) -> Any:
        return seq[0]


class Script:
    """One user with a channel and a value of their own, a plan, and an applier that a test plays."""

    def __init__(self, **climate: Any) -> None:
        self.loop = SimulatedLoop()
        self.weather = replace(CALM, latency=_LATENCY)
        chosen = {
            "weather": self.weather,
            "users": 1,
            "concurrency": 1,
            "rate": None,
            "timeout": 5.0,
            "portal_interval": 1.0,
            "portal_managed": 0.0,
        }
        self.climate = Climate(**(chosen | climate))
        server = Server(self.loop.time, self.climate)
        chance = Steady()
        self.world = World(
            seed=0,
            climate=self.climate,
            loop=self.loop,
            server=server,
            network=Network(self.loop, server, self.weather, chance),
            storage=Storage(self.loop, self.weather, chance),
            personas=[PERSONAS[USER]],
            switches=Switches(),
            folder=File(),
            chance=chance,
            finished=True,
            taken_back=True,
        )
        state = {"meta": {}, "credentials": [PERSONAS[USER].accounts[0].empty()]}
        server.begin(USER, with_leaf(with_leaf(state, CHANNEL, "old"), OWN, "mine"))
        self.planner = self.world.process("planner")
        self.applier = self.world.process("applier")
        self.world.planners.append(self.planner)
        self.world.applied.append(Applied(process=self.applier, runs=[RUN]))

    def play(self, act: Callable[[Script], Awaitable[None]]) -> list[Violation]:
        """Plan, let the applier act, and judge."""

        async def main() -> None:
            await asyncio.wait({self.loop.spawn(self.planner, self.read())})
            task = self.loop.spawn(self.applier, _awaited(act(self)))
            await asyncio.wait({task}, timeout=1000)
            if task.done():
                task.result()

        try:
            self.loop.run_until_complete(main())
            return judge(self.world)
        finally:
            self.world.close()

    async def read(self) -> dict[str, Any]:
        """Read the user's configuration in the process that runs now."""
        response = await self.world.network.send(self.request("GET", "/sdk/credentials"))
        config: dict[str, Any] = json.loads(response.body)[0]["config"]
        return config

    async def patch(self, config: dict[str, Any], *, channel: str = PLANNED) -> None:
        """Write the configuration with another channel."""
        settings = {**config["sharedSettings"], "channel": channel}
        body = json.dumps({"config": {**config, "sharedSettings": settings}}).encode()
        await self.world.network.send(self.request("PATCH", "/sdk/credentials/c0", body))

    def save(self, value: str, path: tuple[str, ...] = OWN) -> None:
        """Save a value as another writer."""
        self.world.server.save(USER, with_leaf(self.world.server.users[USER].now.state, path, value), "portal")

    def remove(self, path: tuple[str, ...] = OWN) -> None:
        """Remove a value as another writer."""
        self.save(GONE, path)

    def record(self, outcome: Outcome) -> None:
        """Record an outcome of the run's one operation."""
        subject = nouns.ConfigurationSubject(integration="crm", credential="c0", account="c0")
        recorded = Recorded(number=0, operation=nouns.configuration(USER, subject=subject), outcome=outcome)
        note = Note(at=self.loop.now, process=self.applier, run=RUN, recorded=recorded)
        self.world.storage.notes.append(note)

    @staticmethod
    def request(method: str, path: str, body: bytes | None = None) -> HttpRequest:
        """Return a request as the user."""
        headers = {"Authorization": f"Bearer simulated.{USER}", "X-Paragon-Credential": "c0"}
        return HttpRequest(method, f"{HOST}/projects/{PROJECT}{path}", headers, body, 5.0)


async def _awaited(work: Awaitable[None]) -> None:
    await work


def kinds(violations: list[Violation]) -> list[str]:
    """Return the kinds of what is wrong."""
    return [violation.kind for violation in violations]
