"""The real planner and applier as simulated processes: every clock, chance and executor that they take is injected."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, TypeAlias

from paragon_sync.errors import ParagonSyncError
from paragon_sync.model.project import READ_BACK_SECONDS, Policy
from paragon_sync.model.thresholds import THRESHOLDS, Threshold
from paragon_sync.paragon.client import Client
from paragon_sync.paragon.rate import Limiter
from paragon_sync.paragon.retry import Retrying
from paragon_sync.paragon.signing.tokens import LIFETIME, Token
from paragon_sync.run.apply.admission import Applicant
from paragon_sync.run.apply.applying import Applying, apply_plan
from paragon_sync.run.apply.gate import MAX_READ_AGE_SECONDS
from paragon_sync.run.apply.stopping import Stop
from paragon_sync.run.desired.loading import Desired
from paragon_sync.run.planning import Planning, make_plan
from paragon_sync.run.rolling_back import RollingBack, plan_rollback
from paragon_sync.store.lock_owner import Busy, Owner
from paragon_sync.store.planfile import PlanReader, PlanWriter
from tests.simulation.loop import Process, SimulatedLoop
from tests.simulation.network import Network
from tests.simulation.population import CATALOG, ENVIRONMENT, EPOCH, HOST, PROJECT
from tests.simulation.storage import SimulatedLock, Storage
from tests.simulation.weather import Climate

_MANY: Final = Threshold(number=1_000_000)
_POLICY: Final = Policy(thresholds={rule.name: _MANY for rule in THRESHOLDS}, minimum_population=1_000_000)


Work: TypeAlias = Coroutine[Any, Any, None]
"""What a process does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Switches:
    """Which protections are on: the generator is judged by what it finds without them.

    Off are: a read of any age will do; a fence that always agrees; one read-back only.
    """

    fresh_reads: bool = True
    fence: bool = True
    repeated_read_back: bool = True

    def as_options(self) -> str:
        """Return the options of ``python -m tests.simulation`` that switch the same off."""
        return "".join(f" --without {name}" for name, field in OPTIONS.items() if not getattr(self, field))


OPTIONS: Final = {"fresh-reads": "fresh_reads", "fence": "fence", "read-back": "repeated_read_back"}
"""What can be switched off, by its name on the command line."""


class SimulatedSigner:
    """Signs nothing: a token is the user's id."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock

    async def expect(self, tokens: int) -> None:
        """Prepare nothing."""

    def foresee(self, user: str) -> None:
        """Prepare nothing."""

    async def token(self, user: str) -> Token:
        return Token(text=f"simulated.{user}", expires=self.clock() + LIFETIME)

    async def aclose(self) -> None:
        """Close nothing."""


@dataclass(kw_only=True)
class Machine:
    """What a process runs on."""

    loop: SimulatedLoop
    process: Process
    network: Network
    storage: Storage
    climate: Climate
    switches: Switches
    chance: random.Random

    def monotonic(self) -> float:
        """The clock that only runs forward: it stops while the machine is asleep."""
        return self.loop.now - self.process.asleep

    def wall(self) -> datetime:
        return EPOCH + timedelta(seconds=self.loop.now)

    def client(self) -> Client:
        """Return the real client on the simulated network."""
        loop, climate = self.loop, self.climate
        epoch = EPOCH.timestamp()
        signer: Any = SimulatedSigner(lambda: epoch + loop.now)
        return Client(
            self.network,
            host=HOST,
            project=PROJECT,
            signer=signer,
            limiter=Limiter(concurrency=climate.concurrency, rate=climate.rate, clock=self.monotonic),
            retrying=Retrying(chance=self.chance.random, clock=self.monotonic),
            timeout=climate.timeout,
            monotonic=self.monotonic,
        )


@dataclass(kw_only=True)
class Made:
    """How planning ended: the error, if any."""

    error: str | None = None


async def plan(machine: Machine, desired: Desired, file: Path, made: Made) -> None:
    """Make a plan of what the manifests ask for."""
    client = machine.client()
    planning = Planning(
        environment=ENVIRONMENT,
        host=HOST,
        client=client,
        catalog=CATALOG,
        policy=_POLICY,
        concurrency=machine.climate.concurrency,
        now=machine.wall(),
        enablement="endpoint" if machine.climate.endpoint else "config",
    )
    try:
        await make_plan(desired, planning, file)
    except ParagonSyncError as error:
        made.error = error.message


@dataclass(kw_only=True)
class Applied:
    """How one process came along with a plan: the run that it was in, and the error that ended it, if any."""

    process: Process
    runs: list[str] = field(default_factory=list)
    error: str | None = None
    stop: Stop = field(default_factory=Stop)


async def apply(machine: Machine, file: Path, applied: Applied) -> None:
    """Apply a plan under the lock, as the command does."""
    process, storage = applied.process, machine.storage
    try:
        with PlanReader(file) as reader:
            owner = _owner(machine, process)
            lock = SimulatedLock(storage, process)
            if isinstance(lock.attempt(owner), Busy):
                applied.error = "locked"
                return
            try:
                store = storage.open(process)
                if machine.switches.fence:
                    store.hold_fence(owner)
                else:
                    storage.open(process).hold_fence(owner)  # the store that is used has no token, and agrees always
                await apply_plan(reader, _applying(machine, store, applied))
            finally:
                lock.release()
    except ParagonSyncError as error:
        applied.error = error.message


def _applying(machine: Machine, store: Any, applied: Applied) -> Applying:
    return Applying(
        client=machine.client(),
        store=store,
        applicant=Applicant(
            environment=ENVIRONMENT,
            host=HOST,
            project=PROJECT,
            actor=applied.process.name,
            allowed={"findings": 100},  # users who could not be fetched in bad weather
        ),
        concurrency=machine.climate.concurrency,
        clock=machine.wall,
        begun=applied.runs.append,
        stop=applied.stop,
        policy=_POLICY,
        max_age=MAX_READ_AGE_SECONDS if machine.switches.fresh_reads else math.inf,
        read_back=READ_BACK_SECONDS if machine.switches.repeated_read_back else (),
        run_blocking=machine.storage.run_blocking,
        make_run_id=lambda now: f"{now:%Y%m%d-%H%M%S}-{applied.process}",
    )


def _owner(machine: Machine, process: Process) -> Owner:
    return Owner(
        project=PROJECT,
        environment=ENVIRONMENT,
        actor=process.name,
        host=process.machine,
        pid=1,
        since=machine.wall().isoformat(timespec="milliseconds"),
    )


async def plan_back(machine: Machine, run: str, file: Path) -> None:
    """Make the plan that takes a run back."""
    store = machine.storage.open(machine.process)
    rolling = RollingBack(
        store=store,
        run=store.run(run),
        host=HOST,
        client=machine.client(),
        catalog=CATALOG,
        policy=_POLICY,
        concurrency=machine.climate.concurrency,
        now=machine.wall(),
        enablement="endpoint" if machine.climate.endpoint else "config",
    )
    with PlanWriter(file) as writer:
        await plan_rollback(rolling, writer)
