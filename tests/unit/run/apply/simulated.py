"""A run in virtual time: real plan, applier, client and state store on an API in memory that a test scripts."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from paragon_sync.model.outcome import Outcome
from paragon_sync.model.planned import Enablement
from paragon_sync.paragon.client import Client
from paragon_sync.paragon.rate import Limiter
from paragon_sync.paragon.retry import Retrying
from paragon_sync.paragon.signing.tokens import Token
from paragon_sync.paragon.transport import Headers, HttpRequest, HttpResponse
from paragon_sync.run.apply.admission import Applicant
from paragon_sync.run.apply.applying import Applying, apply_plan
from paragon_sync.run.apply.stopping import Stop
from paragon_sync.store.journal import JournalRecord
from paragon_sync.store.lock_owner import Owner
from paragon_sync.store.planfile import PlanReader, PlanWriter
from paragon_sync.store.state import StateStore
from tests.nouns import plan_header
from tests.unit.plan.build import BlockSpec, credential, document, plan, user
from tests.virtual_time import run_virtual

EPOCH = 1_773_483_302.0
ME = Owner(project="p", environment="production", actor="ada", host="a", pid=1, since="2026-03-14T10:15:02+00:00")
OTHER = Owner(project="p", environment="production", actor="ci", host="b", pid=2, since="2026-03-14T10:15:02+00:00")
Answer = Callable[["Asked"], Awaitable[HttpResponse | None]]


class Signer:
    """Make tokens that name the user."""

    clock = staticmethod(lambda: EPOCH + asyncio.get_running_loop().time())

    async def expect(self, tokens: int) -> None:
        """Prepare nothing."""

    def foresee(self, user: str) -> None:
        """Sign nothing."""

    async def token(self, user: str) -> Token:
        return Token(text=user, expires=self.clock() + 3600)

    async def aclose(self) -> None:
        """Close nothing."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request, when it came, and the number of requests like it (same user and method) before it."""

    at: float
    user: str
    method: str
    path: str
    before: int
    body: Any = None


@dataclass(kw_only=True)
class Api:
    """Users' only credential and metadata. ``answer`` may wait, change the state, or give an answer of its own."""

    configs: dict[str, dict[str, Any]]
    meta: dict[str, dict[str, Any]] = field(default_factory=dict)
    answer: Answer | None = None
    seconds: float = 0.05
    shows: Callable[[str], dict[str, Any]] | None = None
    """The config that a read of a user shows; the current one without it."""
    stores: Callable[[dict[str, Any]], dict[str, Any]] = lambda config: config
    asked: list[Asked] = field(default_factory=list)
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)

    async def send(self, request: HttpRequest) -> HttpResponse:
        name = request.headers["Authorization"].removeprefix("Bearer ")
        path = urlsplit(request.url).path.removeprefix("/projects/p")
        before = self.counts[name, request.method]
        self.counts[name, request.method] += 1
        body = None if request.body is None else json.loads(request.body)
        asked = Asked(
            at=asyncio.get_running_loop().time(), user=name, method=request.method, path=path, before=before, body=body
        )
        self.asked.append(asked)
        await asyncio.sleep(self.seconds)
        answered = None if self.answer is None else await self.answer(asked)
        return answered or self.usual(asked)

    async def aclose(self) -> None:
        """Close nothing."""

    def usual(self, asked: Asked) -> HttpResponse:
        """Do what was asked, and answer it."""
        if asked.method == "GET":
            shown = self.configs[asked.user] if self.shows is None else self.shows(asked.user)
            if asked.path == "/sdk/me":
                return ok({"authenticated": True, "userId": asked.user, "meta": self.meta.get(asked.user, {})})
            return ok([credential(shown).raw])
        if asked.path == "/sdk/me":
            self.meta[asked.user] = asked.body["meta"]
            return ok({"meta": self.meta[asked.user]})
        if asked.method == "PATCH":
            self.configs[asked.user] = self.stores(asked.body["config"])
        else:
            entries = self.configs[asked.user]["configuredWorkflows"]
            entries[asked.path.rpartition("/")[2]]["enabled"] = asked.method == "POST"
        return ok(credential(self.configs[asked.user]).raw)

    def times(self, method: str, user: str | None = None) -> list[float]:
        """When requests of this method came."""
        return [one.at for one in self.asked if one.method == method and user in {None, one.user}]

    def count(self, user: str) -> int:
        return sum(one.user == user for one in self.asked)


def ok(body: Any, status: int = 200, **headers: str) -> HttpResponse:
    return HttpResponse(status=status, headers=Headers(headers.items()), body=json.dumps(body).encode())


def too_many(retry_after: float | None = None) -> HttpResponse:
    headers = {} if retry_after is None else {"Retry-After": f"{retry_after:g}"}
    return ok({"message": "slow down", "code": "1", "status": 429}, 429, **headers)


@dataclass(kw_only=True)
class Run:
    """How a run ended."""

    store: StateStore
    run: str
    seconds: float
    stop: Stop
    states: Mapping[int, str]
    error: BaseException | None = None

    def outcomes(self) -> list[Outcome | None]:
        return [entry.outcome for entry in self.store.entries(self.run)]


@dataclass(kw_only=True)
class Bench:
    """A plan for some users, its state store, and the API that it is applied to."""

    folder: Path
    api: Api
    blocks: tuple[BlockSpec, ...] = (BlockSpec(settings={"channel": "C2"}),)
    metadata: dict[str, Any] | None = None
    enablement: Enablement = "config"
    limiter: dict[str, Any] = field(default_factory=dict)
    hold: bool = True
    """Whether the run holds the fencing token."""
    write: Callable[[list[JournalRecord]], Awaitable[None]] | None = None
    """Waits before a batch is written."""
    disturb: Callable[[StateStore, Stop], Awaitable[None]] | None = None
    """Runs beside the run."""

    def plan(self) -> Path:
        file = self.folder / "p.plan"
        with PlanWriter(file) as writer:
            for name, config in self.api.configs.items():
                live = user(credential(config), meta=self.api.meta.get(name, {}))
                wanted = document(*self.blocks, metadata=self.metadata)
                for operation in plan(live, wanted, enablement=self.enablement).operations:
                    writer.add(_of(operation, name))
            expires = datetime.fromtimestamp(EPOCH, UTC) + timedelta(days=1)
            writer.finish(plan_header(project="p", expires=expires.isoformat(), host="http://api"))
        return file

    def apply(self, **applying: Any) -> Run:
        """Apply the plan, made now unless it was made before, in virtual time."""
        file = self.folder / "p.plan"
        if not file.exists():
            self.plan()
        return run_virtual(self._apply(file, applying))

    async def _apply(self, file: Path, more: dict[str, Any]) -> Run:
        loop = asyncio.get_running_loop()
        client = Client(
            self.api,
            host="http://api",
            project="p",
            signer=Signer(),  # type: ignore[arg-type]
            limiter=Limiter(clock=loop.time, **self.limiter),
            retrying=Retrying(chance=lambda: 0.5, clock=loop.time),
            monotonic=loop.time,
        )
        store = StateStore.open(self.folder / "state")
        if self.hold:
            store.hold_fence(ME)
        runs: list[str] = []
        stop, states = Stop(), dict[int, str]()

        async def run_blocking(work: Callable[[], None]) -> None:
            if self.write is not None:
                await self.write(getattr(work, "args", ([],))[0])
            work()

        beside = None if self.disturb is None else asyncio.create_task(self.disturb(store, stop))
        error: BaseException | None = None
        with PlanReader(file) as reader:
            try:
                await apply_plan(
                    reader,
                    Applying(
                        **{
                            "client": client,
                            "store": store,
                            "applicant": Applicant(
                                environment="production", project="p", host="http://api", actor="ada"
                            ),
                            "concurrency": 16,
                            "clock": lambda: datetime.fromtimestamp(EPOCH + loop.time(), UTC),
                            "begun": runs.append,
                            "stop": stop,
                            "states": states,
                            "run_blocking": run_blocking,
                            **more,
                        }
                    ),
                )
            except Exception as caught:  # noqa: BLE001 - a test looks at it
                error = caught
        if beside is not None:
            beside.cancel()
        return Run(store=store, run=runs[-1], seconds=loop.time(), stop=stop, states=states, error=error)


def _of(operation: Any, name: str) -> Any:
    from dataclasses import replace

    return replace(operation, user=name)
