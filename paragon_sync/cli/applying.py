"""Runs a plan for the commands that apply one: who does it, where to, and with which connections."""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Mapping
from datetime import UTC, datetime

from paragon_sync.cli.connect import connect, endpoint_of
from paragon_sync.model.project import Environment, Project
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


async def run_plan(
    reader: PlanReader, store: StateStore, project: Project, environment: Environment, allowed: Mapping[str, int]
) -> str:
    """Apply the plan and return the run's id."""
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
            )
            return await apply_plan(reader, applying)


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
