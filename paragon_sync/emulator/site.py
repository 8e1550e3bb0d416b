"""Everything that the routes stand on, in one place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from paragon_sync.emulator.faults import Faults
from paragon_sync.emulator.options import Readings
from paragon_sync.emulator.recorder import Recorder
from paragon_sync.emulator.state import Users
from paragon_sync.emulator.tokens import Verifier
from paragon_sync.emulator.world import World
from paragon_sync.emulator.writes import WriteLog


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A project, its users, how the unknown is read, what goes wrong and what is remembered.

    The admin endpoints are served for ``admin_hosts`` beside loopback.
    """

    world: World
    users: Users
    readings: Readings
    verifier: Verifier
    recorder: Recorder
    log: WriteLog = field(default_factory=WriteLog)
    faults: Faults = field(default_factory=Faults)
    admin_hosts: Sequence[str] = ()
