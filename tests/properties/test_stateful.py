"""Plans, runs, portal writes, kills, resumes and rollbacks in any order, against a model of what live must hold."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from paragon_sync.cli.connect import endpoint_of, open_environment
from paragon_sync.cli.planning import question, write_plan
from paragon_sync.emulator import Emulator, running
from paragon_sync.errors import PlanFileError
from paragon_sync.model.catalog import Catalog
from paragon_sync.paragon.client import Client
from paragon_sync.paragon.rate import Limiter
from paragon_sync.paragon.signing.signer import Signer
from paragon_sync.paragon.transport import HttpRequest, HttpResponse
from paragon_sync.paragon.transport_httpx import HttpxTransport
from paragon_sync.run.apply.admission import Applicant
from paragon_sync.run.apply.applying import Applying, apply_plan
from paragon_sync.run.rolling_back import RollingBack, plan_rollback
from paragon_sync.store.planfile import PlanReader, PlanWriter
from paragon_sync.store.state import StateStore
from tests.workbench import Workbench, account, held, hold, user, world

USERS = ("a", "b")
META, CHANNEL, PREFIX, NOTE = "plan", "channel", "prefix", "note"
MANAGED = (META, CHANNEL, PREFIX)
"""Of these, documents declare some; nobody declares the note."""

Leaf: TypeAlias = tuple[str, str]
"""User, and one of the values above."""


class Killed(Exception):
    """The process is no more."""


@dataclass(kw_only=True)
class Dying:
    """A transport that ends at its request of this number, before it is sent or once it has been answered."""

    at: int
    before: bool
    inner: HttpxTransport = field(default_factory=lambda: HttpxTransport(concurrency=1))
    sent: int = 0

    async def send(self, request: HttpRequest) -> HttpResponse:
        self.sent += 1
        if self.sent > self.at or (self.sent == self.at and self.before):
            raise Killed
        response = await self.inner.send(request)
        if self.sent == self.at:
            raise Killed
        return response

    async def aclose(self) -> None:
        await self.inner.aclose()


@dataclass(kw_only=True)
class Step:
    """What an operation is to do: of each value that it manages, what it was and what it is to be."""

    values: dict[Leaf, tuple[str, str]]
    ended: bool = False
    well: bool = False

    @property
    def is_metadata(self) -> bool:
        return any(name == META for _, name in self.values)


@dataclass(kw_only=True)
class Planned:
    """A plan, and what has come of it: of each value, what its run found and what it left there."""

    file: Path
    steps: list[Step]
    takes_back: Planned | None = None
    run: str | None = None
    finished: bool = False
    taken_back: bool = False
    traces: dict[Leaf, tuple[str, str]] = field(default_factory=dict)


def metadata_and_configuration(values: dict[Leaf, tuple[str, str]]) -> list[Step]:
    """The operations that these values make: for each user metadata, then the configuration; none without a change."""
    steps = []
    for name in USERS:
        for is_metadata in (True, False):
            some = {leaf: v for leaf, v in values.items() if leaf[0] == name and (leaf[1] == META) == is_metadata}
            if any(base != desired for base, desired in some.values()):
                steps.append(Step(values=some))
    return steps


class Histories(RuleBasedStateMachine):
    """Every value that is written is a new one, so that a value tells who wrote it."""

    emulator: Emulator

    @initialize()
    def begin(self) -> None:
        self.live: dict[Leaf, str] = {}
        self.plans: list[Planned] = []
        self.count = 0
        self.stack = ExitStack()
        self.folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        self.bench = Workbench.at(self.folder, self.emulator)
        self.store = self.stack.enter_context(StateStore.open(self.folder / "state"))
        for name in USERS:
            for value in (*MANAGED, NOTE):
                self.live[name, value] = self.new("first")
            self.hold(name)

    def teardown(self) -> None:
        if hasattr(self, "stack"):
            self.stack.close()

    def new(self, who: str) -> str:
        self.count += 1
        return f"{who}-{self.count}"

    def hold(self, name: str) -> None:
        entry = {"enabled": True, "settings": {PREFIX: self.live[name, PREFIX]}}
        shared = {CHANNEL: self.live[name, CHANNEL], NOTE: self.live[name, NOTE]}
        config = {"sharedSettings": shared, "configuredWorkflows": {"wf-notify": entry}}
        hold(self.emulator, name, user(account(f"c-{name}", config=config), plan=self.live[name, META]))

    def found(self) -> dict[Leaf, str]:
        """What the emulator holds."""
        values: dict[Leaf, str] = {}
        for name in USERS:
            state = held(self.emulator, name)
            config = state["credentials"][0]["config"]
            values |= {(name, key): config["sharedSettings"][key] for key in (CHANNEL, NOTE)}
            values[name, PREFIX] = config["configuredWorkflows"]["wf-notify"]["settings"][PREFIX]
            values[name, META] = state["meta"]["plan"]
        return values

    @rule(wanted=st.sets(st.tuples(st.sampled_from(USERS), st.sampled_from(MANAGED)), min_size=1), as_is=st.booleans())
    def plan(self, wanted: set[Leaf], as_is: bool) -> None:
        """Declare new values, one of them as it is, and plan."""
        values = {leaf: (self.live[leaf], self.new("ours")) for leaf in sorted(wanted)}
        if as_is:
            leaf = min(wanted)
            values[leaf] = (self.live[leaf], self.live[leaf])
        self.bench.users(**{name: document(name, values) for name in USERS if any(leaf[0] == name for leaf in values)})
        file = self.folder / f"{self.new('plan')}.plan"
        project, environment = open_environment(self.folder / "paragon.yaml", "test")
        asyncio.run(write_plan(question(project, environment), file))
        self.add(Planned(file=file, steps=metadata_and_configuration(values)))

    @precondition(lambda self: any(plan.run and not plan.taken_back for plan in self.plans))
    @rule(data=st.data())
    def plan_rollback(self, data: st.DataObject) -> None:
        """Plan what takes a run back, which may be unfinished or a rollback itself."""
        run = data.draw(st.sampled_from([plan for plan in self.plans if plan.run and not plan.taken_back]))
        back = {leaf: trace for leaf, trace in run.traces.items() if self.live[leaf] == trace[1]}
        values = {leaf: (left, before) for leaf, (before, left) in back.items() if left != before}
        file = self.folder / f"{self.new('back')}.plan"
        asyncio.run(self.write_rollback(str(run.run), file))
        self.add(Planned(file=file, steps=metadata_and_configuration(values), takes_back=run))

    def add(self, plan: Planned) -> None:
        with PlanReader(plan.file) as reader:
            assert len(plan.steps) == reader.count
        if plan.steps:
            self.plans.append(plan)

    @rule(name=st.sampled_from(USERS), value=st.sampled_from((*MANAGED, NOTE)))
    def portal_writes(self, name: str, value: str) -> None:
        self.live[name, value] = self.new("portal")
        self.hold(name)

    @precondition(lambda self: any(self.is_refused(plan) for plan in self.plans))
    @rule(data=st.data())
    def apply_what_is_over(self, data: st.DataObject) -> None:
        plan = data.draw(st.sampled_from([plan for plan in self.plans if self.is_refused(plan)]))
        with pytest.raises(PlanFileError):
            self.run(plan, None)

    @precondition(lambda self: any(not self.is_refused(plan) for plan in self.plans))
    @rule(data=st.data())
    def apply(self, data: st.DataObject) -> None:
        """Apply a plan to its end, or go on with it."""
        plan = data.draw(st.sampled_from([plan for plan in self.plans if not self.is_refused(plan)][-2:]))
        self.run(plan, None)
        self.begun(plan)
        blocked: set[str] = set()
        for step in plan.steps:
            name = next(iter(step.values))[0]
            if not step.ended:
                step.well = name not in blocked and self.write(plan, step)
                step.ended = True
            if step.is_metadata and not step.well:
                blocked.add(name)
        plan.finished = True

    @precondition(lambda self: any(not self.is_refused(plan) for plan in self.plans))
    @rule(data=st.data(), at=st.integers(1, 14), before=st.booleans())
    def kill(self, data: st.DataObject, at: int, before: bool) -> None:
        """Apply a plan, and end the process at some request, if it comes so far."""
        plan = data.draw(st.sampled_from([plan for plan in self.plans if not self.is_refused(plan)][-2:]))
        with suppress(Killed):
            self.run(plan, Dying(at=at, before=before))
        self.begun(plan)
        now = self.found()
        for step in plan.steps:
            if not step.ended and any(now[leaf] != self.live[leaf] for leaf in step.values):
                assert self.write(plan, step)
        self.learn(plan)

    def learn(self, plan: Planned) -> None:
        """Read from the record which operations have ended: no one else knows how far the process came."""
        for entry in self.store.entries(str(plan.run)):
            if not entry.is_open:
                plan.steps[entry.number].ended = True
                plan.steps[entry.number].well = type(entry.outcome).__name__ in {"Applied", "Unchanged"}
        plan.finished = self.store.run(str(plan.run)).finished is not None

    def is_refused(self, plan: Planned) -> bool:
        other = plan.takes_back
        return plan.finished or plan.taken_back or (other is not None and other.taken_back and plan.run is None)

    def begun(self, plan: Planned) -> None:
        if plan.takes_back is not None:
            plan.takes_back.taken_back = True

    def write(self, plan: Planned, step: Step) -> bool:
        """What writing the operation makes of the model; false for a conflict."""
        if any(self.live[leaf] not in value for leaf, value in step.values.items()):
            return False
        for leaf, (_, desired) in step.values.items():
            if self.live[leaf] != desired:
                before, _ = plan.traces.get(leaf, (self.live[leaf], desired))
                plan.traces[leaf] = (before, desired)
                self.live[leaf] = desired
        return True

    @invariant()
    def live_is_as_it_must_be(self) -> None:
        if hasattr(self, "stack"):
            assert self.live == self.found()

    def run(self, plan: Planned, dying: Dying | None) -> None:
        with PlanReader(plan.file) as reader:
            asyncio.run(self.applying(reader, plan, dying))

    async def applying(self, reader: PlanReader, plan: Planned, dying: Dying | None) -> None:
        def begun(run: str) -> None:
            plan.run = run

        client = self.client(dying or HttpxTransport(concurrency=1))
        applicant = Applicant(environment="test", project=client.project, host=client.base, actor="somebody")
        try:
            await apply_plan(
                reader,
                Applying(
                    client=client,
                    store=self.store,
                    applicant=applicant,
                    concurrency=1,
                    clock=lambda: datetime.now(UTC),
                    begun=begun,
                ),
            )
        finally:
            await client.aclose()

    async def write_rollback(self, run: str, file: Path) -> None:
        client = self.client(HttpxTransport(concurrency=1))
        project, _ = open_environment(self.folder / "paragon.yaml", "test")
        rolling = RollingBack(
            store=self.store,
            run=self.store.run(run),
            client=client,
            host=client.base,
            catalog=Catalog(project=client.project, pulled="", origin=""),
            policy=project.policy,
            concurrency=1,
            now=datetime.now(UTC),
        )
        try:
            with PlanWriter(file) as writer:
                await plan_rollback(rolling, writer)
        finally:
            await client.aclose()

    def client(self, transport: Dying | HttpxTransport) -> Client:
        project, environment = open_environment(self.folder / "paragon.yaml", "test")
        with endpoint_of(project, environment) as to:
            signer = Signer(to.signing_key, to.project)
            limiter = Limiter(concurrency=1)
            return Client(transport, host=to.host, project=to.project, signer=signer, limiter=limiter)


def document(name: str, values: dict[Leaf, tuple[str, str]]) -> dict[str, Any]:
    """A user's document that declares these."""
    wanted = {key: desired for (who, key), (_, desired) in values.items() if who == name}
    found: dict[str, Any] = {"metadata": {META: wanted.pop(META)}} if META in wanted else {}
    slack: dict[str, Any] = {"settings": {"Channel": wanted[CHANNEL]}} if CHANNEL in wanted else {}
    if PREFIX in wanted:
        slack["workflows"] = {"Send Slack Notification": {"settings": {"id:prefix": wanted[PREFIX]}}}
    return found | ({"integrations": {"slack": slack}} if slack else {})


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with running(world(dict.fromkeys(USERS, user(account())))) as found:
        yield found


def test_histories(emulator: Emulator) -> None:
    class Here(Histories):
        pass

    Here.emulator = emulator
    run_state_machine_as_test(Here, settings=settings(max_examples=25, stateful_step_count=25))
