"""What befalls an applier: it is killed, suspended or asked to stop, loses its lock, its database session or its disk.

Each comes at a random moment, or right before a random one of its callbacks: that is, at any await.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from tests.simulation.loop import Process
from tests.simulation.process import Applied
from tests.simulation.world import World

_PAUSES: Final = (0.05, 0.5, 3.0, 15.0)
_SIGTERM: Final = 143


def befall(world: World, applied: Applied, succeed: Callable[[], None]) -> None:
    """Draw when which of the climate's troubles befalls an applier; ``succeed`` starts another one elsewhere."""
    process, chance = applied.process, world.chance
    for name in world.climate.breakers:
        match name:
            case "kill":
                _some_time(world, process, partial(_kill, world, process))
            case "suspend" | "sleep":
                for _ in range(chance.choice((1, 1, 3))):
                    pause = partial(_suspend, world, process, chance.choice(_PAUSES), asleep=name == "sleep")
                    _some_time(world, process, pause)
            case "signal":
                _some_time(world, process, partial(_terminate, world, applied))
            case "disk":
                _some_time(world, process, partial(_break_disk, world, process))
            case "unlock" | "session":
                wait = chance.choice((0.0, 0.05, 1.0))
                lose = partial(_lose_lock, world, process, succeed, wait, unlock=name == "unlock")
                _some_time(world, process, lose)


def _some_time(world: World, process: Process, act: Callable[[], None]) -> None:
    """Let something happen at a random moment, or at a random await of a process."""
    chance = world.chance
    if chance.random() < 0.5:
        process.before_step(int(10 ** chance.uniform(0.0, 2.8)), act)
    else:
        world.loop.at(world.loop.now + chance.expovariate(1.0) * chance.choice((0.2, 2.0)), act)


def _kill(world: World, process: Process) -> None:
    if not process.is_dead and not _has_ended(process):
        world.note(f"{process} is killed")
        world.loop.kill(process)


def _suspend(world: World, process: Process, seconds: float, *, asleep: bool) -> None:
    if process.is_frozen or _has_ended(process):
        return
    world.note(f"{process} {'sleeps with its machine' if asleep else 'is suspended'} for {seconds:g} s")
    world.loop.freeze(process)
    world.loop.at(world.loop.now + seconds, _wake, world, process, seconds if asleep else 0.0)


def _wake(world: World, process: Process, slept: float) -> None:
    if not process.is_dead:
        world.note(f"{process} is woken")
        process.asleep += slept
        world.loop.thaw(process)


def _terminate(world: World, applied: Applied) -> None:
    if not _has_ended(applied.process):
        world.note(f"{applied.process} gets SIGTERM")
        applied.stop.ask("terminated", _SIGTERM)


def _break_disk(world: World, process: Process) -> None:
    world.note(f"the disk of {process} breaks")
    world.storage.broken.add(process)


def _lose_lock(world: World, process: Process, succeed: Callable[[], None], wait: float, *, unlock: bool) -> None:
    """Take the lock away, and let another applier take it a little later."""
    if unlock:
        world.note("runs unlock")
        world.storage.break_lock(world.process(f"operator of {process}"))
    else:
        world.note("the session that holds the lock is lost")
        world.storage.lose_session()
    world.loop.at(world.loop.now + wait, succeed)


def _has_ended(process: Process) -> bool:
    return all(task.done() for task in process.tasks)
