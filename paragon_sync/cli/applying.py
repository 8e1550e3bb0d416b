"""Runs a plan for the commands that apply one: who does it, where to, with which connections, and what is told."""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from paragon_sync.cli.connect import connect, endpoint_of
from paragon_sync.cli.loop import run_async
from paragon_sync.model.project import Environment, Project
from paragon_sync.render.outcomes import print_run
from paragon_sync.run.applying import Applying, apply_plan
from paragon_sync.store.planfile import PlanReader
from paragon_sync.store.state import StateStore

_CI_ACTORS = (
    "GITHUB_ACTOR",
    "GITLAB_USER_LOGIN",
    "BUILD_REQUESTEDFOR",
    "CIRCLE_USERNAME",
    "BITBUCKET_STEP_TRIGGERER_UUID",
)


def apply_and_tell(
    reader: PlanReader,
    store: StateStore,
    project: Project,
    environment: Environment,
    allowed: Mapping[str, int],
    output_format: str,
) -> int:
    """Apply the plan, and print what came of it whatever ended the run; returns the exit code."""
    runs: list[str] = []
    try:
        run_async(_run(reader, store, project, environment, allowed, runs.append))
    except BaseException:  # a signal, a full disk: what was done until then is told first
        for run in runs:
            print_run(store, run, reader, output_format)
        raise
    return print_run(store, runs[0], reader, output_format)


async def _run(
    reader: PlanReader,
    store: StateStore,
    project: Project,
    environment: Environment,
    allowed: Mapping[str, int],
    begun: Callable[[str], None],
) -> None:
    with endpoint_of(project, environment) as endpoint:
        async with connect(endpoint, project.limits) as client:
            applying = Applying(
                client=client,
                store=store,
                environment=environment.name,
                actor=actor(os.environ),
                concurrency=project.limits.concurrency,
                allowed=allowed,
                clock=lambda: datetime.now(UTC),
                begun=begun,
            )
            await apply_plan(reader, applying)


def state_location(project: Project) -> Path | str:
    """Where the state store is; a relative path, also that of an SQLite file, is relative to the Project file."""
    if "://" not in project.state:
        return project.folder / project.state
    scheme, _, path = project.state.partition(":///")
    if scheme.partition("+")[0] == "sqlite" and path and not path.startswith(("/", ":memory:", "file:")):
        return f"{scheme}:///{(project.folder / path).absolute()}"
    return project.state


def actor(environ: Mapping[str, str]) -> str:
    """Who applies, for the record: the one whom the CI names, else the login and the machine."""
    named = next((environ[name] for name in _CI_ACTORS if environ.get(name)), None)
    if named is not None:
        return named
    try:
        login = getpass.getuser()
    except (KeyError, OSError):
        login = "unknown"
    return f"{login}@{socket.gethostname()}"
