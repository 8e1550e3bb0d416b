"""``paragon-sync runs``: what was applied, by whom and with what outcome, and the lock that a run holds."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from paragon_sync.cli.beside import print_text
from paragon_sync.cli.group import Group
from paragon_sync.cli.options import environment_option, format_option, project_option, user_option, view_option
from paragon_sync.cli.stored import open_state
from paragon_sync.errors import ParagonSyncError, UsageError
from paragon_sync.store.journal import OUTCOME_NAMES, SENDING

if TYPE_CHECKING:
    from paragon_sync.model.outcome import OutcomeName, RunHeader
    from paragon_sync.model.project import Project
    from paragon_sync.render.run import Part
    from paragon_sync.store.state import StateStore

OUTCOMES = (*OUTCOME_NAMES.values(), SENDING)
LAST = "last"


@click.group(cls=Group)
def runs() -> None:
    """Show what was applied, by whom and with what outcome."""


@runs.command("list")
@project_option
@environment_option(required=False)
@format_option("runs")
def list_(project_file: Path, environment: str | None, output_format: str) -> None:
    """List the runs in the state store, the latest first.

    Asks no API: the Project file's state is all that is read.
    """
    from paragon_sync.manifest.project import load_project
    from paragon_sync.render.outcomes import print_runs

    project = load_project(project_file)
    with open_state(project) as store:
        known = list(_runs(store, environment))
        if environment is not None and not known:
            _check_environment(project, project_file, environment)
        print_runs(((header, store.counts(header.run)) for header in known), output_format)


@runs.command()
@click.argument("run", metavar="RUN")
@project_option
@environment_option(required=False)
@user_option
@click.option("--outcome", type=click.Choice(OUTCOMES), help="Only operations that ended so.")
@view_option
@format_option("record")
def show(
    run: str,
    project_file: Path,
    environment: str | None,
    users: tuple[str, ...],
    outcome: str | None,
    full: bool | None,
    output_format: str,
) -> None:
    """Show the record of RUN: who, when, and how each operation ended.

    RUN is an id as "runs list" shows it, the beginning of one, or "last". Secrets
    are masked.
    """
    from paragon_sync.manifest.project import load_project
    from paragon_sync.render.outcomes import print_record
    from paragon_sync.render.plan import View

    with open_state(load_project(project_file)) as store:
        found = find_run(store, run, environment).run
        print_record(store, found, output_format, _part(store, found, users, outcome), view=View(full=full))


@runs.command()
@project_option
@environment_option()
@click.option("--yes", is_flag=True, help="Don't ask before breaking a lock.")
def unlock(project_file: Path, environment: str, yes: bool) -> None:
    """Break the lock of an environment, after showing who holds it.

    A run that holds the lock sends and records nothing more, and can be resumed.
    A lock whose owner is gone is taken over without this where that can be proved.
    """
    from paragon_sync.cli.applying import owner_of
    from paragon_sync.manifest.project import load_project
    from paragon_sync.store.lock import describe, standing

    project = load_project(project_file)
    with open_state(project) as store:
        locks = standing(store.place, environment)
        if not locks:
            _check_environment(project, project_file, environment)
            print_text(f"{environment} is not locked.")
        for lock in locks:
            print_text(f"{environment} is locked by {describe(lock.owner)}.")
            if not lock.is_alive:
                print_text("That process can't be seen from here any more.")
            if not yes:
                _ask()
            store.break_fence(owner_of(lock.owner.project, environment))
            lock.break_it()
            print_text("The lock is broken.")


def find_run(store: StateStore, text: str, environment: str | None = None) -> RunHeader:
    """The run with this id, or the only one whose id begins so; ``last`` is the latest.

    Raises :class:`ParagonSyncError` where there is none, :class:`UsageError` where there are several.
    """
    known = list(_runs(store, environment))
    where = f" in {environment}" if environment else ""
    if text == LAST:
        if not known:
            raise ParagonSyncError(f"there are no runs{where}", hint=f"state: {store.location}")
        return known[0]
    found = [header for header in known if header.run == text] or [h for h in known if h.run.startswith(text)]
    if not found:
        raise ParagonSyncError(f'there is no run "{text}"{where}', hint="paragon-sync runs list shows them")
    if len(found) > 1:
        raise UsageError(f'{len(found)} runs begin with "{text}"', hint=", ".join(header.run for header in found[:5]))
    return found[0]


def _runs(store: StateStore, environment: str | None) -> Iterator[RunHeader]:
    return (header for header in store.runs() if environment in {None, header.environment})


def _check_environment(project: Project, project_file: Path, environment: str) -> None:
    """Refuse a mistyped name. Only where nothing was found: an environment of the past may have left something."""
    from paragon_sync.cli.connect import check_environment

    check_environment(project, project_file, environment)


def _part(store: StateStore, run: str, users: tuple[str, ...], outcome: str | None) -> Part | None:
    """The operations that are asked for; None where that is all of them."""
    from paragon_sync.render.run import Part

    asked = {"user": users, "outcome": () if outcome is None else (outcome,)}
    if outcome == SENDING:
        entries = store.entries(run, sending=True, users=users)
    else:
        entries = store.entries(run, cast("OutcomeName | None", outcome), users=users)
    by = {name: values for name, values in asked.items() if values}
    return Part(entries, by) if by else None


def _ask() -> None:
    if not sys.stdin.isatty():
        raise ParagonSyncError(
            "the lock stays: there is no terminal to ask on", hint="--yes breaks it without asking, if it must be"
        )
    print_text('Break it? Type "yes": ', nl=False, err=True)
    if sys.stdin.readline().strip() != "yes":
        raise ParagonSyncError("the lock stays: you did not say yes")
