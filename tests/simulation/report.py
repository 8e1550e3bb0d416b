"""What happened in a schedule, for people: all of it, or what matters for one violation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tests.simulation.case import Violation
from tests.simulation.history import Exchange
from tests.simulation.values import GONE, shown
from tests.simulation.world import World

_BEFORE: Final = 25
"""Lines of history that are shown before a violation."""
_WIDTH: Final = 180


def trace(world: World, user: str | None = None) -> list[tuple[float, str]]:
    """Return everything that happened, or what concerns one user, in the order of time."""
    lines = [(at, 0, text) for at, text in world.events]
    for exchange in world.server.exchanges:
        if user in {None, exchange.user}:
            lines += [(at, 1 + exchange.number, text) for at, text in _exchange(exchange)]
    for name in world.server.users if user is None else [user]:
        lines += [(at, 1_000_000 + number, text) for number, (at, text) in enumerate(_versions(world, name))]
    for number, note in enumerate(world.storage.notes):
        about = note.recorded.operation
        if user in {None, about.user}:
            outcome = f"{note.recorded.outcome}"
            lines.append((note.at, 2_000_000 + number, f"{note.process} records {about.user}: {outcome}"))
    return [(at, text[:_WIDTH]) for at, _, text in sorted(lines, key=lambda line: line[:2])]


def _exchange(exchange: Exchange) -> Iterator[tuple[float, str]]:
    yield exchange.left, f"{exchange} leaves"
    if exchange.acted is not None and not exchange.is_write:
        behind = f", {exchange.lag:.3f} s behind" if exchange.lag else ""
        yield exchange.acted, f"#{exchange.number} is read: version {exchange.seen}{behind}"
    if exchange.delivered is not None:
        result = exchange.trouble or str(exchange.status)
        yield exchange.delivered, f"#{exchange.number} is answered: {result}"


def _versions(world: World, user: str) -> Iterator[tuple[float, str]]:
    versions = world.server.users[user].versions
    for number, version in enumerate(versions):
        before = versions[number - 1].leaves if number else {}
        by = version.by if isinstance(version.by, str) else f"#{version.by.number}"
        changes = [
            f"{shown(path)}: {before.get(path, GONE)} -> {version.leaves.get(path, GONE)}"
            for path in sorted({*before, *version.leaves})
            if before.get(path) != version.leaves.get(path)
        ]
        yield version.at, f"{user} becomes version {number} by {by}: {'; '.join(changes) or 'the same'}"


def explain(world: World, violation: Violation) -> str:
    """Return a violation with the history before it."""
    lines = [(at, text) for at, text in trace(world, violation.user) if at <= violation.at + 1e-9]
    shown_lines = [f"  {at:9.3f} s  {text}" for at, text in lines[-_BEFORE:]]
    return "\n".join([f"{violation}", f"at {violation.at:.3f} s, after:", *shown_lines])
