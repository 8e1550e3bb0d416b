"""One schedule: users, a plan, appliers that are killed, suspended and replaced, a calm end, and a rollback.

One seed decides all of it.
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.simulation import loop as virtual
from tests.simulation import process as machines
from tests.simulation.loop import Process, SimulatedLoop
from tests.simulation.network import Network
from tests.simulation.population import PERSONAS, Persona, desired
from tests.simulation.portal import Portal
from tests.simulation.process import Applied, Machine, Switches
from tests.simulation.server import Server
from tests.simulation.storage import Storage
from tests.simulation.weather import CALM, Climate, climate

_ROUNDS: Final = 3
"""Appliers, one after the other, that work in bad weather."""
_LONGEST_ROUND: Final = 900.0
_CALM_ROUNDS: Final = 3
"""Within so many appliers in good weather a run must come to its end."""
_LONGEST_CALM_ROUND: Final = 600.0
_SETTLING: Final = 60.0
"""Seconds after which nothing of the bad weather is on its way any more."""


@dataclass(kw_only=True)
class World:
    """Everything in one schedule, and what the judge needs of it."""

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
    applied: list[Applied] = field(default_factory=list)
    events: list[tuple[float, str]] = field(default_factory=list)
    finished: bool = False
    planned: list[Process] = field(default_factory=list)
    """The processes that made plans."""
    rollback: Applied | None = None
    rolled_from: float = 0.0
    """When the rollback's plan was made."""
    problems: list[str] = field(default_factory=list)
    """What went wrong beside what the history shows."""

    def note(self, text: str) -> None:
        """Write something down that the history doesn't show."""
        self.events.append((self.loop.now, text))

    def process(self, name: str, machine: str = "one") -> Process:
        found = Process(name, machine)
        self.processes.append(found)
        return found

    def machine(self, process: Process) -> Machine:
        return Machine(
            loop=self.loop,
            network=self.network,
            storage=self.storage,
            climate=self.climate,
            switches=self.switches,
            chance=random.Random(f"{self.seed} {process.name}"),
        )

    @property
    def run(self) -> str | None:
        """The run of the first plan."""
        return next((run for one in self.applied for run in one.runs), None)


def play(seed: int, switches: Switches, folder: Path, chosen: Climate | None = None) -> World:
    """Play the schedule of a seed to its end and return what happened; the caller closes it by :func:`close`.

    Without a climate that was ``chosen`` the seed decides that, too.
    """
    loop = SimulatedLoop()
    world = _world(seed, switches, folder, loop, chosen or climate(random.Random(f"{seed} climate")))
    try:
        loop.run_until_complete(_play(world))
    except virtual.Endless as endless:
        world.problems.append(str(endless))
    except BaseException:
        close(world)
        raise
    return world


def close(world: World) -> None:
    """End what is left of a world."""
    loop = world.loop
    for process in world.processes:
        loop.bury(process)
    tasks = [task for process in world.processes for task in process.tasks]
    tasks += [task for task in asyncio.all_tasks(loop) if task not in tasks]
    for task in tasks:
        task.cancel()

    async def end() -> None:
        await asyncio.gather(*tasks, return_exceptions=True)

    loop.run_until_complete(end())
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()


def _world(seed: int, switches: Switches, folder: Path, loop: SimulatedLoop, chosen: Climate) -> World:
    server = Server(loop.time, chosen)
    network = Network(loop, server, CALM, random.Random(f"{seed} network"))
    storage = Storage(loop, CALM, random.Random(f"{seed} storage"))
    chance = random.Random(f"{seed} schedule")
    personas = [PERSONAS[user] for user in sorted(chance.sample(sorted(PERSONAS), chosen.users))]
    for persona in personas:
        server.begin(persona.user, persona.live(chance))
    return World(
        seed=seed,
        climate=chosen,
        loop=loop,
        server=server,
        network=network,
        storage=storage,
        personas=personas,
        switches=switches,
        folder=folder,
        chance=chance,
    )


async def _play(world: World) -> None:
    loop, chosen = world.loop, world.climate
    portal = Portal(world.server, chosen, world.personas, random.Random(f"{world.seed} portal"))
    file = world.folder / "p.plan"
    planner = world.process("planner")
    world.planned.append(planner)
    await _in(world, planner, machines.plan(world.machine(planner), desired([p.user for p in world.personas]), file))
    saving = loop.create_task(portal.work(), context=loop.world)
    await asyncio.sleep(world.chance.choice((0.0, 0.5, 5.0)))
    world.network.weather = world.storage.weather = chosen.weather
    for number in range(1, _ROUNDS + 1):
        await _round(world, file, number)
        if _is_over(world):
            break
    world.note("the weather is calm from here on")
    world.network.weather = world.storage.weather = CALM
    for process in world.processes:
        if process.is_frozen:
            loop.thaw(process)
    await asyncio.sleep(_SETTLING)
    for number in range(1, _CALM_ROUNDS + 1):
        if _is_over(world):
            break
        await _calm_round(world, file, number)
    world.finished = _is_over(world)
    portal.is_open = False
    saving.cancel()
    await _roll_back(world)


async def _in(world: World, process: Process, work: machines.Work) -> None:
    """Run something in a process that nothing befalls."""
    task = world.loop.spawn(process, work)
    await asyncio.wait({task}, timeout=_LONGEST_ROUND)
    if not task.done():
        world.problems.append(f"{process} has not ended after {_LONGEST_ROUND:g} s")
    _check_ended(world, process, task)


async def _round(world: World, file: Path, number: int) -> None:
    """Let an applier work while things happen to it; perhaps a second one takes its lock away."""
    loop, chance, breakers = world.loop, world.chance, world.climate.breakers
    first = Applied(process=world.process(f"applier-{number}", machine=f"machine-{number % 2}"))
    world.applied.append(first)
    task = loop.spawn(first.process, machines.apply(world.machine(first.process), file, first))
    for breaker in breakers:
        _befall(world, first, breaker)
    second: asyncio.Task[None] | None = None
    if "unlock" in breakers or "session" in breakers:
        second = loop.create_task(_take_over(world, file, number, chance.expovariate(1.0) * 2), context=loop.world)
    waiting = {task} if second is None else {task, second}
    until = loop.now + _LONGEST_ROUND
    while waiting and loop.now < until and not first.process.is_dead:
        _, waiting = await asyncio.wait(waiting, timeout=1.0)
    if second is not None and not second.done():
        await asyncio.wait({second}, timeout=_LONGEST_ROUND)
    if not task.done() and not first.process.is_dead:
        world.problems.append(f"{first.process} has not ended after {_LONGEST_ROUND:g} s")
    _check_ended(world, first.process, task)


def _check_ended(world: World, process: Process, task: asyncio.Task[None]) -> None:
    """Take an error that is no message for users for what it is."""
    if task.done() and not task.cancelled() and (error := task.exception()) is not None:
        world.problems.append(f"{process} ended by {type(error).__name__}: {error}")


async def _take_over(world: World, file: Path, number: int, after: float) -> None:
    """Break the lock of the applier after a while, or let its session be lost, and apply the plan elsewhere."""
    await asyncio.sleep(after)
    if "session" in world.climate.breakers and world.chance.random() < 0.5:
        world.note("the session that holds the lock is lost")
        world.storage.lose_session()
    else:
        world.note("runs unlock")
        world.storage.break_lock(world.process(f"operator-{number}"))
    await asyncio.sleep(world.chance.choice((0.0, 0.05, 1.0)))
    successor = Applied(process=world.process(f"successor-{number}", machine=f"machine-{1 - number % 2}"))
    world.applied.append(successor)
    task = world.loop.spawn(successor.process, machines.apply(world.machine(successor.process), file, successor))
    await asyncio.wait({task}, timeout=_LONGEST_ROUND)
    if not task.done():
        world.problems.append(f"{successor.process} has not ended after {_LONGEST_ROUND:g} s")
    _check_ended(world, successor.process, task)


def _befall(world: World, applied: Applied, breaker: str) -> None:
    """Draw when something happens to an applier."""
    loop, chance, process = world.loop, world.chance, applied.process
    match breaker:
        case "kill":
            process.fuse = chance.randrange(1, 1200)
            process.at_end = lambda: _kill(world, process)
        case "suspend":
            for _ in range(chance.choice((1, 1, 3))):
                start = loop.now + chance.expovariate(1.0) * 2
                loop.at(start, _suspend, world, process, chance.choice((0.05, 0.5, 3.0, 15.0)))
        case "signal":
            loop.at(loop.now + chance.expovariate(1.0) * 3, _signal, world, applied)
        case _:
            pass


def _kill(world: World, process: Process) -> None:
    world.note(f"{process} is killed")
    world.loop.kill(process)


def _suspend(world: World, process: Process, seconds: float) -> None:
    if process.is_dead or process.is_frozen:
        return
    world.note(f"{process} is suspended for {seconds:g} s")
    world.loop.freeze(process)
    world.loop.at(world.loop.now + seconds, _wake, world, process)


def _wake(world: World, process: Process) -> None:
    if not process.is_dead:
        world.note(f"{process} is woken")
        world.loop.thaw(process)


def _signal(world: World, applied: Applied) -> None:
    world.note(f"{applied.process} gets SIGTERM")
    applied.stop.ask("terminated", 143)


async def _calm_round(world: World, file: Path, number: int) -> None:
    applied = Applied(process=world.process(f"calm-{number}"))
    world.applied.append(applied)
    await _in(world, applied.process, machines.apply(world.machine(applied.process), file, applied))


def _is_over(world: World) -> bool:
    """Whether the run of the plan is finished."""
    if world.run is None:
        return False
    store = world.storage.open(world.planned[0])
    return store.run(world.run).finished is not None


async def _roll_back(world: World) -> None:
    """Take the run back in good weather, with nobody else at work."""
    if world.run is None:
        return
    file = world.folder / "back.plan"
    planner = world.process("back-planner")
    world.rolled_from = world.loop.now
    await _in(world, planner, machines.plan_back(world.machine(planner), planner, world.run, file))
    world.rollback = back = Applied(process=world.process("back-applier"))
    await _in(world, back.process, machines.apply(world.machine(back.process), file, back))
    if back.error is not None:
        world.problems.append(f"the rollback ended with: {back.error}")
