"""One schedule: a plan, appliers that are killed, suspended and replaced, a calm end, and a rollback that fares alike.

One seed decides all of it.
"""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from typing import Final

from tests.simulation import process as machines
from tests.simulation.loop import Endless, Process
from tests.simulation.population import desired
from tests.simulation.portal import Portal
from tests.simulation.process import Applied, Switches
from tests.simulation.troubles import befall
from tests.simulation.weather import Climate, climate
from tests.simulation.world import World

_ROUNDS: Final = 3
"""Appliers, one after the other, that work in bad weather."""
_LONGEST_ROUND: Final = 900.0
_CALM_ROUNDS: Final = 3
"""Within so many appliers in good weather a run must come to its end."""
_SETTLING: Final = 60.0
"""Seconds after which nothing of the bad weather is on its way any more."""


def play(seed: int, switches: Switches, folder: Path, chosen: Climate | None = None) -> World:
    """Play the schedule of a seed to its end and return what happened; the caller closes the world.

    Without a climate that was ``chosen`` the seed decides that, too.
    """
    world = World.of(seed, switches, folder, chosen or climate(random.Random(f"{seed} climate")))
    try:
        world.loop.run_until_complete(_play(world))
    except Endless as endless:
        world.problems.append(str(endless))
    except BaseException:
        world.close()
        raise
    return world


async def _play(world: World) -> None:
    chosen, chance = world.climate, world.chance
    portal = Portal(world.server, chosen, world.personas, random.Random(f"{world.seed} portal"))
    plan, back = world.folder / "p.plan", world.folder / "back.plan"
    await _plan(world, plan)
    world.loop.create_task(portal.work(), context=world.loop.world)
    await asyncio.sleep(chance.choice((0.0, 0.5, 5.0)))
    await _apply(world, plan, world.applied, "applier", bad=True)
    world.finished = world.is_over(world.run)
    if world.run is None or not world.finished:
        return
    portal.is_open = chosen.rolls_back_badly
    await asyncio.sleep(_SETTLING)
    await _plan_back(world, back)
    await _apply(world, back, world.rolled_back, "undoer", bad=chosen.rolls_back_badly)
    world.taken_back = world.is_over(world.rollback)
    portal.is_open = False


async def _plan(world: World, file: Path) -> None:
    """Make the plan, in bad weather first if that is to be."""
    users = [persona.user for persona in world.personas]
    for bad in (True, False) if world.climate.plans_badly else (False,):
        world.set_weather(bad=bad)
        planner = world.process(f"planner-{len(world.planners) + 1}")
        world.planners.append(planner)
        made = machines.Made()
        await _in_peace(world, planner, machines.plan(world.machine(planner), desired(users), file, made))
        if made.error is None:
            return
        world.note(f"there is no plan: {made.error}")
    world.problems.append("no plan could be made in good weather")


async def _plan_back(world: World, file: Path) -> None:
    """Make the plan that takes the run back, in good weather: what it can't read it would leave."""
    assert world.run is not None
    planner = world.process("undo-planner")
    world.rolled_from = world.loop.now
    await _in_peace(world, planner, machines.plan_back(world.machine(planner), world.run, file))


async def _in_peace(world: World, process: Process, work: machines.Work) -> None:
    """Run something in a process that nothing befalls."""
    await _end(world, process, world.loop.spawn(process, work))


async def _apply(world: World, file: Path, applied: list[Applied], name: str, *, bad: bool) -> None:
    """Apply a plan, again and again, until its run is over: in bad weather a few times, and then in good."""

    def run() -> str | None:
        return next((run for one in applied for run in one.runs), None)

    world.set_weather(bad=bad)
    for number in range(_ROUNDS if bad else 0):
        await _round(world, file, applied, f"{name}-{number + 1}")
        if world.is_over(run()):
            break
    if bad:
        world.set_weather(bad=False)
        await asyncio.sleep(_SETTLING)
    for number in range(_CALM_ROUNDS):
        if world.is_over(run()):
            break
        one = Applied(process=world.process(f"calm-{name}-{number + 1}"))
        applied.append(one)
        await _in_peace(world, one.process, machines.apply(world.machine(one.process), file, one))


async def _round(world: World, file: Path, applied: list[Applied], name: str) -> None:
    """Let an applier work while things happen to it; perhaps another one takes its lock away."""
    successors: list[asyncio.Task[None]] = []

    def start(name: str, machine: str) -> asyncio.Task[None]:
        one = Applied(process=world.process(name, machine))
        applied.append(one)
        return world.loop.spawn(one.process, machines.apply(world.machine(one.process), file, one))

    def succeed() -> None:
        successor = start(f"{name}-successor", "two")
        successors.append(world.loop.create_task(_end(world, applied[-1].process, successor), context=world.loop.world))

    first = start(name, "one")
    process = applied[-1].process
    befall(world, applied[-1], succeed)
    await _end(world, process, first)
    await asyncio.sleep(world.chance.choice((0.0, 1.0)))
    if successors:
        await asyncio.wait(successors)


async def _end(world: World, process: Process, task: asyncio.Task[None]) -> None:
    """Wait until a process has ended, or is dead; an error that is no message for users is a problem."""
    until = world.loop.now + _LONGEST_ROUND
    while not task.done() and not process.is_dead and world.loop.now < until:
        await asyncio.wait({task}, timeout=1.0)
    if process.is_dead:
        return
    if not task.done():
        world.problems.append(f"{process} has not ended after {_LONGEST_ROUND:g} s")
    elif not task.cancelled() and (error := task.exception()) is not None:
        world.problems.append(f"{process} ended by {type(error).__name__}: {error}")
