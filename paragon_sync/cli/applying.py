"""Runs a plan for the commands that apply one: who does it, over which connection, and what is told."""

from __future__ import annotations

import getpass
import os
import select
import socket
import sys
from collections import Counter
from collections.abc import Callable, Mapping, MutableMapping
from contextlib import suppress
from datetime import UTC, datetime

from paragon_sync.cli.beside import print_text
from paragon_sync.cli.connect import Connection
from paragon_sync.cli.failure import explain_system
from paragon_sync.cli.progress import shown
from paragon_sync.cli.stored import in_ci
from paragon_sync.cli.target import Target
from paragon_sync.errors import EXIT_OK, ParagonSyncError, StateError, most_severe
from paragon_sync.model.outcome import RunHeader
from paragon_sync.paragon.client import Client
from paragon_sync.render.outcomes import print_counts, print_run
from paragon_sync.render.plan import View
from paragon_sync.render.run_summary import Held
from paragon_sync.run.apply.admission import Applicant
from paragon_sync.run.apply.applying import GRACE, Applying, apply_plan
from paragon_sync.run.apply.stopping import Limits, Stop
from paragon_sync.run.progress import Progress
from paragon_sync.store.lock import RunLock
from paragon_sync.store.lock_owner import Owner
from paragon_sync.store.planfile import PlanReader
from paragon_sync.store.state import StateStore

_LOOK = 0.2  # seconds
_CI_JOBS = ("CI_JOB_URL", "CI_PIPELINE_URL", "BUILDKITE_BUILD_URL", "CIRCLE_BUILD_URL", "BUILD_URL")
_CI_ACTORS = (
    "GITHUB_ACTOR",
    "GITLAB_USER_LOGIN",
    "BUILD_REQUESTEDFOR",
    "CIRCLE_USERNAME",
    "BITBUCKET_STEP_TRIGGERER_UUID",
)


def apply_and_tell(reader: PlanReader, store: StateStore, target: Target, connection: Connection) -> int:
    """Apply the plan, alone in its environment, and print what came of it whatever ended the run.

    Returns the exit code.
    """
    runs: list[str] = []
    owner = owner_of(reader.header.project, target.environment.name)
    with RunLock(store.place, owner) as lock:
        taken_over = lock.acquire(target.lock_timeout, target.say)
        if taken_over:
            target.say(taken_over)
        if in_ci() and store.place.file is not None:
            target.say(
                "the state is on this machine's disk: it guards no other machine, and resuming needs it to be kept"
            )
        store.hold_fence(owner)

        def begun(run: str) -> None:
            runs.append(run)
            lock.tell_run(run)

        canary = None if target.canary is None else target.canary.of(reader.header.counts.changed)
        code = _run_and_tell(reader, store, target, connection, begun, runs, canary)
        if code == EXIT_OK and canary is not None and _is_left(store, runs[0]):
            if not sys.stdin.isatty():
                return code
            ask("Go on with the others?", "the others were not applied: applying the plan again goes on with them")
            code = _run_and_tell(reader, store, target, connection, begun, runs, None)
        return code


def _run_and_tell(
    reader: PlanReader,
    store: StateStore,
    target: Target,
    connection: Connection,
    begun: Callable[[str], None],
    runs: list[str],
    canary: int | None,
) -> int:
    stop, states, progress = Stop(), dict[int, str](), Progress()

    def ending(what: str, exit_code: int) -> None:
        stop.ask(what, exit_code)
        target.say(
            f"{what.capitalize()}: what is under way is ended first, {GRACE:g} s at most. Once more stops at once."
        )

    try:
        with shown(progress, quiet=target.quiet):
            work = _run(reader, store, target, connection.client, begun, stop, canary, states, progress)
            connection.loop.run(work, ending)
    except BaseException:  # a second signal, a full disk: what was done until then is told first
        for run in runs[-1:]:
            with suppress(OSError):  # nobody reads it
                _tell_what_is_known(reader, store, target, run, states)
        raise
    pace = None if progress.pace is None else progress.pace()
    held = None
    if pace is not None:
        held = Held(refusals=pace.refusals, paused=pace.paused, concurrency_limit=pace.concurrency_limit)
    try:
        code = print_run(store, runs[-1], target.output_format, view=View(full=target.full), held=held)
    except OSError as error:  # what it can't say is in the record; what ended it says the code
        if stop.exit_code == EXIT_OK:
            raise
        explain_system(error)
        return stop.exit_code
    if canary is not None and stop.reason is None and store.counts(runs[-1]).keys() <= {"applied", "unchanged"}:
        code = EXIT_OK
    return most_severe(code, stop.exit_code)


def _tell_what_is_known(
    reader: PlanReader, store: StateStore, target: Target, run: str, states: Mapping[int, str]
) -> None:
    """The record of a run that was ended by force, or its counts where the state is what ended it."""
    try:
        print_run(store, run, target.output_format, view=View(full=target.full))
    except StateError:
        header = RunHeader(
            run=run,
            plan_digest=reader.digest,
            environment=reader.header.environment,
            project=reader.header.project,
            actor=actor(os.environ),
            started="",
            operations=reader.count,
        )
        print_counts(header, Counter(states.values()), sys.stderr if target.is_for_machine else None)


def _is_left(store: StateStore, run: str) -> bool:
    """Whether the canary left users for later."""
    return store.run(run).finished is None


async def _run(
    reader: PlanReader,
    store: StateStore,
    target: Target,
    client: Client,
    begun: Callable[[str], None],
    stop: Stop,
    canary: int | None,
    states: MutableMapping[int, str],
    progress: Progress,
) -> None:
    project, environment = target.project, target.environment
    applicant = Applicant(
        environment=environment.name,
        project=client.project,
        host=environment.host,
        actor=actor(os.environ),
        allowed=target.allowed,
        message=target.message,
        ci_url=ci_url(os.environ),
    )
    applying = Applying(
        client=client,
        store=store,
        applicant=applicant,
        concurrency=project.limits.concurrency,
        clock=lambda: datetime.now(UTC),
        begun=begun,
        stop=stop,
        limits=Limits(fail_fast=target.fail_fast, fail_on_conflict=target.on_conflict == "fail"),
        policy=project.policy,
        on_conflict="overwrite" if target.on_conflict == "overwrite" else "skip",
        canary=canary,
        states=states,
        progress=progress,
        read_back=project.read_back,
    )
    progress.pace = lambda: client.pace
    await apply_plan(reader, applying)


def ask(question: str, refusal: str) -> None:
    """Ask on the terminal; anything but "yes" raises with ``refusal``."""
    print_text(f'{question} Type "yes": ', nl=False, err=True)
    answer = _typed()
    if answer.strip() != "yes":
        print_text("" if answer else "\n", nl=False, err=True)
        raise ParagonSyncError(f"{refusal}: you did not say yes")


def _typed() -> str:
    """One line from the terminal.

    A signal that comes in the very moment before reading begins doesn't interrupt it: so it is looked for now and then.
    """
    while not select.select([sys.stdin], [], [], _LOOK)[0]:
        pass
    return sys.stdin.readline()


def owner_of(project: str, environment: str) -> Owner:
    """Return this process as the owner of an environment's lock."""
    return Owner(
        project=project,
        environment=environment,
        actor=actor(os.environ),
        host=socket.gethostname(),
        pid=os.getpid(),
        since=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def ci_url(environ: Mapping[str, str]) -> str | None:
    """The page of the CI job that runs this, None elsewhere."""
    github = [environ.get(name) for name in ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")]
    if all(github):
        return "{}/{}/actions/runs/{}".format(*github)
    return next((environ[name] for name in _CI_JOBS if environ.get(name)), None)


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
