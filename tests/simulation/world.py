"""Everything in one schedule, and what the judge needs of it."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from pathlib import Path

from tests.simulation.loop import Process, SimulatedLoop
from tests.simulation.network import Network
from tests.simulation.population import PERSONAS, Persona
from tests.simulation.process import Applied, Machine, Switches
from tests.simulation.server import Server
from tests.simulation.storage import Storage
from tests.simulation.weather import CALM, Climate


@dataclass(kw_only=True)
class World:
    """One server, its users, one state store, and the processes of all machines."""

    seed: int
    climate: Climate
    loop: SimulatedLoop
    server: Server
    network: Network
    storage: Storage
    personas: list[Persona]
    switches: Switches
    folder: Path
    chance: random.Random
    processes: list[Process] = field(default_factory=list)
    planners: list[Process] = field(default_factory=list)
    """The processes that made the plan; the last of them finished it."""
    applied: list[Applied] = field(default_factory=list)
    """The processes that applied it, from the first."""
    rolled_back: list[Applied] = field(default_factory=list)
    """The processes that applied the rollback's plan."""
    rolled_from: float = 0.0
    """When that was made."""
    finished: bool = False
    """Whether the run came to its end."""
    taken_back: bool = False
    """Whether the rollback came to its end."""
    events: list[tuple[float, str]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    """What went wrong beside what the history shows."""

    @classmethod
    def of(cls, seed: int, switches: Switches, folder: Path, climate: Climate) -> World:
        """Return the world as a seed begins it."""
        loop = SimulatedLoop()
        server = Server(loop.time, climate)
        chance = random.Random(f"{seed} schedule")
        personas = [PERSONAS[user] for user in sorted(chance.sample(sorted(PERSONAS), climate.users))]
        for persona in personas:
            server.begin(persona.user, persona.live(chance))
        return cls(
            seed=seed,
            climate=climate,
            loop=loop,
            server=server,
            network=Network(loop, server, CALM, random.Random(f"{seed} network")),
            storage=Storage(loop, CALM, random.Random(f"{seed} storage")),
            personas=personas,
            switches=switches,
            folder=folder,
            chance=chance,
        )

    @property
    def run(self) -> str | None:
        """The run of the plan."""
        return _run_of(self.applied)

    @property
    def rollback(self) -> str | None:
        """The run that takes it back."""
        return _run_of(self.rolled_back)

    def is_over(self, run: str | None) -> bool:
        """Return whether a run is finished."""
        return run is not None and self.storage.open(self.processes[0]).run(run).finished is not None

    def set_weather(self, *, bad: bool) -> None:
        """Let the weather be as the climate has it, or calm."""
        self.network.weather = self.storage.weather = self.climate.weather if bad else CALM
        self.note(f"the weather is {'bad' if bad else 'calm'} from here on")

    def note(self, text: str) -> None:
        """Write something down that the history doesn't show."""
        self.events.append((self.loop.now, text))

    def process(self, name: str, machine: str = "one") -> Process:
        """Return a new process."""
        found = Process(name, machine)
        self.processes.append(found)
        return found

    def machine(self, process: Process) -> Machine:
        """Return what a process runs on."""
        return Machine(
            loop=self.loop,
            process=process,
            network=self.network,
            storage=self.storage,
            climate=self.climate,
            switches=self.switches,
            chance=random.Random(f"{self.seed} {process.name}"),
        )

    def close(self) -> None:
        """End what is left: dead processes' tasks are cancelled, and nothing that they do counts any more."""
        for process in self.processes:
            self.loop.bury(process)
        tasks = [task for process in self.processes for task in process.tasks]
        tasks += [task for task in asyncio.all_tasks(self.loop) if task not in tasks]
        for task in tasks:
            task.cancel()

        async def end() -> None:
            await asyncio.gather(*tasks, return_exceptions=True)

        self.loop.run_until_complete(end())
        self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        self.loop.close()


def _run_of(applied: list[Applied]) -> str | None:
    return next((run for one in applied for run in one.runs), None)
