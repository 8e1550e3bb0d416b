"""A server of whose answers a third is faulty, in every way that the emulator can do, and runs that go on to their end.

The runs go through the run room and the real client; waits between attempts are short, for nothing here is about them.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from paragon_sync.model.project import Policy
from paragon_sync.model.thresholds import Threshold
from paragon_sync.paragon.client import Client
from paragon_sync.paragon.rate import Limiter
from paragon_sync.paragon.retry import Retrying, RetryPolicy
from paragon_sync.paragon.signing.key import read_key
from paragon_sync.paragon.signing.signer import Signer
from paragon_sync.paragon.transport_httpx import HttpxTransport
from paragon_sync.render.run_json import run_json
from paragon_sync.run.apply.admission import Applicant
from paragon_sync.run.apply.applying import Applying, apply_plan
from paragon_sync.run.apply.stopping import Stop
from paragon_sync.store.planfile import PlanReader
from paragon_sync.store.state import StateStore
from tests.soak.bench import PATIENCE, Soak

TIMEOUT: Final = 1.0
"""Seconds after which a request counts as unanswered."""

WRITES: Final = {"methods": ["PATCH", "POST", "DELETE"]}
SHARE: Final = 0.3
WAYS: Final[list[dict[str, Any]]] = [
    {"fault": "latency", "seconds": 0.02, "tail": 1.2, "longest": 0.5},
    {"fault": "latency", "seconds": 0.02, "when": "after"},
    {"fault": "hang", "seconds": TIMEOUT + 0.5},
    {"fault": "too-many-requests"},
    {"fault": "too-many-requests", "retryAfter": 0.2},
    {"fault": "too-many-requests", "retryAfter": 1, "form": "date"},
    {"fault": "firewall"},
    {"fault": "server-error"},
    {"fault": "server-error", "status": 502, "body": "html", "when": "after"},
    {"fault": "server-error", "status": 503, "body": "empty", "retryAfter": 0.1},
    {"fault": "drop"},
    {"fault": "drop", "when": "after"},
    {"fault": "drop", "when": "after", "reset": True},
    {"fault": "truncated"},
    {"fault": "truncated", "length": "wrong"},
    {"fault": "html"},
    {"fault": "html", "when": "before"},
    {"fault": "errors", "messages": ["The settings are odd"]},
    {"fault": "unauthorized", "timesPerUser": 3},
]
"""What befalls any request."""

WAYS_OF_WRITES: Final[list[dict[str, Any]]] = [
    {"fault": "hang", "seconds": TIMEOUT + 0.2, "when": "before", "paths": ["/sdk/credentials/*"]},
    {"fault": "ignore"},
    {"fault": "ignore", "values": ["/sharedSettings/*", "/meta/plan"]},
    {"fault": "lose", "count": 2},
]
"""What befalls writes alone. One that is done long after nobody waits for it any more is none of metadata: those switch
workflows, and nobody could tell."""


def faults() -> list[dict[str, Any]]:
    """Every way, each as probable as the others, so that a share of all answers is faulty."""
    each = 1 - (1 - SHARE) ** (1 / (len(WAYS) + len(WAYS_OF_WRITES)))
    return [way | {"probability": each} for way in WAYS] + [
        WRITES | way | {"probability": 3 * each} for way in WAYS_OF_WRITES
    ]


class Unhurried(Limiter):
    """Goes no slower when it is refused: how fast a run asks is judged elsewhere."""

    def refused(self, began: float, retry_after: float | None = None) -> None:  # noqa: ARG002 - asked as the limiter is
        self.served(began)


@dataclass(frozen=True, kw_only=True)
class Weathered:
    """How a plan was applied through the storm: the record, and why it stopped each time but the last."""

    run: dict[str, Any]
    stops: list[str]


def weather(soak: Soak, state: Path, *, most: int) -> Weathered:
    """Apply the saved plan, and apply it again after each stop, until it has ended; at most so many times."""
    stops: list[str] = []
    with PlanReader(soak.bench.folder / "p.plan") as reader, StateStore.open(state) as store:
        for _ in range(most):
            run = asyncio.run(asyncio.wait_for(_apply(soak, reader, store), PATIENCE))
            header = store.run(run)
            if header.finished is not None:
                return Weathered(run=json.loads("".join(run_json(store, run))), stops=stops)
            stops.append(header.stopped or f"left {dict(store.counts(run))}")
    told = "\n".join(stops)
    raise AssertionError(f"not at its end after {most} times; it stopped because of\n{told}")


async def _apply(soak: Soak, reader: PlanReader, store: StateStore) -> str:
    runs: list[str] = []
    emulator = soak.emulator
    client = Client(
        HttpxTransport(concurrency=16),
        host=emulator.url,
        project=emulator.project,
        signer=Signer(read_key(emulator.signing_key.read_text("ascii")), emulator.project),
        limiter=Unhurried(concurrency=16),
        retrying=Retrying(RetryPolicy(base=0.01, longest=0.1)),
        timeout=TIMEOUT,
    )
    try:
        await apply_plan(
            reader,
            Applying(
                client=client,
                store=store,
                applicant=Applicant(environment="test", project=emulator.project, host=emulator.url, actor="storm"),
                concurrency=16,
                clock=lambda: datetime.now(UTC),
                begun=runs.append,
                stop=Stop(),
                policy=Policy(thresholds={"workflowsDisabled": Threshold(number=1_000_000)}),
            ),
        )
    finally:
        await client.aclose()
    return runs[-1]


def operations(run: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The operations of a run's JSON."""
    yield from run["operations"]
